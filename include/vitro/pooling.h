/* pooling.h - images and signals reduced window by window. */
#ifndef VITRO_POOLING_H
#define VITRO_POOLING_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_max_pool2d_args {
    vt_site at_;
    vt_tensor x;
    int kernel; /* height and width of the window; 0 where `kernel_hw` gives them */
    vt_named_only named_only_;
    int stride, padding, dilation;  /* of both axes; stride VT_AUTO: the kernel */
    int kernel_hw[2], stride_hw[2]; /* vertical and horizontal, in place of the one number for both: VT_AUTO */
    int padding_hw[2], dilation_hw[2];
    int padding_sides[4]; /* top, bottom, left and right, in place of `padding` or `padding_hw`: VT_AUTO */
    bool ceil;            /* also a last window that reaches beyond the padding */
    vt_tensor *indices;   /* where to put the i64 numbers of the chosen elements; NULL: nowhere */
} vt_max_pool2d_args;
#define VT_MAX_POOL2D_DEFAULTS                                                                                         \
    .stride = VT_AUTO, .padding = 0, .dilation = 1, .kernel_hw = { VT_AUTO, VT_AUTO },                                 \
    .stride_hw = { VT_AUTO, VT_AUTO }, .padding_hw = { VT_AUTO, VT_AUTO }, .dilation_hw = { VT_AUTO, VT_AUTO },        \
    .padding_sides = { VT_AUTO, VT_AUTO, VT_AUTO, VT_AUTO }
VT_API vt_max_pool2d_args vt_max_pool2d_defaults(void);
/* The largest element in each window of x [N, C, H, W]: [N, C, H', W'] with
 * H' = floor((H + 2 padding - dilation (kernel - 1) - 1) / stride) + 1, and W' alike; with `ceil` rounded up, as long
 * as the last window begins within x or its upper left padding. The padding is never chosen. A window with a NaN gives
 * NaN; the gradient goes to the first of equal elements. `indices`, of the shape of the result, count the elements of a
 * plane of x row by row, as PyTorch's do. f32 or f64. Errors: a padding of more than half the kernel; a window larger
 * than the padded x, or with nothing of x in it. */
VT_API vt_tensor vt_max_pool2d_with(const vt_max_pool2d_args *a);
#define vt_max_pool2d(...)                                                                                             \
    VT_CALL(vt_max_pool2d_with, vt_max_pool2d_args, VT_MAX_POOL2D_DEFAULTS, 2,                                         \
            "vt_max_pool2d(x, kernel, .stride .padding .dilation .kernel_hw .stride_hw .padding_hw .dilation_hw "      \
            ".padding_sides .ceil .indices)",                                                                          \
            __VA_ARGS__)

typedef struct vt_max_pool1d_args {
    vt_site at_;
    vt_tensor x;
    int kernel;
    vt_named_only named_only_;
    int stride, padding, dilation; /* stride VT_AUTO: the kernel */
    int padding_sides[2];          /* left and right, in place of `padding`: VT_AUTO */
    bool ceil;
    vt_tensor *indices;
} vt_max_pool1d_args;
#define VT_MAX_POOL1D_DEFAULTS .stride = VT_AUTO, .padding = 0, .dilation = 1, .padding_sides = { VT_AUTO, VT_AUTO }
VT_API vt_max_pool1d_args vt_max_pool1d_defaults(void);
/* The largest element in each window of x [N, C, L]: [N, C, L'], as vt_max_pool2d along one axis. */
VT_API vt_tensor vt_max_pool1d_with(const vt_max_pool1d_args *a);
#define vt_max_pool1d(...)                                                                                             \
    VT_CALL(vt_max_pool1d_with, vt_max_pool1d_args, VT_MAX_POOL1D_DEFAULTS, 2,                                         \
            "vt_max_pool1d(x, kernel, .stride .padding .dilation .padding_sides .ceil .indices)", __VA_ARGS__)

/* Zeros [N, C, height, width] with the elements of x [N, C, H, W] where `indices`, of the same shape, say:
 * vt_max_pool2d's, and what it gave, are its x with all but the largest elements 0. Elements that meet, as those of
 * windows that overlap may, are added up. f32 or f64. Errors: an index that is none of the plane's, when it is
 * computed. */
VT_API vt_tensor vt_max_unpool2d_at(vt_site at, vt_tensor x, vt_tensor indices, int height, int width);
#define vt_max_unpool2d(x, indices, height, width) vt_max_unpool2d_at(VT_HERE, x, indices, height, width)

/* The same of x [N, C, L]: [N, C, length]. */
VT_API vt_tensor vt_max_unpool1d_at(vt_site at, vt_tensor x, vt_tensor indices, int length);
#define vt_max_unpool1d(x, indices, length) vt_max_unpool1d_at(VT_HERE, x, indices, length)

