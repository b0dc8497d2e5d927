/* interpolate.c - images of another size. */
#include "ops/list.h"
#include "ops/resample.h"
#include <vitro/vitro.h>
#include <math.h>

static const struct {
    const char *name;
    int64_t method;
    bool interpolates; /* between pixels */
} modes[] = {
    [VT_NEAREST] = { "VT_NEAREST", RESAMPLE_NEAREST, false },
    [VT_BILINEAR] = { "VT_BILINEAR", RESAMPLE_BILINEAR, true },
    [VT_BICUBIC] = { "VT_BICUBIC", RESAMPLE_BICUBIC, true },
    [VT_NEAREST_EXACT] = { "VT_NEAREST_EXACT", RESAMPLE_NEAREST_EXACT, false },
    [VT_AREA] = { "VT_AREA", RESAMPLE_ADAPTIVE_MEAN, false },
};
enum { MODES = sizeof modes / sizeof *modes };

static bool check(const vt_interpolate_args *a, spec *x)
{
    char text[128];
    if (vt_failed() || !spec_of("interpolate", a->at_, "x", a->x, x)) return false;
    if ((int)a->mode < 0 || (int)a->mode >= MODES)
        refuse_call("interpolate", a->at_, VT_ERROR_ARGUMENT, "mode %d is no vt_interpolation", (int)a->mode);
    else if (!modes[a->mode].interpolates && (a->align_corners || a->antialias))
        refuse_call("interpolate", a->at_, VT_ERROR_ARGUMENT, "%s does not go with %s",
                    a->align_corners ? "align_corners" : "antialias", modes[a->mode].name);
    else if (x->shape.rank != 4 || x->shape.dim[2] < 1 || x->shape.dim[3] < 1)
        refuse_call("interpolate", a->at_, VT_ERROR_ARGUMENT,
                    "x %s must be [batch, channels, height, width], with a pixel or more",
                    vt_shape_text(x->shape, text));
    else
        return true;
    return false;
}

/* The extent of an axis, and the scale where the coordinates follow it; false, with an error, where they make no sense.
 */
static bool settle_extent(const vt_interpolate_args *a, int axis, resample_attributes *r)
{
    static const char *const names[] = { "height", "width" };
    int size = axis ? a->width : a->height;
    double scale = a->scale_hw[axis] == VT_AUTO ? a->scale : a->scale_hw[axis], extent = (double)r->from[axis] * scale;
    r->to[axis] = size == VT_AUTO ? r->from[axis] : size;
    if (scale == VT_AUTO) return number_fits(r->to[axis] > 0, "interpolate", a->at_, names[axis], size, "1 or more");
    if (!number_fits(scale > 0 && isfinite(scale), "interpolate", a->at_, "scale", scale, "finite, above 0"))
        return false;
    if (size != VT_AUTO)
        refuse_call("interpolate", a->at_, VT_ERROR_ARGUMENT, "%s = %d and a scale of %g; give one of the two",
                    names[axis], size, scale);
    else if (extent < 1 || extent >= INT32_MAX)
        refuse_call("interpolate", a->at_, VT_ERROR_ARGUMENT, "%s %lld times a scale of %g is %g; it must be 1 or more",
                    names[axis], (long long)r->from[axis], scale, floor(extent));
    else {
        r->to[axis] = (int64_t)floor(extent);
        if (!a->recompute_scale && a->mode != VT_AREA) r->scale[axis] = 1 / scale;
        return true;
    }
    return false;
}

vt_tensor vt_interpolate_with(const vt_interpolate_args *a)
{
    NEED_ARGUMENTS("interpolate", a, VT_INERT);
    spec x;
    ENTER("interpolate", a->at_);
    if (!check(a, &x)) return VT_INERT;
    resample_attributes r = { .method = modes[a->mode].method,
                              .from = { x.shape.dim[2], x.shape.dim[3] },
                              .align_corners = a->align_corners,
                              .antialias = a->antialias };
    if (a->scale != VT_AUTO && (a->scale_hw[0] != VT_AUTO || a->scale_hw[1] != VT_AUTO))
        return refuse_call("interpolate", a->at_, VT_ERROR_ARGUMENT,
                           "scale = %g and scale_hw = { %g, %g }; give one of the two", a->scale, a->scale_hw[0],
                           a->scale_hw[1]);
    if (!settle_extent(a, 0, &r) || !settle_extent(a, 1, &r)) return VT_INERT;
    return resample(a->at_, a->x, &r);
}
