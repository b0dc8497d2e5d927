/* convolution.c - samples of convolutions. */
#include "cases/case.h"
#include "ops/convolution.h"
#include "ops/list.h"

/* A sample's function: the convolution with the options given. */
#define CONVOLVE(op, name, ...)                                                                                        \
    static vt_tensor name(const vt_tensor *in)                                                                         \
    {                                                                                                                  \
        return op(in[0], in[1], .bias = in[2], __VA_ARGS__);                                                           \
    }
#define CONV2D(name, ...) CONVOLVE(vt_conv2d, name, __VA_ARGS__)

CONV2D(plain, .stride = 1)
CONV2D(padded, .padding = 1)
CONV2D(strided, .stride = 2)
CONV2D(strided_padded, .stride = 2, .padding = 1)
CONV2D(stride_3, .stride = 3, .padding = 2)
CONV2D(dilated, .dilation = 2, .padding = 2)
CONV2D(dilated_strided, .dilation = 2, .stride = 2, .padding = 1)
CONV2D(pairs, .stride_hw = { 2, 1 }, .padding_hw = { 0, 2 }, .dilation_hw = { 1, 2 })
CONV2D(pairs_turned, .stride_hw = { 1, 3 }, .padding_hw = { 1, 0 }, .dilation_hw = { 2, 1 })
CONV2D(wide_padding, .padding = 4)
CONV2D(two_groups, .groups = 2, .padding = 1)
CONV2D(two_groups_strided, .groups = 2, .stride = 2, .padding = 1)
CONV2D(two_groups_dilated, .groups = 2, .dilation = 2, .padding = 2)
CONV2D(three_groups, .groups = 3, .stride = 2, .padding = 1, .dilation = 2)
CONV2D(depth_wise, .groups = 4, .padding = 1)
CONV2D(depth_wise_strided, .groups = 4, .stride = 2, .padding = 1)
CONV2D(depth_wise_dilated, .groups = 4, .dilation = 2, .padding = 2)
CONV2D(depth_wise_large, .groups = 16, .padding = 3)
CONV2D(patches, .stride = 4)
CONV2D(both_strides, .stride = 2, .stride_hw = { 2, 1 })
CONV2D(negative_padding, .padding = -1)
CONV2D(half_a_stride, .stride_hw = { 2, 0 })
CONV2D(no_groups, .groups = -2)
CONV2D(endless, .padding = 0x7fffffff)
CONV2D(sides, .padding_sides = { 0, 1, 2, 0 })
CONV2D(sides_strided, .padding_sides = { 2, 0, 0, 3 }, .stride_hw = { 2, 3 }, .dilation_hw = { 1, 2 })
CONV2D(sides_behind, .padding_sides = { 0, 2, 0, 1 })
CONV2D(sides_far_behind, .padding_sides = { 0, 4, 1, 5 })
CONV2D(sides_in_groups, .padding_sides = { 1, 2, 0, 1 }, .groups = 2)
CONV2D(bottom_alone, .padding = 0, .padding_sides = { VT_AUTO, 1, VT_AUTO, VT_AUTO })
CONV2D(negative_side, .padding_sides = { 0, 0, -1, 0 })
CONV2D(padding_and_sides, .padding = 1, .padding_sides = { 0, 1, 0, 1 })
CONV2D(paddings_and_sides, .padding_hw = { 0, 1 }, .padding_sides = { 0, 1, 0, 1 })

#define X(...)      FLOATS(-1, 1, __VA_ARGS__)
#define WEIGHT(...) FLOATS(-1, 1, __VA_ARGS__)
#define BIAS(n)     FLOATS(-1, 1, n)

/* .terms: the longest sum is over a window, over the batch and the area of y for weight, or over the windows of a
 * pixel. */
