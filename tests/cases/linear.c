/* linear.c - samples of matrix products. */
#include "cases/case.h"
#include "ops/elementwise.h"
#include "ops/list.h"

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

/* Permuted views of what a user holds: rows and columns far apart, heads between them, a repeated operand. */
static vt_tensor heads(const vt_tensor *in)
{
    vt_tensor a = vt_permute(in[0], VT_AXES(0, 2, 1, 3)), b = vt_permute(in[1], VT_AXES(0, 2, 1, 3));
    return vt_matmul(a, b, .transpose_b = true);
}

static vt_tensor far_columns(const vt_tensor *in)
{
    return vt_matmul(vt_permute(in[0], VT_AXES(1, 2, 0)), vt_permute(in[1], VT_AXES(1, 0, 2)));
}

static vt_tensor repeated(const vt_tensor *in)
{
    return vt_matmul(vt_expand(in[0], VT_SHAPE(3, 4, 5)), vt_expand(in[1], VT_SHAPE(3, 5, 6)));
}

static vt_tensor one_row_repeated(const vt_tensor *in)
{
    return vt_matmul(vt_expand(in[0], VT_SHAPE(2, 7, 5)), in[1]);
}

CASE(matmul) = {
    { "matrices", product, { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 4, 5) }, .terms = 4 },
    { "a transposed", transposed_a, { FLOATS(-1, 1, 4, 3), FLOATS(-1, 1, 4, 5) }, .terms = 4 },
    { "b transposed", transposed_b, { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 5, 4) }, .terms = 4 },
    { "both transposed", transposed_both, { FLOATS(-1, 1, 4, 3), FLOATS(-1, 1, 5, 4) }, .terms = 4 },
    { "leading axes broadcast", product, { FLOATS(-1, 1, 2, 1, 3, 4), FLOATS(-1, 1, 3, 4, 2) }, .terms = 24 },
    { "one matrix for all", product, { FLOATS(-1, 1, 2, 3, 3, 4), FLOATS(-1, 1, 4, 2) }, .terms = 24 },
    { "odd sizes", product, { FLOATS(-1, 1, 17, 33), FLOATS(-1, 1, 33, 19) }, .terms = 33 },
    { "one row", product, { FLOATS(-1, 1, 1, 9), FLOATS(-1, 1, 9, 5) }, .terms = 9 },
    { "one column", product, { FLOATS(-1, 1, 5, 9), FLOATS(-1, 1, 9, 1) }, .terms = 9 },
    { "an outer product", product, { FLOATS(-1, 1, 5, 1), FLOATS(-1, 1, 1, 6) }, .terms = 6 },
    { "one element", product, { FLOATS(-1, 1, 1, 1), FLOATS(-1, 1, 1, 1) } },
    { "a batch of vectors", product, { FLOATS(-1, 1, 4, 1, 3), FLOATS(-1, 1, 4, 3, 1) }, .terms = 3 },
    { "rows of many batches", product, { FLOATS(-1, 1, 4, 1, 3), FLOATS(-1, 1, 3, 2) }, .terms = 4 },
    { "heads", heads, { FLOATS(-1, 1, 2, 5, 3, 4), FLOATS(-1, 1, 2, 6, 3, 4) }, .terms = 6 },
    { "columns far apart", far_columns, { FLOATS(-1, 1, 5, 2, 3), FLOATS(-1, 1, 5, 2, 4) }, .terms = 5 },
    { "repeated on both sides", repeated, { FLOATS(-1, 1, 4, 5), FLOATS(-1, 1, 5, 6) }, .terms = 18 },
    { "one row repeated", one_row_repeated, { FLOATS(-1, 1, 2, 1, 5), FLOATS(-1, 1, 5, 3) }, .terms = 14 },
    { "five axes", product, { FLOATS(-1, 1, 2, 1, 3, 2, 4), FLOATS(-1, 1, 2, 2, 1, 4, 3) }, .terms = 12 },
    { "leading axes of b alone", product, { FLOATS(-1, 1, 2, 3), FLOATS(-1, 1, 2, 2, 3, 4) }, .terms = 16 },
    { "transposed, one matrix for all", transposed_both, { FLOATS(-1, 1, 2, 4, 3), FLOATS(-1, 1, 5, 4) }, .terms = 10 },
    { "b transposed, one matrix for all", transposed_b, { FLOATS(-1, 1, 2, 3, 4), FLOATS(-1, 1, 5, 4) }, .terms = 8 },
    { "no rows", product, { FLOATS(-1, 1, 0, 4), FLOATS(-1, 1, 4, 5) } },
    { "no columns", product, { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 4, 0) } },
    { "an empty sum", product, { FLOATS(-1, 1, 2, 3, 0), FLOATS(-1, 1, 0, 5) } },
    { "no batches", product, { FLOATS(-1, 1, 0, 3, 4), FLOATS(-1, 1, 4, 5) } },
    { "leading axes that differ",
      product,
      { FLOATS(-1, 1, 2, 3, 4), FLOATS(-1, 1, 3, 4, 5) },
      .refused = "matmul: the leading axes of a [2, 3, 4] and b [3, 4, 5] do not broadcast" },
    { "that do not chain",
      product,
      { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 3, 4) },
      .refused = "matmul: a [3, 4] and b [3, 4] do not chain: 4 columns, 3 rows" },
    { "a vector left", product, { FLOATS(-1, 1, 4), FLOATS(-1, 1, 4, 5) }, .terms = 4 },
    { "a vector right", product, { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 4) }, .terms = 4 },
    { "two vectors", product, { FLOATS(0, 1, 17), FLOATS(0, 1, 17) }, .terms = 17 },
    { "a vector left of many", product, { FLOATS(-1, 1, 4), FLOATS(-1, 1, 2, 3, 4, 5) }, .terms = 30 },
    { "a vector right of many", product, { FLOATS(-1, 1, 2, 3, 5, 4), FLOATS(-1, 1, 4) }, .terms = 30 },
    { "a vector right of a transposed", transposed_a, { FLOATS(-1, 1, 4, 3), FLOATS(-1, 1, 4) }, .terms = 4 },
    { "an empty vector", product, { FLOATS(-1, 1, 3, 0), FLOATS(-1, 1, 0) } },
    { "a vector that does not chain",
      product,
      { FLOATS(-1, 1, 4), FLOATS(-1, 1, 3, 5) },
      .refused = "matmul: a [1, 4] and b [3, 5] do not chain: 4 columns, 3 rows" },
    { "a vector transposed",
      transposed_b,
      { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 4) },
      .refused = "matmul: b [4] is a vector, which has no transpose" },
    { "a scalar", product, { FLOAT_SCALAR(-1, 1), FLOATS(-1, 1, 4, 4) }, .refused = "must have an axis or more" },
    { "integers", product, { INTEGERS(0, 2, 3, 4), INTEGERS(0, 2, 4, 4) }, .refused = "both must be f32" },
    { 0 },
};

