/* normalization.c - samples of softmax and of normalisations. */
#include "cases/case.h"
#include "ops/list.h"
#include "ops/normalization.h"
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
        return vt_##op(vt_shift(in[0], 1024), 1);                                                                      \
    }                                                                                                                  \
    static vt_tensor op##_all_masked(const vt_tensor *in)                                                              \
    {                                                                                                                  \
        return vt_##op(masked(vt_cast(in[0], VT_DTYPE_DEFAULT), 4), 0);                                                \
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

/* Far from 0 and close together: 300 ± 0.01, of which f32 holds three digits behind the point. */
#define FAR(...) FLOATS(299.99, 300.01, __VA_ARGS__)
/* Steps that the differences of a gradient check would take are as large as what these rows are spread over. */
#define FAR_ROWS .tolerance = 4, .no_gradcheck = true

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
    { "many long rows",
      layer_norm,
      { FLOATS(-1, 1, 70, 300), FLOATS(-1, 1, 300), FLOATS(-1, 1, 300) },
      .terms = 300,
      .no_gradcheck = true },
    { "two axes",
      layer_norm_two_axes,
      { FLOATS(-1, 1, 2, 3, 4), FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 3, 4) },
      .terms = 12 },
    { "every axis", layer_norm_three_axes, { FLOATS(-1, 1, 2, 3, 4) }, .terms = 24 },
    { "one row", layer_norm, { FLOATS(-1, 1, 6), FLOATS(-1, 1, 6), FLOATS(-1, 1, 6) }, .terms = 6 },
    { "far from 0", layer_norm, { FAR(3, 64), FLOATS(-1, 1, 64), FLOATS(-1, 1, 64) }, .terms = 64, FAR_ROWS },
    { "far from 0, in rows of many", layer_norm, { FAR(9, 768) }, .terms = 768, FAR_ROWS },
    { "far from 0, in odd rows", layer_norm, { FAR(5, 1031) }, .terms = 1031, FAR_ROWS },
    /* What rounding leaves of g - mean(g) is multiplied by 1 / sqrt(eps), 316. */
    { "rows of one", layer_norm, { FLOATS(-1, 1, 3, 1), FLOATS(-1, 1, 1), FLOATS(-1, 1, 1) }, .tolerance = 160 },
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
    { "many long rows", rms_norm, { FLOATS(-1, 1, 70, 300), FLOATS(-1, 1, 300) }, .terms = 300, .no_gradcheck = true },
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

/* -- Layer norm with the sum of a residual connection ------------------------------------------------------------ */

/* One of the outputs. */
static vt_tensor output_of(const recording *r, int which)
{
    vt_tensor out[4];
    if (!record_into(r, out)) return VT_INERT;
    return out[which];
}

#define ADD_LAYER_NORM(name, b, eps_, which)                                                                           \
    static vt_tensor name(const vt_tensor *in)                                                                         \
    {                                                                                                                  \
        return output_of(&(recording){ .op = &op_add_layer_norm,                                                       \
                                       .at = VT_HERE,                                                                  \
                                       INPUTS(in[0], b, in[2], in[3]),                                                 \
                                       ATTRIBUTE(row_norm_attributes, .rank = 1, .eps = eps_) },                       \
                         which);                                                                                       \
    }
ADD_LAYER_NORM(add_norm, in[1], 0.1, 0)
ADD_LAYER_NORM(add_norm_mean, in[1], 0.1, 1)
ADD_LAYER_NORM(add_norm_rstd, in[1], 0.1, 2)
ADD_LAYER_NORM(add_norm_sum, in[1], 0.1, 3)
/* A sum that f32 does not round. */
ADD_LAYER_NORM(add_norm_of_zeros, vt_scale(in[1], 0), 1e-5, 0)