CASE(conv2d) = {
    { "plain", plain, { X(2, 3, 5, 6), WEIGHT(4, 3, 3, 3), BIAS(4) }, .terms = 36 },
    { "without bias", plain, { X(2, 3, 5, 6), WEIGHT(4, 3, 3, 3), ABSENT }, .terms = 36 },
    { "padded", padded, { X(1, 3, 5, 6), WEIGHT(4, 3, 3, 3), BIAS(4) }, .terms = 36 },
    { "strided", strided, { X(2, 3, 7, 6), WEIGHT(4, 3, 3, 3), BIAS(4) }, .terms = 36 },
    { "strided, padded", strided_padded, { X(2, 3, 7, 6), WEIGHT(5, 3, 3, 3), BIAS(5) }, .terms = 45 },
    { "a stride of 3", stride_3, { X(1, 2, 8, 9), WEIGHT(3, 2, 3, 3), BIAS(3) }, .terms = 27 },
    { "dilated", dilated, { X(2, 3, 6, 5), WEIGHT(4, 3, 3, 3), BIAS(4) }, .terms = 60 },
    { "dilated, strided", dilated_strided, { X(1, 3, 8, 7), WEIGHT(2, 3, 3, 3), BIAS(2) }, .terms = 27 },
    { "pairs", pairs, { X(1, 2, 6, 7), WEIGHT(3, 2, 3, 2), BIAS(3) }, .terms = 27 },
    { "pairs turned", pairs_turned, { X(1, 2, 7, 6), WEIGHT(3, 2, 2, 3), BIAS(3) }, .terms = 21 },
    { "an even kernel", padded, { X(1, 2, 5, 6), WEIGHT(3, 2, 2, 4), BIAS(3) }, .terms = 30 },
    { "a kernel of one element", plain, { X(2, 3, 4, 5), WEIGHT(6, 3, 1, 1), BIAS(6) }, .terms = 40 },
    { "one element, strided", strided, { X(2, 3, 5, 5), WEIGHT(6, 3, 1, 1), ABSENT }, .terms = 18 },
    { "one element, padded", padded, { X(1, 3, 3, 4), WEIGHT(2, 3, 1, 1), BIAS(2) }, .terms = 30 },
    { "a row", plain, { X(2, 3, 1, 7), WEIGHT(2, 3, 1, 3), BIAS(2) }, .terms = 10 },
    { "a kernel as large as x", plain, { X(2, 3, 4, 5), WEIGHT(2, 3, 4, 5), BIAS(2) }, .terms = 60 },
    { "padding beyond the kernel", wide_padding, { X(1, 2, 3, 3), WEIGHT(2, 2, 2, 2), BIAS(2) }, .terms = 100 },
    { "patches", patches, { X(2, 3, 8, 8), WEIGHT(6, 3, 4, 4), BIAS(6) }, .terms = 48 },
    { "pixels left over", patches, { X(1, 3, 11, 10), WEIGHT(2, 3, 4, 4), BIAS(2) }, .terms = 48 },
    { "one pixel, one channel", plain, { X(1, 1, 1, 1), WEIGHT(1, 1, 1, 1), BIAS(1) } },
    { "two groups", two_groups, { X(2, 4, 5, 5), WEIGHT(6, 2, 3, 3), BIAS(6) }, .terms = 50 },
    { "two groups, strided", two_groups_strided, { X(1, 4, 5, 6), WEIGHT(2, 2, 3, 3), BIAS(2) }, .terms = 18 },
    { "two groups, dilated", two_groups_dilated, { X(1, 4, 5, 6), WEIGHT(4, 2, 3, 3), ABSENT }, .terms = 30 },
    { "three groups of all", three_groups, { X(2, 6, 7, 6), WEIGHT(3, 2, 3, 3), BIAS(3) }, .terms = 18 },
    { "depth-wise", depth_wise, { X(2, 4, 5, 6), WEIGHT(4, 1, 3, 3), BIAS(4) }, .terms = 60 },
    { "depth-wise, strided", depth_wise_strided, { X(1, 4, 7, 6), WEIGHT(4, 1, 3, 3), ABSENT }, .terms = 12 },
    { "depth-wise, dilated", depth_wise_dilated, { X(1, 4, 6, 5), WEIGHT(4, 1, 3, 3), BIAS(4) }, .terms = 30 },
    { "depth-wise, two outputs a channel", depth_wise, { X(1, 4, 5, 5), WEIGHT(8, 1, 3, 3), BIAS(8) }, .terms = 25 },
    { "depth-wise, a block of channels",
      depth_wise_large,
      { X(1, 16, 4, 4), WEIGHT(16, 1, 7, 7), ABSENT },
      .terms = 49 },
    { "padding of each side", sides, { X(2, 3, 5, 6), WEIGHT(4, 3, 3, 3), BIAS(4) }, .terms = 36 },
    { "sides, strided", sides_strided, { X(1, 2, 6, 7), WEIGHT(3, 2, 3, 3), BIAS(3) }, .terms = 27 },
    { "sides, an even kernel", sides_behind, { X(1, 2, 5, 6), WEIGHT(3, 2, 2, 4), BIAS(3) }, .terms = 30 },
    { "sides, one element", sides_behind, { X(2, 3, 3, 4), WEIGHT(6, 3, 1, 1), BIAS(6) }, .terms = 50 },
    { "sides beyond the kernel", sides_far_behind, { X(1, 2, 3, 3), WEIGHT(2, 2, 2, 2), BIAS(2) }, .terms = 60 },
    { "sides, in groups", sides_in_groups, { X(1, 4, 5, 6), WEIGHT(4, 2, 3, 3), BIAS(4) }, .terms = 30 },
    { "one side", bottom_alone, { X(1, 2, 5, 6), WEIGHT(3, 2, 3, 3), BIAS(3) }, .terms = 27 },
    { "no images", padded, { X(0, 3, 5, 6), WEIGHT(4, 3, 3, 3), BIAS(4) } },
    { "channels that differ",
      plain,
      { X(1, 4, 8, 8), WEIGHT(4, 3, 3, 3), ABSENT },
      .refused = "conv2d: x [1, 4, 8, 8] has 4 channels, weight [4, 3, 3, 3] wants 3 (groups = 1)" },
    { "groups that do not divide",
      two_groups,
      { X(1, 4, 8, 8), WEIGHT(3, 2, 3, 3), ABSENT },
      .refused = "conv2d: the 3 output channels of weight [3, 2, 3, 3] do not divide into 2 groups" },
    { "a kernel larger than x",
      plain,
      { X(1, 3, 2, 8), WEIGHT(4, 3, 3, 3), ABSENT },
      .refused = "conv2d: the kernel of weight [4, 3, 3, 3], with dilation 1, 1, is larger than x [1, 3, 2, 8] with "
                 "padding 0, 0" },
    { "an empty image",
      padded,
      { X(1, 3, 0, 8), WEIGHT(4, 3, 3, 3), ABSENT },
      .refused = "is larger than x [1, 3, 0, 8]" },
    { "an empty kernel",
      plain,
      { X(1, 3, 4, 4), WEIGHT(4, 3, 0, 3), ABSENT },
      .refused = "weight [4, 3, 0, 3] is empty" },
    { "no channels", plain, { X(1, 0, 4, 4), WEIGHT(4, 0, 3, 3), ABSENT }, .refused = "weight [4, 0, 3, 3] is empty" },
    { "an image without a batch", plain, { X(3, 8, 8), WEIGHT(4, 3, 3, 3), ABSENT }, .refused = "x [3, 8, 8] must be" },
    { "a flat weight", plain, { X(1, 3, 8, 8), WEIGHT(4, 27), ABSENT }, .refused = "weight [4, 27] must be" },
    { "another bias",
      plain,
      { X(1, 3, 8, 8), WEIGHT(4, 3, 3, 3), BIAS(3) },
      .refused = "conv2d: bias [3] must be [4]" },
    { "integers",
      plain,
      { INTEGERS(0, 9, 1, 3, 8, 8), WEIGHT(4, 3, 3, 3), ABSENT },
      .refused = "conv2d: x is i64; it must be f32 or f64" },
    { "an integer weight",
      plain,
      { X(1, 3, 8, 8), INTEGERS(0, 9, 4, 3, 3, 3), ABSENT },
      .refused = "conv2d: x is f32, weight is i64; all must be f32, or all f64" },
    { "a stride and stride_hw",
      both_strides,
      { X(1, 3, 8, 8), WEIGHT(4, 3, 3, 3), ABSENT },
      .refused = "conv2d: stride = 2 and stride_hw = { 2, 1 }; give one of the two" },
    { "half a stride",
      half_a_stride,
      { X(1, 3, 8, 8), WEIGHT(4, 3, 3, 3), ABSENT },
      .refused = "conv2d: stride 2, 0; it is 1 or more" },
    { "a negative padding",
      negative_padding,
      { X(1, 3, 8, 8), WEIGHT(4, 3, 3, 3), ABSENT },
      .refused = "conv2d: padding -1, -1; it is 0 or more" },
    { "a negative side",
      negative_side,
      { X(1, 3, 8, 8), WEIGHT(4, 3, 3, 3), ABSENT },
      .refused = "conv2d: padding_sides has -1; it is 0 or more" },
    { "a padding and sides",
      padding_and_sides,
      { X(1, 3, 8, 8), WEIGHT(4, 3, 3, 3), ABSENT },
      .refused = "conv2d: padding 1, 1 and padding_sides = { 0, 1, 0, 1 }; give one of the two" },
    { "padding_hw and sides",
      paddings_and_sides,
      { X(1, 3, 8, 8), WEIGHT(4, 3, 3, 3), ABSENT },
      .refused = "conv2d: padding 0, 1 and padding_sides = { 0, 1, 0, 1 }; give one of the two" },
    { "a kernel larger than x and its sides",
      sides,
      { X(1, 3, 2, 8), WEIGHT(4, 3, 4, 3), ABSENT },
      .refused = "is larger than x [1, 3, 2, 8] with padding 0, 2 before and 1, 0 behind" },
    { "a negative number of groups",
      no_groups,
      { X(1, 3, 8, 8), WEIGHT(4, 3, 3, 3), ABSENT },
      .refused = "conv2d: groups = -2; it is 1 or more" },
    { "a padding without end",
      endless,
      { X(1, 3, 8, 8), WEIGHT(4, 3, 3, 3), ABSENT },
      .refused = "more elements than memory can hold" },
    { 0 },
};

