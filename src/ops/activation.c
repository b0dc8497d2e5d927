/* activation.c - activation functions. Where the gradient is on the way of every step it is one fused op. */
#include "ops/elementwise.h"
#include "ops/infer.h"
#include "ops/pointwise.h"
#include <vitro/vitro.h>
#include <math.h>

/* sigmoid' = y (1 - y), of the output y */
void sigmoid_gradient_decompose(const node *n, vt_tensor *out)
{
    vt_tensor g = n->in[0], y = n->in[1];
    out[0] = vt_mul(g, vt_mul(y, vt_affine(y, -1, 1)));
}

void sigmoid_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = record(&op_sigmoid_gradient, n->at, INPUTS(g[0], n->out[0]));
}

/* tanh' = 1 - y^2, of the output y */
void tanh_gradient_decompose(const node *n, vt_tensor *out)
{
    out[0] = vt_mul(n->in[0], vt_affine(vt_square(n->in[1]), -1, 1));
}

void tanh_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = record(&op_tanh_gradient, n->at, INPUTS(g[0], n->out[0]));
}

/* Of the output y, which the next op needs anyway, so that the input need not be held. */
void relu_gradient_decompose(const node *n, vt_tensor *out)
{
    vt_tensor g = n->in[0], zero = constant_like(g, 0);
    out[0] = vt_where(vt_less_equal(n->in[1], zero), zero, g);
}

void relu_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = record(&op_relu_gradient, n->at, INPUTS(g[0], n->out[0]));
}

void leaky_relu_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    double slope = ATTRIBUTES(leaky_relu_attributes, n)->slope;
    vt_tensor positive = vt_greater(n->in[0], constant_like(g[0], 0));
    dx[0] = vt_where(positive, g[0], vt_scale(g[0], slope));
}

vt_tensor vt_leaky_relu_at(vt_site at, vt_tensor x, double slope)
{
    return record(&op_leaky_relu, at, INPUTS(x), ATTRIBUTE(leaky_relu_attributes, .slope = slope));
}

static vt_tensor is_between(vt_tensor x, double low, double high)
{
    return vt_logical_and(vt_greater(x, constant_like(x, low)), vt_less(x, constant_like(x, high)));
}

static vt_tensor negative_part(vt_tensor x)
{
    return vt_where(vt_greater(x, constant_like(x, 0)), constant_like(x, 0), x);
}

void relu6_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_where(is_between(n->in[0], 0, 6), g[0], constant_like(g[0], 0));
}

/* alpha e^x for x <= 0; of the output it would be y + alpha, which cancels. */
void elu_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    vt_tensor x = n->in[0], positive = vt_greater(x, constant_like(x, 0));
    vt_tensor slope = vt_scale(vt_exp(negative_part(x)), ATTRIBUTES(elu_attributes, n)->alpha);
    dx[0] = vt_where(positive, g[0], vt_mul(g[0], slope));
}

vt_tensor vt_elu_at(vt_site at, vt_tensor x, double alpha)
{
    return record(&op_elu, at, INPUTS(x), ATTRIBUTE(elu_attributes, .alpha = alpha));
}

void celu_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    double alpha = ATTRIBUTES(celu_attributes, n)->alpha;
    dx[0] = vt_mul(g[0], vt_exp(vt_div(negative_part(n->in[0]), constant_like(g[0], alpha))));
}

vt_tensor vt_celu_at(vt_site at, vt_tensor x, double alpha)
{
    if (!number_fits(alpha > 0, "celu", at, "alpha", alpha, "more than 0")) return VT_INERT;
    return record(&op_celu, at, INPUTS(x), ATTRIBUTE(celu_attributes, .alpha = alpha));
}

vt_tensor vt_selu_at(vt_site at, vt_tensor x)
{
    ENTER("selu", at);
    return vt_scale(vt_elu(x, 1.6732632423543772848170429916717), 1.0507009873554804934193349852946);
}

/* A number, or one for each channel along axis 1 of x. */
static bool prelu_fits(vt_site at, vt_shape x, vt_shape weight)
{
    char x_text[128], w_text[128];
    int64_t channels = x.rank > 1 ? x.dim[1] : 1, count = vt_shape_count(weight);
    if (weight.rank < 2 && (count == 1 || count == channels)) return true;
    refuse_call("prelu", at, VT_ERROR_ARGUMENT,
                "weight %s of x %s; it must be [%lld], a number for each channel along axis 1, or one number",
                vt_shape_text(weight, w_text), vt_shape_text(x, x_text), (long long)channels);
    return false;
}

/* What is multiplied is not positive, so that an infinite x leaves the gradient of the weight alone. */
vt_tensor vt_prelu_at(vt_site at, vt_tensor x, vt_tensor weight)
{
    ENTER("prelu", at);
    spec s, w;
    if (vt_failed() || !spec_of("prelu", at, "x", x, &s) || !spec_of("prelu", at, "weight", weight, &w) ||
        !prelu_fits(at, s.shape, w.shape))
        return VT_INERT;
    if (!vt_dtype_is_float(s.dtype))
        return refuse_call("prelu", at, VT_ERROR_ARGUMENT, "x is %s; it must be f32 or f64", vt_dtype_name(s.dtype));
    vt_shape along_axis_1 = { .rank = s.shape.rank > 1 ? s.shape.rank : 0 };
    for (int i = 0; i < along_axis_1.rank; i++) along_axis_1.dim[i] = i == 1 ? vt_shape_count(w.shape) : 1;
    vt_tensor negative = vt_mul(vt_reshape(weight, along_axis_1), negative_part(x));
    return vt_where(vt_greater(x, constant_like(x, 0)), x, negative);
}

