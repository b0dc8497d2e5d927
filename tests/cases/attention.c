/* attention.c - samples of attention. */
#include "cases/case.h"
#include "ops/attention.h"
#include "ops/infer.h"
#include "ops/list.h"
#include <math.h>

/* A sample's function: attention with the options given. */
#define ATTENTION(name, ...)                                                                                           \
    static vt_tensor name(const vt_tensor *in)                                                                         \
    {                                                                                                                  \
        return vt_attention(in[0], in[1], in[2], __VA_ARGS__);                                                         \
    }

ATTENTION(plain, .scale = VT_AUTO)
ATTENTION(scaled, .scale = 0.7)
ATTENTION(dropped, .dropout = 0.4)
ATTENTION(dropped_altogether, .dropout = 1)
ATTENTION(causal, .causal = true)
ATTENTION(causal_to_the_end, .causal = true, .queries_last = true)
ATTENTION(windowed, .window = 2)
ATTENTION(causal_windowed, .causal = true, .window = 2)
ATTENTION(all_of_them, .causal = true, .queries_last = true, .window = 3, .mask = in[3])
ATTENTION(no_window, .window = 0)
ATTENTION(biased, .bias = in[3])
ATTENTION(masked_by_input, .mask = in[3])

/* q, k and v as parts of one array, [batch, tokens, 3, heads, channels]. */
static vt_tensor packed(const vt_tensor *in)
{
    vt_tensor part[3];
    vt_unstack(vt_rearrange(in[0], "b n t h d -> t b h n d"), 0, 3, part);
    return vt_attention(part[0], part[1], part[2]);
}

/* A key that the mask hides has a bias of -inf. */
static vt_tensor hidden_by_bias(const vt_tensor *in)
{
    vt_tensor low = vt_full(VT_SCALAR, -INFINITY, .dtype = vt_dtype_of(in[3]));
    return vt_attention(in[0], in[1], in[2], .bias = vt_where(in[4], in[3], low));
}

/* Query 0 sees nothing, the others what the mask has. */
static vt_tensor blind(const vt_tensor *in)
{
    vt_tensor query = vt_arange(0, (double)vt_dim(in[0], -2), .dtype = VT_I64);
    vt_tensor later = vt_greater(query, vt_full(VT_SCALAR, 0, .dtype = VT_I64));
    vt_tensor mask = vt_logical_and(in[3], vt_reshape(later, VT_SHAPE(vt_dim(in[0], -2), 1)));
    return vt_attention(in[0], in[1], in[2], .mask = mask);
}

/* No query sees the key. */
static vt_tensor all_blind(const vt_tensor *in)
{
    return vt_attention(in[0], in[1], in[2], .mask = vt_logical_and(in[3], vt_logical_not(in[3])));
}

static vt_tensor masked_and_causal(const vt_tensor *in)
{
    return vt_attention(in[0], in[1], in[2], .mask = in[3], .causal = true);
}

