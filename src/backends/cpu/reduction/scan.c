/* scan.c - along one axis: where the largest or smallest element is, and running sums, products and extremes. */
#include "backends/cpu/reduction/along_axis.h"
#include "backends/cpu/kernels.h"
#include "ops/reduce.h"

/* -- argmax, argmin: columns side by side, the first of equal elements, a NaN before any number ------------------ */

#define ARG(name, type, sign)                                                                                          \
    static void name##_rows(const type *x, along_axis a, int64_t *out)                                                 \
    {                                                                                                                  \
        _Pragma("omp parallel for if (element_count(a) > SMALL_WORK)") for (int64_t o = 0; o < a.outer; o++)           \
        {                                                                                                              \
            const type *row = x + o * a.length;                                                                        \
            int64_t best = 0;                                                                                          \
            for (int64_t i = 1; i < a.length && row[best] == row[best]; i++)                                           \
                if ((row[i] sign row[best]) | (row[i] != row[i])) best = i;                                            \
            out[o] = best;                                                                                             \
        }                                                                                                              \
    }                                                                                                                  \
    static void name(const void *data, along_axis a, int64_t *out)                                                     \
    {                                                                                                                  \
        if (a.inner == 1) {                                                                                            \
            name##_rows(data, a, out);                                                                                 \
            return;                                                                                                    \
        }                                                                                                              \
        _Pragma("omp parallel for if (element_count(a) > SMALL_WORK)") for (int64_t b = 0; b < column_blocks(a); b++)  \
        {                                                                                                              \
            column_block block = column_block_of(a, b);                                                                \
            const type *x = (const type *)data + block.offset;                                                         \
            type best[COLUMN_BLOCK];                                                                                   \
            int64_t where[COLUMN_BLOCK];                                                                               \
            for (int64_t j = 0; j < block.n; j++) {                                                                    \
                best[j] = x[j];                                                                                        \
                where[j] = 0;                                                                                          \
            }                                                                                                          \
            for (int64_t i = 1; i < a.length; i++) {                                                                   \
                const type *row = x + i * a.inner;                                                                     \
                for (int64_t j = 0; j < block.n; j++) {                                                                \
                    bool better = (row[j] sign best[j]) | ((row[j] != row[j]) & (best[j] == best[j]));                 \
                    best[j] = better ? row[j] : best[j];                                                               \
                    where[j] = better ? i : where[j];                                                                  \
                }                                                                                                      \
            }                                                                                                          \
            int64_t outer = block.offset / (a.length * a.inner), column = block.offset % (a.length * a.inner);         \
            for (int64_t j = 0; j < block.n; j++) out[outer * a.inner + column + j] = where[j];                        \
        }                                                                                                              \
    }

/* -- cumsum, cumprod: an accumulator a column -------------------------------------------------------------------- */

