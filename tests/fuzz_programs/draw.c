/* draw.c - drawing a program: which statements, on which variables. */
#include "draw.h"
#include "core/context.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* MOST_TIMES: as many elements as a tensor should have, at most. */
enum { MOST_VALUE = 10000, DATA_POOL = 1 << 20, MOST_TIMES = 8 };
/* Well above the least normal float: what is smaller is 0 in one dtype and not in another. */
static const double LEAST_VALUE = 1e-30;

/* -- Shapes and data ----------------------------------------------------------------------------------------------- */

int draw_extent(drawing *d)
{
    return chance(&d->dice, 15) ? 1 : d->extents[below(&d->dice, PALETTE)];
}

vt_shape draw_shape(drawing *d, int min_rank, int max_rank)
{
    static const int common[] = { 0, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 8 };
    int rank = common[below(&d->dice, (int)(sizeof common / sizeof *common))];
    if (rank < min_rank || rank > max_rank) rank = between(&d->dice, min_rank, max_rank < 4 ? max_rank : min_rank + 1);
    vt_shape shape = { .rank = rank };
    for (int i = 0; i < rank; i++) shape.dim[i] = draw_extent(d);
    for (int i = 0; i < rank && vt_shape_count(shape) > d->most_elements; i++) shape.dim[i] = 1;
    return shape;
}

int draw_axis(drawing *d, int rank)
{
    int axis = below(&d->dice, rank);
    return chance(&d->dice, 50) ? axis : axis - rank;
}

static double pool[DATA_POOL];
static int64_t pool_used;

static double draw_number(dice *d, element e, double low, double high, bool coarse)
{
    double x = uniform(d, low, high);
    if (ONE(e) & FLOATS)
        return coarse ? fmax(low, fmin(high, copysign(trunc(fabs(x) * 1.5), x))) : rint(x * 1024) / 1024;
    return floor(x);
}

/* Numbers that every floating dtype holds exactly; some of them from few, zeros of both signs among them. */
const double *draw_data(drawing *d, element e, int64_t count, double low, double high)
{
    if (count > DATA_POOL - pool_used) abort();
    double *data = pool + pool_used;
    bool coarse = chance(&d->dice, 15) && low < -1 && high > 1;
    for (int64_t i = 0; i < count; i++) data[i] = draw_number(&d->dice, e, low, high, coarse);
    pool_used += count;
    return data;
}

int draw_leaf(drawing *d, element e, vt_shape shape, double low, double high)
{
    statement s = { .operation = &operation_leaf, .outputs = 1, .element = e, .shape = { shape } };
    if (vt_shape_count(shape) > MOST_TIMES * d->most_elements) return NO_VARIABLE;
    s.data = draw_data(d, e, vt_shape_count(shape), low, high);
    if (!perform(d, &s)) return NO_VARIABLE;
    int leaf = last_output(d);
    if (ONE(e) & FLOATS && chance(&d->dice, 50)) {
        statement t = { .operation = &operation_trainable, .inputs = 1, .in = { leaf }, .integer = { 1 } };
        perform(d, &t);
    }
    return leaf;
}

/* -- Statements ---------------------------------------------------------------------------------------------------- */

static int drawn[256], refused[256];

static int number_of(const operation *o)
{
    int i = 0;
    while (operations[i] && operations[i] != o) i++;
    return i;
}

void print_drawn(void)
{
    for (int i = 0; operations[i]; i++)
        printf("%-36s %6d drawn %6d refused\n", operations[i]->name, drawn[i], refused[i]);
}

bool is_every_operation_drawn(void)
{
    bool every = true;
    for (int i = 0; operations[i]; i++) {
        if (drawn[i]) continue;
        printf("%s was never drawn\n", operations[i]->name);
        every = false;
    }
    return every;
}

static element output_element(const drawing *d, const statement *s, vt_dtype dtype)
{
    static const element of_dtype[VT_DTYPE_COUNT] = {
        [VT_I64] = I64, [VT_I32] = I32, [VT_U8] = U8, [VT_BOOL] = BOOLEAN
    };
    if (dtype != VT_F64) return of_dtype[dtype];
    if (s->element) return s->element;
    for (int i = 0; i < s->inputs; i++)
        if (s->in[i] != NO_VARIABLE && ONE(input(d, s, i)->element) & FLOATS) return input(d, s, i)->element;
    return FLOAT;
}

