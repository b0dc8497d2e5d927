/* linear.c - matrix products on oneDNN, or on our own loops where it has nothing fast: f64, unusual strides. */
#include "backends/cpu/gemm.h"
#include "backends/cpu/kernels.h"
#include "backends/cpu/onednn.h"
#include "ops/linear.h"

static int64_t extent_from_end(const array *a, int i)
{
    return a->shape.dim[a->shape.rank - i];
}

static int64_t stride_from_end(const array *a, int i)
{
    return a->stride[a->shape.rank - i];
}

/* Appends a batch axis, outermost first; one that goes on where the last ended is merged with it. */
static void add_batch_axis(gemm_problem *p, int64_t extent, int64_t a_stride, int64_t b_stride)
{
    if (extent == 1) return;
    int64_t last = p->batch_rank - 1;
    if (last >= 0 && p->a_batch[last] == extent * a_stride && p->b_batch[last] == extent * b_stride) {
        p->batch[last] *= extent;
        p->a_batch[last] = a_stride;
        p->b_batch[last] = b_stride;
        return;
    }
    p->batch[p->batch_rank] = extent;
    p->a_batch[p->batch_rank] = a_stride;
    p->b_batch[p->batch_rank] = b_stride;
    p->batch_rank++;
}

/* Where b is the same for every step along the innermost batch axis, that axis can be more rows of a. */
static void fold_batch_into_rows(gemm_problem *p)
{
    int64_t last = p->batch_rank - 1;
    if (last < 0 || p->b_batch[last] != 0) return;
    if (p->m == 1)
        p->a_row = p->a_batch[last];
    else if (p->a_batch[last] != p->m * p->a_row)
        return;
    p->m *= p->batch[last];
    p->batch[last] = p->a_batch[last] = 0;
    p->batch_rank--;
}

static gemm_problem problem_of(const array *a, bool transpose_a, const array *b, bool transpose_b, vt_shape y)
{
    gemm_problem p = {
        .m = extent_from_end(a, transpose_a ? 1 : 2),
        .k = extent_from_end(a, transpose_a ? 2 : 1),
        .n = extent_from_end(b, transpose_b ? 2 : 1),
        .a_row = stride_from_end(a, transpose_a ? 1 : 2),
        .a_column = stride_from_end(a, transpose_a ? 2 : 1),
        .b_row = stride_from_end(b, transpose_b ? 1 : 2),
        .b_column = stride_from_end(b, transpose_b ? 2 : 1),
    };
    for (int i = y.rank; i > 2; i--) {
        bool a_moves = i <= a->shape.rank && extent_from_end(a, i) != 1;
        bool b_moves = i <= b->shape.rank && extent_from_end(b, i) != 1;
        add_batch_axis(&p, y.dim[y.rank - i], a_moves ? stride_from_end(a, i) : 0, b_moves ? stride_from_end(b, i) : 0);
    }
    fold_batch_into_rows(&p);
    return p;
}

static bool run_matmul(const kernel_call *call)
{
    const matmul_attributes *t = call->attributes;
    const array *a = &call->in[0], *b = &call->in[1], *y = &call->out[0];
    if (vt_shape_count(y->shape) == 0) return true;
    gemm_problem p = problem_of(a, t->transpose_a, b, t->transpose_b, y->shape);
    if (y->dtype == VT_F64) return gemm_f64(&p, a->data, b->data, y->data, false);
    return (p.k > 0 && onednn_matmul(&p, a->data, b->data, NULL, y->data)) ||
           gemm_f32(&p, a->data, b->data, y->data, false);
}

#define ADD_BIAS(type)                                                                                                 \
    for (int64_t i = 0; i < rows; i++)                                                                                 \
        for (int64_t j = 0; j < columns; j++)                                                                          \
    ((type *)y->data)[i * columns + j] += ((const type *)bias->data)[j * bias->stride[0]]

static void add_bias(const array *y, const array *bias)
{
    if (!bias->data) return;
    int64_t columns = bias->shape.dim[0], rows = vt_shape_count(y->shape) / columns;
    if (y->dtype == VT_F64)
        ADD_BIAS(double);
    else
        ADD_BIAS(float);
}

static bool run_linear(const kernel_call *call)
{
    const array *x = &call->in[0], *weight = &call->in[1], *y = &call->out[0];
    array bias = call->inputs > 2 ? call->in[2] : (array){ .data = NULL };
    if (vt_shape_count(y->shape) == 0) return true;
    array rows = *x; /* a vector is one row */
    if (x->shape.rank == 1) array_reshape(*x, VT_SHAPE(1, x->shape.dim[0]), &rows);
    gemm_problem p = problem_of(&rows, false, weight, true, y->shape);
    if (y->dtype == VT_F32 && p.k > 0 && (!bias.data || bias.stride[0] == 1) &&
        onednn_matmul(&p, x->data, weight->data, bias.data, y->data))
        return true;
    bool ok = y->dtype == VT_F64 ? gemm_f64(&p, x->data, weight->data, y->data, false)
                                 : gemm_f32(&p, x->data, weight->data, y->data, false);
    if (ok) add_bias(y, &bias);
    return ok;
}

const kernel_row cpu_linear_kernels[] = {
    { &op_matmul, { .run = run_matmul, .strided = true } },
    { &op_linear, { .run = run_linear, .strided = true } },
    { 0 },
};
