/* affine_grid.c - the grid of places that an affine map of the plane gives. */
#include "ops/list.h"
#include <vitro/vitro.h>

/* Where the pixels of an axis lie, between -1 and 1. */
static vt_tensor places_of(int64_t count, bool align_corners, vt_dtype dtype)
{
    vt_tensor i = vt_arange(0, (double)count, .dtype = dtype);
    if (!align_corners) return vt_affine(i, 2 / (double)count, 1 / (double)count - 1);
    return count == 1 ? i : vt_affine(i, 2 / (double)(count - 1), -1);
}

vt_tensor vt_affine_grid_with(const vt_affine_grid_args *a)
{
    static const char name[] = "affine_grid";
    NEED_ARGUMENTS(name, a, VT_INERT);
    spec theta;
    char text[128];
    ENTER(name, a->at_);
    if (vt_failed() || !spec_of(name, a->at_, "theta", a->theta, &theta)) return VT_INERT;
    if (theta.shape.rank != 3 || theta.shape.dim[1] != 2 || theta.shape.dim[2] != 3 || !vt_dtype_is_float(theta.dtype))
        return refuse_call(name, a->at_, VT_ERROR_ARGUMENT, "theta %s %s must be [batch, 2, 3] of f32 or f64",
                           vt_dtype_name(theta.dtype), vt_shape_text(theta.shape, text));
    if (!number_fits(a->height > 0, name, a->at_, "height", a->height, "1 or more") ||
        !number_fits(a->width > 0, name, a->at_, "width", a->width, "1 or more"))
        return VT_INERT;
    vt_tensor column[3];
    for (int i = 0; i < 3; i++)
        column[i] = vt_reshape(vt_select(a->theta, 2, i), VT_SHAPE(theta.shape.dim[0], 1, 1, 2));
    vt_tensor x = vt_reshape(places_of(a->width, a->align_corners, theta.dtype), VT_SHAPE(a->width, 1));
    vt_tensor y = vt_reshape(places_of(a->height, a->align_corners, theta.dtype), VT_SHAPE(a->height, 1, 1));
    return vt_add(vt_add(vt_mul(x, column[0]), vt_mul(y, column[1])), column[2]);
}
