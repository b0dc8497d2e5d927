/* pooling.c - samples of pooling. */
#include "cases/case.h"
#include "ops/list.h"
#include "ops/pooling.h"

/* A sample's function: the pooling with the kernel and the options given. */
#define CALL(name, op, ...)                                                                                            \
    static vt_tensor name(const vt_tensor *in)                                                                         \
    {                                                                                                                  \
        return op(in[0], __VA_ARGS__);                                                                                 \
    }
#define POOL(name, pool, ...) CALL(name, vt_##pool##_pool2d, __VA_ARGS__)

POOL(max_2, max, 2)
POOL(max_3, max, 3, .stride = 2, .padding = 1)
POOL(max_each, max, 3, .stride = 1, .padding = 1)
POOL(max_apart, max, 2, .stride = 3)
POOL(max_pairs, max, 0, .kernel_hw = { 2, 3 }, .stride_hw = { 1, 2 }, .padding_hw = { 1, 0 })
POOL(max_ceil, max, 3, .stride = 2, .ceil = true)
POOL(max_ceil_padded, max, 2, .stride = 2, .padding = 1, .ceil = true)
POOL(max_1, max, 1)
POOL(max_padded_2, max, 2, .padding = 2)
POOL(max_kernel_twice, max, 2, .kernel_hw = { 2, 2 })
POOL(max_no_kernel, max, 0)
POOL(max_stride_negative, max, 2, .stride = -1)
POOL(max_dilated, max, 3, .stride = 1, .padding = 1, .dilation = 2)
POOL(max_dilations, max, 2, .stride = 2, .dilation_hw = { 3, 2 }, .ceil = true)
POOL(max_sides, max, 3, .stride = 2, .padding_sides = { 0, 1, 1, 0 })
POOL(max_sides_ceil, max, 3, .stride = 2, .padding_sides = { 1, 0, 0, 1 }, .ceil = true, .dilation = 2)
POOL(max_far_side, max, 3, .padding_sides = { 0, 2, 0, 0 })
POOL(max_no_dilation, max, 2, .dilation = 0)
POOL(max_stepped_over, max, 2, .padding = 1, .dilation = 3)
POOL(max_dilation_alone, max, 1, .dilation = 0x7fffffff)

static vt_tensor max_indices(const vt_tensor *in)
{
    vt_tensor indices;
    vt_max_pool2d(in[0], 3, .stride = 2, .padding = 1, .dilation = 2, .ceil = true, .indices = &indices);
    return indices;
}

