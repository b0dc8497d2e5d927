/* interpolate.c - images of another size. */
#include "ops/list.h"
#include "ops/resample.h"
#include <vitro/vitro.h>

static bool check(const vt_interpolate_args *a, spec *x)
{
    char text[128];
    if (vt_failed() || !spec_of("interpolate", a->at_, "x", a->x, x)) return false;
    if (a->mode < VT_NEAREST || a->mode > VT_BICUBIC)
        refuse_call("interpolate", a->at_, VT_ERROR_ARGUMENT, "mode %d is no vt_interpolation", (int)a->mode);
    else if (a->mode == VT_NEAREST && (a->align_corners || a->antialias))
        refuse_call("interpolate", a->at_, VT_ERROR_ARGUMENT, "%s does not go with VT_NEAREST",
                    a->align_corners ? "align_corners" : "antialias");
    else if (a->height < 0 || a->width < 0)
        refuse_call("interpolate", a->at_, VT_ERROR_ARGUMENT, "height %d, width %d; they are 1 or more", a->height,
                    a->width);
    else if (x->shape.rank != 4 || x->shape.dim[2] < 1 || x->shape.dim[3] < 1)
        refuse_call("interpolate", a->at_, VT_ERROR_ARGUMENT,
                    "x %s must be [batch, channels, height, width], with a pixel or more",
                    vt_shape_text(x->shape, text));
    else
        return true;
    return false;
}

vt_tensor vt_interpolate_with(const vt_interpolate_args *a)
{
    static const int64_t methods[] = {
        [VT_NEAREST] = RESAMPLE_NEAREST, [VT_BILINEAR] = RESAMPLE_BILINEAR, [VT_BICUBIC] = RESAMPLE_BICUBIC
    };
    spec x;
    ENTER("interpolate", a->at_);
    if (!check(a, &x)) return (vt_tensor){ 0 };
    resample_attributes r = { .method = methods[a->mode],
                              .from = { x.shape.dim[2], x.shape.dim[3] },
                              .to = { a->height ? a->height : x.shape.dim[2], a->width ? a->width : x.shape.dim[3] },
                              .align_corners = a->align_corners,
                              .antialias = a->antialias };
    return resample(a->at_, a->x, &r);
}
