/* elementwise.h - ops on each element, with broadcasting: shapes are aligned at the last axis, and an extent of 1
 * repeats. Inputs of one op share their dtype; vt_cast converts.
 *
 * "Numbers" are every dtype but bool. Integer results that do not fit wrap around. Floating point follows IEEE 754:
 * x / 0 is an infinity, log(-1) is NaN, and NaN passes through every op, vt_maximum and vt_clamp included. */
#ifndef VITRO_ELEMENTWISE_H
#define VITRO_ELEMENTWISE_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- Arithmetic ---------------------------------------------------------------------------------------------------- */

/* Of two numbers. vt_maximum and vt_minimum share the gradient equally between equal elements. */
VT_API vt_tensor vt_add_at(vt_site at, vt_tensor a, vt_tensor b);
VT_API vt_tensor vt_sub_at(vt_site at, vt_tensor a, vt_tensor b);
VT_API vt_tensor vt_mul_at(vt_site at, vt_tensor a, vt_tensor b);
VT_API vt_tensor vt_minimum_at(vt_site at, vt_tensor a, vt_tensor b);
VT_API vt_tensor vt_maximum_at(vt_site at, vt_tensor a, vt_tensor b);
#define vt_add(a, b)     vt_add_at(VT_HERE, a, b)
#define vt_sub(a, b)     vt_sub_at(VT_HERE, a, b)
#define vt_mul(a, b)     vt_mul_at(VT_HERE, a, b)
#define vt_minimum(a, b) vt_minimum_at(VT_HERE, a, b)
#define vt_maximum(a, b) vt_maximum_at(VT_HERE, a, b)

/* a / b, floating point only. */
VT_API vt_tensor vt_div_at(vt_site at, vt_tensor a, vt_tensor b);
#define vt_div(a, b) vt_div_at(VT_HERE, a, b)

/* Whole quotients of numbers: floor(a / b), as Python's a // b, and a / b rounded towards 0, as C's. remainder has the
 * sign of b, as Python's a % b; fmod has the sign of a, as C's. So a = b floor_divide(a, b) + remainder(a, b), and with
 * the other two as well. An integer divided by 0 is 0, and so is what remains, as NumPy has it; floating-point numbers
 * follow IEEE 754: the quotient is that of a / b, the remainder NaN. The least integer by -1 wraps around. Gradients: 0
 * of quotients; of remainders 1 for a, and minus the quotient for b. */
VT_API vt_tensor vt_floor_divide_at(vt_site at, vt_tensor a, vt_tensor b);
VT_API vt_tensor vt_trunc_divide_at(vt_site at, vt_tensor a, vt_tensor b);
VT_API vt_tensor vt_remainder_at(vt_site at, vt_tensor a, vt_tensor b);
VT_API vt_tensor vt_fmod_at(vt_site at, vt_tensor a, vt_tensor b);
#define vt_floor_divide(a, b) vt_floor_divide_at(VT_HERE, a, b)
#define vt_trunc_divide(a, b) vt_trunc_divide_at(VT_HERE, a, b)
#define vt_remainder(a, b)    vt_remainder_at(VT_HERE, a, b)
#define vt_fmod(a, b)         vt_fmod_at(VT_HERE, a, b)

/* a to the power b, floating point only; 0^0 is 1. Gradients at a = 0: that of a is b a^(b-1), and 0 for b = 0; that
 * of b is 0 for b >= 0. Where a < 0 the gradient of b is NaN. */
VT_API vt_tensor vt_pow_at(vt_site at, vt_tensor a, vt_tensor b);
#define vt_pow(a, b) vt_pow_at(VT_HERE, a, b)
/* x to the power of a constant, floating point only. The gradient for the exponent 0 is 0 everywhere. */
VT_API vt_tensor vt_pow_scalar_at(vt_site at, vt_tensor x, double exponent);
#define vt_pow_scalar(x, exponent) vt_pow_scalar_at(VT_HERE, x, exponent)

/* The angle in [-pi, pi] of the point with ordinate a and abscissa b: atan(a / b) where b > 0. Floating point only. The
 * gradients, b / (a^2 + b^2) and -a / (a^2 + b^2), are NaN at the origin. */
