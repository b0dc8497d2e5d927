/* vector_math.h - elementary functions for loops that are to vectorise, which calls to libm's do not: no branches, no
 * calls, no conversion of a float to an integer. NaN, infinities, denormal arguments and results are as in libm. The
 * errors stated are of f32 with fused multiply-add; tests/test_vector_math.c holds them. Polynomials are minimax fits
 * of our own.
 *
 * f64, whose work is checking rather than speed, is libm's under the same names. */
#ifndef VITRO_BACKENDS_CPU_VECTOR_VECTOR_MATH_H
#define VITRO_BACKENDS_CPU_VECTOR_VECTOR_MATH_H

#include "ops/division.h"
#include <math.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* |x|; the magnitude of x with the sign of y */
static inline float magnitude_f32(float x)
{
    return float_of(bits_of(x) & 0x7fffffff);
}

static inline float with_sign_f32(float x, float y)
{
    return float_of((bits_of(x) & 0x7fffffff) | (bits_of(y) & 0x80000000));
}

/* y where x is positive, -y where it is negative */
static inline float times_sign_f32(float y, float x)
{
    return float_of(bits_of(y) ^ (bits_of(x) & 0x80000000));
}

/* 1 where the sign bit of x is clear, 0 where it is set */
static inline float one_where_positive_f32(float x)
{
    return float_of(0x3f800000 & ((bits_of(x) >> 31) - 1));
}

/* 2^n for n in [-126, 127] */
static inline float power_of_two(int32_t n)
{
    return float_of((uint32_t)(n + 127) << 23);
}

/* e^r for r = x - n ln 2, |r| <= ln 2 / 2 */
static inline float exp_of_rest_f32(float x, float n)
{
    float r = x - n * 0x1.62e4p-1f;
    r = r - n * 0x1.7f7d1cp-20f;
    float p = 0x1.6850e4p-10f;
    p = p * r + 0x1.123bccp-7f;
    p = p * r + 0x1.555b98p-5f;
    p = p * r + 0x1.55548ep-3f;
    p = p * r + 0x1.fffff8p-2f;
    return p * r * r + r + 1;
}

/* e^x, to 1 ulp. e^x = 2^n e^r with |r| <= ln 2 / 2: n is found by adding 1.5 * 2^23, e^r is a polynomial. 2^n is
 * applied in halves, as it may be out of range itself. */
static inline float exp_f32(float x)
{
    const float shift = 0x1.8p23f;
    float limited = x < -104 ? -104 : x > 89 ? 89 : x;
    float shifted = limited * 0x1.715476p+0f + shift, n = shifted - shift;
    float p = exp_of_rest_f32(limited, n);
    int32_t whole = (int32_t)(bits_of(shifted) << 9) >> 9, half = whole >> 1; /* garbage for NaN, which p is as well */
    return p * power_of_two(half) * power_of_two(whole - half);
}

/* e^x - 1, to 2 ulp: 2^n (e^r - 1) + 2^n - 1, halved, as 2^n may be out of range itself. */
static inline float expm1_f32(float x)
{
    const float shift = 0x1.8p23f;
    float limited = x < -26 ? -26 : x > 89 ? 89 : x;
    float shifted = limited * 0x1.715476p+0f + shift, n = shifted - shift;
    float r = limited - n * 0x1.62e4p-1f, low = n * 0x1.7f7d1cp-20f;
    float high = r - low, lost = (r - high) - low; /* lest the sum lose digits where e^r - 1 cancels 2^n - 1 */
    float p = 0x1.6850e4p-10f;
    p = p * high + 0x1.123bccp-7f;
    p = p * high + 0x1.555b98p-5f;
    p = p * high + 0x1.55548ep-3f;
    p = p * high + 0x1.fffff8p-2f;
    float q = (p * high * high + lost) + high;
    float half = power_of_two(((int32_t)(bits_of(shifted) << 9) >> 9) - 1); /* garbage for NaN, which q is as well */
    float y = 2 * (half * q + (half - 0.5f));
    return magnitude_f32(x) < 0x1p-25f ? x : y;
}

/* e^x for x <= 0, or above by what rounding adds, to 1 ulp, or 0 where it is less than any normal float */
static inline float exp_below_zero_f32(float x)
{
    const float shift = 0x1.8p23f;
    float shifted = x * 0x1.715476p+0f + shift, n = shifted - shift;
    float p = exp_of_rest_f32(x, n);
    float scale = float_of((bits_of(shifted) << 23) + 0x3f800000); /* garbage for NaN, which p is as well */
    return x < -87 ? 0 : p * scale;
}