CASE(max_pool2d) = {
    { "halved", max_2, { DISTINCT(2, 3, 6, 8) } },
    { "pixels left over", max_2, { DISTINCT(1, 2, 7, 5) } },
    { "overlapping, padded", max_3, { DISTINCT(2, 2, 7, 6) }, .terms = 4 },
    { "every pixel", max_each, { DISTINCT(1, 2, 5, 21) }, .terms = 9 },
    { "pixels between", max_apart, { DISTINCT(1, 2, 8, 9) } },
    { "pairs", max_pairs, { DISTINCT(2, 1, 4, 7) }, .terms = 4 },
    { "rounded up", max_ceil, { DISTINCT(1, 2, 6, 8) }, .terms = 4 },
    { "rounded up, padded", max_ceil_padded, { DISTINCT(1, 2, 5, 4) } },
    { "a window of one element", max_1, { DISTINCT(1, 2, 3, 4) } },
    { "one pixel", max_each, { DISTINCT(1, 1, 1, 1) } },
    { "no images", max_2, { DISTINCT(0, 3, 4, 4) } },
    { "no channels", max_2, { DISTINCT(2, 0, 4, 4) } },
    { "dilated", max_dilated, { DISTINCT(1, 2, 6, 9) }, .terms = 9 },
    { "dilated, rounded up", max_dilations, { DISTINCT(2, 2, 7, 6) }, .terms = 4 },
    { "padding of each side", max_sides, { DISTINCT(2, 2, 6, 7) }, .terms = 4 },
    { "sides, rounded up", max_sides_ceil, { DISTINCT(1, 2, 8, 9) }, .terms = 9 },
    { "a dilation of nothing", max_dilation_alone, { DISTINCT(1, 2, 3, 4) } },
    { "indices", max_indices, { DISTINCT(2, 2, 7, 6) } },
    { "more padding behind than half the window",
      max_far_side,
      { DISTINCT(1, 3, 4, 4) },
      .refused = "max_pool2d: padding 2 is more than half of kernel 3" },
    { "no dilation", max_no_dilation, { DISTINCT(1, 3, 4, 4) }, .refused = "dilation 0, 0; it is 1 or more" },
    { "a dilated window larger than x",
      max_dilations,
      { DISTINCT(1, 3, 3, 4) },
      .refused = "max_pool2d: kernel 2, 2 with dilation 3, 2 is larger than x [1, 3, 3, 4] with padding 0, 0" },
    { "a window of padding alone",
      max_stepped_over,
      { DISTINCT(1, 3, 5, 2) },
      .refused = "max_pool2d: kernel 2, 2 with dilation 3, 3 has windows with nothing of x [1, 3, 5, 2] in them, with "
                 "padding 1, 1" },
    { "integers", max_2, { INTEGERS(0, 9, 1, 1, 4, 4) }, .refused = "max_pool2d: x is i64; it must be f32 or f64" },
    { "three axes", max_2, { DISTINCT(3, 4, 4) }, .refused = "max_pool2d: x [3, 4, 4] must be [batch, channels" },
    { "no pixels", max_2, { DISTINCT(1, 3, 0, 4) }, .refused = "max_pool2d: x [1, 3, 0, 4] must be" },
    { "a window larger than x",
      max_2,
      { DISTINCT(1, 3, 4, 1) },
      .refused = "max_pool2d: kernel 2, 2 is larger than x [1, 3, 4, 1] with padding 0, 0" },
    { "more padding than half the window",
      max_padded_2,
      { DISTINCT(1, 3, 4, 4) },
      .refused = "max_pool2d: padding 2 is more than half of kernel 2" },
    { "a kernel and kernel_hw",
      max_kernel_twice,
      { DISTINCT(1, 3, 4, 4) },
      .refused = "max_pool2d: kernel = 2 and kernel_hw = { 2, 2 }; give one of the two" },
    { "no kernel", max_no_kernel, { DISTINCT(1, 3, 4, 4) }, .refused = "max_pool2d: kernel 0, 0; it is 1 or more" },
    { "a negative stride",
      max_stride_negative,
      { DISTINCT(1, 3, 4, 4) },
      .refused = "max_pool2d: stride -1, -1; it is 1 or more" },
    { 0 },
};

static vt_tensor put_back(const vt_tensor *in)
{
    return record(&op_max_pool2d_gradient, VT_HERE, INPUTS(in[0], in[1]),
                  ATTRIBUTE(max_pool2d_gradient_attributes, .size = { 4, 5 }));
}

static vt_tensor choose(const vt_tensor *in)
{
    return record(&op_max_pool2d_choose, VT_HERE, INPUTS(in[0], in[1]));
}

CASE(max_pool2d_gradient) = {
    { "to 20 pixels", put_back, { FLOATS(-1, 1, 2, 3, 3, 4), INTEGERS(0, 20, 2, 3, 3, 4) }, .terms = 4 },
    { "no images", put_back, { FLOATS(-1, 1, 0, 3, 3, 4), INTEGERS(0, 20, 0, 3, 3, 4) } },
    { "another index",
      put_back,
      { FLOATS(-1, 1, 2, 3, 3, 4), INTEGERS(0, 20, 2, 3, 4, 3) },
      .refused = "max_pool2d_gradient: the gradient [2, 3, 3, 4] and index [2, 3, 4, 3] do not fit" },
    { "a float index", put_back, { FLOATS(-1, 1, 2, 3, 3, 4), FLOATS(0, 1, 2, 3, 3, 4) }, .refused = "index f32" },
    { 0 },
};

