/* elementwise.c - samples of ops on each element. What IEEE 754 says of NaN and infinities, and integers that wrap, are
 * in tests/test_elementwise.c. */
#include "cases/case.h"
#include "passes/chain.h"
#include "ops/elementwise.h"
#include "ops/list.h"
#include <math.h>
#include <string.h>

#define UNARY(name)                                                                                                    \
    static vt_tensor call_##name(const vt_tensor *in)                                                                  \
    {                                                                                                                  \
        return vt_##name(in[0]);                                                                                       \
    }
#define BINARY(name)                                                                                                   \
    static vt_tensor call_##name(const vt_tensor *in)                                                                  \
    {                                                                                                                  \
        return vt_##name(in[0], in[1]);                                                                                \
    }
/* The same on another integer type. The result is cast back, since only i64 is drawn. */
#define UNARY_OF(name, type, dtype)                                                                                    \
    static vt_tensor call_##name##_##type(const vt_tensor *in)                                                         \
    {                                                                                                                  \
        return vt_##name(vt_cast(in[0], dtype));                                                                       \
    }
#define BINARY_OF(name, type, dtype)                                                                                   \
    static vt_tensor call_##name##_##type(const vt_tensor *in)                                                         \
    {                                                                                                                  \
        return vt_##name(vt_cast(in[0], dtype), vt_cast(in[1], dtype));                                                \
    }

/* -- Two numbers --------------------------------------------------------------------------------------------------- */

/* Shapes that take every path of a broadcasting kernel; values in [low, high) and [b_low, b_high). */
#define BROADCASTS(f, low, high, b_low, b_high)                                                                        \
    { "equal shapes", f, { FLOATS(low, high, 3, 5), FLOATS(b_low, b_high, 3, 5) } },                                   \
        { "long", f, { FLOATS(low, high, 167), FLOATS(b_low, b_high, 167) } },                                         \
        { "one element", f, { FLOATS(low, high, 1), FLOATS(b_low, b_high, 1) } },                                      \
        { "two scalars", f, { FLOAT_SCALAR(low, high), FLOAT_SCALAR(b_low, b_high) } },                                \
        { "a scalar left", f, { FLOAT_SCALAR(low, high), FLOATS(b_low, b_high, 3, 7) } },                              \
        { "a scalar right", f, { FLOATS(low, high, 3, 7), FLOAT_SCALAR(b_low, b_high) } },                             \
        { "a row", f, { FLOATS(low, high, 2, 3, 19), FLOATS(b_low, b_high, 19) } },                                    \
        { "a column", f, { FLOATS(low, high, 4, 1), FLOATS(b_low, b_high, 4, 17) } },                                  \
        { "channels", f, { FLOATS(low, high, 2, 3, 3, 2), FLOATS(b_low, b_high, 3, 1, 1) } },                          \
        { "both broadcast", f, { FLOATS(low, high, 2, 1, 4), FLOATS(b_low, b_high, 3, 1) } },                          \
    {                                                                                                                  \
        "empty", f,                                                                                                    \
        {                                                                                                              \
            FLOATS(low, high, 0, 3), FLOATS(b_low, b_high, 3)                                                          \
        }                                                                                                              \
    }
