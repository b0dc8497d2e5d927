/* index.c - reference kernels of the ops that pick and place by index. */
#include "ops/index.h"
#include "backends/reference/reference.h"
#include <vitro/index.h>
#include <math.h>
#include <string.h>

/* A tensor as [outer, extent, inner] about an axis. */
typedef struct about {
    int64_t outer, extent, inner;
} about;

static about about_axis(vt_shape shape, int64_t axis)
{
    return (about){ extent_product(shape, 0, (int)axis), shape.dim[axis],
                    extent_product(shape, (int)axis + 1, shape.rank) };
}

/* Whether input 1 holds places of an axis of x, or of one_hot's classes. */
static bool indices_fit(const reference_call *c, const char *op, int input, int64_t extent)
{
    int64_t count = vt_shape_count(c->in_shape[input]);
    for (int64_t i = 0; i < count; i++) {
        double index = c->in[input][i];
        if (index >= 0 && index < (double)extent) continue;
        return refuse_index(op, c->at, index < 0x1p63 ? (int64_t)index : INT64_MAX, extent, c->in_shape[input], i);
    }
    return true;
}

void reference_gather(const reference_call *c)
{
    int64_t axis = ((const axis_attributes *)c->attributes)->axis;
    about x = about_axis(c->in_shape[0], axis), y = about_axis(c->out_shape[0], axis);
    if (!indices_fit(c, "gather", 1, x.extent)) return;
    for (int64_t o = 0; o < y.outer; o++)
        for (int64_t j = 0; j < y.extent; j++)
            for (int64_t i = 0; i < y.inner; i++) {
                int64_t to = (o * y.extent + j) * y.inner + i;
                c->out[0][to] = c->in[0][(o * x.extent + (int64_t)c->in[1][to]) * x.inner + i];
            }
}

void reference_scatter_add(const reference_call *c)
{
    int64_t axis = ((const axis_attributes *)c->attributes)->axis;
    about x = about_axis(c->in_shape[0], axis), s = about_axis(c->in_shape[2], axis);
    if (!indices_fit(c, "scatter_add", 1, x.extent)) return;
    memcpy(c->out[0], c->in[0], (size_t)vt_shape_count(c->in_shape[0]) * sizeof(double));
    for (int64_t o = 0; o < s.outer; o++)
        for (int64_t j = 0; j < s.extent; j++)
            for (int64_t i = 0; i < s.inner; i++) {
                int64_t from = (o * s.extent + j) * s.inner + i;
                c->out[0][(o * x.extent + (int64_t)c->in[1][from]) * x.inner + i] += c->in[2][from];
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

void reference_scatter(const reference_call *c)
{
    const scatter_attributes *a = c->attributes;
    about x = about_axis(c->in_shape[0], a->axis), s = about_axis(c->in_shape[2], a->axis);
    if (!indices_fit(c, "scatter", 1, x.extent)) return;
    memcpy(c->out[0], c->in[0], (size_t)vt_shape_count(c->in_shape[0]) * sizeof(double));
    for (int64_t o = 0; o < s.outer; o++)
        for (int64_t j = 0; j < s.extent; j++)
            for (int64_t i = 0; i < s.inner; i++) {
                int64_t from = (o * s.extent + j) * s.inner + i;
                double *to = &c->out[0][(o * x.extent + (int64_t)c->in[1][from]) * x.inner + i];
                *to = scattered(a->kind, *to, c->in[2][from]);
            }
}

void reference_index_select(const reference_call *c)
{
    int64_t axis = ((const axis_attributes *)c->attributes)->axis;
    about x = about_axis(c->in_shape[0], axis), y = about_axis(c->out_shape[0], axis);
    if (!indices_fit(c, "index_select", 1, x.extent)) return;
    for (int64_t o = 0; o < y.outer; o++)
        for (int64_t j = 0; j < y.extent; j++)
            for (int64_t i = 0; i < y.inner; i++)
                c->out[0][(o * y.extent + j) * y.inner + i] =
                    c->in[0][(o * x.extent + (int64_t)c->in[1][j]) * x.inner + i];
}

void reference_index_add(const reference_call *c)
{
    int64_t axis = ((const axis_attributes *)c->attributes)->axis;
    about x = about_axis(c->in_shape[0], axis), s = about_axis(c->in_shape[2], axis);
    if (!indices_fit(c, "index_add", 1, x.extent)) return;
    memcpy(c->out[0], c->in[0], (size_t)vt_shape_count(c->in_shape[0]) * sizeof(double));
    for (int64_t o = 0; o < s.outer; o++)
        for (int64_t j = 0; j < s.extent; j++)
            for (int64_t i = 0; i < s.inner; i++)
                c->out[0][(o * x.extent + (int64_t)c->in[1][j]) * x.inner + i] +=
                    c->in[2][(o * s.extent + j) * s.inner + i];
}

void reference_one_hot(const reference_call *c)
{
    int64_t classes = ((const one_hot_attributes *)c->attributes)->classes, count = vt_shape_count(c->in_shape[0]);
    if (!indices_fit(c, "one_hot", 0, classes)) return;
    for (int64_t i = 0; i < count; i++)
        for (int64_t k = 0; k < classes; k++) c->out[0][i * classes + k] = (double)k == c->in[0][i];
}

/* Whether a comes before b; NaN is the largest of all. */
static bool comes_before(double a, double b, bool smallest)
{
    if (isnan(a) || isnan(b)) return smallest ? isnan(b) && !isnan(a) : isnan(a) && !isnan(b);
    return smallest ? a < b : a > b;
}

/* Place j goes to the element that exactly j others come before, the earlier of equal ones first. */
void reference_topk(const reference_call *c)
{
    const topk_attributes *a = c->attributes;
    about x = about_axis(c->in_shape[0], a->axis);
    for (int64_t o = 0; o < x.outer; o++)
        for (int64_t i = 0; i < x.inner; i++)
            for (int64_t j = 0; j < x.extent; j++) {
                const double *lane = c->in[0] + o * x.extent * x.inner + i;
                int64_t place = 0;
                for (int64_t k = 0; k < x.extent; k++) {
                    double here = lane[j * x.inner], other = lane[k * x.inner];
                    bool equal = !comes_before(here, other, a->smallest) && !comes_before(other, here, a->smallest);
                    place += comes_before(other, here, a->smallest) || (equal && k < j);
                }
                if (place >= a->k) continue;
                int64_t to = (o * a->k + place) * x.inner + i;
                c->out[0][to] = lane[j * x.inner];
                c->out[1][to] = (double)j;
            }
}