#define ROWS_OF(...) FLOATS(-1, 1, __VA_ARGS__)
CASE(add_layer_norm) = {
    { "norm", add_norm, { ROWS_OF(3, 37), ROWS_OF(3, 37), ROWS_OF(37), ROWS_OF(37) }, .terms = 37 },
    { "mean", add_norm_mean, { ROWS_OF(3, 37), ROWS_OF(3, 37), ROWS_OF(37), ROWS_OF(37) }, .terms = 37 },
    { "rstd", add_norm_rstd, { ROWS_OF(3, 37), ROWS_OF(3, 37), ROWS_OF(37), ROWS_OF(37) }, .terms = 37 },
    { "sum", add_norm_sum, { ROWS_OF(3, 37), ROWS_OF(3, 37), ROWS_OF(37), ROWS_OF(37) } },
    { "neither weight nor bias", add_norm, { ROWS_OF(2, 3, 5), ROWS_OF(2, 3, 5) }, .terms = 5 },
    { "bias", add_norm, { ROWS_OF(4, 5), ROWS_OF(4, 5), ABSENT, ROWS_OF(5) }, .terms = 5 },
    { "far from 0",
      add_norm_of_zeros,
      { FAR(5, 768), ROWS_OF(5, 768), ROWS_OF(768), ROWS_OF(768) },
      .terms = 768,
      FAR_ROWS },
    { "many long rows",
      add_norm,
      { ROWS_OF(70, 1100), ROWS_OF(70, 1100), ROWS_OF(1100), ROWS_OF(1100) },
      .terms = 1100,
      .no_gradcheck = true },
    { "no rows", add_norm, { ROWS_OF(0, 3), ROWS_OF(0, 3), ROWS_OF(3), ROWS_OF(3) } },
    { "shapes that differ",
      add_norm,
      { ROWS_OF(2, 5), ROWS_OF(5) },
      .refused = "add_layer_norm: b is f32 [5], it must be f32 [2, 5]" },
    { "weight of another shape",
      add_norm,
      { ROWS_OF(2, 5), ROWS_OF(2, 5), ROWS_OF(3) },
      .refused = "add_layer_norm: weight is f32 [3], it must be f32 [5]" },
    { 0 },
};

/* Of the rows' own mean and 1 / standard deviation, as layer_norm gives them. */
static vt_tensor norm_gradient_with(double eps, const vt_tensor *in, int outputs, int which)
{
    recording norm = { .op = &op_layer_norm,
                       .at = VT_HERE,
                       INPUTS(in[1], in[3], VT_INERT),
                       ATTRIBUTE(row_norm_attributes, .rank = 1, .eps = eps) };
    vt_tensor out[3];
    if (!record_into(&norm, out)) return VT_INERT;
    return output_of(&(recording){ .op = &op_layer_norm_gradient_add,
                                   .at = VT_HERE,
                                   INPUTS(in[0], in[1], out[1], out[2], in[2], in[3]),
                                   ATTRIBUTE(row_norm_attributes, .rank = 1, .eps = eps),
                                   .outputs = outputs },
                     which);
}

static vt_tensor norm_gradient(const vt_tensor *in, int outputs, int which)
{
    return norm_gradient_with(0.1, in, outputs, which);
}

static vt_tensor norm_gradient_of_far(const vt_tensor *in)
{
    return norm_gradient_with(1e-5, in, 3, 0);
}

static vt_tensor norm_gradient_weight_of_far(const vt_tensor *in)
{
    return norm_gradient_with(1e-5, in, 3, 1);
}

static vt_tensor norm_gradient_x(const vt_tensor *in)
{
    return norm_gradient(in, 3, 0);
}

static vt_tensor norm_gradient_weight(const vt_tensor *in)
{
    return norm_gradient(in, 3, 1);
}

static vt_tensor norm_gradient_bias(const vt_tensor *in)
{
    return norm_gradient(in, 3, 2);
}

static vt_tensor norm_gradient_alone(const vt_tensor *in)
{
    return norm_gradient(in, 1, 0);
}

