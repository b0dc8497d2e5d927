/* linear.c - samples of matrix products. */
#include "cases/case.h"

static vt_tensor product(const vt_tensor *in)
{
    return vt_matmul(in[0], in[1]);
}

static vt_tensor transposed_a(const vt_tensor *in)
{
    return vt_matmul(in[0], in[1], .transpose_a = true);
}

static vt_tensor transposed_b(const vt_tensor *in)
{
    return vt_matmul(in[0], in[1], .transpose_b = true);
}

static vt_tensor transposed_both(const vt_tensor *in)
{
    return vt_matmul(in[0], in[1], .transpose_a = true, .transpose_b = true);
}

CASE(matmul) = {
    { "matrices", product, { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 4, 5) }, .terms = 4 },
    { "a transposed", transposed_a, { FLOATS(-1, 1, 4, 3), FLOATS(-1, 1, 4, 5) }, .terms = 4 },
    { "b transposed", transposed_b, { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 5, 4) }, .terms = 4 },
    { "both transposed", transposed_both, { FLOATS(-1, 1, 4, 3), FLOATS(-1, 1, 5, 4) }, .terms = 4 },
    { "leading axes broadcast", product, { FLOATS(-1, 1, 2, 1, 3, 4), FLOATS(-1, 1, 3, 4, 2) }, .terms = 24 },
    { "one matrix for all", product, { FLOATS(-1, 1, 2, 3, 3, 4), FLOATS(-1, 1, 4, 2) }, .terms = 24 },
    { "odd sizes", product, { FLOATS(-1, 1, 17, 33), FLOATS(-1, 1, 33, 19) }, .terms = 33 },
    { "that do not chain",
      product,
      { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 3, 4) },
      .refused = "matmul: a [3, 4] and b [3, 4] do not chain: 4 columns, 3 rows" },
    { "a vector", product, { FLOATS(-1, 1, 4), FLOATS(-1, 1, 4, 4) }, .refused = "must have two axes or more" },
    { "integers", product, { INTEGERS(0, 2, 3, 4), INTEGERS(0, 2, 4, 4) }, .refused = "both must be f32" },
    { 0 },
};
