/* attention.c - scaled dot-product attention: an op where the map of weights is not wanted, so that it need not exist;
 * otherwise written in other ops. */
#include "core/base/shape.h"
#include "core/context.h"
#include "ops/attention.h"
#include "ops/elementwise.h"
#include "ops/infer.h"
#include <vitro/vitro.h>
#include <math.h>

/* -- Checks ------------------------------------------------------------------------------------------------------ */

static bool check_shapes(const vt_attention_args *a, vt_shape q, vt_shape k, vt_shape v)
{
    char s[128], t[128];
    if (q.rank < 2 || k.rank < 2 || v.rank < 2)
        refuse_call("attention", a->at_, VT_ERROR_ARGUMENT, "q %s, k %s and v must have two axes or more",
                    vt_shape_text(q, s), vt_shape_text(k, t));
    else if (q.dim[q.rank - 1] != k.dim[k.rank - 1])
        refuse_call("attention", a->at_, VT_ERROR_ARGUMENT, "q %s has %lld channels, k %s has %lld",
                    vt_shape_text(q, s), (long long)q.dim[q.rank - 1], vt_shape_text(k, t),
                    (long long)k.dim[k.rank - 1]);
    else if (k.dim[k.rank - 2] != v.dim[v.rank - 2])
        refuse_call("attention", a->at_, VT_ERROR_ARGUMENT, "k %s has %lld keys, v %s has %lld values",
                    vt_shape_text(k, s), (long long)k.dim[k.rank - 2], vt_shape_text(v, t),
                    (long long)v.dim[v.rank - 2]);
    else
        return true;
    return false;
}

/* The leading axes of q, k and v, broadcast, with two extents after them. */
static bool leading_shape(vt_shape q, vt_shape k, vt_shape v, int64_t rows, int64_t columns, vt_shape *out)
{
    q.rank -= 2;
    k.rank -= 2;
    v.rank -= 2;
    if (!shape_broadcast(q, k, out) || !shape_broadcast(*out, v, out) || out->rank > VT_MAX_RANK - 2) return false;
    out->dim[out->rank++] = rows;
    out->dim[out->rank++] = columns;
    return true;
}

/* A mask or a bias, which must not make the logits larger; absent is fine. */
static bool broadcasts(const vt_attention_args *a, const char *what, vt_tensor x, vt_shape logits)
{
    spec s;
    vt_shape whole;
    char b[128], c[128];
    if (!x.id) return true;
    if (!spec_of("attention", a->at_, what, x, &s)) return false;
    if (shape_broadcast(s.shape, logits, &whole) && vt_shape_equal(whole, logits)) return true;
    refuse_call("attention", a->at_, VT_ERROR_ARGUMENT, "%s %s does not broadcast to the logits, %s", what,
                vt_shape_text(s.shape, b), vt_shape_text(logits, c));
    return false;
}

static bool check_logits(const vt_attention_args *a, vt_shape q, vt_shape k, vt_shape v)
{
    vt_shape logits;
    char s[128], t[128], u[128];
    if (leading_shape(q, k, v, q.dim[q.rank - 2], k.dim[k.rank - 2], &logits))
        return broadcasts(a, "bias", a->bias, logits) && broadcasts(a, "mask", a->mask, logits);
    refuse_call("attention", a->at_, VT_ERROR_ARGUMENT, "the leading axes of q %s, k %s and v %s do not broadcast",
                vt_shape_text(q, s), vt_shape_text(k, t), vt_shape_text(v, u));
    return false;
}

