/* convolution.c - two-dimensional convolution and its two gradients. The three are bilinear forms of one another:
 *
 *     y = conv2d(x, w)    dx = input_gradient(g, w)    dw = weight_gradient(g, x)
 *
 * so that each one's vjp is made of the other two, and gradients of any order exist. */
#include "ops/convolution_call.h"
#include "ops/list.h"
#include "ops/pair.h"
#include "ops/one_dimensional.h"
#include <vitro/vitro.h>

/* -- Shapes -------------------------------------------------------------------------------------------------------- */

static convolution_call call_of(const node *n)
{
    return (convolution_call){ n->op->name, n->at, 2, ATTRIBUTES(conv2d_attributes, n) };
}

static bool infer_conv2d(const node *n, const spec *in, spec *out)
{
    static const char *const names[] = { "x", "weight", "bias" };
    static const spec absent = { .shape = { .rank = 0 } };
    convolution_call c = call_of(n);
    vt_shape x = in[CONV2D_X].shape, weight = in[CONV2D_WEIGHT].shape;
    const spec *bias = n->inputs > CONV2D_BIAS ? &in[CONV2D_BIAS] : &absent;
    out->dtype = in[CONV2D_X].dtype;
    return convolution_dtypes_fit(&c, names, in, n->inputs) && convolution_fits(&c, x, weight, &out->shape) &&
           convolution_bias_fits(&c, bias, weight, weight.dim[0]);
}

/* g must be what conv2d of x and weight would give. */
static bool check_gradient(const node *n, vt_shape g, vt_shape x, vt_shape weight)
{
    convolution_call c = call_of(n);
    vt_shape y;
    char a[128], b[128];
    if (!convolution_fits(&c, x, weight, &y)) return false;
    if (vt_shape_equal(g, y)) return true;
    return refuse(n, "the gradient is %s, it must be %s", vt_shape_text(g, a), vt_shape_text(y, b));
}

static bool infer_conv2d_input_gradient(const node *n, const spec *in, spec *out)
{
    static const char *const names[] = { "the gradient", "weight" };
    convolution_call c = call_of(n);
    vt_shape g = in[INPUT_GRADIENT_G].shape, weight = in[INPUT_GRADIENT_WEIGHT].shape;
    char text[128];
    if (!convolution_dtypes_fit(&c, names, in, n->inputs)) return false;
    if (g.rank != 4 || weight.rank != 4)
        return refuse(n, "the gradient %s must have four axes, and weight too", vt_shape_text(g, text));
    const int64_t *size = c.options->size;
    int64_t channels = weight.dim[1] * c.options->groups;
    *out = (spec){ in[INPUT_GRADIENT_G].dtype, VT_SHAPE(g.dim[0], channels, size[0], size[1]) };
    return check_gradient(n, g, out->shape, weight);
}

static bool infer_conv2d_weight_gradient(const node *n, const spec *in, spec *out)
{
    static const char *const names[] = { "the gradient", "x" };
    convolution_call c = call_of(n);
    vt_shape g = in[WEIGHT_GRADIENT_G].shape, x = in[WEIGHT_GRADIENT_X].shape;
    char text[128];
    if (!convolution_dtypes_fit(&c, names, in, n->inputs)) return false;
    if (g.rank != 4 || x.rank != 4)
        return refuse(n, "the gradient %s must have four axes, and x too", vt_shape_text(g, text));
    const int64_t *size = c.options->size;
    *out = (spec){ in[WEIGHT_GRADIENT_G].dtype, VT_SHAPE(g.dim[1], x.dim[1] / c.options->groups, size[0], size[1]) };
    return check_gradient(n, g, x, out->shape);
}

/* -- Gradients ----------------------------------------------------------------------------------------------------- */

static vt_tensor conv2d(const node *n, vt_tensor x, vt_tensor weight)
{
    conv2d_attributes a = *ATTRIBUTES(conv2d_attributes, n);
    a.size[0] = a.size[1] = 0;
    return record(&op_conv2d, n->at, INPUTS(x, weight), .attributes = &a, .attributes_size = sizeof a);
}

/* A gradient of the given op for a tensor like `like`, x or weight, whose last two extents it has to be told. */
static vt_tensor gradient(const op *op, const node *n, vt_tensor g, vt_tensor other, vt_tensor like)
{
    conv2d_attributes a = *ATTRIBUTES(conv2d_attributes, n);
    for (int i = 0; i < 2; i++) a.size[i] = vt_dim(like, 2 + i);
    return record(op, n->at, INPUTS(g, other), .attributes = &a, .attributes_size = sizeof a);
}

static void conv2d_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    vt_tensor x = n->in[CONV2D_X], weight = n->in[CONV2D_WEIGHT];
    dx[CONV2D_X] = gradient(&op_conv2d_input_gradient, n, g[0], weight, x);
    dx[CONV2D_WEIGHT] = gradient(&op_conv2d_weight_gradient, n, g[0], x, weight);
    if (n->inputs > CONV2D_BIAS && n->in[CONV2D_BIAS].id) dx[CONV2D_BIAS] = vt_sum(g[0], .axes = VT_AXES(0, 2, 3));
}

