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
    dx[0] = vt_where(positive, g[0], vt_affine(g[0], slope, 0));
}

vt_tensor vt_leaky_relu_at(vt_site at, vt_tensor x, double slope)
{
    return record(&op_leaky_relu, at, INPUTS(x), ATTRIBUTE(leaky_relu_attributes, .slope = slope));
}

/* 2u, where gelu's approximation is x (1 + tanh u) / 2 = x sigmoid(2u) */
static vt_tensor gelu_inner(vt_tensor x)
{
    return vt_mul(x, vt_affine(vt_square(x), 2 * GELU_SCALE * GELU_CUBIC, 2 * GELU_SCALE));
}

/* The factor of x in gelu(x): Φ(x) = (1 + erf(x / √2)) / 2, or its approximation. */
static vt_tensor gelu_weight(const gelu_attributes *a, vt_tensor x)
{
    return a->tanh ? vt_sigmoid(gelu_inner(x)) : vt_affine(vt_erf(vt_affine(x, M_SQRT1_2, 0)), 0.5, 0.5);
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
        slope = vt_affine(vt_exp(vt_affine(vt_square(x), -0.5, 0)), M_2_SQRTPI * M_SQRT1_2 / 2, 0);
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
    NEED_ARGUMENTS("gelu", a, (vt_tensor){ 0 });
    return record(&op_gelu, a->at_, INPUTS(a->x), ATTRIBUTE(gelu_attributes, .tanh = a->tanh));
}

/* silu' = s (1 + x (1 - s)), s = sigmoid(x), 1 - s = sigmoid(-x) */
void silu_gradient_decompose(const node *n, vt_tensor *out)
{
    vt_tensor g = n->in[0], x = n->in[1], s = vt_sigmoid(x);
    out[0] = vt_mul(g, vt_mul(s, vt_affine(vt_mul(x, vt_sigmoid(vt_neg(x))), 1, 1)));
}

void silu_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = record(&op_silu_gradient, n->at, INPUTS(g[0], n->in[0]));
}

void softplus_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_mul(g[0], vt_sigmoid(n->in[0]));
}