VT_API vt_tensor vt_atan2_at(vt_site at, vt_tensor a, vt_tensor b);
#define vt_atan2(a, b) vt_atan2_at(VT_HERE, a, b)

/* scale x + shift, floating point only. */
VT_API vt_tensor vt_affine_at(vt_site at, vt_tensor x, double scale, double shift);
#define vt_affine(x, scale, shift) vt_affine_at(VT_HERE, x, scale, shift)
/* factor x, floating point only. */
VT_API vt_tensor vt_scale_at(vt_site at, vt_tensor x, double factor);
#define vt_scale(x, factor) vt_scale_at(VT_HERE, x, factor)
/* x + offset, floating point only. */
VT_API vt_tensor vt_shift_at(vt_site at, vt_tensor x, double offset);
#define vt_shift(x, offset) vt_shift_at(VT_HERE, x, offset)

/* Of a number. The gradient of vt_abs at 0 is 0. */
VT_API vt_tensor vt_neg_at(vt_site at, vt_tensor x);
VT_API vt_tensor vt_abs_at(vt_site at, vt_tensor x);
#define vt_neg(x) vt_neg_at(VT_HERE, x)
#define vt_abs(x) vt_abs_at(VT_HERE, x)

/* -- Functions of one floating-point variable ---------------------------------------------------------------------- */

VT_API vt_tensor vt_reciprocal_at(vt_site at, vt_tensor x); /* 1 / x */
VT_API vt_tensor vt_square_at(vt_site at, vt_tensor x);     /* x^2 */
VT_API vt_tensor vt_sqrt_at(vt_site at, vt_tensor x);
VT_API vt_tensor vt_rsqrt_at(vt_site at, vt_tensor x); /* 1 / sqrt(x) */
VT_API vt_tensor vt_exp_at(vt_site at, vt_tensor x);
VT_API vt_tensor vt_log_at(vt_site at, vt_tensor x);   /* natural */
VT_API vt_tensor vt_log1p_at(vt_site at, vt_tensor x); /* log(1 + x), exact for small x */
VT_API vt_tensor vt_expm1_at(vt_site at, vt_tensor x); /* e^x - 1, exact for small x */
VT_API vt_tensor vt_sin_at(vt_site at, vt_tensor x);
VT_API vt_tensor vt_cos_at(vt_site at, vt_tensor x);
VT_API vt_tensor vt_tan_at(vt_site at, vt_tensor x);
VT_API vt_tensor vt_asin_at(vt_site at, vt_tensor x); /* in [-pi/2, pi/2]; NaN where |x| > 1 */
VT_API vt_tensor vt_acos_at(vt_site at, vt_tensor x); /* in [0, pi]; NaN where |x| > 1 */
VT_API vt_tensor vt_atan_at(vt_site at, vt_tensor x); /* in [-pi/2, pi/2] */
VT_API vt_tensor vt_sinh_at(vt_site at, vt_tensor x);
VT_API vt_tensor vt_cosh_at(vt_site at, vt_tensor x);
VT_API vt_tensor vt_asinh_at(vt_site at, vt_tensor x);
VT_API vt_tensor vt_acosh_at(vt_site at, vt_tensor x); /* 0 or more; NaN where x < 1 */
VT_API vt_tensor vt_atanh_at(vt_site at, vt_tensor x); /* NaN where |x| > 1 */
VT_API vt_tensor vt_erf_at(vt_site at, vt_tensor x);   /* 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x */
#define vt_reciprocal(x) vt_reciprocal_at(VT_HERE, x)
#define vt_square(x)     vt_square_at(VT_HERE, x)
#define vt_sqrt(x)       vt_sqrt_at(VT_HERE, x)
#define vt_rsqrt(x)      vt_rsqrt_at(VT_HERE, x)
#define vt_exp(x)        vt_exp_at(VT_HERE, x)
#define vt_log(x)        vt_log_at(VT_HERE, x)
#define vt_log1p(x)      vt_log1p_at(VT_HERE, x)
#define vt_expm1(x)      vt_expm1_at(VT_HERE, x)
#define vt_sin(x)        vt_sin_at(VT_HERE, x)
#define vt_cos(x)        vt_cos_at(VT_HERE, x)
#define vt_tan(x)        vt_tan_at(VT_HERE, x)
#define vt_asin(x)       vt_asin_at(VT_HERE, x)
#define vt_acos(x)       vt_acos_at(VT_HERE, x)
#define vt_atan(x)       vt_atan_at(VT_HERE, x)
#define vt_sinh(x)       vt_sinh_at(VT_HERE, x)
#define vt_cosh(x)       vt_cosh_at(VT_HERE, x)
#define vt_asinh(x)      vt_asinh_at(VT_HERE, x)
#define vt_acosh(x)      vt_acosh_at(VT_HERE, x)
#define vt_atanh(x)      vt_atanh_at(VT_HERE, x)
#define vt_erf(x)        vt_erf_at(VT_HERE, x)

