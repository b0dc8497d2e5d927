/* interpolate.h - images of another size. */
#ifndef VITRO_INTERPOLATE_H
#define VITRO_INTERPOLATE_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum vt_interpolation {
    VT_NEAREST,  /* the pixel that the result's upper left corner falls in: floor(i in / out) */
    VT_BILINEAR, /* of the 2 neighbours along each axis */
    VT_BICUBIC   /* of 4, by the cubic convolution of Keys 1981 with a = -0.75 */
} vt_interpolation;

typedef struct vt_interpolate_args {
    vt_site at_;
    vt_tensor x;
    vt_named_only names_from_here_;
    int height, width; /* of the result; VT_AUTO: as x */
    vt_interpolation mode;
    bool align_corners; /* the centres of the corner pixels stay in place, not the edges of the image */
    bool antialias;     /* where the result is smaller, each pixel weighs all it covers, as Pillow does; a = -0.5 */
} vt_interpolate_args;
#define VT_INTERPOLATE_DEFAULTS .height = VT_AUTO, .width = VT_AUTO
VT_API vt_interpolate_args vt_interpolate_defaults(void);
/* x [N, C, H, W] resampled to [N, C, height, width], as PyTorch's interpolate; outside the image its edge repeats. f32
 * or f64. Errors: an empty image; align_corners or antialias with VT_NEAREST. */
VT_API vt_tensor vt_interpolate_with(const vt_interpolate_args *a);
#define vt_interpolate(...)                                                                                            \
    VT_CALL(vt_interpolate_with, vt_interpolate_args, VT_INTERPOLATE_DEFAULTS, 1,                                      \
            "vt_interpolate(x, .height .width .mode .align_corners .antialias)", __VA_ARGS__)

#ifdef __cplusplus
}
#endif
#endif
