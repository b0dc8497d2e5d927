/* index.c - samples of the ops that pick and place by index. */
#include "cases/case.h"
#include <math.h>

/* For samples whose error shows only when they are computed. */
static vt_tensor computed(vt_tensor y)
{
    double data[64];
    return vt_read(y, data, 64, VT_F64) ? y : (vt_tensor){ 0 };
}

static vt_tensor indices_of(vt_dtype dtype, int64_t a, int64_t b, int64_t c)
{
    const int32_t narrow[] = { (int32_t)a, (int32_t)b, (int32_t)c };
    const int64_t wide[] = { a, b, c };
    return vt_from_data(dtype == VT_I32 ? (const void *)narrow : wide, VT_SHAPE(3), dtype);
}

static vt_tensor gather_middle(const vt_tensor *in)
{
    return vt_gather(in[0], 1, in[1]);
}

static vt_tensor gather_last(const vt_tensor *in)
{
    return vt_gather(in[0], -1, in[1]);
}

static vt_tensor gather_narrow(const vt_tensor *in)
{
    return vt_gather(in[0], 0, indices_of(VT_I32, 2, 0, 2));
}

static vt_tensor gather_beyond(const vt_tensor *in)
{
    return computed(vt_gather(in[0], 0, indices_of(VT_I64, 0, 5, 9)));
}

static vt_tensor gather_negative(const vt_tensor *in)
{
    return computed(vt_gather(in[0], 0, indices_of(VT_I32, 0, 1, -1)));
}

static vt_tensor gather_far(const vt_tensor *in)
{
    return computed(vt_gather(in[0], 0, indices_of(VT_I64, INT64_MAX, 0, 0)));
}

/* The same errors on the reference backend. */
static vt_tensor gather_reference(const vt_tensor *in)
{
    (void)in;
    vt_set_device("reference");
    const float data[] = { 1, 2, 3, 4, 5 };
    vt_tensor x = vt_from_data(data, VT_SHAPE(5), VT_F32);
    return computed(vt_gather(x, 0, indices_of(VT_I64, 0, INT64_MAX, 9)));
}

CASE(gather) = {
    { "middle axis", gather_middle, { FLOATS(-1, 1, 2, 4, 3), INTEGERS(0, 4, 2, 5, 3) }, .terms = 5 },
    { "last axis", gather_last, { FLOATS(-1, 1, 3, 5), INTEGERS(0, 5, 3, 2) }, .terms = 2 },
    { "one of each row", gather_last, { FLOATS(-1, 1, 6, 10), INTEGERS(0, 10, 6, 1) } },
    { "many", gather_last, { INTEGERS(-9, 9, 90, 70), INTEGERS(0, 70, 90, 500) } },
    { "i32", gather_narrow, { FLOATS(-1, 1, 3) }, .terms = 2 },
    { "of bools", gather_last, { BOOLS(3, 5), INTEGERS(0, 5, 3, 7) } },
    { "of integers", gather_last, { INTEGERS(-9, 9, 3, 5), INTEGERS(0, 5, 3, 7) } },
    { "nothing", gather_last, { FLOATS(-1, 1, 3, 5), INTEGERS(0, 5, 3, 0) } },
    { "nothing of nothing", gather_last, { FLOATS(-1, 1, 3, 0), INTEGERS(0, 5, 3, 0) } },
    { "beyond",
      gather_beyond,
      { FLOATS(-1, 1, 5) },
      .refused = "gather: index 5 at [1] is out of range: the extent is 5" },
    { "negative", gather_negative, { FLOATS(-1, 1, 5) }, .refused = "gather: index -1 at [2] is out of range" },
    { "far beyond",
      gather_far,
      { FLOATS(-1, 1, 5) },
      .refused = "gather: index 9223372036854775807 at [0] is out of range: the extent is 5" },
    { "beyond, on the reference",
      gather_reference,
      { { 0 } },
      .refused = "gather: index 9223372036854775807 at [1] is out of range: the extent is 5" },
    { "of nothing",
      gather_far,
      { FLOATS(-1, 1, 0) },
      .refused = "gather: index 9223372036854775807 at [0] is out of range: the extent is 0" },
    { "another shape",
      gather_middle,
      { FLOATS(-1, 1, 2, 4, 3), INTEGERS(0, 4, 2, 5, 2) },
      .refused = "gather: index [2, 5, 2] must have the shape of x [2, 4, 3], except along axis 1" },
    { "another rank", gather_middle, { FLOATS(-1, 1, 2, 4), INTEGERS(0, 4, 2) }, .refused = "gather: index [2] must" },
    { "floats as index",
      gather_middle,
      { FLOATS(-1, 1, 2, 4), FLOATS(0, 4, 2, 4) },
      .refused = "gather: index is f32" },
    { "no such axis", gather_middle, { FLOATS(-1, 1, 2), INTEGERS(0, 2, 2) }, .refused = "gather: axis 1 of a tensor" },
    { 0 },
};