CASE(max_pool2d_choose) = {
    { "of 20 pixels", choose, { FLOATS(-1, 1, 2, 3, 4, 5), INTEGERS(0, 20, 2, 3, 3, 4) }, .terms = 4 },
    { "no images", choose, { FLOATS(-1, 1, 0, 3, 4, 5), INTEGERS(0, 20, 0, 3, 3, 4) } },
    { "another batch",
      choose,
      { FLOATS(-1, 1, 1, 3, 4, 5), INTEGERS(0, 20, 2, 3, 3, 4) },
      .refused = "max_pool2d_choose: x [1, 3, 4, 5] and index [2, 3, 3, 4] do not fit" },
    { 0 },
};

CALL(signal_max, vt_max_pool1d, 2)
CALL(signal_max_all, vt_max_pool1d, 3, .stride = 2, .padding_sides = { 1, 0 }, .dilation = 2, .ceil = true)
CALL(signal_max_none, vt_max_pool1d, 0)
CALL(signal_max_no_stride, vt_max_pool1d, 2, .stride = 0)
CALL(signal_max_no_dilation, vt_max_pool1d, 2, .dilation = -1)
CALL(signal_max_padded, vt_max_pool1d, 3, .padding = 2)
CALL(signal_max_negative, vt_max_pool1d, 3, .padding = -1)
CALL(signal_max_stepped_over, vt_max_pool1d, 2, .padding = 1, .dilation = 3)

static vt_tensor signal_indices(const vt_tensor *in)
{
    vt_tensor indices;
    vt_max_pool1d(in[0], 3, .stride = 2, .padding = 1, .indices = &indices);
    return indices;
}

CASE(max_pool1d) = {
    { "halved", signal_max, { DISTINCT(2, 3, 7) } },
    { "all options", signal_max_all, { DISTINCT(2, 3, 10) }, .terms = 3 },
    { "indices", signal_indices, { DISTINCT(2, 3, 9) } },
    { "no signals", signal_max, { DISTINCT(0, 3, 7) } },
    { "an image",
      signal_max,
      { DISTINCT(1, 3, 4, 4) },
      .refused = "max_pool1d: x [1, 3, 4, 4] must be [batch, channels" },
    { "no elements",
      signal_max,
      { DISTINCT(1, 3, 0) },
      .refused = "max_pool1d: x [1, 3, 0] must be [batch, channels, length], with an element or more" },
    { "integers", signal_max, { INTEGERS(0, 9, 1, 1, 4) }, .refused = "max_pool1d: x is i64; it must be f32 or f64" },
    { "no kernel", signal_max_none, { DISTINCT(1, 3, 4) }, .refused = "max_pool1d: kernel is 0; it must be 1 or more" },
    { "no stride", signal_max_no_stride, { DISTINCT(1, 3, 4) }, .refused = "max_pool1d: stride is 0; it must be 1" },
    { "no dilation", signal_max_no_dilation, { DISTINCT(1, 3, 4) }, .refused = "max_pool1d: dilation is -1; it must" },
    { "much padding", signal_max_padded, { DISTINCT(1, 3, 4) }, .refused = "padding 2 is more than half of kernel 3" },
    { "a negative padding", signal_max_negative, { DISTINCT(1, 3, 4) }, .refused = "padding -1, -1; it is 0 or more" },
    { "a window larger than x",
      signal_max,
      { DISTINCT(1, 3, 1) },
      .refused = "max_pool1d: kernel 2 is larger than x [1, 3, 1] with padding 0" },
    { "a window of padding alone",
      signal_max_stepped_over,
      { DISTINCT(1, 3, 2) },
      .refused = "max_pool1d: kernel 2 with dilation 3 has windows with nothing of x [1, 3, 2] in them" },
    { 0 },
};

static vt_tensor unpool(const vt_tensor *in)
{
    return vt_max_unpool2d(in[0], in[1], 4, 5);
}

static vt_tensor unpool_to_nothing(const vt_tensor *in)
{
    return vt_max_unpool2d(in[0], in[1], 4, 0);
}

