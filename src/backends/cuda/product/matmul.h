/* matmul.h - a matrix product for a kernel: by the library, or by loops of our own where that does not take it. */
#ifndef VITRO_BACKENDS_CUDA_PRODUCT_MATMUL_H
#define VITRO_BACKENDS_CUDA_PRODUCT_MATMUL_H

#include "backends/cuda/product/gemm.h"

/* For one thread at a time. */
typedef struct matmul matmul;

/* NULL with an error. */
matmul *matmul_prepare(const gemm_problem *p);
/* Bytes of working memory that running needs, aligned to MEMORY_ALIGNMENT. */
size_t matmul_scratch(const matmul *m);
/* Queues it; false with an error. */
bool matmul_run(matmul *m, const gemm_operands *o, void *scratch);
void matmul_discard(matmul *m);

#endif