void hardsigmoid_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_where(is_between(n->in[0], -3, 3), vt_scale(g[0], 1 / 6.0), constant_like(g[0], 0));
}

void hardswish_gradient_decompose(const node *n, vt_tensor *out)
{
    vt_tensor g = n->in[0], x = n->in[1], zero = constant_like(g, 0);
    vt_tensor inner = vt_where(is_between(x, -3, 3), vt_mul(g, vt_affine(x, 1 / 3.0, 0.5)), g);
    out[0] = vt_where(vt_less_equal(x, constant_like(x, -3)), zero, inner);
}

void hardswish_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = record(&op_hardswish_gradient, n->at, INPUTS(g[0], n->in[0]));
}

/* 2u, where gelu's approximation is x (1 + tanh u) / 2 = x sigmoid(2u) */
static vt_tensor gelu_inner(vt_tensor x)
{
    return vt_mul(x, vt_affine(vt_square(x), 2 * GELU_SCALE * GELU_CUBIC, 2 * GELU_SCALE));
}

/* The factor of x in gelu(x): Φ(x) = (1 + erf(x / √2)) / 2, or its approximation. */
static vt_tensor gelu_weight(const gelu_attributes *a, vt_tensor x)
{
    return a->tanh ? vt_sigmoid(gelu_inner(x)) : vt_affine(vt_erf(vt_scale(x, M_SQRT1_2)), 0.5, 0.5);
}

/* Φ(x) + x φ(x), or the derivative of the approximation. 1 - sigmoid(v) is sigmoid(-v), which keeps its digits. */
static void gelu_gradient_decompose(const node *n, vt_tensor *out)
{
    const gelu_attributes *a = ATTRIBUTES(gelu_attributes, n);
    vt_tensor g = n->in[0], x = n->in[1], weight = gelu_weight(a, x), slope;
    if (a->tanh) {
        vt_tensor inner_slope = vt_affine(vt_square(x), 6 * GELU_SCALE * GELU_CUBIC, 2 * GELU_SCALE);
        slope = vt_mul(vt_mul(weight, vt_sigmoid(vt_neg(gelu_inner(x)))), inner_slope);
    } else {
        slope = vt_scale(vt_exp(vt_scale(vt_square(x), -0.5)), M_2_SQRTPI * M_SQRT1_2 / 2);
    }
    out[0] = vt_mul(g, vt_add(weight, vt_mul(x, slope)));
}

const op op_gelu_gradient = { OP_HEAD(gelu_gradient, 2, 2, 1), .infer = infer_float_pair,
                              .decompose = gelu_gradient_decompose };

static void gelu_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = record(&op_gelu_gradient, n->at, INPUTS(g[0], n->in[0]), .attributes = n->attributes,
                   .attributes_size = n->attributes_size);
}

static void gelu_decompose(const node *n, vt_tensor *out)
{
    out[0] = vt_mul(n->in[0], gelu_weight(ATTRIBUTES(gelu_attributes, n), n->in[0]));
}

const op op_gelu = { OP_HEAD(gelu, 1, 1, 1), .infer = infer_float, .vjp = gelu_vjp, .decompose = gelu_decompose };

vt_tensor vt_gelu_with(const vt_gelu_args *a)
{
    NEED_ARGUMENTS("gelu", a, VT_INERT);
    return record(&op_gelu, a->at_, INPUTS(a->x), ATTRIBUTE(gelu_attributes, .tanh = a->tanh));
}

/* silu' = s (1 + x (1 - s)), s = sigmoid(x), 1 - s = sigmoid(-x) */
void silu_gradient_decompose(const node *n, vt_tensor *out)
{
    vt_tensor g = n->in[0], x = n->in[1], s = vt_sigmoid(x);
    out[0] = vt_mul(g, vt_mul(s, vt_shift(vt_mul(x, vt_sigmoid(vt_neg(x))), 1)));
}

void silu_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = record(&op_silu_gradient, n->at, INPUTS(g[0], n->in[0]));
}

void softplus_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_mul(g[0], vt_sigmoid(n->in[0]));
}

/* -softplus(-x): log(1 / (1 + e^-x)) would lose its digits on both sides. */
vt_tensor vt_logsigmoid_at(vt_site at, vt_tensor x)
{
    ENTER("logsigmoid", at);
    return vt_neg(vt_softplus(vt_neg(x)));
}

/* t + x s (1 - t^2), t = tanh(softplus(x)), s = sigmoid(x) */
void mish_gradient_decompose(const node *n, vt_tensor *out)
{
    vt_tensor g = n->in[0], x = n->in[1], t = vt_tanh(vt_softplus(x));
    vt_tensor slope = vt_mul(vt_sigmoid(x), vt_affine(vt_square(t), -1, 1));
    out[0] = vt_mul(g, vt_add(t, vt_mul(x, slope)));
}

void mish_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = record(&op_mish_gradient, n->at, INPUTS(g[0], n->in[0]));
}

/* 1 / (1 + |x|)^2 */
void softsign_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    vt_tensor r = vt_reciprocal(vt_shift(vt_abs(n->in[0]), 1));
    dx[0] = vt_mul(g[0], vt_square(r));
}
