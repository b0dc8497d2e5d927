/* convolution.h - convolution of images. */
#ifndef VITRO_CONVOLUTION_H
#define VITRO_CONVOLUTION_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_conv2d_args {
    vt_site at_;
    vt_tensor x, weight;
    vt_named_only names_from_here_;
    vt_tensor bias;                /* [O]; left out: none */
    int stride, padding, dilation; /* of both axes */
    int strides[2], paddings[2];   /* vertical and horizontal, in place of the one number for both: VT_AUTO */
    int dilations[2];
    int groups; /* C for a depth-wise convolution */
} vt_conv2d_args;
#define VT_CONV2D_DEFAULTS                                                                                             \
    .stride = 1, .padding = 0, .dilation = 1, .strides = { VT_AUTO, VT_AUTO }, .paddings = { VT_AUTO, VT_AUTO },       \
    .dilations = { VT_AUTO, VT_AUTO }, .groups = 1
VT_API vt_conv2d_args vt_conv2d_defaults(void);
/* x [N, C, H, W] cross-correlated with weight [O, C / groups, kh, kw], plus bias: [N, O, H', W'] with
 * H' = floor((H + 2 padding - dilation (kh - 1) - 1) / stride) + 1, and W' alike. Around x there are `padding` zeros on
 * each side; output channels go through `groups` equal parts of the input channels. f32 or f64.
 * Errors: channels that do not match; a kernel larger than the padded x; one number and a pair for the same thing. */
VT_API vt_tensor vt_conv2d_with(const vt_conv2d_args *a);
#define vt_conv2d(...)                                                                                                 \
    VT_CALL(vt_conv2d_with, vt_conv2d_args, VT_CONV2D_DEFAULTS, 2,                                                     \
            "vt_conv2d(x, weight, .bias .stride .padding .dilation .strides .paddings .dilations "                     \
            ".groups)",                                                                                                \
            __VA_ARGS__)

#ifdef __cplusplus
}
#endif
#endif