static vt_tensor gradient_of(const op *op, const vt_tensor *in, const conv2d_attributes *a)
{
    return record(op, VT_HERE, INPUTS(in[0], in[1]), .attributes = a, .attributes_size = sizeof *a);
}

/* Of x [2, 4, 7, 6] and weight [6, 2, 3, 3], strided and padded, in two groups: y is [2, 6, 4, 3]. */
#define STRIDED .stride = { 2, 2 }, .padding = { 1, 1 }, .padding_behind = { 1, 1 }, .dilation = { 1, 1 }
#define OF_BOTH STRIDED, .groups = 2
static const conv2d_attributes to_input = { OF_BOTH, .size = { 7, 6 } };
static const conv2d_attributes to_weight = { OF_BOTH, .size = { 3, 3 } };

static vt_tensor input_gradient(const vt_tensor *in)
{
    return gradient_of(&op_conv2d_input_gradient, in, &to_input);
}

static vt_tensor weight_gradient(const vt_tensor *in)
{
    return gradient_of(&op_conv2d_weight_gradient, in, &to_weight);
}

CASE(conv2d_input_gradient) = {
    { "two groups, strided", input_gradient, { X(2, 6, 4, 3), WEIGHT(6, 2, 3, 3) }, .terms = 60 },
    { "no images", input_gradient, { X(0, 6, 4, 3), WEIGHT(6, 2, 3, 3) } },
    { "another area",
      input_gradient,
      { X(2, 6, 4, 4), WEIGHT(6, 2, 3, 3) },
      .refused = "conv2d_input_gradient: the gradient is [2, 6, 4, 4], it must be [2, 6, 4, 3]" },
    { "three axes", input_gradient, { X(6, 4, 3), WEIGHT(6, 2, 3, 3) }, .refused = "must have four axes" },
    { "integers",
      input_gradient,
      { INTEGERS(0, 2, 2, 6, 4, 3), WEIGHT(6, 2, 3, 3) },
      .refused = "it must be f32 or f64" },
    { 0 },
};