static vt_tensor masked_weights(const vt_tensor *in)
{
    vt_tensor w;
    vt_attention(in[0], in[1], in[2], .mask = in[3], .weights = &w);
    return w;
}

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
    { "causal, aligned at the last key",
      causal_to_the_end,
      { FLOATS(-1, 1, 2, 3, 4), FLOATS(-1, 1, 2, 5, 4), FLOATS(-1, 1, 2, 5, 4) },
      .terms = 5 },
    { "queries before all keys",
      causal_to_the_end,
      { FLOATS(-1, 1, 5, 4), FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 3, 4) },
      .terms = 4 },
    { "a window", windowed, { FLOATS(-1, 1, 2, 5, 4), FLOATS(-1, 1, 2, 5, 4), FLOATS(-1, 1, 2, 5, 4) }, .terms = 5 },
    { "queries beyond a window",
      windowed,
      { FLOATS(-1, 1, 6, 4), FLOATS(-1, 1, 3, 4), FLOATS(-1, 1, 3, 4) },
      .terms = 4 },
    { "a causal window",
      causal_windowed,
      { FLOATS(-1, 1, 2, 5, 4), FLOATS(-1, 1, 2, 5, 4), FLOATS(-1, 1, 2, 5, 4) },
      .terms = 5 },
    { "a causal window and a mask, aligned at the last key",
      all_of_them,
      { FLOATS(-1, 1, 2, 3, 4), FLOATS(-1, 1, 2, 5, 4), FLOATS(-1, 1, 2, 5, 4), BOOLS(2, 3, 5) },
      .terms = 5 },
    { "no window",
      no_window,
      { FLOATS(-1, 1, 5, 4), FLOATS(-1, 1, 5, 4), FLOATS(-1, 1, 5, 4) },
      .refused = "attention: window is 0; it must be 1 or more" },
    { "matrices", plain, { X(3, 4), X(5, 4), X(5, 2) }, .terms = 20 },
    { "heads", plain, { X(2, 3, 4, 5), X(2, 3, 4, 5), X(2, 3, 4, 5) }, .terms = 20 },
    { "shared keys", plain, { X(2, 3, 4, 5), X(2, 1, 6, 5), X(2, 1, 6, 2) }, .terms = 40 },
    { "one query, one key", plain, { X(2, 1, 3), X(2, 1, 3), X(2, 1, 3) } },
    { "scaled", scaled, { X(2, 4, 5), X(2, 3, 5), X(2, 3, 5) }, .terms = 20 },
    { "dropped", dropped, { X(2, 4, 5), X(2, 3, 5), X(2, 3, 5) }, .terms = 20 },
    { "masked", masked, { X(2, 4, 5), X(2, 3, 5), X(2, 3, 5), BOOLS(2, 4, 3) }, .terms = 20 },
    { "keys masked for every query", masked, { X(2, 4, 5), X(2, 3, 5), X(2, 3, 5), BOOLS(3) }, .terms = 20 },
    { "biased", biased, { X(2, 4, 5), X(2, 3, 5), X(2, 3, 5), X(4, 3) }, .terms = 20 },
    { "a bias for each head", biased, { X(3, 2, 4, 5), X(3, 2, 3, 5), X(3, 2, 3, 5), X(2, 4, 3) }, .terms = 20 },
    { "a bias for each window", biased, { X(3, 2, 4, 5), X(3, 2, 3, 5), X(3, 2, 3, 5), X(3, 1, 4, 3) }, .terms = 20 },
    { "a bias for each key", biased, { X(2, 4, 5), X(2, 3, 5), X(2, 3, 5), X(2, 1, 3) }, .terms = 20 },
    { "a bias for each query", biased, { X(2, 4, 5), X(2, 3, 5), X(2, 3, 5), X(4, 1) }, .terms = 20 },
    { "one bias for all", biased, { X(2, 4, 5), X(3, 5), X(3, 5), X(1) }, .terms = 30 },
    { "causal", causal, { X(2, 4, 3), X(2, 4, 3), X(2, 4, 3) }, .terms = 20 },
    { "causal, fewer keys", causal, { X(4, 3), X(2, 3), X(2, 3) }, .terms = 20 },
    { "everything", everything, { X(2, 4, 5), X(2, 3, 5), X(2, 3, 5), BOOLS(4, 3), X(2, 1, 3) }, .terms = 20 },
    { "the weights", weights, { X(2, 4, 5), X(2, 3, 5), X(2, 3, 5) }, .terms = 20 },
    { "the result and the weights", result_and_weights, { X(4, 5), X(3, 5), X(3, 5) }, .terms = 20 },
    { "parts of one array", packed, { X(2, 5, 3, 2, 4) }, .terms = 20 },
    { "keys and values of more leading axes", plain, { X(4, 5), X(2, 3, 5), X(3, 1, 3, 5) }, .terms = 20 },
    { "masks differ by head",
      masked_by_input,
      { X(2, 2, 3, 4), X(2, 2, 5, 4), X(2, 2, 5, 2), BOOLS(2, 3, 5) },
      .terms = 20 },
    { "biased and masked",
      everything,
      { X(2, 2, 4, 5), X(2, 1, 6, 5), X(2, 1, 6, 5), BOOLS(2, 1, 4, 6), X(2, 1, 6) },
      .terms = 40 },
    { "queries that see nothing", blind, { X(4, 5), X(2, 5), X(2, 3), BOOLS(4, 2) }, .terms = 20 },
    { "nobody sees anything", all_blind, { X(4, 5), X(3, 5), X(3, 3), BOOLS(4, 3) }, .terms = 20 },
    { "queries that see nothing, causal", masked_and_causal, { X(4, 5), X(4, 5), X(4, 3), BOOLS(4) }, .terms = 20 },
    { "queries that see nothing for their bias",
      hidden_by_bias,
      { X(4, 5), X(2, 5), X(2, 3), X(4, 2), BOOLS(4, 2) },
      .terms = 20 },
    { "weights of queries that see nothing", masked_weights, { X(4, 5), X(2, 5), X(2, 3), BOOLS(4, 2) }, .terms = 20 },
    { "a ViT's heads", packed, { X(1, 65, 3, 2, 16) }, .terms = 1040, .no_gradcheck = true },
    { "an odd number of channels", packed, { X(1, 33, 3, 2, 7) }, .terms = 240, .no_gradcheck = true },
    { "197 tokens", packed, { X(1, 197, 3, 1, 32) }, .terms = 6304, .no_gradcheck = true },
    { "197 tokens, causal", causal, { X(197, 24), X(197, 24), X(197, 40) }, .terms = 4728, .no_gradcheck = true },
    { "more keys than a block", plain, { X(3, 4), X(1100, 4), X(1100, 5) }, .terms = 4400, .no_gradcheck = true },
    { "more keys than a block, masked",
      masked_by_input,
      { X(17, 4), X(530, 4), X(530, 5), BOOLS(17, 530) },
      .terms = 2120,
      .no_gradcheck = true },
    { "more keys and queries than a block, causal",
      causal,
      { X(600, 3), X(601, 3), X(601, 4) },
      .terms = 1800,
      .no_gradcheck = true },
    { "no keys", plain, { X(2, 4, 5), X(2, 0, 5), X(2, 0, 3) } },
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
      .refused = "attention: the leading axes of q [2, 3, 4], k [3, 5, 4] and v [3, 5, 4] do not" },
    { "a bias of another dtype",
      biased,
      { X(3, 4), X(5, 4), X(5, 2), INTEGERS(0, 2, 3, 5) },
      .refused = "attention: bias is i64, q is f32; they must be the same" },
    { "dropout of everything",
      dropped_altogether,
      { X(3, 4), X(5, 4), X(5, 2) },
      .refused = "attention: dropout is 1; it must be at least 0 and less than 1" },
    { "weights of what is refused", failed, { X(3, 4), X(5, 3), X(5, 2) }, .refused = "attention: q [3, 4] has 4" },
    { 0 },
};

