/* index.c - samples of the ops that pick and place by index. */
#include "cases/case.h"
#include <math.h>

/* For samples whose error shows only when they are computed. */
static vt_tensor computed(vt_tensor y)
{
    double data[64];
    return vt_read(y, data, 64, VT_F64) ? y : VT_INERT;
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

#define SCATTER(name, axis, kind_)                                                                                     \
    static vt_tensor name(const vt_tensor *in)                                                                         \
    {                                                                                                                  \
        return vt_scatter(in[0], axis, in[1], in[2], .kind = kind_);                                                   \
    }
SCATTER(scatter_set, 1, VT_SCATTER_SET)
SCATTER(scatter_sum, 1, VT_SCATTER_ADD)
SCATTER(scatter_mul, 1, VT_SCATTER_MUL)
SCATTER(scatter_max, 1, VT_SCATTER_MAX)
SCATTER(scatter_min, 1, VT_SCATTER_MIN)
SCATTER(scatter_strange, 1, (vt_scatter_kind)5)

static vt_tensor scatter_set_default(const vt_tensor *in)
{
    return vt_scatter(in[0], -1, in[1], in[2]);
}

/* The last of those that meet. */
static vt_tensor scatter_set_thrice(const vt_tensor *in)
{
    return vt_scatter(in[0], 0, indices_of(VT_I32, 2, 2, 2), in[1]);
}

static vt_tensor scatter_set_beyond(const vt_tensor *in)
{
    return computed(vt_scatter(in[0], 0, indices_of(VT_I64, 0, 4, 5), in[1]));
}

/* A zero in x, one among the sources of place 0, two among those of place 1. */
static vt_tensor scatter_mul_zeros(const vt_tensor *in)
{
    const double factors[] = { 1, 0, 1, 0, 1, 1, 0, 1 };
    const int64_t places[] = { 0, 1, 0, 0, 1, 2, 1, 2 };
    vt_tensor kept = vt_cast(vt_from_data(factors, VT_SHAPE(8), VT_F64), vt_dtype_of(in[0]));
    vt_tensor x = vt_mul(in[0], vt_slice(kept, 0, 0, 4));
    return vt_scatter(x, 0, vt_from_data(places, VT_SHAPE(8), VT_I64), vt_mul(in[1], kept), .kind = VT_SCATTER_MUL);
}

static vt_tensor scatter_specials(const vt_tensor *in, vt_scatter_kind kind)
{
    const double special[] = { 1, NAN, INFINITY, -INFINITY, 3, 2, NAN, -0.0 };
    const int64_t places[] = { 0, 1, 2, 3, 0, 1, 5, 4 };
    vt_tensor source = vt_cast(vt_from_data(special, VT_SHAPE(8), VT_F64), vt_dtype_of(in[0]));
    return vt_scatter(in[0], 0, vt_from_data(places, VT_SHAPE(8), VT_I64), source, .kind = kind);
}

static vt_tensor scatter_max_specials(const vt_tensor *in)
{
    return scatter_specials(in, VT_SCATTER_MAX);
}

static vt_tensor scatter_min_specials(const vt_tensor *in)
{
    return scatter_specials(in, VT_SCATTER_MIN);
}

CASE(scatter) = {
    { "replaced",
      scatter_set,
      { FLOATS(-1, 1, 2, 4, 3), INTEGERS(0, 4, 2, 5, 3), FLOATS(-1, 1, 2, 5, 3) },
      .terms = 2 },
    { "replaced along the last axis",
      scatter_set_default,
      { FLOATS(-1, 1, 3, 5), INTEGERS(0, 5, 3, 2), FLOATS(-1, 1, 3, 2) } },
    { "the last one replaces", scatter_set_thrice, { FLOATS(-1, 1, 4), FLOATS(-1, 1, 3) } },
    { "many replace few", scatter_set, { INTEGERS(-9, 9, 30, 3), INTEGERS(0, 3, 30, 700), INTEGERS(-9, 9, 30, 700) } },
    { "bools", scatter_set, { BOOLS(3, 50), INTEGERS(0, 50, 3, 40), BOOLS(3, 40) } },
    { "nothing", scatter_set, { FLOATS(-1, 1, 3, 5), INTEGERS(0, 5, 3, 0), FLOATS(-1, 1, 3, 0) } },
    { "added", scatter_sum, { FLOATS(-1, 1, 2, 4, 3), INTEGERS(0, 4, 2, 5, 3), FLOATS(-1, 1, 2, 5, 3) }, .terms = 6 },
    { "multiplied",
      scatter_mul,
      { FLOATS(0.5, 2, 2, 4, 3), INTEGERS(0, 4, 2, 5, 3), FLOATS(-2, 2, 2, 5, 3) },
      .terms = 6 },
    { "multiplied with zeros", scatter_mul_zeros, { FLOATS(0.5, 2, 4), FLOATS(0.5, 2, 8) }, .terms = 6 },
    { "many multiplied",
      scatter_mul,
      { FLOATS(0.9, 1.1, 2, 3), INTEGERS(0, 3, 2, 150), FLOATS(0.9, 1.1, 2, 150) },
      .terms = 150,
      .no_gradcheck = true },
    { "integers multiplied", scatter_mul, { INTEGERS(-9, 9, 3, 5), INTEGERS(0, 5, 3, 70), INTEGERS(-9, 9, 3, 70) } },
    { "the largest", scatter_max, { DISTINCT(2, 4, 3), INTEGERS(0, 4, 2, 5, 3), DISTINCT(2, 5, 3) }, .terms = 6 },
    { "the smallest", scatter_min, { DISTINCT(2, 4), INTEGERS(0, 4, 2, 5), DISTINCT(2, 5) }, .terms = 6 },
    { "the largest of many",
      scatter_max,
      { INTEGERS(-1000, -900, 20, 3), INTEGERS(0, 3, 20, 300), INTEGERS(-1000, 1000, 20, 300) } },
    { "the smallest of many",
      scatter_min,
      { FLOATS(-1, 1, 20, 3), INTEGERS(0, 3, 20, 300), FLOATS(-1, 1, 20, 300) },
      .terms = 300,
      .no_gradcheck = true },
    { "the largest of bools", scatter_max, { BOOLS(3, 5), INTEGERS(0, 5, 3, 70), BOOLS(3, 70) } },
    { "NaN and infinity, the largest",
      scatter_max_specials,
      { FLOATS(-1, 1, 6) },
      .not_finite = true,
      .no_gradcheck = true },
    { "NaN and infinity, the smallest",
      scatter_min_specials,
      { FLOATS(-1, 1, 6) },
      .not_finite = true,
      .no_gradcheck = true },
    { "beyond",
      scatter_set_beyond,
      { FLOATS(-1, 1, 5), FLOATS(-1, 1, 3) },
      .refused = "scatter: index 5 at [2] is out of range: the extent is 5" },
    { "another source",
      scatter_set,
      { FLOATS(-1, 1, 3, 5), INTEGERS(0, 5, 3, 2), FLOATS(-1, 1, 3, 3) },
      .refused = "scatter: source [3, 3] must have the shape of index [3, 2]" },
    { "another dtype",
      scatter_max,
      { FLOATS(-1, 1, 3, 5), INTEGERS(0, 5, 3, 2), INTEGERS(-1, 1, 3, 2) },
      .refused = "scatter: x is f32, source is i64; vt_cast makes them equal" },
    { "bools multiplied",
      scatter_mul,
      { BOOLS(3, 5), INTEGERS(0, 5, 3, 2), BOOLS(3, 2) },
      .refused = "scatter: x is bool; f32, f64, i32 and i64 are multiplied" },
    { "floats as index",
      scatter_set,
      { FLOATS(-1, 1, 2, 4), FLOATS(0, 4, 2, 4), FLOATS(0, 4, 2, 4) },
      .refused = "scatter: index is f32; it must be i32 or i64" },
    { "no such kind",
      scatter_strange,
      { FLOATS(-1, 1, 2, 4), INTEGERS(0, 4, 2, 4), FLOATS(0, 4, 2, 4) },
      .refused = "scatter: kind 5 is no vt_scatter_kind" },
    { 0 },
};

static vt_tensor sort_ascending(const vt_tensor *in)
{
    return vt_sort(in[0], 1);
}

static vt_tensor sort_descending(const vt_tensor *in)
{
    return vt_sort(in[0], -1, .descending = true);
}

static vt_tensor sort_indices(const vt_tensor *in)
{
    vt_tensor indices;
    vt_sort(in[0], 1, .indices = &indices);
    return indices;
}

static vt_tensor argsort(const vt_tensor *in)
{
    return vt_argsort(in[0], 1);
}

static vt_tensor argsort_descending(const vt_tensor *in)
{
    return vt_argsort(in[0], 0, .descending = true);
}

static vt_tensor many_with_ties(bool descending)
{
    float data[90];
    for (int i = 0; i < 90; i++) data[i] = i % 9 == 0 ? NAN : i % 7 == 0 ? -0.0f : (float)(i % 5 - 2);
    data[40] = INFINITY;
    data[41] = -INFINITY;
    return vt_argsort(vt_from_data(data, VT_SHAPE(90), VT_F32), 0, .descending = descending);
}

static vt_tensor sort_ties(const vt_tensor *in)
{
    (void)in;
    return many_with_ties(false);
}

static vt_tensor sort_ties_descending(const vt_tensor *in)
{
    (void)in;
    return many_with_ties(true);
}

/* Beyond 2^53, and of both signs. */
static vt_tensor sort_large(const vt_tensor *in)
{
    const vt_tensor x = vt_mul(in[0], vt_full(vt_shape_of(in[0]), 4294967296.0, .dtype = VT_I64));
    return vt_argsort(x, 1);
}

static vt_tensor sort_narrow(const vt_tensor *in)
{
    return vt_sort(vt_cast(in[0], VT_I32), 1, .descending = true);
}

CASE(sort) = {
    { "middle axis", sort_ascending, { DISTINCT(2, 5, 3) } },
    { "descending", sort_descending, { DISTINCT(3, 7) } },
    { "indices", sort_indices, { DISTINCT(2, 50, 3) } },
    { "many", sort_ascending, { INTEGERS(-1e6, 1e6, 3, 700, 2) } },
    { "many floats", sort_descending, { FLOATS(-1e3, 1e3, 5, 300) }, .no_gradcheck = true },
    { "i32", sort_narrow, { INTEGERS(-1e6, 1e6, 3, 70) } },
    { "bools", sort_ascending, { BOOLS(4, 70) } },
    { "one element", sort_ascending, { DISTINCT(5, 1) } },
    { "nothing", sort_ascending, { DISTINCT(5, 0) } },
    { "no lanes", sort_ascending, { DISTINCT(0, 5) } },
    { "no such axis",
      sort_ascending,
      { DISTINCT(5) },
      .refused = "sort: axis 1 of a tensor of shape [5] is out of range" },
    { 0 },
};

CASE(argsort) = {
    { "floats", argsort, { DISTINCT(2, 5, 3) } },
    { "integers with ties", argsort, { INTEGERS(-3, 3, 4, 140) } },
    { "first axis, descending, with ties", argsort_descending, { INTEGERS(-3, 3, 140, 4) } },
    { "large integers", sort_large, { INTEGERS(-1e6, 1e6, 3, 70) } },
    { "NaN, infinity, ties", sort_ties, { { 0 } } },
    { "NaN, infinity, ties, descending", sort_ties_descending, { { 0 } } },
    { "no such axis", argsort, { DISTINCT(5) }, .refused = "argsort: axis 1 of a tensor of shape [5] is out of range" },
    { 0 },
};

static vt_tensor nonzero(const vt_tensor *in)
{
    return vt_nonzero(in[0]);
}

static vt_tensor nonzero_floats(const vt_tensor *in)
{
    (void)in;
    const float data[] = { 0, -0.0f, NAN, 1e-30f, INFINITY, -1 };
    return vt_nonzero(vt_from_data(data, VT_SHAPE(2, 3), VT_F32));
}

/* As numbers in x. */
static vt_tensor nonzero_differs(const vt_tensor *in)
{
    vt_tensor places = vt_nonzero(in[0]), x = vt_cast(in[0], VT_I64);
    vt_tensor strides = vt_from_data(((const int64_t[]){ 4, 1 }), VT_SHAPE(2), VT_I64);
    vt_tensor numbers = vt_sum(vt_mul(places, strides), .axes = VT_AXES(1));
    vt_tensor flat = vt_reshape(x, VT_SHAPE(12)), ones = vt_ones(vt_shape_of(numbers), .dtype = VT_I64);
    return vt_sub(vt_scatter(vt_zeros(VT_SHAPE(12), .dtype = VT_I64), 0, numbers, ones), flat);
}

static vt_tensor nonzero_unread(const vt_tensor *in)
{
    return vt_nonzero(vt_gather(in[0], 0, indices_of(VT_I64, 0, 5, 9)));
}

CASE(nonzero) = {
    { "bools", nonzero, { BOOLS(3, 4, 2) } },
    { "integers", nonzero, { INTEGERS(-1, 2, 30) } },
    { "NaN and infinity", nonzero_floats, { { 0 } } },
    { "in order", nonzero_differs, { BOOLS(3, 4) } },
    { "scalar", nonzero, { { INPUT_INTEGERS, 1, 2, { .rank = 0 } } } },
    { "nothing", nonzero, { INTEGERS(0, 5, 3, 0) } },
    { "none", nonzero, { INTEGERS(0, 1, 3, 2) } },
    { "what cannot be computed",
      nonzero_unread,
      { FLOATS(-1, 1, 5) },
      .refused = "index 5 at [1] is out of range: the extent is 5" },
    { 0 },
};

static vt_tensor masked_select(const vt_tensor *in)
{
    return vt_masked_select(in[0], in[1]);
}

/* What was selected and what was not are all there is. */
static vt_tensor masked_select_differs(const vt_tensor *in)
{
    vt_tensor there = vt_sum(vt_masked_select(in[0], in[1]));
    vt_tensor others = vt_sum(vt_masked_select(in[0], vt_logical_not(in[1])));
    return vt_sub(vt_add(there, others), vt_sum(in[0]));
}

CASE(masked_select) = {
    { "of the same shape", masked_select, { FLOATS(-1, 1, 3, 4), BOOLS(3, 4) } },
    { "a mask that broadcasts", masked_select, { FLOATS(-1, 1, 2, 3, 4), BOOLS(3, 1) } },
    { "x that broadcasts", masked_select, { FLOATS(-1, 1, 4), BOOLS(3, 4) }, .terms = 3 },
    { "integers", masked_select, { INTEGERS(-9, 9, 20), BOOLS(20) } },
    { "all of it", masked_select_differs, { FLOATS(-1, 1, 3, 4), BOOLS(3, 4) }, .terms = 12 },
    { "nothing", masked_select, { FLOATS(-1, 1, 0, 4), BOOLS(4) } },
    { "no bools",
      masked_select,
      { FLOATS(-1, 1, 3, 4), INTEGERS(0, 2, 3, 4) },
      .refused = "masked_select: mask is i64; it must be bool" },
    { "another shape",
      masked_select,
      { FLOATS(-1, 1, 3, 4), BOOLS(3) },
      .refused = "masked_select: x [3, 4] and mask [3] do not broadcast" },
    { 0 },
};

static vt_tensor unique(const vt_tensor *in)
{
    return vt_unique(in[0]);
}

static vt_tensor unique_counts(const vt_tensor *in)
{
    vt_tensor counts;
    vt_unique(in[0], .counts = &counts);
    return counts;
}

/* x again. */
static vt_tensor unique_inverse(const vt_tensor *in)
{
    vt_tensor inverse, found = vt_unique(in[0], .inverse = &inverse);
    return vt_sub(vt_gather(found, 0, vt_reshape(inverse, VT_SHAPE(-1))), vt_reshape(in[0], VT_SHAPE(-1)));
}

static vt_tensor unique_of_specials(const vt_tensor *in)
{
    (void)in;
    const float data[] = { 2, NAN, -0.0f, 1, 0, -NAN, INFINITY, 1, 2, -INFINITY };
    vt_tensor counts;
    vt_unique(vt_from_data(data, VT_SHAPE(10), VT_F32), .counts = &counts);
    return vt_equal(counts, vt_from_data(((const int64_t[]){ 1, 2, 2, 2, 1, 2 }), VT_SHAPE(6), VT_I64));
}

/* The values of x, each thrice. */
static vt_tensor unique_thrice(const vt_tensor *in)
{
    return vt_unique(vt_concat(((vt_tensor[]){ in[0], in[0], in[0] }), 3, 0));
}

CASE(unique) = {
    { "integers", unique, { INTEGERS(-3, 4, 5, 6) } },
    { "floats", unique, { DISTINCT(3, 4) } },
    { "floats thrice", unique_thrice, { DISTINCT(7) } },
    { "bools", unique, { BOOLS(3, 4) } },
    { "counts", unique_counts, { INTEGERS(-3, 4, 50) } },
    { "inverse", unique_inverse, { INTEGERS(-3, 4, 5, 6) } },
    { "NaN, infinity, zeros", unique_of_specials, { { 0 } } },
    { "scalar", unique, { FLOAT_SCALAR(-1, 1) } },
    { "nothing", unique, { FLOATS(-1, 1, 0, 3) } },
    { 0 },
};

static vt_tensor unfold(const vt_tensor *in)
{
    return vt_unfold(in[0], 2);
}

static vt_tensor unfold_options(const vt_tensor *in)
{
    return vt_unfold(in[0], 0, .kernel_hw = { 2, 3 }, .stride_hw = { 2, 1 }, .padding_hw = { 1, 2 },
                     .dilation_hw = { 2, 1 });
}

/* A convolution is the product of its weight and the columns. Their difference, beside what gives the result a size. */
static vt_tensor unfold_convolves(const vt_tensor *in)
{
    vt_tensor columns = vt_unfold(in[0], 3, .stride = 2, .padding = 1, .dilation = 2);
    vt_tensor y = vt_conv2d(in[0], in[1], .stride = 2, .padding = 1, .dilation = 2);
    vt_tensor product = vt_matmul(vt_reshape(in[1], VT_SHAPE(vt_dim(in[1], 0), -1)), columns);
    return vt_add(vt_sub(product, vt_flatten(y, 2, 3)), vt_add(vt_sum(in[0]), vt_sum(in[1])));
}

static vt_tensor unfold_large(const vt_tensor *in)
{
    return vt_unfold(in[0], 3, .dilation = 2);
}

static vt_tensor unfold_twice(const vt_tensor *in)
{
    return vt_unfold(in[0], 2, .stride = 2, .stride_hw = { 1, 2 });
}

CASE(unfold) = {
    { "two by two", unfold, { FLOATS(-1, 1, 2, 3, 4, 3) }, .terms = 4 },
    { "options", unfold_options, { FLOATS(-1, 1, 2, 2, 5, 4) }, .terms = 6 },
    { "a convolution", unfold_convolves, { FLOATS(-1, 1, 2, 2, 7, 6), FLOATS(-1, 1, 3, 2, 3, 3) }, .terms = 18 },
    { "integers", unfold, { INTEGERS(-9, 9, 1, 2, 3, 3) } },
    { "no images", unfold, { FLOATS(-1, 1, 0, 2, 3, 3) } },
    { "no image",
      unfold,
      { FLOATS(-1, 1, 2, 3, 3) },
      .refused = "unfold: x [2, 3, 3] must be [batch, channels, height, width]" },
    { "a window that is too large",
      unfold_large,
      { FLOATS(-1, 1, 1, 1, 5, 4) },
      .refused = "unfold: kernel 3, 3 with dilation 2, 2 is larger than an image of 5 by 4 with padding 0, 0" },
    { "a stride and stride_hw",
      unfold_twice,
      { FLOATS(-1, 1, 1, 1, 5, 4) },
      .refused = "unfold: stride = 2 and stride_hw = { 1, 2 }" },
    { 0 },
};

static vt_tensor fold(const vt_tensor *in)
{
    return vt_fold(in[0], 4, 3, 2);
}

static vt_tensor fold_options(const vt_tensor *in)
{
    return vt_fold(in[0], 5, 4, 0, .kernel_hw = { 2, 3 }, .stride_hw = { 2, 1 }, .padding_hw = { 1, 2 },
                   .dilation_hw = { 2, 1 });
}

/* Windows beside each other are put together again. */
static vt_tensor fold_back(const vt_tensor *in)
{
    return vt_sub(vt_fold(vt_unfold(in[0], 2, .stride = 2), 4, 6, 2, .stride = 2), in[0]);
}

/* <unfold x, y> - <x, fold y>, beside what gives the result a size. */
static vt_tensor fold_is_transposed(const vt_tensor *in)
{
    vt_tensor there = vt_sum(vt_mul(vt_unfold(in[0], 2, .padding = 1), in[1]));
    vt_tensor difference = vt_sub(there, vt_sum(vt_mul(in[0], vt_fold(in[1], 3, 4, 2, .padding = 1))));
    return vt_add(difference, vt_add(vt_sum(in[0]), vt_sum(in[1])));
}

CASE(fold) = {
    { "two by two", fold, { FLOATS(-1, 1, 2, 12, 6) }, .terms = 4 },
    { "options", fold_options, { FLOATS(-1, 1, 2, 12, 18) }, .terms = 6 },
    { "and back", fold_back, { FLOATS(-1, 1, 2, 3, 4, 6) } },
    { "the transpose", fold_is_transposed, { FLOATS(-1, 1, 2, 2, 3, 4), FLOATS(-1, 1, 2, 8, 20) }, .terms = 320 },
    { "integers", fold, { INTEGERS(-9, 9, 1, 4, 6) } },
    { "other columns",
      fold,
      { FLOATS(-1, 1, 2, 12, 7) },
      .refused = "fold: columns [2, 12, 7] must be [batch, channels times 4 elements of a window, 6 windows]" },
    { "other windows", fold, { FLOATS(-1, 1, 2, 10, 6) }, .refused = "fold: columns [2, 10, 6] must be [batch," },
    { 0 },
};
