/* unary.c - functions of one variable on each element. */
#include "core/settings.h"
#include "core/base/dtype.h"
#include "ops/elementwise.h"
#include "ops/infer.h"
#include "ops/pointwise.h"
#include <vitro/vitro.h>
#include <math.h>

void neg_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    (void)n;
    dx[0] = vt_neg(g[0]);
}

void abs_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_mul(g[0], vt_sign(n->in[0]));
}

void reciprocal_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_neg(vt_mul(g[0], vt_square(n->out[0])));
}

void square_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_mul(g[0], vt_scale(n->in[0], 2));
}

void sqrt_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_div(vt_scale(g[0], 0.5), n->out[0]);
}

/* -1/2 x^(-3/2) */
void rsqrt_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_mul(g[0], vt_scale(vt_div(n->out[0], n->in[0]), -0.5));
}

void exp_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_mul(g[0], n->out[0]);
}

void log_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_div(g[0], n->in[0]);
}

void log1p_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_div(g[0], vt_shift(n->in[0], 1));
}

void expm1_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_mul(g[0], vt_exp(n->in[0]));
}

void sin_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_mul(g[0], vt_cos(n->in[0]));
}

void cos_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_neg(vt_mul(g[0], vt_sin(n->in[0])));
}

/* 1 + y^2 */
void tan_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_mul(g[0], vt_shift(vt_square(n->out[0]), 1));
}

/* 1 - x^2, which keeps its digits near -1 and 1. */
static vt_tensor one_minus_square(vt_tensor x)
{
    return vt_mul(vt_affine(x, -1, 1), vt_shift(x, 1));
}

void asin_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_mul(g[0], vt_rsqrt(one_minus_square(n->in[0])));
}

void acos_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_neg(vt_mul(g[0], vt_rsqrt(one_minus_square(n->in[0]))));
}

void atan_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_div(g[0], vt_shift(vt_square(n->in[0]), 1));
}

void sinh_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_mul(g[0], vt_cosh(n->in[0]));
}

void cosh_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_mul(g[0], vt_sinh(n->in[0]));
}

/* 1 / sqrt(x^2 + 1) = 1 / cosh y and 1 / sqrt(x^2 - 1) = 1 / sinh y, whose squares neither overflow nor cancel. */
void asinh_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_div(g[0], vt_cosh(n->out[0]));
}

void acosh_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_div(g[0], vt_sinh(n->out[0]));
}

void atanh_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_div(g[0], one_minus_square(n->in[0]));
}

void erf_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_mul(g[0], vt_scale(vt_exp(vt_neg(vt_square(n->in[0]))), M_2_SQRTPI));
}

const op op_logical_not = { OP_HEAD(logical_not, 1, 1, 1), .infer = infer_logical, .constant = true };
UNARY_FUNCTION(logical_not)

vt_tensor vt_bitwise_not_at(vt_site at, vt_tensor x)
{
    ENTER("bitwise_not", at);
    spec s;
    if (vt_failed() || !spec_of("bitwise_not", at, "x", x, &s)) return VT_INERT;
    if (s.dtype == VT_BOOL) return vt_logical_not(x);
    return vt_bitwise_xor(x, constant_like(x, s.dtype == VT_U8 ? UINT8_MAX : -1));
}

/* -- With attributes ----------------------------------------------------------------------------------------------- */

void affine_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_scale(g[0], ATTRIBUTES(affine_attributes, n)->scale);
}

vt_tensor vt_affine_at(vt_site at, vt_tensor x, double scale, double shift)
{
    return record(&op_affine, at, INPUTS(x), ATTRIBUTE(affine_attributes, .scale = scale, .shift = shift));
}

vt_tensor vt_scale_at(vt_site at, vt_tensor x, double factor)
{
    ENTER("scale", at);
    return vt_affine_at(at, x, factor, 0);
}

vt_tensor vt_shift_at(vt_site at, vt_tensor x, double offset)
{
    ENTER("shift", at);
    return vt_affine_at(at, x, 1, offset);
}

void pow_scalar_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    double exponent = ATTRIBUTES(pow_scalar_attributes, n)->exponent;
    if (exponent == 0)
        dx[0] = vt_zeros_like(g[0]);
    else
        dx[0] = vt_mul(g[0], vt_scale(vt_pow_scalar(n->in[0], exponent - 1), exponent));
}

/* Small whole exponents are products, many times faster. */
vt_tensor vt_pow_scalar_at(vt_site at, vt_tensor x, double exponent)
{
    ENTER("pow_scalar", at);
    if (exponent == 2) return vt_square(x);
    if (exponent == 3) return vt_mul(vt_square(x), x);
    if (exponent == -1) return vt_reciprocal(x);
    return record(&op_pow_scalar, at, INPUTS(x), ATTRIBUTE(pow_scalar_attributes, .exponent = exponent));
}

void clamp_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    const clamp_attributes *a = ATTRIBUTES(clamp_attributes, n);
    vt_tensor x = n->in[0], zero = constant_like(g[0], 0);
    dx[0] = g[0];
    if (a->low != -INFINITY) dx[0] = vt_where(vt_greater(x, constant_like(x, a->low)), dx[0], zero);
    if (a->high != INFINITY) dx[0] = vt_where(vt_less(x, constant_like(x, a->high)), dx[0], zero);
}

vt_tensor vt_clamp_at(vt_site at, vt_tensor x, double low, double high)
{
    if (!(low <= high))
        return refuse_call("clamp", at, VT_ERROR_ARGUMENT,
                           "the limits are low %g and high %g; low must not exceed high", low, high);
    return record(&op_clamp, at, INPUTS(x), ATTRIBUTE(clamp_attributes, .low = low, .high = high));
}

static bool infer_cast(const node *n, const spec *in, spec *out)
{
    int64_t dtype = ATTRIBUTES(cast_attributes, n)->dtype;
    *out = (spec){ (vt_dtype)dtype, in[0].shape };
    return dtype_is_of_tensors(dtype) || refuse(n, "dtype is %s (%d); " DTYPES_OF_TENSORS,
                                                vt_dtype_name((vt_dtype)dtype), (int)dtype, dtype_advice(dtype));
}

static void cast_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_cast(g[0], vt_dtype_of(n->in[0]));
}

const op op_cast = { OP_HEAD(cast, 1, 1, 1), .infer = infer_cast, .vjp = cast_vjp };

vt_tensor vt_cast_at(vt_site at, vt_tensor x, vt_dtype dtype)
{
    spec s;
    if (vt_failed() || !spec_of("cast", at, "x", x, &s)) return VT_INERT;
    if (dtype == VT_DTYPE_DEFAULT) dtype = dtype_default();
    if (s.dtype == dtype) return x;
    return record(&op_cast, at, INPUTS(x), ATTRIBUTE(cast_attributes, .dtype = dtype));
}