static bool check(const vt_attention_args *a)
{
    spec q, k, v, bias, mask;
    if (vt_failed() || !spec_of("attention", a->at_, "q", a->q, &q) || !spec_of("attention", a->at_, "k", a->k, &k) ||
        !spec_of("attention", a->at_, "v", a->v, &v))
        return false;
    if (a->mask.id && !spec_of("attention", a->at_, "mask", a->mask, &mask)) return false;
    if (a->bias.id && !spec_of("attention", a->at_, "bias", a->bias, &bias)) return false;
    if (!vt_dtype_is_float(q.dtype) || k.dtype != q.dtype || v.dtype != q.dtype)
        refuse_call("attention", a->at_, VT_ERROR_ARGUMENT, "q is %s, k %s, v %s; all must be f32, or all f64",
                    vt_dtype_name(q.dtype), vt_dtype_name(k.dtype), vt_dtype_name(v.dtype));
    else if (a->bias.id && bias.dtype != q.dtype)
        refuse_call("attention", a->at_, VT_ERROR_ARGUMENT, "bias is %s, q is %s; they must be the same",
                    vt_dtype_name(bias.dtype), vt_dtype_name(q.dtype));
    else if (a->mask.id && mask.dtype != VT_BOOL)
        refuse_call("attention", a->at_, VT_ERROR_ARGUMENT,
                    "mask is %s; it must be bool. A bias is added to the logits", vt_dtype_name(mask.dtype));
    else if (!(a->dropout >= 0 && a->dropout < 1))
        refuse_call("attention", a->at_, VT_ERROR_ARGUMENT, "dropout is %g; it must be at least 0 and less than 1",
                    a->dropout);
    else if (a->window != VT_AUTO && a->window < 1)
        refuse_call("attention", a->at_, VT_ERROR_ARGUMENT, "window is %lld; it must be 1 or more",
                    (long long)a->window);
    else if (!isfinite(a->scale))
        refuse_call("attention", a->at_, VT_ERROR_ARGUMENT, "scale is %g; it must be finite", a->scale);
    else
        return check_shapes(a, q.shape, k.shape, v.shape) && check_logits(a, q.shape, k.shape, v.shape);
    return false;
}

/* -- In other ops ------------------------------------------------------------------------------------------------ */

/* What the weights follow from. */
typedef struct scores {
    vt_tensor q, k, bias, mask;
    double scale;
    bool causal;
} scores;

/* [queries, keys], true where the key is not after the query */
static vt_tensor causal_mask(int64_t queries, int64_t keys)
{
    vt_tensor query = vt_arange(0, (double)queries, .dtype = VT_I64), key = vt_arange(0, (double)keys, .dtype = VT_I64);
    return vt_greater_equal(vt_reshape(query, VT_SHAPE(queries, 1)), key);
}

static vt_tensor hide(vt_tensor logits, vt_tensor mask)
{
    return vt_where(mask, logits, constant_like(logits, -INFINITY));
}

static vt_tensor logits_of(const scores *s)
{
    vt_tensor logits = vt_matmul(vt_scale(s->q, s->scale), s->k, .transpose_b = true); /* q is the smaller */
    if (s->bias.id) logits = vt_add(logits, s->bias);
    if (s->mask.id) logits = hide(logits, s->mask);
    return s->causal ? hide(logits, causal_mask(vt_dim(s->q, -2), vt_dim(s->k, -2))) : logits;
}

/* The largest logit of each query; inert where none can be -inf: key 0 is hidden by a mask or a bias alone. */
static vt_tensor largest(const scores *s, vt_tensor logits)
{
    if ((!s->bias.id && !s->mask.id) || vt_dim(s->k, -2) == 0) return VT_INERT;
    return vt_detach(vt_max(logits, .axes = VT_AXES(-1), .keep = true));
}

/* x for queries that see a key, zeros for the others */
static vt_tensor if_seeing(vt_tensor max, vt_tensor x)
{
    if (!max.id) return x;
    return vt_where(vt_not_equal(max, constant_like(max, -INFINITY)), x, constant_like(x, 0));
}

/* The zeros go in before the softmax too: its gradient would be NaN. */
static vt_tensor weights_of(const scores *s)
{
    vt_tensor logits = logits_of(s), max = largest(s, logits);
    return if_seeing(max, vt_softmax(if_seeing(max, logits), -1));
}

static vt_tensor logsumexp_of(const scores *s, vt_shape shape)
{
    vt_tensor logits = logits_of(s);
    if (vt_count(logits) == 0) return vt_full(shape, 0, .dtype = vt_dtype_of(logits));
    vt_tensor max = vt_max(logits, .axes = VT_AXES(-1), .keep = true), shift = if_seeing(max, max);
    vt_tensor sum = vt_sum(vt_exp(vt_sub(logits, shift)), .axes = VT_AXES(-1), .keep = true);
    return vt_expand(vt_squeeze(if_seeing(max, vt_add(vt_log(sum), shift)), -1), shape);
}

/* The gradient of the logits: weights (dweights - Σ weights dweights) */
static vt_tensor logits_gradient(vt_tensor weights, vt_tensor dweights)
{
    vt_tensor mean = vt_sum(vt_mul(weights, dweights), .axes = VT_AXES(-1), .keep = true);
    return vt_mul(weights, vt_sub(dweights, mean));
}

/* -- The op ------------------------------------------------------------------------------------------------------ */

