/* create.c - samples of the ops that create. */
#include "cases/case.h"
#include <math.h>

#define SAMPLE(name, expression)                                                                                       \
    static vt_tensor name(const vt_tensor *in)                                                                         \
    {                                                                                                                  \
        (void)in;                                                                                                      \
        return expression;                                                                                             \
    }
#define NOTHING                                                                                                        \
    {                                                                                                                  \
        {                                                                                                              \
            0                                                                                                          \
        }                                                                                                              \
    }

SAMPLE(full, vt_full(VT_SHAPE(2, 3), 1.5))
SAMPLE(full_rank_0, vt_full(VT_SCALAR, -2))
SAMPLE(full_long, vt_full(VT_SHAPE(167), 0.1))
SAMPLE(full_empty, vt_full(VT_SHAPE(0, 3), 1.5))
SAMPLE(full_i32, vt_full(VT_SHAPE(2, 19), -7.9, .dtype = VT_I32))
SAMPLE(full_i64, vt_full(VT_SHAPE(2, 3), 1e30, .dtype = VT_I64))
SAMPLE(full_u8, vt_full(VT_SHAPE(2, 3), 300, .dtype = VT_U8))
SAMPLE(full_bool, vt_full(VT_SHAPE(2, 3), 0.5, .dtype = VT_BOOL))
SAMPLE(full_negative, vt_full(VT_SHAPE(2, -3), 1.5))
SAMPLE(full_no_dtype, vt_full(VT_SHAPE(2, 3), 1.5, .dtype = (vt_dtype)99))
SAMPLE(full_rank_9, vt_full(((vt_shape){ .rank = 9 }), 1.5))
SAMPLE(full_huge, vt_full(VT_SHAPE((int64_t)1 << 40, (int64_t)1 << 40), 1.5))
CASE(full) = {
    { "matrix", full, NOTHING },
    { "rank 0", full_rank_0, NOTHING },
    { "long", full_long, NOTHING },
    { "empty", full_empty, NOTHING },
    { "i32 truncates", full_i32, NOTHING },
    { "i64 saturates", full_i64, NOTHING },
    { "u8 saturates", full_u8, NOTHING },
    { "bool", full_bool, NOTHING },
    { "negative extent", full_negative, NOTHING, .refused = "full: extent -3 along axis 1" },
    { "no dtype", full_no_dtype, NOTHING, .refused = "full: dtype is ? (99); it must be f32" },
    { "rank 9", full_rank_9, NOTHING, .refused = "full: a shape of rank 9; it is 0 to 8" },
    { "more than memory", full_huge, NOTHING, .refused = "full: the result would have shape" },
    { 0 },
};

SAMPLE(scalar, vt_scalar(0.1))
SAMPLE(scalar_i64, vt_scalar(3, .dtype = VT_I64))
CASE(scalar) = { { "float", scalar, NOTHING }, { "i64", scalar_i64, NOTHING }, { 0 } };

SAMPLE(zeros, vt_zeros(VT_SHAPE(2, 3)))
SAMPLE(zeros_bool, vt_zeros(VT_SHAPE(2, 3), .dtype = VT_BOOL))
SAMPLE(zeros_negative, vt_zeros(VT_SHAPE(-1)))
CASE(zeros) = {
    { "matrix", zeros, NOTHING },
    { "bool", zeros_bool, NOTHING },
    { "negative extent", zeros_negative, NOTHING, .refused = "zeros: full: extent -1 along axis 0" },
    { 0 },
};

SAMPLE(ones, vt_ones(VT_SHAPE(2, 3)))
SAMPLE(ones_u8, vt_ones(VT_SHAPE(2, 3), .dtype = VT_U8))
SAMPLE(ones_negative, vt_ones(VT_SHAPE(-1)))
CASE(ones) = {
    { "matrix", ones, NOTHING },
    { "u8", ones_u8, NOTHING },
    { "negative extent", ones_negative, NOTHING, .refused = "ones: full: extent -1 along axis 0" },
    { 0 },
};

SAMPLE(integer, vt_integer(-7))
SAMPLE(integer_u8, vt_integer(255, .dtype = VT_U8))
SAMPLE(integer_i32, vt_integer(INT32_MIN, .dtype = VT_I32))
SAMPLE(integer_too_large, vt_integer(256, .dtype = VT_U8))
SAMPLE(integer_of_floats, vt_integer(1, .dtype = VT_F32))
CASE(integer) = {
    { "i64", integer, NOTHING },
    { "i32", integer_i32, NOTHING },
    { "u8", integer_u8, NOTHING },
    { "too large", integer_too_large, NOTHING, .refused = "integer: 256 does not fit u8" },
    { "a float", integer_of_floats, NOTHING, .refused = "integer: dtype is f32 (1); it must be i32, i64 or u8" },
    { 0 },
};