#define MISFITS(name)                                                                                                  \
    { "shapes that do not fit",                                                                                        \
      call_##name,                                                                                                     \
      { FLOATS(-2, 2, 2, 3), FLOATS(-2, 2, 4) },                                                                       \
      .refused = #name ": a [2, 3] and b [4] do not broadcast" },                                                      \
    {                                                                                                                  \
        "dtypes that differ", call_##name, { FLOATS(-2, 2, 3), INTEGERS(0, 4, 3) },                                    \
            .refused = #name ": a is f32, b is i64"                                                                    \
    }
#define NUMBERS(name)                                                                                                  \
    { "i64", call_##name, { INTEGERS(-9, 9, 2, 19), INTEGERS(-9, 9, 19) } },                                           \
        { "i32", call_##name##_i32, { INTEGERS(-9, 9, 2, 19), INTEGERS(-9, 9, 19) } },                                 \
        { "u8", call_##name##_u8, { INTEGERS(0, 256, 2, 19), INTEGERS(0, 256, 1) } },                                  \
    {                                                                                                                  \
        "bool", call_##name, { BOOLS(3), BOOLS(3) }, .refused = #name ": a is bool; it must be a number"               \
    }
#define FLOATS_ONLY(name)                                                                                              \
    {                                                                                                                  \
        "integers", call_##name, { INTEGERS(1, 9, 3), INTEGERS(1, 9, 3) },                                             \
            .refused = #name ": a is i64; it must be f32 or f64: vt_cast"                                              \
    }

#define NUMBER_CALLS(name)                                                                                             \
    BINARY(name)                                                                                                       \
    BINARY_OF(name, i32, VT_I32)                                                                                       \
    BINARY_OF(name, u8, VT_U8)
NUMBER_CALLS(add)
NUMBER_CALLS(sub)
NUMBER_CALLS(mul)
NUMBER_CALLS(minimum)
NUMBER_CALLS(maximum)
BINARY(div)
BINARY(pow)
BINARY(atan2)

static vt_tensor square_by_mul(const vt_tensor *in)
{
    return vt_mul(in[0], in[0]);
}

CASE(add) = { BROADCASTS(call_add, -2, 2, -2, 2), NUMBERS(add), MISFITS(add), { 0 } };
CASE(sub) = { BROADCASTS(call_sub, -2, 2, -2, 2), NUMBERS(sub), MISFITS(sub), { 0 } };
CASE(mul) = { BROADCASTS(call_mul, -2, 2, -2, 2),
              NUMBERS(mul),
              MISFITS(mul),
              { "itself", square_by_mul, { FLOATS(-2, 2, 7) } },
              { 0 } };
CASE(div) = { BROADCASTS(call_div, -2, 2, 0.5, 2), FLOATS_ONLY(div), MISFITS(div), { 0 } };
CASE(pow) = {
    BROADCASTS(call_pow, 0.25, 2, -2, 2),
    FLOATS_ONLY(pow),
    MISFITS(pow),
    { 0 },
};
CASE(atan2) = {
    BROADCASTS(call_atan2, -2, 2, 0.25, 2),
    { "left of the origin", call_atan2, { FLOATS(0.25, 2, 3, 5), FLOATS(-2, -0.25, 3, 5) } },
    FLOATS_ONLY(atan2),
    MISFITS(atan2),
    { 0 },
};

#define DIVISION(name)                                                                                                 \
    NUMBER_CALLS(name)                                                                                                 \
    CASE(name) = { BROADCASTS(call_##name, -2, 2, 0.25, 2),                                                            \
                   { "by negative numbers", call_##name, { FLOATS(-2, 2, 3, 5), FLOATS(-2, -0.25, 3, 5) } },           \
                   NUMBERS(name),                                                                                      \
                   MISFITS(name),                                                                                      \
                   { 0 } };
DIVISION(floor_divide)
DIVISION(trunc_divide)
DIVISION(remainder)
DIVISION(fmod)

/* Values at least 0.1 apart: no tie, and none by a small step. */
static vt_tensor minimum_of_distinct(const vt_tensor *in)
{
    return vt_minimum(in[0], vt_affine(in[1], -1, 0.05));
}

static vt_tensor maximum_of_distinct(const vt_tensor *in)
{
    return vt_maximum(in[0], vt_affine(in[1], -1, 0.05));
}

CASE(minimum) = {
    BROADCASTS(minimum_of_distinct, -2, 2, -2, 2),
    { "distinct", minimum_of_distinct, { DISTINCT(3, 7), DISTINCT(3, 7) } },
    NUMBERS(minimum),
    MISFITS(minimum),
    { 0 },
};
CASE(maximum) = {
    BROADCASTS(maximum_of_distinct, -2, 2, -2, 2),
    { "distinct", maximum_of_distinct, { DISTINCT(3, 7), DISTINCT(3, 7) } },
    NUMBERS(maximum),
    MISFITS(maximum),
    { 0 },
};

/* -- Comparisons, logic, choice ------------------------------------------------------------------------------------ */

#define COMPARISON(name)                                                                                               \
    BINARY(name)                                                                                                       \
    BINARY_OF(name, i32, VT_I32)                                                                                       \
    BINARY_OF(name, u8, VT_U8)                                                                                         \
    CASE(name) = {                                                                                                     \
        { "floats", call_##name, { DISTINCT(3, 7), DISTINCT(3, 7) } },                                                 \
        { "both broadcast", call_##name, { DISTINCT(4, 1), DISTINCT(19) } },                                           \
        { "i64", call_##name, { INTEGERS(-2, 2, 2, 19), INTEGERS(-2, 2, 19) } },                                       \
        { "i32", call_##name##_i32, { INTEGERS(-2, 2, 2, 19), INTEGERS(-2, 2, 2, 1) } },                               \
        { "u8", call_##name##_u8, { INTEGERS(0, 4, 2, 19), INTEGERS(0, 4, 2, 19) } },                                  \
        { "bool", call_##name, { BOOLS(2, 9), BOOLS(9) } },                                                            \
        { "empty", call_##name, { FLOATS(-2, 2, 0, 3), FLOATS(-2, 2, 3) } },                                           \
        MISFITS(name),                                                                                                 \
        { 0 },                                                                                                         \
    };
COMPARISON(equal)
COMPARISON(not_equal)
COMPARISON(less)
COMPARISON(less_equal)
COMPARISON(greater)
COMPARISON(greater_equal)

UNARY(is_nan)
CASE(is_nan) = { { "none", call_is_nan, { FLOATS(-2, 2, 3, 5) } },
                 { "integers", call_is_nan, { INTEGERS(0, 3, 3) } },
                 { 0 } };

#define LOGICAL(name)                                                                                                  \
    BINARY(name)                                                                                                       \
    CASE(name) = {                                                                                                     \
        { "equal shapes", call_##name, { BOOLS(3, 19), BOOLS(3, 19) } },                                               \
        { "both broadcast", call_##name, { BOOLS(4, 1), BOOLS(3) } },                                                  \
        { "empty", call_##name, { BOOLS(0, 3), BOOLS(3) } },                                                           \
        { "numbers",                                                                                                   \
          call_##name,                                                                                                 \
          { FLOATS(-2, 2, 3), FLOATS(-2, 2, 3) },                                                                      \
          .refused = #name ": a is f32; it must be bool" },                                                            \
        { "shapes that do not fit",                                                                                    \
          call_##name,                                                                                                 \
          { BOOLS(2, 3), BOOLS(4) },                                                                                   \
          .refused = #name ": a [2, 3] and b [4] do not broadcast" },                                                  \
        { 0 },                                                                                                         \
    };
LOGICAL(logical_and)
LOGICAL(logical_or)

#define INTEGER_CALLS(name, low, high)                                                                                 \
    { "i64", call_##name, { INTEGERS(-300, 300, 2, 19), INTEGERS(low, high, 19) } },                                   \
        { "i32", call_##name##_i32, { INTEGERS(-300, 300, 2, 19), INTEGERS(low, high, 2, 19) } },                      \
        { "u8", call_##name##_u8, { INTEGERS(0, 256, 2, 19), INTEGERS(0, high, 1) } },                                 \
        { "both broadcast", call_##name, { INTEGERS(-300, 300, 4, 1), INTEGERS(low, high, 3) } },                      \
        { "empty", call_##name, { INTEGERS(-300, 300, 0, 3), INTEGERS(low, high, 3) } },                               \
    {                                                                                                                  \
        "shapes that do not fit", call_##name, { INTEGERS(0, 3, 2, 3), INTEGERS(0, 3, 4) },                            \
            .refused = #name ": a [2, 3] and b [4] do not broadcast"                                                   \
    }
#define BITS(name)                                                                                                     \
    NUMBER_CALLS(name)                                                                                                 \
    CASE(name) = { INTEGER_CALLS(name, -300, 300),                                                                     \
                   { "bool", call_##name, { BOOLS(3, 19), BOOLS(3, 19) } },                                            \
                   { "floats",                                                                                         \
                     call_##name,                                                                                      \
                     { FLOATS(-2, 2, 3), FLOATS(-2, 2, 3) },                                                           \
                     .refused = #name ": a is f32; it must be i32, i64, u8 or bool" },                                 \
                   { 0 } };
BITS(bitwise_and)
BITS(bitwise_or)
BITS(bitwise_xor)

/* By at most 44 places: i64 is compared in f64. */
#define SHIFT(name)                                                                                                    \
    NUMBER_CALLS(name)                                                                                                 \
    CASE(name) = {                                                                                                     \
        INTEGER_CALLS(name, 0, 44),                                                                                    \
        { "bool", call_##name, { BOOLS(3), BOOLS(3) }, .refused = #name ": a is bool; it must be i32, i64 or u8" },    \
        { 0 }                                                                                                          \
    };
SHIFT(bitwise_left_shift)
SHIFT(bitwise_right_shift)

UNARY(bitwise_not)
UNARY_OF(bitwise_not, i32, VT_I32)
UNARY_OF(bitwise_not, u8, VT_U8)
CASE(bitwise_not) = {
    { "i64", call_bitwise_not, { INTEGERS(-300, 300, 3, 19) } },
    { "i32", call_bitwise_not_i32, { INTEGERS(-300, 300, 3, 19) } },
    { "u8", call_bitwise_not_u8, { INTEGERS(0, 256, 3, 19) } },
    { "bool", call_bitwise_not, { BOOLS(3, 19) } },
    { "floats", call_bitwise_not, { FLOATS(-2, 2, 3) }, .refused = "bitwise_xor: a is f32; it must be i32, i64, u8" },
    { 0 },
};

UNARY(logical_not)
CASE(logical_not) = {
    { "matrix", call_logical_not, { BOOLS(3, 19) } },
    { "empty", call_logical_not, { BOOLS(0, 3) } },
    { "numbers", call_logical_not, { INTEGERS(0, 2, 3) }, .refused = "logical_not: x is i64; it must be bool" },
    { 0 },
};

static vt_tensor where(const vt_tensor *in)
{
    return vt_where(in[0], in[1], in[2]);
}

static vt_tensor where_bytes(const vt_tensor *in)
{
    return vt_where(in[0], vt_cast(in[1], VT_U8), vt_cast(in[2], VT_U8));
}

static vt_tensor where_small(const vt_tensor *in)
{
    return vt_where(in[0], vt_cast(in[1], VT_I32), vt_cast(in[2], VT_I32));
}

CASE(where) = {
    { "equal shapes", where, { BOOLS(3, 19), FLOATS(-2, 2, 3, 19), FLOATS(-2, 2, 3, 19) } },
    { "scalars", where, { BOOLS(3, 19), FLOAT_SCALAR(-2, 2), FLOAT_SCALAR(-2, 2) } },
    { "a scalar left", where, { BOOLS(3, 19), FLOAT_SCALAR(-2, 2), FLOATS(-2, 2, 3, 19) } },
    { "a scalar right", where, { BOOLS(3, 19), FLOATS(-2, 2, 3, 19), FLOAT_SCALAR(-2, 2) } },
    { "all broadcast", where, { BOOLS(2, 1, 1), FLOATS(-2, 2, 3, 1), FLOATS(-2, 2, 4) } },
    { "i64", where, { BOOLS(3, 5), INTEGERS(-9, 9, 3, 5), INTEGERS(-9, 9, 5) } },
    { "i32", where_small, { BOOLS(3, 5), INTEGERS(-9, 9, 3, 5), INTEGERS(-9, 9, 5) } },
    { "u8", where_bytes, { BOOLS(3, 5), INTEGERS(0, 9, 3, 5), INTEGERS(0, 9, 5) } },
    { "bool", where, { BOOLS(3, 5), BOOLS(3, 5), BOOLS(5) } },
    { "empty", where, { BOOLS(0, 5), FLOATS(-2, 2, 5), FLOATS(-2, 2, 5) } },
    { "a condition that is a number",
      where,
      { INTEGERS(0, 2, 3), FLOATS(-2, 2, 3), FLOATS(-2, 2, 3) },
      .refused = "where: the condition is i64; it must be bool" },
    { "dtypes that differ",
      where,
      { BOOLS(3), FLOATS(-2, 2, 3), INTEGERS(-2, 2, 3) },
      .refused = "where: a is f32, b is i64" },
    { "values that do not fit",
      where,
      { BOOLS(3), FLOATS(-2, 2, 3), FLOATS(-2, 2, 4) },
      .refused = "where: a [3] and b [4] do not broadcast" },
    { "a condition that does not fit",
      where,
      { BOOLS(4), FLOATS(-2, 2, 3), FLOATS(-2, 2, 3) },
      .refused = "where: the condition [4] and the values [3] do not broadcast" },
    { 0 },
};

#define CAST(name, dtype)                                                                                              \
    static vt_tensor cast_##name(const vt_tensor *in)                                                                  \
    {                                                                                                                  \
        return vt_cast(in[0], dtype);                                                                                  \
    }
CAST(f32, VT_F32)
CAST(f64, VT_F64)
CAST(i32, VT_I32)
CAST(i64, VT_I64)
CAST(u8, VT_U8)
CAST(bool, VT_BOOL)
CAST(nothing, (vt_dtype)99)

static vt_tensor cast_chain(const vt_tensor *in)
{
    vt_tensor x = vt_cast(vt_cast(vt_cast(in[0], VT_I32), VT_U8), VT_I64);
    return vt_cast(vt_cast(x, VT_F32), VT_F64);
}

CASE(cast) = {
    { "to f32", cast_f32, { INTEGERS(-300, 300, 3, 19) } },
    { "to f64", cast_f64, { INTEGERS(-300, 300, 3, 19) } },
    { "floats to i32", cast_i32, { FLOATS(-300, 300, 3, 19) } },
    { "floats to i64", cast_i64, { FLOATS(-300, 300, 3, 19) } },
    { "floats to u8", cast_u8, { FLOATS(-300, 300, 3, 19) } },
    { "floats to bool", cast_bool, { INTEGERS(-1, 2, 3, 19) } },
    { "floats beyond i32", cast_i32, { FLOATS(-1e10, 1e10, 3, 19) } },
    { "floats beyond i64", cast_i64, { FLOATS(-1e20, 1e20, 3, 19) } },
    { "i64 to i32", cast_i32, { INTEGERS(-1e10, 1e10, 3, 19) } },
    { "i64 to u8", cast_u8, { INTEGERS(-300, 300, 3, 19) } },
    { "bool to f32", cast_f32, { BOOLS(3, 19) } },
    { "bool to u8", cast_u8, { BOOLS(3, 19) } },
    { "every size", cast_chain, { INTEGERS(-10, 300, 3, 19) } },
    { "itself", cast_i64, { INTEGERS(-9, 9, 3) } },
    { "empty", cast_i32, { FLOATS(-2, 2, 0, 3) } },
    { "no dtype", cast_nothing, { FLOATS(-2, 2, 3) }, .refused = "cast: dtype is ? (99); it must be f32" },
    { 0 },
};

/* -- One number ---------------------------------------------------------------------------------------------------- */

#define SHAPES(f, low, high)                                                                                           \
    { "matrix", f, { FLOATS(low, high, 3, 5) } }, { "long", f, { FLOATS(low, high, 167) } },                           \
        { "scalar", f, { FLOAT_SCALAR(low, high) } }, { "one element", f, { FLOATS(low, high, 1, 1) } },               \
        { "three axes", f, { FLOATS(low, high, 2, 3, 4) } },                                                           \
    {                                                                                                                  \
        "empty", f,                                                                                                    \
        {                                                                                                              \
            FLOATS(low, high, 2, 0)                                                                                    \
        }                                                                                                              \
    }
#define NO_INTEGERS(name)                                                                                              \
    {                                                                                                                  \
        "integers", call_##name, { INTEGERS(0, 3, 3) }, .refused = #name ": x is i64; it must be f32 or f64"           \
    }
#define SIGNED_NUMBERS(name)                                                                                           \
    { "i64", call_##name, { INTEGERS(-9, 9, 2, 19) } }, { "i32", call_##name##_i32, { INTEGERS(-9, 9, 2, 19) } },      \
        { "u8", call_##name##_u8, { INTEGERS(0, 256, 2, 19) } },                                                       \
    {                                                                                                                  \
        "bool", call_##name, { BOOLS(3) }, .refused = #name ": x is bool; it must be a number"                         \
    }

UNARY(neg)
UNARY_OF(neg, i32, VT_I32)
UNARY_OF(neg, u8, VT_U8)
CASE(neg) = { SHAPES(call_neg, -2, 2), SIGNED_NUMBERS(neg), { 0 } };

UNARY(abs)
UNARY_OF(abs, i32, VT_I32)
UNARY_OF(abs, u8, VT_U8)
CASE(abs) = { SHAPES(call_abs, -2, 2), SIGNED_NUMBERS(abs), { 0 } };

#define FUNCTION_OF_FLOATS(name, low, high)                                                                            \
    UNARY(name)                                                                                                        \
    CASE(name) = { SHAPES(call_##name, low, high), NO_INTEGERS(name), { 0 } };

FUNCTION_OF_FLOATS(reciprocal, 0.5, 2)
FUNCTION_OF_FLOATS(square, -2, 2)
FUNCTION_OF_FLOATS(sqrt, 0.25, 4)
FUNCTION_OF_FLOATS(rsqrt, 0.25, 4)
FUNCTION_OF_FLOATS(exp, -2, 2)
FUNCTION_OF_FLOATS(log, 0.25, 4)
FUNCTION_OF_FLOATS(log1p, -0.5, 4)
FUNCTION_OF_FLOATS(expm1, -4, 2)
FUNCTION_OF_FLOATS(sin, -4, 4)
FUNCTION_OF_FLOATS(cos, -4, 4)
FUNCTION_OF_FLOATS(tan, -1.2, 1.2)
FUNCTION_OF_FLOATS(asin, -0.9, 0.9)
FUNCTION_OF_FLOATS(acos, -0.9, 0.9)
FUNCTION_OF_FLOATS(atan, -4, 4)
FUNCTION_OF_FLOATS(sinh, -3, 3)
FUNCTION_OF_FLOATS(cosh, -3, 3)
FUNCTION_OF_FLOATS(asinh, -4, 4)
FUNCTION_OF_FLOATS(acosh, 1.25, 4)
FUNCTION_OF_FLOATS(atanh, -0.9, 0.9)
FUNCTION_OF_FLOATS(erf, -3, 3)
FUNCTION_OF_FLOATS(sign, -2, 2)
FUNCTION_OF_FLOATS(floor, -4, 4)
FUNCTION_OF_FLOATS(ceil, -4, 4)
FUNCTION_OF_FLOATS(trunc, -4, 4)
FUNCTION_OF_FLOATS(round, -4, 4)
FUNCTION_OF_FLOATS(sigmoid, -6, 6)
FUNCTION_OF_FLOATS(tanh, -4, 4)
FUNCTION_OF_FLOATS(silu, -6, 6)
FUNCTION_OF_FLOATS(softplus, -6, 6)
FUNCTION_OF_FLOATS(mish, -6, 6)
FUNCTION_OF_FLOATS(softsign, -4, 4)
FUNCTION_OF_FLOATS(hardswish, -5, 5)
FUNCTION_OF_FLOATS(hardsigmoid, -5, 5)
FUNCTION_OF_FLOATS(relu6, -2, 8)

UNARY(relu)
static vt_tensor relu_off_0(const vt_tensor *in)
{
    return vt_relu(vt_affine(in[0], 1, 0.05));
}

CASE(relu) = { SHAPES(call_relu, -2, 2), { "distinct", relu_off_0, { DISTINCT(2, 6) } }, NO_INTEGERS(relu), { 0 } };

static vt_tensor add_relu(const vt_tensor *in)
{
    return record(&op_add_relu, VT_HERE, INPUTS(in[0], in[1]));
}

CASE(add_relu) = {
    { "images", add_relu, { FLOATS(-3, 3, 2, 3, 4, 5), FLOATS(-3, 3, 2, 3, 4, 5) } },
    { "broadcast", add_relu, { FLOATS(-3, 3, 3, 1, 5), FLOATS(-3, 3, 4, 1) } },
    { 0 },
};

static vt_tensor add_relu_gradient(const vt_tensor *in)
{
    return record(&op_add_relu_gradient, VT_HERE, INPUTS(in[0], in[1], in[2]));
}

CASE(add_relu_gradient) = {
    { "images",
      add_relu_gradient,
      { FLOATS(-1, 1, 2, 3, 4, 5), FLOATS(-1, 1, 2, 3, 4, 5), FLOATS(-1, 1, 2, 3, 4, 5) } },
    { 0 },
};

static vt_tensor call_leaky_relu(const vt_tensor *in)
{
    return vt_leaky_relu(in[0], 0.2);
}

CASE(leaky_relu) = { SHAPES(call_leaky_relu, -2, 2), NO_INTEGERS(leaky_relu), { 0 } };

static vt_tensor call_elu(const vt_tensor *in)
{
    return vt_elu(in[0], 0.7);
}

static vt_tensor call_celu(const vt_tensor *in)
{
    return vt_celu(in[0], 1.7);
}

static vt_tensor celu_of_0(const vt_tensor *in)
{
    return vt_celu(in[0], 0);
}

CASE(elu) = { SHAPES(call_elu, -4, 4), NO_INTEGERS(elu), { 0 } };
CASE(celu) = {
    SHAPES(call_celu, -4, 4),
    { "alpha 0", celu_of_0, { FLOATS(-1, 1, 3) }, .refused = "celu: alpha is 0; it must be more than 0" },
    NO_INTEGERS(celu),
    { 0 },
};

UNARY(selu)
UNARY(logsigmoid)
CASE(selu) = {
    SHAPES(call_selu, -4, 4),
    { "integers", call_selu, { INTEGERS(0, 3, 3) }, .refused = "x is i64; it must be f32 or f64" },
    { 0 },
};
CASE(logsigmoid) = {
    SHAPES(call_logsigmoid, -6, 6),
    { "integers", call_logsigmoid, { INTEGERS(0, 3, 3) }, .refused = "x is i64; it must be f32 or f64" },
    { 0 },
};

BINARY(prelu)
CASE(prelu) = {
    { "one number", call_prelu, { FLOATS(-2, 2, 3, 5), FLOATS(-1, 1, 1) }, .terms = 15 },
    { "a scalar", call_prelu, { FLOATS(-2, 2, 3, 5), FLOAT_SCALAR(-1, 1) }, .terms = 15 },
    { "channels", call_prelu, { FLOATS(-2, 2, 3, 5), FLOATS(-1, 1, 5) }, .terms = 3 },
    { "channels of images", call_prelu, { FLOATS(-2, 2, 2, 3, 4, 5), FLOATS(-1, 1, 3) }, .terms = 40 },
    { "a vector", call_prelu, { FLOATS(-2, 2, 7), FLOATS(-1, 1, 1) }, .terms = 7 },
    { "x of rank 0", call_prelu, { FLOAT_SCALAR(-2, -1), FLOATS(-1, 1, 1) } },
    { "empty", call_prelu, { FLOATS(-2, 2, 0, 5), FLOATS(-1, 1, 5) } },
    { "weights of another number",
      call_prelu,
      { FLOATS(-2, 2, 3, 5), FLOATS(-1, 1, 3) },
      .refused = "prelu: weight [3] of x [3, 5]; it must be [5], a number for each channel along axis 1" },
    { "a matrix of weights",
      call_prelu,
      { FLOATS(-2, 2, 3, 5), FLOATS(-1, 1, 1, 5) },
      .refused = "prelu: weight [1, 5] of x [3, 5]; it must be [5]" },
    { "integers", call_prelu, { INTEGERS(0, 3, 3), FLOATS(-1, 1, 1) }, .refused = "x is i64; it must be f32 or f64" },
    { 0 },
};

UNARY(gelu)

static vt_tensor gelu_tanh(const vt_tensor *in)
{
    return vt_gelu(in[0], .tanh = true);
}

CASE(gelu) = {
    SHAPES(call_gelu, -6, 6),
    { "approximated", gelu_tanh, { FLOATS(-6, 6, 167) } },
    { "approximated, near 0", gelu_tanh, { FLOATS(-1, 1, 3, 5) } },
    NO_INTEGERS(gelu),
    { 0 },
};

static vt_tensor call_affine(const vt_tensor *in)
{
    return vt_affine(in[0], -0.3, 1.7);
}

CASE(affine) = { SHAPES(call_affine, -2, 2), NO_INTEGERS(affine), { 0 } };

static vt_tensor call_scale(const vt_tensor *in)
{
    return vt_scale(in[0], -1.5);
}

CASE(scale) = { SHAPES(call_scale, -2, 2),
                { "integers", call_scale, { INTEGERS(0, 3, 3) }, .refused = "scale: affine: x is i64" },
                { 0 } };

static vt_tensor call_shift(const vt_tensor *in)
{
    return vt_shift(in[0], 0.1);
}

CASE(shift) = { SHAPES(call_shift, -2, 2),
                { "integers", call_shift, { INTEGERS(0, 3, 3) }, .refused = "shift: affine: x is i64" },
                { 0 } };

static vt_tensor call_clamp(const vt_tensor *in)
{
    return vt_clamp(in[0], -0.55, 1.05);
}

static vt_tensor clamp_below(const vt_tensor *in)
{
    return vt_clamp(in[0], 0.05, INFINITY);
}

static vt_tensor clamp_above(const vt_tensor *in)
{
    return vt_clamp(in[0], -INFINITY, 0.05);
}

static vt_tensor clamp_crossed(const vt_tensor *in)
{
    return vt_clamp(in[0], 1, -1);
}

static vt_tensor clamp_nan(const vt_tensor *in)
{
    return vt_clamp(in[0], NAN, 1);
}

CASE(clamp) = {
    SHAPES(call_clamp, -2, 2),
    { "distinct", call_clamp, { DISTINCT(4, 9) } },
    { "no upper limit", clamp_below, { DISTINCT(4, 9) } },
    { "no lower limit", clamp_above, { DISTINCT(4, 9) } },
    { "limits that cross",
      clamp_crossed,
      { FLOATS(-2, 2, 3) },
      .refused = "clamp: the limits are low 1 and high -1; low must not exceed high" },
    { "a limit that is NaN", clamp_nan, { FLOATS(-2, 2, 3) }, .refused = "clamp: the limits are low nan" },
    NO_INTEGERS(clamp),
    { 0 },
};

#define POWER(name, exponent)                                                                                          \
    static vt_tensor power_##name(const vt_tensor *in)                                                                 \
    {                                                                                                                  \
        return vt_pow_scalar(in[0], exponent);                                                                         \
    }
POWER(0, 0)
POWER(1, 1)
POWER(2, 2)
POWER(3, 3)
POWER(half, 0.5)
POWER(minus_1, -1)
POWER(minus_1_7, -1.7)

static vt_tensor call_pow_scalar(const vt_tensor *in)
{
    return vt_pow_scalar(in[0], 2.5);
}

CASE(pow_scalar) = {
    SHAPES(call_pow_scalar, 0.25, 2),
    { "0", power_0, { FLOATS(-2, 2, 3, 5) } },
    { "1", power_1, { FLOATS(-2, 2, 3, 5) } },
    { "2", power_2, { FLOATS(-2, 2, 3, 5) } },
    { "3", power_3, { FLOATS(-2, 2, 3, 5) } },
    { "1/2", power_half, { FLOATS(0.25, 2, 3, 5) } },
    { "-1", power_minus_1, { FLOATS(0.5, 2, 3, 5) } },
    { "-1.7", power_minus_1_7, { FLOATS(0.5, 2, 3, 5) } },
    { "2 at 0", power_2, { FLOATS(0, 0, 3) } },
    { "1 at 0", power_1, { FLOATS(0, 0, 3) } },
    { "0 at 0", power_0, { FLOATS(0, 0, 3) } },
    NO_INTEGERS(pow_scalar),
    { 0 },
};

/* -- Random masks: samples run in training mode -------------------------------------------------------------------- */

static vt_tensor call_dropout(const vt_tensor *in)
{
    return vt_dropout(in[0], 0.3);
}

static vt_tensor dropout_twice(const vt_tensor *in)
{
    return vt_dropout(vt_square(vt_dropout(in[0], 0.5)), 0.1);
}

static vt_tensor dropout_all(const vt_tensor *in)
{
    return vt_dropout(in[0], 1);
}

static vt_tensor dropout_nan(const vt_tensor *in)
{
    return vt_dropout(in[0], NAN);
}

static vt_tensor dropout_none(const vt_tensor *in)
{
    return vt_dropout(in[0], 0);
}

CASE(dropout) = {
    SHAPES(call_dropout, 1, 2),
    { "streams of its own", dropout_twice, { FLOATS(1, 2, 9, 31) } },
    { "none", dropout_none, { FLOATS(1, 2, 3, 5) } },
    { "all", dropout_all, { FLOATS(1, 2, 3) }, .refused = "dropout: p is 1; it must be at least 0 and less than 1" },
    { "p is NaN", dropout_nan, { FLOATS(1, 2, 3) }, .refused = "dropout: p is nan" },
    NO_INTEGERS(dropout),
    { 0 },
};

static vt_tensor call_drop_path(const vt_tensor *in)
{
    return vt_drop_path(in[0], 0.4);
}

static vt_tensor drop_path_negative(const vt_tensor *in)
{
    return vt_drop_path(in[0], -0.1);
}

CASE(drop_path) = {
    { "images", call_drop_path, { FLOATS(1, 2, 9, 3, 2, 2) } },
    { "vector", call_drop_path, { FLOATS(1, 2, 167) } },
    { "empty samples", call_drop_path, { FLOATS(1, 2, 5, 0) } },
    { "no samples", call_drop_path, { FLOATS(1, 2, 0, 5) } },
    { "scalar", call_drop_path, { FLOAT_SCALAR(1, 2) }, .refused = "drop_path: x has rank 0" },
    { "negative p",
      drop_path_negative,
      { FLOATS(1, 2, 3) },
      .refused = "drop_path: p is -0.1; it must be at least 0 and less than 1" },
    NO_INTEGERS(drop_path),
    { 0 },
};

/* exp(-(a b + c)²) b: two links read a link, one reads an input for the second time. */
static vt_tensor bell_chain(const vt_tensor *in)
{
    enum { FIRST = CHAIN_INPUTS };
    chain_attributes a = { .count = 6, .words_used = 2 };
    a.link[0] = (chain_link){ .op = OP_ID_mul, .operands = 2, .operand = { 0, 1 } };
    a.link[1] = (chain_link){ .op = OP_ID_add, .operands = 2, .operand = { FIRST, 2 } };
    a.link[2] = (chain_link){ .op = OP_ID_square, .operands = 1, .operand = { FIRST + 1 } };
    a.link[3] = (chain_link){
        .op = OP_ID_affine, .operands = 1, .operand = { FIRST + 2 }, .attributes_size = sizeof(affine_attributes)
    };
    a.link[4] = (chain_link){ .op = OP_ID_exp, .operands = 1, .operand = { FIRST + 3 } };
    a.link[5] = (chain_link){ .op = OP_ID_mul, .operands = 2, .operand = { FIRST + 4, 1 } };
    memcpy(a.words, &(affine_attributes){ .scale = -1 }, sizeof(affine_attributes));
    return record(&op_chain, VT_HERE, INPUTS(in[0], in[1], in[2]), .attributes = &a, .attributes_size = sizeof a);
}

CASE(chain) = {
    { "of six", bell_chain, { FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5) } },
    { "broadcast", bell_chain, { FLOATS(-1, 1, 3, 1), FLOATS(-1, 1, 5), FLOATS(-1, 1, 2, 3, 5) } },
    { "longer than a piece", bell_chain, { FLOATS(-1, 1, 2, 1733), FLOATS(-1, 1, 1733), FLOATS(-1, 1, 2, 1733) } },
    { "empty", bell_chain, { FLOATS(-1, 1, 0, 5), FLOATS(-1, 1, 0, 5), FLOATS(-1, 1, 5) } },
    { 0 },
};