typedef struct vt_avg_pool2d_args {
    vt_site at_;
    vt_tensor x;
    int kernel;
    vt_named_only named_only_;
    int stride, padding;
    int kernel_hw[2], stride_hw[2], padding_hw[2], padding_sides[4];
    bool ceil;
    bool exclude_padding; /* the mean is over the elements of x alone; otherwise the padding counts as zeros */
} vt_avg_pool2d_args;
#define VT_AVG_POOL2D_DEFAULTS                                                                                         \
    .stride = VT_AUTO, .padding = 0, .kernel_hw = { VT_AUTO, VT_AUTO }, .stride_hw = { VT_AUTO, VT_AUTO },             \
    .padding_hw = { VT_AUTO, VT_AUTO }, .padding_sides = { VT_AUTO, VT_AUTO, VT_AUTO, VT_AUTO }
VT_API vt_avg_pool2d_args vt_avg_pool2d_defaults(void);
/* The mean of each window of x [N, C, H, W]; shapes, options and errors as of vt_max_pool2d. */
VT_API vt_tensor vt_avg_pool2d_with(const vt_avg_pool2d_args *a);
#define vt_avg_pool2d(...)                                                                                             \
    VT_CALL(vt_avg_pool2d_with, vt_avg_pool2d_args, VT_AVG_POOL2D_DEFAULTS, 2,                                         \
            "vt_avg_pool2d(x, kernel, .stride .padding .kernel_hw .stride_hw .padding_hw .padding_sides .ceil "        \
            ".exclude_padding)",                                                                                       \
            __VA_ARGS__)

typedef struct vt_avg_pool1d_args {
    vt_site at_;
    vt_tensor x;
    int kernel;
    vt_named_only named_only_;
    int stride, padding, padding_sides[2];
    bool ceil, exclude_padding;
} vt_avg_pool1d_args;
#define VT_AVG_POOL1D_DEFAULTS .stride = VT_AUTO, .padding = 0, .padding_sides = { VT_AUTO, VT_AUTO }
VT_API vt_avg_pool1d_args vt_avg_pool1d_defaults(void);
/* The mean of each window of x [N, C, L]: [N, C, L'], as vt_avg_pool2d along one axis. */
VT_API vt_tensor vt_avg_pool1d_with(const vt_avg_pool1d_args *a);
#define vt_avg_pool1d(...)                                                                                             \
    VT_CALL(vt_avg_pool1d_with, vt_avg_pool1d_args, VT_AVG_POOL1D_DEFAULTS, 2,                                         \
            "vt_avg_pool1d(x, kernel, .stride .padding .padding_sides .ceil .exclude_padding)", __VA_ARGS__)

/* -- Windows that divide x ----------------------------------------------------------------------------------------- */

/* The means of x [N, C, H, W] over height by width windows that divide it as evenly as may be: window i covers rows
 * floor(i H / height) to ceil((i + 1) H / height) - 1, and columns alike. f32 or f64. */
VT_API vt_tensor vt_adaptive_avg_pool2d_at(vt_site at, vt_tensor x, int height, int width);
#define vt_adaptive_avg_pool2d(x, height, width) vt_adaptive_avg_pool2d_at(VT_HERE, x, height, width)

/* The same of x [N, C, L]: [N, C, length]. */
VT_API vt_tensor vt_adaptive_avg_pool1d_at(vt_site at, vt_tensor x, int length);
#define vt_adaptive_avg_pool1d(x, length) vt_adaptive_avg_pool1d_at(VT_HERE, x, length)

typedef struct vt_adaptive_max_pool2d_args {
    vt_site at_;
    vt_tensor x;
    int height, width;
    vt_named_only named_only_;
    vt_tensor *indices; /* as vt_max_pool2d's */
} vt_adaptive_max_pool2d_args;
/* The largest elements of x [N, C, H, W] in the windows of vt_adaptive_avg_pool2d. */
VT_API vt_tensor vt_adaptive_max_pool2d_with(const vt_adaptive_max_pool2d_args *a);
#define vt_adaptive_max_pool2d(...)                                                                                    \
    vt_adaptive_max_pool2d_with(                                                                                       \
        VT_ARGS(vt_adaptive_max_pool2d_args, 3, "vt_adaptive_max_pool2d(x, height, width, .indices)", __VA_ARGS__))

typedef struct vt_adaptive_max_pool1d_args {
    vt_site at_;
    vt_tensor x;
    int length;
    vt_named_only named_only_;
    vt_tensor *indices;
} vt_adaptive_max_pool1d_args;
/* The same of x [N, C, L]: [N, C, length]. */
VT_API vt_tensor vt_adaptive_max_pool1d_with(const vt_adaptive_max_pool1d_args *a);
#define vt_adaptive_max_pool1d(...)                                                                                    \
    vt_adaptive_max_pool1d_with(                                                                                       \
        VT_ARGS(vt_adaptive_max_pool1d_args, 2, "vt_adaptive_max_pool1d(x, length, .indices)", __VA_ARGS__))

#ifdef __cplusplus
}
#endif
#endif
