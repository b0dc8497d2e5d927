/* effect.c - ops that overwrite tensors, and what belongs to an update. */
#include "backends/cpu/kernels.h"
#include "backends/cpu/machine/threads.h"
#include "ops/effect.h"
#include "ops/update.h"
#include <math.h>
#include <string.h>

static bool assign(const kernel_call *call)
{
    array *target = &call->in[ASSIGN_TARGET];
    const array *value = &call->in[ASSIGN_VALUE];
    if (array_is_contiguous(value))
        memmove(target->data, value->data, (size_t)vt_shape_count(value->shape) * vt_dtype_size(value->dtype));
    else
        array_copy(target, value);
    return true;
}

/* -- Many tensors as one row of elements: work is shared evenly, however the sizes differ -------------------------- */

enum { SERIAL = 32768 }; /* elements that are not worth a second thread */

/* The inputs first, first + stride, ... */
typedef struct row {
    const kernel_call *call;
    int first, stride;
} row;

static int64_t row_count(const row *r)
{
    int64_t count = 0;
    for (int i = r->first; i < r->call->inputs; i += r->stride) count += vt_shape_count(r->call->in[i].shape);
    return count;
}

/* Works on elements [begin, end) of input i. */
typedef void segment_function(const kernel_call *call, int i, int64_t begin, int64_t end, void *result);

/* The elements [begin, end) of the row, tensor by tensor. */
static void for_segments(const row *r, int64_t begin, int64_t end, segment_function *function, void *result)
{
    int64_t offset = 0;
    for (int i = r->first; i < r->call->inputs && offset < end; i += r->stride) {
        int64_t count = vt_shape_count(r->call->in[i].shape);
        int64_t low = begin > offset ? begin - offset : 0, high = end - offset < count ? end - offset : count;
        if (low < high) function(r->call, i, low, high, result);
        offset += count;
    }
}

/* Where part `number` of `parts` equal ones begins, on a cache line. */
static int64_t part_begin(int64_t count, int64_t number, int64_t parts)
{
    return number == parts ? count : count / 16 * number / parts * 16;
}

static bool run_in_parallel(const row *r, segment_function *function)
{
    int64_t count = row_count(r), parts = count > SERIAL ? thread_count() : 1;
#pragma omp parallel for if (parts > 1)
    for (int64_t i = 0; i < parts; i++)
        for_segments(r, part_begin(count, i, parts), part_begin(count, i + 1, parts), function, NULL);
    return true;
}

/* -- The optimisers' updates: each element by itself, so that the result is the same for any number of threads ----- */

/* A scalar of the update. */
static double scalar(const kernel_call *call, int input)
{
    return array_get(&call->in[input], 0);
}

#define SGD(type)                                                                                                      \
    static void sgd_##type(const kernel_call *call, int i, int64_t begin, int64_t end)                                 \
    {                                                                                                                  \
        const sgd_attributes *a = call->attributes;                                                                    \
        const type rate = (type)(a->lr_ratio * scalar(call, UPDATE_LR)), decay = (type)a->weight_decay;                \
        type *restrict p = call->in[i + UPDATE_P].data;                                                                \
        const type *restrict g = call->in[i + UPDATE_G].data;                                                          \
        for (int64_t k = begin; k < end; k++) p[k] -= rate * (g[k] + decay * p[k]);                                    \
    }

#define SGD_MOMENTUM(type)                                                                                             \
    static void sgd_momentum_##type(const kernel_call *call, int i, int64_t begin, int64_t end)                        \
    {                                                                                                                  \
        const sgd_attributes *a = call->attributes;                                                                    \
        const type rate = (type)(a->lr_ratio * scalar(call, UPDATE_LR)), decay = (type)a->weight_decay;                \
        const type momentum = (type)a->momentum;                                                                       \
        const bool nesterov = a->nesterov;                                                                             \
        type *restrict p = call->in[i + UPDATE_P].data, *restrict m = call->in[i + SGD_M].data;                        \
        const type *restrict g = call->in[i + UPDATE_G].data;                                                          \
        for (int64_t k = begin; k < end; k++) {                                                                        \
            type gradient = g[k] + decay * p[k];                                                                       \
            type moved = momentum * m[k] + gradient;                                                                   \
            m[k] = moved;                                                                                              \
            p[k] -= rate * (nesterov ? gradient + momentum * moved : moved);                                           \
        }                                                                                                              \
    }

