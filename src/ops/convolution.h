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

/* Inputs and outputs. What is marked ? may be absent.
 *
 * conv2d: x [N, C, height, width], weight [O, C / groups, kernel height, kernel width], bias? [O] -> y [N, O, ...] */
enum { CONV2D_X, CONV2D_WEIGHT, CONV2D_BIAS };

/* conv2d_input_gradient: g as y, weight -> dx as x */
enum { INPUT_GRADIENT_G, INPUT_GRADIENT_WEIGHT };

/* conv2d_weight_gradient: g as y, x -> dweight as weight */
enum { WEIGHT_GRADIENT_G, WEIGHT_GRADIENT_X };

/* conv2d_gradients: g as y, weight, x -> dx as x, dweight as weight, dbias? [O]; `size` is that of x */
enum { CONV2D_GRADIENTS_G, CONV2D_GRADIENTS_WEIGHT, CONV2D_GRADIENTS_X };
enum { CONV2D_GRADIENTS_DX, CONV2D_GRADIENTS_DWEIGHT, CONV2D_GRADIENTS_DBIAS };

/* conv2d_scaled: x and weight as those of conv2d, scale [O], shift [O], bias? [O] -> y, scaled and shifted */
enum { CONV2D_SCALED_X, CONV2D_SCALED_WEIGHT, CONV2D_SCALED_SCALE, CONV2D_SCALED_SHIFT, CONV2D_SCALED_BIAS };

/* Of the first three, as a mask: what is multiplied. */
enum { CONVOLUTION_FACTORS = 1 << CONV2D_X | 1 << CONV2D_WEIGHT };

#endif
