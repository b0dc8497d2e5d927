/* unary.c - functions of one variable on each element. */
#include "backends/cpu/kernels.h"
#include "backends/cpu/rows.h"
#include "backends/cpu/vector_math.h"
#include "ops/elementwise.h"

/* The same expression in f32 and f64; `a` is the element. */
#define SAME_EXPRESSION(name, expression)                                                                              \
    UNARY_ROW(name##_f32, float, float, expression)                                                                    \
    UNARY_ROW(name##_f64, double, double, expression)
/* A function that is name_f32 and name_f64. */
#define VECTOR_FUNCTION(name)                                                                                          \
    UNARY_ROW(name##_row_f32, float, float, name##_f32(a))                                                             \
    UNARY_ROW(name##_row_f64, double, double, name##_f64(a))
/* A function of libm's. */
#define LIBRARY_FUNCTION(name, function)                                                                               \
    UNARY_ROW(name##_f32, float, float, function##f(a))                                                                \
    UNARY_ROW(name##_f64, double, double, function(a))

VECTOR_FUNCTION(exp)
VECTOR_FUNCTION(log)
VECTOR_FUNCTION(log1p)
VECTOR_FUNCTION(erf)
LIBRARY_FUNCTION(sqrt, sqrt)
LIBRARY_FUNCTION(floor, floor)
LIBRARY_FUNCTION(ceil, ceil)
LIBRARY_FUNCTION(round, rint)
LIBRARY_FUNCTION(sin, sin)
LIBRARY_FUNCTION(cos, cos)
SAME_EXPRESSION(neg, -a)
SAME_EXPRESSION(reciprocal, 1 / a)
SAME_EXPRESSION(square, a *a)
SAME_EXPRESSION(sign, a > 0 ? 1 : a < 0 ? -1 : a)
UNARY_ROW(rsqrt_f32, float, float, 1 / sqrtf(a))
UNARY_ROW(rsqrt_f64, double, double, 1 / sqrt(a))
UNARY_ROW(abs_f32, float, float, magnitude_f32(a))
UNARY_ROW(abs_f64, double, double, fabs(a))

/* Integers wrap around, as unsigned ones do. */
UNARY_ROW(neg_i32, uint32_t, uint32_t, -a)
UNARY_ROW(neg_i64, uint64_t, uint64_t, -a)
UNARY_ROW(neg_u8, uint8_t, uint8_t, -a)
UNARY_ROW(abs_i32, uint32_t, uint32_t, a >> 31 ? -a : a)
UNARY_ROW(abs_i64, uint64_t, uint64_t, a >> 63 ? -a : a)
UNARY_ROW(abs_u8, uint8_t, uint8_t, a)
UNARY_ROW(logical_not_u8, uint8_t, uint8_t, a ^ 1)

/* With attributes. NaN is neither below nor above the limits of clamp. */
#define WITH_ATTRIBUTES(real, type, pow)                                                                               \
    UNARY_ROW_WITH(affine_##type, real, real, real scale = (real)ROW_ATTRIBUTE(affine_attributes, scale);              \
                   real shift = (real)ROW_ATTRIBUTE(affine_attributes, shift), scale * a + shift)                      \
    UNARY_ROW_WITH(clamp_##type, real, real, real low = (real)ROW_ATTRIBUTE(clamp_attributes, low);                    \
                   real high = (real)ROW_ATTRIBUTE(clamp_attributes, high), a < low ? low : (a > high ? high : a))     \
    UNARY_ROW_WITH(power_##type, real, real, real exponent = (real)ROW_ATTRIBUTE(pow_scalar_attributes, exponent),     \
                   pow(a, exponent))
WITH_ATTRIBUTES(float, f32, powf)
WITH_ATTRIBUTES(double, f64, pow)
SAME_EXPRESSION(cube, a *a *a)

#define FLOATS(name)                                                                                                   \
    {                                                                                                                  \
        [VT_F32] = name##_f32, [VT_F64] = name##_f64                                                                   \
    }
#define NUMBERS(name)                                                                                                  \
    {                                                                                                                  \
        [VT_F32] = name##_f32, [VT_F64] = name##_f64, [VT_I32] = name##_i32, [VT_I64] = name##_i64,                    \
        [VT_U8] = name##_u8                                                                                            \
    }
row_table cpu_unary_rows = {
    [OP_ID_exp] = FLOATS(exp_row),
    [OP_ID_log] = FLOATS(log_row),
    [OP_ID_log1p] = FLOATS(log1p_row),
    [OP_ID_erf] = FLOATS(erf_row),
    [OP_ID_sqrt] = FLOATS(sqrt),
    [OP_ID_rsqrt] = FLOATS(rsqrt),
    [OP_ID_floor] = FLOATS(floor),
    [OP_ID_ceil] = FLOATS(ceil),
    [OP_ID_round] = FLOATS(round),
    [OP_ID_sin] = FLOATS(sin),
    [OP_ID_cos] = FLOATS(cos),
    [OP_ID_sign] = FLOATS(sign),
    [OP_ID_neg] = NUMBERS(neg),
    [OP_ID_abs] = NUMBERS(abs),
    [OP_ID_reciprocal] = FLOATS(reciprocal),
    [OP_ID_square] = FLOATS(square),
    [OP_ID_affine] = FLOATS(affine),
    [OP_ID_clamp] = FLOATS(clamp),
    [OP_ID_pow_scalar] = FLOATS(power),
    [OP_ID_logical_not] = { [VT_BOOL] = logical_not_u8 },
};

static bool unary(const kernel_call *call)
{
    return run_table(call, cpu_unary_rows);
}

/* Small whole exponents are products, many times faster. */
static bool pow_scalar(const kernel_call *call)
{
    double exponent = ((const pow_scalar_attributes *)call->attributes)->exponent;
    bool single = row_dtype(&call->in[0]) == VT_F32;
    if (exponent == 2) return run_rows(call, single ? square_f32 : square_f64);
    if (exponent == 3) return run_rows(call, single ? cube_f32 : cube_f64);
    if (exponent == -1) return run_rows(call, single ? reciprocal_f32 : reciprocal_f64);
    return unary(call);
}

#define KERNEL(name)                                                                                                   \
    {                                                                                                                  \
        &op_##name, ROW_KERNEL(unary)                                                                                  \
    }
const kernel_row cpu_unary_kernels[] = {
    KERNEL(exp),    KERNEL(log),    KERNEL(log1p), KERNEL(erf),         KERNEL(sqrt),
    KERNEL(rsqrt),  KERNEL(floor),  KERNEL(ceil),  KERNEL(round),       KERNEL(sin),
    KERNEL(cos),    KERNEL(sign),   KERNEL(neg),   KERNEL(abs),         KERNEL(reciprocal),
    KERNEL(square), KERNEL(affine), KERNEL(clamp), KERNEL(logical_not), { &op_pow_scalar, ROW_KERNEL(pow_scalar) },
    { 0 },
};
