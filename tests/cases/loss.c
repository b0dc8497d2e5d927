/* loss.c - samples of losses. */
#include "cases/case.h"
#include <math.h>

/* -- Cross-entropy ----------------------------------------------------------------------------------------------- */

static vt_tensor entropy_mean(const vt_tensor *in)
{
    return vt_cross_entropy(in[0], in[1]);
}

static vt_tensor entropy_sum(const vt_tensor *in)
{
    return vt_cross_entropy(in[0], in[1], .reduction = VT_REDUCTION_SUM);
}

static vt_tensor entropy_none(const vt_tensor *in)
{
    return vt_cross_entropy(in[0], in[1], .reduction = VT_REDUCTION_NONE);
}

static vt_tensor entropy_batch_mean(const vt_tensor *in)
{
    return vt_cross_entropy(in[0], in[1], .reduction = VT_REDUCTION_BATCH_MEAN);
}

static vt_tensor entropy_smoothed(const vt_tensor *in)
{
    return vt_cross_entropy(in[0], in[1], .reduction = VT_REDUCTION_NONE, .label_smoothing = 0.1);
}

static vt_tensor entropy_evenly(const vt_tensor *in)
{
    return vt_cross_entropy(in[0], in[1], .label_smoothing = 1);
}

static vt_tensor entropy_too_smooth(const vt_tensor *in)
{
    return vt_cross_entropy(in[0], in[1], .label_smoothing = 1.5);
}

static vt_tensor entropy_reduced_otherwise(const vt_tensor *in)
{
    return vt_cross_entropy(in[0], in[1], .reduction = (vt_reduction)7);
}

/* Labels that are 0 are ignored. */
static vt_tensor without_zeros(vt_tensor labels)
{
    vt_tensor zero = vt_full(VT_SCALAR, 0, .dtype = VT_I64), ignored = vt_full(VT_SCALAR, VT_IGNORE, .dtype = VT_I64);
    return vt_where(vt_equal(labels, zero), ignored, labels);
}

static vt_tensor entropy_ignoring(const vt_tensor *in)
{
    return vt_cross_entropy(in[0], without_zeros(in[1]), .label_smoothing = 0.2);
}

static vt_tensor entropy_ignoring_single(const vt_tensor *in)
{
    return vt_cross_entropy(in[0], without_zeros(in[1]), .reduction = VT_REDUCTION_NONE);
}

/* Class 1 is impossible, and no label; the last row is masked altogether, and ignored. */
static vt_tensor entropy_masked(const vt_tensor *in)
{
    double mask[] = { 0, -INFINITY, 0, 0, -INFINITY, 0, -INFINITY, -INFINITY, -INFINITY };
    int64_t labels[] = { 0, 2, VT_IGNORE };
    vt_tensor x = vt_add(in[0], vt_cast(vt_from_data(mask, VT_SHAPE(3, 3), VT_F64), vt_dtype_of(in[0])));
    return vt_cross_entropy(x, vt_from_data(labels, VT_SHAPE(3), VT_I64));
}

/* The last row is masked altogether, and ignored. */
static vt_tensor entropy_weighted_masked(const vt_tensor *in)
{
    double mask[] = { 0, 0, 0, 0, 0, 0, -INFINITY, -INFINITY, -INFINITY };
    int64_t labels[] = { 0, 2, VT_IGNORE };
    vt_tensor x = vt_add(in[0], vt_cast(vt_from_data(mask, VT_SHAPE(3, 3), VT_F64), vt_dtype_of(in[0])));
    return vt_cross_entropy(x, vt_from_data(labels, VT_SHAPE(3), VT_I64), .weight = in[1], .label_smoothing = 0.2);
}

/* The same of pixels, of which the first is masked altogether. */
static vt_tensor entropy_masked_pixels(const vt_tensor *in)
{
    double mask[] = { -INFINITY, 0, 0, -INFINITY, -INFINITY, -INFINITY, -INFINITY, 0, 0 };
    int64_t labels[] = { VT_IGNORE, 0, 2 };
    vt_tensor x = vt_add(in[0], vt_cast(vt_from_data(mask, VT_SHAPE(1, 3, 3), VT_F64), vt_dtype_of(in[0])));
    return vt_cross_entropy(x, vt_from_data(labels, VT_SHAPE(1, 3), VT_I64));
}

