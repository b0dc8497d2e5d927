/* resample.h - images resampled linearly, along each axis for itself: y = A x Bᵀ for each plane x. Interpolation and
 * mean pooling are of this kind, and so are their gradients: x' = Aᵀ y' B. */
#ifndef VITRO_OPS_RESAMPLE_H
#define VITRO_OPS_RESAMPLE_H

#include <vitro/base.h>

enum resample_method {
    RESAMPLE_NEAREST,       /* the pixel that the upper left corner falls in */
    RESAMPLE_NEAREST_EXACT, /* that the centre falls in */
    RESAMPLE_BILINEAR,
    RESAMPLE_BICUBIC,
    RESAMPLE_WINDOW_MEAN,  /* kernel, stride, padding, padding_behind, exclude_padding */
    RESAMPLE_ADAPTIVE_MEAN /* windows that divide the image */
};

/* `from` and `to` are the extents before and after; where transposed, after and before. `scale` is input elements an
 * output element, 0: from / to. Pairs are vertical and horizontal. */
typedef struct resample_attributes {
    int64_t method, transposed;
    int64_t from[2], to[2];
    double scale[2];
    int64_t align_corners, antialias;
    int64_t kernel[2], stride[2], padding[2], padding_behind[2], exclude_padding;
} resample_attributes;

/* One row of a resampling matrix: weights for the input elements first to first + count - 1. */
typedef struct band {
    int64_t first, count;
    const double *weight;
} band;

/* The matrix along one axis; the transposed one where the attributes say so. Ends with free(). NULL where memory is
 * short. */
band *resample_bands(const resample_attributes *a, int axis);

/* Records the resampling of x [N, C, from...]. */
vt_tensor resample(vt_site at, vt_tensor x, const resample_attributes *a);

#endif
