/* ops_lifetime.c - drawing leaves, what is read, kept, freed and overwritten, scopes, and settings. */
#include "call.h"
#include "draw.h"
#include "core/base/array.h"
#include "core/context.h"
#include <math.h>
#include <stdlib.h>

/* -- Leaves -------------------------------------------------------------------------------------------------------- */

/* The statement's data in a dtype; the caller frees it. */
static void *typed_data(const statement *s, int64_t count, vt_dtype dtype)
{
    void *typed = malloc((size_t)(count + 1) * sizeof(double));
    if (!typed) abort();
    vt_shape shape = { .rank = 1, .dim = { count } };
    array from = array_contiguous((void *)s->data, VT_F64, shape), to = array_contiguous(typed, dtype, shape);
    array_copy(&to, &from);
    return typed;
}

static void call_leaf(const call *c)
{
    void *data = typed_data(c->s, vt_shape_count(SHAPE(0)), DTYPE);
    c->out[0] = vt_from_data(data, SHAPE(0), DTYPE);
    free(data);
}

static bool draw_new_leaf(drawing *d)
{
    static const element elements[] = { FLOAT, FLOAT, FLOAT, FLOAT, FLOAT, DOUBLE, I64, I32, U8, BOOLEAN };
    element e = elements[below(&d->dice, 10)];
    bool counts = e == U8 || e == BOOLEAN;
    return draw_leaf(d, e, draw_shape(d, 0, VT_MAX_RANK), counts ? 0 : -2,
                     e == BOOLEAN ? 2
                     : e == U8    ? 256
                                  : 3) != NO_VARIABLE;
}
const operation operation_leaf = {
    .name = "from_data",
    .text = "vt_from_data(DATA, SHAPE(0), DTYPE)",
    .call = call_leaf,
    .whole = draw_new_leaf,
    .flags = EXACT,
};

static bool draw_whether(drawing *d, statement *s)
{
    s->integer[0] = chance(&d->dice, 50);
    return true;
}

/* What was computed from it before it became trainable stays a constant: so that comes first. */
static bool draw_trainable(drawing *d, statement *s)
{
    for (int i = 0; i < d->program->count; i++)
        for (int k = 0; k < d->program->statements[i].inputs; k++)
            if (d->program->statements[i].in[k] == s->in[0]) return true;
    return draw_whether(d, s);
}
ACTION(trainable, vt_set_trainable(IN(0), FLAG(0)), .in = { { FLOATS, .leaf = true } }, .outputs = NO_OUTPUTS,
       .draw = draw_trainable, .flags = EXACT, .weight = 2);

/* -- Overwriting --------------------------------------------------------------------------------------------------- */

static void call_write(const call *c)
{
    void *data = typed_data(c->s, vt_count(IN(0)), vt_dtype_of(IN(0)));
    vt_write(IN(0), data);
    free(data);
}

static bool draw_write(drawing *d, statement *s)
{
    const variable *x = input(d, s, 0);
    bool counts = x->element == U8 || x->element == BOOLEAN;
    s->element = x->element;
    s->shape[0] = x->shape;
    s->data = draw_data(d, x->element, x->count, counts ? 0 : -2,
                        x->element == BOOLEAN ? 2
                        : x->element == U8    ? 256
                                              : 3);
    return true;
}
const operation operation_write = { .name = "write",
                                    .text = "vt_write(IN(0), DATA)",
                                    .call = call_write,
                                    .in = { { ANYTHING, .leaf = true } },
                                    .outputs = NO_OUTPUTS,
                                    .draw = draw_write,
                                    .flags = EXACT | OVERWRITES,
                                    .weight = 6 };

ACTION(assign, vt_assign(IN(0), IN(1)), .in = { { ANYTHING, .leaf = true }, { ANYTHING, .same = true, .alike = true } },
       .outputs = NO_OUTPUTS, .flags = EXACT | OVERWRITES);

/* -- Reading, keeping, freeing ------------------------------------------------------------------------------------- */

