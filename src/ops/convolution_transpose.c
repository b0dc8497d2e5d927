/* convolution_transpose.c - transposed convolutions: the gradient of a convolution for its x, of an extent that the
 * call says. */
#include "ops/convolution_call.h"
#include "ops/list.h"
#include "ops/pair.h"
#include "ops/one_dimensional.h"
#include <vitro/vitro.h>

static bool weight_fits(const convolution_call *c, vt_shape weight)
{
    int64_t groups = c->options->groups;
    char text[128];
    if (weight.rank != 2 + c->axes)
        refuse_call(c->name, c->at, VT_ERROR_ARGUMENT, "weight %s must be [in, out / groups, %s]",
                    vt_shape_text(weight, text), convolution_area(c));
    else if (vt_shape_count(weight) < 1)
        refuse_call(c->name, c->at, VT_ERROR_ARGUMENT, "weight %s is empty", vt_shape_text(weight, text));
    else if (weight.dim[0] % groups)
        refuse_call(c->name, c->at, VT_ERROR_ARGUMENT,
                    "the %lld input channels of weight %s do not divide into %lld groups", (long long)weight.dim[0],
                    vt_shape_text(weight, text), (long long)groups);
    else
        return true;
    return false;
}

static bool image_fits(const convolution_call *c, vt_shape x, vt_shape weight)
{
    char a[128], b[128];
    bool filled = true;
    for (int i = 2; i < x.rank; i++) filled = filled && x.dim[i] > 0;
    if (x.rank != 2 + c->axes || !filled)
        refuse_call(c->name, c->at, VT_ERROR_ARGUMENT, "x %s must be [batch, channels, %s], with an element or more",
                    vt_shape_text(x, a), convolution_area(c));
    else if (x.dim[1] != weight.dim[0])
        refuse_call(c->name, c->at, VT_ERROR_ARGUMENT, "x %s has %lld channels, weight %s wants %lld",
                    vt_shape_text(x, a), (long long)x.dim[1], vt_shape_text(weight, b), (long long)weight.dim[0]);
    else
        return true;
    return false;
}

/* The extents of the result, of an image's axes. */
static bool find_size(const convolution_call *c, vt_shape x, vt_shape weight, const int64_t more[2], int64_t size[2])
{
    const conv2d_attributes *o = c->options;
    char s[128], t[128], stride[64], numbers[64];
    for (int i = 0; i < 2; i++) {
        int axis = i + c->axes; /* of x: signals are images of height 1 */
        bool is_there = axis > 1;
        int64_t extent = is_there ? x.dim[axis] : 1, kernel = is_there ? weight.dim[axis] : 1;
        size[i] = (extent - 1) * o->stride[i] - o->padding[i] - o->padding_behind[i] + o->dilation[i] * (kernel - 1) +
                  more[i] + 1;
        if (more[i] >= o->stride[i])
            refuse_call(c->name, c->at, VT_ERROR_ARGUMENT, "output_padding %s is not smaller than stride %s",
                        pair_text(c->axes, more, numbers), pair_text(c->axes, o->stride, stride));
        else if (size[i] < 1)
            refuse_call(c->name, c->at, VT_ERROR_ARGUMENT, "padding leaves nothing of x %s by weight %s: %lld elements",
                        vt_shape_text(x, s), vt_shape_text(weight, t), (long long)size[i]);
        else
            continue;
        return false;
    }
    return true;
}

static vt_tensor transpose(const convolution_call *c, vt_tensor x, vt_tensor weight, vt_tensor bias,
                           const int64_t more[2])
{
    static const char *const names[] = { "x", "weight", "bias" };
    conv2d_attributes o = *c->options;
    spec in[3], *x_spec = &in[CONV2D_X], *weight_spec = &in[CONV2D_WEIGHT];
    if (!convolution_specs(c, x, weight, bias, in) || !convolution_dtypes_fit(c, names, in, 3) ||
        !weight_fits(c, weight_spec->shape) || !image_fits(c, x_spec->shape, weight_spec->shape) ||
        !convolution_bias_fits(c, &in[CONV2D_BIAS], weight_spec->shape, weight_spec->shape.dim[1] * o.groups) ||
        !find_size(c, x_spec->shape, weight_spec->shape, more, o.size))
        return VT_INERT;
    vt_tensor y = record(&op_conv2d_input_gradient, c->at, INPUTS(as_image(c->axes, x), as_image(c->axes, weight)),
                         .attributes = &o, .attributes_size = sizeof o);
    if (bias.id) y = vt_add(y, vt_reshape(bias, VT_SHAPE(-1, 1, 1)));
    return from_image(c->axes, y);
}

vt_tensor vt_conv_transpose2d_with(const vt_conv_transpose2d_args *a)
{
    static const char name[] = "conv_transpose2d";
    NEED_ARGUMENTS(name, a, VT_INERT);
    const vt_conv_transpose2d_args left_out = { VT_CONV_TRANSPOSE2D_DEFAULTS };
    conv2d_attributes o = { .groups = a->groups };
    int64_t more[2];
    pair_option stride = { "stride", a->stride, left_out.stride, a->stride_hw, 1 };
    pair_option padding = { "padding", a->padding, left_out.padding, a->padding_hw, 0 };
    pair_option dilation = { "dilation", a->dilation, left_out.dilation, a->dilation_hw, 1 };
    pair_option output = { "output_padding", a->output_padding, left_out.output_padding, a->output_padding_hw, 0 };
    ENTER(name, a->at_);
    if (vt_failed() || !pair_settle(name, a->at_, &stride, o.stride) ||
        !sides_settle(name, a->at_, &padding, a->padding_sides, o.padding, o.padding_behind) ||
        !pair_settle(name, a->at_, &dilation, o.dilation) || !pair_settle(name, a->at_, &output, more) ||
        !groups_fit(name, a->at_, a->groups))
        return VT_INERT;
    return transpose(&(convolution_call){ name, a->at_, 2, &o }, a->x, a->weight, a->bias, more);
}

vt_tensor vt_conv_transpose1d_with(const vt_conv_transpose1d_args *a)
{
    static const char name[] = "conv_transpose1d";
    NEED_ARGUMENTS(name, a, VT_INERT);
    conv2d_attributes o;
    int64_t more[2] = { 0, a->output_padding };
    ENTER(name, a->at_);
    if (vt_failed() ||
        !signal_options(name, a->at_, a->stride, a->padding, a->padding_sides, a->dilation, a->groups, &o) ||
        !number_fits(a->output_padding >= 0, name, a->at_, "output_padding", a->output_padding, "0 or more"))
        return VT_INERT;
    return transpose(&(convolution_call){ name, a->at_, 1, &o }, a->x, a->weight, a->bias, more);
}