#define ADAM(name, type, square_root, amsgrad)                                                                         \
    static void name##_##type(const kernel_call *call, int i, int64_t begin, int64_t end)                              \
    {                                                                                                                  \
        const adam_attributes *a = call->attributes;                                                                   \
        const double rate = a->lr_ratio * scalar(call, UPDATE_LR), t = scalar(call, UPDATE_NUMBER);                    \
        const type step = (type)(rate / (1 - pow(a->beta1, t))), root = (type)sqrt(1 - pow(a->beta2, t));              \
        const type shrink = a->decoupled ? (type)(1 - rate * a->weight_decay) : 1, eps = (type)a->eps;                 \
        const type decay = a->decoupled ? 0 : (type)a->weight_decay;                                                   \
        const type beta2 = (type)a->beta2, rest1 = (type)(1 - a->beta1), rest2 = (type)(1 - a->beta2);                 \
        type *restrict p = call->in[i + UPDATE_P].data;                                                                \
        type *restrict m = call->in[i + ADAM_M].data, *restrict v = call->in[i + ADAM_V].data;                         \
        type *restrict most = amsgrad ? call->in[i + AMSGRAD_MAX_V].data : NULL;                                       \
        const type *restrict g = call->in[i + UPDATE_G].data;                                                          \
        for (int64_t k = begin; k < end; k++) {                                                                        \
            type gradient = g[k] + decay * p[k];                                                                       \
            type first = m[k] + rest1 * (gradient - m[k]);                                                             \
            type second = beta2 * v[k] + rest2 * gradient * gradient;                                                  \
            m[k] = first;                                                                                              \
            v[k] = second;                                                                                             \
            if (amsgrad) most[k] = second = most[k] > second ? most[k] : second;                                       \
            p[k] = shrink * p[k] - step * (first / (square_root(second) / root + eps));                                \
        }                                                                                                              \
    }

/* `average` and `m` are there where it is centered, or has momentum. */
#define RMSPROP(name, type, square_root, centered, with_momentum)                                                      \
    static void name##_##type(const kernel_call *call, int i, int64_t begin, int64_t end)                              \
    {                                                                                                                  \
        const rmsprop_attributes *a = call->attributes;                                                                \
        const type rate = (type)(a->lr_ratio * scalar(call, UPDATE_LR)), decay = (type)a->weight_decay;                \
        const type alpha = (type)a->alpha, rest = (type)(1 - a->alpha), eps = (type)a->eps;                            \
        const type momentum = (type)a->momentum;                                                                       \
        type *restrict p = call->in[i + UPDATE_P].data, *restrict v = call->in[i + RMSPROP_V].data;                    \
        type *restrict average = (centered) ? call->in[i + RMSPROP_MEAN_G].data : NULL;                                \
        type *restrict m = (with_momentum) ? call->in[i + RMSPROP_M(centered)].data : NULL;                            \
        const type *restrict g = call->in[i + UPDATE_G].data;                                                          \
        for (int64_t k = begin; k < end; k++) {                                                                        \
            type gradient = g[k] + decay * p[k], variance = v[k] = alpha * v[k] + rest * gradient * gradient;          \
            if (centered) {                                                                                            \
                type mean = average[k] + rest * (gradient - average[k]);                                               \
                average[k] = mean;                                                                                     \
                variance = variance > mean * mean ? variance - mean * mean : 0;                                        \
            }                                                                                                          \
            type step = gradient / (square_root(variance) + eps);                                                      \
            if (with_momentum) m[k] = step = momentum * m[k] + step;                                                   \
            p[k] -= rate * step;                                                                                       \
        }                                                                                                              \
    }