CASE(conv2d_weight_gradient) = {
    { "two groups, strided", weight_gradient, { X(2, 6, 4, 3), X(2, 4, 7, 6) }, .terms = 60 },
    { "no images", weight_gradient, { X(0, 6, 4, 3), X(0, 4, 7, 6) } },
    { "another batch",
      weight_gradient,
      { X(1, 6, 4, 3), X(2, 4, 7, 6) },
      .refused = "conv2d_weight_gradient: the gradient is [1, 6, 4, 3], it must be [2, 6, 4, 3]" },
    { "three axes", weight_gradient, { X(2, 6, 4, 3), X(4, 7, 6) }, .refused = "must have four axes" },
    { "integers", weight_gradient, { INTEGERS(0, 2, 2, 6, 4, 3), X(2, 4, 7, 6) }, .refused = "it must be f32 or f64" },
    { 0 },
};

/* Of x [2, 17, 7, 6] and weight [17, 1, 3, 3], strided and padded: y is [2, 17, 4, 3]. */
static vt_tensor gradients(const vt_tensor *in, int outputs, int number)
{
    static const conv2d_attributes a = { STRIDED, .groups = 17, .size = { 7, 6 } };
    vt_tensor out[3];
    record_into(&(recording){ .op = &op_conv2d_gradients,
                              .at = VT_HERE,
                              INPUTS(in[0], in[1], in[2]),
                              .attributes = &a,
                              .attributes_size = sizeof a,
                              .outputs = outputs },
                out);
    return out[number];
}

