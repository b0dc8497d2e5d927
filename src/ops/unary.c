/* unary.c - functions of one variable on each element. */
#include "ops/elementwise.h"
#include "ops/infer.h"
#include <vitro/vitro.h>
#include <math.h>

static void neg_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    (void)n;
    dx[0] = vt_neg(g[0]);
}

static void abs_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_mul(g[0], vt_sign(n->in[0]));
}

static void reciprocal_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_neg(vt_mul(g[0], vt_square(n->out[0])));
}

static void reciprocal_decompose(const node *n, vt_tensor *out)
{
    out[0] = vt_div(constant_like(n->in[0], 1), n->in[0]);
}

static void square_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_mul(g[0], vt_affine(n->in[0], 2, 0));
}

static void square_decompose(const node *n, vt_tensor *out)
{
    out[0] = vt_mul(n->in[0], n->in[0]);
}

static void sqrt_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_div(vt_affine(g[0], 0.5, 0), n->out[0]);
}

/* -1/2 x^(-3/2) */
static void rsqrt_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_mul(g[0], vt_affine(vt_div(n->out[0], n->in[0]), -0.5, 0));
}

static void rsqrt_decompose(const node *n, vt_tensor *out)
{
    out[0] = vt_reciprocal(vt_sqrt(n->in[0]));
}

static void exp_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_mul(g[0], n->out[0]);
}

static void log_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_div(g[0], n->in[0]);
}

static void log1p_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_div(g[0], vt_affine(n->in[0], 1, 1));
}

static void sin_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_mul(g[0], vt_cos(n->in[0]));
}

static void cos_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_neg(vt_mul(g[0], vt_sin(n->in[0])));
}

static void erf_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_mul(g[0], vt_affine(vt_exp(vt_neg(vt_square(n->in[0]))), M_2_SQRTPI, 0));
}

const op op_neg = { UNARY(neg), .infer = infer_number, .vjp = neg_vjp };
const op op_abs = { UNARY(abs), .infer = infer_number, .vjp = abs_vjp };
const op op_reciprocal = { UNARY(reciprocal), .infer = infer_float, .vjp = reciprocal_vjp,
                           .decompose = reciprocal_decompose };
const op op_square = { UNARY(square), .infer = infer_float, .vjp = square_vjp, .decompose = square_decompose };
const op op_sqrt = { UNARY(sqrt), .infer = infer_float, .vjp = sqrt_vjp };
const op op_rsqrt = { UNARY(rsqrt), .infer = infer_float, .vjp = rsqrt_vjp, .decompose = rsqrt_decompose };
const op op_exp = { UNARY(exp), .infer = infer_float, .vjp = exp_vjp };
const op op_log = { UNARY(log), .infer = infer_float, .vjp = log_vjp };
const op op_log1p = { UNARY(log1p), .infer = infer_float, .vjp = log1p_vjp };
const op op_sin = { UNARY(sin), .infer = infer_float, .vjp = sin_vjp };
const op op_cos = { UNARY(cos), .infer = infer_float, .vjp = cos_vjp };
const op op_erf = { UNARY(erf), .infer = infer_float, .vjp = erf_vjp };
const op op_sign = { UNARY(sign), .infer = infer_float, .constant = true };
const op op_floor = { UNARY(floor), .infer = infer_float, .constant = true };
const op op_ceil = { UNARY(ceil), .infer = infer_float, .constant = true };
const op op_round = { UNARY(round), .infer = infer_float, .constant = true };
const op op_logical_not = { UNARY(logical_not), .infer = infer_logical, .constant = true };

UNARY_FUNCTION(neg)
UNARY_FUNCTION(abs)
UNARY_FUNCTION(reciprocal)
UNARY_FUNCTION(square)
UNARY_FUNCTION(sqrt)
UNARY_FUNCTION(rsqrt)
UNARY_FUNCTION(exp)
UNARY_FUNCTION(log)
UNARY_FUNCTION(log1p)
UNARY_FUNCTION(sin)
UNARY_FUNCTION(cos)
UNARY_FUNCTION(erf)
UNARY_FUNCTION(sign)
UNARY_FUNCTION(floor)
UNARY_FUNCTION(ceil)
UNARY_FUNCTION(round)
UNARY_FUNCTION(logical_not)

