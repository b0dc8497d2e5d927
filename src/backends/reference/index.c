/* index.c - reference kernels of the ops that pick and place by index. */
#include "ops/index.h"
#include "backends/reference/reference.h"
#include <vitro/index.h>
#include <math.h>

/* A tensor as [outer, extent, inner] about an axis. */
typedef struct about {
    int64_t outer, extent, inner;
} about;

static about about_axis(vt_shape shape, int64_t axis)
{
    return (about){ extent_product(shape, 0, (int)axis), shape.dim[axis],
                    extent_product(shape, (int)axis + 1, shape.rank) };
}

/* Whether that input holds places of an axis of x, or of one_hot's classes. */
static bool indices_fit(const reference_call *c, const char *op, int input, int64_t extent)
{
    int64_t count = vt_shape_count(c->in_shape[input]);
    for (int64_t i = 0; i < count; i++) {
        int64_t index = c->whole_in[input][i];
        if (index < 0 || index >= extent) return refuse_index(op, c->at, index, extent, c->in_shape[input], i);
    }
    return true;
}

void reference_gather(const reference_call *c)
{
    int64_t axis = ((const axis_attributes *)c->attributes)->axis;
    about x = about_axis(c->in_shape[GATHER_X], axis), y = about_axis(c->out_shape[0], axis);
    if (!indices_fit(c, "gather", GATHER_INDEX, x.extent)) return;
    for (int64_t o = 0; o < y.outer; o++)
        for (int64_t j = 0; j < y.extent; j++)
            for (int64_t i = 0; i < y.inner; i++) {
                int64_t to = (o * y.extent + j) * y.inner + i;
                move_element(c, 0, to, GATHER_X, (o * x.extent + c->whole_in[GATHER_INDEX][to]) * x.inner + i);
            }
}

static void add_source(const reference_call *c, int64_t to, int64_t from)
{
    if (c->out[0])
        c->out[0][to] += c->in[SCATTER_SOURCE][from];
    else
        c->whole_out[0][to] =
            wrapped((uint64_t)c->whole_out[0][to] + (uint64_t)c->whole_in[SCATTER_SOURCE][from], c->out_dtype[0]);
}

void reference_scatter_add(const reference_call *c)
{
    int64_t axis = ((const axis_attributes *)c->attributes)->axis;
    about x = about_axis(c->in_shape[SCATTER_X], axis), s = about_axis(c->in_shape[SCATTER_SOURCE], axis);
    if (!indices_fit(c, "scatter_add", SCATTER_INDEX, x.extent)) return;
    for (int64_t i = 0; i < vt_shape_count(c->in_shape[SCATTER_X]); i++) move_element(c, 0, i, SCATTER_X, i);
    for (int64_t o = 0; o < s.outer; o++)
        for (int64_t j = 0; j < s.extent; j++)
            for (int64_t i = 0; i < s.inner; i++) {
                int64_t from = (o * s.extent + j) * s.inner + i;
                add_source(c, (o * x.extent + c->whole_in[SCATTER_INDEX][from]) * x.inner + i, from);
            }
}

static double scattered(int64_t kind, double here, double source)
{
    switch (kind) {
    case VT_SCATTER_MUL: return here * source;
    case VT_SCATTER_MAX: return isnan(here) || isnan(source) ? NAN : fmax(here, source);
    case VT_SCATTER_MIN: return isnan(here) || isnan(source) ? NAN : fmin(here, source);
    default: return source;
    }
}

static int64_t scattered_whole(int64_t kind, int64_t here, int64_t source)
{
    switch (kind) {
    case VT_SCATTER_MUL: return (int64_t)((uint64_t)here * (uint64_t)source);
    case VT_SCATTER_MAX: return here > source ? here : source;
    case VT_SCATTER_MIN: return here < source ? here : source;
    default: return source;
    }
}

static void scatter_source(const reference_call *c, int64_t kind, int64_t to, int64_t from)
{
    if (c->out[0])
        c->out[0][to] = scattered(kind, c->out[0][to], c->in[SCATTER_SOURCE][from]);
    else
        c->whole_out[0][to] = wrapped(
            (uint64_t)scattered_whole(kind, c->whole_out[0][to], c->whole_in[SCATTER_SOURCE][from]), c->out_dtype[0]);
}