static vt_tensor linear(const vt_tensor *in)
{
    return vt_linear(in[0], in[1], .bias = in[2]);
}

static vt_tensor linear_of_slices(const vt_tensor *in)
{
    return vt_linear(vt_permute(in[0], VT_AXES(1, 0, 2)), in[1], .bias = vt_expand(in[2], VT_SHAPE(5)));
}

CASE(linear) = {
    { "a matrix", linear, { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 5, 4), FLOATS(-1, 1, 5) }, .terms = 5 },
    { "without bias", linear, { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 5, 4), ABSENT }, .terms = 5 },
    { "three axes", linear, { FLOATS(-1, 1, 2, 3, 4), FLOATS(-1, 1, 5, 4), FLOATS(-1, 1, 5) }, .terms = 6 },
    { "five axes", linear, { FLOATS(-1, 1, 2, 1, 3, 2, 4), FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 3) }, .terms = 12 },
    { "rows apart, a repeated bias",
      linear_of_slices,
      { FLOATS(-1, 1, 3, 2, 4), FLOATS(-1, 1, 5, 4), FLOATS(-1, 1, 1) },
      .terms = 30 },
    { "a vector", linear, { FLOATS(-1, 1, 4), FLOATS(-1, 1, 5, 4), FLOATS(-1, 1, 5) }, .terms = 5 },
    { "odd sizes", linear, { FLOATS(-1, 1, 65, 33), FLOATS(-1, 1, 17, 33), FLOATS(-1, 1, 17) }, .terms = 65 },
    { "one element", linear, { FLOATS(-1, 1, 1, 1), FLOATS(-1, 1, 1, 1), FLOATS(-1, 1, 1) } },
    { "no rows", linear, { FLOATS(-1, 1, 0, 4), FLOATS(-1, 1, 5, 4), FLOATS(-1, 1, 5) } },
    { "no features, the bias alone",
      linear,
      { FLOATS(-1, 1, 3, 0), FLOATS(-1, 1, 5, 0), FLOATS(-1, 1, 5) },
      .terms = 3 },
    { "features that differ",
      linear,
      { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 5, 3), FLOATS(-1, 1, 5) },
      .refused = "linear: x [3, 4] must end in the 3 features that weight [5, 3] takes" },
    { "a scalar", linear, { FLOAT_SCALAR(-1, 1), FLOATS(-1, 1, 5, 3), ABSENT }, .refused = "x [] must end in the 3" },
    { "a weight of three axes",
      linear,
      { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 5, 2, 4), ABSENT },
      .refused = "linear: weight [5, 2, 4] must be [out, in]" },
    { "another bias",
      linear,
      { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 5, 4), FLOATS(-1, 1, 4) },
      .refused = "linear: bias [4] must be [5]" },
    { "integers",
      linear,
      { INTEGERS(0, 2, 3, 4), FLOATS(-1, 1, 5, 4), FLOATS(-1, 1, 5) },
      .refused = "linear: x is i64, weight f32, bias f32; all must be f32, or all f64" },
    { 0 },
};