static bool look_at_values(variable *v, vt_tensor x)
{
    double *data = malloc((size_t)(v->count + 1) * sizeof *data);
    if (!data || !vt_read(x, data, v->count, VT_F64)) {
        free(data);
        return false;
    }
    bool suits = true;
    v->low = v->high = v->count ? data[0] : 0;
    v->nearest = fabs(v->low);
    for (int64_t i = 0; i < v->count; i++) {
        v->low = fmin(v->low, data[i]);
        v->high = fmax(v->high, data[i]);
        v->nearest = fmin(v->nearest, fabs(data[i]));
        suits &= fabs(data[i]) <= MOST_VALUE; /* not NaN */
        suits &= data[i] == 0 || fabs(data[i]) >= LEAST_VALUE;
    }
    free(data);
    return suits;
}

/* What the statement made of output i is known from here on. */
static bool look_at(drawing *d, const statement *s, int i)
{
    int number = s->out + i;
    vt_tensor x = d->running.variables[number];
    variable *v = &d->variables[number];
    if (!vt_is_live(x)) return false;
    const value *known = value_of(context_get(), x);
    *v = (variable){ .shape = vt_shape_of(x), .count = vt_count(x), .scope = d->depth, .live = true };
    v->element = output_element(d, s, vt_dtype_of(x));
    v->active = known->needs_gradient && !(s->operation->flags & CONSTANT);
    v->leaf = !known->producer;
    /* A gradient belongs to the scope of its vt_backward, which need not be the innermost. */
    if (known->depth != OUTLIVES_SCOPES) v->scope -= context_get()->depth - known->depth;
    for (int k = 0; k < number; k++) {
        vt_tensor other = d->running.variables[k];
        if (!d->variables[k].live || other.id != x.id || other.generation != x.generation) continue;
        v->shared = d->variables[k].shared = true;
        v->leaf = false;
    }
    return v->count <= MOST_TIMES * d->most_elements && look_at_values(v, x);
}

static bool look_at_all(drawing *d, const statement *s)
{
    for (int i = 0; i < s->outputs; i++)
        if (!look_at(d, s, i)) return false;
    return true;
}

static void look_at_leaves(drawing *d)
{
    for (int i = 0; i < d->program->variables; i++)
        if (d->variables[i].live && d->variables[i].leaf) look_at_values(&d->variables[i], d->running.variables[i]);
}

static bool are_live(const drawing *d, const statement *s)
{
    for (int i = 0; i < s->inputs; i++)
        if (s->in[i] != NO_VARIABLE && !input(d, s, i)->live) return false;
    return true;
}

bool perform(drawing *d, statement *s)
{
    program *p = d->program;
    if (p->count == MAX_STATEMENTS || p->variables + s->outputs > MAX_VARIABLES || !are_live(d, s)) return false;
    s->out = p->variables;
    d->running.at = p->count;
    int number = number_of(s->operation);
    if (!run_statement(&d->running, s) || !look_at_all(d, s)) {
        if (getenv("FUZZ_REFUSALS")) printf("refused %s: %s\n", s->operation->name, vt_error_message());
        d->outcome.failed = false;
        vt_error_clear();
        for (int i = 0; i < s->outputs; i++) d->variables[s->out + i].live = false;
        refused[number]++;
        return false;
    }
    if (s->operation->flags & OVERWRITES) look_at_leaves(d);
    drawn[number]++;
    p->statements[p->count++] = *s;
    p->variables += s->outputs;
    if (s->operation->done) s->operation->done(d, s);
    return true;
}

int last_output(const drawing *d)
{
    return d->program->statements[d->program->count - 1].out;
}

int apply(drawing *d, const operation *o, int a, int b)
{
    statement s = { .operation = o, .outputs = 1, .inputs = b == NO_VARIABLE ? 1 : 2, .in = { a, b } };
    return a != NO_VARIABLE && perform(d, &s) ? last_output(d) : NO_VARIABLE;
}

/* -- Variables ----------------------------------------------------------------------------------------------------- */

static bool broadcasts(const vt_shape *a, const vt_shape *b)
{
    for (int i = 1; i <= a->rank && i <= b->rank; i++) {
        int64_t x = a->dim[a->rank - i], y = b->dim[b->rank - i];
        if (x != y && x != 1 && y != 1) return false;
    }
    return true;
}

static bool ranges_fit(const variable *v, const wish *w)
{
    if (w->filled && v->count == 0) return false;
    if (v->count == 0) return true;
    return (w->low >= w->high || (v->low >= w->low && v->high <= w->high)) &&
           (!w->away_from_zero || v->nearest >= 0.05);
}

