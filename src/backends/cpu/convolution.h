/* convolution.h - convolutions of the CPU backend: the problem, and this library's own solution of it. */
#ifndef VITRO_BACKENDS_CPU_CONVOLUTION_H
#define VITRO_BACKENDS_CPU_CONVOLUTION_H

#include <stdbool.h>
#include <stdint.h>

enum convolution_pass { CONVOLUTION_FORWARD, CONVOLUTION_INPUT_GRADIENT, CONVOLUTION_WEIGHT_GRADIENT };

/* x [batch, channels, size], weight [outputs, channels / groups, kernel], y [batch, outputs, output]; pairs are
 * vertical and horizontal. Without padding: it is also part of the key of cached primitives. */
typedef struct convolution {
    int64_t batch, channels, outputs, groups;
    int64_t size[2], kernel[2], output[2];
    int64_t stride[2], padding[2], dilation[2];
} convolution;

/* Gathers the windows of an image as columns of a matrix, and multiplies (Chellapilla et al. 2006). The arrays are
 * contiguous; the pass says which of them is written. The bias may be NULL, and is of the forward pass alone. False,
 * with an error, where memory is short. */
bool convolve_f32(const convolution *p, enum convolution_pass pass, float *x, float *weight, const float *bias,
                  float *y);
bool convolve_f64(const convolution *p, enum convolution_pass pass, double *x, double *weight, const double *bias,
                  double *y);

#endif
