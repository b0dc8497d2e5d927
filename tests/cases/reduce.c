/* reduce.c - samples of reductions. */
#include "cases/case.h"

static vt_tensor sum_all(const vt_tensor *in)
{
    return vt_sum(in[0]);
}

static vt_tensor sum_outer(const vt_tensor *in)
{
    return vt_sum(in[0], .axes = VT_AXES(0, -1), .keep = true);
}

static vt_tensor sum_twice(const vt_tensor *in)
{
    return vt_sum(in[0], .axes = VT_AXES(1, -1));
}

static vt_tensor sum_to(const vt_tensor *in)
{
    return vt_sum_to(in[0], VT_SHAPE(3, 1));
}

CASE(sum) = {
    { "every axis", sum_all, { FLOATS(-1, 1, 4, 5) }, .terms = 20 },
    { "outer axes", sum_outer, { FLOATS(-1, 1, 3, 4, 5) }, .terms = 15 },
    { "integers", sum_all, { INTEGERS(-5, 5, 4, 5) } },
    { "nothing", sum_all, { FLOATS(-1, 1, 0, 5) } },
    { "an axis twice",
      sum_twice,
      { FLOATS(-1, 1, 4, 5) },
      .refused = "sum: axis -1 of a tensor of shape [4, 5] is named twice" },
    { "no such axis",
      sum_outer,
      { FLOAT_SCALAR(0, 1) },
      .refused = "sum: axis 0 of a tensor of shape [] is out of range" },
    { 0 },
};

CASE(sum_to) = {
    { "both kinds", sum_to, { FLOATS(-1, 1, 2, 3, 4) }, .terms = 8 },
    { "no broadcast", sum_to, { FLOATS(-1, 1, 2, 4) }, .refused = "sum_to: x [2, 4] is no broadcast of [3, 1]" },
    { 0 },
};