static bool infer_attention(const node *n, const spec *in, spec *out)
{
    vt_shape q = in[ATTENTION_Q].shape, k = in[ATTENTION_K].shape, v = in[ATTENTION_V].shape;
    out[ATTENTION_Y].dtype = out[ATTENTION_LOGSUMEXP].dtype = in[ATTENTION_Q].dtype;
    if (!leading_shape(q, k, v, q.dim[q.rank - 2], v.dim[v.rank - 1], &out[ATTENTION_Y].shape))
        return refuse(n, "the leading axes of q, k and v do not broadcast");
    out[ATTENTION_LOGSUMEXP].shape = out[ATTENTION_Y].shape;
    out[ATTENTION_LOGSUMEXP].shape.rank--;
    return true;
}

/* The logits' shape: a bias or a mask may have leading axes that only v has beside it. */
static bool infer_weights(const node *n, const spec *in, spec *out)
{
    vt_shape q = in[ATTENTION_WEIGHTS_Q].shape, k = in[ATTENTION_WEIGHTS_K].shape;
    out->dtype = in[ATTENTION_WEIGHTS_Q].dtype;
    bool fits = leading_shape(q, k, k, q.dim[q.rank - 2], k.dim[k.rank - 2], &out->shape);
    for (int i = ATTENTION_WEIGHTS_BIAS; fits && i < n->inputs; i++)
        fits = !n->in[i].id || shape_broadcast(out->shape, in[i].shape, &out->shape);
    return fits || refuse(n, "the leading axes of q and k do not broadcast");
}

static bool infer_gradient(const node *n, const spec *in, spec *out)
{
    (void)n;
    vt_shape lead = in[ATTENTION_GRADIENT_G].shape;
    for (int i = 0; i < ATTENTION_GRADIENT_OUTPUTS; i++) {
        vt_shape of = in[ATTENTION_GRADIENT_Q + i].shape;
        out[i] = (spec){ in[ATTENTION_GRADIENT_Q].dtype, lead };
        for (int k = 1; k <= 2; k++) out[i].shape.dim[lead.rank - k] = of.dim[of.rank - k];
    }
    return true;
}

static bool infer_bias_gradient(const node *n, const spec *in, spec *out)
{
    out[ATTENTION_BIAS_GRADIENT_DBIAS] = in[ATTENTION_GRADIENT_BIAS];
    return infer_gradient(n, in, out);
}

static scores scores_of(const node *n, vt_tensor q, vt_tensor k, vt_tensor bias, vt_tensor mask)
{
    const attention_attributes *a = ATTRIBUTES(attention_attributes, n);
    return (scores){ q, k, bias, mask, a->scale, a->causal };
}

static void attention_decompose(const node *n, vt_tensor *out)
{
    scores s = scores_of(n, n->in[ATTENTION_Q], n->in[ATTENTION_K], n->in[ATTENTION_BIAS], n->in[ATTENTION_MASK]);
    out[ATTENTION_Y] = vt_matmul(weights_of(&s), n->in[ATTENTION_V]);
    out[ATTENTION_LOGSUMEXP] = logsumexp_of(&s, n->out_spec[ATTENTION_LOGSUMEXP].shape);
}

/* x [..., queries, keys] with the mask of the node. */
static vt_tensor drop(const node *n, vt_tensor x)
{
    return record(&op_dropout, n->at, INPUTS(x),
                  ATTRIBUTE(dropout_attributes, .p = ATTRIBUTES(attention_attributes, n)->dropout), .bound = n->bound);
}

static void attention_dropout_decompose(const node *n, vt_tensor *out)
{
    scores s = scores_of(n, n->in[ATTENTION_Q], n->in[ATTENTION_K], n->in[ATTENTION_BIAS], n->in[ATTENTION_MASK]);
    out[ATTENTION_Y] = vt_matmul(drop(n, weights_of(&s)), n->in[ATTENTION_V]);
    out[ATTENTION_LOGSUMEXP] = logsumexp_of(&s, n->out_spec[ATTENTION_LOGSUMEXP].shape);
}

static void attention_weights_decompose(const node *n, vt_tensor *out)
{
    scores s = scores_of(n, n->in[ATTENTION_WEIGHTS_Q], n->in[ATTENTION_WEIGHTS_K], n->in[ATTENTION_WEIGHTS_BIAS],
                         n->in[ATTENTION_WEIGHTS_MASK]);
    out[0] = weights_of(&s);
}

