/* pooling.h - images reduced window by window. */
#ifndef VITRO_POOLING_H
#define VITRO_POOLING_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_max_pool2d_args {
    vt_site at_;
    vt_tensor x;
    int kernel; /* height and width of the window; 0 where `kernels` gives them */
    vt_named_only names_from_here_;
    int stride, padding;                     /* of both axes; stride VT_AUTO: the kernel */
    int kernels[2], strides[2], paddings[2]; /* vertical and horizontal, in place of the one number for both: VT_AUTO */
    bool ceil;                               /* also a last window that reaches beyond the padding */
} vt_max_pool2d_args;
#define VT_MAX_POOL2D_DEFAULTS                                                                                         \
    .stride = VT_AUTO, .padding = 0, .kernels = { VT_AUTO, VT_AUTO }, .strides = { VT_AUTO, VT_AUTO },                 \
    .paddings = { VT_AUTO, VT_AUTO }
VT_API vt_max_pool2d_args vt_max_pool2d_defaults(void);
/* The largest element in each window of x [N, C, H, W]: [N, C, H', W'] with
 * H' = floor((H + 2 padding - kernel) / stride) + 1, and W' alike; with `ceil` rounded up, as long as the last window
 * begins within x or its upper left padding. The padding is never chosen. A window with a NaN gives NaN; the gradient
 * goes to the first of equal elements. f32 or f64.
 * Errors: a padding of more than half the kernel; a window larger than the padded x. */
VT_API vt_tensor vt_max_pool2d_with(const vt_max_pool2d_args *a);
#define vt_max_pool2d(...)                                                                                             \
    VT_CALL(vt_max_pool2d_with, vt_max_pool2d_args, VT_MAX_POOL2D_DEFAULTS, 2,                                         \
            "vt_max_pool2d(x, kernel, .stride .padding .kernels .strides .paddings .ceil)", __VA_ARGS__)

typedef struct vt_avg_pool2d_args {
    vt_site at_;
    vt_tensor x;
    int kernel;
    vt_named_only names_from_here_;
    int stride, padding;
    int kernels[2], strides[2], paddings[2];
    bool ceil;
    bool exclude_padding; /* the mean is over the elements of x alone; otherwise the padding counts as zeros */
} vt_avg_pool2d_args;
#define VT_AVG_POOL2D_DEFAULTS                                                                                         \
    .stride = VT_AUTO, .padding = 0, .kernels = { VT_AUTO, VT_AUTO }, .strides = { VT_AUTO, VT_AUTO },                 \
    .paddings = { VT_AUTO, VT_AUTO }
VT_API vt_avg_pool2d_args vt_avg_pool2d_defaults(void);
/* The mean of each window of x [N, C, H, W]; shapes, options and errors as of vt_max_pool2d. */
VT_API vt_tensor vt_avg_pool2d_with(const vt_avg_pool2d_args *a);
#define vt_avg_pool2d(...)                                                                                             \
    VT_CALL(vt_avg_pool2d_with, vt_avg_pool2d_args, VT_AVG_POOL2D_DEFAULTS, 2,                                         \
            "vt_avg_pool2d(x, kernel, .stride .padding .kernels .strides .paddings .ceil .exclude_padding)",           \
            __VA_ARGS__)

/* The means of x [N, C, H, W] over height by width windows that divide it as evenly as may be: window i covers rows
 * floor(i H / height) to ceil((i + 1) H / height) - 1, and columns alike. f32 or f64. */
VT_API vt_tensor vt_adaptive_avg_pool2d_at(vt_site at, vt_tensor x, int height, int width);
#define vt_adaptive_avg_pool2d(x, height, width) vt_adaptive_avg_pool2d_at(VT_HERE, x, height, width)

#ifdef __cplusplus
}
#endif
#endif
