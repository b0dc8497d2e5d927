/* blas.h - matrix products by cuBLASLt. */
#ifndef VITRO_BACKENDS_CUDA_PRODUCT_BLAS_H
#define VITRO_BACKENDS_CUDA_PRODUCT_BLAS_H

#include "backends/cuda/product/gemm.h"

/* A product with all that the library needs to run it. For one thread at a time. */
typedef struct blas_product blas_product;

/* How often the library is called for one product: once for each step along batch axes that it cannot take together
 * with the longest; 0 where it has no words for the matrices. */
int64_t blas_calls(const gemm_problem *p);

/* False with an error; true with NULL where the library does not take the product. */
bool blas_prepare(const gemm_problem *p, blas_product **product);
/* Bytes of working memory, which is to be aligned to MEMORY_ALIGNMENT. */
size_t blas_scratch(const blas_product *product);
/* Whether the operands lie as the library wants them. */
bool blas_takes(const gemm_operands *o);
/* Queues it. The first run that is no part of a graph times what the library proposes, and keeps the fastest for all
 * products of that problem; with VT_TUNE=0 it is what the library holds to be that. Raises an error and returns false
 * where the library fails. */
bool blas_run(blas_product *product, const gemm_operands *o, void *scratch);
void blas_discard(blas_product *product);

#endif
