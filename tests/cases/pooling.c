/* pooling.c - samples of pooling. */
#include "cases/case.h"
#include "ops/list.h"
#include "ops/pooling.h"

/* A sample's function: the pooling with the kernel and the options given. */
#define POOL(name, pool, ...)                                                                                          \
    static vt_tensor name(const vt_tensor *in)                                                                         \
    {                                                                                                                  \
        return vt_##pool##_pool2d(in[0], __VA_ARGS__);                                                                 \
    }

POOL(max_2, max, 2)
POOL(max_3, max, 3, .stride = 2, .padding = 1)
POOL(max_each, max, 3, .stride = 1, .padding = 1)
POOL(max_apart, max, 2, .stride = 3)
POOL(max_pairs, max, 0, .kernels = { 2, 3 }, .strides = { 1, 2 }, .paddings = { 1, 0 })
POOL(max_ceil, max, 3, .stride = 2, .ceil = true)
POOL(max_ceil_padded, max, 2, .stride = 2, .padding = 1, .ceil = true)
POOL(max_1, max, 1)
POOL(max_padded_2, max, 2, .padding = 2)
POOL(max_kernel_twice, max, 2, .kernels = { 2, 2 })
POOL(max_no_kernel, max, 0)
POOL(max_stride_negative, max, 2, .stride = -1)

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
    { "a kernel and kernels",
      max_kernel_twice,
      { DISTINCT(1, 3, 4, 4) },
      .refused = "max_pool2d: kernel = 2 and kernels = { 2, 2 }; give one of the two" },
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

POOL(avg_2, avg, 2)
POOL(avg_3, avg, 3, .stride = 2, .padding = 1)
POOL(avg_3_excluded, avg, 3, .stride = 2, .padding = 1, .exclude_padding = true)
POOL(avg_ceil, avg, 3, .stride = 2, .padding = 1, .ceil = true)
POOL(avg_ceil_excluded, avg, 3, .stride = 2, .padding = 1, .ceil = true, .exclude_padding = true)
POOL(avg_pairs, avg, 0, .kernels = { 2, 3 }, .strides = { 1, 2 }, .paddings = { 1, 0 })
POOL(avg_apart, avg, 2, .stride = 3)

CASE(avg_pool2d) = {
    { "halved", avg_2, { FLOATS(-1, 1, 2, 3, 6, 8) }, .terms = 4 },
    { "pixels left over", avg_2, { FLOATS(-1, 1, 1, 2, 7, 5) }, .terms = 4 },
    { "padded", avg_3, { FLOATS(-1, 1, 2, 2, 7, 6) }, .terms = 9 },
    { "padding excluded", avg_3_excluded, { FLOATS(-1, 1, 2, 2, 7, 6) }, .terms = 9 },
    { "rounded up", avg_ceil, { FLOATS(-1, 1, 1, 2, 6, 8) }, .terms = 9 },
    { "rounded up, padding excluded", avg_ceil_excluded, { FLOATS(-1, 1, 1, 2, 6, 8) }, .terms = 9 },
    { "pairs", avg_pairs, { FLOATS(-1, 1, 2, 1, 4, 7) }, .terms = 6 },
    { "pixels between", avg_apart, { FLOATS(-1, 1, 1, 2, 8, 9) }, .terms = 4 },
    { "one pixel", avg_3, { FLOATS(-1, 1, 1, 1, 1, 1) }, .terms = 9 },
    { "no images", avg_2, { FLOATS(-1, 1, 0, 3, 4, 4) } },
    { "integers", avg_2, { INTEGERS(0, 9, 1, 1, 4, 4) }, .refused = "avg_pool2d: resample: x is i64; it must be f32" },
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
