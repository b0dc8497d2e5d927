/* gemm.h - matrix products of any strides: the problem, and this library's own solution of it. */
#ifndef VITRO_BACKENDS_CPU_PRODUCT_GEMM_H
#define VITRO_BACKENDS_CPU_PRODUCT_GEMM_H

#include <vitro/base.h>

/* What becomes of y = a b + bias before it is stored; `other` is a matrix of y's shape. */
typedef enum gemm_epilogue {
    GEMM_NOTHING,
    GEMM_RELU,
    GEMM_GELU,          /* gelu(y), exact, and y itself goes to `other` */
    GEMM_GELU_GRADIENT, /* y gelu'(other) */
    GEMM_ADD,           /* y + other, which may be y's own memory */
} gemm_epilogue;

/* y [batch..., m, n] = Σ a [batch..., m, k] b [batch..., k, n] over `sum` pairs of a and b (0: one). y is contiguous;
 * the strides of a and b, in elements, are arbitrary, 0 along a batch axis that repeats. A dtype is VT_BF16 where an
 * f32 matrix lies in memory as that, or VT_DTYPE_DEFAULT. Without padding: it is also the key of cached primitives. */
typedef struct gemm_problem {
    int64_t m, n, k;
    int64_t a_row, a_column, b_row, b_column;
    int64_t batch_rank, batch[VT_MAX_RANK], a_batch[VT_MAX_RANK], b_batch[VT_MAX_RANK];
    int64_t sum, a_sum, b_sum;
    int64_t a_dtype, b_dtype, y_dtype, other_dtype;
    int64_t epilogue;
    int64_t row_sums; /* 1: rows of a are summed along k too, over all pairs. For n > 0 */
} gemm_problem;

typedef struct gemm_operands {
    const void *a, *b;
    const void *bias; /* [n], added to each row; or NULL. Not in bf16 */
    void *y, *other;
    void *row_sums; /* [batch..., m], where the problem asks for them. Not in bf16 */
} gemm_operands;

/* What multiplies: vectors of elements, of which those in bf16 are widened first; vectors of pairs of bf16 elements
 * (AVX512_BF16); matrices of such pairs (AMX). */
typedef enum gemm_unit { GEMM_VECTORS, GEMM_PAIRS, GEMM_MATRICES } gemm_unit;

/* How a problem is cut into blocks, for as many threads as the next parallel region gets. Results do not depend on how
 * many: each element of y is summed in parts and slices of k that follow from the problem alone. */
typedef struct gemm_plan {
    gemm_problem problem;
    int64_t batches, threads;
    int64_t parts, steps;            /* of k; in which a block is summed: parts of all pairs */
    int64_t depth, columns, rows;    /* of a block */
    int64_t tile_rows, across, down; /* rows of a tile; blocks of columns, tiles of rows */
    int64_t pieces;                  /* of all tiles: threads take one after another */
    int64_t slices;                  /* of the steps: each has sums of its own until the end */
    gemm_unit unit;
    bool packs_a;
    bool reads_across;  /* rows of a where they lie side by side, unpacked */
    int64_t a_stride;   /* of packed rows: an odd number of lines, so that they do not meet in few sets of the cache */
    bool finishes;      /* sums are turned into elements of y by more than a copy */
    bool keeps_sums;    /* of a block apart from y, some of them or all */
    bool shares_b;      /* b is packed before all else, for all threads */
    bool steps_by_step; /* each step of all blocks, before the next */
    int64_t a_elements, b_elements, sums_elements, thread_elements; /* elements of working memory of a thread */
    int64_t shared_elements, slice_elements; /* of b where it is shared; of a slice that is not y itself */
    int64_t totals;                          /* of rows, in f64, of all slices */
    size_t scratch;                          /* bytes of working memory */
} gemm_plan;

gemm_plan gemm_plan_f32(const gemm_problem *p);
gemm_plan gemm_plan_f64(const gemm_problem *p);
/* The unit that is the fastest for operands that are bf16 in memory. */
gemm_unit gemm_bf16_unit(void);
/* For a unit other than the fastest: gemm_can says whether this machine has it and operands are such as it takes. */
bool gemm_can(const gemm_problem *p, gemm_unit unit);
gemm_plan gemm_plan_for(const gemm_problem *p, gemm_unit unit);
/* Packs blocks and multiplies them in registers, in 64-byte aligned working memory. */
void gemm_run_f32(const gemm_plan *plan, const gemm_operands *o, void *scratch);
void gemm_run_f64(const gemm_plan *plan, const gemm_operands *o, void *scratch);

/* The same, planned and with memory of its own; false, with an error, where that is short. */
bool gemm_f32(const gemm_problem *p, const gemm_operands *o);
bool gemm_f64(const gemm_problem *p, const gemm_operands *o);

#endif
