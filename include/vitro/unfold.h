/* unfold.h - the windows of images as columns of a matrix, and back. */
#ifndef VITRO_UNFOLD_H
#define VITRO_UNFOLD_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_unfold_args {
    vt_site at_;
    vt_tensor x;
    int kernel; /* height and width of the window; 0 where `kernel_hw` gives them */
    vt_named_only named_only_;
    int stride, padding, dilation; /* of both axes */
    /* vertical and horizontal, in place of the one number for both: VT_AUTO */
    int kernel_hw[2], stride_hw[2], padding_hw[2], dilation_hw[2];
} vt_unfold_args;
#define VT_UNFOLD_DEFAULTS                                                                                             \
    .stride = 1, .padding = 0, .dilation = 1, .kernel_hw = { VT_AUTO, VT_AUTO }, .stride_hw = { VT_AUTO, VT_AUTO },    \
    .padding_hw = { VT_AUTO, VT_AUTO }, .dilation_hw = { VT_AUTO, VT_AUTO }
VT_API vt_unfold_args vt_unfold_defaults(void);
/* The windows of images x [N, C, H, W], padded with zeros, as columns: [N, C kernel kernel, L], channel by channel and
 * row by row, L = H' W' windows with H' = floor((H + 2 padding - dilation (kernel - 1) - 1) / stride) + 1, and W'
 * alike. What is known as im2col, as PyTorch's unfold. Error: a window larger than the padded x. */
VT_API vt_tensor vt_unfold_with(const vt_unfold_args *a);
#define vt_unfold(...)                                                                                                 \
    VT_CALL(vt_unfold_with, vt_unfold_args, VT_UNFOLD_DEFAULTS, 2,                                                     \
            "vt_unfold(x, kernel, .stride .padding .dilation .kernel_hw .stride_hw .padding_hw .dilation_hw)",         \
            __VA_ARGS__)

typedef struct vt_fold_args {
    vt_site at_;
    vt_tensor columns;
    int64_t height, width;
    int kernel;
    vt_named_only named_only_;
    int stride, padding, dilation;
    int kernel_hw[2], stride_hw[2], padding_hw[2], dilation_hw[2];
} vt_fold_args;
#define VT_FOLD_DEFAULTS                                                                                               \
    .stride = 1, .padding = 0, .dilation = 1, .kernel_hw = { VT_AUTO, VT_AUTO }, .stride_hw = { VT_AUTO, VT_AUTO },    \
    .padding_hw = { VT_AUTO, VT_AUTO }, .dilation_hw = { VT_AUTO, VT_AUTO }
VT_API vt_fold_args vt_fold_defaults(void);
/* The sum of windows, each in its place: [N, C, height, width] of columns [N, C kernel kernel, L] as vt_unfold makes
 * them of such images. It is the gradient of vt_unfold, and vt_unfold that of it. f32, f64, i32 or i64. */
VT_API vt_tensor vt_fold_with(const vt_fold_args *a);
#define vt_fold(...)                                                                                                   \
    VT_CALL(vt_fold_with, vt_fold_args, VT_FOLD_DEFAULTS, 4,                                                           \
            "vt_fold(columns, height, width, kernel, .stride .padding .dilation .kernel_hw .stride_hw .padding_hw "    \
            ".dilation_hw)",                                                                                           \
            __VA_ARGS__)

#ifdef __cplusplus
}
#endif
#endif
