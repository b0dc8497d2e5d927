/* reduce.c - reductions: what is folded, and what a total is turned into. */
#include "backends/cpu/reduction/along_axis.h"
#include "backends/cpu/reduction/fold.h"
#include "backends/cpu/kernels.h"
#include "backends/cpu/vector/vector_math.h"
#include "core/base/bf16.h"
#include "ops/reduce.h"
#include <math.h>
#include <stdlib.h>

#define ROW(name, member, value)                                                                                       \
    {                                                                                                                  \
        name##_row, name##_columns, name##_merge,                                                                      \
        {                                                                                                              \
            .member = value                                                                                            \
        }                                                                                                              \
    }

/* -- The folds. Integers wrap around. ---------------------------------------------------------------------------- */

#define SUM(name, type, accumulator) FOLD(name, type, accumulator, 0, a + v, a + b)
SUM(sum_f32, float, double)
SUM(sum_f64, double, double)
FOLD_LOADED(sum_bf16, uint16_t, bf16_to_f32, double, 0, a + v, a + b)
SUM(sum_i32, int32_t, uint64_t)
SUM(sum_i64, int64_t, uint64_t)
SUM(sum_u8, uint8_t, uint64_t)
static const fold sums[VT_DTYPE_COUNT] = {
    [VT_F32] = ROW(sum_f32, f, 0),   [VT_F64] = ROW(sum_f64, f, 0), [VT_I32] = ROW(sum_i32, u, 0),
    [VT_I64] = ROW(sum_i64, u, 0),   [VT_U8] = ROW(sum_u8, u, 0),   [VT_BOOL] = ROW(sum_u8, u, 0),
    [VT_BF16] = ROW(sum_bf16, f, 0),
};

#define PRODUCT(name, type, accumulator) FOLD(name, type, accumulator, 1, a *v, a *b)
PRODUCT(prod_f32, float, double)
PRODUCT(prod_f64, double, double)
PRODUCT(prod_i32, int32_t, uint64_t)
PRODUCT(prod_i64, int64_t, uint64_t)
PRODUCT(prod_u8, uint8_t, uint64_t)
static const fold products[VT_DTYPE_COUNT] = {
    [VT_F32] = ROW(prod_f32, f, 1), [VT_F64] = ROW(prod_f64, f, 1), [VT_I32] = ROW(prod_i32, u, 1),
    [VT_I64] = ROW(prod_i64, u, 1), [VT_U8] = ROW(prod_u8, u, 1),   [VT_BOOL] = ROW(prod_u8, u, 1),
};

/* Once NaN, always NaN; a NaN is not on the right side of anything. */
#define LARGER(a, b)                            a != a ? a : b <= a ? a : b
#define SMALLER(a, b)                           a != a ? a : b >= a ? a : b
#define LARGEST(name, type, accumulator, least) FOLD(name, type, accumulator, least, LARGER(a, v), LARGER(a, b))
#define SMALLEST(name, type, accumulator, most) FOLD(name, type, accumulator, most, SMALLER(a, v), SMALLER(a, b))
LARGEST(max_f32, float, double, -INFINITY)
LARGEST(max_f64, double, double, -INFINITY)
LARGEST(max_i32, int32_t, int64_t, INT64_MIN)
LARGEST(max_i64, int64_t, int64_t, INT64_MIN)
LARGEST(max_u8, uint8_t, int64_t, INT64_MIN)
SMALLEST(min_f32, float, double, INFINITY)
SMALLEST(min_f64, double, double, INFINITY)
SMALLEST(min_i32, int32_t, int64_t, INT64_MAX)
SMALLEST(min_i64, int64_t, int64_t, INT64_MAX)
SMALLEST(min_u8, uint8_t, int64_t, INT64_MAX)
static const fold largest[VT_DTYPE_COUNT] = {
    [VT_F32] = ROW(max_f32, f, -INFINITY), [VT_F64] = ROW(max_f64, f, -INFINITY), [VT_I32] = ROW(max_i32, i, INT64_MIN),
    [VT_I64] = ROW(max_i64, i, INT64_MIN), [VT_U8] = ROW(max_u8, i, INT64_MIN),   [VT_BOOL] = ROW(max_u8, i, INT64_MIN),
};
static const fold smallest[VT_DTYPE_COUNT] = {
    [VT_F32] = ROW(min_f32, f, INFINITY),  [VT_F64] = ROW(min_f64, f, INFINITY), [VT_I32] = ROW(min_i32, i, INT64_MAX),
    [VT_I64] = ROW(min_i64, i, INT64_MAX), [VT_U8] = ROW(min_u8, i, INT64_MAX),  [VT_BOOL] = ROW(min_u8, i, INT64_MAX),
};