static vt_tensor gradients_x(const vt_tensor *in)
{
    return gradients(in, 3, 0);
}

static vt_tensor gradients_weight(const vt_tensor *in)
{
    return gradients(in, 2, 1);
}

static vt_tensor gradients_bias(const vt_tensor *in)
{
    return gradients(in, 3, 2);
}

CASE(conv2d_gradients) = {
    { "of x", gradients_x, { X(2, 17, 4, 3), WEIGHT(17, 1, 3, 3), X(2, 17, 7, 6) }, .terms = 24 },
    { "of weight", gradients_weight, { X(2, 17, 4, 3), WEIGHT(17, 1, 3, 3), X(2, 17, 7, 6) }, .terms = 24 },
    { "of bias", gradients_bias, { X(2, 17, 4, 3), WEIGHT(17, 1, 3, 3), X(2, 17, 7, 6) }, .terms = 24 },
    { "no images", gradients_x, { X(0, 17, 4, 3), WEIGHT(17, 1, 3, 3), X(0, 17, 7, 6) } },
    { "another area",
      gradients_x,
      { X(2, 17, 4, 4), WEIGHT(17, 1, 3, 3), X(2, 17, 7, 6) },
      .refused = "the gradient is [2, 17, 4, 4], it must be [2, 17, 4, 3]" },
    { "another x",
      gradients_x,
      { X(2, 17, 4, 3), WEIGHT(17, 1, 3, 3), X(2, 17, 7, 7) },
      .refused = "x is f32 [2, 17, 7, 7], it must be f32 [2, 17, 7, 6]" },
    { 0 },
};

static vt_tensor scaled(const vt_tensor *in)
{
    static const conv2d_attributes a = { OF_BOTH };
    return record(&op_conv2d_scaled, VT_HERE, INPUTS(in[0], in[1], in[2], in[3], in[4]), .attributes = &a,
                  .attributes_size = sizeof a);
}

CASE(conv2d_scaled) = {
    { "two groups, strided", scaled, { X(2, 4, 7, 6), WEIGHT(6, 2, 3, 3), BIAS(6), BIAS(6), BIAS(6) }, .terms = 60 },
    { "without bias", scaled, { X(2, 4, 7, 6), WEIGHT(6, 2, 3, 3), BIAS(6), BIAS(6), ABSENT }, .terms = 60 },
    { "no images", scaled, { X(0, 4, 7, 6), WEIGHT(6, 2, 3, 3), BIAS(6), BIAS(6), BIAS(6) } },
    { "a scale for too few",
      scaled,
      { X(2, 4, 7, 6), WEIGHT(6, 2, 3, 3), BIAS(4), BIAS(6), ABSENT },
      .refused = "conv2d_scaled: scale is f32 [4], it must be f32 [6]" },
    { "a shift of integers",
      scaled,
      { X(2, 4, 7, 6), WEIGHT(6, 2, 3, 3), BIAS(6), INTEGERS(0, 2, 6), ABSENT },
      .refused = "conv2d_scaled: shift is i64 [6], it must be f32 [6]" },
    { 0 },
};