/* -- With attributes ------------------------------------------------------------------------------------------------
 */

static void affine_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_affine(g[0], ATTRIBUTES(affine_attributes, n)->scale, 0);
}

const op op_affine = { UNARY(affine), .infer = infer_float, .vjp = affine_vjp };

vt_tensor vt_affine_at(vt_site at, vt_tensor x, double scale, double shift)
{
    return record(&op_affine, at, INPUTS(x), ATTRIBUTE(affine_attributes, .scale = scale, .shift = shift));
}

static void pow_scalar_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    double exponent = ATTRIBUTES(pow_scalar_attributes, n)->exponent;
    if (exponent == 0)
        dx[0] = vt_full(vt_shape_of(g[0]), 0, .dtype = vt_dtype_of(g[0]));
    else
        dx[0] = vt_mul(g[0], vt_affine(vt_pow_scalar(n->in[0], exponent - 1), exponent, 0));
}

static void pow_scalar_decompose(const node *n, vt_tensor *out)
{
    out[0] = vt_pow(n->in[0], constant_like(n->in[0], ATTRIBUTES(pow_scalar_attributes, n)->exponent));
}

const op op_pow_scalar = { UNARY(pow_scalar), .infer = infer_float, .vjp = pow_scalar_vjp,
                           .decompose = pow_scalar_decompose };

vt_tensor vt_pow_scalar_at(vt_site at, vt_tensor x, double exponent)
{
    return record(&op_pow_scalar, at, INPUTS(x), ATTRIBUTE(pow_scalar_attributes, .exponent = exponent));
}

static bool infer_clamp(const node *n, const spec *in, spec *out)
{
    const clamp_attributes *a = ATTRIBUTES(clamp_attributes, n);
    if (!(a->low <= a->high))
        return refuse(n, "the limits are low %g and high %g; low must not exceed high", a->low, a->high);
    return infer_float(n, in, out);
}

static void clamp_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    const clamp_attributes *a = ATTRIBUTES(clamp_attributes, n);
    vt_tensor x = n->in[0];
    vt_tensor inside =
        vt_logical_and(vt_greater_equal(x, constant_like(x, a->low)), vt_less_equal(x, constant_like(x, a->high)));
    dx[0] = vt_where(inside, g[0], constant_like(g[0], 0));
}

static void clamp_decompose(const node *n, vt_tensor *out)
{
    const clamp_attributes *a = ATTRIBUTES(clamp_attributes, n);
    vt_tensor x = n->in[0];
    out[0] = vt_minimum(vt_maximum(x, constant_like(x, a->low)), constant_like(x, a->high));
}

const op op_clamp = { UNARY(clamp), .infer = infer_clamp, .vjp = clamp_vjp, .decompose = clamp_decompose };

vt_tensor vt_clamp_at(vt_site at, vt_tensor x, double low, double high)
{
    return record(&op_clamp, at, INPUTS(x), ATTRIBUTE(clamp_attributes, .low = low, .high = high));
}

static bool infer_cast(const node *n, const spec *in, spec *out)
{
    int64_t dtype = ATTRIBUTES(cast_attributes, n)->dtype;
    *out = (spec){ (vt_dtype)dtype, in[0].shape };
    return dtype_is_of_tensors(dtype) || refuse(n, "%lld is no dtype of tensors", (long long)dtype);
}

static void cast_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_cast(g[0], vt_dtype_of(n->in[0]));
}

const op op_cast = { UNARY(cast), .infer = infer_cast, .vjp = cast_vjp };

vt_tensor vt_cast_at(vt_site at, vt_tensor x, vt_dtype dtype)
{
    spec s;
    if (vt_failed() || !spec_of("cast", at, "x", x, &s)) return (vt_tensor){ 0 };
    if (dtype == VT_DTYPE_DEFAULT) dtype = dtype_default();
    if (s.dtype == dtype) return x;
    return record(&op_cast, at, INPUTS(x), ATTRIBUTE(cast_attributes, .dtype = dtype));
}
