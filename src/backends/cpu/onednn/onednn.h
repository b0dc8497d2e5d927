/* onednn.h - what the CPU backend asks of oneDNN: plans, prepared once and executed often. Preparing gives
 * NULL, and no error, where oneDNN is absent or would only run its slow `ref` code: the caller computes the result in
 * another way. Where memory is short it is NULL with an error. Not to be called inside a parallel region. */
#ifndef VITRO_BACKENDS_CPU_ONEDNN_ONEDNN_H
#define VITRO_BACKENDS_CPU_ONEDNN_ONEDNN_H

#include "backends/cpu/image/convolution.h"
#include "backends/cpu/product/gemm.h"

/* For one thread at a time. It runs on as many threads as there were when it was made. */
typedef struct onednn_plan onednn_plan;

/* y = a b, in f32 without an epilogue, plus a contiguous bias [n] on every row. Its data: a, b, bias (NULL without), y.
 */
onednn_plan *onednn_prepare_matmul(const gemm_problem *p, bool has_bias);

/* Its data: x, weight, bias (NULL without), y. Where x and y are bf16 in memory, and the processor multiplies bf16
 * faster than f32, weights are rounded to bf16 too. */
onednn_plan *onednn_prepare_convolution(const convolution *p, enum convolution_pass pass, bool has_bias);

/* Bytes of 64-byte aligned memory that executing needs. */
size_t onednn_scratch(const onednn_plan *p);
bool onednn_execute(const onednn_plan *p, void *const *data, void *scratch);
void onednn_discard(onednn_plan *p);

/* Of the library that is in use; "none" without. */
void onednn_version(char text[32]);

/* What oneDNN calls its code: for tests and measurements. */
const char *onednn_implementation(const onednn_plan *p);

#endif
