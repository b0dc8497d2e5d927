/* pooling_windows.h - the windows that a call of pooling goes over an image with, or a signal, said in its words. */
#ifndef VITRO_OPS_POOLING_WINDOWS_H
#define VITRO_OPS_POOLING_WINDOWS_H

#include "ops/pooling.h"
#include <vitro/base.h>

typedef struct pooling_call {
    const char *name;
    vt_site at;
    int axes; /* 2: of images, height and width; 1: of signals, length */
} pooling_call;

/* The options of images as the call gives them: one number for both axes, or a pair. */
typedef struct window_options {
    int kernel, stride, padding, dilation;
    const int *kernel_hw, *stride_hw, *padding_hw, *padding_sides, *dilation_hw; /* dilation_hw NULL: 1 */
    bool ceil;
} window_options;

/* Those of signals. */
typedef struct signal_windows {
    int kernel, stride, padding, dilation;
    const int *padding_sides;
    bool ceil;
} signal_windows;

/* Settles the options; false, with an error, where they make no sense. Signals are images of height 1. */
bool settle_windows(const pooling_call *c, const window_options *o, max_pool2d_attributes *w);
bool settle_signal_windows(const pooling_call *c, const signal_windows *o, max_pool2d_attributes *w);

/* How many windows there are along an axis of an image; below 1 where none fits. */
int64_t window_count(const max_pool2d_attributes *w, int axis, int64_t size);

/* Whether x is an image of floats, or a signal, with an element or more. Gives its height, 1 of signals, and width. */
bool is_pooled(const pooling_call *c, vt_tensor x, int64_t from[2]);

/* The numbers of windows over x, of the given extents; false, with an error, where none fits. */
bool count_windows(const pooling_call *c, vt_tensor x, const int64_t from[2], const max_pool2d_attributes *w,
                   int64_t to[2]);

/* Whether the extents that a call asks for are 1 or more. */
bool adaptive_size_fits(const pooling_call *c, int height, int width);

#endif