static void call_read(const call *c)
{
    observe(c->r, IN(0));
}
const operation operation_read = { .name = "read",
                                   .text = "vt_print(IN(0))",
                                   .call = call_read,
                                   .in = { { ANYTHING } },
                                   .outputs = NO_OUTPUTS,
                                   .flags = EXACT };

static bool is_in_a_scope(drawing *d, statement *s)
{
    return input(d, s, 0)->scope > 0;
}

static void mark_kept(drawing *d, const statement *s)
{
    d->variables[s->in[0]].kept = true;
}
ACTION(keep, vt_keep(IN(0)), .in = { { ANYTHING } }, .outputs = NO_OUTPUTS, .draw = is_in_a_scope, .done = mark_kept,
       .flags = EXACT, .weight = 6);

/* What vt_backward adds to is none of the gradients that have been freed: that would change numbers. */
static bool is_gradient(const drawing *d, int variable)
{
    vt_tensor x = d->running.variables[variable];
    for (int i = 0; i < d->program->variables; i++) {
        const value *of = value_of(context_get(), d->running.variables[i]);
        if (of && is_same_tensor(of->gradient, x)) return true;
    }
    return false;
}

static bool may_be_freed(drawing *d, statement *s)
{
    return !input(d, s, 0)->parameter && !input(d, s, 0)->shared && !is_gradient(d, s->in[0]);
}

static void mark_freed(drawing *d, const statement *s)
{
    d->variables[s->in[0]].live = false;
}
ACTION(free, vt_free(IN(0)), .in = { { ANYTHING } }, .outputs = NO_OUTPUTS, .draw = may_be_freed, .done = mark_freed,
       .flags = EXACT | LIFETIME, .weight = 6);

ACTION(flush, vt_flush(), .outputs = NO_OUTPUTS, .flags = EXACT | LIFETIME, .weight = 3);

/* -- Scopes -------------------------------------------------------------------------------------------------------- */

static bool draw_scope_begin(drawing *d, statement *s)
{
    s->integer[0] = d->depth + 1;
    return d->depth + 1 < MAX_SCOPES;
}

static void enter_scope(drawing *d, const statement *s)
{
    d->depth = s->integer[0];
}
ACTION(scope_begin, SCOPE = vt_scope_begin(), .outputs = NO_OUTPUTS, .draw = draw_scope_begin, .done = enter_scope,
       .flags = EXACT, .weight = 8);

static bool draw_scope_end(drawing *d, statement *s)
{
    s->integer[0] = d->depth;
    return d->depth > 0;
}

/* What was kept comes out as a leaf. */
static void leave_scope(drawing *d, const statement *s)
{
    for (int i = 0; i < d->program->variables; i++) {
        variable *v = &d->variables[i];
        if (!v->live || v->scope < s->integer[0]) continue;
        v->live = v->kept;
        v->kept = v->active = false;
        v->leaf = !v->shared;
        v->scope = s->integer[0] - 1;
    }
    d->depth = s->integer[0] - 1;
}
ACTION(scope_end, vt_scope_end(&SCOPE), .outputs = NO_OUTPUTS, .draw = draw_scope_end, .done = leave_scope,
       .flags = EXACT);

static bool draw_close_scope(drawing *d)
{
    if (!d->depth) return false;
    read_some(d, d->depth);
    return draw_operation(d, &operation_scope_end);
}
IDIOM(close_scope, draw_close_scope);

/* A block and, once or twice, the block again with other data: what a loop does. One extent may be another then. */

static const double *data_like(drawing *d, const statement *s, int64_t had)
{
    double low = INFINITY, high = -INFINITY;
    bool whole = ONE(s->element) & ~FLOATS;
    for (int64_t i = 0; i < had; i++) {
        low = fmin(low, s->data[i]);
        high = fmax(high, s->data[i]);
    }
    if (low > high) low = high = 0;
    return draw_data(d, s->element, vt_shape_count(s->shape[0]), low, whole ? high + 1 : high);
}

