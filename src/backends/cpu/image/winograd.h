/* winograd.h - convolutions of 3 by 3 by Winograd's algorithm F(4x4, 3x3) (Lavin & Gray 2016), in f32: 36 products of
 * matrices give 16 elements of y where the definition takes 144 multiplications, at a relative error of some 2e-6. */
#ifndef VITRO_BACKENDS_CPU_IMAGE_WINOGRAD_H
#define VITRO_BACKENDS_CPU_IMAGE_WINOGRAD_H

#include "backends/cpu/image/convolution.h"

/* 3 by 3, of stride 1, padded by at most 2, in one group or in groups of 16 channels and outputs or more. In one group
 * any number of channels is right, but vectors are filled up with zeros: below 16 another algorithm is faster. */
bool winograd_supports(const convolution *p);

/* As im2col_f32. The same number of threads goes to both functions; results have the same bits at the same number. */
size_t winograd_scratch(const convolution *p, enum convolution_pass pass, int threads);
void winograd_convolve(const convolution *p, enum convolution_pass pass, int threads, void *x, float *weight,
                       const float *bias, void *y, void *scratch);

#endif
