/* onednn_matmul.c - matrix products as primitives of oneDNN. */
#include "backends/cpu/onednn/onednn_plan.h"

static dnnl_status_t describe_matmul(const void *problem, const argument *arguments, dnnl_engine_t engine,
                                     const_dnnl_primitive_attr_t attributes, dnnl_primitive_desc_t *out)
{
    (void)problem;
    descriptor a = descriptor_plain(&arguments[0].layout), b = descriptor_plain(&arguments[1].layout);
    descriptor bias = arguments[2].layout.rank ? descriptor_plain(&arguments[2].layout) : NULL;
    descriptor y = descriptor_plain(&arguments[3].layout);
    dnnl_status_t status = dnnl_invalid_arguments;
    if (a && b && y && (bias || !arguments[2].layout.rank)) {
#if DNNL_VERSION_MAJOR >= 3
        status = dnnl_matmul_primitive_desc_create(out, engine, a, b, bias, y, attributes);
#else
        dnnl_matmul_desc_t operation;
        status = dnnl_matmul_desc_init(&operation, a, b, bias, y);
        if (status == dnnl_success) status = dnnl_primitive_desc_create(out, &operation, attributes, engine, NULL);
#endif
    }
    descriptor_free(a);
    descriptor_free(b);
    descriptor_free(bias);
    descriptor_free(y);
    return status;
}

/* oneDNN is fast on matrices that are contiguous along one of their axes. The stride of an extent of 1 is free; a
 * single row must be contiguous itself, as version 3.7 reads one that is not as if it were. */
static bool settle_matrix(int64_t rows, int64_t columns, int64_t *row, int64_t *column)
{
    if (columns == 1) *column = 1;
    if (rows == 1) *row = columns;
    if (rows == 1 && *column != 1) return false;
    return (*column == 1 && *row >= columns) || (*row == 1 && *column >= rows);
}

/* One operand's layout: batches that repeat become an extent of 1, which oneDNN broadcasts. */
static layout operand(const gemm_problem *p, const int64_t *batch_stride, int64_t rows, int64_t columns, int64_t row,
                      int64_t column)
{
    int rank = (int)p->batch_rank;
    layout l = { .rank = rank + 2 };
    for (int i = 0; i < rank; i++) {
        l.dim[i] = batch_stride[i] ? p->batch[i] : 1;
        l.stride[i] = batch_stride[i] ? batch_stride[i] : rows * columns;
    }
    l.dim[rank] = rows;
    l.dim[rank + 1] = columns;
    l.stride[rank] = row;
    l.stride[rank + 1] = column;
    return l;
}

static bool is_broadcast_on_one_side(const gemm_problem *p)
{
    for (int i = 0; i < p->batch_rank; i++) {
        bool repeats = p->a_batch[i] == 0 && p->b_batch[i] == 0 && p->batch[i] > 1;
        if (repeats || p->a_batch[i] < 0 || p->b_batch[i] < 0) return false;
    }
    return true;
}

onednn_plan *onednn_prepare_matmul(const gemm_problem *p, bool has_bias)
{
    gemm_problem q = *p;
    bool plain = !q.a_dtype && !q.b_dtype && !q.y_dtype && !q.epilogue;
    if (!plain || q.sum > 1 || !settle_matrix(q.m, q.k, &q.a_row, &q.a_column) ||
        !settle_matrix(q.k, q.n, &q.b_row, &q.b_column) || !is_broadcast_on_one_side(&q))
        return NULL;
    int rank = (int)q.batch_rank;
    int64_t y_dim[VT_MAX_RANK + 2], bias_dim[VT_MAX_RANK + 2];
    for (int i = 0; i < rank; i++) {
        y_dim[i] = q.batch[i];
        bias_dim[i] = 1;
    }
    y_dim[rank] = q.m;
    bias_dim[rank] = 1;
    y_dim[rank + 1] = bias_dim[rank + 1] = q.n;
    argument arguments[] = {
        { DNNL_ARG_SRC, false, operand(&q, q.a_batch, q.m, q.k, q.a_row, q.a_column) },
        { DNNL_ARG_WEIGHTS, false, operand(&q, q.b_batch, q.k, q.n, q.b_row, q.b_column) },
        { DNNL_ARG_BIAS, false, layout_contiguous(has_bias ? rank + 2 : 0, bias_dim) },
        { DNNL_ARG_DST, true, layout_contiguous(rank + 2, y_dim) },
    };
    return onednn_prepare(describe_matmul, &q, arguments, 4);
}