static vt_tensor pool_and_unpool(const vt_tensor *in)
{
    vt_tensor indices, y = vt_max_pool2d(in[0], 2, .stride = 1, .indices = &indices);
    return vt_max_unpool2d(y, indices, 4, 5);
}

CASE(max_unpool2d) = {
    { "to 20 pixels", unpool, { FLOATS(-1, 1, 2, 3, 2, 3), INTEGERS(0, 20, 2, 3, 2, 3) }, .terms = 4 },
    { "of what was pooled", pool_and_unpool, { DISTINCT(2, 3, 4, 5) }, .terms = 16 },
    { "no images", unpool, { FLOATS(-1, 1, 0, 3, 2, 3), INTEGERS(0, 20, 0, 3, 2, 3) } },
    { "indices of another shape",
      unpool,
      { FLOATS(-1, 1, 2, 3, 2, 3), INTEGERS(0, 20, 2, 3, 2, 2) },
      .refused = "max_unpool2d: indices [2, 3, 2, 2] must have the shape of x [2, 3, 2, 3]" },
    { "float indices",
      unpool,
      { FLOATS(-1, 1, 2, 3, 2, 3), FLOATS(0, 20, 2, 3, 2, 3) },
      .refused = "index is f32; it must be i32 or i64" },
    { "to nothing",
      unpool_to_nothing,
      { FLOATS(-1, 1, 2, 3, 2, 3), INTEGERS(0, 20, 2, 3, 2, 3) },
      .refused = "max_unpool2d: width is 0; it must be 1 or more" },
    { "a signal",
      unpool,
      { FLOATS(-1, 1, 2, 3, 6), INTEGERS(0, 20, 2, 3, 6) },
      .refused = "max_unpool2d: x [2, 3, 6] must be [batch, channels, height, width]" },
    { 0 },
};

static vt_tensor signal_unpool(const vt_tensor *in)
{
    return vt_max_unpool1d(in[0], in[1], 7);
}

static vt_tensor signal_unpool_to_nothing(const vt_tensor *in)
{
    return vt_max_unpool1d(in[0], in[1], -1);
}

CASE(max_unpool1d) = {
    { "to 7 elements", signal_unpool, { FLOATS(-1, 1, 2, 3, 4), INTEGERS(0, 7, 2, 3, 4) }, .terms = 4 },
    { "to nothing",
      signal_unpool_to_nothing,
      { FLOATS(-1, 1, 2, 3, 4), INTEGERS(0, 7, 2, 3, 4) },
      .refused = "max_unpool1d: length is -1; it must be 1 or more" },
    { 0 },
};

POOL(avg_2, avg, 2)
POOL(avg_3, avg, 3, .stride = 2, .padding = 1)
POOL(avg_3_excluded, avg, 3, .stride = 2, .padding = 1, .exclude_padding = true)
POOL(avg_ceil, avg, 3, .stride = 2, .padding = 1, .ceil = true)
POOL(avg_ceil_excluded, avg, 3, .stride = 2, .padding = 1, .ceil = true, .exclude_padding = true)
POOL(avg_pairs, avg, 0, .kernel_hw = { 2, 3 }, .stride_hw = { 1, 2 }, .padding_hw = { 1, 0 })
POOL(avg_apart, avg, 2, .stride = 3)
POOL(avg_sides, avg, 3, .stride = 2, .padding_sides = { 0, 1, 1, 0 })
POOL(avg_sides_ceil, avg, 3, .stride = 2, .padding_sides = { 1, 0, 0, 1 }, .ceil = true)
POOL(avg_sides_excluded, avg, 3, .stride = 1, .padding_sides = { 1, 0, 0, 1 }, .exclude_padding = true)

