/* convolution.c - two-dimensional convolution and its two gradients. The three are bilinear forms of one another:
 *
 *     y = conv2d(x, w)    dx = input_gradient(g, w)    dw = weight_gradient(g, x)
 *
 * so that each one's vjp is made of the other two, and gradients of any order exist. */
#include "ops/convolution.h"
#include "ops/list.h"
#include "ops/pair.h"
#include <vitro/vitro.h>

/* -- Shapes ---------------------------------------------------------------------------------------------------------
 */

/* The extent of the output along an axis; below 1 where the kernel does not fit. */
static int64_t output_extent(const conv2d_attributes *a, int axis, int64_t size, int64_t kernel)
{
    int64_t span = size + 2 * a->padding[axis] - a->dilation[axis] * (kernel - 1) - 1;
    return span < 0 ? 0 : span / a->stride[axis] + 1;
}

static bool check_dtypes(const node *n, const char *const *names, const spec *in)
{
    if (!vt_dtype_is_float(in[0].dtype))
        return refuse(n, "%s is %s; it must be f32 or f64", names[0], vt_dtype_name(in[0].dtype));
    for (int i = 1; i < n->inputs; i++) {
        if (n->in[i].id == 0 || in[i].dtype == in[0].dtype) continue;
        return refuse(n, "%s is %s, %s is %s; all must be f32, or all f64", names[0], vt_dtype_name(in[0].dtype),
                      names[i], vt_dtype_name(in[i].dtype));
    }
    return true;
}

static bool check_weight(const node *n, vt_shape weight, int64_t groups)
{
    char text[128];
    if (weight.rank != 4)
        return refuse(n, "weight %s must be [out, in / groups, height, width]", vt_shape_text(weight, text));
    for (int i = 0; i < 4; i++)
        if (weight.dim[i] < 1) return refuse(n, "weight %s is empty", vt_shape_text(weight, text));
    if (weight.dim[0] % groups == 0) return true;
    return refuse(n, "the %lld output channels of weight %s do not divide into %lld groups", (long long)weight.dim[0],
                  vt_shape_text(weight, text), (long long)groups);
}

static bool check_channels(const node *n, vt_shape x, vt_shape weight, int64_t groups)
{
    char a[128], b[128];
    if (x.rank != 4) return refuse(n, "x %s must be [batch, channels, height, width]", vt_shape_text(x, a));
    if (x.dim[1] == weight.dim[1] * groups) return true;
    return refuse(n, "x %s has %lld channels, weight %s wants %lld (groups = %lld)", vt_shape_text(x, a),
                  (long long)x.dim[1], vt_shape_text(weight, b), (long long)(weight.dim[1] * groups),
                  (long long)groups);
}

static bool check_bias(const node *n, const spec *in)
{
    char a[128], b[128];
    vt_shape bias = in[2].shape, weight = in[1].shape;
    if (n->inputs < 3 || n->in[2].id == 0 || (bias.rank == 1 && bias.dim[0] == weight.dim[0])) return true;
    return refuse(n, "bias %s must be [%lld], the output channels of weight %s", vt_shape_text(bias, a),
                  (long long)weight.dim[0], vt_shape_text(weight, b));
}

/* The shape of y; rank 0, after a refusal, where the kernel does not fit. */
static vt_shape output_shape(const node *n, vt_shape x, vt_shape weight)
{
    const conv2d_attributes *a = ATTRIBUTES(conv2d_attributes, n);
    vt_shape y = VT_SHAPE(x.dim[0], weight.dim[0], 0, 0);
    char s[128], t[128];
    for (int i = 0; i < 2; i++) y.dim[2 + i] = output_extent(a, i, x.dim[2 + i], weight.dim[2 + i]);
    if (y.dim[2] > 0 && y.dim[3] > 0) return y;
    refuse(n, "the kernel of weight %s, with dilation %lld, %lld, is larger than x %s with padding %lld, %lld",
           vt_shape_text(weight, t), (long long)a->dilation[0], (long long)a->dilation[1], vt_shape_text(x, s),
           (long long)a->padding[0], (long long)a->padding[1]);
    return VT_SCALAR;
}

static bool infer_conv2d(const node *n, const spec *in, spec *out)
{
    static const char *const names[] = { "x", "weight", "bias" };
    int64_t groups = ATTRIBUTES(conv2d_attributes, n)->groups;
    if (!check_dtypes(n, names, in) || !check_weight(n, in[1].shape, groups) ||
        !check_channels(n, in[0].shape, in[1].shape, groups) || !check_bias(n, in))
        return false;
    *out = (spec){ in[0].dtype, output_shape(n, in[0].shape, in[1].shape) };
    return out->shape.rank == 4;
}

/* g must be what conv2d of x and weight would give. */
static bool check_gradient(const node *n, vt_shape g, vt_shape x, vt_shape weight)
{
    int64_t groups = ATTRIBUTES(conv2d_attributes, n)->groups;
    char a[128], b[128];
    if (!check_weight(n, weight, groups) || !check_channels(n, x, weight, groups)) return false;
    vt_shape y = output_shape(n, x, weight);
    if (y.rank == 0 || vt_shape_equal(g, y)) return y.rank == 4;
    return refuse(n, "the gradient is %s, it must be %s", vt_shape_text(g, a), vt_shape_text(y, b));
}

