/* data_dependent_shape.c - functions whose result has a shape that follows from values, which they compute when they
 * are called.
 */
#include "core/base/shape.h"
#include "ops/infer.h"
#include <vitro/vitro.h>
#include <stdlib.h>

/* Which elements of a bool tensor are true, in row-major order; the caller frees `number`. */
typedef struct found {
    int64_t count, *number;
} found;

/* False, with an error, where they cannot be had. */
static bool find_true(const char *name, vt_site at, vt_tensor x, found *f)
{
    int64_t count = vt_count(x);
    uint8_t *is_true = malloc((size_t)count + 1);
    *f = (found){ .number = malloc(((size_t)count + 1) * sizeof(int64_t)) };
    if (!is_true || !f->number)
        refuse_call(name, at, VT_ERROR_MEMORY, "out of memory for %lld elements", (long long)count);
    else if (vt_read(x, is_true, count, VT_BOOL))
        for (int64_t i = 0; i < count; i++)
            if (is_true[i]) f->number[f->count++] = i;
    free(is_true);
    if (!vt_failed()) return true;
    free(f->number);
    return false;
}

vt_tensor vt_nonzero_at(vt_site at, vt_tensor x)
{
    ENTER("nonzero", at);
    spec s;
    found f;
    if (vt_failed() || !spec_of("nonzero", at, "x", x, &s)) return VT_INERT;
    if (!find_true("nonzero", at, s.dtype == VT_BOOL ? x : vt_not_equal(x, constant_like(x, 0)), &f)) return VT_INERT;
    int rank = s.shape.rank;
    int64_t *places = malloc(((size_t)f.count * (size_t)rank + 1) * sizeof *places);
    if (!places) refuse_call("nonzero", at, VT_ERROR_MEMORY, "out of memory for %lld places", (long long)f.count);
    for (int64_t i = 0; places && i < f.count; i++) {
        int64_t number = f.number[i];
        for (int axis = rank - 1; axis >= 0; number /= s.shape.dim[axis--])
            places[i * rank + axis] = number % s.shape.dim[axis];
    }
    vt_tensor out = places ? vt_from_data(places, VT_SHAPE(f.count, rank), VT_I64) : VT_INERT;
    free(places);
    free(f.number);
    return out;
}

vt_tensor vt_masked_select_at(vt_site at, vt_tensor x, vt_tensor mask)
{
    ENTER("masked_select", at);
    spec s, m;
    vt_shape whole;
    found f;
    char a[128], b[128];
    if (vt_failed() || !spec_of("masked_select", at, "x", x, &s) || !spec_of("masked_select", at, "mask", mask, &m))
        return VT_INERT;
    if (m.dtype != VT_BOOL)
        return refuse_call("masked_select", at, VT_ERROR_ARGUMENT, "mask is %s; it must be bool",
                           vt_dtype_name(m.dtype));
    if (!shape_broadcast(s.shape, m.shape, &whole))
        return refuse_call("masked_select", at, VT_ERROR_ARGUMENT, "x %s and mask %s do not broadcast",
                           vt_shape_text(s.shape, a), vt_shape_text(m.shape, b));
    if (!find_true("masked_select", at, vt_expand(mask, whole), &f)) return VT_INERT;
    vt_tensor all = vt_reshape(vt_expand(x, whole), VT_SHAPE(vt_shape_count(whole)));
    vt_tensor out = vt_index_select(all, 0, vt_from_data(f.number, VT_SHAPE(f.count), VT_I64));
    free(f.number);
    return out;
}

/* -- unique: equal elements are neighbours once they are sorted, and the first of them in x is the first there ----- */

/* What is known of n elements: of the sorted ones, whether each is another than that before it, and where in x it was.
 */
typedef struct sorted_elements {
    int64_t n;
    uint8_t *is_new;
    int64_t *from;
} sorted_elements;

/* The groups of equal elements: where in x the first of each is, how many there are; and the group of each element. */
typedef struct groups {
    int64_t count, *first, *size, *of;
} groups;

static vt_tensor differ(vt_tensor sorted)
{
    vt_tensor before = vt_slice(sorted, 0, 0, -1), after = vt_slice(sorted, 0, 1, VT_END);
    vt_tensor one_is_number = vt_logical_or(vt_equal(before, before), vt_equal(after, after));
    return vt_logical_and(vt_not_equal(before, after), one_is_number);
}

static bool sort_elements(vt_tensor flat, sorted_elements *s)
{
    vt_tensor order, sorted = vt_sort(flat, 0, .indices = &order);
    if (s->n == 0) return !vt_failed();
    s->is_new[0] = 1;
    return vt_read(differ(sorted), s->is_new + 1, s->n - 1, VT_BOOL) && vt_read(order, s->from, s->n, VT_I64);
}

static void group(const sorted_elements *s, groups *g)
{
    for (int64_t i = 0; i < s->n; i++) {
        if (s->is_new[i]) {
            g->first[g->count] = s->from[i];
            g->size[g->count++] = 0;
        }
        g->size[g->count - 1]++;
        g->of[s->from[i]] = g->count - 1;
    }
}

vt_tensor vt_unique_with(const vt_unique_args *a)
{
    NEED_ARGUMENTS("unique", a, VT_INERT);
    ENTER("unique", a->at_);
    spec s;
    vt_tensor out = { 0 };
    if (a->inverse) *a->inverse = out;
    if (a->counts) *a->counts = out;
    if (vt_failed() || !spec_of("unique", a->at_, "x", a->x, &s)) return out;
    int64_t n = vt_shape_count(s.shape), *memory = malloc((4 * (size_t)n + 1) * sizeof *memory);
    sorted_elements elements = { n, malloc((size_t)n + 1), memory };
    groups g = { 0, memory + n, memory + 2 * n, memory + 3 * n };
    vt_tensor flat = vt_reshape(a->x, VT_SHAPE(n));
    if (!memory || !elements.is_new) {
        refuse_call("unique", a->at_, VT_ERROR_MEMORY, "out of memory for %lld elements", (long long)n);
    } else if (sort_elements(flat, &elements)) {
        group(&elements, &g);
        out = vt_index_select(flat, 0, vt_from_data(g.first, VT_SHAPE(g.count), VT_I64));
        if (a->inverse) *a->inverse = vt_from_data(g.of, s.shape, VT_I64);
        if (a->counts) *a->counts = vt_from_data(g.size, VT_SHAPE(g.count), VT_I64);
    }
    free(elements.is_new);
    free(memory);
    return out;
}
