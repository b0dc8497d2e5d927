/* normalization.c - samples of softmax and of normalisations. */
#include "cases/case.h"
#include <math.h>

/* -- softmax ----------------------------------------------------------------------------------------------------- */

/* x plus 0, -inf, 0, ... along the last axis. */
static vt_tensor masked(vt_tensor x, int64_t count)
{
    double mask[8];
    for (int64_t i = 0; i < count; i++) mask[i] = i % 2 ? -INFINITY : 0;
    return vt_add(x, vt_cast(vt_from_data(mask, VT_SHAPE(count), VT_F64), vt_dtype_of(x)));
}

#define SOFTMAX(op)                                                                                                    \
    static vt_tensor op##_last(const vt_tensor *in)                                                                    \
    {                                                                                                                  \
        return vt_##op(in[0], -1);                                                                                     \
    }                                                                                                                  \
    static vt_tensor op##_middle(const vt_tensor *in)                                                                  \
    {                                                                                                                  \
        return vt_##op(in[0], 1);                                                                                      \
    }                                                                                                                  \
    static vt_tensor op##_large(const vt_tensor *in)                                                                   \
    {                                                                                                                  \
        return vt_##op(vt_affine(in[0], 1, 1024), 1);                                                                  \
    }                                                                                                                  \
    static vt_tensor op##_all_masked(const vt_tensor *in)                                                              \
    {                                                                                                                  \
        return vt_##op(masked(vt_cast(in[0], vt_precision()), 4), 0);                                                  \
    }