CASE(avg_pool2d) = {
    { "halved", avg_2, { FLOATS(-1, 1, 2, 3, 6, 8) }, .terms = 4 },
    { "pixels left over", avg_2, { FLOATS(-1, 1, 1, 2, 7, 5) }, .terms = 4 },
    { "padded", avg_3, { FLOATS(-1, 1, 2, 2, 7, 6) }, .terms = 9 },
    { "padding of each side", avg_sides, { FLOATS(-1, 1, 2, 2, 6, 7) }, .terms = 9 },
    { "sides, rounded up", avg_sides_ceil, { FLOATS(-1, 1, 2, 2, 6, 7) }, .terms = 9 },
    { "sides that do not count", avg_sides_excluded, { FLOATS(-1, 1, 2, 2, 5, 4) }, .terms = 9 },
    { "padding excluded", avg_3_excluded, { FLOATS(-1, 1, 2, 2, 7, 6) }, .terms = 9 },
    { "rounded up", avg_ceil, { FLOATS(-1, 1, 1, 2, 6, 8) }, .terms = 9 },
    { "rounded up, padding excluded", avg_ceil_excluded, { FLOATS(-1, 1, 1, 2, 6, 8) }, .terms = 9 },
    { "pairs", avg_pairs, { FLOATS(-1, 1, 2, 1, 4, 7) }, .terms = 6 },
    { "pixels between", avg_apart, { FLOATS(-1, 1, 1, 2, 8, 9) }, .terms = 4 },
    { "one pixel", avg_3, { FLOATS(-1, 1, 1, 1, 1, 1) }, .terms = 9 },
    { "no images", avg_2, { FLOATS(-1, 1, 0, 3, 4, 4) } },
    { "integers", avg_2, { INTEGERS(0, 9, 1, 1, 4, 4) }, .refused = "avg_pool2d: x is i64; it must be f32 or f64" },
    { "a vector", avg_2, { FLOATS(-1, 1, 4) }, .refused = "avg_pool2d: x [4] must be [batch, channels" },
    { "a window larger than x",
      avg_2,
      { FLOATS(-1, 1, 1, 3, 4, 1) },
      .refused = "avg_pool2d: kernel 2, 2 is larger than x [1, 3, 4, 1] with padding 0, 0" },
    { 0 },
};

static vt_tensor adaptive_to_1(const vt_tensor *in)
{
    return vt_adaptive_avg_pool2d(in[0], 1, 1);
}

static vt_tensor adaptive_to_3_by_4(const vt_tensor *in)
{
    return vt_adaptive_avg_pool2d(in[0], 3, 4);
}

static vt_tensor adaptive_to_0(const vt_tensor *in)
{
    return vt_adaptive_avg_pool2d(in[0], 0, 1);
}

CASE(adaptive_avg_pool2d) = {
    { "the whole image", adaptive_to_1, { FLOATS(-1, 1, 2, 3, 7, 7) }, .terms = 49 },
    { "windows that divide it", adaptive_to_3_by_4, { FLOATS(-1, 1, 2, 2, 6, 8) }, .terms = 4 },
    { "windows that overlap", adaptive_to_3_by_4, { FLOATS(-1, 1, 1, 2, 7, 9) }, .terms = 12 },
    { "an image that is smaller", adaptive_to_3_by_4, { FLOATS(-1, 1, 1, 2, 2, 3) }, .terms = 9 },
    { "one pixel", adaptive_to_3_by_4, { FLOATS(-1, 1, 1, 1, 1, 1) }, .terms = 12 },
    { "no images", adaptive_to_1, { FLOATS(-1, 1, 0, 3, 7, 7) } },
    { "to nothing",
      adaptive_to_0,
      { FLOATS(-1, 1, 1, 3, 7, 7) },
      .refused = "adaptive_avg_pool2d: height 0, width 1; they are 1 or more" },
    { "of nothing",
      adaptive_to_1,
      { FLOATS(-1, 1, 1, 3, 0, 7) },
      .refused = "adaptive_avg_pool2d: x [1, 3, 0, 7] must be [batch, channels, height, width], with a pixel or more" },
    { 0 },
};

