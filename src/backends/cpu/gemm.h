/* gemm.h - matrix products of any strides: the problem, and this library's own solution of it. */
#ifndef VITRO_BACKENDS_CPU_GEMM_H
#define VITRO_BACKENDS_CPU_GEMM_H

#include <vitro/base.h>

/* y [batch..., m, n] = Σ a [batch..., m, k] b [batch..., k, n] over `sum` pairs of a and b (0: one). y is contiguous;
 * the strides of a and b, in elements, are arbitrary, 0 along a batch axis that repeats. Without padding: it is also
 * the key of cached primitives. */
typedef struct gemm_problem {
    int64_t m, n, k;
    int64_t a_row, a_column, b_row, b_column;
    int64_t batch_rank, batch[VT_MAX_RANK], a_batch[VT_MAX_RANK], b_batch[VT_MAX_RANK];
    int64_t sum, a_sum, b_sum;
} gemm_problem;

/* Packs blocks and multiplies them in registers. With `accumulate` the product is added to y. False, with an error,
 * where memory is short. */
bool gemm_f32(const gemm_problem *p, const float *a, const float *b, float *y, bool accumulate);
bool gemm_f64(const gemm_problem *p, const double *a, const double *b, double *y, bool accumulate);

#endif
