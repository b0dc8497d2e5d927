/* interpolate.h - images of another size. */
#ifndef VITRO_INTERPOLATE_H
#define VITRO_INTERPOLATE_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum vt_interpolation {
    VT_NEAREST,       /* the pixel that the result's upper left corner falls in: floor(i in / out) */
    VT_BILINEAR,      /* of the 2 neighbours along each axis */
    VT_BICUBIC,       /* of 4, by the cubic convolution of Keys 1981 with a = -0.75 */
    VT_NEAREST_EXACT, /* the pixel that the result's centre falls in: floor((i + 1/2) in / out) */
    VT_AREA           /* the mean of all that the result covers, as vt_adaptive_avg_pool2d */
} vt_interpolation;

typedef struct vt_interpolate_args {
    vt_site at_;
    vt_tensor x;
    vt_named_only named_only_;
    int height, width;  /* of the result; VT_AUTO: as x */
    double scale;       /* in place of the two: the extents become floor(extent * scale). VT_AUTO: not given */
    double scale_hw[2]; /* vertical and horizontal, in place of the one number for both: VT_AUTO */
    bool
        recompute_scale; /* only the extents follow from `scale`, and places from them: in / out; otherwise 1 / scale */
    vt_interpolation mode;
    bool align_corners; /* the centres of the corner pixels stay in place, not the edges of the image */
    bool antialias;     /* where the result is smaller, each pixel weighs all it covers, as Pillow does; a = -0.5 */
} vt_interpolate_args;
#define VT_INTERPOLATE_DEFAULTS .height = VT_AUTO, .width = VT_AUTO, .scale = VT_AUTO, .scale_hw = { VT_AUTO, VT_AUTO }
VT_API vt_interpolate_args vt_interpolate_defaults(void);
/* x [N, C, H, W] resampled to [N, C, height, width], as PyTorch's interpolate; outside the image its edge repeats.
 * Where a scale is given and floor(extent * scale) rounds, an element of the result still covers 1 / scale elements of
 * x, as in PyTorch by default, and the last ones of x may be left out; `recompute_scale`, PyTorch's
 * recompute_scale_factor, makes it in / out, as with `height` and `width`. align_corners and VT_AREA know the extents
 * alone. f32 or f64. Errors: an empty image or result; a scale and an extent; align_corners or antialias where pixels
 * are not interpolated. */
VT_API vt_tensor vt_interpolate_with(const vt_interpolate_args *a);
#define vt_interpolate(...)                                                                                            \
    VT_CALL(vt_interpolate_with, vt_interpolate_args, VT_INTERPOLATE_DEFAULTS, 1,                                      \
            "vt_interpolate(x, .height .width .scale .scale_hw .recompute_scale .mode .align_corners .antialias)",     \
            __VA_ARGS__)

/* -- Places that a grid gives -------------------------------------------------------------------------------------- */

typedef enum vt_grid_padding {
    VT_GRID_ZEROS,     /* outside the image there are zeros */
    VT_GRID_BORDER,    /* the pixel at its edge */
    VT_GRID_REFLECTION /* the image, turned over at its edge as often as it takes */
} vt_grid_padding;

typedef struct vt_grid_sample_args {
    vt_site at_;
    vt_tensor x, grid;
    vt_named_only named_only_;
    bool nearest; /* the pixel that is nearest, of two the even one; otherwise bilinear between the 4 around */
    vt_grid_padding padding;
    bool align_corners; /* -1 and 1 are the centres of the corner pixels, not the edges of the image */
} vt_grid_sample_args;
/* x [N, C, H, W] at the places of grid [N, H', W', 2]: [N, C, H', W']. A place is (x, y), from -1, left and above, to
 * 1, right and below (Jaderberg et al. 2015, Spatial Transformer Networks); as PyTorch's grid_sample. Gradients for x,
 * and but for the nearest pixel for grid. A place that is NaN lies outside, among zeros. f32 or f64, both alike.
 * Errors: an empty image; a grid of another batch or form. */
VT_API vt_tensor vt_grid_sample_with(const vt_grid_sample_args *a);
#define vt_grid_sample(...)                                                                                            \
    vt_grid_sample_with(                                                                                               \
        VT_ARGS(vt_grid_sample_args, 2, "vt_grid_sample(x, grid, .nearest .padding .align_corners)", __VA_ARGS__))

typedef struct vt_affine_grid_args {
    vt_site at_;
    vt_tensor theta;
    int height, width;
    vt_named_only named_only_;
    bool align_corners;
} vt_affine_grid_args;
/* The grid [N, height, width, 2] of theta [N, 2, 3]: the place of a pixel of the result at (x, y) is theta (x, y, 1).
 * With theta {{1, 0, 0}, {0, 1, 0}} vt_grid_sample gives the image itself, resampled. f32 or f64. */
VT_API vt_tensor vt_affine_grid_with(const vt_affine_grid_args *a);
#define vt_affine_grid(...)                                                                                            \
    vt_affine_grid_with(                                                                                               \
        VT_ARGS(vt_affine_grid_args, 3, "vt_affine_grid(theta, height, width, .align_corners)", __VA_ARGS__))

/* -- Channels as pixels (Shi et al. 2016) -------------------------------------------------------------------------- */

/* x [..., C r^2, H, W] to [..., C, H r, W r]: r by r channels become the pixels of a square. */
VT_API vt_tensor vt_pixel_shuffle_at(vt_site at, vt_tensor x, int factor);
#define vt_pixel_shuffle(x, factor) vt_pixel_shuffle_at(VT_HERE, x, factor)

/* And back: x [..., C, H r, W r] to [..., C r^2, H, W]. */
VT_API vt_tensor vt_pixel_unshuffle_at(vt_site at, vt_tensor x, int factor);
#define vt_pixel_unshuffle(x, factor) vt_pixel_unshuffle_at(VT_HERE, x, factor)

#ifdef __cplusplus
}
#endif
#endif