/* The ops that a planner makes: each output on its own. */
static vt_tensor linear_gelu_output(const vt_tensor *in, int number)
{
    vt_tensor out[2];
    record_into(&(recording){ .op = &op_linear_gelu, .at = VT_HERE, INPUTS(in[0], in[1], in[2]) }, out);
    return out[number];
}

static vt_tensor linear_gelu(const vt_tensor *in)
{
    return linear_gelu_output(in, 0);
}

static vt_tensor before_gelu(const vt_tensor *in)
{
    return linear_gelu_output(in, 1);
}

CASE(linear_gelu) = {
    { "a matrix", linear_gelu, { FLOATS(-2, 2, 3, 4), FLOATS(-2, 2, 5, 4), FLOATS(-1, 1, 5) }, .terms = 5 },
    { "without bias", linear_gelu, { FLOATS(-2, 2, 3, 4), FLOATS(-2, 2, 5, 4), ABSENT }, .terms = 5 },
    { "three axes", linear_gelu, { FLOATS(-2, 2, 2, 3, 4), FLOATS(-2, 2, 16, 4), FLOATS(-1, 1, 16) }, .terms = 16 },
    { "odd sizes", linear_gelu, { FLOATS(-1, 1, 65, 33), FLOATS(-1, 1, 17, 33), FLOATS(-1, 1, 17) }, .terms = 65 },
    { "a vector", linear_gelu, { FLOATS(-1, 1, 4), FLOATS(-1, 1, 5, 4), FLOATS(-1, 1, 5) }, .terms = 5 },
    { "no rows", linear_gelu, { FLOATS(-1, 1, 0, 4), FLOATS(-1, 1, 5, 4), FLOATS(-1, 1, 5) } },
    { "no features", linear_gelu, { FLOATS(-1, 1, 3, 0), FLOATS(-1, 1, 5, 0), FLOATS(-1, 1, 5) }, .terms = 3 },
    { "what goes into gelu", before_gelu, { FLOATS(-2, 2, 3, 4), FLOATS(-2, 2, 5, 4), FLOATS(-1, 1, 5) }, .terms = 5 },
    { "features that differ",
      linear_gelu,
      { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 5, 3), FLOATS(-1, 1, 5) },
      .refused = "linear_gelu: x [3, 4] must end in the 3 features that weight [5, 3] takes" },
    { 0 },
};

static vt_tensor matmul_gelu_gradient(const vt_tensor *in)
{
    return record(&op_matmul_gelu_gradient, VT_HERE, INPUTS(in[0], in[1], in[2]));
}

CASE(matmul_gelu_gradient) = {
    { "matrices", matmul_gelu_gradient, { FLOATS(-2, 2, 3, 4), FLOATS(-2, 2, 4, 5), FLOATS(-3, 3, 3, 5) }, .terms = 5 },
    { "three axes",
      matmul_gelu_gradient,
      { FLOATS(-2, 2, 6, 4), FLOATS(-2, 2, 4, 16), FLOATS(-3, 3, 2, 3, 16) },
      .terms = 16 },
    { "odd sizes",
      matmul_gelu_gradient,
      { FLOATS(-1, 1, 65, 33), FLOATS(-1, 1, 33, 17), FLOATS(-3, 3, 65, 17) },
      .terms = 65 },
    { "no rows", matmul_gelu_gradient, { FLOATS(-1, 1, 0, 4), FLOATS(-1, 1, 4, 5), FLOATS(-3, 3, 0, 5) } },
    { "other rows",
      matmul_gelu_gradient,
      { FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 4, 5), FLOATS(-1, 1, 4, 5) },
      .refused = "matmul_gelu_gradient: the product of g [3, 4] and weight [4, 5] is no gradient of z [4, 5]" },
    { 0 },
};
