/* pooling_windows.c - the windows of a call: options, and how many of them there are. */
#include "ops/pooling_windows.h"
#include "core/run/apply.h"
#include "ops/pair.h"
#include <vitro/vitro.h>
#include <stdio.h>

/* -- Options ------------------------------------------------------------------------------------------------------- */

static bool paddings_fit(const pooling_call *c, const max_pool2d_attributes *w)
{
    for (int i = 0; i < 2; i++) {
        int64_t more = w->padding[i] > w->padding_behind[i] ? w->padding[i] : w->padding_behind[i];
        if (2 * more <= w->kernel[i]) continue;
        refuse_call(c->name, c->at, VT_ERROR_ARGUMENT, "padding %lld is more than half of kernel %lld", (long long)more,
                    (long long)w->kernel[i]);
        return false;
    }
    return true;
}

/* A window of one element has nothing between two. */
static void settle_dilation(max_pool2d_attributes *w)
{
    for (int i = 0; i < 2; i++)
        if (w->kernel[i] == 1) w->dilation[i] = 1;
}

bool settle_windows(const pooling_call *c, const window_options *o, max_pool2d_attributes *w)
{
    const vt_max_pool2d_args left_out = { VT_MAX_POOL2D_DEFAULTS };
    pair_option kernel = { "kernel", o->kernel, 0, o->kernel_hw, 1 };
    pair_option stride = { "stride", o->stride, left_out.stride, o->stride_hw, 1 };
    pair_option padding = { "padding", o->padding, left_out.padding, o->padding_hw, 0 };
    pair_option dilation = { "dilation", o->dilation, left_out.dilation, o->dilation_hw, 1 };
    bool stride_is_kernel = o->stride == VT_AUTO && o->stride_hw[0] == VT_AUTO && o->stride_hw[1] == VT_AUTO;
    *w = (max_pool2d_attributes){ .dilation = { 1, 1 }, .ceil = o->ceil };
    if (!pair_settle(c->name, c->at, &kernel, w->kernel)) return false;
    for (int i = 0; i < 2; i++) w->stride[i] = w->kernel[i];
    if (!(stride_is_kernel || pair_settle(c->name, c->at, &stride, w->stride)) ||
        !sides_settle(c->name, c->at, &padding, o->padding_sides, w->padding, w->padding_behind) ||
        !(o->dilation_hw == NULL || pair_settle(c->name, c->at, &dilation, w->dilation)))
        return false;
    settle_dilation(w);
    return paddings_fit(c, w);
}

bool settle_signal_windows(const pooling_call *c, const signal_windows *o, max_pool2d_attributes *w)
{
    int stride = o->stride == VT_AUTO ? o->kernel : o->stride;
    *w = (max_pool2d_attributes){
        .kernel = { 1, o->kernel }, .stride = { 1, stride }, .dilation = { 1, o->dilation }, .ceil = o->ceil
    };
    if (!number_fits(o->kernel >= 1, c->name, c->at, "kernel", o->kernel, "1 or more") ||
        !number_fits(stride >= 1, c->name, c->at, "stride", stride, "1 or more") ||
        !ends_settle(c->name, c->at, "padding", o->padding, o->padding_sides, w->padding, w->padding_behind) ||
        !number_fits(o->dilation >= 1, c->name, c->at, "dilation", o->dilation, "1 or more"))
        return false;
    settle_dilation(w);
    return paddings_fit(c, w);
}

/* -- Windows over x ------------------------------------------------------------------------------------------------ */

int64_t window_count(const max_pool2d_attributes *w, int axis, int64_t size)
{
    int64_t stride = w->stride[axis], window = w->dilation[axis] * (w->kernel[axis] - 1) + 1;
    int64_t span = size + w->padding[axis] + w->padding_behind[axis] - window;
    if (span < 0) return 0;
    int64_t count = (span + (w->ceil ? stride - 1 : 0)) / stride + 1;
    return (count - 1) * stride >= size + w->padding[axis] ? count - 1 : count;
}

/* Whether every window has an element of x: of one that begins in the padding, a dilation may step over all. */
static bool windows_are_filled(const max_pool2d_attributes *w, int axis, int64_t size)
{
    int64_t dilation = w->dilation[axis], stride = w->stride[axis];
    for (int64_t begin = -w->padding[axis]; begin < 0; begin += stride)
        if (begin + (-begin + dilation - 1) / dilation * dilation >= size) return false;
    return true;
}

bool is_pooled(const pooling_call *c, vt_tensor x, int64_t from[2])
{
    spec s;
    char text[128];
    bool filled = true;
    if (!spec_of(c->name, c->at, "x", x, &s)) return false;
    for (int i = 2; i < s.shape.rank; i++) filled = filled && s.shape.dim[i] > 0;
    from[0] = c->axes == 2 ? s.shape.dim[2] : 1;
    from[1] = s.shape.dim[1 + c->axes];
    if (!vt_dtype_is_float(s.dtype))
        refuse_call(c->name, c->at, VT_ERROR_ARGUMENT, "x is %s; it must be f32 or f64", vt_dtype_name(s.dtype));
    else if (s.shape.rank != 2 + c->axes || !filled)
        refuse_call(c->name, c->at, VT_ERROR_ARGUMENT, "x %s must be [batch, channels, %s or more",
                    vt_shape_text(s.shape, text),
                    c->axes == 2 ? "height, width], with a pixel" : "length], with an element");
    else
        return true;
    return false;
}

bool count_windows(const pooling_call *c, vt_tensor x, const int64_t from[2], const max_pool2d_attributes *w,
                   int64_t to[2])
{
    char text[128], kernel[64], dilation[64], before[64], behind[64], with[160] = "";
    bool fits = true, filled = true;
    for (int i = 0; i < 2; i++) {
        to[i] = window_count(w, i, from[i]);
        fits = fits && to[i] > 0;
        filled = filled && windows_are_filled(w, i, from[i]);
    }
    if (fits && filled) return true;
    if (w->dilation[0] > 1 || w->dilation[1] > 1)
        snprintf(with, sizeof with, " with dilation %s", pair_text(c->axes, w->dilation, dilation));
    pair_text(c->axes, w->padding, before);
    pair_text(c->axes, w->padding_behind, behind);
    bool even = w->padding[0] == w->padding_behind[0] && w->padding[1] == w->padding_behind[1];
    refuse_call(c->name, c->at, VT_ERROR_ARGUMENT,
                fits ? "kernel %s%s has windows with nothing of x %s in them, with padding %s%s%s%s"
                     : "kernel %s%s is larger than x %s with padding %s%s%s%s",
                pair_text(c->axes, w->kernel, kernel), with, vt_shape_text(vt_shape_of(x), text), before,
                even ? "" : " before and ", even ? "" : behind, even ? "" : " behind");
    return false;
}

bool adaptive_size_fits(const pooling_call *c, int height, int width)
{
    if (height > 0 && width > 0) return true;
    if (c->axes == 2)
        refuse_call(c->name, c->at, VT_ERROR_ARGUMENT, "height %d, width %d; they are 1 or more", height, width);
    else
        refuse_call(c->name, c->at, VT_ERROR_ARGUMENT, "length %d; it is 1 or more", width);
    return false;
}