CALL(signal_avg, vt_avg_pool1d, 3)
CALL(signal_avg_all, vt_avg_pool1d, 3, .stride = 2, .padding_sides = { 1, 0 }, .ceil = true)
CALL(signal_avg_excluded, vt_avg_pool1d, 3, .stride = 2, .padding = 1, .exclude_padding = true)
CALL(signal_avg_negative, vt_avg_pool1d, -2)

CASE(avg_pool1d) = {
    { "of three", signal_avg, { FLOATS(-1, 1, 2, 3, 8) }, .terms = 3 },
    { "all options", signal_avg_all, { FLOATS(-1, 1, 2, 3, 8) }, .terms = 3 },
    { "padding that does not count", signal_avg_excluded, { FLOATS(-1, 1, 2, 3, 8) }, .terms = 3 },
    { "a negative kernel",
      signal_avg_negative,
      { FLOATS(-1, 1, 1, 3, 8) },
      .refused = "avg_pool1d: kernel is -2; it must be 1 or more" },
    { "an image", signal_avg, { FLOATS(-1, 1, 1, 3, 8, 8) }, .refused = "avg_pool1d: x [1, 3, 8, 8] must be [batch" },
    { "integers", signal_avg, { INTEGERS(0, 9, 1, 3, 8) }, .refused = "avg_pool1d: x is i64; it must be f32 or f64" },
    { 0 },
};

CALL(signal_adaptive, vt_adaptive_avg_pool1d, 4)
CALL(signal_adaptive_to_0, vt_adaptive_avg_pool1d, 0)

CASE(adaptive_avg_pool1d) = {
    { "windows that overlap", signal_adaptive, { FLOATS(-1, 1, 2, 3, 7) }, .terms = 4 },
    { "to nothing",
      signal_adaptive_to_0,
      { FLOATS(-1, 1, 2, 3, 7) },
      .refused = "adaptive_avg_pool1d: length 0; it is 1 or more" },
    { 0 },
};

CALL(adaptive_max_1, vt_adaptive_max_pool2d, 1, 1)
CALL(adaptive_max_3_by_4, vt_adaptive_max_pool2d, 3, 4)
CALL(adaptive_max_to_0, vt_adaptive_max_pool2d, 3, 0)

static vt_tensor adaptive_indices(const vt_tensor *in)
{
    vt_tensor indices;
    vt_adaptive_max_pool2d(in[0], 3, 4, .indices = &indices);
    return indices;
}

CASE(adaptive_max_pool2d) = {
    { "the whole image", adaptive_max_1, { DISTINCT(2, 3, 5, 4) } },
    { "windows that divide it", adaptive_max_3_by_4, { DISTINCT(2, 2, 6, 8) } },
    { "windows that overlap", adaptive_max_3_by_4, { DISTINCT(1, 2, 7, 9) }, .terms = 4 },
    { "an image that is smaller", adaptive_max_3_by_4, { DISTINCT(1, 2, 2, 3) }, .terms = 9 },
    { "indices", adaptive_indices, { DISTINCT(2, 2, 7, 8) } },
    { "no images", adaptive_max_3_by_4, { DISTINCT(0, 2, 7, 9) } },
    { "to nothing",
      adaptive_max_to_0,
      { DISTINCT(1, 3, 7, 7) },
      .refused = "adaptive_max_pool2d: height 3, width 0; they are 1 or more" },
    { "of nothing", adaptive_max_1, { DISTINCT(1, 3, 0, 7) }, .refused = "adaptive_max_pool2d: x [1, 3, 0, 7] must" },
    { 0 },
};

CALL(signal_adaptive_max, vt_adaptive_max_pool1d, 4)
CALL(signal_adaptive_max_to_0, vt_adaptive_max_pool1d, -3)

CASE(adaptive_max_pool1d) = {
    { "windows that overlap", signal_adaptive_max, { DISTINCT(2, 3, 7) }, .terms = 4 },
    { "to nothing",
      signal_adaptive_max_to_0,
      { DISTINCT(2, 3, 7) },
      .refused = "adaptive_max_pool1d: length -3; it is 1 or more" },
    { 0 },
};