void reference_scatter(const reference_call *c)
{
    const scatter_attributes *a = c->attributes;
    about x = about_axis(c->in_shape[SCATTER_X], a->axis), s = about_axis(c->in_shape[SCATTER_SOURCE], a->axis);
    if (!indices_fit(c, "scatter", SCATTER_INDEX, x.extent)) return;
    for (int64_t i = 0; i < vt_shape_count(c->in_shape[SCATTER_X]); i++) move_element(c, 0, i, SCATTER_X, i);
    for (int64_t o = 0; o < s.outer; o++)
        for (int64_t j = 0; j < s.extent; j++)
            for (int64_t i = 0; i < s.inner; i++) {
                int64_t from = (o * s.extent + j) * s.inner + i;
                scatter_source(c, a->kind, (o * x.extent + c->whole_in[SCATTER_INDEX][from]) * x.inner + i, from);
            }
}

void reference_index_select(const reference_call *c)
{
    int64_t axis = ((const axis_attributes *)c->attributes)->axis;
    about x = about_axis(c->in_shape[GATHER_X], axis), y = about_axis(c->out_shape[0], axis);
    if (!indices_fit(c, "index_select", GATHER_INDEX, x.extent)) return;
    for (int64_t o = 0; o < y.outer; o++)
        for (int64_t j = 0; j < y.extent; j++)
            for (int64_t i = 0; i < y.inner; i++)
                move_element(c, 0, (o * y.extent + j) * y.inner + i, GATHER_X,
                             (o * x.extent + c->whole_in[GATHER_INDEX][j]) * x.inner + i);
}

void reference_index_add(const reference_call *c)
{
    int64_t axis = ((const axis_attributes *)c->attributes)->axis;
    about x = about_axis(c->in_shape[SCATTER_X], axis), s = about_axis(c->in_shape[SCATTER_SOURCE], axis);
    if (!indices_fit(c, "index_add", SCATTER_INDEX, x.extent)) return;
    for (int64_t i = 0; i < vt_shape_count(c->in_shape[SCATTER_X]); i++) move_element(c, 0, i, SCATTER_X, i);
    for (int64_t o = 0; o < s.outer; o++)
        for (int64_t j = 0; j < s.extent; j++)
            for (int64_t i = 0; i < s.inner; i++)
                add_source(c, (o * x.extent + c->whole_in[SCATTER_INDEX][j]) * x.inner + i,
                           (o * s.extent + j) * s.inner + i);
}

void reference_one_hot(const reference_call *c)
{
    int64_t classes = ((const one_hot_attributes *)c->attributes)->classes, count = vt_shape_count(c->in_shape[0]);
    if (!indices_fit(c, "one_hot", 0, classes)) return;
    for (int64_t i = 0; i < count; i++)
        for (int64_t k = 0; k < classes; k++) set_element(c, 0, i * classes + k, k == c->whole_in[0][i]);
}

/* Whether element `a` of the input comes before element `b`; NaN is the largest of all. */
static bool comes_before(const reference_call *c, int64_t a, int64_t b, bool smallest)
{
    if (c->whole_in[0]) {
        int64_t x = c->whole_in[0][a], y = c->whole_in[0][b];
        return smallest ? x < y : x > y;
    }
    double x = c->in[0][a], y = c->in[0][b];
    if (isnan(x) || isnan(y)) return smallest ? isnan(y) && !isnan(x) : isnan(x) && !isnan(y);
    return smallest ? x < y : x > y;
}

/* Place j goes to the element that exactly j others come before, the earlier of equal ones first. */
void reference_topk(const reference_call *c)
{
    const topk_attributes *a = c->attributes;
    about x = about_axis(c->in_shape[0], a->axis);
    for (int64_t o = 0; o < x.outer; o++)
        for (int64_t i = 0; i < x.inner; i++)
            for (int64_t j = 0; j < x.extent; j++) {
                int64_t lane = o * x.extent * x.inner + i, here = lane + j * x.inner, place = 0;
                for (int64_t k = 0; k < x.extent; k++) {
                    int64_t other = lane + k * x.inner;
                    bool before = comes_before(c, other, here, a->smallest);
                    place += before || (k < j && !comes_before(c, here, other, a->smallest));
                }
                if (place >= a->k) continue;
                int64_t to = (o * a->k + place) * x.inner + i;
                move_element(c, 0, to, 0, here);
                c->whole_out[TOPK_INDICES][to] = j;
            }
}