static vt_tensor entropy_far(const vt_tensor *in)
{
    return vt_cross_entropy(vt_shift(in[0], 1024), in[1], .reduction = VT_REDUCTION_NONE);
}

/* What is refused when it is computed. */
static vt_tensor entropy_computed(const vt_tensor *in)
{
    vt_tensor y = vt_cross_entropy(in[0], in[1]);
    vt_item(y);
    return vt_failed() ? VT_INERT : y;
}

static vt_tensor entropy_reference(const vt_tensor *in)
{
    vt_set_device("reference");
    vt_tensor y = entropy_computed(in);
    vt_set_device("cpu");
    return y;
}

static vt_tensor entropy_soft(const vt_tensor *in)
{
    return vt_cross_entropy(in[0], vt_softmax(in[1], 1), .label_smoothing = 0.1);
}

static vt_tensor entropy_weighted(const vt_tensor *in)
{
    return vt_cross_entropy(in[0], in[1], .weight = in[2]);
}

static vt_tensor entropy_weighted_smooth(const vt_tensor *in)
{
    return vt_cross_entropy(in[0], without_zeros(in[1]), .weight = in[2], .label_smoothing = 0.2);
}

static vt_tensor entropy_weighted_single(const vt_tensor *in)
{
    return vt_cross_entropy(in[0], without_zeros(in[1]), .weight = in[2], .label_smoothing = 0.2,
                            .reduction = VT_REDUCTION_NONE);
}

static vt_tensor entropy_weighted_soft(const vt_tensor *in)
{
    return vt_cross_entropy(in[0], vt_softmax(in[1], 1), .weight = in[2], .label_smoothing = 0.1);
}