/* dq = scale dlogits k, dk = scale dlogitsᵀ q, dv = weightsᵀ g with dweights = g vᵀ. Written in q, k and v alone, not
 * in y and the logsumexp, so that differentiating it once more is complete. */
static void gradient_decompose(const node *n, vt_tensor (*mask)(const node *n, vt_tensor x), vt_tensor *out)
{
    vt_tensor g = n->in[ATTENTION_GRADIENT_G], q = n->in[ATTENTION_GRADIENT_Q], k = n->in[ATTENTION_GRADIENT_K];
    scores s = scores_of(n, q, k, n->in[ATTENTION_GRADIENT_BIAS], n->in[ATTENTION_GRADIENT_MASK]);
    vt_tensor weights = weights_of(&s), dweights = vt_matmul(g, n->in[ATTENTION_GRADIENT_V], .transpose_b = true);
    vt_tensor dlogits = logits_gradient(weights, mask ? mask(n, dweights) : dweights);
    out[ATTENTION_GRADIENT_DQ] = vt_scale(vt_matmul(dlogits, k), s.scale);
    out[ATTENTION_GRADIENT_DK] = vt_scale(vt_matmul(dlogits, q, .transpose_a = true), s.scale);
    out[ATTENTION_GRADIENT_DV] = vt_matmul(mask ? mask(n, weights) : weights, g, .transpose_a = true);
}

static void attention_gradient_decompose(const node *n, vt_tensor *out)
{
    gradient_decompose(n, NULL, out);
}

static void attention_dropout_gradient_decompose(const node *n, vt_tensor *out)
{
    gradient_decompose(n, drop, out);
}

/* Those of the other inputs by the op that has them alone. */
static void bias_gradient_decompose(const node *n, const op *others, vt_tensor (*mask)(const node *n, vt_tensor x),
                                    vt_tensor *out)
{
    const vt_tensor *in = n->in;
    scores s = scores_of(n, in[ATTENTION_GRADIENT_Q], in[ATTENTION_GRADIENT_K], in[ATTENTION_GRADIENT_BIAS],
                         in[ATTENTION_GRADIENT_MASK]);
    record_into(&(recording){ .op = others,
                              .at = n->at,
                              .bound = n->bound,
                              .in = in,
                              .inputs = n->inputs,
                              .attributes = n->attributes,
                              .attributes_size = n->attributes_size },
                out);
    vt_tensor dweights = vt_matmul(in[ATTENTION_GRADIENT_G], in[ATTENTION_GRADIENT_V], .transpose_b = true);
    vt_tensor dlogits = logits_gradient(weights_of(&s), mask ? mask(n, dweights) : dweights);
    out[ATTENTION_BIAS_GRADIENT_DBIAS] = vt_sum_to(dlogits, n->out_spec[ATTENTION_BIAS_GRADIENT_DBIAS].shape);
}

static void attention_bias_gradient_decompose(const node *n, vt_tensor *out)
{
    bias_gradient_decompose(n, &op_attention_gradient, NULL, out);
}

static void attention_dropout_bias_gradient_decompose(const node *n, vt_tensor *out)
{
    bias_gradient_decompose(n, &op_attention_dropout_gradient, drop, out);
}

static const op *gradient_of(const node *n)
{
    const bool biased = n->in[ATTENTION_BIAS].id != 0;
    if (n->op == &op_attention_dropout)
        return biased ? &op_attention_dropout_bias_gradient : &op_attention_dropout_gradient;
    return biased ? &op_attention_bias_gradient : &op_attention_gradient;
}

/* Nobody has the logsumexp, so it has no gradient. */
static void attention_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    record_into(&(recording){ .op = gradient_of(n),
                              .at = n->at,
                              .bound = n->bound,
                              INPUTS(g[ATTENTION_Y], n->in[ATTENTION_Q], n->in[ATTENTION_K], n->in[ATTENTION_V],
                                     n->out[ATTENTION_Y], n->out[ATTENTION_LOGSUMEXP], n->in[ATTENTION_BIAS],
                                     n->in[ATTENTION_MASK]),
                              .attributes = n->attributes,
                              .attributes_size = n->attributes_size },
                dx);
}

/* Two for each pair of a query and a key, each channel of q, and each of v. */
static double pair_flops(const array *q, const array *k, int64_t channels)
{
    return 2 * (double)vt_shape_count(q->shape) / (double)q->shape.dim[q->shape.rank - 1] *
           (double)k->shape.dim[k->shape.rank - 2] * (double)channels;
}