/* log(2^n (1 + f)) + correction, for 1 + f in [1/√2, √2] */
static inline float log_of_parts_f32(float n, float f, float correction)
{
    float p = -0x1.38b040p-4f;
    p = p * f + 0x1.055a5cp-3f;
    p = p * f - 0x1.0d85c0p-3f;
    p = p * f + 0x1.22da4ap-3f;
    p = p * f - 0x1.54723cp-3f;
    p = p * f + 0x1.99a006p-3f;
    p = p * f - 0x1.000228p-2f;
    p = p * f + 0x1.555554p-2f;
    float square = f * f, low = n * -0x1.05c610p-29f + correction; /* ln 2 = 0x1.62e43p-1 - 0x1.05c61p-29 */
    return n * 0x1.62e430p-1f + (f + (square * (f * p - 0.5f) + low));
}

/* n and 1 + f = m of a positive normal x = 2^n m */
static inline float log_parts_f32(float x, float *n)
{
    uint32_t from_root = bits_of(x) - 0x3f3504f3; /* 1/√2 */
    *n = (float)((int32_t)from_root >> 23);
    return float_of((from_root & 0x007fffff) + 0x3f3504f3);
}

/* log x, to 1 ulp */
static inline float log_f32(float x)
{
    float n, up = x < 0x1p-126f ? 0x1p25f : 1, m = log_parts_f32(x * up, &n);
    float y = log_of_parts_f32(x < 0x1p-126f ? n - 25 : n, m - 1, 0);
    y = x == INFINITY ? x : y;
    y = x == 0 ? -INFINITY : y;
    return x >= 0 ? y : NAN;
}

/* log(1 + x), to 1 ulp: the log of the rounded sum u, and what the rounding lost (Knuth's two-sum), relative to u */
static inline float log1p_f32(float x)
{
    float u = 1 + x, n, m = log_parts_f32(u, &n), added = u - 1;
    float lost = (1 - (u - added)) + (x - added);
    float y = log_of_parts_f32(n, m - 1, lost / u);
    y = magnitude_f32(x) < 0x1p-25f || x == INFINITY ? x : y;
    y = x == -1 ? -INFINITY : y;
    return x >= -1 ? y : NAN;
}

/* 1 / (1 + e^-x), to 3 ulp, relative in the lower tail too */
static inline float sigmoid_f32(float x)
{
    float e = exp_f32(-magnitude_f32(x)), y = 1 / (1 + e);
    return x < 0 ? e * y : y;
}

/* The sigmoid s and its derivative s (1 - s): from e = e^-|x| that is e / (1 + e)^2, where 1 - s would have lost its
 * digits. */
static inline float sigmoid_and_slope_f32(float x, float *slope)
{
    float e = exp_f32(-magnitude_f32(x)), upper = 1 / (1 + e), lower = e * upper;
    *slope = upper * lower;
    return x < 0 ? lower : upper;
}

/* tanh x, to 2 ulp: a polynomial near 0, 1 - 2 / (e^2x + 1) beyond */
static inline float tanh_f32(float x)
{
    float a = magnitude_f32(x), square = x * x;
    float p = -0x1.75e0c0p-8f;
    p = p * square + 0x1.522658p-6f;
    p = p * square - 0x1.b83c4ep-5f;
    p = p * square + 0x1.110726p-3f;
    p = p * square - 0x1.555532p-2f;
    float inner = x + x * (square * p), outer = 1 - 2 / (exp_f32(2 * a) + 1);
    return with_sign_f32(a < 0.625f ? inner : outer, x); /* x of -0 too */
}

/* What rounding took from square = x². Without fused multiply-add, by Dekker's product (1971). */
static inline float lost_of_square_f32(float x, float square)
{
#ifdef __FP_FAST_FMAF
    return fmaf(x, x, -square);
#else
    float high = float_of(bits_of(x) & 0xfffff000), low = x - high;
    return ((high * high - square) + 2 * high * low) + low * low;
#endif
}

/* Beyond it the tail of the normal distribution is less than any normal float. */
#define TAIL_END_F32 13.2f