CASE(layer_norm_gradient_add) = {
    { "x far from 0",
      norm_gradient_of_far,
      { ROWS_OF(5, 768), FAR(5, 768), ROWS_OF(5, 768), ROWS_OF(768) },
      .terms = 768,
      FAR_ROWS },
    { "weight, x far from 0",
      norm_gradient_weight_of_far,
      { ROWS_OF(5, 768), FAR(5, 768), ROWS_OF(5, 768), ROWS_OF(768) },
      .terms = 768,
      FAR_ROWS },
    { "x", norm_gradient_x, { ROWS_OF(3, 37), ROWS_OF(3, 37), ROWS_OF(3, 37), ROWS_OF(37) }, .terms = 37 },
    { "weight", norm_gradient_weight, { ROWS_OF(3, 37), ROWS_OF(3, 37), ROWS_OF(3, 37), ROWS_OF(37) }, .terms = 37 },
    { "bias", norm_gradient_bias, { ROWS_OF(3, 37), ROWS_OF(3, 37), ROWS_OF(3, 37), ROWS_OF(37) }, .terms = 37 },
    { "no weight", norm_gradient_alone, { ROWS_OF(2, 3, 5), ROWS_OF(2, 3, 5), ROWS_OF(2, 3, 5) }, .terms = 5 },
    { "x of many long rows",
      norm_gradient_x,
      { ROWS_OF(70, 1100), ROWS_OF(70, 1100), ROWS_OF(70, 1100), ROWS_OF(1100) },
      .terms = 1100,
      .no_gradcheck = true },
    { "weight of many rows",
      norm_gradient_weight,
      { ROWS_OF(700, 130), ROWS_OF(700, 130), ROWS_OF(700, 130), ROWS_OF(130) },
      .terms = 700,
      .no_gradcheck = true },
    { "bias of many rows",
      norm_gradient_bias,
      { ROWS_OF(700, 130), ROWS_OF(700, 130), ROWS_OF(700, 130), ROWS_OF(130) },
      .terms = 700,
      .no_gradcheck = true },
    { "no rows", norm_gradient_weight, { ROWS_OF(0, 3), ROWS_OF(0, 3), ROWS_OF(0, 3), ROWS_OF(3) } },
    { "shapes that differ",
      norm_gradient_x,
      { ROWS_OF(2, 5), ROWS_OF(2, 5), ROWS_OF(5), ROWS_OF(5) },
      .refused = "layer_norm_gradient_add: what is added is f32 [5], it must be f32 [2, 5]" },
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
    { "far from 0", two_groups, { FAR(2, 4, 9, 7) }, .terms = 126, FAR_ROWS },
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

static vt_tensor instance_norm(const vt_tensor *in)
{
    return vt_instance_norm(in[0], .weight = in[1], .bias = in[2]);
}

static vt_tensor instance_norm_eps(const vt_tensor *in)
{
    return vt_instance_norm(in[0], .eps = 0.1);
}

/* What it differs by from its definition, beside x, which gives the result a size. */
static vt_tensor instance_norm_difference(const vt_tensor *in)
{
    vt_tensor mean = vt_mean(in[0], .axes = VT_AXES(2, 3), .keep = true), away = vt_sub(in[0], mean);
    vt_tensor std = vt_sqrt(vt_shift(vt_mean(vt_square(away), .axes = VT_AXES(2, 3), .keep = true), 0.1));
    return vt_add(in[0], vt_sub(instance_norm_eps(in), vt_div(away, std)));
}

CASE(instance_norm) = {
    { "images", instance_norm, { FLOATS(-1, 1, 2, 3, 3, 2), FLOATS(-1, 1, 3), FLOATS(-1, 1, 3) }, .terms = 12 },
    { "sequences", instance_norm_eps, { FLOATS(-1, 1, 2, 3, 4) }, .terms = 4 },
    { "as it is defined", instance_norm_difference, { FLOATS(-1, 1, 2, 3, 3, 2) }, .terms = 12 },
    { "no samples", instance_norm_eps, { FLOATS(-1, 1, 0, 4, 3) } },
    { "vectors",
      instance_norm_eps,
      { FLOATS(-1, 1, 3, 6) },
      .refused = "instance_norm: x [3, 6] must be [N, C, ...], of one channel or more, with axes to normalise over" },
    { "weight for too many",
      instance_norm,
      { FLOATS(-1, 1, 2, 4, 3), FLOATS(-1, 1, 3) },
      .refused = "weight is [3], it must be [4]" },
    { 0 },
};

/* -- Batch norm -------------------------------------------------------------------------------------------------- */

static vt_tensor batch_norm(const vt_tensor *in)
{
    return vt_batch_norm(in[0], in[1], in[2], .weight = in[3], .bias = in[4], .num_batches_tracked = in[5]);
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
    vt_dtype dtype = VT_DTYPE_DEFAULT;
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
    return vt_cast(mean, VT_DTYPE_DEFAULT);
}

static vt_tensor running_var(const vt_tensor *in)
{
    vt_tensor mean, var;
    two_steps(in, &mean, &var);
    return vt_cast(var, VT_DTYPE_DEFAULT);
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
    { "batches that are counted",
      batch_norm,
      { FLOATS(-1, 1, 4, 3, 2), STATISTICS(3), ABSENT, ABSENT, INTEGER_SCALAR(0, 9) },
      .terms = 8 },
    { "vectors", batch_norm, { FLOATS(-1, 1, 5, 7), STATISTICS(7), FLOATS(-1, 1, 7), FLOATS(-1, 1, 7) }, .terms = 5 },
    { "one sample", batch_norm, { FLOATS(-1, 1, 1, 2, 9), STATISTICS(2) }, .terms = 9 },
    { "statistics, weight and bias alike",
      batch_norm,
      { FLOATS(-1, 1, 4, 3, 2), FLOATS(0.5, 2, 3), FLOATS(0.5, 2, 3), FLOATS(0.5, 2, 3), FLOATS(0.5, 2, 3) },
      .terms = 8 },
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
    { "batches of floating point",
      batch_norm,
      { FLOATS(-1, 1, 2, 3), STATISTICS(3), ABSENT, ABSENT, FLOAT_SCALAR(0, 9) },
      .refused = "batch_norm: num_batches_tracked is f32 [], it must be i64 []" },
    { "batches of each channel",
      batch_norm,
      { FLOATS(-1, 1, 2, 3), STATISTICS(3), ABSENT, ABSENT, INTEGERS(0, 9, 3) },
      .refused = "batch_norm: num_batches_tracked is i64 [3], it must be i64 []" },
    { "no statistics", batch_norm, { FLOATS(-1, 1, 2, 3) }, .refused = "batch_norm: running_mean is the inert tensor" },
    { "integers", batch_norm, { INTEGERS(0, 5, 2, 3), STATISTICS(3) }, .refused = "batch_norm: x is i64" },
    { 0 },
};

static vt_tensor running_statistics(const vt_tensor *in)
{
    record(&op_running_statistics, VT_HERE, INPUTS(in[0], in[1], in[2], in[3], in[4]),
           ATTRIBUTE(running_statistics_attributes, .momentum = 0.25, .correction = 1.5));
    return VT_INERT;
}

CASE(running_statistics) = {
    { "channels", running_statistics, { STATISTICS(3), FLOATS(-1, 1, 2, 3), FLOATS(0, 1, 3) } },
    { "more than a block has", running_statistics, { STATISTICS(300), FLOATS(-1, 1, 2, 300), FLOATS(0, 1, 300) } },
    { "batches that are counted",
      running_statistics,
      { STATISTICS(300), FLOATS(-1, 1, 2, 300), FLOATS(0, 1, 300), INTEGER_SCALAR(0, 9) } },
    { "without a variance",
      running_statistics,
      { FLOATS(-1, 1, 3), FLOATS(0.5, 1.5, 3), FLOATS(-1, 1, 2, 3) },
      .refused = "running_statistics: input 3 is the inert tensor" },
    { 0 },
};

/* -- Batch norm with what follows it ------------------------------------------------------------------------------ */

enum { MAX_OUTPUTS = 4 };

static vt_tensor one_after_another(vt_tensor *all, int count)
{
    for (int i = 0; i < count; i++) all[i] = vt_reshape(all[i], VT_SHAPE(-1));
    return vt_concat(all, count, 0);
}

/* Every output. */
static vt_tensor outputs_of(const op *op, const vt_tensor *in, int inputs, int outputs)
{
    vt_tensor out[MAX_OUTPUTS];
    batch_norm_attributes a = { .eps = 0.01 };
    record_into(&(recording){ .op = op,
                              .at = VT_HERE,
                              .inputs = inputs,
                              .in = in,
                              .attributes = &a,
                              .attributes_size = sizeof a,
                              .outputs = outputs },
                out);
    return one_after_another(out, outputs);
}

static vt_tensor batch_norm_relu(const vt_tensor *in)
{
    return outputs_of(&op_batch_norm_relu, in, 3, 3);
}

#define IMAGES(...)      FLOATS(-1, 1, __VA_ARGS__)
#define SCALES(channels) FLOATS(-1, 1, channels), FLOATS(-1, 1, channels)

CASE(batch_norm_relu) = {
    { "images", batch_norm_relu, { IMAGES(2, 3, 4, 5), SCALES(3) }, .terms = 40 },
    { "neither weight nor bias", batch_norm_relu, { IMAGES(4, 3, 2), ABSENT, ABSENT }, .terms = 8 },
    { "channels wider than a vector", batch_norm_relu, { IMAGES(3, 35, 7), SCALES(35) }, .terms = 21 },
    { "several parts", batch_norm_relu, { IMAGES(3, 130, 11, 9), SCALES(130) }, .terms = 297 },
    { 0 },
};

static vt_tensor batch_norm_add_relu(const vt_tensor *in)
{
    return outputs_of(&op_batch_norm_add_relu, in, 4, 3);
}

CASE(batch_norm_add_relu) = {
    { "images", batch_norm_add_relu, { IMAGES(2, 3, 4, 5), IMAGES(2, 3, 4, 5), SCALES(3) }, .terms = 40 },
    { "neither weight nor bias",
      batch_norm_add_relu,
      { IMAGES(4, 3, 2), IMAGES(4, 3, 2), ABSENT, ABSENT },
      .terms = 8 },
    { "several parts",
      batch_norm_add_relu,
      { IMAGES(3, 130, 11, 9), IMAGES(3, 130, 11, 9), SCALES(130) },
      .terms = 297 },
    { 0 },
};

/* The outputs, and what the running statistics are then. */
static vt_tensor tracking_of(const vt_tensor *in, bool relu)
{
    vt_tensor all[6];
    record_into(&(recording){ .op = &op_batch_norm_tracking,
                              .at = VT_HERE,
                              .inputs = TRACKING_INPUTS,
                              .in = in,
                              ATTRIBUTE(batch_norm_tracking_attributes, .norm.eps = 0.01, .running.momentum = 0.25,
                                        .running.correction = 1.5, .relu = relu) },
                all);
    all[3] = in[TRACKING_RUNNING_MEAN];
    all[4] = in[TRACKING_RUNNING_VAR];
    if (in[TRACKING_BATCHES].id) all[5] = vt_cast(in[TRACKING_BATCHES], vt_dtype_of(in[TRACKING_X]));
    return one_after_another(all, in[TRACKING_BATCHES].id ? 6 : 5);
}

static vt_tensor batch_norm_tracking(const vt_tensor *in)
{
    return tracking_of(in, false);
}

static vt_tensor batch_norm_relu_tracking(const vt_tensor *in)
{
    return tracking_of(in, true);
}

CASE(batch_norm_tracking) = {
    { "images", batch_norm_tracking, { IMAGES(2, 3, 4, 5), STATISTICS(3), SCALES(3) }, .terms = 40 },
    { "with a ReLU", batch_norm_relu_tracking, { IMAGES(2, 3, 4, 5), STATISTICS(3), SCALES(3) }, .terms = 40 },
    { "with a shortcut and a ReLU",
      batch_norm_relu_tracking,
      { IMAGES(2, 3, 4, 5), STATISTICS(3), SCALES(3), IMAGES(2, 3, 4, 5) },
      .terms = 40 },
    { "neither weight nor bias", batch_norm_tracking, { IMAGES(4, 3, 2), STATISTICS(3) }, .terms = 8 },
    { "batches that are counted",
      batch_norm_relu_tracking,
      { IMAGES(4, 3, 2), STATISTICS(3), SCALES(3), ABSENT, INTEGER_SCALAR(0, 9) },
      .terms = 8 },
    { "several parts",
      batch_norm_relu_tracking,
      { IMAGES(3, 130, 11, 9), STATISTICS(130), SCALES(130), IMAGES(3, 130, 11, 9), INTEGER_SCALAR(0, 9) },
      .terms = 297 },
    { "without a running variance",
      batch_norm_tracking,
      { IMAGES(4, 3, 2), FLOATS(-1, 1, 3) },
      .refused = "batch_norm_tracking: input 2 is the inert tensor" },
    { 0 },
};

/* in: g, x, weight, bias. */
static vt_tensor relu_gradient_of(const vt_tensor *in, int outputs)
{
    vt_tensor forward[3];
    record_into(&(recording){ .op = &op_batch_norm,
                              .at = VT_HERE,
                              INPUTS(in[1], in[2], in[3]),
                              ATTRIBUTE(batch_norm_attributes, .eps = 0.01) },
                forward);
    vt_tensor all[] = { in[0], in[1], forward[1], forward[2], in[2], in[3] };
    return outputs_of(&op_batch_norm_relu_gradient, all, 6, outputs);
}

static vt_tensor batch_norm_relu_gradient(const vt_tensor *in)
{
    return relu_gradient_of(in, 3);
}

static vt_tensor batch_norm_relu_gradient_of_x(const vt_tensor *in)
{
    return relu_gradient_of(in, 1);
}

CASE(batch_norm_relu_gradient) = {
    { "images", batch_norm_relu_gradient, { IMAGES(2, 3, 4, 5), IMAGES(2, 3, 4, 5), SCALES(3) }, .terms = 40 },
    { "neither weight nor bias",
      batch_norm_relu_gradient_of_x,
      { IMAGES(4, 3, 2), IMAGES(4, 3, 2), ABSENT, ABSENT },
      .terms = 8 },
    { "several parts",
      batch_norm_relu_gradient,
      { IMAGES(3, 130, 11, 9), IMAGES(3, 130, 11, 9), SCALES(130) },
      .terms = 297 },
    { 0 },
};

/* in: g, x, y, weight, and more of g. */
static vt_tensor add_relu_gradient_of(const vt_tensor *in, int outputs)
{
    vt_tensor forward[3];
    record_into(&(recording){ .op = &op_batch_norm,
                              .at = VT_HERE,
                              INPUTS(in[1], in[3], VT_INERT),
                              ATTRIBUTE(batch_norm_attributes, .eps = 0.01) },
                forward);
    vt_tensor all[] = { in[0], in[1], forward[1], forward[2], in[2], in[3], in[4] };
    return outputs_of(&op_batch_norm_add_relu_gradient, all, 7, outputs);
}

static vt_tensor batch_norm_add_relu_gradient(const vt_tensor *in)
{
    return add_relu_gradient_of(in, 4);
}

static vt_tensor batch_norm_add_relu_gradient_of_x(const vt_tensor *in)
{
    return add_relu_gradient_of(in, 2);
}

CASE(batch_norm_add_relu_gradient) = {
    { "two gradients",
      batch_norm_add_relu_gradient,
      { IMAGES(2, 3, 4, 5), IMAGES(2, 3, 4, 5), IMAGES(2, 3, 4, 5), FLOATS(-1, 1, 3), IMAGES(2, 3, 4, 5) },
      .terms = 40 },
    { "one gradient",
      batch_norm_add_relu_gradient,
      { IMAGES(2, 3, 4, 5), IMAGES(2, 3, 4, 5), IMAGES(2, 3, 4, 5), FLOATS(-1, 1, 3), ABSENT },
      .terms = 40 },
    { "no weight",
      batch_norm_add_relu_gradient_of_x,
      { IMAGES(4, 3, 2), IMAGES(4, 3, 2), IMAGES(4, 3, 2), ABSENT, ABSENT },
      .terms = 8 },
    { "several parts",
      batch_norm_add_relu_gradient,
      { IMAGES(3, 130, 11, 9), IMAGES(3, 130, 11, 9), IMAGES(3, 130, 11, 9), FLOATS(-1, 1, 130),
        IMAGES(3, 130, 11, 9) },
      .terms = 297 },
    { 0 },
};
