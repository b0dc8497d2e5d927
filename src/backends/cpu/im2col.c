/* im2col.c - convolutions as matrix products. */
#include "backends/cpu/convolution.h"
#include "backends/cpu/gemm.h"
#include "core/node.h"
#include <stdlib.h>

/* One row of the matrix of columns: what kernel position (ky, kx) sees of a channel. */
typedef struct tap {
    int64_t channel, offset[2]; /* of the input element that output element 0 sees; may lie in the padding */
    int64_t first, last;        /* the output columns whose input lies inside the image: first to last - 1 */
} tap;

static int64_t window_rows(const convolution *p)
{
    return p->channels / p->groups * p->kernel[0] * p->kernel[1];
}

static int64_t divide_up(int64_t x, int64_t by)
{
    return x <= 0 ? 0 : (x + by - 1) / by;
}

static tap tap_of(const convolution *p, int64_t row)
{
    int64_t kx = row % p->kernel[1], ky = row / p->kernel[1] % p->kernel[0];
    tap t = { .channel = row / p->kernel[1] / p->kernel[0],
              .offset = { ky * p->dilation[0] - p->padding[0], kx * p->dilation[1] - p->padding[1] } };
    int64_t last = divide_up(p->size[1] - t.offset[1], p->stride[1]);
    t.last = last < p->output[1] ? last : p->output[1];
    int64_t first = divide_up(-t.offset[1], p->stride[1]);
    t.first = first < t.last ? first : t.last;
    return t;
}

/* A kernel of one element that goes over the whole image: the columns are the image itself. */
static bool is_pointwise(const convolution *p)
{
    for (int i = 0; i < 2; i++)
        if (p->kernel[i] != 1 || p->stride[i] != 1 || p->padding[i] != 0) return false;
    return true;
}

/* How many images' columns are gathered at a time: few enough to stay in some megabytes, and in the caches if they
 * can, yet enough for every thread. */
static int64_t images_at_once(const convolution *p)
{
    int64_t one = p->groups * window_rows(p) * p->output[0] * p->output[1], many = (1 << 22) / one;
    if (is_pointwise(p) || many > p->batch) return p->batch;
    return many > 1 ? many : 1;
}

/* The products of one pass over so many images. The columns are [images, groups, rows, area], weight is
 * [groups, outputs, rows], y is [images, groups, outputs, area]. */
static gemm_problem product_of(const convolution *p, enum convolution_pass pass, int64_t images)
{
    int64_t outputs = p->outputs / p->groups, rows = window_rows(p), area = p->output[0] * p->output[1];
    int64_t weight = outputs * rows, columns = rows * area, y = outputs * area, groups = p->groups;
    gemm_problem forward = { .m = outputs,
                             .n = area,
                             .k = rows,
                             .a_row = rows,
                             .a_column = 1,
                             .b_row = area,
                             .b_column = 1,
                             .batch_rank = 2,
                             .batch = { images, groups },
                             .a_batch = { 0, weight },
                             .b_batch = { groups * columns, columns } };
    gemm_problem input_gradient = { .m = rows,
                                    .n = area,
                                    .k = outputs,
                                    .a_row = 1,
                                    .a_column = rows,
                                    .b_row = area,
                                    .b_column = 1,
                                    .batch_rank = 2,
                                    .batch = { images, groups },
                                    .a_batch = { 0, weight },
                                    .b_batch = { groups * y, y } };
    gemm_problem weight_gradient = { .m = outputs,
                                     .n = rows,
                                     .k = area,
                                     .a_row = area,
                                     .a_column = 1,
                                     .b_row = 1,
                                     .b_column = area,
                                     .batch_rank = 1,
                                     .batch = { groups },
                                     .a_batch = { y },
                                     .b_batch = { columns },
                                     .sum = images,
                                     .a_sum = groups * y,
                                     .b_sum = groups * columns };
    return pass == CONVOLUTION_FORWARD          ? forward
           : pass == CONVOLUTION_INPUT_GRADIENT ? input_gradient
                                                : weight_gradient;
}

#define REAL     float
#define NAMED(x) x##_f32
#include "backends/cpu/im2col_template.h"
#undef REAL
#undef NAMED

#define REAL     double
#define NAMED(x) x##_f64
#include "backends/cpu/im2col_template.h"
