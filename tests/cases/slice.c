/* slice.c - samples of the ops that take parts. */
#include "cases/case.h"

static vt_tensor slice(const vt_tensor *in)
{
    return vt_slice(in[0], 1, 1, 3);
}

static vt_tensor slice_negative(const vt_tensor *in)
{
    return vt_slice(in[0], -1, -3, -1);
}

static vt_tensor slice_step(const vt_tensor *in)
{
    return vt_slice(in[0], 1, 1, VT_END, .step = 2);
}

static vt_tensor slice_beyond(const vt_tensor *in)
{
    return vt_slice(in[0], 0, -100, 100, .step = 3);
}

static vt_tensor slice_nothing(const vt_tensor *in)
{
    return vt_slice(in[0], 0, 2, 1);
}

static vt_tensor slice_long_step(const vt_tensor *in)
{
    return vt_slice(in[0], 0, 1, VT_END, .step = INT64_MAX);
}

static vt_tensor slice_of_slice(const vt_tensor *in)
{
    vt_tensor part = vt_slice(vt_slice(in[0], 0, 1, VT_END, .step = 2), 1, 1, -1);
    return vt_reshape(vt_mul(part, part), VT_SHAPE(-1));
}

static vt_tensor slice_backwards(const vt_tensor *in)
{
    return vt_slice(in[0], 0, 0, 2, .step = -1);
}

CASE(slice) = {
    { "middle", slice, { FLOATS(-1, 1, 2, 4, 3) } },
    { "negative bounds", slice_negative, { FLOATS(-1, 1, 3, 5) } },
    { "step", slice_step, { FLOATS(-1, 1, 2, 6, 3) } },
    { "step, odd", slice_step, { FLOATS(-1, 1, 2, 7) } },
    { "bounds beyond the ends", slice_beyond, { FLOATS(-1, 1, 5, 2) } },
    { "nothing", slice_nothing, { FLOATS(-1, 1, 4, 2) } },
    { "of nothing", slice_nothing, { FLOATS(-1, 1, 0, 2) } },
    { "the longest step", slice_long_step, { FLOATS(-1, 1, 4, 2) } },
    { "twice, squared", slice_of_slice, { FLOATS(-1, 1, 6, 5) } },
    { "integers", slice, { INTEGERS(-9, 9, 2, 4) } },
    { "bools", slice_step, { BOOLS(2, 6) } },
    { "negative step", slice_backwards, { FLOATS(-1, 1, 4) }, .refused = "slice: step -1; it is 1 or more" },
    { "no such axis",
      slice,
      { FLOATS(-1, 1, 4) },
      .refused = "slice: axis 1 of a tensor of shape [4] is out of range" },
    { 0 },
};

static vt_tensor flip_outer(const vt_tensor *in)
{
    return vt_flip(in[0], VT_AXES(0, -1));
}

static vt_tensor flip_reshaped(const vt_tensor *in)
{
    return vt_mul(vt_reshape(vt_flip(in[0], VT_AXES(0, 1)), VT_SHAPE(-1)), vt_reshape(in[0], VT_SHAPE(-1)));
}

static vt_tensor flip_part(const vt_tensor *in)
{
    return vt_reshape(vt_flip(vt_slice(in[0], 1, 0, VT_END, .step = 2), VT_AXES(1)), VT_SHAPE(2, -1));
}

static vt_tensor flip_twice(const vt_tensor *in)
{
    return vt_flip(in[0], VT_AXES(1, -1));
}

CASE(flip) = {
    { "outer axes", flip_outer, { FLOATS(-1, 1, 2, 3, 4) } },
    { "one axis", flip_outer, { FLOATS(-1, 1, 2, 1) } },
    { "reshaped", flip_reshaped, { FLOATS(-1, 1, 3, 4) } },
    { "of a slice", flip_part, { FLOATS(-1, 1, 4, 5) } },
    { "empty", flip_outer, { FLOATS(-1, 1, 0, 3) } },
    { "integers", flip_outer, { INTEGERS(-9, 9, 3, 2) } },
    { "an axis twice",
      flip_twice,
      { FLOATS(-1, 1, 4, 5) },
      .refused = "flip: axis -1 of a tensor of shape [4, 5] is named twice" },
    { "no such axis", flip_twice, { FLOATS(-1, 1, 4) }, .refused = "flip: axis 1 of a tensor of shape [4]" },
    { 0 },
};

static vt_tensor select_middle(const vt_tensor *in)
{
    return vt_select(in[0], 1, 2);
}

static vt_tensor select_last(const vt_tensor *in)
{
    return vt_select(in[0], 0, -1);
}