#define CONV1D(name, ...) CONVOLVE(vt_conv1d, name, __VA_ARGS__)

CONV1D(signal, .stride = 1)
CONV1D(signal_options_all, .stride = 2, .padding = 2, .dilation = 2)
CONV1D(causal, .dilation = 2, .padding_sides = { 4, 0 })
CONV1D(signal_groups, .groups = 2, .padding_sides = { 0, 1 })
CONV1D(signal_no_stride, .stride = 0)
CONV1D(signal_no_dilation, .dilation = 0)
CONV1D(signal_no_groups, .groups = 0)
CONV1D(signal_negative, .padding_sides = { 0, -2 })
CONV1D(signal_twice_padded, .padding = 1, .padding_sides = { 0, 2 })

CASE(conv1d) = {
    { "plain", signal, { X(2, 3, 7), WEIGHT(4, 3, 3), BIAS(4) }, .terms = 12 },
    { "strided, padded, dilated", signal_options_all, { X(2, 3, 9), WEIGHT(4, 3, 3), ABSENT }, .terms = 12 },
    { "causal", causal, { X(2, 3, 7), WEIGHT(4, 3, 3), BIAS(4) }, .terms = 14 },
    { "two groups", signal_groups, { X(2, 4, 6), WEIGHT(6, 2, 2), BIAS(6) }, .terms = 12 },
    { "one element", signal, { X(1, 3, 1), WEIGHT(2, 3, 1), BIAS(2) }, .terms = 3 },
    { "no signals", signal, { X(0, 3, 7), WEIGHT(4, 3, 3), BIAS(4) } },
    { "an image",
      signal,
      { X(2, 3, 7, 7), WEIGHT(4, 3, 3), ABSENT },
      .refused = "conv1d: x [2, 3, 7, 7] must be [batch, channels, length]" },
    { "an image's weight",
      signal,
      { X(2, 3, 7), WEIGHT(4, 3, 3, 3), ABSENT },
      .refused = "conv1d: weight [4, 3, 3, 3] must be [out, in / groups, length]" },
    { "channels that differ",
      signal,
      { X(1, 4, 8), WEIGHT(4, 3, 3), ABSENT },
      .refused = "conv1d: x [1, 4, 8] has 4 channels, weight [4, 3, 3] wants 3 (groups = 1)" },
    { "a kernel larger than x",
      causal,
      { X(1, 3, 1), WEIGHT(4, 3, 4), ABSENT },
      .refused = "conv1d: the kernel of weight [4, 3, 4], with dilation 2, is larger than x [1, 3, 1] with padding 4 "
                 "before and 0 behind" },
    { "another bias", signal, { X(1, 3, 8), WEIGHT(4, 3, 3), BIAS(3) }, .refused = "conv1d: bias [3] must be [4]" },
    { "integers", signal, { INTEGERS(0, 9, 1, 3, 8), WEIGHT(4, 3, 3), ABSENT }, .refused = "conv1d: x is i64" },
    { "no stride",
      signal_no_stride,
      { X(1, 3, 8), WEIGHT(4, 3, 3), ABSENT },
      .refused = "conv1d: stride is 0; it must be 1 or more" },
    { "no dilation",
      signal_no_dilation,
      { X(1, 3, 8), WEIGHT(4, 3, 3), ABSENT },
      .refused = "conv1d: dilation is 0; it must be 1 or more" },
    { "no groups",
      signal_no_groups,
      { X(1, 3, 8), WEIGHT(4, 3, 3), ABSENT },
      .refused = "conv1d: groups = 0; it is 1 or more" },
    { "a negative end",
      signal_negative,
      { X(1, 3, 8), WEIGHT(4, 3, 3), ABSENT },
      .refused = "conv1d: padding 0, -2; it is 0 or more" },
    { "a padding and its sides",
      signal_twice_padded,
      { X(1, 3, 8), WEIGHT(4, 3, 3), ABSENT },
      .refused = "conv1d: padding = 1 and padding_sides = { 0, 2 }; give one of the two" },
    { 0 },
};

