/* matmul.h - a matrix product, prepared once for our own loops or for oneDNN, whichever is faster. */
#ifndef VITRO_BACKENDS_CPU_PRODUCT_MATMUL_H
#define VITRO_BACKENDS_CPU_PRODUCT_MATMUL_H

#include "backends/cpu/product/gemm.h"

/* For one thread at a time. */
typedef struct matmul matmul;

/* Of f32 matrices, some of which may lie in memory as bf16, or of f64 ones. NULL where memory is short. */
matmul *matmul_prepare(const gemm_problem *p, bool has_bias, bool is_f64);
/* Bytes of 64-byte aligned memory that running needs. */
size_t matmul_scratch(const matmul *m);
/* False where oneDNN fails. */
bool matmul_run(const matmul *m, const gemm_operands *o, void *scratch);
void matmul_discard(matmul *m);

#endif