CASE(cross_entropy) = {
    { "weights", entropy_weighted, { FLOATS(-3, 3, 5, 4), INTEGERS(0, 4, 5), FLOATS(0.5, 2, 4) }, .terms = 20 },
    { "weights of pixels, smoothed, with ignored ones",
      entropy_weighted_smooth,
      { FLOATS(-3, 3, 2, 4, 3), INTEGERS(0, 4, 2, 3), FLOATS(0.5, 2, 4) },
      .terms = 24 },
    { "weights, single losses",
      entropy_weighted_single,
      { FLOATS(-3, 3, 9, 4), INTEGERS(0, 4, 9), FLOATS(0.5, 2, 4) },
      .terms = 4 },
    { "weights of probabilities",
      entropy_weighted_soft,
      { FLOATS(-3, 3, 5, 4), FLOATS(-3, 3, 5, 4), FLOATS(0.5, 2, 4) },
      .terms = 20 },
    { "weights, ignored logits of -inf",
      entropy_weighted_masked,
      { FLOATS(-3, 3, 3, 3), FLOATS(0.5, 2, 3) },
      .terms = 9,
      .not_finite = true },
    { "weights of other classes",
      entropy_weighted,
      { FLOATS(-3, 3, 5, 4), INTEGERS(0, 4, 5), FLOATS(0.5, 2, 5) },
      .refused = "cross_entropy: weight is f32 [5]; it must be f32 [4], a number a class" },
    { "weights that are integers",
      entropy_weighted,
      { FLOATS(-3, 3, 5, 4), INTEGERS(0, 4, 5), INTEGERS(0, 4, 4) },
      .refused = "cross_entropy: weight is i64 [4]" },
    { "mean", entropy_mean, { FLOATS(-3, 3, 5, 4), INTEGERS(0, 4, 5) }, .terms = 20 },
    { "sum", entropy_sum, { FLOATS(-3, 3, 5, 4), INTEGERS(0, 4, 5) }, .terms = 20 },
    { "none", entropy_none, { FLOATS(-3, 3, 5, 37), INTEGERS(0, 37, 5) }, .terms = 37 },
    { "mean of the batch", entropy_batch_mean, { FLOATS(-3, 3, 2, 4, 3), INTEGERS(0, 4, 2, 3) }, .terms = 24 },
    { "pixels", entropy_mean, { FLOATS(-3, 3, 2, 4, 3, 2), INTEGERS(0, 4, 2, 3, 2) }, .terms = 48 },
    { "more pixels than a block",
      entropy_none,
      { FLOATS(-3, 3, 2, 3, 150), INTEGERS(0, 3, 2, 150) },
      .terms = 3,
      .no_gradcheck = true },
    { "smoothed", entropy_smoothed, { FLOATS(-3, 3, 5, 4), INTEGERS(0, 4, 5) }, .terms = 4 },
    { "smoothed pixels", entropy_smoothed, { FLOATS(-3, 3, 2, 4, 3), INTEGERS(0, 4, 2, 3) }, .terms = 4 },
    { "spread evenly", entropy_evenly, { FLOATS(-3, 3, 5, 4), INTEGERS(0, 4, 5) }, .terms = 20 },
    { "ignored labels", entropy_ignoring, { FLOATS(-3, 3, 9, 3), INTEGERS(0, 3, 9) }, .terms = 27 },
    { "ignored pixels", entropy_ignoring_single, { FLOATS(-3, 3, 2, 3, 7), INTEGERS(0, 3, 2, 7) }, .terms = 3 },
    { "logits of -inf", entropy_masked, { FLOATS(-3, 3, 3, 3) }, .terms = 9, .not_finite = true },
    { "pixels of -inf", entropy_masked_pixels, { FLOATS(-3, 3, 1, 3, 3) }, .terms = 9, .not_finite = true },
    /* x itself is rounded to 1024 eps */
    { "large numbers", entropy_far, { FLOATS(-3, 3, 5, 4), INTEGERS(0, 4, 5) }, .terms = 4, .tolerance = 1024 },
    { "one class", entropy_mean, { FLOATS(-3, 3, 5, 1), INTEGERS(0, 1, 5) }, .terms = 5 },
    { "probabilities", entropy_soft, { FLOATS(-3, 3, 5, 4), FLOATS(-3, 3, 5, 4) }, .terms = 20 },
    { "probabilities of pixels", entropy_soft, { FLOATS(-3, 3, 2, 4, 3), FLOATS(-3, 3, 2, 4, 3) }, .terms = 24 },
    { "label too large",
      entropy_computed,
      { FLOATS(-3, 3, 5, 4), INTEGERS(4, 5, 5) },
      .refused = "cross_entropy: label 4 is out of range: there are 4 classes" },
    { "negative label",
      entropy_computed,
      { FLOATS(-3, 3, 5, 4, 2), INTEGERS(-1, 0, 5, 2) },
      .refused = "cross_entropy: label -1 is out of range" },
    { "label too large for the reference",
      entropy_reference,
      { FLOATS(-3, 3, 5, 4), INTEGERS(4, 5, 5) },
      .refused = "cross_entropy: label 4 is out of range: there are 4 classes" },
    { "labels of another shape",
      entropy_mean,
      { FLOATS(-3, 3, 5, 4, 2), INTEGERS(0, 4, 5) },
      .refused = "cross_entropy: target [5] does not fit logits [5, 4, 2]: labels must be [5, 2]" },
    { "bool labels", entropy_mean, { FLOATS(-3, 3, 5, 2), BOOLS(5) }, .refused = "cross_entropy: target is bool" },
    { "probabilities of another shape",
      entropy_soft,
      { FLOATS(-3, 3, 5, 4), FLOATS(-3, 3, 5, 3) },
      .refused = "cross_entropy: logits is f32 [5, 4], target is f32 [5, 3]" },
    { "integer logits",
      entropy_mean,
      { INTEGERS(0, 3, 5, 4), INTEGERS(0, 4, 5) },
      .refused = "cross_entropy: logits are i64 [5, 4]" },
    { "a vector",
      entropy_mean,
      { FLOATS(-3, 3, 5), INTEGERS(0, 4, 5) },
      .refused = "cross_entropy: logits are f32 [5]; they must be f32 or f64 [N, C, ...]" },
    { "no classes", entropy_mean, { FLOATS(-3, 3, 5, 0), INTEGERS(0, 4, 5) }, .refused = "with a class or more" },
    { "smoothing beyond 1",
      entropy_too_smooth,
      { FLOATS(-3, 3, 5, 4), INTEGERS(0, 4, 5) },
      .refused = "cross_entropy: label_smoothing 1.5; it is 0 to 1" },
    { "no such reduction",
      entropy_reduced_otherwise,
      { FLOATS(-3, 3, 5, 4), INTEGERS(0, 4, 5) },
      .refused = "cross_entropy: reduction 7 is none of vt_reduction" },
    { 0 },
};