/* e^(-t²/2) for 0 <= t <= TAIL_END_F32, to 3 ulp: as e^x, with a polynomial of -2r = t² + 2n ln 2. What t² loses in
 * rounding is put back, since the exponential magnifies it. Not NaN for every NaN. */
static inline float bell_f32(float t)
{
    const float shift = 0x1.8p23f;
    float square = t * t, lost = lost_of_square_f32(t, square);
    float shifted = square * -0x1.715476p-1f + shift, n = shifted - shift;
    float r = (n * 0x1.62e4p+0f + square) + (n * 0x1.7f7d1cp-19f + lost);
    float p = -0x1.0fe5b8p-12f;
    p = p * r + 0x1.575f08p-9f;
    p = p * r - 0x1.555a18p-6f;
    p = p * r + 0x1.fffd1ap-4f;
    p = p * r - 0x1.fffff6p-2f;
    p = p * r + 1;
    return float_of(bits_of(p) + (bits_of(shifted) << 23));
}

/* Φ(-t) e^(t²/2) for 0 <= t <= TAIL_END_F32, a rational function without cancellation */
static inline float mills_f32(float t)
{
    float p = 0x1.073012p-8f, q = 0x1.49da2ap-7f;
    p = p * t + 0x1.47503ep-5f;
    p = p * t + 0x1.7323ccp-3f;
    p = p * t + 0x1.be05e6p-2f;
    p = p * t + 0.5f;
    q = q * t + 0x1.9a41cap-4f;
    q = q * t + 0x1.db4aecp-2f;
    q = q * t + 0x1.31b234p+0f;
    q = q * t + 0x1.ab4524p+0f;
    q = q * t + 1;
    return p / q;
}

/* erf x, to 2 ulp: a polynomial near 0, 1 - 2 Φ(-√2 x) beyond */
static inline float erf_f32(float x)
{
    float a = magnitude_f32(x), square = x * x, t = a > 9 ? 9 : a;
    float p = 0x1.4969eap-14f;
    p = p * square - 0x1.a3f6e4p-11f;
    p = p * square + 0x1.5405aep-8f;
    p = p * square - 0x1.b7f90cp-6f;
    p = p * square + 0x1.ce2cf8p-4f;
    p = p * square - 0x1.81273ep-2f;
    p = p * square + 0x1.06eba8p-3f;
    float inner = x + x * p, outer = 1 - 2 * exp_f32(-t * t) * mills_f32(0x1.6a09e6p+0f * t);
    return a < 1 ? inner : with_sign_f32(outer, x);
}

/* silu'(x) = s (1 + x (1 - s)), s = sigmoid(x) */
static inline float silu_slope_f32(float x)
{
    float slope, s = sigmoid_and_slope_f32(x, &slope);
    return s + x * slope;
}

/* t = tanh(softplus(x)) = ((1 + e^x)^2 - 1) / ((1 + e^x)^2 + 1) and its derivative sigmoid(x) (1 - t^2), both of e =
 * e^-|x|, so that nothing overflows and nothing cancels. */
static inline float tanh_softplus_and_slope_f32(float x, float *slope)
{
    float e = exp_f32(-magnitude_f32(x)), upper = 1 + 2 * e, lower = e * (2 + e);
    float per_whole = 1 / (x > 0 ? upper + 2 * e * e : lower + 2);
    *slope = 4 * e * (1 + e) * per_whole * per_whole * (x > 0 ? e : 1);
    return (x > 0 ? upper : lower) * per_whole;
}

static inline float mish_f32(float x)
{
    float slope;
    return x * tanh_softplus_and_slope_f32(x, &slope);
}

static inline float mish_slope_f32(float x)
{
    float slope, t = tanh_softplus_and_slope_f32(x, &slope);
    return t + x * slope;
}

static inline double magnitude_f64(double x)
{
    return fabs(x);
}

static inline double exp_f64(double x)
{
    return exp(x);
}

static inline double exp_below_zero_f64(double x)
{
    return exp(x);
}

static inline double log_f64(double x)
{
    return log(x);
}

static inline double log1p_f64(double x)
{
    return log1p(x);
}

static inline double sigmoid_f64(double x)
{
    double e = exp(-fabs(x)), y = 1 / (1 + e);
    return x < 0 ? e * y : y;
}

static inline double sigmoid_and_slope_f64(double x, double *slope)
{
    double e = exp(-fabs(x)), upper = 1 / (1 + e), lower = e * upper;
    *slope = upper * lower;
    return x < 0 ? lower : upper;
}

