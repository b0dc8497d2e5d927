/* reduce.c - samples of reductions. */
#include "cases/case.h"
#include <math.h>

/* Each reduction over every axis, over the last, over the first and the last with axes kept, over the one in between.
 */
#define ALL_AXES(op)                                                                                                   \
    static vt_tensor op##_all(const vt_tensor *in)                                                                     \
    {                                                                                                                  \
        return vt_##op(in[0]);                                                                                         \
    }                                                                                                                  \
    static vt_tensor op##_last(const vt_tensor *in)                                                                    \
    {                                                                                                                  \
        return vt_##op(in[0], .axes = VT_AXES(-1));                                                                    \
    }                                                                                                                  \
    static vt_tensor op##_outer(const vt_tensor *in)                                                                   \
    {                                                                                                                  \
        return vt_##op(in[0], .axes = VT_AXES(0, -1), .keep = true);                                                   \
    }                                                                                                                  \
    static vt_tensor op##_middle(const vt_tensor *in)                                                                  \
    {                                                                                                                  \
        return vt_##op(in[0], .axes = VT_AXES(1));                                                                     \
    }

#define EVERY_PATTERN(op, input, k)                                                                                    \
    { "every axis", op##_all, { input(4, 5) }, .terms = 20 * (k) }, { "one element", op##_all, { input(1, 1) } },      \
        { "rows", op##_last, { input(3, 37) }, .terms = 37 * (k) }, { "rows of one", op##_last, { input(5, 1) } },     \
        { "short rows", op##_last, { input(300, 2) }, .terms = 2 * (k) },                                              \
        { "outer axes, kept", op##_outer, { input(3, 4, 5) }, .terms = 15 * (k) },                                     \
        { "columns", op##_middle, { input(2, 7, 3) }, .terms = 7 * (k) },                                              \
        { "axes of extent 1", op##_middle, { input(1, 7, 1, 3, 1) }, .terms = 7 * (k) },                               \
    {                                                                                                                  \
        "no such axis", op##_middle, { input(4) }, .refused = #op ": axis 1 of a tensor of shape [4] is out of range"  \
    }

#define SCALAR_SAMPLE(op)                                                                                              \
    {                                                                                                                  \
        "scalar", op##_all,                                                                                            \
        {                                                                                                              \
            FLOAT_SCALAR(1, 2)                                                                                         \
        }                                                                                                              \
    }

#define SIGNED(...)   FLOATS(-1, 1, __VA_ARGS__)
#define POSITIVE(...) FLOATS(0.5, 1.5, __VA_ARGS__)
#define EQUAL(...)    FLOATS(0, 0, __VA_ARGS__)

/* x plus given numbers along the last axis, in x's dtype or, for an integer x, in the precision. */
static vt_tensor plus(vt_tensor x, int64_t count, const double *numbers)
{
    vt_dtype dtype = VT_DTYPE_DEFAULT;
    return vt_add(vt_cast(x, dtype), vt_cast(vt_from_data(numbers, VT_SHAPE(count), VT_F64), dtype));
}

ALL_AXES(sum)
ALL_AXES(mean)
ALL_AXES(prod)
ALL_AXES(max)
ALL_AXES(min)
ALL_AXES(any)
ALL_AXES(all)
ALL_AXES(logsumexp)
ALL_AXES(var)
ALL_AXES(std)
ALL_AXES(norm)

/* -- sum, mean --------------------------------------------------------------------------------------------------- */

static vt_tensor sum_spatial(const vt_tensor *in)
{
    return vt_sum(in[0], .axes = VT_AXES(0, 2, 3));
}

static vt_tensor sum_twice(const vt_tensor *in)
{
    return vt_sum(in[0], .axes = VT_AXES(1, -1));
}

static vt_tensor sum_to(const vt_tensor *in)
{
    return vt_sum_to(in[0], VT_SHAPE(3, 1));
}

static vt_tensor sum_to_itself(const vt_tensor *in)
{
    return vt_sum_to(in[0], VT_SHAPE(3, 1, 4));
}

static vt_tensor sum_inert(const vt_tensor *in)
{
    (void)in;
    return vt_sum(VT_INERT);
}

static vt_tensor sum_u8(const vt_tensor *in)
{
    return vt_sum(vt_cast(in[0], VT_U8), .axes = VT_AXES(0));
}

static vt_tensor sum_i32(const vt_tensor *in)
{
    return vt_sum(vt_cast(in[0], VT_I32), .axes = VT_AXES(1));
}

CASE(sum) = {
    EVERY_PATTERN(sum, SIGNED, 1),
    SCALAR_SAMPLE(sum),
    { "channels of images", sum_spatial, { FLOATS(-1, 1, 3, 4, 5, 6) }, .terms = 90 },
    { "a long row", sum_all, { FLOATS(-1, 1, 70001) }, .terms = 70001, .no_gradcheck = true },
    { "long rows", sum_last, { FLOATS(-1, 1, 3, 40000) }, .terms = 40000, .no_gradcheck = true },
    { "long columns", sum_outer, { FLOATS(-1, 1, 5000, 17, 1) }, .terms = 5000, .no_gradcheck = true },
    { "many columns", sum_middle, { FLOATS(-1, 1, 2, 70, 600) }, .terms = 70, .no_gradcheck = true },
    { "many images", sum_spatial, { FLOATS(-1, 1, 300, 3, 8, 9) }, .terms = 21600, .no_gradcheck = true },
    { "alternating axes", sum_spatial, { FLOATS(-1, 1, 3, 2, 5, 1, 2) }, .terms = 15 },
    { "integers", sum_all, { INTEGERS(-5, 5, 4, 5) } },
    { "integers of 32 bits", sum_i32, { INTEGERS(-5, 5, 4, 25) } },
    { "bytes", sum_u8, { INTEGERS(0, 255, 40, 5) } },
    { "bool", sum_last, { BOOLS(4, 50) } },
    { "nothing", sum_all, { FLOATS(-1, 1, 0, 5) } },
    { "nothing in columns", sum_outer, { FLOATS(-1, 1, 0, 4, 5) } },
    { "nothing left", sum_last, { FLOATS(-1, 1, 0, 5) } },
    { "an axis twice",
      sum_twice,
      { FLOATS(-1, 1, 4, 5) },
      .refused = "sum: axis -1 of a tensor of shape [4, 5] is named twice" },
    { "scalar's axis",
      sum_outer,
      { FLOAT_SCALAR(0, 1) },
      .refused = "sum: axis 0 of a tensor of shape [] is out of range" },
    { "inert", sum_inert, { { 0 } }, .refused = "sum: x is the inert tensor" },
    { 0 },
};

CASE(sum_to) = {
    { "both kinds", sum_to, { FLOATS(-1, 1, 2, 3, 4) }, .terms = 8 },
    { "the same shape", sum_to_itself, { FLOATS(-1, 1, 3, 1, 4) } },
    { "no broadcast", sum_to, { FLOATS(-1, 1, 2, 4) }, .refused = "sum_to: x [2, 4] is no broadcast of [3, 1]" },
    { 0 },
};

/* in[0] is [N, H, W, C], seen as [N, C, H, W]: axes that are not in the order of memory. */
static vt_tensor mean_of_channels_last(const vt_tensor *in)
{
    return vt_mean(vt_permute(in[0], VT_AXES(0, 3, 1, 2)), .axes = VT_AXES(2, 3));
}

/* What is left of the axes comes in another order than that of memory. */
static vt_tensor mean_of_exchanged(const vt_tensor *in)
{
    return vt_mean(vt_permute(in[0], VT_AXES(3, 0, 1, 2)), .axes = VT_AXES(2, 3));
}

static vt_tensor mean_of_repeated(const vt_tensor *in)
{
    return vt_mean(vt_expand(in[0], VT_SHAPE(2, 3, 4)), .axes = VT_AXES(1));
}

CASE(mean) = {
    { "channels last", mean_of_channels_last, { FLOATS(-1, 1, 2, 3, 4, 5) }, .terms = 12 },
    { "exchanged axes", mean_of_exchanged, { FLOATS(-1, 1, 2, 3, 4, 5) }, .terms = 12 },
    { "repeated", mean_of_repeated, { FLOATS(-1, 1, 3, 1) }, .terms = 3 },
    EVERY_PATTERN(mean, SIGNED, 1),
    SCALAR_SAMPLE(mean),
    { "nothing", mean_last, { FLOATS(-1, 1, 2, 0) }, .not_finite = true },
    { "integers", mean_all, { INTEGERS(0, 5, 3) }, .refused = "mean: x is i64; it must be f32 or f64" },
    { 0 },
};

/* -- prod: with none, one and two zeros in what is multiplied ---------------------------------------------------- */

static vt_tensor prod_of_zeros(const vt_tensor *in)
{
    return vt_prod(plus(in[0], 3, (const double[]){ 0, 2, 0.5 }), .axes = VT_AXES(0));
}

static vt_tensor prod_with_one_zero(const vt_tensor *in)
{
    return vt_prod(plus(in[0], 3, (const double[]){ 0, 2, 0.5 }), .axes = VT_AXES(1));
}

static vt_tensor prod_with_two_zeros(const vt_tensor *in)
{
    return vt_prod(plus(in[0], 4, (const double[]){ 0, 2, 0, 0.5 }), .axes = VT_AXES(1));
}

CASE(prod) = {
    EVERY_PATTERN(prod, POSITIVE, 1),
    SCALAR_SAMPLE(prod),
    { "alternating axes", prod_outer, { FLOATS(0.5, 1.5, 3, 2, 1, 5) }, .terms = 15 },
    { "a column of zeros", prod_of_zeros, { EQUAL(2, 3) } },
    { "long columns", prod_outer, { FLOATS(0.9, 1.1, 300, 5, 1) }, .terms = 300, .no_gradcheck = true },
    { "one zero", prod_with_one_zero, { EQUAL(2, 3) } },
    { "two zeros", prod_with_two_zeros, { EQUAL(2, 4) } },
    { "integers", prod_last, { INTEGERS(-3, 4, 4, 5) } },
    { "bool", prod_last, { BOOLS(9, 2) } },
    { "nothing", prod_last, { FLOATS(-1, 1, 2, 0) } },
    { 0 },
};

/* -- max, min ---------------------------------------------------------------------------------------------------- */

#define SPECIALS 7
static const double specials[SPECIALS] = { 1, NAN, INFINITY, 2, -INFINITY, 3, NAN };

static vt_tensor max_of_specials(const vt_tensor *in)
{
    return vt_max(plus(in[0], SPECIALS, specials), .axes = VT_AXES(0));
}

static vt_tensor max_with_nan(const vt_tensor *in)
{
    return vt_max(plus(in[0], SPECIALS, specials), .axes = VT_AXES(1));
}

static vt_tensor min_of_specials(const vt_tensor *in)
{
    return vt_min(plus(in[0], SPECIALS, specials), .axes = VT_AXES(0));
}

static vt_tensor min_with_nan(const vt_tensor *in)
{
    return vt_min(plus(in[0], SPECIALS, specials), .axes = VT_AXES(1));
}

CASE(max) = {
    EVERY_PATTERN(max, DISTINCT, 1),
    SCALAR_SAMPLE(max),
    { "a long row", max_all, { DISTINCT(70001) }, .no_gradcheck = true },
    { "two equal", max_last, { EQUAL(3, 2) }, .no_second_order = true },
    { "not finite", max_of_specials, { INTEGERS(-5, 5, 4, SPECIALS) }, .not_finite = true },
    { "a NaN in the row", max_with_nan, { INTEGERS(-5, 5, 4, SPECIALS) }, .not_finite = true },
    { "integers", max_last, { INTEGERS(-50, 50, 4, 25) } },
    { "bool", max_last, { BOOLS(9, 2) } },
    { "nothing left", max_last, { FLOATS(-1, 1, 0, 5) } },
    { "nothing", max_last, { FLOATS(-1, 1, 5, 0) }, .refused = "max: x [5, 0] holds no element" },
    { 0 },
};

CASE(min) = {
    EVERY_PATTERN(min, DISTINCT, 1),
    SCALAR_SAMPLE(min),
    { "two equal", min_last, { EQUAL(3, 2) }, .no_second_order = true },
    { "not finite", min_of_specials, { INTEGERS(-5, 5, 4, SPECIALS) }, .not_finite = true },
    { "a NaN in the row", min_with_nan, { INTEGERS(-5, 5, 4, SPECIALS) }, .not_finite = true },
    { "integers", min_middle, { INTEGERS(-50, 50, 4, 25) } },
    { "bool", min_last, { BOOLS(9, 2) } },
    { "nothing", min_all, { FLOATS(-1, 1, 0) }, .refused = "min: x [0] holds no element" },
    { 0 },
};

/* -- any, all ---------------------------------------------------------------------------------------------------- */

CASE(any) = {
    EVERY_PATTERN(any, BOOLS, 1),
    { "nothing", any_last, { BOOLS(3, 0) } },
    { "floats", any_all, { FLOATS(0, 1, 3) }, .refused = "any: x is f32; it must be bool" },
    { 0 },
};

CASE(all) = {
    EVERY_PATTERN(all, BOOLS, 1),
    { "nothing", all_last, { BOOLS(3, 0) } },
    { "integers", all_all, { INTEGERS(0, 2, 3) }, .refused = "all: x is i64; it must be bool" },
    { 0 },
};

/* -- logsumexp --------------------------------------------------------------------------------------------------- */

static vt_tensor logsumexp_masked(const vt_tensor *in)
{
    return vt_logsumexp(plus(in[0], 3, (const double[]){ 0, -INFINITY, 1 }), .axes = VT_AXES(0));
}

static vt_tensor logsumexp_partly_masked(const vt_tensor *in)
{
    return vt_logsumexp(plus(in[0], 3, (const double[]){ 0, -INFINITY, 1 }), .axes = VT_AXES(1));
}

/* The loss is finite, as it leaves out the result that is not. */
static vt_tensor logsumexp_gradient_of_masked(const vt_tensor *in)
{
    vt_tensor y = logsumexp_masked(in), x = vt_scale(in[0], 1);
    vt_tensor least = vt_full(VT_SCALAR, -1e3, .dtype = vt_dtype_of(y));
    return vt_add(vt_sum(vt_maximum(y, least)), vt_sum(x));
}

static vt_tensor logsumexp_of_specials(const vt_tensor *in)
{
    return vt_logsumexp(plus(in[0], SPECIALS, specials), .axes = VT_AXES(0));
}

static vt_tensor logsumexp_large(const vt_tensor *in)
{
    return vt_logsumexp(vt_shift(in[0], 1000), .axes = VT_AXES(1));
}

CASE(logsumexp) = {
    EVERY_PATTERN(logsumexp, SIGNED, 1),
    SCALAR_SAMPLE(logsumexp),
    /* x itself is rounded to 1000 eps; the numeric second derivatives suffer from that as well */
    { "large numbers",
      logsumexp_large,
      { FLOATS(-3, 3, 3, 5) },
      .terms = 5,
      .tolerance = 1000,
      .no_second_order = true },
    { "a long row", logsumexp_all, { FLOATS(-1, 1, 70001) }, .terms = 70001, .no_gradcheck = true },
    { "-inf in each row", logsumexp_partly_masked, { FLOATS(-1, 1, 2, 3) }, .not_finite = true },
    { "a column of -inf", logsumexp_gradient_of_masked, { FLOATS(-1, 1, 2, 3) }, .not_finite = true },
    { "infinities and NaN", logsumexp_of_specials, { INTEGERS(-5, 5, 4, SPECIALS) }, .not_finite = true },
    { "nothing", logsumexp_last, { FLOATS(-1, 1, 2, 0) }, .not_finite = true },
    { "integers", logsumexp_all, { INTEGERS(0, 5, 3) }, .refused = "logsumexp: x is i64" },
    { 0 },
};

/* -- var, std, norm ---------------------------------------------------------------------------------------------- */

static vt_tensor var_unbiased(const vt_tensor *in)
{
    return vt_var(in[0], .axes = VT_AXES(1), .unbiased = true);
}

static vt_tensor var_of_one(const vt_tensor *in)
{
    return vt_var(plus(in[0], 1, (const double[]){ 0 }), .axes = VT_AXES(1), .unbiased = true);
}

static vt_tensor var_far_from_zero(const vt_tensor *in)
{
    return vt_var(vt_shift(in[0], 4096), .axes = VT_AXES(1));
}

static vt_tensor std_unbiased(const vt_tensor *in)
{
    return vt_std(in[0], .axes = VT_AXES(0), .keep = true, .unbiased = true);
}

static vt_tensor norm_l1(const vt_tensor *in)
{
    return vt_norm(in[0], .axes = VT_AXES(1), .order = 1);
}

static vt_tensor norm_l2(const vt_tensor *in)
{
    return vt_norm(in[0], .axes = VT_AXES(0), .keep = true, .order = 2);
}

static vt_tensor norm_l3(const vt_tensor *in)
{
    return vt_norm(in[0], .order = 3);
}

static vt_tensor var_of_channels_last(const vt_tensor *in)
{
    return vt_var(vt_permute(in[0], VT_AXES(0, 3, 1, 2)), .axes = VT_AXES(2, 3));
}

static vt_tensor var_of_exchanged(const vt_tensor *in)
{
    return vt_var(vt_permute(in[0], VT_AXES(3, 0, 1, 2)), .axes = VT_AXES(2, 3));
}

CASE(var) = {
    { "channels last", var_of_channels_last, { FLOATS(-1, 1, 2, 3, 4, 5) }, .terms = 12 },
    { "exchanged axes", var_of_exchanged, { FLOATS(-1, 1, 2, 3, 4, 5) }, .terms = 12 },
    EVERY_PATTERN(var, SIGNED, 1),
    SCALAR_SAMPLE(var),
    { "long columns", var_outer, { FLOATS(-1, 1, 5000, 17, 1) }, .terms = 5000, .no_gradcheck = true },
    { "unbiased", var_unbiased, { FLOATS(-1, 1, 3, 4) }, .terms = 4 },
    { "unbiased, of one", var_of_one, { INTEGERS(0, 5, 3, 1) }, .not_finite = true },
    /* Σ x² - n mean² would have no digit right; x itself is rounded to 4096 eps */
    { "far from zero", var_far_from_zero, { FLOATS(-1, 1, 3, 500) }, .terms = 500, .tolerance = 4096 },
    { "integers", var_all, { INTEGERS(0, 5, 3) }, .refused = "var: x is i64; it must be f32 or f64" },
    { 0 },
};

CASE(std) = {
    /* the gradient of a standard deviation near 0 is that of |x|: those of one element are below */
    { "every axis", std_all, { FLOATS(-1, 1, 4, 5) }, .terms = 20 },
    { "rows", std_last, { FLOATS(-1, 1, 3, 37) }, .terms = 37 },
    { "outer axes, kept", std_outer, { FLOATS(-1, 1, 3, 4, 5) }, .terms = 15 },
    { "columns", std_middle, { FLOATS(-1, 1, 2, 7, 3) }, .terms = 7 },
    { "unbiased", std_unbiased, { FLOATS(-1, 1, 3, 4) }, .terms = 3 },
    { "all equal", std_last, { EQUAL(3, 4) }, .no_second_order = true },
    { "one element", std_last, { FLOATS(-1, 1, 3, 1) }, .no_second_order = true },
    { "integers", std_all, { INTEGERS(0, 5, 3) }, .refused = "std: x is i64" },
    { 0 },
};

CASE(norm) = {
    EVERY_PATTERN(norm, POSITIVE, 1),
    SCALAR_SAMPLE(norm),
    { "signs", norm_l2, { FLOATS(-1, 1, 3, 4) }, .terms = 3 },
    { "of zeros", norm_last, { EQUAL(3, 4) }, .no_second_order = true },
    { "sum of absolute values", norm_l1, { FLOATS(-1, 1, 3, 5) }, .terms = 5 },
    { "nothing", norm_last, { FLOATS(-1, 1, 2, 0) } },
    { "order 3", norm_l3, { FLOATS(-1, 1, 2) }, .refused = "norm: order is 3; it must be 1 or 2" },
    { "integers", norm_all, { INTEGERS(0, 5, 3) }, .refused = "norm: x is i64" },
    { 0 },
};

/* -- One axis ---------------------------------------------------------------------------------------------------- */

static vt_tensor argmax_last(const vt_tensor *in)
{
    return vt_argmax(in[0], -1);
}

static vt_tensor argmax_first(const vt_tensor *in)
{
    return vt_argmax(in[0], 0, .keep = true);
}

static vt_tensor argmin_last(const vt_tensor *in)
{
    return vt_argmin(in[0], -1);
}

static vt_tensor argmin_middle(const vt_tensor *in)
{
    return vt_argmin(in[0], 1, .keep = true);
}

static vt_tensor argmax_of_specials(const vt_tensor *in)
{
    return vt_argmax(plus(in[0], SPECIALS, specials), 1);
}

static vt_tensor argmin_of_specials(const vt_tensor *in)
{
    return vt_argmin(plus(in[0], SPECIALS, specials), 0);
}

static vt_tensor argmin_of_a_row_of_specials(const vt_tensor *in)
{
    return vt_argmin(plus(in[0], SPECIALS, specials), 1);
}

CASE(argmax) = {
    { "rows", argmax_last, { FLOATS(-1, 1, 5, 37) } },
    { "columns, kept", argmax_first, { FLOATS(-1, 1, 7, 3, 2) } },
    { "the first of equal", argmax_last, { INTEGERS(0, 3, 9, 7) } },
    { "the first of equal in columns", argmax_first, { INTEGERS(0, 3, 9, 7) } },
    { "bool", argmax_last, { BOOLS(9, 4) } },
    { "NaN first", argmax_of_specials, { INTEGERS(0, 5, 3, SPECIALS) }, .not_finite = true },
    { "nothing left", argmax_last, { FLOATS(-1, 1, 0, 3) } },
    { "nothing", argmax_first, { FLOATS(-1, 1, 0, 3) }, .refused = "argmax: x [0, 3] holds no element along axis 0" },
    { "no such axis", argmax_first, { FLOAT_SCALAR(0, 1) }, .refused = "argmax: axis 0 of a tensor of shape []" },
    { 0 },
};

CASE(argmin) = {
    { "rows", argmin_last, { FLOATS(-1, 1, 5, 37) } },
    { "columns, kept", argmin_middle, { FLOATS(-1, 1, 2, 7, 3) } },
    { "more columns than a block", argmin_middle, { FLOATS(-1, 1, 2, 3, 300) } },
    { "the first of equal", argmin_last, { INTEGERS(0, 3, 9, 7) } },
    { "NaN first", argmin_of_specials, { INTEGERS(0, 5, 3, SPECIALS) }, .not_finite = true },
    { "NaN first in a row", argmin_of_a_row_of_specials, { INTEGERS(0, 5, 3, SPECIALS) }, .not_finite = true },
    { "no such axis", argmin_middle, { FLOATS(0, 1, 3) }, .refused = "argmin: axis 1 of a tensor of shape [3]" },
    { 0 },
};

static vt_tensor cumsum_last(const vt_tensor *in)
{
    return vt_cumsum(in[0], -1);
}

static vt_tensor cumsum_first(const vt_tensor *in)
{
    return vt_cumsum(in[0], 0);
}

static vt_tensor cumsum_reverse(const vt_tensor *in)
{
    return vt_cumsum(in[0], 1, .reverse = true);
}

static vt_tensor cumsum_i32(const vt_tensor *in)
{
    return vt_cumsum(vt_cast(in[0], VT_I32), 1);
}

CASE(cumsum) = {
    { "rows", cumsum_last, { FLOATS(-1, 1, 3, 17) }, .terms = 17 },
    { "columns", cumsum_first, { FLOATS(-1, 1, 9, 3, 2) }, .terms = 9 },
    { "backwards", cumsum_reverse, { FLOATS(-1, 1, 2, 5, 3) }, .terms = 5 },
    { "more columns than a block", cumsum_first, { FLOATS(-1, 1, 2, 300) }, .terms = 2 },
    { "integers", cumsum_last, { INTEGERS(-9, 9, 3, 7) } },
    { "integers of 32 bits", cumsum_i32, { INTEGERS(-9, 9, 3, 7) } },
    { "bool", cumsum_last, { BOOLS(3, 7) } },
    { "nothing", cumsum_last, { FLOATS(-1, 1, 3, 0) } },
    { "no such axis", cumsum_reverse, { FLOATS(0, 1, 3) }, .refused = "cumsum: axis 1 of a tensor of shape [3]" },
    { 0 },
};

static vt_tensor cumprod_last(const vt_tensor *in)
{
    return vt_cumprod(in[0], -1);
}

static vt_tensor cumprod_first(const vt_tensor *in)
{
    return vt_cumprod(in[0], 0);
}

static vt_tensor cumprod_reverse(const vt_tensor *in)
{
    return vt_cumprod(in[0], 1, .reverse = true);
}

/* One zero, two, and one at either end. */
static vt_tensor cumprod_with_zeros(const vt_tensor *in)
{
    const float zeros[] = { 1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0 };
    return vt_cumprod(vt_mul(in[0], vt_cast(vt_from_data(zeros, VT_SHAPE(4, 5), VT_F32), vt_dtype_of(in[0]))), 1);
}

CASE(cumprod) = {
    { "rows", cumprod_last, { FLOATS(0.5, 1.5, 3, 17) }, .terms = 17 },
    { "columns", cumprod_first, { FLOATS(-1.5, 1.5, 7, 3, 2) }, .terms = 7 },
    { "backwards", cumprod_reverse, { FLOATS(-1.5, 1.5, 2, 5, 3) }, .terms = 5 },
    { "zeros", cumprod_with_zeros, { FLOATS(0.5, 1.5, 4, 5) }, .terms = 5 },
    { "rows that a warp shares", cumprod_last, { FLOATS(0.9, 1.1, 2, 70) }, .terms = 70, .no_gradcheck = true },
    { "more columns than a block", cumprod_first, { FLOATS(-1, 1, 2, 300) }, .terms = 2, .no_gradcheck = true },
    { "rows that a block shares", cumprod_last, { FLOATS(0.99, 1.01, 2, 1100) }, .terms = 1100, .no_gradcheck = true },
    { "one element", cumprod_last, { FLOATS(-1, 1, 3, 1) } },
    { "integers", cumprod_last, { INTEGERS(-9, 9, 3, 7) } },
    { "bool", cumprod_last, { BOOLS(3, 7) } },
    { "nothing", cumprod_last, { FLOATS(-1, 1, 3, 0) } },
    { "no such axis", cumprod_reverse, { FLOATS(0, 1, 3) }, .refused = "cumprod: axis 1 of a tensor of shape [3]" },
    { 0 },
};

static vt_tensor cummax_last(const vt_tensor *in)
{
    return vt_cummax(in[0], -1);
}

static vt_tensor cummax_first(const vt_tensor *in)
{
    return vt_cummax(in[0], 0);
}

static vt_tensor cummax_places(const vt_tensor *in)
{
    vt_tensor indices;
    vt_cummax(in[0], 1, .indices = &indices);
    return indices;
}

static vt_tensor cummax_of_specials(const vt_tensor *in)
{
    return vt_cummax(plus(in[0], SPECIALS, specials), 1);
}

static vt_tensor cummax_places_of_specials(const vt_tensor *in)
{
    vt_tensor indices;
    vt_cummax(plus(in[0], SPECIALS, specials), 1, .indices = &indices);
    return indices;
}

static vt_tensor cummin_last(const vt_tensor *in)
{
    return vt_cummin(in[0], -1);
}

static vt_tensor cummin_first(const vt_tensor *in)
{
    return vt_cummin(in[0], 0);
}

static vt_tensor cummin_places(const vt_tensor *in)
{
    vt_tensor indices;
    vt_cummin(in[0], 0, .indices = &indices);
    return indices;
}

CASE(cummax) = {
    { "rows", cummax_last, { DISTINCT(3, 9) }, .terms = 9 },
    { "columns", cummax_first, { DISTINCT(7, 3, 2) }, .terms = 7 },
    { "places", cummax_places, { INTEGERS(0, 9, 3, 40, 2) } },
    { "places of floats", cummax_places, { DISTINCT(3, 40) } },
    { "rows that a block shares", cummax_last, { INTEGERS(-1e6, 1e6, 2, 1100) } },
    { "integers", cummax_last, { INTEGERS(-9, 9, 3, 7) } },
    { "bool", cummax_first, { BOOLS(3, 7) } },
    { "NaN", cummax_of_specials, { INTEGERS(0, 5, 3, SPECIALS) }, .not_finite = true },
    { "the first NaN", cummax_places_of_specials, { INTEGERS(0, 5, 3, SPECIALS) }, .not_finite = true },
    { "nothing", cummax_last, { FLOATS(-1, 1, 3, 0) } },
    { "no such axis", cummax_first, { FLOAT_SCALAR(0, 1) }, .refused = "cummax: axis 0 of a tensor of shape []" },
    { 0 },
};

CASE(cummin) = {
    { "rows", cummin_last, { DISTINCT(3, 9) }, .terms = 9 },
    { "columns", cummin_first, { DISTINCT(7, 3, 2) }, .terms = 7 },
    { "places", cummin_places, { INTEGERS(0, 9, 40, 3, 2) } },
    { "more columns than a block", cummin_first, { INTEGERS(-9, 9, 4, 300) } },
    { "bool", cummin_first, { BOOLS(3, 7) } },
    { "no such axis", cummin_first, { FLOAT_SCALAR(0, 1) }, .refused = "cummin: axis 0 of a tensor of shape []" },
    { 0 },
};