#define SCAN(name, type, accumulator, result, start, sign)                                                             \
    static void name(const void *data, along_axis a, bool reverse, void *into)                                         \
    {                                                                                                                  \
        _Pragma("omp parallel for if (element_count(a) > SMALL_WORK)") for (int64_t b = 0; b < column_blocks(a); b++)  \
        {                                                                                                              \
            column_block block = column_block_of(a, b);                                                                \
            accumulator total[COLUMN_BLOCK];                                                                           \
            for (int64_t j = 0; j < block.n; j++) total[j] = start;                                                    \
            for (int64_t i = 0; i < a.length; i++) {                                                                   \
                int64_t offset = block.offset + (reverse ? a.length - 1 - i : i) * a.inner;                            \
                const type *x = (const type *)data + offset;                                                           \
                result *y = (result *)into + offset;                                                                   \
                for (int64_t j = 0; j < block.n; j++) {                                                                \
                    total[j] = total[j] sign(accumulator) x[j];                                                        \
                    y[j] = (result)total[j];                                                                           \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

/* -- cummax, cummin: as argmax and argmin, each step of the way ---------------------------------------------------- */

#define CUMULATIVE(name, type, sign)                                                                                   \
    static void name(const void *data, along_axis a, void *into, int64_t *indices)                                     \
    {                                                                                                                  \
        _Pragma("omp parallel for if (element_count(a) > SMALL_WORK)") for (int64_t b = 0; b < column_blocks(a); b++)  \
        {                                                                                                              \
            column_block block = column_block_of(a, b);                                                                \
            type best[COLUMN_BLOCK];                                                                                   \
            int64_t where[COLUMN_BLOCK];                                                                               \
            for (int64_t i = 0; i < a.length; i++) {                                                                   \
                int64_t offset = block.offset + i * a.inner;                                                           \
                const type *x = (const type *)data + offset;                                                           \
                type *y = (type *)into + offset;                                                                       \
                for (int64_t j = 0; j < block.n; j++) {                                                                \
                    bool better = i == 0 || (x[j] sign best[j]) | ((x[j] != x[j]) & (best[j] == best[j]));             \
                    y[j] = best[j] = better ? x[j] : best[j];                                                          \
                    indices[offset + j] = where[j] = better ? i : where[j];                                            \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

/* -- The gradient of cumprod: the products before each element, then times the sums s from behind, with
 * s[i] = g[i] + x[i + 1] s[i + 1] ---------------------------------------------------------------------------------- */

#define CUMPROD_GRADIENT(name, type)                                                                                   \
    static void name(const type *g, const type *x, along_axis a, bool reverse, type *dx)                               \
    {                                                                                                                  \
        _Pragma("omp parallel for if (element_count(a) > SMALL_WORK)") for (int64_t b = 0; b < column_blocks(a); b++)  \
        {                                                                                                              \
            column_block block = column_block_of(a, b);                                                                \
            int64_t step = reverse ? -a.inner : a.inner, end = a.length * a.inner;                                     \
            int64_t first = block.offset + (reverse ? end - a.inner : 0);                                              \
            double before[COLUMN_BLOCK], sum[COLUMN_BLOCK];                                                            \
            for (int64_t j = 0; j < block.n; j++) {                                                                    \
                before[j] = 1;                                                                                         \
                sum[j] = 0;                                                                                            \
            }                                                                                                          \
            for (int64_t i = 0, at = first; i < a.length; i++, at += step)                                             \
                for (int64_t j = 0; j < block.n; j++) {                                                                \
                    dx[at + j] = (type)before[j];                                                                      \
                    before[j] *= (double)x[at + j];                                                                    \
                }                                                                                                      \
            for (int64_t i = a.length - 1, at = first + i * step; i >= 0; i--, at -= step)                             \
                for (int64_t j = 0; j < block.n; j++) {                                                                \
                    sum[j] += (double)g[at + j];                                                                       \
                    dx[at + j] = (type)((double)dx[at + j] * sum[j]);                                                  \
                    sum[j] *= (double)x[at + j];                                                                       \
                }                                                                                                      \
        }                                                                                                              \
    }

#define EACH_TYPE(of)               of(f32, float) of(f64, double) of(i32, int32_t) of(i64, int64_t) of(u8, uint8_t)
#define ARGS_OF(suffix, type)       ARG(argmax_##suffix, type, >) ARG(argmin_##suffix, type, <)
#define CUMULATIVE_OF(suffix, type) CUMULATIVE(cummax_##suffix, type, >) CUMULATIVE(cummin_##suffix, type, <)
EACH_TYPE(ARGS_OF)
EACH_TYPE(CUMULATIVE_OF)
#define SCANS(of)                                                                                                      \
    of(f32, float, double, float) of(f64, double, double, double) of(i32, int32_t, uint64_t, int64_t)                  \
        of(i64, int64_t, uint64_t, int64_t) of(u8, uint8_t, uint64_t, int64_t)
#define CUMSUM(suffix, type, accumulator, result)  SCAN(cumsum_##suffix, type, accumulator, result, 0, +)
#define CUMPROD(suffix, type, accumulator, result) SCAN(cumprod_##suffix, type, accumulator, result, 1, *)
SCANS(CUMSUM)
SCANS(CUMPROD)
CUMPROD_GRADIENT(cumprod_gradient_f32, float)
CUMPROD_GRADIENT(cumprod_gradient_f64, double)

#define SELECT(function, dtype, ...)                                                                                   \
    switch (dtype) {                                                                                                   \
    case VT_F32: function##_f32(__VA_ARGS__); break;                                                                   \
    case VT_F64: function##_f64(__VA_ARGS__); break;                                                                   \
    case VT_I32: function##_i32(__VA_ARGS__); break;                                                                   \
    case VT_I64: function##_i64(__VA_ARGS__); break;                                                                   \
    default: function##_u8(__VA_ARGS__);                                                                               \
    }

static bool run_argmax(const kernel_call *call)
{
    const arg_attributes *a = call->attributes;
    const array *x = &call->in[0];
    SELECT(argmax, x->dtype, x->data, along_axis_of(x->shape, a->axis), call->out[0].data)
    return true;
}

static bool run_argmin(const kernel_call *call)
{
    const arg_attributes *a = call->attributes;
    const array *x = &call->in[0];
    SELECT(argmin, x->dtype, x->data, along_axis_of(x->shape, a->axis), call->out[0].data)
    return true;
}

static bool run_cumsum(const kernel_call *call)
{
    const scan_attributes *a = call->attributes;
    const array *x = &call->in[0];
    SELECT(cumsum, x->dtype, x->data, along_axis_of(x->shape, a->axis), a->reverse, call->out[0].data)
    return true;
}

static bool run_cumprod(const kernel_call *call)
{
    const scan_attributes *a = call->attributes;
    const array *x = &call->in[0];
    SELECT(cumprod, x->dtype, x->data, along_axis_of(x->shape, a->axis), a->reverse, call->out[0].data)
    return true;
}

static bool run_cumprod_gradient(const kernel_call *call)
{
    const scan_attributes *a = call->attributes;
    const array *g = &call->in[0], *x = &call->in[1], *dx = &call->out[0];
    along_axis lanes = along_axis_of(x->shape, a->axis);
    if (x->dtype == VT_F32)
        cumprod_gradient_f32(g->data, x->data, lanes, a->reverse, dx->data);
    else
        cumprod_gradient_f64(g->data, x->data, lanes, a->reverse, dx->data);
    return true;
}

static bool run_cummax(const kernel_call *call)
{
    const scan_attributes *a = call->attributes;
    const array *x = &call->in[0];
    SELECT(cummax, x->dtype, x->data, along_axis_of(x->shape, a->axis), call->out[CUMMAX_VALUES].data,
           call->out[CUMMAX_INDICES].data)
    return true;
}

static bool run_cummin(const kernel_call *call)
{
    const scan_attributes *a = call->attributes;
    const array *x = &call->in[0];
    SELECT(cummin, x->dtype, x->data, along_axis_of(x->shape, a->axis), call->out[CUMMAX_VALUES].data,
           call->out[CUMMAX_INDICES].data)
    return true;
}

const kernel_row cpu_scan_kernels[] = {
    { &op_argmax, { .run = run_argmax } },
    { &op_argmin, { .run = run_argmin } },
    { &op_cumsum, { .run = run_cumsum } },
    { &op_cumprod, { .run = run_cumprod } },
    { &op_cumprod_gradient, { .run = run_cumprod_gradient } },
    { &op_cummax, { .run = run_cummax } },
    { &op_cummin, { .run = run_cummin } },
    { 0 },
};