static vt_tensor weights_alone(const vt_tensor *in)
{
    vt_tensor w;
    vt_attention(in[0], in[1], in[1], .weights = &w);
    return w;
}

static vt_tensor weights_of_all(const vt_tensor *in)
{
    vt_tensor w;
    vt_attention(in[0], in[1], in[1], .bias = in[2], .mask = with_key_0(in[3], in[1]), .causal = true, .weights = &w);
    return w;
}

static vt_tensor weights_biased(const vt_tensor *in)
{
    vt_tensor w;
    vt_attention(in[0], in[1], in[2], .bias = in[3], .scale = 0.7, .weights = &w);
    return w;
}

CASE(attention_weights) = {
    { "matrices", weights_alone, { X(3, 4), X(5, 4) }, .terms = 20 },
    { "heads", weights_alone, { X(2, 3, 4, 5), X(2, 1, 6, 5) }, .terms = 30 },
    { "a bias, a mask, causal", weights_of_all, { X(2, 4, 5), X(2, 3, 5), X(2, 1, 3), BOOLS(4, 3) }, .terms = 20 },
    { "a bias with an axis that only v has",
      weights_biased,
      { X(2, 4, 5), X(2, 3, 5), X(2, 2, 3, 5), X(2, 1, 4, 3) },
      .terms = 20 },
    { 0 },
};

/* -- What devices with a kernel for it record --------------------------------------------------------------------- */

static vt_tensor attention_dropout(const vt_tensor *in)
{
    vt_tensor out[ATTENTION_OUTPUTS];
    attention_attributes a = { .scale = 0.5, .causal = in[3].id != 0, .dropout = 0.3 };
    record_into(&(recording){ .op = &op_attention_dropout,
                              .at = VT_HERE,
                              .bound = bound_random(),
                              INPUTS(in[0], in[1], in[2], in[3], in[4]),
                              .attributes = &a,
                              .attributes_size = sizeof a },
                out);
    return out[ATTENTION_Y];
}

CASE(attention_dropout) = {
    { "heads", attention_dropout, { X(2, 3, 5, 4), X(2, 3, 7, 4), X(2, 3, 7, 6) }, .terms = 30 },
    { "one for all heads", attention_dropout, { X(2, 3, 5, 4), X(3, 5, 4), X(5, 2) }, .terms = 30 },
    { "biased and causal", attention_dropout, { X(2, 5, 4), X(2, 5, 4), X(2, 5, 3), X(5, 5) }, .terms = 30 },
    { "biased and masked",
      attention_dropout,
      { X(2, 5, 4), X(2, 5, 4), X(2, 5, 3), X(2, 5, 5), BOOLS(5, 5) },
      .terms = 30 },
    { "more queries and keys than a block",
      attention_dropout,
      { X(2, 130, 3), X(2, 530, 3), X(2, 530, 4) },
      .terms = 2120,
      .no_gradcheck = true },
    { 0 },
};
