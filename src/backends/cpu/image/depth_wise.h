/* depth_wise.h - convolutions of one channel each, in f32: as many groups as channels, and as outputs. */
#ifndef VITRO_BACKENDS_CPU_IMAGE_DEPTH_WISE_H
#define VITRO_BACKENDS_CPU_IMAGE_DEPTH_WISE_H

#include "backends/cpu/image/convolution.h"

/* Of any kernel, stride, padding and dilation, of images in f32 that have as many channels as a vector has elements. */
bool depth_wise_supports(const convolution *p);

/* Whether its result is so large that it is written past the caches. */
bool depth_wise_streams(const convolution *p, enum convolution_pass pass, int threads);

/* As im2col_f32. The same number of threads goes to both functions; results have the same bits at any number. */
size_t depth_wise_scratch(const convolution *p, enum convolution_pass pass, int threads);
void depth_wise_convolve(const convolution *p, enum convolution_pass pass, int threads, void *x, float *weight,
                         const float *bias, void *y, void *scratch);

/* Whether they are faster so: both gradients and, where it is not NULL, that of the bias, of reading g, as y, and x
 * once. */
bool depth_wise_gradients_pay(const convolution *p, int threads);
size_t depth_wise_gradients_scratch(const convolution *p, int threads);
void depth_wise_gradients(const convolution *p, int threads, const float *g, const float *x, const float *weight,
                          float *dx, float *dweight, float *dbias, void *scratch);

#endif