/* Steps: their gradient is 0 everywhere, and vt_grad gives these zeros. */
VT_API vt_tensor vt_sign_at(vt_site at, vt_tensor x); /* -1, 0 or 1 */
VT_API vt_tensor vt_floor_at(vt_site at, vt_tensor x);
VT_API vt_tensor vt_ceil_at(vt_site at, vt_tensor x);
VT_API vt_tensor vt_trunc_at(vt_site at, vt_tensor x); /* towards 0 */
VT_API vt_tensor vt_round_at(vt_site at, vt_tensor x); /* halves to the even neighbour */
#define vt_sign(x)  vt_sign_at(VT_HERE, x)
#define vt_floor(x) vt_floor_at(VT_HERE, x)
#define vt_ceil(x)  vt_ceil_at(VT_HERE, x)
#define vt_trunc(x) vt_trunc_at(VT_HERE, x)
#define vt_round(x) vt_round_at(VT_HERE, x)

/* x limited to [low, high]; INFINITY leaves a side open. The gradient passes where low < x < high. At a limit, where
 * the slope is 1 on one side and 0 on the other, it is 0, the smaller of the two, as that of vt_relu is at 0, which is
 * vt_clamp(x, 0, INFINITY): the subgradient of least norm, which PyTorch takes since 2.15. Errors: low > high, NaN. */
VT_API vt_tensor vt_clamp_at(vt_site at, vt_tensor x, double low, double high);
#define vt_clamp(x, low, high) vt_clamp_at(VT_HERE, x, low, high)

/* -- Activations: floating point ----------------------------------------------------------------------------------- */

VT_API vt_tensor vt_sigmoid_at(vt_site at, vt_tensor x); /* 1 / (1 + e^-x) */
VT_API vt_tensor vt_tanh_at(vt_site at, vt_tensor x);
VT_API vt_tensor vt_relu_at(vt_site at, vt_tensor x);                     /* max(x, 0); gradient 0 at 0 */
VT_API vt_tensor vt_leaky_relu_at(vt_site at, vt_tensor x, double slope); /* x, or slope x for x <= 0 */
VT_API vt_tensor vt_relu6_at(vt_site at, vt_tensor x);                    /* min(max(x, 0), 6); gradient 0 at 0 and 6 */
/* x, or alpha (e^x - 1) for x <= 0: Clevert et al. 2015. The gradient at 0 is alpha. */
VT_API vt_tensor vt_elu_at(vt_site at, vt_tensor x, double alpha);
/* x, or alpha (e^(x / alpha) - 1) for x <= 0: Barron 2017. Error: alpha that is not more than 0. */
VT_API vt_tensor vt_celu_at(vt_site at, vt_tensor x, double alpha);
/* 1.0507009873554805 elu(x, 1.6732632423543772): Klambauer et al. 2017 */
VT_API vt_tensor vt_selu_at(vt_site at, vt_tensor x);
/* x, or weight x for x <= 0: He et al. 2015. The weight is one number ([1] or a scalar), or [channels] along axis 1 of
 * x; its gradient is summed over what it is broadcast to. Error: a weight of another shape. */
