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

static gemm_problem product(int64_t m, int64_t n, int64_t k, bool transpose_a, bool transpose_b)
{
    return (gemm_problem){ .m = m,
                           .n = n,
                           .k = k,
                           .a_row = transpose_a ? 1 : k,
                           .a_column = transpose_a ? m : 1,
                           .b_row = transpose_b ? 1 : n,
                           .b_column = transpose_b ? k : 1 };
}

#define REAL     float
#define NAMED(x) x##_f32
#include "backends/cpu/im2col_template.h"
#undef REAL
#undef NAMED

#define REAL     double
#define NAMED(x) x##_f64
#include "backends/cpu/im2col_template.h"
