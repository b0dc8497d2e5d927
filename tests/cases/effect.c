/* effect.c - samples of ops that overwrite tensors. */
#include "cases/case.h"

static vt_tensor assign(const vt_tensor *in)
{
    vt_assign(in[0], in[1]);
    return (vt_tensor){ 0 };
}

static vt_tensor assign_itself(const vt_tensor *in)
{
    vt_assign(in[0], in[0]);
    return (vt_tensor){ 0 };
}

static vt_tensor assign_own_transpose(const vt_tensor *in)
{
    vt_assign(in[0], vt_permute(in[0], VT_AXES(1, 0)));
    return (vt_tensor){ 0 };
}

static vt_tensor assign_in_turn(const vt_tensor *in)
{
    vt_tensor before = vt_reshape(in[0], VT_SHAPE(-1));
    vt_assign(in[0], in[1]);
    vt_assign(in[1], in[2]);
    return before;
}

static vt_tensor assign_to_a_result(const vt_tensor *in)
{
    vt_assign(vt_reshape(in[0], VT_SHAPE(-1)), in[1]);
    return (vt_tensor){ 0 };
}

static vt_tensor assign_to_nothing(const vt_tensor *in)
{
    vt_assign((vt_tensor){ 0 }, in[0]);
    return (vt_tensor){ 0 };
}

CASE(assign) = {
    { "matrix", assign, { FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5) } },
    { "scalar", assign, { FLOAT_SCALAR(-1, 1), FLOAT_SCALAR(-1, 1) } },
    { "empty", assign, { FLOATS(-1, 1, 0, 5), FLOATS(-1, 1, 0, 5) } },
    { "integers", assign, { INTEGERS(-9, 9, 2, 3), INTEGERS(-9, 9, 2, 3) } },
    { "bools", assign, { BOOLS(7), BOOLS(7) } },
    { "itself", assign_itself, { FLOATS(-1, 1, 3, 5) } },
    { "its own transpose", assign_own_transpose, { FLOATS(-1, 1, 5, 5) } },
    { "in order, and after a view was taken",
      assign_in_turn,
      { FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 3, 5) } },
    { "another shape",
      assign,
      { FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 5) },
      .refused = "assign: the target is [3, 5], the value [5]" },
    { "another dtype",
      assign,
      { FLOATS(-1, 1, 3), INTEGERS(0, 3, 3) },
      .refused = "assign: the target is f32, the value i64" },
    { "the result of an op",
      assign_to_a_result,
      { FLOATS(-1, 1, 3, 5), FLOATS(-1, 1, 15) },
      .refused = "assign: input 0 is the result of an op" },
    { "nothing", assign_to_nothing, { FLOATS(-1, 1, 3) }, .refused = "assign: input 0 is the inert tensor" },
    { 0 },
};