VT_API vt_tensor vt_prelu_at(vt_site at, vt_tensor x, vt_tensor weight);
/* min(max(x + 3, 0), 6) / 6, and x times that: Howard et al. 2019. Gradients at -3 are 0, at 3 they are 0 and 1. */
VT_API vt_tensor vt_hardsigmoid_at(vt_site at, vt_tensor x);
VT_API vt_tensor vt_hardswish_at(vt_site at, vt_tensor x);
VT_API vt_tensor vt_mish_at(vt_site at, vt_tensor x);       /* x tanh(log(1 + e^x)), Misra 2019 */
VT_API vt_tensor vt_softsign_at(vt_site at, vt_tensor x);   /* x / (1 + |x|) */
VT_API vt_tensor vt_logsigmoid_at(vt_site at, vt_tensor x); /* log(1 / (1 + e^-x)), accurate in both tails */
VT_API vt_tensor vt_silu_at(vt_site at, vt_tensor x);       /* x sigmoid(x), Elfwing et al. 2017 */
VT_API vt_tensor vt_softplus_at(vt_site at, vt_tensor x);   /* log(1 + e^x) */
#define vt_sigmoid(x)           vt_sigmoid_at(VT_HERE, x)
#define vt_tanh(x)              vt_tanh_at(VT_HERE, x)
#define vt_relu(x)              vt_relu_at(VT_HERE, x)
#define vt_relu6(x)             vt_relu6_at(VT_HERE, x)
#define vt_leaky_relu(x, slope) vt_leaky_relu_at(VT_HERE, x, slope)
#define vt_elu(x, alpha)        vt_elu_at(VT_HERE, x, alpha)
#define vt_celu(x, alpha)       vt_celu_at(VT_HERE, x, alpha)
#define vt_selu(x)              vt_selu_at(VT_HERE, x)
#define vt_prelu(x, weight)     vt_prelu_at(VT_HERE, x, weight)
#define vt_hardsigmoid(x)       vt_hardsigmoid_at(VT_HERE, x)
#define vt_hardswish(x)         vt_hardswish_at(VT_HERE, x)
#define vt_mish(x)              vt_mish_at(VT_HERE, x)
#define vt_softsign(x)          vt_softsign_at(VT_HERE, x)
#define vt_logsigmoid(x)        vt_logsigmoid_at(VT_HERE, x)
#define vt_silu(x)              vt_silu_at(VT_HERE, x)
#define vt_softplus(x)          vt_softplus_at(VT_HERE, x)

typedef struct vt_gelu_args {
    vt_site at_;
    vt_tensor x;
    vt_named_only named_only_;
    bool tanh; /* the approximation x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) */
} vt_gelu_args;
/* x Φ(x), with Φ the normal distribution function: Hendrycks and Gimpel 2016. Accurate in both tails. */
VT_API vt_tensor vt_gelu_with(const vt_gelu_args *a);
#define vt_gelu(...) vt_gelu_with(VT_ARGS(vt_gelu_args, 1, "vt_gelu(x, .tanh)", __VA_ARGS__))

/* -- Random masks: in training mode only; otherwise they return x itself ------------------------------------------- */

/* Zeroes each element with probability p and scales what stays by 1 / (1 - p): Srivastava et al. 2014. Element i stays
 * where the uniform number i of the op's random stream is at least p, the same on every device. The mask is never
 * stored: the gradient draws it again. Errors: p outside [0, 1); x not floating point. */
VT_API vt_tensor vt_dropout_at(vt_site at, vt_tensor x, double p);
#define vt_dropout(x, p) vt_dropout_at(VT_HERE, x, p)

/* As vt_dropout, for whole samples along axis 0: the stochastic depth of Huang et al. 2016. x has rank 1 or more. */
VT_API vt_tensor vt_drop_path_at(vt_site at, vt_tensor x, double p);
#define vt_drop_path(x, p) vt_drop_path_at(VT_HERE, x, p)

/* -- Comparisons, logic, choice ------------------------------------------------------------------------------------ */