static vt_tensor scatter_middle(const vt_tensor *in)
{
    return vt_scatter_add(in[0], 1, in[1], in[2]);
}

static vt_tensor scatter_beyond(const vt_tensor *in)
{
    return computed(vt_scatter_add(in[0], 0, indices_of(VT_I64, 0, 4, -5), in[1]));
}

CASE(scatter_add) = {
    { "middle axis",
      scatter_middle,
      { FLOATS(-1, 1, 2, 4, 3), INTEGERS(0, 4, 2, 5, 3), FLOATS(-1, 1, 2, 5, 3) },
      .terms = 6 },
    { "last axis", scatter_middle, { FLOATS(-1, 1, 3, 5), INTEGERS(0, 5, 3, 2), FLOATS(-1, 1, 3, 2) }, .terms = 3 },
    { "many to few",
      scatter_middle,
      { FLOATS(-1, 1, 2, 3), INTEGERS(0, 3, 2, 300), FLOATS(-1, 1, 2, 300) },
      .terms = 100 },
    { "many", scatter_middle, { INTEGERS(-9, 9, 90, 3), INTEGERS(0, 3, 90, 700), INTEGERS(-9, 9, 90, 700) } },
    { "integers", scatter_middle, { INTEGERS(-9, 9, 3, 5), INTEGERS(0, 5, 3, 7), INTEGERS(-9, 9, 3, 7) } },
    { "nothing", scatter_middle, { FLOATS(-1, 1, 3, 5), INTEGERS(0, 5, 3, 0), FLOATS(-1, 1, 3, 0) } },
    { "negative",
      scatter_beyond,
      { FLOATS(-1, 1, 5), FLOATS(-1, 1, 3) },
      .refused = "scatter_add: index -5 at [2] is out of range: the extent is 5" },
    { "another source",
      scatter_middle,
      { FLOATS(-1, 1, 3, 5), INTEGERS(0, 5, 3, 2), FLOATS(-1, 1, 3, 3) },
      .refused = "scatter_add: source [3, 3] must have the shape of index [3, 2]" },
    { "another dtype",
      scatter_middle,
      { FLOATS(-1, 1, 3, 5), INTEGERS(0, 5, 3, 2), INTEGERS(-1, 1, 3, 2) },
      .refused = "scatter_add: x is f32, source is i64; vt_cast makes them equal" },
    { "bools",
      scatter_middle,
      { BOOLS(3, 5), INTEGERS(0, 5, 3, 2), BOOLS(3, 2) },
      .refused = "scatter_add: x is bool; f32, f64, i32 and i64 are added" },
    { "floats as index",
      scatter_middle,
      { FLOATS(-1, 1, 2, 4), FLOATS(0, 4, 2, 4), FLOATS(0, 4, 2, 4) },
      .refused = "scatter_add: index is f32; it must be i32 or i64" },
    { 0 },
};

static vt_tensor select_rows(const vt_tensor *in)
{
    return vt_index_select(in[0], 0, in[1]);
}

static vt_tensor select_columns(const vt_tensor *in)
{
    return vt_index_select(in[0], -1, in[1]);
}

static vt_tensor select_narrow(const vt_tensor *in)
{
    return vt_index_select(in[0], 1, indices_of(VT_I32, 2, 0, 2));
}

static vt_tensor select_beyond(const vt_tensor *in)
{
    return computed(vt_index_select(in[0], 0, indices_of(VT_I64, 0, 4, 5)));
}

