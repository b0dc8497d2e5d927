/* elementwise.c - samples of ops on each element. */
#include "cases/case.h"

static vt_tensor add(const vt_tensor *in)
{
    return vt_add(in[0], in[1]);
}

static vt_tensor mul(const vt_tensor *in)
{
    return vt_mul(in[0], in[1]);
}

static vt_tensor exponential(const vt_tensor *in)
{
    return vt_exp(in[0]);
}

CASE(add) = {
    { "equal shapes", add, { FLOATS(-2, 2, 3, 5), FLOATS(-2, 2, 3, 5) } },
    { "both broadcast", add, { FLOATS(-2, 2, 2, 1, 4), FLOATS(-2, 2, 3, 1) } },
    { "integers", add, { INTEGERS(-9, 9, 4), INTEGERS(-9, 9, 4) } },
    { "empty", add, { FLOATS(-2, 2, 0, 3), FLOATS(-2, 2, 3) } },
    { "shapes that do not fit",
      add,
      { FLOATS(-2, 2, 2, 3), FLOATS(-2, 2, 4) },
      .refused = "add: a [2, 3] and b [4] do not broadcast" },
    { "dtypes that differ", add, { FLOATS(-2, 2, 3), INTEGERS(0, 4, 3) }, .refused = "add: a is f32, b is i64" },
    { 0 },
};

CASE(mul) = {
    { "equal shapes", mul, { FLOATS(-2, 2, 3, 5), FLOATS(-2, 2, 3, 5) } },
    { "scalar", mul, { FLOATS(-2, 2, 3, 5), FLOAT_SCALAR(-2, 2) } },
    { "both broadcast", mul, { FLOATS(-2, 2, 2, 1, 4), FLOATS(-2, 2, 3, 1) } },
    { "shapes that do not fit",
      mul,
      { FLOATS(-2, 2, 2, 3), FLOATS(-2, 2, 4) },
      .refused = "mul: a [2, 3] and b [4] do not broadcast" },
    { 0 },
};

CASE(exp) = {
    { "matrix", exponential, { FLOATS(-2, 2, 3, 5) } },
    { "scalar", exponential, { FLOAT_SCALAR(-2, 2) } },
    { "integers", exponential, { INTEGERS(0, 3, 3) }, .refused = "exp: x is i64" },
    { 0 },
};
