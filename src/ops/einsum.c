/* einsum.c - sums of products over named axes, two operands at a time as a product of matrices. */
#include "ops/list.h"
#include <vitro/vitro.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* An axis is a number: that of its letter, A to Z and a to z, or behind these, of its place in an ellipsis, counted
 * from the last. */
enum { LETTERS = 52, AXES = LETTERS + VT_MAX_RANK, MAX_OPERANDS = 32, MAX_TEXT = 512 };

typedef uint64_t axis_set;
_Static_assert(AXES <= 64, "an axis is a bit of a set");

typedef struct axis_list {
    int count, axis[VT_MAX_RANK];
} axis_list;

/* What a pattern says of an operand, or of the result. */
typedef struct term {
    axis_list axes;
    const char *where[VT_MAX_RANK], *from; /* in the pattern: each axis, and the term */
    const char *ellipsis;                  /* NULL: there is none; otherwise it is before axis number `dots` */
    int dots;
} term;

/* A tensor by its axes: each once, and none of extent 1. */
typedef struct factor {
    vt_tensor x;
    axis_list axes;
} factor;

/* One call under way. Everything is refused in the name `einsum "pattern"`. */
typedef struct einsum {
    char name[112];
    vt_site at;
    const char *text;
    int operands;
    term term[MAX_OPERANDS], result;
    int64_t extent[AXES]; /* 1 for axes that are nowhere */
    int dots;             /* axes that the longest ellipsis stands for */
    int factors;
    factor factor[MAX_OPERANDS];
} einsum;

#define REFUSE(e, ...) (refuse_call((e)->name, (e)->at, VT_ERROR_ARGUMENT, __VA_ARGS__), false)

/* Characters are counted from 1. */
static bool refuse_at(const einsum *e, const char *where, const char *format, ...) VT_PRINTF(3, 4);
static bool refuse_at(const einsum *e, const char *where, const char *format, ...)
{
    char text[256];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return REFUSE(e, "%s at character %d", text, (int)(where - e->text) + 1);
}

/* -- The pattern ------------------------------------------------------------------------------------------------- */

static axis_set bit(int axis)
{
    return (axis_set)1 << axis;
}

static axis_set set_of(const axis_list *axes)
{
    axis_set set = 0;
    for (int i = 0; i < axes->count; i++) set |= bit(axes->axis[i]);
    return set;
}

static int letter_number(char c)
{
    return islower((unsigned char)c) ? c - 'a' + 26 : c - 'A';
}

static bool parse_term(const einsum *e, const char *from, const char *end, term *t)
{
    *t = (term){ .from = from };
    for (const char *p = from; p < end; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == ' ') continue;
        if (c == '.') {
            if (end - p < 3 || memcmp(p, "...", 3) != 0)
                return refuse_at(e, p, "an ellipsis is three dots; found other");
            if (t->ellipsis) return refuse_at(e, p, "a second ellipsis of one tensor");
            t->ellipsis = p;
            t->dots = t->axes.count;
            p += 2;
        } else if (c < 128 && isalpha(c)) {
            if (t->axes.count == VT_MAX_RANK) return refuse_at(e, p, "more than %d axes of one tensor", VT_MAX_RANK);
            t->where[t->axes.count] = p;
            t->axes.axis[t->axes.count++] = letter_number(*p);
        } else {
            return refuse_at(e, p, isprint(c) ? "'%c' means nothing here:" : "byte %d means nothing here:", c);
        }
    }
    return true;
}

static bool parse_operands(einsum *e, const char *end, int wanted)
{
    for (const char *from = e->text; from <= end; e->operands++) {
        const char *comma = memchr(from, ',', (size_t)(end - from)), *to = comma ? comma : end;
        if (e->operands < wanted && !parse_term(e, from, to, &e->term[e->operands])) return false;
        from = to + 1;
    }
    return e->operands == wanted || REFUSE(e, "the pattern names %d operands, given are %d", e->operands, wanted);
}

