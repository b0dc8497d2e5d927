/* convolution_call.c - what the options and operands of a convolution must be. */
#include "ops/convolution_call.h"
#include "core/run/apply.h"
#include "ops/pair.h"
#include <stdio.h>

#define REFUSE(c, ...) (refuse_call((c)->name, (c)->at, VT_ERROR_ARGUMENT, __VA_ARGS__), false)

bool groups_fit(const char *name, vt_site at, int groups)
{
    if (groups >= 1) return true;
    refuse_call(name, at, VT_ERROR_ARGUMENT, "groups = %d; it is 1 or more", groups);
    return false;
}

bool signal_options(const char *name, vt_site at, int stride, int padding, const int padding_sides[2], int dilation,
                    int groups, conv2d_attributes *out)
{
    *out = (conv2d_attributes){ .stride = { 1, stride }, .dilation = { 1, dilation }, .groups = groups };
    return number_fits(stride >= 1, name, at, "stride", stride, "1 or more") &&
           ends_settle(name, at, "padding", padding, padding_sides, out->padding, out->padding_behind) &&
           number_fits(dilation >= 1, name, at, "dilation", dilation, "1 or more") && groups_fit(name, at, groups);
}

const char *convolution_area(const convolution_call *c)
{
    return c->axes == 2 ? "height, width" : "length";
}

bool convolution_specs(const convolution_call *c, vt_tensor x, vt_tensor weight, vt_tensor bias, spec out[3])
{
    out[CONV2D_BIAS] = (spec){ .shape = { .rank = 0 } };
    return spec_of(c->name, c->at, "x", x, &out[CONV2D_X]) &&
           spec_of(c->name, c->at, "weight", weight, &out[CONV2D_WEIGHT]) &&
           (bias.id == 0 || spec_of(c->name, c->at, "bias", bias, &out[CONV2D_BIAS]));
}

bool convolution_dtypes_fit(const convolution_call *c, const char *const *names, const spec *in, int count)
{
    if (!vt_dtype_is_float(in[0].dtype))
        return REFUSE(c, "%s is %s; it must be f32 or f64", names[0], vt_dtype_name(in[0].dtype));
    for (int i = 1; i < count; i++) {
        if (in[i].dtype == VT_DTYPE_DEFAULT || in[i].dtype == in[0].dtype) continue;
        return REFUSE(c, "%s is %s, %s is %s; all must be f32, or all f64", names[0], vt_dtype_name(in[0].dtype),
                      names[i], vt_dtype_name(in[i].dtype));
    }
    return true;
}

static bool weight_fits(const convolution_call *c, vt_shape weight)
{
    int64_t groups = c->options->groups;
    char text[128];
    if (weight.rank != 2 + c->axes)
        return REFUSE(c, "weight %s must be [out, in / groups, %s]", vt_shape_text(weight, text), convolution_area(c));
    if (vt_shape_count(weight) < 1) return REFUSE(c, "weight %s is empty", vt_shape_text(weight, text));
    if (weight.dim[0] % groups == 0) return true;
    return REFUSE(c, "the %lld output channels of weight %s do not divide into %lld groups", (long long)weight.dim[0],
                  vt_shape_text(weight, text), (long long)groups);
}

static bool channels_fit(const convolution_call *c, vt_shape x, vt_shape weight)
{
    int64_t groups = c->options->groups;
    char a[128], b[128];
    if (x.rank != 2 + c->axes)
        return REFUSE(c, "x %s must be [batch, channels, %s]", vt_shape_text(x, a), convolution_area(c));
    if (x.dim[1] == weight.dim[1] * groups) return true;
    return REFUSE(c, "x %s has %lld channels, weight %s wants %lld (groups = %lld)", vt_shape_text(x, a),
                  (long long)x.dim[1], vt_shape_text(weight, b), (long long)(weight.dim[1] * groups),
                  (long long)groups);
}

/* The extent of the output along an axis, of the options' two; below 1 where the kernel does not fit. */
static int64_t output_extent(const conv2d_attributes *a, int axis, int64_t size, int64_t kernel)
{
    int64_t span = size + a->padding[axis] + a->padding_behind[axis] - a->dilation[axis] * (kernel - 1) - 1;
    return span < 0 ? 0 : span / a->stride[axis] + 1;
}

/* "1, 1", or where they differ between the sides "0, 1 before and 1, 1 behind". */
static const char *padding_text(const convolution_call *c, char text[160])
{
    const conv2d_attributes *a = c->options;
    char before[64], behind[64];
    pair_text(c->axes, a->padding, before);
    pair_text(c->axes, a->padding_behind, behind);
    bool even = a->padding[0] == a->padding_behind[0] && a->padding[1] == a->padding_behind[1];
    snprintf(text, 160, even ? "%s" : "%s before and %s behind", before, behind);
    return text;
}

bool convolution_fits(const convolution_call *c, vt_shape x, vt_shape weight, vt_shape *y)
{
    char s[128], t[128], dilation[64], padding[160];
    bool fits = true;
    if (!weight_fits(c, weight) || !channels_fit(c, x, weight)) return false;
    *y = x;
    y->dim[1] = weight.dim[0];
    for (int i = 0; i < c->axes; i++) {
        y->dim[2 + i] = output_extent(c->options, 2 - c->axes + i, x.dim[2 + i], weight.dim[2 + i]);
        fits = fits && y->dim[2 + i] > 0;
    }
    if (fits) return true;
    return REFUSE(c, "the kernel of weight %s, with dilation %s, is larger than x %s with padding %s",
                  vt_shape_text(weight, t), pair_text(c->axes, c->options->dilation, dilation), vt_shape_text(x, s),
                  padding_text(c, padding));
}

bool convolution_bias_fits(const convolution_call *c, const spec *bias, vt_shape weight, int64_t channels)
{
    char a[128], b[128];
    bool absent = bias->dtype == VT_DTYPE_DEFAULT;
    if (absent || (bias->shape.rank == 1 && bias->shape.dim[0] == channels)) return true;
    return REFUSE(c, "bias %s must be [%lld], the output channels of weight %s", vt_shape_text(bias->shape, a),
                  (long long)channels, vt_shape_text(weight, b));
}
