/* convolution.h - convolutions of the CPU backend: the problem, and this library's own solution of it. */
#ifndef VITRO_BACKENDS_CPU_IMAGE_CONVOLUTION_H
#define VITRO_BACKENDS_CPU_IMAGE_CONVOLUTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum convolution_pass { CONVOLUTION_FORWARD, CONVOLUTION_INPUT_GRADIENT, CONVOLUTION_WEIGHT_GRADIENT };

/* x [batch, size, channels], weight [outputs, channels / groups, kernel], y [batch, output, outputs], as they lie in
 * memory; pairs are vertical and horizontal. Without padding: it is also the key of what was chosen. */
typedef struct convolution {
    int64_t batch, channels, outputs, groups;
    int64_t size[2], kernel[2], output[2];
    int64_t stride[2], padding[2], dilation[2];
    int64_t x_bf16, y_bf16; /* whether f32 lies in memory as bf16 */
} convolution;

/* The padding below or right of x; `padding` is that above and left of it. The same, if y may be of that: libraries
 * have more code for it. Otherwise what y reads. */
static inline int64_t padding_behind(const convolution *p, int axis)
{
    int64_t window = p->dilation[axis] * (p->kernel[axis] - 1) + 1;
    int64_t room = p->size[axis] + 2 * p->padding[axis] - window;
    if (room >= 0 && room / p->stride[axis] + 1 == p->output[axis]) return p->padding[axis];
    int64_t behind = (p->output[axis] - 1) * p->stride[axis] + window - p->padding[axis] - p->size[axis];
    return behind > 0 ? behind : 0;
}

/* Gathers windows as rows of a matrix, and multiplies (Chellapilla et al. 2006). The pass says which of x, weight and y
 * is written. The bias may be NULL, and is of the forward pass alone; `scratch` is im2col_scratch bytes, asked for at
 * the same number of threads, 64-byte aligned. */
size_t im2col_scratch_f32(const convolution *p, enum convolution_pass pass);
size_t im2col_scratch_f64(const convolution *p, enum convolution_pass pass);
void im2col_f32(const convolution *p, enum convolution_pass pass, void *x, float *weight, const float *bias, void *y,
                void *scratch);
void im2col_f64(const convolution *p, enum convolution_pass pass, void *x, double *weight, const double *bias, void *y,
                void *scratch);

#endif