/* Of any dtype, to bool. Comparisons with NaN are false, not_equal excepted. */
VT_API vt_tensor vt_equal_at(vt_site at, vt_tensor a, vt_tensor b);
VT_API vt_tensor vt_not_equal_at(vt_site at, vt_tensor a, vt_tensor b);
VT_API vt_tensor vt_less_at(vt_site at, vt_tensor a, vt_tensor b);
VT_API vt_tensor vt_less_equal_at(vt_site at, vt_tensor a, vt_tensor b);
VT_API vt_tensor vt_greater_at(vt_site at, vt_tensor a, vt_tensor b);
VT_API vt_tensor vt_greater_equal_at(vt_site at, vt_tensor a, vt_tensor b);
VT_API vt_tensor vt_is_nan_at(vt_site at, vt_tensor x);
#define vt_equal(a, b)         vt_equal_at(VT_HERE, a, b)
#define vt_not_equal(a, b)     vt_not_equal_at(VT_HERE, a, b)
#define vt_less(a, b)          vt_less_at(VT_HERE, a, b)
#define vt_less_equal(a, b)    vt_less_equal_at(VT_HERE, a, b)
#define vt_greater(a, b)       vt_greater_at(VT_HERE, a, b)
#define vt_greater_equal(a, b) vt_greater_equal_at(VT_HERE, a, b)
#define vt_is_nan(x)           vt_is_nan_at(VT_HERE, x)

/* Of bool, to bool. */
VT_API vt_tensor vt_logical_and_at(vt_site at, vt_tensor a, vt_tensor b);
VT_API vt_tensor vt_logical_or_at(vt_site at, vt_tensor a, vt_tensor b);
VT_API vt_tensor vt_logical_not_at(vt_site at, vt_tensor x);
#define vt_logical_and(a, b) vt_logical_and_at(VT_HERE, a, b)
#define vt_logical_or(a, b)  vt_logical_or_at(VT_HERE, a, b)
#define vt_logical_not(x)    vt_logical_not_at(VT_HERE, x)

/* Bit by bit, of integers in two's complement or of bool. */
VT_API vt_tensor vt_bitwise_and_at(vt_site at, vt_tensor a, vt_tensor b);
VT_API vt_tensor vt_bitwise_or_at(vt_site at, vt_tensor a, vt_tensor b);
VT_API vt_tensor vt_bitwise_xor_at(vt_site at, vt_tensor a, vt_tensor b);
VT_API vt_tensor vt_bitwise_not_at(vt_site at, vt_tensor x);
#define vt_bitwise_and(a, b) vt_bitwise_and_at(VT_HERE, a, b)
#define vt_bitwise_or(a, b)  vt_bitwise_or_at(VT_HERE, a, b)
#define vt_bitwise_xor(a, b) vt_bitwise_xor_at(VT_HERE, a, b)
#define vt_bitwise_not(x)    vt_bitwise_not_at(VT_HERE, x)

/* The bits of integers a moved by b places; to the right, the sign moves in. Moved by more places than there are, or by
 * a negative number, nothing of a is left but the sign: 0, or to the right of a negative a, -1. */
VT_API vt_tensor vt_bitwise_left_shift_at(vt_site at, vt_tensor a, vt_tensor b);
VT_API vt_tensor vt_bitwise_right_shift_at(vt_site at, vt_tensor a, vt_tensor b);
#define vt_bitwise_left_shift(a, b)  vt_bitwise_left_shift_at(VT_HERE, a, b)
#define vt_bitwise_right_shift(a, b) vt_bitwise_right_shift_at(VT_HERE, a, b)

/* a where condition (bool) is true, b elsewhere; a and b of any one dtype. The three broadcast together. */
VT_API vt_tensor vt_where_at(vt_site at, vt_tensor condition, vt_tensor a, vt_tensor b);
#define vt_where(condition, a, b) vt_where_at(VT_HERE, condition, a, b)

/* x converted to dtype; VT_DTYPE_DEFAULT is the context's precision. To an integer: truncated towards 0, what does not
 * fit becomes the nearest that does, NaN becomes 0. To bool: x != 0. Gradients pass between floating-point dtypes. x of
 * that dtype is returned itself. Error: a dtype that data alone has, as f16 and i8, since no tensor would be of the
 * dtype that was asked for. vt_read gives x as data of it; what vt_from_data makes of this is x, rounded to it. */
VT_API vt_tensor vt_cast_at(vt_site at, vt_tensor x, vt_dtype dtype);
#define vt_cast(x, dtype) vt_cast_at(VT_HERE, x, dtype)

#ifdef __cplusplus
}
#endif
#endif
