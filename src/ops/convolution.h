/* convolution.h - attributes of convolutions, and their gradients. */
#ifndef VITRO_OPS_CONVOLUTION_H
#define VITRO_OPS_CONVOLUTION_H

#include <stdint.h>

/* Pairs are vertical and horizontal. Padding is above and left of x, padding_behind below and right of it. `size` is
 * what the inputs of a gradient do not tell: the extents of x for conv2d_input_gradient, of the kernel for
 * conv2d_weight_gradient; zero for conv2d. */
typedef struct conv2d_attributes {
    int64_t stride[2], padding[2], padding_behind[2], dilation[2], groups, size[2];
} conv2d_attributes;

#endif