/* Puts `count` axes in the place of the ellipsis. */
static bool expand_ellipsis(const einsum *e, term *t, int count)
{
    if (!t->ellipsis) return true;
    axis_list *axes = &t->axes;
    if (axes->count + count > VT_MAX_RANK) return refuse_at(e, t->from, "more than %d axes of the tensor", VT_MAX_RANK);
    size_t after = (size_t)(axes->count - t->dots);
    memmove(&axes->axis[t->dots + count], &axes->axis[t->dots], after * sizeof *axes->axis);
    memmove(&t->where[t->dots + count], &t->where[t->dots], after * sizeof *t->where);
    for (int i = 0; i < count; i++) {
        axes->axis[t->dots + i] = LETTERS + count - 1 - i;
        t->where[t->dots + i] = t->ellipsis;
    }
    axes->count += count;
    return true;
}

/* -- Extents ----------------------------------------------------------------------------------------------------- */

/* An extent of 1 fits all others, but not in one tensor. */
static bool take_extent(einsum *e, int operand, int place, const spec *s)
{
    const term *t = &e->term[operand];
    int axis = t->axes.axis[place];
    int64_t here = s->shape.dim[place], *known = &e->extent[axis];
    char text[128];
    for (int i = 0; i < place; i++)
        if (t->axes.axis[i] == axis && s->shape.dim[i] != here)
            return refuse_at(e, t->where[place], "operand %d %s: '%c' is %lld and %lld", operand,
                             vt_shape_text(s->shape, text), *t->where[place], (long long)s->shape.dim[i],
                             (long long)here);
    if (*known != 1 && here != 1 && here != *known)
        return refuse_at(e, t->where[place], "operand %d %s: axis %d, \"%.*s\", is %lld; before it was %lld", operand,
                         vt_shape_text(s->shape, text), place, axis < LETTERS ? 1 : 3, t->where[place], (long long)here,
                         (long long)*known);
    if (here != 1) *known = here;
    return true;
}

static bool take_operand(einsum *e, int operand, vt_tensor x, vt_dtype dtype)
{
    term *t = &e->term[operand];
    spec s;
    char text[128];
    if (!spec_of(e->name, e->at, "an operand", x, &s)) return false;
    if (!vt_dtype_is_float(s.dtype) || s.dtype != dtype)
        return REFUSE(e, "operand %d is %s, operand 0 %s; all must be f32, or all f64", operand, vt_dtype_name(s.dtype),
                      vt_dtype_name(dtype));
    int more = s.shape.rank - t->axes.count;
    if (t->ellipsis ? more < 0 : more != 0)
        return refuse_at(e, t->from, "operand %d %s has %d axes, the pattern names %d%s", operand,
                         vt_shape_text(s.shape, text), s.shape.rank, t->axes.count,
                         t->ellipsis ? " besides \"...\"" : "");
    if (t->ellipsis && more > e->dots) e->dots = more;
    if (!expand_ellipsis(e, t, more)) return false;
    for (int i = 0; i < s.shape.rank; i++)
        if (!take_extent(e, operand, i, &s)) return false;
    return true;
}

/* -- The result -------------------------------------------------------------------------------------------------- */

/* Without "->": the ellipsis, then what is named once, in alphabetical order. */
static bool imply_result(einsum *e)
{
    int times[AXES] = { 0 };
    axis_list *axes = &e->result.axes;
    e->result = (term){ .from = e->text, .ellipsis = e->text };
    for (int i = 0; i < e->operands; i++)
        for (int k = 0; k < e->term[i].axes.count; k++) times[e->term[i].axes.axis[k]]++;
    for (int axis = 0; axis < LETTERS; axis++) {
        if (times[axis] != 1) continue;
        if (axes->count == VT_MAX_RANK) return REFUSE(e, "the result would have more than %d axes", VT_MAX_RANK);
        axes->axis[axes->count++] = axis;
    }
    return expand_ellipsis(e, &e->result, e->dots);
}