#define UPDATE(name)                                                                                                   \
    static void name##_segment(const kernel_call *call, int i, int64_t begin, int64_t end, void *result)               \
    {                                                                                                                  \
        (void)result;                                                                                                  \
        if (call->in[i].dtype == VT_F32)                                                                               \
            name##_float(call, i, begin, end);                                                                         \
        else                                                                                                           \
            name##_double(call, i, begin, end);                                                                        \
    }                                                                                                                  \
    static bool name(const kernel_call *call)                                                                          \
    {                                                                                                                  \
        return run_in_parallel(&(row){ call, UPDATE_SCALARS_##name, UPDATE_ARRAYS_##name }, name##_segment);           \
    }

SGD(float)
SGD(double)
UPDATE(sgd)
SGD_MOMENTUM(float)
SGD_MOMENTUM(double)
UPDATE(sgd_momentum)
ADAM(adam, float, sqrtf, false)
ADAM(adam, double, sqrt, false)
UPDATE(adam)
ADAM(amsgrad, float, sqrtf, true)
ADAM(amsgrad, double, sqrt, true)
UPDATE(amsgrad)

#define RMSPROP_KERNEL(name, centered, with_momentum)                                                                  \
    RMSPROP(name, float, sqrtf, centered, with_momentum)                                                               \
    RMSPROP(name, double, sqrt, centered, with_momentum)                                                               \
    UPDATE(name)
RMSPROP_KERNEL(rmsprop, 0, 0)
RMSPROP_KERNEL(rmsprop_momentum, 0, 1)
RMSPROP_KERNEL(rmsprop_centered, 1, 0)
RMSPROP_KERNEL(rmsprop_centered_momentum, 1, 1)

/* -- Clipping ----------------------------------------------------------------------------------------------------- */

#define SQUARES(type)                                                                                                  \
    static double squares_##type(const type *x, int64_t count)                                                         \
    {                                                                                                                  \
        double sum = 0;                                                                                                \
        _Pragma("omp simd reduction(+ : sum)") for (int64_t k = 0; k < count; k++) sum += (double)x[k] * (double)x[k]; \
        return sum;                                                                                                    \
    }
SQUARES(float)
SQUARES(double)

static void add_squares(const kernel_call *call, int i, int64_t begin, int64_t end, void *result)
{
    const array *x = &call->in[i];
    *(double *)result += x->dtype == VT_F32 ? squares_float((const float *)x->data + begin, end - begin)
                                            : squares_double((const double *)x->data + begin, end - begin);
}

/* The parts depend on the number of elements alone, so that the sum is the same for any number of threads. */
static bool global_norm(const kernel_call *call)
{
    enum { MAX_PARTS = 256, PART = 8192 };
    double part[MAX_PARTS] = { 0 }, sum = 0;
    const row r = { call, 0, 1 };
    int64_t count = row_count(&r), parts = count / PART + 1 < MAX_PARTS ? count / PART + 1 : MAX_PARTS;
#pragma omp parallel for if (count > SERIAL)
    for (int64_t i = 0; i < parts; i++)
        for_segments(&r, part_begin(count, i, parts), part_begin(count, i + 1, parts), add_squares, &part[i]);
    for (int64_t i = 0; i < parts; i++) sum += part[i];
    array_set(&call->out[0], 0, sqrt(sum));
    return true;
}

#define SCALE(type)                                                                                                    \
    static void scale_##type(type *restrict y, const type *restrict x, type scale, int64_t begin, int64_t end)         \
    {                                                                                                                  \
        for (int64_t k = begin; k < end; k++) y[k] = scale * x[k];                                                     \
    }
SCALE(float)
SCALE(double)

static void clip_segment(const kernel_call *call, int i, int64_t begin, int64_t end, void *result)
{
    const clip_attributes *a = call->attributes;
    const array *x = &call->in[i];
    (void)result;
    double scale = a->max_norm / (array_get(&call->in[CLIP_NORM], 0) + 1e-6);
    if (scale > 1) scale = 1;
    if (x->dtype == VT_F32)
        scale_float(call->out[i - CLIP_TENSORS].data, x->data, (float)scale, begin, end);
    else
        scale_double(call->out[i - CLIP_TENSORS].data, x->data, scale, begin, end);
}

static bool clip(const kernel_call *call)
{
    return run_in_parallel(&(row){ call, CLIP_TENSORS, 1 }, clip_segment);
}

const kernel_row cpu_effect_kernels[] = {
    { &op_assign, { .run = assign, .strided = true } },
    { &op_sgd, { .run = sgd } },
    { &op_sgd_momentum, { .run = sgd_momentum } },
    { &op_adam, { .run = adam } },
    { &op_amsgrad, { .run = amsgrad } },
    { &op_rmsprop, { .run = rmsprop } },
    { &op_rmsprop_momentum, { .run = rmsprop_momentum } },
    { &op_rmsprop_centered, { .run = rmsprop_centered } },
    { &op_rmsprop_centered_momentum, { .run = rmsprop_centered_momentum } },
    { &op_global_norm, { .run = global_norm } },
    { &op_clip, { .run = clip } },
    { 0 },
};
