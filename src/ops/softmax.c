/* softmax.c - softmax and its logarithm. */
#include "core/base/shape.h"
#include "ops/list.h"
#include "ops/normalization.h"
#include <vitro/vitro.h>

static bool infer_softmax(const node *n, const spec *in, spec *out)
{
    *out = *in;
    return vt_dtype_is_float(in->dtype) || refuse(n, "x is %s; it must be f32 or f64", vt_dtype_name(in->dtype));
}

static bool infer_gradient(const node *n, const spec *in, spec *out)
{
    (void)n;
    *out = in[1];
    return true;
}

static vt_axes axis_of(const node *n)
{
    return VT_AXES((int)ATTRIBUTES(softmax_attributes, n)->axis);
}

static vt_tensor sum_along(const node *n, vt_tensor x)
{
    return vt_sum(x, .axes = axis_of(n), .keep = true);
}

/* x - max x: the result does not depend on what is subtracted, and nothing overflows. */
static vt_tensor below_zero(const node *n)
{
    vt_tensor x = n->in[0];
    if (vt_count(x) == 0) return x;
    return vt_sub(x, vt_detach(vt_max(x, .axes = axis_of(n), .keep = true)));
}

static void softmax_decompose(const node *n, vt_tensor *out)
{
    vt_tensor e = vt_exp(below_zero(n));
    out[0] = vt_div(e, sum_along(n, e));
}

static void log_softmax_decompose(const node *n, vt_tensor *out)
{
    vt_tensor x = below_zero(n);
    out[0] = vt_sub(x, vt_log(sum_along(n, vt_exp(x))));
}

static vt_tensor gradient(const node *n, const op *op, vt_tensor g)
{
    return record(op, n->at, INPUTS(g, n->out[0]), .attributes = n->attributes, .attributes_size = n->attributes_size);
}

static void softmax_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = gradient(n, &op_softmax_gradient, g[0]);
}

static void log_softmax_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = gradient(n, &op_log_softmax_gradient, g[0]);
}

/* dx = y (g - Σ g y) */
static void softmax_gradient_decompose(const node *n, vt_tensor *out)
{
    vt_tensor g = n->in[0], y = n->in[1];
    out[0] = vt_mul(y, vt_sub(g, sum_along(n, vt_mul(g, y))));
}

/* dx = g - e^y Σ g */
static void log_softmax_gradient_decompose(const node *n, vt_tensor *out)
{
    vt_tensor g = n->in[0], y = n->in[1];
    out[0] = vt_sub(g, vt_mul(vt_exp(y), sum_along(n, g)));
}

const op op_softmax = { OP_HEAD(softmax, 1, 1, 1), .decompose = softmax_decompose, .infer = infer_softmax,
                        .vjp = softmax_vjp };
const op op_log_softmax = { OP_HEAD(log_softmax, 1, 1, 1), .decompose = log_softmax_decompose, .infer = infer_softmax,
                            .vjp = log_softmax_vjp };
const op op_softmax_gradient = { OP_HEAD(softmax_gradient, 2, 2, 1), .decompose = softmax_gradient_decompose,
                                 .infer = infer_gradient };
const op op_log_softmax_gradient = { OP_HEAD(log_softmax_gradient, 2, 2, 1),
                                     .decompose = log_softmax_gradient_decompose, .infer = infer_gradient };

static vt_tensor along(const op *op, vt_site at, vt_tensor x, int axis)
{
    spec s;
    char text[128];
    if (vt_failed() || !spec_of(op->name, at, "x", x, &s)) return VT_INERT;
    int resolved = axis_resolve(axis, s.shape.rank);
    if (resolved < 0)
        return refuse_call(op->name, at, VT_ERROR_ARGUMENT, "axis %d of a tensor of shape %s is out of range", axis,
                           vt_shape_text(s.shape, text));
    return record(op, at, INPUTS(x), ATTRIBUTE(softmax_attributes, .axis = resolved));
}

vt_tensor vt_softmax_at(vt_site at, vt_tensor x, int axis)
{
    return along(&op_softmax, at, x, axis);
}

vt_tensor vt_log_softmax_at(vt_site at, vt_tensor x, int axis)
{
    return along(&op_log_softmax, at, x, axis);
}