static inline double tanh_f64(double x)
{
    return tanh(x);
}

static inline double erf_f64(double x)
{
    return erf(x);
}

static inline double silu_slope_f64(double x)
{
    double slope, s = sigmoid_and_slope_f64(x, &slope);
    return s + x * slope;
}

static inline double tanh_softplus_and_slope_f64(double x, double *slope)
{
    double e = exp(-fabs(x)), upper = 1 + 2 * e, lower = e * (2 + e);
    double per_whole = 1 / (x > 0 ? upper + 2 * e * e : lower + 2);
    *slope = 4 * e * (1 + e) * per_whole * per_whole * (x > 0 ? e : 1);
    return (x > 0 ? upper : lower) * per_whole;
}

static inline double mish_f64(double x)
{
    double slope;
    return x * tanh_softplus_and_slope_f64(x, &slope);
}

static inline double mish_slope_f64(double x)
{
    double slope, t = tanh_softplus_and_slope_f64(x, &slope);
    return t + x * slope;
}

static inline double expm1_f64(double x)
{
    return expm1(x);
}

/* libm's, or the processor's own */
#define LIBRARY_FUNCTION(name)                                                                                         \
    static inline float name##_f32(float x)                                                                            \
    {                                                                                                                  \
        return name##f(x);                                                                                             \
    }                                                                                                                  \
    static inline double name##_f64(double x)                                                                          \
    {                                                                                                                  \
        return name(x);                                                                                                \
    }
LIBRARY_FUNCTION(sqrt)
LIBRARY_FUNCTION(floor)
LIBRARY_FUNCTION(ceil)
LIBRARY_FUNCTION(rint)
LIBRARY_FUNCTION(trunc)
LIBRARY_FUNCTION(sin)
LIBRARY_FUNCTION(cos)
LIBRARY_FUNCTION(tan)
LIBRARY_FUNCTION(asin)
LIBRARY_FUNCTION(acos)
LIBRARY_FUNCTION(atan)
LIBRARY_FUNCTION(sinh)
LIBRARY_FUNCTION(cosh)
LIBRARY_FUNCTION(asinh)
LIBRARY_FUNCTION(acosh)
LIBRARY_FUNCTION(atanh)
#undef LIBRARY_FUNCTION

static inline float rsqrt_f32(float x)
{
    return 1 / sqrtf(x);
}

static inline double rsqrt_f64(double x)
{
    return 1 / sqrt(x);
}

static inline float pow_f32(float x, float y)
{
    return powf(x, y);
}

static inline double pow_f64(double x, double y)
{
    return pow(x, y);
}

static inline float atan2_f32(float y, float x)
{
    return atan2f(y, x);
}

static inline double atan2_f64(double y, double x)
{
    return atan2(y, x);
}

FLOAT_DIVISION(static inline, float, f32, fmodf, rintf, copysignf)
FLOAT_DIVISION(static inline, double, f64, fmod, rint, copysign)

/* Of division.h, of each type of integer. */
#define INTEGER_FUNCTION(name)                                                                                         \
    static inline int32_t name##_i32(int32_t a, int32_t b)                                                             \
    {                                                                                                                  \
        return (int32_t)name(a, b);                                                                                    \
    }                                                                                                                  \
    static inline int64_t name##_i64(int64_t a, int64_t b)                                                             \
    {                                                                                                                  \
        return name(a, b);                                                                                             \
    }                                                                                                                  \
    static inline uint8_t name##_u8(uint8_t a, uint8_t b)                                                              \
    {                                                                                                                  \
        return (uint8_t)name(a, b);                                                                                    \
    }
INTEGER_FUNCTION(floor_quotient)
INTEGER_FUNCTION(floor_remainder)
INTEGER_FUNCTION(trunc_quotient)
INTEGER_FUNCTION(trunc_remainder)
INTEGER_FUNCTION(shift_left)
INTEGER_FUNCTION(shift_right)
#undef INTEGER_FUNCTION

/* |x| of an integer in two's complement, which wraps around */
static inline uint32_t magnitude_i32(uint32_t x)
{
    return x >> 31 ? -x : x;
}

static inline uint64_t magnitude_i64(uint64_t x)
{
    return x >> 63 ? -x : x;
}

static inline uint8_t magnitude_u8(uint8_t x)
{
    return x;
}

#endif
