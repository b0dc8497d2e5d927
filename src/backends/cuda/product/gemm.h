/* gemm.h - matrix products: the problem, and loops of our own for what the library does not take. */
#ifndef VITRO_BACKENDS_CUDA_PRODUCT_GEMM_H
#define VITRO_BACKENDS_CUDA_PRODUCT_GEMM_H

#include "backends/cuda/machine/device.h"

/* y [batch..., m, n] = a [batch..., m, k] b [batch..., k, n] + bias, summed in f32. y is contiguous; the strides of a
 * and b, in elements, are arbitrary, 0 along a batch axis that repeats. A dtype is VT_F32 or VT_BF16. Without padding:
 * it is also the key of what was chosen for it. */
typedef struct gemm_problem {
    int64_t m, n, k;
    int64_t a_row, a_column, b_row, b_column;
    int64_t batch_rank, batch[VT_MAX_RANK], a_batch[VT_MAX_RANK], b_batch[VT_MAX_RANK];
    int64_t in_dtype, y_dtype;
    int64_t has_bias;
} gemm_problem;

typedef struct gemm_operands {
    const void *a, *b;
    const void *bias; /* [n] in the dtype of y, added to each row; or NULL */
    void *y;
} gemm_operands;

/* Elements of y: none where there is nothing to do. */
int64_t gemm_count(const gemm_problem *p);

/* Queues loops that take every problem, and are far slower than the library. */
void gemm_queue(const gemm_problem *p, const gemm_operands *o);

#endif