static double attention_flops(const kernel_call *call)
{
    const array *q = &call->in[ATTENTION_Q], *v = &call->in[ATTENTION_V];
    return pair_flops(q, v, q->shape.dim[q->shape.rank - 1] + v->shape.dim[v->shape.rank - 1]);
}

static double attention_weights_flops(const kernel_call *call)
{
    const array *q = &call->in[ATTENTION_WEIGHTS_Q], *k = &call->in[ATTENTION_WEIGHTS_K];
    return 2 * (double)vt_shape_count(call->out[0].shape) * (double)k->shape.dim[q->shape.rank - 1];
}

/* The logits once more, and four products for the gradients. */
static double attention_gradient_flops(const kernel_call *call)
{
    const array *q = &call->in[ATTENTION_GRADIENT_Q], *v = &call->in[ATTENTION_GRADIENT_V];
    return pair_flops(q, v, 3 * q->shape.dim[q->shape.rank - 1] + 2 * v->shape.dim[v->shape.rank - 1]);
}

const op op_attention = { OP_HEAD(attention, 3, ATTENTION_INPUTS, ATTENTION_OUTPUTS),
                          .infer = infer_attention,
                          .vjp = attention_vjp,
                          .decompose = attention_decompose,
                          .flops = attention_flops,
                          .rounded = 1 << ATTENTION_Q | 1 << ATTENTION_K | 1 << ATTENTION_V };
const op op_attention_weights = { OP_HEAD(attention_weights, 2, ATTENTION_WEIGHTS_INPUTS, 1), .infer = infer_weights,
                                  .decompose = attention_weights_decompose, .flops = attention_weights_flops,
                                  .rounded = 1 << ATTENTION_WEIGHTS_Q | 1 << ATTENTION_WEIGHTS_K };
const op op_attention_gradient = {
    OP_HEAD(attention_gradient, 6, ATTENTION_GRADIENT_INPUTS, ATTENTION_GRADIENT_OUTPUTS), .infer = infer_gradient,
    .decompose = attention_gradient_decompose, .flops = attention_gradient_flops,
    .rounded =
        1 << ATTENTION_GRADIENT_G | 1 << ATTENTION_GRADIENT_Q | 1 << ATTENTION_GRADIENT_K | 1 << ATTENTION_GRADIENT_V
};
const op op_attention_bias_gradient = { OP_HEAD(attention_bias_gradient, ATTENTION_GRADIENT_BIAS + 1,
                                                ATTENTION_GRADIENT_INPUTS, ATTENTION_BIAS_GRADIENT_OUTPUTS),
                                        .infer = infer_bias_gradient, .decompose = attention_bias_gradient_decompose,
                                        .flops = attention_gradient_flops,
                                        .rounded = 1 << ATTENTION_GRADIENT_G | 1 << ATTENTION_GRADIENT_Q |
                                                   1 << ATTENTION_GRADIENT_K | 1 << ATTENTION_GRADIENT_V };

const op op_attention_dropout = { OP_HEAD(attention_dropout, 3, ATTENTION_INPUTS, ATTENTION_OUTPUTS),
                                  .infer = infer_attention,
                                  .vjp = attention_vjp,
                                  .decompose = attention_dropout_decompose,
                                  .flops = attention_flops,
                                  .varies = true,
                                  .rounded = 1 << ATTENTION_Q | 1 << ATTENTION_K | 1 << ATTENTION_V };
const op op_attention_dropout_bias_gradient = { OP_HEAD(attention_dropout_bias_gradient, ATTENTION_GRADIENT_BIAS + 1,
                                                        ATTENTION_GRADIENT_INPUTS, ATTENTION_BIAS_GRADIENT_OUTPUTS),
                                                .infer = infer_bias_gradient,
                                                .decompose = attention_dropout_bias_gradient_decompose,
                                                .flops = attention_gradient_flops,
                                                .varies = true,
                                                .rounded = 1 << ATTENTION_GRADIENT_G | 1 << ATTENTION_GRADIENT_Q |
                                                           1 << ATTENTION_GRADIENT_K | 1 << ATTENTION_GRADIENT_V };