#define TRANSPOSE2D(name, ...) CONVOLVE(vt_conv_transpose2d, name, __VA_ARGS__)

TRANSPOSE2D(back, .stride = 1)
TRANSPOSE2D(back_strided, .stride = 2)
TRANSPOSE2D(back_doubled, .stride = 2, .padding = 1, .output_padding = 1)
TRANSPOSE2D(back_pairs, .stride_hw = { 2, 3 }, .padding_hw = { 0, 1 }, .output_padding_hw = { 1, 2 },
            .dilation_hw = { 2, 1 })
TRANSPOSE2D(back_sides, .stride = 2, .padding_sides = { 1, 0, 0, 2 })
TRANSPOSE2D(back_groups, .groups = 2, .stride = 2, .padding = 1)
TRANSPOSE2D(back_depth_wise, .groups = 4, .stride = 3)
TRANSPOSE2D(back_too_far, .stride = 2, .output_padding_hw = { 0, 2 })
TRANSPOSE2D(back_padded_away, .padding = 4)
TRANSPOSE2D(back_no_stride, .stride = 0)
TRANSPOSE2D(back_no_groups, .groups = -1)
TRANSPOSE2D(back_negative, .output_padding = -1)

CASE(conv_transpose2d) = {
    { "plain", back, { X(2, 4, 3, 4), WEIGHT(4, 3, 3, 2), BIAS(3) }, .terms = 40 },
    { "without bias", back, { X(2, 4, 3, 4), WEIGHT(4, 3, 3, 2), ABSENT }, .terms = 36 },
    { "strided", back_strided, { X(2, 4, 3, 4), WEIGHT(4, 3, 3, 2), BIAS(3) }, .terms = 40 },
    { "twice as large", back_doubled, { X(2, 4, 3, 4), WEIGHT(4, 3, 3, 3), BIAS(3) }, .terms = 100 },
    { "pairs", back_pairs, { X(1, 2, 3, 4), WEIGHT(2, 3, 3, 4), BIAS(3) }, .terms = 130 },
    { "padding of each side", back_sides, { X(1, 2, 3, 4), WEIGHT(2, 3, 3, 4), BIAS(3) }, .terms = 60 },
    { "a kernel smaller than the stride", back_pairs, { X(1, 2, 3, 4), WEIGHT(2, 3, 1, 2), BIAS(3) }, .terms = 100 },
    { "two groups", back_groups, { X(2, 4, 3, 4), WEIGHT(4, 2, 3, 3), BIAS(4) }, .terms = 70 },
    { "depth-wise", back_depth_wise, { X(1, 4, 3, 4), WEIGHT(4, 1, 3, 3), BIAS(4) }, .terms = 110 },
    { "one element", back, { X(1, 3, 1, 1), WEIGHT(3, 2, 1, 1), BIAS(2) }, .terms = 3 },
    { "no images", back_doubled, { X(0, 4, 3, 4), WEIGHT(4, 3, 3, 3), BIAS(3) } },
    { "channels that differ",
      back,
      { X(1, 3, 8, 8), WEIGHT(4, 3, 3, 3), ABSENT },
      .refused = "conv_transpose2d: x [1, 3, 8, 8] has 3 channels, weight [4, 3, 3, 3] wants 4" },
    { "groups that do not divide",
      back_groups,
      { X(1, 3, 8, 8), WEIGHT(3, 2, 3, 3), ABSENT },
      .refused = "conv_transpose2d: the 3 input channels of weight [3, 2, 3, 3] do not divide into 2 groups" },
    { "another bias",
      back_groups,
      { X(1, 4, 8, 8), WEIGHT(4, 2, 3, 3), BIAS(2) },
      .refused = "conv_transpose2d: bias [2] must be [4], the output channels of weight [4, 2, 3, 3]" },
    { "output_padding of a stride",
      back_too_far,
      { X(1, 4, 8, 8), WEIGHT(4, 2, 3, 3), ABSENT },
      .refused = "conv_transpose2d: output_padding 0, 2 is not smaller than stride 2, 2" },
    { "nothing left",
      back_padded_away,
      { X(1, 4, 6, 9), WEIGHT(4, 2, 3, 3), ABSENT },
      .refused = "conv_transpose2d: padding leaves nothing of x [1, 4, 6, 9] by weight [4, 2, 3, 3]: 0 elements" },
    { "an empty image",
      back,
      { X(1, 4, 0, 9), WEIGHT(4, 2, 3, 3), ABSENT },
      .refused = "conv_transpose2d: x [1, 4, 0, 9] must be [batch, channels, height, width], with an element or more" },
    { "a signal", back, { X(1, 4, 9), WEIGHT(4, 2, 3, 3), ABSENT }, .refused = "x [1, 4, 9] must be [batch, channels" },
    { "a flat weight",
      back,
      { X(1, 4, 9, 9), WEIGHT(4, 18), ABSENT },
      .refused = "weight [4, 18] must be [in, out / groups, height, width]" },
    { "an empty weight",
      back,
      { X(1, 4, 9, 9), WEIGHT(4, 0, 3, 3), ABSENT },
      .refused = "weight [4, 0, 3, 3] is empty" },
    { "no stride", back_no_stride, { X(1, 4, 9, 9), WEIGHT(4, 2, 3, 3), ABSENT }, .refused = "stride 0, 0; it is 1" },
    { "a negative number of groups",
      back_no_groups,
      { X(1, 4, 9, 9), WEIGHT(4, 2, 3, 3), ABSENT },
      .refused = "conv_transpose2d: groups = -1; it is 1 or more" },
    { "a negative output_padding",
      back_negative,
      { X(1, 4, 9, 9), WEIGHT(4, 2, 3, 3), ABSENT },
      .refused = "conv_transpose2d: output_padding -1, -1; it is 0 or more" },
    { "integers",
      back,
      { INTEGERS(0, 9, 1, 4, 8, 8), WEIGHT(4, 3, 3, 3), ABSENT },
      .refused = "conv_transpose2d: x is i64; it must be f32 or f64" },
    { 0 },
};

