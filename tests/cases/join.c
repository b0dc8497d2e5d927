/* join.c - samples of concatenation, padding, repetition. */
#include "cases/case.h"

static vt_tensor concat_middle(const vt_tensor *in)
{
    return vt_concat(((vt_tensor[]){ in[0], in[1], in[0] }), 3, 1);
}

static vt_tensor concat_last(const vt_tensor *in)
{
    return vt_concat(in, 2, -1);
}

static vt_tensor concat_many(const vt_tensor *in)
{
    vt_tensor parts[70];
    for (int i = 0; i < 70; i++) parts[i] = vt_slice(in[0], 0, i % 5, i % 5 + 1);
    return vt_concat(parts, 70, 0);
}

static vt_tensor concat_views(const vt_tensor *in)
{
    vt_tensor back = vt_flip(in[0], VT_AXES(0)), wide = vt_expand(in[1], VT_SHAPE(3, 4));
    return vt_concat(((vt_tensor[]){ back, vt_transpose(in[2], 0, 1), wide }), 3, 0);
}

static vt_tensor concat_none(const vt_tensor *in)
{
    return vt_concat(in, 0, 0);
}

CASE(concat) = {
    { "middle axis", concat_middle, { FLOATS(-1, 1, 2, 3, 4), FLOATS(-1, 1, 2, 1, 4) }, .terms = 2 },
    { "last axis", concat_last, { FLOATS(-1, 1, 5, 3), FLOATS(-1, 1, 5, 2) } },
    { "vectors", concat_last, { FLOATS(-1, 1, 5), FLOATS(-1, 1, 2) } },
    { "an empty one", concat_last, { FLOATS(-1, 1, 5, 0), FLOATS(-1, 1, 5, 2) } },
    { "all empty", concat_last, { FLOATS(-1, 1, 0, 3), FLOATS(-1, 1, 0, 2) } },
    { "many", concat_many, { FLOATS(-1, 1, 5, 3) }, .terms = 14 },
    { "views", concat_views, { FLOATS(-1, 1, 2, 4), FLOATS(-1, 1, 4), FLOATS(-1, 1, 4, 3) }, .terms = 3 },
    { "large", concat_last, { INTEGERS(-9, 9, 300, 37), INTEGERS(-9, 9, 300, 300) } },
    { "integers", concat_last, { INTEGERS(-9, 9, 2, 3), INTEGERS(-9, 9, 2, 2) } },
    { "bools", concat_last, { BOOLS(3), BOOLS(2) } },
    { "other extents",
      concat_last,
      { FLOATS(-1, 1, 5, 3), FLOATS(-1, 1, 4, 3) },
      .refused = "concat: tensor 1 is f32 [4, 3], tensor 0 f32 [5, 3]; they may differ along axis 1 alone" },
    { "other ranks", concat_last, { FLOATS(-1, 1, 5), FLOATS(-1, 1, 5, 3) }, .refused = "tensor 1 is f32 [5, 3]" },
    { "other dtypes", concat_last, { FLOATS(-1, 1, 5), INTEGERS(0, 9, 5) }, .refused = "tensor 1 is i64 [5]" },
    { "scalars", concat_last, { FLOAT_SCALAR(0, 1), FLOAT_SCALAR(0, 1) }, .refused = "concat: axis -1 of a tensor" },
    { "nothing", concat_none, { FLOATS(-1, 1, 5) }, .refused = "concat: 0 tensors; it takes 1 or more" },
    { 0 },
};

static vt_tensor stack_first(const vt_tensor *in)
{
    return vt_stack(in, 2, 0);
}

static vt_tensor stack_last(const vt_tensor *in)
{
    return vt_stack(((vt_tensor[]){ in[0], in[1], in[1] }), 3, -1);
}

static vt_tensor stack_far(const vt_tensor *in)
{
    return vt_stack(in, 2, 3);
}

static vt_tensor stack_none(const vt_tensor *in)
{
    return vt_stack(in, -1, 0);
}

