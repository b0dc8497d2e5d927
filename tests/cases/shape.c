/* shape.c - samples of views and arrangements. */
#include "cases/case.h"
#include <math.h>

static vt_tensor reshape(const vt_tensor *in)
{
    return vt_reshape(in[0], VT_SHAPE(4, -1));
}

static vt_tensor permute(const vt_tensor *in)
{
    return vt_permute(in[0], VT_AXES(2, 0, -2));
}

static vt_tensor expand(const vt_tensor *in)
{
    return vt_expand(in[0], VT_SHAPE(2, -1, 4));
}

static vt_tensor detach(const vt_tensor *in)
{
    return vt_add(vt_mul(vt_detach(in[0]), vt_full(VT_SHAPE(1), 0)), in[0]);
}

static vt_tensor detach_inert(const vt_tensor *in)
{
    (void)in;
    return vt_detach(VT_INERT);
}

CASE(reshape) = {
    { "an open extent", reshape, { FLOATS(-1, 1, 2, 6) } },
    { "three axes", reshape, { FLOATS(-1, 1, 2, 3, 2) } },
    { "another count", reshape, { FLOATS(-1, 1, 2, 3) }, .refused = "reshape: x [2, 3] has 6 elements, [4, -1] wants" },
    { 0 },
};

CASE(permute) = {
    { "three axes", permute, { FLOATS(-1, 1, 2, 3, 4) } },
    { "too few axes", permute, { FLOATS(-1, 1, 2, 3) }, .refused = "permute: the order must name each of the 2 axes" },
    { 0 },
};

CASE(expand) = {
    { "new and repeated axes", expand, { FLOATS(-1, 1, 3, 1) }, .terms = 8 },
    { "not a broadcast", expand, { FLOATS(-1, 1, 3, 2) }, .refused = "expand: x [3, 2] does not broadcast to" },
    { 0 },
};

CASE(detach) = {
    { "value", detach, { FLOATS(-1, 1, 3, 2) } },
    { "inert", detach_inert, { { 0 } }, .refused = "detach: input is the inert tensor" },
    { 0 },
};

/* -- Axes ---------------------------------------------------------------------------------------------------------- */

static vt_tensor flatten_middle(const vt_tensor *in)
{
    return vt_flatten(in[0], 1, -2);
}

static vt_tensor flatten_all(const vt_tensor *in)
{
    return vt_flatten(in[0], 0, -1);
}

static vt_tensor flatten_backwards(const vt_tensor *in)
{
    return vt_flatten(in[0], 2, 1);
}

static vt_tensor squeeze_middle(const vt_tensor *in)
{
    return vt_squeeze(in[0], 1);
}

static vt_tensor unsqueeze_first(const vt_tensor *in)
{
    return vt_unsqueeze(in[0], 0);
}

static vt_tensor unsqueeze_last(const vt_tensor *in)
{
    return vt_unsqueeze(in[0], -1);
}

static vt_tensor unsqueeze_far(const vt_tensor *in)
{
    return vt_unsqueeze(in[0], 3);
}

static vt_tensor transpose_outer(const vt_tensor *in)
{
    return vt_transpose(in[0], 0, -1);
}

static vt_tensor transpose_same(const vt_tensor *in)
{
    return vt_transpose(in[0], 1, 1);
}

CASE(flatten) = {
    { "middle axes", flatten_middle, { FLOATS(-1, 1, 2, 3, 4, 5) } },
    { "one axis alone", flatten_middle, { FLOATS(-1, 1, 2, 3, 4) } },
    { "all", flatten_all, { FLOATS(-1, 1, 2, 3, 4) } },
    { "a scalar", flatten_all, { FLOAT_SCALAR(-1, 1) } },
    { "empty", flatten_all, { FLOATS(-1, 1, 2, 0, 4) } },
    { "integers", flatten_all, { INTEGERS(-5, 5, 2, 3) } },
    { "backwards",
      flatten_backwards,
      { FLOATS(-1, 1, 2, 3, 4) },
      .refused = "flatten: axis 2 comes after axis 1 of x [2, 3, 4]" },
    { "no such axis",
      flatten_backwards,
      { FLOATS(-1, 1, 2, 3) },
      .refused = "flatten: axis 2 of a tensor of shape [2, 3] is out of range" },
    { 0 },
};

