/* onednn.h - what the CPU backend asks of oneDNN, in f32. Each call finds its primitive among those made before, or
 * makes it. False, and no error, where oneDNN is absent or would only run its slow `ref` code: the caller computes the
 * result in another way. Not to be called inside a parallel region. */
#ifndef VITRO_BACKENDS_CPU_ONEDNN_H
#define VITRO_BACKENDS_CPU_ONEDNN_H

#include "backends/cpu/convolution.h"
#include "backends/cpu/gemm.h"

/* y = a b, plus, where it is not NULL, a contiguous bias [n] on every row. */
bool onednn_matmul(const gemm_problem *p, const float *a, const float *b, const float *bias, float *y);

/* As convolve_f32. */
bool onednn_convolution(const convolution *p, enum convolution_pass pass, float *x, float *weight, const float *bias,
                        float *y);

/* What oneDNN calls the code that this thread ran last, "" before any: for tests and measurements. */
const char *onednn_last_implementation(void);

#endif