CASE(index_select) = {
    { "rows", select_rows, { FLOATS(-1, 1, 4, 3), INTEGERS(0, 4, 6) }, .terms = 6 },
    { "columns", select_columns, { FLOATS(-1, 1, 2, 3, 4), INTEGERS(0, 4, 3) }, .terms = 3 },
    { "i32", select_narrow, { FLOATS(-1, 1, 2, 3, 2) }, .terms = 2 },
    { "large", select_rows, { INTEGERS(-9, 9, 20, 70), INTEGERS(0, 20, 1000) } },
    { "bools", select_rows, { BOOLS(4, 3), INTEGERS(0, 4, 6) } },
    { "nothing", select_rows, { FLOATS(-1, 1, 4, 3), INTEGERS(0, 4, 0) } },
    { "beyond",
      select_beyond,
      { FLOATS(-1, 1, 5, 2) },
      .refused = "index_select: index 5 at [2] is out of range: the extent is 5" },
    { "two axes of indices",
      select_rows,
      { FLOATS(-1, 1, 5), INTEGERS(0, 5, 2, 2) },
      .refused = "index_select: index [2, 2] must have one axis" },
    { "floats as index", select_rows, { FLOATS(-1, 1, 5), FLOATS(0, 5, 2) }, .refused = "index_select: index is f32" },
    { 0 },
};

static vt_tensor add_rows(const vt_tensor *in)
{
    return vt_index_add(in[0], 0, in[1], in[2]);
}

static vt_tensor add_columns(const vt_tensor *in)
{
    return vt_index_add(in[0], -1, in[1], in[2]);
}

static vt_tensor add_beyond(const vt_tensor *in)
{
    return computed(vt_index_add(in[0], 0, indices_of(VT_I64, 0, 6, 4), in[1]));
}

CASE(index_add) = {
    { "rows", add_rows, { FLOATS(-1, 1, 4, 3), INTEGERS(0, 4, 6), FLOATS(-1, 1, 6, 3) }, .terms = 7 },
    { "columns", add_columns, { FLOATS(-1, 1, 2, 3, 4), INTEGERS(0, 4, 3), FLOATS(-1, 1, 2, 3, 3) }, .terms = 4 },
    { "long rows", add_rows, { FLOATS(-1, 1, 1, 270), INTEGERS(0, 1, 2), FLOATS(-1, 1, 2, 270) }, .terms = 3 },
    { "many to few", add_rows, { FLOATS(-1, 1, 2, 2), INTEGERS(0, 2, 200), FLOATS(-1, 1, 200, 2) }, .terms = 100 },
    { "large", add_rows, { INTEGERS(-9, 9, 200, 300), INTEGERS(0, 200, 500), INTEGERS(-9, 9, 500, 300) } },
    { "integers", add_rows, { INTEGERS(-9, 9, 4, 3), INTEGERS(0, 4, 6), INTEGERS(-9, 9, 6, 3) } },
    { "nothing", add_rows, { FLOATS(-1, 1, 4, 3), INTEGERS(0, 4, 0), FLOATS(-1, 1, 0, 3) } },
    { "beyond",
      add_beyond,
      { FLOATS(-1, 1, 5, 2), FLOATS(-1, 1, 3, 2) },
      .refused = "index_add: index 6 at [1] is out of range: the extent is 5" },
    { "another source",
      add_rows,
      { FLOATS(-1, 1, 4, 3), INTEGERS(0, 4, 6), FLOATS(-1, 1, 6, 2) },
      .refused = "index_add: source [6, 2] must be [6, 3]" },
    { "u8 of bools", add_rows, { BOOLS(4), INTEGERS(0, 4, 6), BOOLS(6) }, .refused = "index_add: x is bool" },
    { 0 },
};

static vt_tensor embedding(const vt_tensor *in)
{
    return vt_embedding(in[0], in[1]);
}

static vt_tensor embedding_beyond(const vt_tensor *in)
{
    return computed(vt_embedding(in[0], indices_of(VT_I64, 0, 5, 4)));
}

CASE(embedding) = {
    { "sentences", embedding, { FLOATS(-1, 1, 5, 3), INTEGERS(0, 5, 2, 4) }, .terms = 8 },
    { "one id", embedding, { FLOATS(-1, 1, 5, 3), { INPUT_INTEGERS, 0, 5, { .rank = 0 } } } },
    { "no ids", embedding, { FLOATS(-1, 1, 5, 3), INTEGERS(0, 5, 2, 0) } },
    { "beyond",
      embedding_beyond,
      { FLOATS(-1, 1, 5, 3) },
      .refused = "index 5 at [1] is out of range: the extent is 5" },
    { "no table",
      embedding,
      { FLOATS(-1, 1, 5), INTEGERS(0, 5, 2) },
      .refused = "embedding: weight [5] must have two" },
    { "floats as ids", embedding, { FLOATS(-1, 1, 5, 3), FLOATS(0, 5, 2) }, .refused = "index is f32; it must be" },
    { 0 },
};