static bool parse_result(einsum *e, const char *from)
{
    term *t = &e->result;
    axis_set named = 0, seen = 0;
    bool dots = false;
    if (!parse_term(e, from, e->text + strlen(e->text), t)) return false;
    for (int i = 0; i < e->operands; i++) {
        named |= set_of(&e->term[i].axes);
        dots |= e->term[i].ellipsis != NULL;
    }
    if (t->ellipsis && !dots) return refuse_at(e, t->ellipsis, "\"...\" is only on the right side,");
    for (int i = 0; i < t->axes.count; i++) {
        axis_set here = bit(t->axes.axis[i]);
        if (!(named & here)) return refuse_at(e, t->where[i], "'%c' is in no operand,", *t->where[i]);
        if (seen & here) return refuse_at(e, t->where[i], "'%c' is twice in the result, again", *t->where[i]);
        seen |= here;
    }
    return expand_ellipsis(e, t, e->dots);
}

static bool begin(einsum *e, const vt_tensor *tensors, int count)
{
    spec first;
    if (vt_failed()) return false;
    if (count < 1 || count > MAX_OPERANDS || !tensors)
        return REFUSE(e, "%d operands; it takes 1 to %d", tensors ? count : 0, MAX_OPERANDS);
    if (strnlen(e->text, MAX_TEXT + 1) > MAX_TEXT)
        return REFUSE(e, "the pattern is longer than %d characters", MAX_TEXT);
    const char *arrow = strstr(e->text, "->"), *end = arrow ? arrow : e->text + strlen(e->text);
    for (int i = 0; i < AXES; i++) e->extent[i] = 1;
    if (!parse_operands(e, end, count) || !spec_of(e->name, e->at, "an operand", tensors[0], &first)) return false;
    for (int i = 0; i < count; i++)
        if (!take_operand(e, i, tensors[i], first.dtype)) return false;
    return arrow ? parse_result(e, arrow + 2) : imply_result(e);
}

/* -- Tensors by their axes --------------------------------------------------------------------------------------- */

static int place_of(const axis_list *axes, int axis)
{
    for (int i = 0; i < axes->count; i++)
        if (axes->axis[i] == axis) return i;
    return -1;
}

/* Those of the list that are in the set, in order. */
static axis_list only(const axis_list *axes, axis_set set)
{
    axis_list some = { 0 };
    for (int i = 0; i < axes->count; i++)
        if (set & bit(axes->axis[i])) some.axis[some.count++] = axes->axis[i];
    return some;
}

static axis_list joined(axis_list a, const axis_list *b)
{
    for (int i = 0; i < b->count; i++) a.axis[a.count++] = b->axis[i];
    return a;
}

static int64_t product(const einsum *e, const axis_list *axes)
{
    int64_t count = 1;
    for (int i = 0; i < axes->count; i++) count *= e->extent[axes->axis[i]];
    return count;
}

static vt_tensor reshape_unless_same(vt_tensor x, vt_shape shape)
{
    return vt_shape_equal(vt_shape_of(x), shape) ? x : vt_reshape(x, shape);
}

/* Brings the axes of a factor, all of which are in the list, into its order. */
static vt_tensor in_order(const factor *f, const axis_list *axes)
{
    vt_axes order = { .count = 0 };
    bool sorted = true;
    for (int i = 0; i < axes->count; i++) {
        int from = place_of(&f->axes, axes->axis[i]);
        if (from < 0) continue;
        sorted &= from == order.count;
        order.axis[order.count++] = from;
    }
    return sorted ? f->x : vt_permute(f->x, order);
}

/* The elements whose places along two axes of one name are equal: of the two axes joined to one of n n, every n + 1st.
 */
static void take_diagonal(const einsum *e, factor *f, int first, int second)
{
    int axis = f->axes.axis[first];
    int64_t n = e->extent[axis];
    vt_axes order = { .count = 0 };
    vt_shape shape = { .rank = 0 };
    axis_list left = { 0 };
    for (int i = 0; i < f->axes.count; i++) {
        if (i == first || i == second) continue;
        order.axis[order.count++] = i;
        shape.dim[shape.rank++] = e->extent[f->axes.axis[i]];
        left.axis[left.count++] = f->axes.axis[i];
    }
    order.axis[order.count++] = first;
    order.axis[order.count++] = second;
    shape.dim[shape.rank++] = n * n;
    left.axis[left.count++] = axis;
    f->x = vt_slice(vt_reshape(vt_permute(f->x, order), shape), -1, 0, VT_END, .step = n + 1);
    f->axes = left;
}