static vt_tensor correct(const vt_tensor *in)
{
    return vt_correct_count(in[0], in[1]);
}

CASE(correct) = {
    { "labels", correct, { FLOATS(-3, 3, 50, 3), INTEGERS(0, 3, 50) } },
    { "pixels", correct, { FLOATS(-3, 3, 3, 3, 20), INTEGERS(0, 3, 3, 20) } },
    { "equal logits", correct, { FLOATS(0, 0, 9, 3), INTEGERS(0, 3, 9) } },
    { "nothing", correct, { FLOATS(-3, 3, 0, 3), INTEGERS(0, 3, 0) } },
    { "labels of another shape",
      correct,
      { FLOATS(-3, 3, 5, 4), INTEGERS(0, 4, 4) },
      .refused = "correct: logits are [5, 4], labels i64 [4]; they must be [N, C, ...] and i64 [N, ...]" },
    { "labels that are no integers", correct, { FLOATS(-3, 3, 5, 4), FLOATS(0, 4, 5) }, .refused = "labels f32 [5]" },
    { 0 },
};

/* -- Losses of pairs: each with every reduction ------------------------------------------------------------------ */

#define PAIR_LOSS(op, options)                                                                                         \
    static vt_tensor op##_mean(const vt_tensor *in)                                                                    \
    {                                                                                                                  \
        return vt_##op(in[0], in[1] options);                                                                          \
    }                                                                                                                  \
    static vt_tensor op##_sum(const vt_tensor *in)                                                                     \
    {                                                                                                                  \
        return vt_##op(in[0], in[1], .reduction = VT_REDUCTION_SUM options);                                           \
    }                                                                                                                  \
    static vt_tensor op##_none(const vt_tensor *in)                                                                    \
    {                                                                                                                  \
        return vt_##op(in[0], in[1], .reduction = VT_REDUCTION_NONE options);                                          \
    }                                                                                                                  \
    static vt_tensor op##_batch_mean(const vt_tensor *in)                                                              \
    {                                                                                                                  \
        return vt_##op(in[0], in[1], .reduction = VT_REDUCTION_BATCH_MEAN options);                                    \
    }