static vt_tensor one_hot(const vt_tensor *in)
{
    return vt_one_hot(in[0], 5);
}

static vt_tensor one_hot_bool(const vt_tensor *in)
{
    return vt_one_hot(in[0], 5, .dtype = VT_BOOL);
}

static vt_tensor one_hot_beyond(const vt_tensor *in)
{
    return computed(vt_one_hot(in[0], 1));
}

static vt_tensor one_hot_negative(const vt_tensor *in)
{
    return vt_one_hot(in[0], -1);
}

CASE(one_hot) = {
    { "matrix", one_hot, { INTEGERS(0, 5, 3, 2) } },
    { "bool", one_hot_bool, { INTEGERS(0, 5, 7) } },
    { "nothing", one_hot, { INTEGERS(0, 5, 0) } },
    { "beyond",
      one_hot_beyond,
      { INTEGERS(3, 4, 2) },
      .refused = "one_hot: index 3 at [0] is out of range: the extent is 1" },
    { "a negative number", one_hot_negative, { INTEGERS(0, 1, 2) }, .refused = "one_hot: -1 classes" },
    { "floats as ids", one_hot, { FLOATS(0, 5, 2) }, .refused = "one_hot: ids is f32; it must be i32 or i64" },
    { "eight axes",
      one_hot,
      { INTEGERS(0, 5, 1, 1, 1, 1, 1, 1, 1, 1) },
      .refused = "one_hot: ids [1, 1, 1, 1, 1, 1, 1, 1] have 8 axes already" },
    { 0 },
};

static vt_tensor topk(const vt_tensor *in)
{
    return vt_topk(in[0], 3, 1);
}

static vt_tensor topk_smallest(const vt_tensor *in)
{
    return vt_topk(in[0], 2, -1, .smallest = true);
}

static vt_tensor topk_indices(const vt_tensor *in)
{
    vt_tensor indices;
    vt_topk(in[0], 3, 1, .indices = &indices);
    return indices;
}

static vt_tensor topk_smallest_indices(const vt_tensor *in)
{
    vt_tensor indices;
    vt_topk(in[0], 3, 1, .indices = &indices, .smallest = true);
    return indices;
}

static vt_tensor with_ties(vt_tensor *indices, bool smallest)
{
    const float data[] = { 1, NAN, -0.0f, INFINITY, 0, -INFINITY, 1, -NAN, 2 };
    vt_tensor x = vt_from_data(data, VT_SHAPE(9), VT_F32);
    return vt_topk(x, 9, 0, .indices = indices, .smallest = smallest);
}

static vt_tensor topk_ties(const vt_tensor *in)
{
    vt_tensor indices;
    (void)in;
    with_ties(&indices, false);
    return indices;
}

static vt_tensor topk_ties_smallest(const vt_tensor *in)
{
    vt_tensor indices;
    (void)in;
    with_ties(&indices, true);
    return indices;
}

static vt_tensor topk_ties_values(const vt_tensor *in)
{
    (void)in;
    return with_ties(NULL, false);
}

static vt_tensor topk_none(const vt_tensor *in)
{
    return vt_topk(in[0], 0, 0);
}

CASE(topk) = {
    { "middle axis", topk, { DISTINCT(2, 5, 3) } },
    { "all of them", topk, { DISTINCT(4, 3) } },
    { "large", topk, { INTEGERS(-1e6, 1e6, 40, 500) } },
    { "smallest", topk_smallest, { DISTINCT(3, 7) } },
    { "indices", topk_indices, { DISTINCT(2, 50, 3) } },
    { "indices of the smallest", topk_smallest_indices, { DISTINCT(2, 50, 3) } },
    { "integers with ties", topk_indices, { INTEGERS(-3, 3, 4, 40) } },
    { "bools", topk_smallest_indices, { BOOLS(4, 10) } },
    { "NaN, infinity, ties", topk_ties, { { 0 } } },
    { "NaN, infinity, ties, smallest", topk_ties_smallest, { { 0 } } },
    { "NaN, infinity, ties, values", topk_ties_values, { { 0 } } },
    { "none", topk_none, { DISTINCT(5) } },
    { "no lanes", topk, { DISTINCT(0, 5) } },
    { "too many", topk, { DISTINCT(5, 2) }, .refused = "topk: k is 3; axis 1 of x [5, 2] has 2 elements" },
    { "no such axis", topk, { DISTINCT(5) }, .refused = "topk: axis 1 of a tensor of shape [5] is out of range" },
    { 0 },
};