static bool kind_fits(const variable *v, const wish *w, const variable *first)
{
    int max_rank = w->max_rank ? w->max_rank : VT_MAX_RANK;
    if (!v->live || !(w->elements & ONE(v->element)) || v->shape.rank < w->min_rank || v->shape.rank > max_rank)
        return false;
    if (w->trainable && !v->active) return false;
    if (w->leaf && (!v->leaf || v->shared)) return false;
    if (w->same && v->element != first->element) return false;
    if (w->alike && !vt_shape_equal(v->shape, first->shape)) return false;
    if (w->broadcasts && !broadcasts(&v->shape, &first->shape)) return false;
    return !w->exactly || vt_shape_equal(v->shape, *w->exactly);
}

/* One of those there are; of later ones rather than of earlier ones. */
static int find_variable(drawing *d, const wish *w, const variable *first, bool any_range)
{
    int fitting[MAX_VARIABLES], count = 0;
    for (int i = 0; i < d->program->variables; i++) {
        const variable *v = &d->variables[i];
        if (kind_fits(v, w, first) && (any_range || ranges_fit(v, w))) fitting[count++] = i;
    }
    if (!count) return NO_VARIABLE;
    int late = chance(&d->dice, 60) && count > 3 ? count - 3 : 0;
    return fitting[late + below(&d->dice, count - late)];
}

/* The shape of something that broadcasts with another: some axes, from the last on, some of extent 1. */
static vt_shape broadcast_shape(drawing *d, const vt_shape *with)
{
    vt_shape shape = { .rank = between(&d->dice, 0, with->rank) };
    bool whole = chance(&d->dice, 30);
    if (whole) shape.rank = with->rank;
    for (int i = 0; i < shape.rank; i++) {
        int64_t extent = with->dim[with->rank - shape.rank + i];
        shape.dim[i] = !whole && chance(&d->dice, 30) ? 1 : extent;
    }
    return shape;
}

static element draw_element(drawing *d, const wish *w, const variable *first)
{
    if (w->same) return first->element;
    if (w->elements & ONE(FLOAT) && chance(&d->dice, 85)) return FLOAT;
    element e = NO_ELEMENT;
    while (!(w->elements & ONE(e))) e = (element)below(&d->dice, ELEMENT_COUNT);
    return e;
}

static int new_leaf(drawing *d, const wish *w, const variable *first)
{
    vt_shape shape = w->exactly      ? *w->exactly
                     : w->alike      ? first->shape
                     : w->broadcasts ? broadcast_shape(d, &first->shape)
                                     : draw_shape(d, w->min_rank, w->max_rank ? w->max_rank : VT_MAX_RANK);
    for (int i = 0; w->filled && i < shape.rank; i++)
        if (!shape.dim[i]) shape.dim[i] = 1;
    element e = draw_element(d, w, first);
    double low = w->low, high = w->high;
    if (low >= high) {
        low = e == U8 || e == BOOLEAN ? 0 : -2;
        high = e == BOOLEAN ? 2 : e == U8 ? 8 : ONE(e) & INTEGERS ? 5 : 2;
    } else if (ONE(e) & FLOATS) {
        high = fmin(high, low + 4);
        if (low < -2 && high > -2) low = -2;
    }
    if (w->away_from_zero && low < 0) low = 0.25;
    int leaf = draw_leaf(d, e, shape, low, high);
    if (w->trainable && leaf != NO_VARIABLE && !d->variables[leaf].active) {
        statement t = { .operation = &operation_trainable, .inputs = 1, .in = { leaf }, .integer = { 1 } };
        perform(d, &t);
    }
    return leaf;
}

extern const operation operation_sigmoid, operation_affine;

/* A variable's elements brought into the range that is wished: through a function, so that gradients pass. */
static int squeeze_into(drawing *d, int v, const wish *w)
{
    double low = w->low < w->high ? w->low : 0.25, high = w->low < w->high ? fmin(w->high, low + 4) : 2.25;
    if (low < -2 && high > -2) low = -2;
    if (w->away_from_zero && low < 0.25) low = 0.25;
    int bounded = apply(d, &operation_sigmoid, v, NO_VARIABLE);
    statement s = { .operation = &operation_affine, .outputs = 1, .inputs = 1, .in = { bounded } };
    s.real[0] = (high - low) * 0.75;
    s.real[1] = low + (high - low) * 0.125;
    return bounded != NO_VARIABLE && perform(d, &s) ? last_output(d) : NO_VARIABLE;
}

