/* pooling.c - max pooling. Each position of the window goes over a whole row of the result, without branches, so that
 * the comparisons are vectorised. */
#include "backends/cpu/vector/integers.h"
#include "backends/cpu/kernels.h"
#include "ops/pooling.h"
#include <math.h>

/* The planes of a call: x [planes, from[0], from[1]] -> y and index [planes, to[0], to[1]] */
typedef struct pooling {
    const max_pool2d_attributes *a;
    int64_t planes, from[2], to[2];
} pooling;

/* The first element of a window from `begin` on that lies inside the image. */
static int64_t first_inside(int64_t begin, int64_t dilation)
{
    return begin < 0 ? begin + (-begin + dilation - 1) / dilation * dilation : begin;
}

/* The outputs first to last - 1 whose element at `offset` in the window, of all columns, lies inside the image. */
typedef struct range {
    int64_t first, last;
} range;

static range columns_of(const pooling *p, int64_t offset)
{
    int64_t stride = p->a->stride[1], shift = offset - p->a->padding[1];
    int64_t first = shift < 0 ? (-shift + stride - 1) / stride : 0;
    int64_t room = p->from[1] - shift;
    return (range){ first, least(p->to[1], room > 0 ? (room + stride - 1) / stride : 0) };
}

/* One position of the window, for a row of y: `number` is that of the element of the plane that output 0 sees.
 * Called with constant strides, for which the loop is made. */
#define DEFINE_POOLING(type)                                                                                           \
    static inline __attribute__((always_inline)) void take_##type(const type *plane, int64_t number, int64_t stride,   \
                                                                  range r, type *y, int64_t *index)                    \
    {                                                                                                                  \
        for (int64_t j = r.first; j < r.last; j++) {                                                                   \
            type candidate = plane[number + j * stride];                                                               \
            bool better = candidate > y[j] || candidate != candidate;                                                  \
            y[j] = better ? candidate : y[j];                                                                          \
            index[j] = better ? number + j * stride : index[j];                                                        \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    static void pool_row_##type(const pooling *p, const type *plane, int64_t line, type *y, int64_t *index)            \
    {                                                                                                                  \
        const max_pool2d_attributes *a = p->a;                                                                         \
        int64_t top = line * a->stride[0] - a->padding[0], first = first_inside(top, a->dilation[0]);                  \
        int64_t last = least(top + a->kernel[0] * a->dilation[0], p->from[0]);                                         \
        for (int64_t j = 0; j < p->to[1]; j++) {                                                                       \
            y[j] = -(type)INFINITY;                                                                                    \
            index[j] = first * p->from[1] + first_inside(j * a->stride[1] - a->padding[1], a->dilation[1]);            \
        }                                                                                                              \
        for (int64_t row = first; row < last; row += a->dilation[0]) {                                                 \
            for (int64_t k = 0; k < a->kernel[1]; k++) {                                                               \
                range r = columns_of(p, k * a->dilation[1]);                                                           \
                int64_t number = row * p->from[1] + k * a->dilation[1] - a->padding[1];                                \
                if (a->stride[1] == 1)                                                                                 \
                    take_##type(plane, number, 1, r, y, index);                                                        \
                else if (a->stride[1] == 2)                                                                            \
                    take_##type(plane, number, 2, r, y, index);                                                        \
                else                                                                                                   \
                    take_##type(plane, number, a->stride[1], r, y, index);                                             \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    static void pool_##type(const pooling *p, const type *x, type *y, int64_t *index)                                  \
    {                                                                                                                  \
        int64_t size = p->from[0] * p->from[1], lines = p->planes * p->to[0];                                          \
        _Pragma("omp parallel for if (lines * p->to[1] > 1 << 13)") for (int64_t i = 0; i < lines; i++)                \
            pool_row_##type(p, x + i / p->to[0] * size, i % p->to[0], y + i * p->to[1], index + i * p->to[1]);         \
    }                                                                                                                  \
                                                                                                                       \
    static void put_back_##type(const pooling *p, const type *g, const int64_t *index, type *x)                        \
    {                                                                                                                  \
        int64_t size = p->from[0] * p->from[1], area = p->to[0] * p->to[1];                                            \
        _Pragma("omp parallel for if (p->planes * (size + area) > 1 << 15)") for (int64_t i = 0; i < p->planes; i++)   \
        {                                                                                                              \
            type *plane = x + i * size;                                                                                \
            for (int64_t j = 0; j < size; j++) plane[j] = 0;                                                           \
            for (int64_t j = i * area; j < (i + 1) * area; j++) plane[index[j]] += g[j];                               \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    static void choose_##type(const pooling *p, const type *x, const int64_t *index, type *y)                          \
    {                                                                                                                  \
        int64_t size = p->from[0] * p->from[1], area = p->to[0] * p->to[1];                                            \
        _Pragma("omp parallel for if (p->planes * area > 1 << 15)") for (int64_t i = 0; i < p->planes;                 \
                                                                         i++) for (int64_t j = i * area;               \
                                                                                   j < (i + 1) * area; j++) y[j] =     \
            x[i * size + index[j]];                                                                                    \
    }
DEFINE_POOLING(float)
DEFINE_POOLING(double)

static pooling pooling_of(const kernel_call *call, const array *x, const array *y)
{
    pooling p = { .a = call->attributes, .planes = y->shape.dim[0] * y->shape.dim[1] };
    for (int i = 0; i < 2; i++) {
        p.from[i] = x->shape.dim[2 + i];
        p.to[i] = y->shape.dim[2 + i];
    }
    return p;
}

static bool run_max_pool2d(const kernel_call *call)
{
    const array *x = &call->in[0], *y = &call->out[MAX_POOL2D_Y], *index = &call->out[MAX_POOL2D_INDEX];
    pooling p = pooling_of(call, x, y);
    if (x->dtype == VT_F64)
        pool_double(&p, x->data, y->data, index->data);
    else
        pool_float(&p, x->data, y->data, index->data);
    return true;
}

static bool run_max_pool2d_gradient(const kernel_call *call)
{
    const array *g = &call->in[0], *index = &call->in[1], *x = &call->out[0];
    pooling p = pooling_of(call, x, g);
    if (x->dtype == VT_F64)
        put_back_double(&p, g->data, index->data, x->data);
    else
        put_back_float(&p, g->data, index->data, x->data);
    return true;
}

static bool run_max_pool2d_choose(const kernel_call *call)
{
    const array *x = &call->in[0], *index = &call->in[1], *y = &call->out[0];
    pooling p = pooling_of(call, x, y);
    if (x->dtype == VT_F64)
        choose_double(&p, x->data, index->data, y->data);
    else
        choose_float(&p, x->data, index->data, y->data);
    return true;
}

const kernel_row cpu_pooling_kernels[] = {
    { &op_max_pool2d, { .run = run_max_pool2d } },
    { &op_max_pool2d_gradient, { .run = run_max_pool2d_gradient } },
    { &op_max_pool2d_choose, { .run = run_max_pool2d_choose } },
    { 0 },
};