static factor factor_of(const einsum *e, const term *t, vt_tensor x)
{
    factor f = { x, { 0 } };
    vt_shape shape = vt_shape_of(x), longer = { .rank = 0 };
    for (int i = 0; i < shape.rank; i++) {
        if (shape.dim[i] == 1) continue;
        f.axes.axis[f.axes.count++] = t->axes.axis[i];
        longer.dim[longer.rank++] = shape.dim[i];
    }
    f.x = reshape_unless_same(x, longer);
    for (int i = 1; i < f.axes.count; i++) {
        int before = place_of(&f.axes, f.axes.axis[i]);
        if (before == i) continue;
        take_diagonal(e, &f, before, i);
        i = 0;
    }
    return f;
}

/* Axes that the result, or another factor than these two, still needs. */
static axis_set needed_beside(const einsum *e, int i, int k)
{
    axis_set needed = set_of(&e->result.axes);
    for (int other = 0; other < e->factors; other++)
        if (other != i && other != k) needed |= set_of(&e->factor[other].axes);
    return needed;
}

static void sum_over(factor *f, axis_set gone)
{
    vt_axes axes = { .count = 0 };
    for (int i = 0; i < f->axes.count; i++)
        if (gone & bit(f->axes.axis[i])) axes.axis[axes.count++] = i;
    if (axes.count) f->x = vt_sum(f->x, .axes = axes);
    f->axes = only(&f->axes, ~gone);
}

/* -- The product of two ------------------------------------------------------------------------------------------ */

/* The order of axes in what is made: that of the result, then the others. */
static axis_list sorted(const einsum *e, const factor *f, axis_set set)
{
    axis_list first = only(&e->result.axes, set & set_of(&f->axes));
    axis_list others = only(&f->axes, set & ~set_of(&first));
    return joined(first, &others);
}

/* With an extent of 1 for each axis of the list that it lacks. */
static vt_tensor spread(const einsum *e, const factor *f, const axis_list *axes)
{
    vt_shape shape = { .rank = axes->count };
    for (int i = 0; i < axes->count; i++)
        shape.dim[i] = place_of(&f->axes, axes->axis[i]) < 0 ? 1 : e->extent[axes->axis[i]];
    return reshape_unless_same(in_order(f, axes), shape);
}

/* [batch..., rows, columns]; where there are too many axes for that, those of the batch are one. */
static vt_tensor matrices(const einsum *e, const factor *f, const axis_list *batch, const axis_list *rows,
                          const axis_list *columns)
{
    axis_list all = joined(*batch, rows);
    all = joined(all, columns);
    vt_shape shape = { .rank = 0 };
    if (batch->count + 2 > VT_MAX_RANK)
        shape.dim[shape.rank++] = product(e, batch);
    else
        for (int i = 0; i < batch->count; i++) shape.dim[shape.rank++] = e->extent[batch->axis[i]];
    shape.dim[shape.rank++] = product(e, rows);
    shape.dim[shape.rank++] = product(e, columns);
    return reshape_unless_same(in_order(f, &all), shape);
}

/* Whether an axis of the set is the last in memory: then rows are those of the set. */
static bool ends_in(const factor *f, axis_set set)
{
    return f->axes.count && (set & bit(f->axes.axis[f->axes.count - 1]));
}

