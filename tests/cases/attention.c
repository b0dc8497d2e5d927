/* attention.c - samples of attention. */
#include "cases/case.h"

/* A sample's function: attention with the options given. */
#define ATTENTION(name, ...)                                                                                           \
    static vt_tensor name(const vt_tensor *in)                                                                         \
    {                                                                                                                  \
        return vt_attention(in[0], in[1], in[2], __VA_ARGS__);                                                         \
    }

ATTENTION(plain, .scale = 0)
ATTENTION(scaled, .scale = 0.7)
ATTENTION(dropped, .dropout = 0.4)
ATTENTION(causal, .causal = true)
ATTENTION(biased, .bias = in[3])
ATTENTION(masked_by_input, .mask = in[3])

/* Every query sees key 0, and the others as the mask has it. */
static vt_tensor with_key_0(vt_tensor mask, vt_tensor k)
{
    vt_tensor first =
        vt_equal(vt_arange(0, (double)vt_dim(k, -2), .dtype = VT_I64), vt_full(VT_SCALAR, 0, .dtype = VT_I64));
    return vt_logical_or(mask, first);
}

static vt_tensor masked(const vt_tensor *in)
{
    return vt_attention(in[0], in[1], in[2], .mask = with_key_0(in[3], in[1]));
}

static vt_tensor everything(const vt_tensor *in)
{
    return vt_attention(in[0], in[1], in[2], .mask = with_key_0(in[3], in[1]), .bias = in[4], .causal = true,
                        .dropout = 0.3, .scale = 0.5);
}

/* The weights are those before dropout, and can be differentiated. */
static vt_tensor weights(const vt_tensor *in)
{
    vt_tensor w;
    vt_attention(in[0], in[1], in[2], .dropout = 0.5, .weights = &w);
    return w;
}

static vt_tensor result_and_weights(const vt_tensor *in)
{
    vt_tensor w, y = vt_attention(in[0], in[1], in[2], .weights = &w);
    return vt_add(y, vt_sum(vt_mul(w, w)));
}

static vt_tensor failed(const vt_tensor *in)
{
    vt_tensor w = in[0];
    vt_attention(in[0], in[1], in[2], .weights = &w);
    return w;
}

#define X(...) FLOATS(-2, 2, __VA_ARGS__)

CASE(attention) = {
    { "matrices", plain, { X(3, 4), X(5, 4), X(5, 2) }, .terms = 20 },
    { "heads", plain, { X(2, 3, 4, 5), X(2, 3, 4, 5), X(2, 3, 4, 5) }, .terms = 20 },
    { "shared keys", plain, { X(2, 3, 4, 5), X(2, 1, 6, 5), X(2, 1, 6, 2) }, .terms = 40 },
    { "one query, one key", plain, { X(2, 1, 3), X(2, 1, 3), X(2, 1, 3) } },
    { "scaled", scaled, { X(2, 4, 5), X(2, 3, 5), X(2, 3, 5) }, .terms = 20 },
    { "dropped", dropped, { X(2, 4, 5), X(2, 3, 5), X(2, 3, 5) }, .terms = 20 },
    { "masked", masked, { X(2, 4, 5), X(2, 3, 5), X(2, 3, 5), BOOLS(2, 4, 3) }, .terms = 20 },
    { "keys masked for every query", masked, { X(2, 4, 5), X(2, 3, 5), X(2, 3, 5), BOOLS(3) }, .terms = 20 },
    { "biased", biased, { X(2, 4, 5), X(2, 3, 5), X(2, 3, 5), X(4, 3) }, .terms = 20 },
    { "causal", causal, { X(2, 4, 3), X(2, 4, 3), X(2, 4, 3) }, .terms = 20 },
    { "causal, fewer keys", causal, { X(4, 3), X(2, 3), X(2, 3) }, .terms = 20 },
    { "everything", everything, { X(2, 4, 5), X(2, 3, 5), X(2, 3, 5), BOOLS(4, 3), X(2, 1, 3) }, .terms = 20 },
    { "the weights", weights, { X(2, 4, 5), X(2, 3, 5), X(2, 3, 5) }, .terms = 20 },
    { "the result and the weights", result_and_weights, { X(4, 5), X(3, 5), X(3, 5) }, .terms = 20 },
    { "no batches", plain, { X(0, 4, 5), X(0, 3, 5), X(0, 3, 5) } },
    { "no queries", plain, { X(2, 0, 5), X(2, 3, 5), X(2, 3, 5) } },
    { "channels that differ",
      plain,
      { X(3, 4), X(5, 3), X(5, 2) },
      .refused = "attention: q [3, 4] has 4 channels, k [5, 3] has 3" },
    { "keys without values",
      plain,
      { X(3, 4), X(5, 4), X(4, 2) },
      .refused = "attention: k [5, 4] has 5 keys, v [4, 2] has 4 values" },
    { "a vector", plain, { X(4), X(5, 4), X(5, 2) }, .refused = "attention: q [4], k [5, 4] and v must have two" },
    { "integers",
      plain,
      { INTEGERS(0, 2, 3, 4), X(5, 4), X(5, 2) },
      .refused = "attention: q is i64, k f32, v f32; all must be f32, or all f64" },
    { "a mask of numbers",
      masked_by_input,
      { X(3, 4), X(5, 4), X(5, 2), X(3, 5) },
      .refused = "attention: mask is f32; it must be bool" },
    { "a mask of another shape",
      masked_by_input,
      { X(3, 4), X(5, 4), X(5, 2), BOOLS(3, 4) },
      .refused = "attention: mask [3, 4] does not broadcast to the logits, [3, 5]" },
    { "a mask with more axes",
      masked_by_input,
      { X(3, 4), X(5, 4), X(5, 2), BOOLS(2, 3, 5) },
      .refused = "attention: mask [2, 3, 5] does not broadcast to the logits, [3, 5]" },
    { "a bias with more axes",
      biased,
      { X(3, 4), X(5, 4), X(5, 2), X(2, 3, 5) },
      .refused = "attention: bias [2, 3, 5] does not broadcast to the logits, [3, 5]" },
    { "heads that differ",
      plain,
      { X(2, 3, 4), X(3, 5, 4), X(3, 5, 4) },
      .refused = "attention: matmul: the leading axes of a [2, 3, 4]" },
    { "weights of what is refused", failed, { X(3, 4), X(5, 3), X(5, 2) }, .refused = "attention: q [3, 4] has 4" },
    { 0 },
};
