/* convolution.h - convolutions of the CUDA backend: the problem, and who can solve it. */
#ifndef VITRO_BACKENDS_CUDA_IMAGE_CONVOLUTION_H
#define VITRO_BACKENDS_CUDA_IMAGE_CONVOLUTION_H

#include <stddef.h>
#include <stdint.h>

enum convolution_pass { CONVOLUTION_FORWARD, CONVOLUTION_INPUT_GRADIENT, CONVOLUTION_WEIGHT_GRADIENT };

/* x [batch, size, channels], weight [outputs, kernel, channels / groups], y [batch, output, outputs], as they lie in
 * memory; pairs are vertical and horizontal. What a pass reads is of one dtype, VT_F32 or VT_BF16; what it writes may
 * be VT_F32 all the same. Without padding: it is also the key of what was chosen for it. */
typedef struct convolution {
    int64_t pass;
    int64_t batch, channels, outputs, groups;
    int64_t size[2], kernel[2], output[2];
    int64_t stride[2], padding[2], dilation[2];
    int64_t dtype, result_dtype;
    int64_t has_bias;
} convolution;

static inline int64_t weight_count(const convolution *p)
{
    return p->outputs * (p->channels / p->groups) * p->kernel[0] * p->kernel[1];
}

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

/* x and weight; the gradient of y, and weight; the gradient of y, and x: to y, the gradient of x, of weight. */
typedef struct convolution_operands {
    const void *a, *b;
    const float *bias; /* [outputs], of the forward pass alone; or NULL */
    void *result;
} convolution_operands;

#endif
