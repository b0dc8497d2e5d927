/* pooling.h - attributes of max pooling. */
#ifndef VITRO_OPS_POOLING_H
#define VITRO_OPS_POOLING_H

#include <stdint.h>

/* Pairs are vertical and horizontal. Padding is above and left of x, padding_behind below and right of it. */
typedef struct max_pool2d_attributes {
    int64_t kernel[2], stride[2], padding[2], padding_behind[2], dilation[2], ceil;
} max_pool2d_attributes;

/* max_pool2d: x [N, C, height, width] -> y [N, C, ...] and, of each of its elements, index: the number in its plane of
 * x of the element that was chosen, i64 */
enum { MAX_POOL2D_Y, MAX_POOL2D_INDEX };

/* max_pool2d_gradient(g, index): zeros of the given extents, with each element of g added where it came from; that is
 * in its window, from the first to the last of its elements `kernel` long, or anywhere where that is 0. Its transpose,
 * max_pool2d_choose(x, index), takes from x the elements with the given numbers, and has no attributes. */
typedef struct max_pool2d_gradient_attributes {
    int64_t size[2];
    int64_t kernel[2], stride[2], padding[2];
} max_pool2d_gradient_attributes;

#endif