int draw_variable(drawing *d, wish w, const variable *first)
{
    if (w.optional && chance(&d->dice, 40)) return NO_VARIABLE;
    int v = NO_VARIABLE;
    bool bounded = w.low < w.high || w.away_from_zero;
    if (chance(&d->dice, w.exactly || w.alike || w.broadcasts ? 70 : 90)) v = find_variable(d, &w, first, false);
    if (v != NO_VARIABLE) return v;
    if (bounded && !w.exactly && chance(&d->dice, 60)) {
        wish floats = w;
        floats.elements &= FLOATS;
        v = find_variable(d, &floats, first, true);
        if (v != NO_VARIABLE && (!w.filled || d->variables[v].count)) v = squeeze_into(d, v, &w);
        if (v != NO_VARIABLE && kind_fits(&d->variables[v], &w, first) && ranges_fit(&d->variables[v], &w)) return v;
    }
    return new_leaf(d, &w, first);
}

/* -- Operations ---------------------------------------------------------------------------------------------------- */

statement draw_inputs(drawing *d, const operation *o)
{
    statement s = { .operation = o, .outputs = o->outputs == NO_OUTPUTS ? 0 : o->outputs ? o->outputs : 1 };
    for (; s.inputs < MAX_INPUTS && o->in[s.inputs].elements; s.inputs++) {
        const wish *w = &o->in[s.inputs];
        s.in[s.inputs] = draw_variable(d, *w, s.inputs ? input(d, &s, 0) : NULL);
        if (s.in[s.inputs] == NO_VARIABLE && !w->optional) s.operation = NULL;
        if (!s.operation) break;
    }
    return s;
}

bool draw_operation(drawing *d, const operation *o)
{
    if (o->whole) {
        bool ok = o->whole(d);
        *(ok ? &drawn[number_of(o)] : &refused[number_of(o)]) += 1;
        return ok;
    }
    statement s = draw_inputs(d, o);
    return s.operation && (!o->draw || o->draw(d, &s)) && perform(d, &s);
}

static const operation *draw_which(drawing *d)
{
    int total = 0, i = 0;
    for (i = 0; operations[i]; i++) total += operations[i]->weight ? operations[i]->weight : 10;
    int at = below(&d->dice, total);
    for (i = 0; at >= (operations[i]->weight ? operations[i]->weight : 10); i++)
        at -= operations[i]->weight ? operations[i]->weight : 10;
    return operations[i];
}

void draw_any(drawing *d)
{
    draw_operation(d, draw_which(d));
}

/* -- A program ----------------------------------------------------------------------------------------------------- */

static void choose_sizes(drawing *d)
{
    static const int small[] = { 1, 2, 3, 4, 5, 7 }, large[] = { 8, 16, 17, 33, 65 };
    for (int i = 0; i < PALETTE; i++) d->extents[i] = small[below(&d->dice, 6)];
    d->most_elements = 240;
    if (chance(&d->dice, 6)) d->extents[0] = 0;
    if (!chance(&d->dice, 10)) return;
    d->extents[0] = large[below(&d->dice, 5)];
    d->most_elements = 2000;
}

void read_some(drawing *d, int scope)
{
    for (int i = 0; i < d->program->variables; i++) {
        const variable *v = &d->variables[i];
        if (!v->live || v->scope > scope || v->scope < scope - 1 || !chance(&d->dice, v->leaf ? 30 : 60)) continue;
        statement s = { .operation = &operation_read, .inputs = 1, .in = { i } };
        perform(d, &s);
    }
}

void draw_program(uint64_t seed, program *p)
{
    static drawing d;
    d.dice = (dice){ seed };
    d.program = p;
    d.depth = 0;
    memset(d.variables, 0, sizeof d.variables);
    pool_used = 0;
    p->seed = seed;
    p->count = p->variables = 0;
    choose_sizes(&d);
    run_begin(&d.running, p, &oracle, &d.outcome);
    if (chance(&d.dice, 40)) draw_parameters(&d, between(&d.dice, 1, 3));
    draw_leaf(&d, FLOAT, draw_shape(&d, 0, VT_MAX_RANK), -2, 2);
    int length = chance(&d.dice, 50) ? between(&d.dice, 3, 10) : between(&d.dice, 8, 40);
    for (int i = 0; i < length && p->count < MAX_STATEMENTS / 2; i++) draw_any(&d);
    while (d.depth > 0 && draw_operation(&d, &operation_close_scope)) continue;
    read_some(&d, 0);
    run_end(&d.running);
    outcome_free(&d.outcome);
}