static bool matrix_product(const einsum *e, const factor *a, const factor *b, axis_set needed, factor *out)
{
    axis_set both = set_of(&a->axes) & set_of(&b->axes);
    axis_list batch = sorted(e, a, both & needed), gone = only(&a->axes, both & ~needed);
    axis_list rows = sorted(e, a, ~both), columns = sorted(e, b, ~both);
    vt_shape shape = { .rank = 0 };
    if (batch.count + rows.count + columns.count > VT_MAX_RANK)
        return REFUSE(e, "a product on the way has %d axes; %d are the most there are",
                      batch.count + rows.count + columns.count, VT_MAX_RANK);
    bool turn_a = ends_in(a, set_of(&rows)), turn_b = !ends_in(b, set_of(&columns));
    vt_tensor x = turn_a ? matrices(e, a, &batch, &gone, &rows) : matrices(e, a, &batch, &rows, &gone);
    vt_tensor y = turn_b ? matrices(e, b, &batch, &columns, &gone) : matrices(e, b, &batch, &gone, &columns);
    out->axes = joined(batch, &rows);
    out->axes = joined(out->axes, &columns);
    for (int i = 0; i < out->axes.count; i++) shape.dim[shape.rank++] = e->extent[out->axes.axis[i]];
    out->x = reshape_unless_same(vt_matmul(x, y, .transpose_a = turn_a, .transpose_b = turn_b), shape);
    return true;
}

/* Whether what only b has comes before what only a has in the result. */
static bool comes_first(const einsum *e, axis_set only_b, axis_set only_a)
{
    for (int i = 0; i < e->result.axes.count; i++)
        if ((only_a | only_b) & bit(e->result.axes.axis[i])) return only_b & bit(e->result.axes.axis[i]);
    return false;
}

static bool multiply(const einsum *e, const factor *a, const factor *b, axis_set needed, factor *out)
{
    axis_set in_a = set_of(&a->axes), in_b = set_of(&b->axes);
    bool sums = in_a & in_b & ~needed;
    if (!sums && (!(in_a & ~in_b) || !(in_b & ~in_a))) {
        out->axes = sorted(e, in_a & ~in_b ? a : b, in_a | in_b);
        out->x = vt_mul(spread(e, a, &out->axes), spread(e, b, &out->axes));
        return true;
    }
    if (comes_first(e, in_b & ~in_a, in_a & ~in_b)) return matrix_product(e, b, a, needed, out);
    return matrix_product(e, a, b, needed, out);
}

/* Multiplications that the product of two takes. */
static double cost_of(const einsum *e, const factor *a, const factor *b)
{
    axis_list of_b = only(&b->axes, ~set_of(&a->axes));
    return (double)product(e, &a->axes) * (double)product(e, &of_b);
}

/* Makes the two factors one whose product costs the least, of equal ones the first two. */
static bool multiply_cheapest(einsum *e)
{
    int first = 0, second = 1;
    double least = cost_of(e, &e->factor[0], &e->factor[1]);
    for (int i = 0; i < e->factors; i++)
        for (int k = i + 1; k < e->factors; k++) {
            double cost = cost_of(e, &e->factor[i], &e->factor[k]);
            if (cost >= least) continue;
            least = cost;
            first = i;
            second = k;
        }
    factor out;
    if (!multiply(e, &e->factor[first], &e->factor[second], needed_beside(e, first, second), &out)) return false;
    e->factor[first] = out;
    e->factors--;
    memmove(&e->factor[second], &e->factor[second + 1], (size_t)(e->factors - second) * sizeof *e->factor);
    return !vt_failed();
}

vt_tensor vt_einsum_at(vt_site at, const char *pattern, const vt_tensor *tensors, int count)
{
    einsum e = { .at = at, .text = pattern ? pattern : "" };
    snprintf(e.name, sizeof e.name, "einsum \"%.80s%s\"", e.text, strnlen(e.text, 81) > 80 ? "..." : "");
    ENTER(e.name, at);
    if (!begin(&e, tensors, count)) return VT_INERT;
    for (e.factors = 0; e.factors < count; e.factors++)
        e.factor[e.factors] = factor_of(&e, &e.term[e.factors], tensors[e.factors]);
    for (int i = 0; i < e.factors; i++) sum_over(&e.factor[i], ~needed_beside(&e, i, i));
    while (e.factors > 1)
        if (!multiply_cheapest(&e)) return VT_INERT;
    return spread(&e, &e.factor[0], &e.result.axes);
}