#define SOFTMAX_SAMPLES(op)                                                                                            \
    { "rows", op##_last, { FLOATS(-3, 3, 3, 37) }, .terms = 37 },                                                      \
        { "one row", op##_last, { FLOATS(-3, 3, 5) }, .terms = 5 },                                                    \
        { "one class", op##_last, { FLOATS(-3, 3, 4, 1) } },                                                           \
        { "columns", op##_middle, { FLOATS(-3, 3, 2, 7, 3) }, .terms = 7 },                                            \
        { "more columns than a block",                                                                                 \
          op##_middle,                                                                                                 \
          { FLOATS(-3, 3, 1, 2, 150) },                                                                                \
          .terms = 2,                                                                                                  \
          .no_second_order = true },                                                                                   \
        { "nothing", op##_last, { FLOATS(-1, 1, 3, 0) } }, { "no rows", op##_last, { FLOATS(-1, 1, 0, 3) } },          \
        { "no such axis",                                                                                              \
          op##_middle,                                                                                                 \
          { FLOATS(-1, 1, 3) },                                                                                        \
          .refused = #op ": axis 1 of a tensor of shape [3] is out of range" },                                        \
    {                                                                                                                  \
        "integers", op##_last, { INTEGERS(0, 5, 3) }, .refused = #op ": x is i64; it must be f32 or f64"               \
    }

/* x itself is rounded to 1024 eps */
#define LARGE_SAMPLE(op)                                                                                               \
    {                                                                                                                  \
        "large numbers", op##_large, { FLOATS(-3, 3, 3, 5) }, .terms = 5, .tolerance = 1024                            \
    }

SOFTMAX(softmax)
SOFTMAX(log_softmax)

static vt_tensor softmax_masked(const vt_tensor *in)
{
    return vt_softmax(masked(in[0], 5), 1);
}

CASE(softmax) = {
    SOFTMAX_SAMPLES(softmax),
    LARGE_SAMPLE(softmax),
    { "-inf in each row", softmax_masked, { FLOATS(-3, 3, 2, 5) }, .terms = 5, .not_finite = true },
    { "columns of -inf", softmax_all_masked, { INTEGERS(-3, 3, 3, 4) }, .not_finite = true },
    { 0 },
};

CASE(log_softmax) = {
    SOFTMAX_SAMPLES(log_softmax),
    LARGE_SAMPLE(log_softmax),
    { "columns of -inf", log_softmax_all_masked, { INTEGERS(-3, 3, 3, 4) }, .not_finite = true },
    { 0 },
};

/* -- Layer norm, RMS norm, group norm ---------------------------------------------------------------------------- */

static vt_tensor layer_norm(const vt_tensor *in)
{
    return vt_layer_norm(in[0], .weight = in[1], .bias = in[2]);
}

static vt_tensor layer_norm_two_axes(const vt_tensor *in)
{
    return vt_layer_norm(in[0], .weight = in[1], .bias = in[2], .rank = 2, .eps = 0.1);
}

static vt_tensor layer_norm_three_axes(const vt_tensor *in)
{
    return vt_layer_norm(in[0], .rank = 3);
}

CASE(layer_norm) = {
    { "weight and bias", layer_norm, { FLOATS(-1, 1, 3, 37), FLOATS(-1, 1, 37), FLOATS(-1, 1, 37) }, .terms = 37 },
    { "neither", layer_norm, { FLOATS(-1, 1, 2, 3, 5) }, .terms = 5 },
    { "weight", layer_norm, { FLOATS(-1, 1, 4, 5), FLOATS(-1, 1, 5) }, .terms = 5 },
    { "bias", layer_norm, { FLOATS(-1, 1, 4, 5), ABSENT, FLOATS(-1, 1, 5) }, .terms = 5 },
    { "many rows",
      layer_norm,
      { FLOATS(-1, 1, 2000, 18), FLOATS(-1, 1, 18), FLOATS(-1, 1, 18) },
      .terms = 2000,
      .no_gradcheck = true },
    { "two axes",
      layer_norm_two_axes,
      { FLOATS(-1, 1, 2, 3, 4), FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 3, 4) },
      .terms = 12 },
    { "every axis", layer_norm_three_axes, { FLOATS(-1, 1, 2, 3, 4) }, .terms = 24 },
    { "one row", layer_norm, { FLOATS(-1, 1, 6), FLOATS(-1, 1, 6), FLOATS(-1, 1, 6) }, .terms = 6 },
    { "rows of one", layer_norm, { FLOATS(-1, 1, 3, 1), FLOATS(-1, 1, 1), FLOATS(-1, 1, 1) } },
    { "no rows", layer_norm, { FLOATS(-1, 1, 0, 3), FLOATS(-1, 1, 3), FLOATS(-1, 1, 3) } },
    { "weight of another shape",
      layer_norm,
      { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 3) },
      .refused = "layer_norm: weight is f32 [3], it must be f32 [4]" },
    { "bias of another shape",
      layer_norm_two_axes,
      { FLOATS(-1, 1, 3, 4), ABSENT, FLOATS(-1, 1, 4) },
      .refused = "layer_norm: bias is f32 [4], it must be f32 [3, 4]" },
    { "weight of integers",
      layer_norm,
      { FLOATS(-1, 1, 3, 4), INTEGERS(0, 2, 4) },
      .refused = "layer_norm: weight is i64 [4], it must be f32 [4]" },
    { "too few axes",
      layer_norm_three_axes,
      { FLOATS(-1, 1, 3, 4) },
      .refused = "layer_norm: x [3, 4] does not have 3 axes to normalise" },
    { "nothing", layer_norm, { FLOATS(-1, 1, 3, 0) }, .refused = "layer_norm: x [3, 0] has no element to normalise" },
    { "integers", layer_norm, { INTEGERS(0, 5, 3) }, .refused = "layer_norm: x is i64; it must be f32 or f64" },
    { 0 },
};

static vt_tensor rms_norm(const vt_tensor *in)
{
    return vt_rms_norm(in[0], .weight = in[1]);
}

static vt_tensor rms_norm_two_axes(const vt_tensor *in)
{
    return vt_rms_norm(in[0], .weight = in[1], .rank = 2, .eps = 0.1);
}

CASE(rms_norm) = {
    { "weight", rms_norm, { FLOATS(-1, 1, 3, 37), FLOATS(-1, 1, 37) }, .terms = 37 },
    { "none", rms_norm, { FLOATS(-1, 1, 2, 3, 5) }, .terms = 5 },
    { "many rows", rms_norm, { FLOATS(-1, 1, 2000, 18), FLOATS(-1, 1, 18) }, .terms = 2000, .no_gradcheck = true },
    { "two axes", rms_norm_two_axes, { FLOATS(-1, 1, 2, 3, 4), FLOATS(-1, 1, 3, 4) }, .terms = 12 },
    { "weight of another shape",
      rms_norm,
      { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 3) },
      .refused = "rms_norm: weight is f32 [3], it must be f32 [4]" },
    { "too few axes",
      rms_norm_two_axes,
      { FLOATS(-1, 1, 3) },
      .refused = "rms_norm: x [3] does not have 2 axes to normalise" },
    { "integers", rms_norm, { INTEGERS(0, 5, 3) }, .refused = "rms_norm: x is i64; it must be f32 or f64" },
    { 0 },
};

static vt_tensor two_groups(const vt_tensor *in)
{
    return vt_group_norm(in[0], 2, .weight = in[1], .bias = in[2]);
}

static vt_tensor one_group(const vt_tensor *in)
{
    return vt_group_norm(in[0], 1, .eps = 0.1);
}

static vt_tensor no_groups(const vt_tensor *in)
{
    return vt_group_norm(in[0], 0);
}

CASE(group_norm) = {
    { "images", two_groups, { FLOATS(-1, 1, 2, 4, 3, 2), FLOATS(-1, 1, 4), FLOATS(-1, 1, 4) }, .terms = 12 },
    { "vectors", two_groups, { FLOATS(-1, 1, 3, 6), FLOATS(-1, 1, 6) }, .terms = 3 },
    { "one group", one_group, { FLOATS(-1, 1, 2, 3, 4) }, .terms = 12 },
    { "no samples", two_groups, { FLOATS(-1, 1, 0, 4, 3), FLOATS(-1, 1, 4), FLOATS(-1, 1, 4) } },
    { "groups that do not divide",
      two_groups,
      { FLOATS(-1, 1, 2, 3, 4) },
      .refused = "group_norm: 3 channels do not make 2 equal groups" },
    { "no groups", no_groups, { FLOATS(-1, 1, 2, 3) }, .refused = "3 channels do not make 0 equal groups" },
    { "a vector", one_group, { FLOATS(-1, 1, 2) }, .refused = "group_norm: x [2] must have two axes or more" },
    { "weight for too many",
      two_groups,
      { FLOATS(-1, 1, 2, 4, 3), FLOATS(-1, 1, 3) },
      .refused = "group_norm: weight is [3], it must be [4]" },
    { "integers", one_group, { INTEGERS(0, 5, 2, 3) }, .refused = "group_norm: layer_norm: x is i64" },
    { 0 },
};

/* -- Batch norm -------------------------------------------------------------------------------------------------- */

static vt_tensor batch_norm(const vt_tensor *in)
{
    return vt_batch_norm(in[0], in[1], in[2], .weight = in[3], .bias = in[4]);
}

static vt_tensor batch_norm_eval(const vt_tensor *in)
{
    vt_set_training(false);
    vt_tensor y = vt_batch_norm(in[0], in[1], in[2], .weight = in[3], .bias = in[4], .eps = 0.1);
    vt_set_training(true);
    return y;
}

/* The running statistics, in[1] and in[2], after two steps. */
static vt_tensor two_steps(const vt_tensor *in, vt_tensor *mean, vt_tensor *var)
{
    double zeros[] = { 0, 0, 0 }, ones[] = { 1, 1, 1 };
    vt_dtype dtype = vt_precision();
    *mean = vt_from_data(zeros, VT_SHAPE(3), VT_F64);
    *var = vt_from_data(ones, VT_SHAPE(3), VT_F64);
    vt_tensor x = vt_cast(in[0], VT_F64);
    vt_batch_norm(x, *mean, *var, .momentum = 0.25);
    return vt_cast(vt_batch_norm(vt_affine(x, 2, 1), *mean, *var), dtype);
}

static vt_tensor running_mean(const vt_tensor *in)
{
    vt_tensor mean, var;
    two_steps(in, &mean, &var);
    return vt_cast(mean, vt_precision());
}

static vt_tensor running_var(const vt_tensor *in)
{
    vt_tensor mean, var;
    two_steps(in, &mean, &var);
    return vt_cast(var, vt_precision());
}

#define STATISTICS(channels) FLOATS(-1, 1, channels), FLOATS(0.5, 1.5, channels)

CASE(batch_norm) = {
    { "images",
      batch_norm,
      { FLOATS(-1, 1, 2, 3, 4, 5), STATISTICS(3), FLOATS(-1, 1, 3), FLOATS(-1, 1, 3) },
      .terms = 40 },
    { "neither weight nor bias", batch_norm, { FLOATS(-1, 1, 4, 3, 2), STATISTICS(3) }, .terms = 8 },
    { "weight", batch_norm, { FLOATS(-1, 1, 4, 3, 2), STATISTICS(3), FLOATS(-1, 1, 3) }, .terms = 8 },
    { "bias", batch_norm, { FLOATS(-1, 1, 4, 3, 2), STATISTICS(3), ABSENT, FLOATS(-1, 1, 3) }, .terms = 8 },
    { "vectors", batch_norm, { FLOATS(-1, 1, 5, 7), STATISTICS(7), FLOATS(-1, 1, 7), FLOATS(-1, 1, 7) }, .terms = 5 },
    { "one sample", batch_norm, { FLOATS(-1, 1, 1, 2, 9), STATISTICS(2) }, .terms = 9 },
    { "large images",
      batch_norm,
      { FLOATS(-1, 1, 3, 2, 9, 13), STATISTICS(2), FLOATS(-1, 1, 2), FLOATS(-1, 1, 2) },
      .terms = 351,
      .no_gradcheck = true },
    { "more columns than a block",
      batch_norm,
      { FLOATS(-1, 1, 3, 30, 9), STATISTICS(30), FLOATS(-1, 1, 30), FLOATS(-1, 1, 30) },
      .terms = 27,
      .no_gradcheck = true },
    { "running mean", running_mean, { INTEGERS(-5, 5, 4, 3, 2) }, .terms = 8 },
    { "running variance", running_var, { INTEGERS(-5, 5, 4, 3, 2) }, .terms = 8 },
    { "by running statistics",
      batch_norm_eval,
      { FLOATS(-1, 1, 2, 3, 4, 5), STATISTICS(3), FLOATS(-1, 1, 3), FLOATS(-1, 1, 3) },
      .terms = 40 },
    { "by running statistics alone", batch_norm_eval, { FLOATS(-1, 1, 1, 3), STATISTICS(3) } },
    { "a single value",
      batch_norm,
      { FLOATS(-1, 1, 1, 3), STATISTICS(3) },
      .refused = "batch_norm: x [1, 3] has a single value a channel" },
    { "no value", batch_norm, { FLOATS(-1, 1, 0, 3), STATISTICS(3) }, .refused = "x [0, 3] has no value a channel" },
    { "a vector",
      batch_norm,
      { FLOATS(-1, 1, 3), STATISTICS(3) },
      .refused = "batch_norm: x [3] must have two axes or more: [N, C, ...]" },
    { "statistics for too few",
      batch_norm,
      { FLOATS(-1, 1, 2, 3), STATISTICS(2) },
      .refused = "batch_norm: running_mean is f32 [2], it must be f32 [3], one for each channel" },
    { "weight for too few",
      batch_norm_eval,
      { FLOATS(-1, 1, 2, 3), STATISTICS(3), FLOATS(-1, 1, 2) },
      .refused = "batch_norm: weight is f32 [2], it must be f32 [3]" },
    { "no statistics", batch_norm, { FLOATS(-1, 1, 2, 3) }, .refused = "batch_norm: running_mean is the inert tensor" },
    { "integers", batch_norm, { INTEGERS(0, 5, 2, 3), STATISTICS(3) }, .refused = "batch_norm: x is i64" },
    { 0 },
};