CASE(stack) = {
    { "first", stack_first, { FLOATS(-1, 1, 2, 3), FLOATS(-1, 1, 2, 3) } },
    { "last", stack_last, { FLOATS(-1, 1, 2, 3), FLOATS(-1, 1, 2, 3) }, .terms = 2 },
    { "scalars", stack_last, { FLOAT_SCALAR(-1, 1), FLOAT_SCALAR(-1, 1) }, .terms = 2 },
    { "other shapes",
      stack_first,
      { FLOATS(-1, 1, 2, 3), FLOATS(-1, 1, 3, 2) },
      .refused = "stack: tensor 1 is [3, 2], tensor 0 [2, 3]; they must be equal" },
    { "too far", stack_far, { FLOATS(-1, 1, 2), FLOATS(-1, 1, 2) }, .refused = "stack: axis 3 is no place" },
    { "nothing", stack_none, { FLOATS(-1, 1, 2) }, .refused = "stack: -1 tensors; it takes 1 or more" },
    { 0 },
};

static vt_tensor pad_zero(const vt_tensor *in)
{
    return vt_pad(in[0], VT_SHAPE(1, 2), VT_SHAPE(0, 3));
}

static vt_tensor pad_value(const vt_tensor *in)
{
    return vt_pad(in[0], VT_SHAPE(1), VT_SHAPE(2), .value = -1.5);
}

static vt_tensor pad_outer(const vt_tensor *in)
{
    return vt_pad(in[0], VT_SHAPE(2, 0, 0), VT_SHAPE(1, 0, 0));
}

static vt_tensor pad_nothing(const vt_tensor *in)
{
    return vt_pad(in[0], VT_SCALAR, VT_SCALAR);
}

static vt_tensor pad_reflect(const vt_tensor *in)
{
    return vt_pad(in[0], VT_SHAPE(1, 2), VT_SHAPE(0, 1), .mode = VT_PAD_REFLECT);
}

static vt_tensor pad_replicate(const vt_tensor *in)
{
    return vt_pad(in[0], VT_SHAPE(1, 2), VT_SHAPE(0, 1), .mode = VT_PAD_REPLICATE);
}

static vt_tensor pad_circular(const vt_tensor *in)
{
    return vt_pad(in[0], VT_SHAPE(1, 2), VT_SHAPE(0, 1), .mode = VT_PAD_CIRCULAR);
}

static vt_tensor pad_other_mode(const vt_tensor *in)
{
    return vt_pad(in[0], VT_SHAPE(1), VT_SHAPE(1), .mode = (vt_pad_mode)7);
}

static vt_tensor pad_less(const vt_tensor *in)
{
    return vt_pad(in[0], VT_SHAPE(-1), VT_SHAPE(2));
}

static vt_tensor pad_far(const vt_tensor *in)
{
    return vt_pad(in[0], VT_SHAPE(INT64_MAX), VT_SHAPE(INT64_MAX));
}

