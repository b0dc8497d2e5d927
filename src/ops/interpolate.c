/* interpolate.c - images of another size. */
#include "ops/list.h"
#include "ops/resample.h"
#include <vitro/vitro.h>

static bool size_fits(const vt_interpolate_args *a, const char *what, int size)
{
    return number_fits(size == VT_AUTO || size > 0, "interpolate", a->at_, what, size, "1 or more");
}

static bool check(const vt_interpolate_args *a, spec *x)
{
    char text[128];
    if (vt_failed() || !spec_of("interpolate", a->at_, "x", a->x, x)) return false;
    if (a->mode < VT_NEAREST || a->mode > VT_BICUBIC)
        refuse_call("interpolate", a->at_, VT_ERROR_ARGUMENT, "mode %d is no vt_interpolation", (int)a->mode);
    else if (a->mode == VT_NEAREST && (a->align_corners || a->antialias))
        refuse_call("interpolate", a->at_, VT_ERROR_ARGUMENT, "%s does not go with VT_NEAREST",
                    a->align_corners ? "align_corners" : "antialias");
    else if (x->shape.rank != 4 || x->shape.dim[2] < 1 || x->shape.dim[3] < 1)
        refuse_call("interpolate", a->at_, VT_ERROR_ARGUMENT,
                    "x %s must be [batch, channels, height, width], with a pixel or more",
                    vt_shape_text(x->shape, text));
    else
        return size_fits(a, "height", a->height) && size_fits(a, "width", a->width);
    return false;
}

vt_tensor vt_interpolate_with(const vt_interpolate_args *a)
{
    NEED_ARGUMENTS("interpolate", a, (vt_tensor){ 0 });
    static const int64_t methods[] = {
        [VT_NEAREST] = RESAMPLE_NEAREST, [VT_BILINEAR] = RESAMPLE_BILINEAR, [VT_BICUBIC] = RESAMPLE_BICUBIC
    };
    spec x;
    ENTER("interpolate", a->at_);
    if (!check(a, &x)) return (vt_tensor){ 0 };
    resample_attributes r = { .method = methods[a->mode],
                              .from = { x.shape.dim[2], x.shape.dim[3] },
                              .to = { a->height == VT_AUTO ? x.shape.dim[2] : a->height,
                                      a->width == VT_AUTO ? x.shape.dim[3] : a->width },
                              .align_corners = a->align_corners,
                              .antialias = a->antialias };
    return resample(a->at_, a->x, &r);
}