#define PAIR_SAMPLES(op, what, second)                                                                                 \
    { "mean", op##_mean, { FLOATS(-3, 3, 4, 3), second(4, 3) }, .terms = 12 },                                         \
        { "sum", op##_sum, { FLOATS(-3, 3, 4, 3), second(4, 3) }, .terms = 12 },                                       \
        { "none", op##_none, { FLOATS(-3, 3, 4, 3), second(4, 3) } },                                                  \
        { "mean of the batch", op##_batch_mean, { FLOATS(-3, 3, 4, 3), second(4, 3) }, .terms = 12 },                  \
        { "nothing", op##_sum, { FLOATS(-3, 3, 0, 3), second(0, 3) } },                                                \
        { "shapes that would broadcast",                                                                               \
          op##_mean,                                                                                                   \
          { FLOATS(-3, 3, 4), second(4, 1) },                                                                          \
          .refused = #op ": " what " is f32 [4], target is f32 [4, 1]; they must have one shape" },                    \
        { "integers",                                                                                                  \
          op##_mean,                                                                                                   \
          { FLOATS(-3, 3, 4), INTEGERS(0, 1, 4) },                                                                     \
          .refused = #op ": " what " is f32 [4], target is i64 [4]" },                                                 \
    {                                                                                                                  \
        "the batch of a scalar", op##_batch_mean, { FLOAT_SCALAR(0, 1), FLOAT_SCALAR(0, 1) },                          \
            .refused = #op ": a scalar has no batch"                                                                   \
    }

#define SHARES(...)  FLOATS(0.1, 0.9, __VA_ARGS__)
#define NUMBERS(...) FLOATS(-3, 3, __VA_ARGS__)

#define HALF_DELTA , .delta = 0.5

PAIR_LOSS(binary_cross_entropy_with_logits, )
PAIR_LOSS(mse_loss, )
PAIR_LOSS(l1_loss, )
PAIR_LOSS(huber_loss, )
PAIR_LOSS(smooth_l1_loss, HALF_DELTA)
PAIR_LOSS(kl_div, )

static vt_tensor binary_weighted(const vt_tensor *in)
{
    return vt_binary_cross_entropy_with_logits(in[0], in[1], .positive_weight = in[2], .reduction = VT_REDUCTION_NONE);
}

static vt_tensor binary_in_the_tails(const vt_tensor *in)
{
    double share[] = { 0, 1, 0, 1 };
    vt_tensor t = vt_cast(vt_from_data(share, VT_SHAPE(4), VT_F64), vt_dtype_of(in[0]));
    t = vt_expand(t, vt_shape_of(in[0]));
    vt_tensor losses = vt_binary_cross_entropy_with_logits(vt_scale(in[0], 40), t, .reduction = VT_REDUCTION_NONE);
    return vt_log(losses); /* the small ones count as much as the large */
}

CASE(binary_cross_entropy_with_logits) = {
    PAIR_SAMPLES(binary_cross_entropy_with_logits, "logits", SHARES),
    { "weighted", binary_weighted, { FLOATS(-3, 3, 4, 3), FLOATS(0, 1, 4, 3), FLOATS(0.5, 2, 3) } },
    { "logits of 0", binary_weighted, { FLOATS(0, 0, 4, 3), FLOATS(0, 1, 4, 3) } },
    /* the logarithm of a small loss is the logit, rounded to 40 eps */
    { "tails", binary_in_the_tails, { FLOATS(-1, 1, 3, 4) }, .tolerance = 80, .no_second_order = true },
    { "weights for too many",
      binary_weighted,
      { FLOATS(-3, 3, 4, 1), FLOATS(0, 1, 4, 1), FLOATS(0.5, 2, 3) },
      .refused = "binary_cross_entropy_with_logits: positive_weight [3] does not broadcast to logits [4, 1]" },
    { 0 },
};

CASE(mse_loss) = {
    PAIR_SAMPLES(mse_loss, "input", NUMBERS),
    { 0 },
};

CASE(l1_loss) = {
    PAIR_SAMPLES(l1_loss, "input", NUMBERS),
    { "equal", l1_loss_none, { FLOATS(0, 0, 3), FLOATS(0, 0, 3) }, .no_second_order = true },
    { 0 },
};

static vt_tensor huber_wide(const vt_tensor *in)
{
    return vt_huber_loss(in[0], in[1], .delta = 2.5);
}

static vt_tensor huber_negative(const vt_tensor *in)
{
    return vt_huber_loss(in[0], in[1], .delta = -1);
}

CASE(huber_loss) = {
    PAIR_SAMPLES(huber_loss, "input", NUMBERS),
    { "wide", huber_wide, { FLOATS(-3, 3, 4, 3), FLOATS(-3, 3, 4, 3) }, .terms = 12 },
    { "equal", huber_loss_none, { FLOATS(0, 0, 3), FLOATS(0, 0, 3) }, .no_second_order = true },
    /* Differences are off by a quarter of their step there. */
    { "where the parts meet",
      huber_loss_none,
      { FLOATS(1, 1, 3), FLOATS(0, 0, 3) },
      .no_second_order = true,
      .no_gradcheck = true },
    { "negative delta",
      huber_negative,
      { FLOATS(0, 1, 3), FLOATS(0, 1, 3) },
      .refused = "huber_loss: delta is -1; it must be positive" },
    { 0 },
};

CASE(smooth_l1_loss) = {
    PAIR_SAMPLES(smooth_l1_loss, "input", NUMBERS),
    { 0 },
};

static vt_tensor kl_div_logarithms(const vt_tensor *in)
{
    return vt_kl_div(in[0], in[1], .log_target = true, .reduction = VT_REDUCTION_BATCH_MEAN);
}

static vt_tensor kl_div_with_zeros(const vt_tensor *in)
{
    double p[] = { 0, 1, 0.25 };
    return vt_kl_div(in[0], vt_cast(vt_from_data(p, VT_SHAPE(3), VT_F64), vt_dtype_of(in[0])));
}

CASE(kl_div) = {
    PAIR_SAMPLES(kl_div, "input", SHARES),
    { "logarithms of both", kl_div_logarithms, { FLOATS(-3, 0, 4, 3), FLOATS(-3, 0, 4, 3) }, .terms = 12 },
    { "probabilities of 0", kl_div_with_zeros, { FLOATS(-3, 0, 3) }, .terms = 3 },
    { 0 },
};