CASE(pad) = {
    { "zeros", pad_zero, { FLOATS(-1, 1, 2, 3, 4) } },
    { "a value", pad_value, { FLOATS(-1, 1, 3, 4) } },
    { "outer axis", pad_outer, { FLOATS(-1, 1, 2, 3, 4) } },
    { "not at all", pad_nothing, { FLOATS(-1, 1, 3, 4) } },
    { "a scalar", pad_nothing, { FLOAT_SCALAR(-1, 1) } },
    { "from nothing", pad_value, { FLOATS(-1, 1, 2, 0) } },
    { "still nothing", pad_value, { FLOATS(-1, 1, 0, 2) } },
    { "large", pad_zero, { INTEGERS(-9, 9, 150, 150) } },
    { "integers", pad_value, { INTEGERS(-9, 9, 2, 3) } },
    { "bools", pad_value, { BOOLS(2, 3) } },
    { "reflect", pad_reflect, { FLOATS(-1, 1, 2, 3) }, .terms = 6 },
    { "replicate", pad_replicate, { FLOATS(-1, 1, 2, 3) }, .terms = 6 },
    { "replicate one", pad_replicate, { FLOATS(-1, 1, 1, 1) }, .terms = 8 },
    { "circular", pad_circular, { FLOATS(-1, 1, 2, 2) }, .terms = 6 },
    { "reflect too far",
      pad_reflect,
      { FLOATS(-1, 1, 2, 2) },
      .refused = "pad: 2 before and 1 after along axis 1 of x [3, 2]; with VT_PAD_REFLECT at most 1" },
    { "circle too far",
      pad_circular,
      { FLOATS(-1, 1, 2, 1) },
      .refused = "pad: 2 before and 1 after along axis 1 of x [3, 1]; with VT_PAD_CIRCULAR at most 1" },
    { "replicate nothing",
      pad_replicate,
      { FLOATS(-1, 1, 2, 0) },
      .refused = "pad: 2 before and 1 after along axis 1 of x [3, 0]; with VT_PAD_REPLICATE at most 0" },
    { "no mode", pad_other_mode, { FLOATS(-1, 1, 3) }, .refused = "pad: mode 7 is no vt_pad_mode" },
    { "a negative width", pad_less, { FLOATS(-1, 1, 3) }, .refused = "pad: -1 before and 2 after along axis 0" },
    { "too many widths", pad_zero, { FLOATS(-1, 1, 3) }, .refused = "pad: 2 widths before; x [3] has 1 axes" },
    { "beyond memory", pad_far, { FLOATS(-1, 1, 3) }, .refused = "pad: x [3] would become larger than any memory" },
    { 0 },
};

static vt_tensor roll_forth(const vt_tensor *in)
{
    return vt_roll(in[0], 2, 1);
}

static vt_tensor roll_back(const vt_tensor *in)
{
    return vt_roll(in[0], -8, -1);
}

static vt_tensor roll_round(const vt_tensor *in)
{
    return vt_exp(vt_roll(in[0], 6, 0));
}

CASE(roll) = {
    { "forth", roll_forth, { FLOATS(-1, 1, 2, 5, 3) } },
    { "back", roll_back, { FLOATS(-1, 1, 2, 5) } },
    { "round", roll_round, { FLOATS(-1, 1, 3, 2) } },
    { "nothing", roll_forth, { FLOATS(-1, 1, 2, 0) } },
    { "integers", roll_back, { INTEGERS(-9, 9, 2, 5) } },
    { "no such axis", roll_forth, { FLOATS(-1, 1, 5) }, .refused = "roll: axis 1 of a tensor of shape [5]" },
    { 0 },
};

static vt_tensor tile(const vt_tensor *in)
{
    return vt_tile(in[0], VT_SHAPE(2, 1, 3));
}

static vt_tensor tile_eight(const vt_tensor *in)
{
    return vt_tile(in[0], VT_SHAPE(1, 2, 1, 1, 2, 1, 1, 2));
}

static vt_tensor tile_none(const vt_tensor *in)
{
    return vt_tile(in[0], VT_SHAPE(2, 0));
}

static vt_tensor tile_far(const vt_tensor *in)
{
    return vt_tile(in[0], VT_SHAPE((int64_t)1 << 40, 1 << 20));
}

CASE(tile) = {
    { "three axes", tile, { FLOATS(-1, 1, 2, 3, 2) }, .terms = 6 },
    { "eight axes", tile_eight, { FLOATS(-1, 1, 2, 1, 1, 2, 3, 1, 1, 2) }, .terms = 8 },
    { "not at all", tile_none, { FLOATS(-1, 1, 2, 3) } },
    { "bools", tile, { BOOLS(2, 1, 2) } },
    { "other rank", tile, { FLOATS(-1, 1, 2, 3) }, .refused = "tile: times [2, 1, 3]; x [2, 3] wants 2 numbers" },
    { "beyond memory", tile_far, { FLOATS(-1, 1, 2, 3) }, .refused = "tile: times [1099511627776, 1048576]; " },
    { 0 },
};