#define LIKE(name, more)                                                                                               \
    static vt_tensor name(const vt_tensor *in)                                                                         \
    {                                                                                                                  \
        return vt_##name(in[0] more);                                                                                  \
    }                                                                                                                  \
    static vt_tensor name##_in_u8(const vt_tensor *in)                                                                 \
    {                                                                                                                  \
        return vt_##name(in[0] more, .dtype = VT_U8);                                                                  \
    }                                                                                                                  \
    static vt_tensor name##_of_nothing(const vt_tensor *in)                                                            \
    {                                                                                                                  \
        (void)in;                                                                                                      \
        return vt_##name(VT_INERT more);                                                                               \
    }                                                                                                                  \
    CASE(name) = {                                                                                                     \
        { "matrix", name, { FLOATS(-1, 1, 3, 5) } },                                                                   \
        { "scalar", name, { FLOAT_SCALAR(-1, 1) } },                                                                   \
        { "empty", name, { FLOATS(-1, 1, 0, 5) } },                                                                    \
        { "i64", name, { INTEGERS(-9, 9, 3, 5) } },                                                                    \
        { "another dtype", name##_in_u8, { FLOATS(-1, 1, 3, 5) } },                                                    \
        { "nothing", name##_of_nothing, NOTHING, .refused = #name ": x is the inert tensor" },                         \
        { 0 },                                                                                                         \
    };
LIKE(zeros_like, )
LIKE(ones_like, )
#define THREE , 3
LIKE(full_like, THREE)

SAMPLE(arange, vt_arange(0, 167))
SAMPLE(arange_tenths, vt_arange(-1, 1, .step = 0.1))
SAMPLE(arange_down, vt_arange(5, 0, .step = -2))
SAMPLE(arange_i64, vt_arange(3, 40, .step = 4, .dtype = VT_I64))
SAMPLE(arange_u8, vt_arange(250, 260, .dtype = VT_U8))
SAMPLE(arange_empty, vt_arange(2, 2))
SAMPLE(arange_away, vt_arange(2, 1))
SAMPLE(arange_endless, vt_arange(2, INFINITY))
SAMPLE(arange_nan, vt_arange(NAN, 1))
SAMPLE(arange_bool, vt_arange(0, 2, .dtype = VT_BOOL))
SAMPLE(arange_huge, vt_arange(0, 1e300))
CASE(arange) = {
    { "counting", arange, NOTHING },
    { "tenths", arange_tenths, NOTHING },
    { "downwards", arange_down, NOTHING },
    { "i64", arange_i64, NOTHING },
    { "u8 saturates", arange_u8, NOTHING },
    { "empty", arange_empty, NOTHING },
    { "away from the end", arange_away, NOTHING, .refused = "arange: from 2 to 1 by 1 leads away from the end" },
    { "no end", arange_endless, NOTHING, .refused = "arange: from 2 to inf by 1; all three must be finite" },
    { "NaN", arange_nan, NOTHING, .refused = "arange: from nan to 1 by 1; all three must be finite" },
    { "bool", arange_bool, NOTHING, .refused = "arange: dtype bool; it must be a number" },
    { "more than memory", arange_huge, NOTHING, .refused = "arange: from 0 to 1e+300 by 1 has 1e+300 elements" },
    { 0 },
};

SAMPLE(linspace, vt_linspace(-1, 0.3, 167))
SAMPLE(linspace_even, vt_linspace(0.1, 0.7, 4))
SAMPLE(linspace_one, vt_linspace(0.1, 0.7, 1))
SAMPLE(linspace_none, vt_linspace(0.1, 0.7, 0))
SAMPLE(linspace_negative, vt_linspace(0.1, 0.7, -1))
SAMPLE(linspace_infinite, vt_linspace(0, INFINITY, 3))
SAMPLE(linspace_far, vt_linspace(-1e308, 1e308, 3))
SAMPLE(linspace_i64, vt_linspace(0, 1, 3, .dtype = VT_I64))
CASE(linspace) = {
    { "long", linspace, NOTHING },
    { "even count", linspace_even, NOTHING },
    { "one", linspace_one, NOTHING },
    { "none", linspace_none, NOTHING },
    { "negative count", linspace_negative, NOTHING, .refused = "linspace: extent -1 along axis 0" },
    { "no end", linspace_infinite, NOTHING, .refused = "linspace: from 0 to inf; both and their distance" },
    { "too far apart", linspace_far, NOTHING, .refused = "linspace: from -1e+308 to 1e+308; both and their distance" },
    { "integers", linspace_i64, NOTHING, .refused = "linspace: dtype i64; it must be f32 or f64" },
    { 0 },
};

SAMPLE(eye, vt_eye(5))
SAMPLE(eye_wide, vt_eye(3, .columns = 5))
SAMPLE(eye_tall, vt_eye(5, .columns = 3, .dtype = VT_BOOL))
SAMPLE(eye_empty, vt_eye(0))
SAMPLE(eye_negative, vt_eye(2, .columns = -2))
CASE(eye) = {
    { "square", eye, NOTHING },
    { "wide", eye_wide, NOTHING },
    { "tall", eye_tall, NOTHING },
    { "empty", eye_empty, NOTHING },
    { "negative extent", eye_negative, NOTHING, .refused = "eye: extent -2 along axis 1" },
    { 0 },
};

/* Counts that are no multiple of the four numbers of a Philox block, nor of a vector of blocks. */
SAMPLE(uniform, vt_uniform(VT_SHAPE(5, 67), .low = -1, .high = 3))
SAMPLE(uniform_unit, vt_uniform(VT_SHAPE(3)))
SAMPLE(uniform_scalar, vt_uniform(VT_SCALAR))
SAMPLE(uniform_empty, vt_uniform(VT_SHAPE(0)))
SAMPLE(uniform_integers, vt_uniform(VT_SHAPE(5), .dtype = VT_I64))
CASE(uniform) = {
    { "range", uniform, NOTHING },
    { "unit", uniform_unit, NOTHING },
    { "scalar", uniform_scalar, NOTHING },
    { "empty", uniform_empty, NOTHING },
    { "integers", uniform_integers, NOTHING, .refused = "uniform: dtype i64; it must be f32 or f64" },
    { 0 },
};

SAMPLE(normal, vt_normal(VT_SHAPE(5, 67), .mean = 1, .std = 2))
SAMPLE(normal_integers, vt_normal(VT_SHAPE(5), .dtype = VT_I64))
CASE(normal) = {
    { "mean and std", normal, NOTHING },
    { "integers", normal_integers, NOTHING, .refused = "normal: dtype i64; it must be f32 or f64" },
    { 0 },
};

SAMPLE(truncated_normal, vt_truncated_normal(VT_SHAPE(5, 67), .std = 0.02))
SAMPLE(truncated_normal_integers, vt_truncated_normal(VT_SHAPE(5), .dtype = VT_BOOL))
CASE(truncated_normal) = {
    { "std", truncated_normal, NOTHING },
    { "bool", truncated_normal_integers, NOTHING, .refused = "truncated_normal: dtype bool; it must be f32 or f64" },
    { 0 },
};

SAMPLE(bernoulli, vt_bernoulli(VT_SHAPE(5, 67), 0.3))
SAMPLE(bernoulli_bool, vt_bernoulli(VT_SHAPE(167), 0.5, .dtype = VT_BOOL))
SAMPLE(bernoulli_i64, vt_bernoulli(VT_SHAPE(167), 0.5, .dtype = VT_I64))
SAMPLE(bernoulli_never, vt_bernoulli(VT_SHAPE(7), 0))
SAMPLE(bernoulli_always, vt_bernoulli(VT_SHAPE(7), 1))
SAMPLE(bernoulli_too_often, vt_bernoulli(VT_SHAPE(7), 1.1))
SAMPLE(bernoulli_nan, vt_bernoulli(VT_SHAPE(7), NAN))
CASE(bernoulli) = {
    { "floats", bernoulli, NOTHING },
    { "bool", bernoulli_bool, NOTHING },
    { "i64", bernoulli_i64, NOTHING },
    { "never", bernoulli_never, NOTHING },
    { "always", bernoulli_always, NOTHING },
    { "p above 1", bernoulli_too_often, NOTHING, .refused = "bernoulli: p is 1.1; it must be from 0 to 1" },
    { "p is NaN", bernoulli_nan, NOTHING, .refused = "bernoulli: p is nan" },
    { 0 },
};