/* as q, k and v come out of one projection */
static vt_tensor select_three(const vt_tensor *in)
{
    vt_tensor q = vt_select(in[0], 0, 0), k = vt_select(in[0], 0, 1), v = vt_select(in[0], 0, 2);
    return vt_add(vt_mul(q, k), v);
}

CASE(select) = {
    { "middle axis", select_middle, { FLOATS(-1, 1, 2, 3, 4) } },
    { "from the end", select_last, { FLOATS(-1, 1, 2, 3) } },
    { "of a vector", select_last, { FLOATS(-1, 1, 5) } },
    { "three of one", select_three, { FLOATS(-1, 1, 3, 2, 5) }, .terms = 2 },
    { "integers", select_last, { INTEGERS(-9, 9, 3, 2) } },
    { "out of range",
      select_middle,
      { FLOATS(-1, 1, 3, 2) },
      .refused = "select: index 2; axis 1 of x [3, 2] has 2 elements" },
    { "nothing there", select_last, { FLOATS(-1, 1, 0, 2) }, .refused = "select: index -1; axis 0 of x [0, 2] has 0" },
    { "a scalar", select_last, { FLOAT_SCALAR(-1, 1) }, .refused = "select: axis 0 of a tensor of shape []" },
    { 0 },
};

static vt_tensor chunk_three(const vt_tensor *in)
{
    vt_tensor part[3];
    vt_chunk(in[0], 1, 3, part);
    return vt_add(vt_mul(part[0], part[1]), vt_exp(part[2]));
}

static vt_tensor chunk_unused(const vt_tensor *in)
{
    vt_tensor part[3];
    vt_chunk(in[0], 1, 3, part);
    return vt_mul(part[2], part[0]);
}

static vt_tensor chunk_twenty(const vt_tensor *in)
{
    vt_tensor part[20];
    vt_chunk(in[0], 0, 20, part);
    return vt_mul(part[19], part[0]);
}

static vt_tensor chunk_none(const vt_tensor *in)
{
    vt_tensor part = in[0];
    vt_chunk(in[0], 0, 0, &part);
    return vt_exp(in[0]);
}

static vt_tensor split_three(const vt_tensor *in)
{
    vt_tensor part[3];
    vt_split(in[0], -1, ((int64_t[]){ 1, 0, 2 }), 3, part);
    return vt_concat(((vt_tensor[]){ vt_mul(part[2], part[0]), part[1], part[0] }), 3, -1);
}

static vt_tensor split_negative(const vt_tensor *in)
{
    vt_tensor part[2];
    vt_split(in[0], -1, ((int64_t[]){ 4, -1 }), 2, part);
    return part[0];
}

static vt_tensor unstack_three(const vt_tensor *in)
{
    vt_tensor part[3];
    vt_unstack(in[0], 1, 3, part);
    return vt_add(vt_mul(part[0], part[1]), part[2]);
}

CASE(chunk) = {
    { "three", chunk_three, { FLOATS(-1, 1, 2, 6, 2) } },
    { "some unused", chunk_unused, { FLOATS(-1, 1, 2, 3) } },
    { "twenty", chunk_twenty, { FLOATS(-1, 1, 20, 3) } },
    { "integers", chunk_unused, { INTEGERS(-9, 9, 2, 6) } },
    { "empty", chunk_unused, { FLOATS(-1, 1, 2, 0) } },
    { "does not divide",
      chunk_three,
      { FLOATS(-1, 1, 2, 4) },
      .refused = "chunk: axis 1 of x [2, 4] does not divide into 3 equal parts" },
    { "no parts", chunk_none, { FLOATS(-1, 1, 2) }, .refused = "chunk: 0 parts; there must be 1 or more" },
    { "no such axis", chunk_three, { FLOATS(-1, 1, 3) }, .refused = "chunk: axis 1 of a tensor of shape [3]" },
    { 0 },
};

CASE(split) = {
    { "three", split_three, { FLOATS(-1, 1, 2, 3) }, .terms = 2 },
    { "another sum",
      split_three,
      { FLOATS(-1, 1, 2, 4) },
      .refused = "split: sizes that add up to 3; axis -1 of x [2, 4] has 4 elements" },
    { "a negative size", split_negative, { FLOATS(-1, 1, 3) }, .refused = "split: size 1 is -1" },
    { 0 },
};

CASE(unstack) = {
    { "three", unstack_three, { FLOATS(-1, 1, 2, 3, 2) } },
    { "another extent",
      unstack_three,
      { FLOATS(-1, 1, 2, 4) },
      .refused = "unstack: 3 parts; axis 1 of x [2, 4] has 4 elements" },
    { 0 },
};
