/* convolution.h - convolution of images and of signals, and its transpose. */
#ifndef VITRO_CONVOLUTION_H
#define VITRO_CONVOLUTION_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_conv2d_args {
    vt_site at_;
    vt_tensor x, weight;
    vt_named_only named_only_;
    vt_tensor bias;                  /* [O]; left out: none */
    int stride, padding, dilation;   /* of both axes */
    int stride_hw[2], padding_hw[2]; /* vertical and horizontal, in place of the one number for both: VT_AUTO */
    int dilation_hw[2];
    int padding_sides[4]; /* top, bottom, left and right, in place of `padding` or `padding_hw`: VT_AUTO */
    int groups;           /* C for a depth-wise convolution */
} vt_conv2d_args;
#define VT_CONV2D_DEFAULTS                                                                                             \
    .stride = 1, .padding = 0, .dilation = 1, .stride_hw = { VT_AUTO, VT_AUTO }, .padding_hw = { VT_AUTO, VT_AUTO },   \
    .dilation_hw = { VT_AUTO, VT_AUTO }, .padding_sides = { VT_AUTO, VT_AUTO, VT_AUTO, VT_AUTO }, .groups = 1
VT_API vt_conv2d_args vt_conv2d_defaults(void);
/* x [N, C, H, W] cross-correlated with weight [O, C / groups, kh, kw], plus bias: [N, O, H', W'] with
 * H' = floor((H + 2 padding - dilation (kh - 1) - 1) / stride) + 1, and W' alike. Around x there are `padding` zeros on
 * each side, or as many as `padding_sides` says, whose sum then takes the place of 2 padding; output channels go
 * through `groups` equal parts of the input channels. f32 or f64. Errors: channels that do not match; a kernel larger
 * than the padded x; one number and a pair for the same thing. */
VT_API vt_tensor vt_conv2d_with(const vt_conv2d_args *a);
#define vt_conv2d(...)                                                                                                 \
    VT_CALL(vt_conv2d_with, vt_conv2d_args, VT_CONV2D_DEFAULTS, 2,                                                     \
            "vt_conv2d(x, weight, .bias .stride .padding .dilation .stride_hw .padding_hw .dilation_hw "               \
            ".padding_sides .groups)",                                                                                 \
            __VA_ARGS__)

typedef struct vt_conv1d_args {
    vt_site at_;
    vt_tensor x, weight;
    vt_named_only named_only_;
    vt_tensor bias; /* [O]; left out: none */
    int stride, padding, dilation;
    int padding_sides[2]; /* left and right, in place of `padding`: VT_AUTO */
    int groups;
} vt_conv1d_args;
#define VT_CONV1D_DEFAULTS .stride = 1, .padding = 0, .dilation = 1, .padding_sides = { VT_AUTO, VT_AUTO }, .groups = 1
VT_API vt_conv1d_args vt_conv1d_defaults(void);
/* x [N, C, L] cross-correlated with weight [O, C / groups, k], plus bias: [N, O, L'], as vt_conv2d along one axis. A
 * causal convolution: .padding_sides = { dilation * (k - 1), 0 }. */
VT_API vt_tensor vt_conv1d_with(const vt_conv1d_args *a);
#define vt_conv1d(...)                                                                                                 \
    VT_CALL(vt_conv1d_with, vt_conv1d_args, VT_CONV1D_DEFAULTS, 2,                                                     \
            "vt_conv1d(x, weight, .bias .stride .padding .dilation .padding_sides .groups)", __VA_ARGS__)

typedef struct vt_conv_transpose2d_args {
    vt_site at_;
    vt_tensor x, weight;
    vt_named_only named_only_;
    vt_tensor bias; /* [O]; left out: none */
    int stride, padding, dilation, output_padding;
    int stride_hw[2], padding_hw[2]; /* vertical and horizontal, in place of the one number for both: VT_AUTO */
    int dilation_hw[2], output_padding_hw[2];
    int padding_sides[4]; /* top, bottom, left and right, in place of `padding` or `padding_hw`: VT_AUTO */
    int groups;
} vt_conv_transpose2d_args;
#define VT_CONV_TRANSPOSE2D_DEFAULTS                                                                                   \
    .stride = 1, .padding = 0, .dilation = 1, .output_padding = 0, .stride_hw = { VT_AUTO, VT_AUTO },                  \
    .padding_hw = { VT_AUTO, VT_AUTO }, .dilation_hw = { VT_AUTO, VT_AUTO },                                           \
    .output_padding_hw = { VT_AUTO, VT_AUTO }, .padding_sides = { VT_AUTO, VT_AUTO, VT_AUTO, VT_AUTO }, .groups = 1
VT_API vt_conv_transpose2d_args vt_conv_transpose2d_defaults(void);
/* The transpose of vt_conv2d with the same options, also called a fractionally strided convolution (Zeiler et al.
 * 2010): each element of x [N, C, H, W] times a kernel of weight [C, O / groups, kh, kw] is added to y where the
 * convolution would have read it, plus bias: [N, O, H', W'] with H' = (H - 1) stride - 2 padding + dilation (kh - 1) +
 * output_padding + 1, and W' alike. `padding` cuts off the edges of y; `output_padding` says which of the extents that
 * the convolution takes to H is meant. It is vt_conv2d's gradient for its x, as one op. f32 or f64. Errors: channels
 * that do not match; a padding that leaves nothing; an output_padding that is not smaller than the stride. */
VT_API vt_tensor vt_conv_transpose2d_with(const vt_conv_transpose2d_args *a);
#define vt_conv_transpose2d(...)                                                                                       \
    VT_CALL(vt_conv_transpose2d_with, vt_conv_transpose2d_args, VT_CONV_TRANSPOSE2D_DEFAULTS, 2,                       \
            "vt_conv_transpose2d(x, weight, .bias .stride .padding .dilation .output_padding .stride_hw .padding_hw "  \
            ".dilation_hw .output_padding_hw .padding_sides .groups)",                                                 \
            __VA_ARGS__)

typedef struct vt_conv_transpose1d_args {
    vt_site at_;
    vt_tensor x, weight;
    vt_named_only named_only_;
    vt_tensor bias; /* [O]; left out: none */
    int stride, padding, dilation, output_padding;
    int padding_sides[2]; /* left and right, in place of `padding`: VT_AUTO */
    int groups;
} vt_conv_transpose1d_args;
#define VT_CONV_TRANSPOSE1D_DEFAULTS                                                                                   \
    .stride = 1, .padding = 0, .dilation = 1, .output_padding = 0, .padding_sides = { VT_AUTO, VT_AUTO }, .groups = 1
VT_API vt_conv_transpose1d_args vt_conv_transpose1d_defaults(void);
/* The transpose of vt_conv1d: x [N, C, L] and weight [C, O / groups, k] to [N, O, L'], as vt_conv_transpose2d along one
 * axis. */
VT_API vt_tensor vt_conv_transpose1d_with(const vt_conv_transpose1d_args *a);
#define vt_conv_transpose1d(...)                                                                                       \
    VT_CALL(vt_conv_transpose1d_with, vt_conv_transpose1d_args, VT_CONV_TRANSPOSE1D_DEFAULTS, 2,                       \
            "vt_conv_transpose1d(x, weight, .bias .stride .padding .dilation .output_padding .padding_sides .groups)", \
            __VA_ARGS__)

#ifdef __cplusplus
}
#endif
#endif