/* dx = input_gradient(g, weight), whose cotangent h is like x */
static void conv2d_input_gradient_vjp(const node *n, const vt_tensor *h, vt_tensor *dx)
{
    vt_tensor g = n->in[INPUT_GRADIENT_G], weight = n->in[INPUT_GRADIENT_WEIGHT];
    dx[INPUT_GRADIENT_G] = conv2d(n, h[0], weight);
    dx[INPUT_GRADIENT_WEIGHT] = gradient(&op_conv2d_weight_gradient, n, g, h[0], weight);
}

/* dw = weight_gradient(g, x), whose cotangent h is like weight */
static void conv2d_weight_gradient_vjp(const node *n, const vt_tensor *h, vt_tensor *dx)
{
    vt_tensor g = n->in[WEIGHT_GRADIENT_G], x = n->in[WEIGHT_GRADIENT_X];
    dx[WEIGHT_GRADIENT_G] = conv2d(n, x, h[0]);
    dx[WEIGHT_GRADIENT_X] = gradient(&op_conv2d_input_gradient, n, g, h[0], x);
}

/* Two for each element of y, each channel of its group and each element of the kernel. */
static double convolution_flops(const array *weight, const array *y)
{
    vt_shape w = weight->shape;
    return 2 * (double)vt_shape_count(y->shape) * (double)(w.dim[1] * w.dim[2] * w.dim[3]);
}

static double conv2d_flops(const kernel_call *call)
{
    return convolution_flops(&call->in[CONV2D_WEIGHT], &call->out[0]);
}

static double conv2d_input_gradient_flops(const kernel_call *call)
{
    return convolution_flops(&call->in[INPUT_GRADIENT_WEIGHT], &call->in[INPUT_GRADIENT_G]);
}

static double conv2d_weight_gradient_flops(const kernel_call *call)
{
    return convolution_flops(&call->out[0], &call->in[WEIGHT_GRADIENT_G]);
}

const op op_conv2d = { OP_HEAD(conv2d, 2, 3, 1), .infer = infer_conv2d, .vjp = conv2d_vjp, .flops = conv2d_flops,
                       .rounded = CONVOLUTION_FACTORS };
const op op_conv2d_input_gradient = { OP_HEAD(conv2d_input_gradient, 2, 2, 1), .infer = infer_conv2d_input_gradient,
                                      .vjp = conv2d_input_gradient_vjp, .flops = conv2d_input_gradient_flops,
                                      .rounded = CONVOLUTION_FACTORS };
const op op_conv2d_weight_gradient = { OP_HEAD(conv2d_weight_gradient, 2, 2, 1), .infer = infer_conv2d_weight_gradient,
                                       .vjp = conv2d_weight_gradient_vjp, .flops = conv2d_weight_gradient_flops,
                                       .rounded = CONVOLUTION_FACTORS };

/* -- The public functions ------------------------------------------------------------------------------------------ */

vt_tensor vt_conv2d_with(const vt_conv2d_args *a)
{
    NEED_ARGUMENTS("conv2d", a, VT_INERT);
    const vt_conv2d_args left_out = { VT_CONV2D_DEFAULTS };
    conv2d_attributes c = { .groups = a->groups };
    pair_option stride = { "stride", a->stride, left_out.stride, a->stride_hw, 1 };
    pair_option padding = { "padding", a->padding, left_out.padding, a->padding_hw, 0 };
    pair_option dilation = { "dilation", a->dilation, left_out.dilation, a->dilation_hw, 1 };
    if (vt_failed() || !pair_settle("conv2d", a->at_, &stride, c.stride) ||
        !sides_settle("conv2d", a->at_, &padding, a->padding_sides, c.padding, c.padding_behind) ||
        !pair_settle("conv2d", a->at_, &dilation, c.dilation) || !groups_fit("conv2d", a->at_, a->groups))
        return VT_INERT;
    return record(&op_conv2d, a->at_, INPUTS(a->x, a->weight, a->bias), .attributes = &c, .attributes_size = sizeof c);
}

/* A signal is an image of height 1. */
vt_tensor vt_conv1d_with(const vt_conv1d_args *a)
{
    static const char *const names[] = { "x", "weight", "bias" };
    NEED_ARGUMENTS("conv1d", a, VT_INERT);
    conv2d_attributes o;
    convolution_call c = { "conv1d", a->at_, 1, &o };
    spec in[3];
    vt_shape y;
    ENTER("conv1d", a->at_);
    if (vt_failed() ||
        !signal_options("conv1d", a->at_, a->stride, a->padding, a->padding_sides, a->dilation, a->groups, &o) ||
        !convolution_specs(&c, a->x, a->weight, a->bias, in) || !convolution_dtypes_fit(&c, names, in, 3) ||
        !convolution_fits(&c, in[CONV2D_X].shape, in[CONV2D_WEIGHT].shape, &y) ||
        !convolution_bias_fits(&c, &in[CONV2D_BIAS], in[CONV2D_WEIGHT].shape, in[CONV2D_WEIGHT].shape.dim[0]))
        return VT_INERT;
    vt_tensor image = record(&op_conv2d, a->at_, INPUTS(as_image(1, a->x), as_image(1, a->weight), a->bias),
                             .attributes = &o, .attributes_size = sizeof o);
    return from_image(1, image);
}