CASE(squeeze) = {
    { "middle", squeeze_middle, { FLOATS(-1, 1, 2, 1, 3) } },
    { "last", squeeze_middle, { FLOATS(-1, 1, 2, 1) } },
    { "more than one",
      squeeze_middle,
      { FLOATS(-1, 1, 2, 3) },
      .refused = "squeeze: axis 1 of x [2, 3] has extent 3; it must be 1" },
    { "no such axis", squeeze_middle, { FLOATS(-1, 1, 2) }, .refused = "squeeze: axis 1 of a tensor of shape [2]" },
    { 0 },
};

CASE(unsqueeze) = {
    { "first", unsqueeze_first, { FLOATS(-1, 1, 2, 3) } },
    { "last", unsqueeze_last, { FLOATS(-1, 1, 2, 3) } },
    { "a scalar", unsqueeze_last, { FLOAT_SCALAR(-1, 1) } },
    { "too far", unsqueeze_far, { FLOATS(-1, 1, 2, 3) }, .refused = "unsqueeze: axis 3 is no place for a new axis" },
    { "too many",
      unsqueeze_first,
      { FLOATS(-1, 1, 1, 1, 1, 1, 1, 1, 1, 1) },
      .refused = "unsqueeze: a tensor of shape [1, 1, 1, 1, 1, 1, 1, 1] has 8 axes already" },
    { 0 },
};

CASE(transpose) = {
    { "first and last", transpose_outer, { FLOATS(-1, 1, 2, 3, 4) } },
    { "matrix", transpose_outer, { INTEGERS(-9, 9, 300, 270) } },
    { "bools", transpose_outer, { BOOLS(3, 5) } },
    { "with itself", transpose_same, { FLOATS(-1, 1, 2, 3) } },
    { "empty", transpose_outer, { FLOATS(-1, 1, 2, 0) } },
    { "no such axis",
      transpose_same,
      { FLOATS(-1, 1, 2) },
      .refused = "transpose: axis 1 of a tensor of shape [2] is out of range" },
    { 0 },
};

static vt_tensor tril(const vt_tensor *in)
{
    return vt_tril(in[0]);
}

static vt_tensor tril_above(const vt_tensor *in)
{
    return vt_tril(in[0], .diagonal = 2);
}

static vt_tensor tril_far_below(const vt_tensor *in)
{
    return vt_tril(in[0], .diagonal = INT64_MIN);
}

static vt_tensor tril_of_infinity(const vt_tensor *in)
{
    return vt_tril(vt_scale(in[0], INFINITY), .diagonal = -1);
}

static vt_tensor triu(const vt_tensor *in)
{
    return vt_triu(in[0]);
}

static vt_tensor triu_below(const vt_tensor *in)
{
    return vt_triu(in[0], .diagonal = -1);
}

static vt_tensor triu_far_above(const vt_tensor *in)
{
    return vt_triu(in[0], .diagonal = INT64_MAX);
}

CASE(tril) = {
    { "square", tril, { FLOATS(-1, 1, 4, 4) } },
    { "matrices, above the diagonal", tril_above, { FLOATS(-1, 1, 2, 3, 6) } },
    { "nothing stays", tril_far_below, { FLOATS(-1, 1, 3, 4) } },
    { "no NaN where nothing stays",
      tril_of_infinity,
      { FLOATS(1, 2, 2, 2) },
      .not_finite = true,
      .no_gradcheck = true },
    { "integers", tril, { INTEGERS(-9, 9, 5, 2) } },
    { "bool", tril_above, { BOOLS(5, 6) } },
    { "empty", tril, { FLOATS(-1, 1, 2, 0, 3) } },
    { "one axis", tril, { FLOATS(-1, 1, 4) }, .refused = "tril: x [4] must have two axes or more" },
    { 0 },
};

CASE(triu) = {
    { "square", triu, { FLOATS(-1, 1, 4, 4) } },
    { "matrices, below the diagonal", triu_below, { FLOATS(-1, 1, 2, 5, 3) } },
    { "nothing stays", triu_far_above, { FLOATS(-1, 1, 3, 4) } },
    { "integers", triu, { INTEGERS(-9, 9, 2, 5) } },
    { "scalar", triu, { FLOAT_SCALAR(0, 1) }, .refused = "triu: x [] must have two axes or more" },
    { 0 },
};