const op op_attention_dropout_gradient = { OP_HEAD(attention_dropout_gradient, 6, ATTENTION_GRADIENT_INPUTS,
                                                   ATTENTION_GRADIENT_OUTPUTS),
                                           .infer = infer_gradient,
                                           .decompose = attention_dropout_gradient_decompose,
                                           .flops = attention_gradient_flops,
                                           .varies = true,
                                           .rounded = 1 << ATTENTION_GRADIENT_G | 1 << ATTENTION_GRADIENT_Q |
                                                      1 << ATTENTION_GRADIENT_K | 1 << ATTENTION_GRADIENT_V };

/* -- The public function ----------------------------------------------------------------------------------------- */

static vt_tensor record_attention(const vt_attention_args *a)
{
    vt_tensor out[ATTENTION_OUTPUTS];
    const bool drops = a->dropout > 0;
    attention_attributes attributes = { a->scale, a->causal, a->dropout };
    record_into(&(recording){ .op = drops ? &op_attention_dropout : &op_attention,
                              .at = a->at_,
                              .bound = drops ? bound_random() : (bound){ 0 },
                              INPUTS(a->q, a->k, a->v, a->bias, a->mask),
                              .attributes = &attributes,
                              .attributes_size = sizeof attributes },
                out);
    return out[ATTENTION_Y];
}

/* Beside the result, and computed only where they are read. */
static vt_tensor record_weights(const vt_attention_args *a)
{
    attention_attributes attributes = { .scale = a->scale, .causal = a->causal };
    return record_one(&(recording){ .op = &op_attention_weights,
                                    .at = a->at_,
                                    INPUTS(a->q, a->k, a->bias, a->mask),
                                    .attributes = &attributes,
                                    .attributes_size = sizeof attributes,
                                    .weak = true });
}

/* [queries, keys]: what `causal`, `queries_last` and `window` let a query see, beyond what the op's own `causal` does;
 * inert where that is all. */
static vt_tensor band(const vt_attention_args *a, bool *causal)
{
    int64_t queries = vt_dim(a->q, -2), keys = vt_dim(a->k, -2), first = a->queries_last ? keys - queries : 0;
    bool windowed = a->window != VT_AUTO && a->window < queries + keys;
    vt_tensor seen = { 0 };
    *causal = a->causal && first == 0;
    if (!windowed && *causal == a->causal) return seen;
    vt_tensor place = vt_arange((double)first, (double)(first + queries), .dtype = VT_I64);
    vt_tensor key = vt_arange(0, (double)keys, .dtype = VT_I64);
    place = vt_reshape(place, VT_SHAPE(queries, 1));
    if (a->causal && !*causal) seen = vt_less_equal(key, place);
    if (!windowed) return seen;
    vt_tensor window = constant_like(key, (double)a->window), near = vt_greater(key, vt_sub(place, window));
    if (!a->causal) near = vt_logical_and(near, vt_less(key, vt_add(place, window)));
    return seen.id ? vt_logical_and(seen, near) : near;
}

static vt_tensor both(vt_tensor mask, vt_tensor other)
{
    return !mask.id ? other : !other.id ? mask : vt_logical_and(mask, other);
}

/* Whether the device drops weights that are nowhere in memory; elsewhere the plan does better with separate ops. The
 * mask is that of weights with the leading axes of q and k, which must be those of y. */
static bool drops_within(const vt_attention_args *a)
{
    vt_shape q = vt_shape_of(a->q), k = vt_shape_of(a->k), v = vt_shape_of(a->v), weights, y;
    return context_get()->device->kernel_of(&op_attention_dropout) && leading_shape(q, k, k, 0, 0, &weights) &&
           leading_shape(q, k, v, 0, 0, &y) && vt_shape_equal(weights, y);
}

vt_tensor vt_attention_with(const vt_attention_args *a)
{
    NEED_ARGUMENTS("attention", a, VT_INERT);
    ENTER("attention", a->at_);
    if (a->weights) *a->weights = VT_INERT;
    if (!check(a)) return VT_INERT;
    vt_attention_args settled = *a;
    settled.mask = both(a->mask, band(a, &settled.causal));
    if (a->scale == VT_AUTO) settled.scale = 1 / sqrt((double)vt_dim(a->q, -1));
    if (!vt_training()) settled.dropout = 0;
    if (settled.dropout == 0 || drops_within(&settled)) {
        if (a->weights) *a->weights = record_weights(&settled);
        return record_attention(&settled);
    }
    vt_tensor weights = weights_of(&(scores){ a->q, a->k, a->bias, settled.mask, settled.scale, settled.causal });
    if (a->weights) *a->weights = weights;
    return vt_matmul(vt_dropout(weights, a->dropout), a->v);
}