static bool infer_conv2d_input_gradient(const node *n, const spec *in, spec *out)
{
    static const char *const names[] = { "the gradient", "weight" };
    const conv2d_attributes *a = ATTRIBUTES(conv2d_attributes, n);
    vt_shape g = in[0].shape, weight = in[1].shape;
    char text[128];
    if (!check_dtypes(n, names, in)) return false;
    if (g.rank != 4 || weight.rank != 4)
        return refuse(n, "the gradient %s must have four axes, and weight too", vt_shape_text(g, text));
    *out = (spec){ in[0].dtype, VT_SHAPE(g.dim[0], weight.dim[1] * a->groups, a->size[0], a->size[1]) };
    return check_gradient(n, g, out->shape, weight);
}

static bool infer_conv2d_weight_gradient(const node *n, const spec *in, spec *out)
{
    static const char *const names[] = { "the gradient", "x" };
    const conv2d_attributes *a = ATTRIBUTES(conv2d_attributes, n);
    vt_shape g = in[0].shape, x = in[1].shape;
    char text[128];
    if (!check_dtypes(n, names, in)) return false;
    if (g.rank != 4 || x.rank != 4)
        return refuse(n, "the gradient %s must have four axes, and x too", vt_shape_text(g, text));
    *out = (spec){ in[0].dtype, VT_SHAPE(g.dim[1], x.dim[1] / a->groups, a->size[0], a->size[1]) };
    return check_gradient(n, g, x, out->shape);
}

/* -- Gradients ------------------------------------------------------------------------------------------------------
 */

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
    vt_tensor x = n->in[0], weight = n->in[1];
    dx[0] = gradient(&op_conv2d_input_gradient, n, g[0], weight, x);
    dx[1] = gradient(&op_conv2d_weight_gradient, n, g[0], x, weight);
    if (n->inputs > 2 && n->in[2].id) dx[2] = vt_sum(g[0], .axes = VT_AXES(0, 2, 3));
}

/* dx = input_gradient(g, weight), whose cotangent h is like x */
static void conv2d_input_gradient_vjp(const node *n, const vt_tensor *h, vt_tensor *dx)
{
    vt_tensor g = n->in[0], weight = n->in[1];
    dx[0] = conv2d(n, h[0], weight);
    dx[1] = gradient(&op_conv2d_weight_gradient, n, g, h[0], weight);
}

/* dw = weight_gradient(g, x), whose cotangent h is like weight */
static void conv2d_weight_gradient_vjp(const node *n, const vt_tensor *h, vt_tensor *dx)
{
    vt_tensor g = n->in[0], x = n->in[1];
    dx[0] = conv2d(n, x, h[0]);
    dx[1] = gradient(&op_conv2d_input_gradient, n, g, h[0], x);
}

/* Two for each element of y, each channel of its group and each element of the kernel. */
static double convolution_flops(const array *weight, const array *y)
{
    vt_shape w = weight->shape;
    return 2 * (double)vt_shape_count(y->shape) * (double)(w.dim[1] * w.dim[2] * w.dim[3]);
}

static double conv2d_flops(const kernel_call *call)
{
    return convolution_flops(&call->in[1], &call->out[0]);
}

static double conv2d_input_gradient_flops(const kernel_call *call)
{
    return convolution_flops(&call->in[1], &call->in[0]);
}

static double conv2d_weight_gradient_flops(const kernel_call *call)
{
    return convolution_flops(&call->out[0], &call->in[0]);
}

const op op_conv2d = { OP_HEAD(conv2d, 2, 3, 1), .infer = infer_conv2d, .vjp = conv2d_vjp, .flops = conv2d_flops,
                       .rounded = 3 };
const op op_conv2d_input_gradient = { OP_HEAD(conv2d_input_gradient, 2, 2, 1), .infer = infer_conv2d_input_gradient,
                                      .vjp = conv2d_input_gradient_vjp, .flops = conv2d_input_gradient_flops,
                                      .rounded = 3 };
const op op_conv2d_weight_gradient = { OP_HEAD(conv2d_weight_gradient, 2, 2, 1), .infer = infer_conv2d_weight_gradient,
                                       .vjp = conv2d_weight_gradient_vjp, .flops = conv2d_weight_gradient_flops,
                                       .rounded = 3 };

/* -- The public function --------------------------------------------------------------------------------------------
 */

vt_tensor vt_conv2d_with(const vt_conv2d_args *a)
{
    NEED_ARGUMENTS("conv2d", a, (vt_tensor){ 0 });
    const vt_conv2d_args left_out = { VT_CONV2D_DEFAULTS };
    conv2d_attributes c = { .groups = a->groups };
    pair_option stride = { "stride", a->stride, left_out.stride, a->strides, 1 };
    pair_option padding = { "padding", a->padding, left_out.padding, a->paddings, 0 };
    pair_option dilation = { "dilation", a->dilation, left_out.dilation, a->dilations, 1 };
    if (vt_failed() || !pair_settle("conv2d", a->at_, &stride, c.stride) ||
        !pair_settle("conv2d", a->at_, &padding, c.padding) || !pair_settle("conv2d", a->at_, &dilation, c.dilation))
        return (vt_tensor){ 0 };
    if (c.groups < 1)
        return refuse_call("conv2d", a->at_, VT_ERROR_ARGUMENT, "groups = %d; it is 1 or more", a->groups);
    return record(&op_conv2d, a->at_, INPUTS(a->x, a->weight, a->bias), .attributes = &c, .attributes_size = sizeof c);
}