#define TRANSPOSE1D(name, ...) CONVOLVE(vt_conv_transpose1d, name, __VA_ARGS__)

TRANSPOSE1D(signal_back, .stride = 3, .padding = 1, .output_padding = 2, .dilation = 2)
TRANSPOSE1D(signal_back_sides, .stride = 2, .padding_sides = { 0, 2 }, .groups = 2)
TRANSPOSE1D(signal_back_too_far, .output_padding = 1)
TRANSPOSE1D(signal_back_negative, .output_padding = -1)

CASE(conv_transpose1d) = {
    { "all options", signal_back, { X(2, 4, 5), WEIGHT(4, 3, 3), BIAS(3) }, .terms = 40 },
    { "ends, in groups", signal_back_sides, { X(2, 4, 5), WEIGHT(4, 3, 3), BIAS(6) }, .terms = 20 },
    { "no bias", signal_back, { X(2, 4, 5), WEIGHT(4, 3, 3), ABSENT }, .terms = 40 },
    { "an image",
      signal_back,
      { X(2, 4, 5, 5), WEIGHT(4, 3, 3), ABSENT },
      .refused = "conv_transpose1d: x [2, 4, 5, 5] must be [batch, channels, length]" },
    { "output_padding of a stride",
      signal_back_too_far,
      { X(2, 4, 5), WEIGHT(4, 3, 3), ABSENT },
      .refused = "conv_transpose1d: output_padding 1 is not smaller than stride 1" },
    { "a negative output_padding",
      signal_back_negative,
      { X(2, 4, 5), WEIGHT(4, 3, 3), ABSENT },
      .refused = "conv_transpose1d: output_padding is -1; it must be 0 or more" },
    { 0 },
};