static void change_extent(vt_shape *shape, int64_t extent, int64_t by)
{
    for (int i = 0; i < shape->rank; i++)
        if (shape->dim[i] == extent) shape->dim[i] = by;
}

static bool repeat_statement(drawing *d, statement s, int *again, int64_t extent, int64_t by)
{
    for (int i = 0; i < s.inputs; i++) {
        if (s.in[i] == NO_VARIABLE) continue;
        s.in[i] = again[s.in[i]];
        if (s.in[i] == NO_VARIABLE) return false;
    }
    /* The gradient of a first turn may still be there in the second, outside. */
    if (s.operation == &operation_keep && !is_in_a_scope(d, &s)) return false;
    int64_t had = vt_shape_count(s.shape[0]);
    for (int i = 0; i < 2; i++) change_extent(&s.shape[i], extent, by);
    int64_t count = vt_shape_count(s.shape[0]);
    if (s.data && count > had && count > d->most_elements) return false; /* several extents have become larger */
    if (s.data) s.data = data_like(d, &s, had);
    return perform(d, &s);
}

static void repeat_block(drawing *d, int first, int last)
{
    int again[MAX_VARIABLES];
    int64_t extent = chance(&d->dice, 30) ? d->extents[below(&d->dice, PALETTE)] : -1, by = between(&d->dice, 1, 6);
    for (int i = 0; i < MAX_VARIABLES; i++) again[i] = i;
    for (int i = first; i < last; i++) {
        const statement s = d->program->statements[i];
        bool done = repeat_statement(d, s, again, extent, by);
        for (int k = 0; k < s.outputs; k++) again[s.out + k] = done ? last_output(d) + k : NO_VARIABLE;
    }
}

static bool draw_block(drawing *d)
{
    int first = d->program->count, depth = d->depth;
    if (!draw_operation(d, &operation_scope_begin)) return false;
    for (int i = between(&d->dice, 1, 6); i > 0 && d->program->count < MAX_STATEMENTS / 2; i--) draw_any(d);
    while (d->depth > depth && draw_close_scope(d)) continue;
    int last = d->program->count;
    for (int i = between(&d->dice, 1, 3); i > 0 && last - first < 40; i--) repeat_block(d, first, last);
    return d->depth == depth;
}
IDIOM(block, draw_block, .weight = 20);

/* -- Settings ------------------------------------------------------------------------------------------------------ */

ACTION(set_training, vt_set_training(FLAG(0)), .outputs = NO_OUTPUTS, .draw = draw_whether, .flags = EXACT,
       .weight = 3);
ACTION(set_eager, vt_set_eager(FLAG(0)), .outputs = NO_OUTPUTS, .draw = draw_whether, .flags = EXACT | SETTING,
       .weight = 8);

static bool draw_precision(drawing *d, statement *s)
{
    static const vt_dtype precisions[] = { VT_F32, VT_F64, VT_F32, VT_F64, VT_BF16 };
    s->integer[0] = (int)precisions[below(&d->dice, 5)];
    return true;
}
ACTION(set_precision, vt_set_precision((vt_dtype)INT(0)), .outputs = NO_OUTPUTS, .draw = draw_precision,
       .flags = EXACT | SETTING, .weight = 3);

static bool draw_threads(drawing *d, statement *s)
{
    s->integer[0] = between(&d->dice, 1, 3);
    return true;
}
ACTION(set_threads, vt_set_threads(INT(0)), .outputs = NO_OUTPUTS, .draw = draw_threads, .flags = EXACT | SETTING,
       .weight = 3);

static bool draw_pass(drawing *d, statement *s)
{
    int count = 0;
    while (vt_pass_name(count)) count++;
    s->integer[0] = below(&d->dice, count);
    s->integer[1] = chance(&d->dice, 40);
    return true;
}
ACTION(set_pass, vt_set_pass(vt_pass_name(INT(0)), FLAG(1)), .outputs = NO_OUTPUTS, .draw = draw_pass,
       .flags = EXACT | SETTING, .weight = 3);