FOLD(any_bool, uint8_t, uint64_t, 0, a | v, a | b)
FOLD(all_bool, uint8_t, uint64_t, 1, a &v, a &b)
static const fold any[VT_DTYPE_COUNT] = { [VT_BOOL] = ROW(any_bool, u, 0) };
static const fold all[VT_DTYPE_COUNT] = { [VT_BOOL] = ROW(all_bool, u, 1) };

#define FLOAT_FOLDS(name, step)                                                                                        \
    FOLD(name##_f32, float, double, 0, step, a + b)                                                                    \
    FOLD(name##_f64, double, double, 0, step, a + b)                                                                   \
    static const fold name##s[VT_DTYPE_COUNT] = { [VT_F32] = ROW(name##_f32, f, 0), [VT_F64] = ROW(name##_f64, f, 0) };
FLOAT_FOLDS(square, a + v * v)
FLOAT_FOLDS(absolute, a + fabs(v))
FLOAT_FOLDS(deviation, a + (v - c) * (v - c))
/* Where the center, the largest element, is infinite, it is the result. */
FOLD(exponential_f32, float, double, 0, a + (double)exp_f32((float)(v - c)), a + b)
FOLD(exponential_f64, double, double, 0, a + exp(v - c), a + b)
static const fold exponentials[VT_DTYPE_COUNT] = {
    [VT_F32] = ROW(exponential_f32, f, 0), [VT_F64] = ROW(exponential_f64, f, 0)
};

FOLD(nonzero_f32, float, double, 1, a *(v == 0 ? 1 : v), a *b)
FOLD(nonzero_f64, double, double, 1, a *(v == 0 ? 1 : v), a *b)
static const fold nonzero_products[VT_DTYPE_COUNT] = {
    [VT_F32] = ROW(nonzero_f32, f, 1), [VT_F64] = ROW(nonzero_f64, f, 1)
};
FLOAT_FOLDS(zero_count, a + (v == 0))

/* -- From totals to results -------------------------------------------------------------------------------------- */

static void divide(double *total, int64_t n, const double *center, double count, double correction)
{
    (void)center;
    for (int64_t i = 0; i < n; i++) total[i] /= fmax(0, count - correction);
}

static void divide_and_root(double *total, int64_t n, const double *center, double count, double correction)
{
    (void)center;
    for (int64_t i = 0; i < n; i++) total[i] = sqrt(total[i] / fmax(0, count - correction));
}

static void root(double *total, int64_t n, const double *center, double count, double parameter)
{
    (void)center, (void)count, (void)parameter;
    for (int64_t i = 0; i < n; i++) total[i] = sqrt(total[i]);
}

static void log_and_center(double *total, int64_t n, const double *center, double count, double parameter)
{
    (void)count, (void)parameter;
    for (int64_t i = 0; i < n; i++) total[i] = isinf(center[i]) ? center[i] : center[i] + log(total[i]);
}

/* -- The kernels ------------------------------------------------------------------------------------------------- */

/* What a reduction reads: x with its axes in the order of memory, where the outputs still come in theirs; otherwise a
 * contiguous copy. */
typedef struct operand {
    array x;
    int64_t axes;
    bool copied;
} operand;

/* Axes of extent 1 are left out: their strides say nothing. */
static operand in_order_of_memory(const array *x, int64_t axes)
{
    operand o = { .x = { .data = x->data, .dtype = x->dtype } };
    int from[VT_MAX_RANK], last_kept = -1;
    for (int axis = 0; axis < x->shape.rank; axis++) {
        if (x->shape.dim[axis] == 1) continue;
        int k = o.x.shape.rank++;
        for (; k > 0 && x->stride[from[k - 1]] < x->stride[axis]; k--) from[k] = from[k - 1];
        from[k] = axis;
    }
    for (int k = 0; k < o.x.shape.rank; k++) {
        bool folded = axes >> from[k] & 1;
        o.x.shape.dim[k] = x->shape.dim[from[k]];
        o.x.stride[k] = x->stride[from[k]];
        o.axes |= (int64_t)folded << k;
        if (folded) continue;
        o.copied |= from[k] < last_kept;
        last_kept = from[k];
    }
    o.copied |= !array_is_contiguous(&o.x);
    return o.copied ? (operand){ array_contiguous(NULL, x->dtype, x->shape), axes, true } : o;
}

/* Scratch holds the copy, if there is one, and then a center for each output. */
static size_t copy_bytes(const operand *o)
{
    size_t bytes = (size_t)vt_shape_count(o->x.shape) * vt_dtype_size(o->x.dtype);
    return o->copied ? (bytes + 63) / 64 * 64 : 0;
}

static operand operand_of(const kernel_call *call)
{
    operand o = in_order_of_memory(&call->in[0], ((const reduce_attributes *)call->attributes)->axes);
    if (!o.copied) return o;
    o.x.data = call->scratch;
    array_copy(&o.x, &call->in[0]);
    return o;
}

static bool prepare_reduce(const kernel_call *call, preparation *p)
{
    operand o = in_order_of_memory(&call->in[0], ((const reduce_attributes *)call->attributes)->axes);
    p->scratch = copy_bytes(&o);
    return true;
}

static bool prepare_reduce_twice(const kernel_call *call, preparation *p)
{
    prepare_reduce(call, p);
    p->scratch += (size_t)(vt_shape_count(call->out[0].shape) + 1) * sizeof(double);
    return true;
}

static bool reduce(const kernel_call *call, const fold *folds, fold_finish *finish)
{
    operand o = operand_of(call);
    const fold_call f = { .x = &o.x, .axes = o.axes, .how = &folds[o.x.dtype], .finish = finish, .out = call->out[0] };
    return fold_axes(call->op->name, &f);
}

/* Two folds: what the first finds for an output is the center of the second. */
static bool reduce_twice(const kernel_call *call, fold_call first, fold_call second)
{
    operand o = operand_of(call);
    double *center = (double *)((char *)call->scratch + copy_bytes(&o));
    first.x = second.x = &o.x;
    first.axes = second.axes = o.axes;
    first.out = array_contiguous(center, VT_F64, call->out[0].shape);
    second.center = center;
    second.out = call->out[0];
    return fold_axes(call->op->name, &first) && fold_axes(call->op->name, &second);
}

static bool run_sum(const kernel_call *call)
{
    return reduce(call, sums, NULL);
}

static bool run_mean(const kernel_call *call)
{
    return reduce(call, sums, divide);
}

static bool run_prod(const kernel_call *call)
{
    return reduce(call, products, NULL);
}

static bool run_max(const kernel_call *call)
{
    return reduce(call, largest, NULL);
}

static bool run_min(const kernel_call *call)
{
    return reduce(call, smallest, NULL);
}

static bool run_any(const kernel_call *call)
{
    return reduce(call, any, NULL);
}

static bool run_all(const kernel_call *call)
{
    return reduce(call, all, NULL);
}

static bool run_norm(const kernel_call *call)
{
    bool l1 = ((const reduce_attributes *)call->attributes)->order == 1;
    return reduce(call, l1 ? absolutes : squares, l1 ? NULL : root);
}

static bool reduce_deviations(const kernel_call *call, fold_finish *finish)
{
    vt_dtype dtype = call->in[0].dtype;
    const reduce_attributes *a = call->attributes;
    return reduce_twice(call, (fold_call){ .how = &sums[dtype], .finish = divide },
                        (fold_call){ .how = &deviations[dtype], .finish = finish, .parameter = (double)a->unbiased });
}

static bool run_var(const kernel_call *call)
{
    return reduce_deviations(call, divide);
}

static bool run_std(const kernel_call *call)
{
    return reduce_deviations(call, divide_and_root);
}

static bool run_logsumexp(const kernel_call *call)
{
    vt_dtype dtype = call->in[0].dtype;
    return reduce_twice(call, (fold_call){ .how = &largest[dtype] },
                        (fold_call){ .how = &exponentials[dtype], .finish = log_and_center });
}

/* Of an output that x went into: its gradient, the product of the elements that are not 0, and how many are. */
#define PROD_GRADIENT(name, type)                                                                                      \
    static void name(const type *x, int64_t n, int64_t step, const type *g, const double *product,                     \
                     const double *zeros, type *dx)                                                                    \
    {                                                                                                                  \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            double v = (double)x[i], p = product[i * step], z = zeros[i * step];                                       \
            double others = z == 0 ? p / v : z == 1 && v == 0 ? p : 0;                                                 \
            dx[i] = (type)((double)g[i * step] * others);                                                              \
        }                                                                                                              \
    }
PROD_GRADIENT(prod_gradient_f32, float)
PROD_GRADIENT(prod_gradient_f64, double)

static void spread_prod_gradient(const array *g, const array *x, int64_t axes, const double *product,
                                 const double *zeros, const array *dx)
{
    fold_loops l = fold_loops_of(x->shape, axes);
#pragma omp parallel for if (vt_shape_count(x->shape) > SMALL_WORK)
    for (int64_t o = 0; o < l.kept.count; o++) {
        int64_t first = l.run_folded ? o : o * l.run, step = !l.run_folded;
        for (int64_t k = 0; k < l.folded.count; k++) {
            int64_t at = fold_offset(&l.kept, o) + fold_offset(&l.folded, k);
            int64_t n = k == l.folded.count - 1 ? l.last_run : l.run;
            if (x->dtype == VT_F32)
                prod_gradient_f32((const float *)x->data + at, n, step, (const float *)g->data + first, product + first,
                                  zeros + first, (float *)dx->data + at);
            else
                prod_gradient_f64((const double *)x->data + at, n, step, (const double *)g->data + first,
                                  product + first, zeros + first, (double *)dx->data + at);
        }
    }
}

static bool run_prod_gradient(const kernel_call *call)
{
    const reduce_attributes *a = call->attributes;
    const array *g = &call->in[0], *x = &call->in[1];
    int64_t count = vt_shape_count(g->shape);
    double *totals = malloc((size_t)(2 * count + 1) * sizeof *totals);
    if (!totals) {
        refuse_call(call->op->name, (vt_site){ 0 }, VT_ERROR_MEMORY, "out of memory for %lld products",
                    (long long)count);
        return false;
    }
    fold_call products_of = { .x = x, .axes = a->axes, .how = &nonzero_products[x->dtype] }, zeros_of = products_of;
    zeros_of.how = &zero_counts[x->dtype];
    products_of.out = array_contiguous(totals, VT_F64, g->shape);
    zeros_of.out = array_contiguous(totals + count, VT_F64, g->shape);
    bool ok = fold_axes(call->op->name, &products_of) && fold_axes(call->op->name, &zeros_of);
    if (ok) spread_prod_gradient(g, x, a->axes, totals, totals + count, &call->out[0]);
    free(totals);
    return ok;
}

#define KERNEL(name, prepare_, bf16)                                                                                   \
    {                                                                                                                  \
        &op_##name,                                                                                                    \
        {                                                                                                              \
            .run = run_##name, .prepare = (prepare_), .strided = true, .bf16_in = (bf16)                               \
        }                                                                                                              \
    }
const kernel_row cpu_reduce_kernels[] = {
    KERNEL(sum, prepare_reduce, 1),
    KERNEL(mean, prepare_reduce, 1),
    KERNEL(prod, prepare_reduce, 0),
    KERNEL(max, prepare_reduce, 0),
    KERNEL(min, prepare_reduce, 0),
    KERNEL(any, prepare_reduce, 0),
    KERNEL(all, prepare_reduce, 0),
    KERNEL(norm, prepare_reduce, 0),
    KERNEL(var, prepare_reduce_twice, 0),
    KERNEL(std, prepare_reduce_twice, 0),
    KERNEL(logsumexp, prepare_reduce_twice, 0),
    { &op_prod_gradient, { .run = run_prod_gradient } },
    { 0 },
};
