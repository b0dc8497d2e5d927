/* attention.c - the reference kernel of attention: one query at a time, by its definition. */
#include "backends/reference/reference.h"
#include "ops/attention.h"
#include <math.h>

/* An input's matrix under one leading index of the first output. */
static const double *matrix_of(const reference_call *c, int input, int64_t lead)
{
    vt_shape shape = c->in_shape[input], whole = c->out_shape[0];
    int64_t size = extent_product(shape, shape.rank - 2, shape.rank);
    shape.rank -= 2;
    whole.rank -= 2;
    return c->in[input] + broadcast_index(shape, whole, lead) * size;
}

/* Where bias and mask are among the inputs. */
typedef struct biased {
    int bias, mask;
} biased;

static double logit(const reference_call *c, biased by, vt_shape logits, int64_t lead, int64_t i, int64_t j)
{
    const attention_attributes *a = c->attributes;
    int64_t channels = c->in_shape[ATTENTION_Q].dim[c->in_shape[ATTENTION_Q].rank - 1];
    int64_t index = (lead * logits.dim[logits.rank - 2] + i) * logits.dim[logits.rank - 1] + j;
    const double *q = matrix_of(c, ATTENTION_Q, lead) + i * channels;
    const double *k = matrix_of(c, ATTENTION_K, lead) + j * channels;
    const double *bias = c->in[by.bias];
    const int64_t *mask = c->whole_in[by.mask];
    if ((a->causal && j > i) || (mask && !mask[broadcast_index(c->in_shape[by.mask], logits, index)])) return -INFINITY;
    double sum = 0;
    for (int64_t d = 0; d < channels; d++) sum += q[d] * k[d];
    return a->scale * sum + (bias ? bias[broadcast_index(c->in_shape[by.bias], logits, index)] : 0);
}

/* y = Σ e^(logit - logsumexp) v; zeros, and 0 for the logsumexp, where every logit is -inf */
void reference_attention(const reference_call *c)
{
    const biased by = { ATTENTION_BIAS, ATTENTION_MASK };
    vt_shape y = c->out_shape[ATTENTION_Y], logits = y;
    int64_t queries = y.dim[y.rank - 2], width = y.dim[y.rank - 1], leads = extent_product(y, 0, y.rank - 2);
    int64_t keys = c->in_shape[ATTENTION_K].dim[c->in_shape[ATTENTION_K].rank - 2];
    logits.dim[y.rank - 1] = keys;
    for (int64_t row = 0; row < leads * queries; row++) {
        int64_t lead = row / queries, i = row % queries;
        double max = -INFINITY, sum = 0, *out = c->out[ATTENTION_Y] + row * width;
        for (int64_t j = 0; j < keys; j++) max = fmax(max, logit(c, by, logits, lead, i, j));
        if (max == -INFINITY) max = 0;
        for (int64_t e = 0; e < width; e++) out[e] = 0;
        for (int64_t j = 0; j < keys; j++) {
            const double *v = matrix_of(c, ATTENTION_V, lead) + j * width;
            double weight = exp(logit(c, by, logits, lead, i, j) - max);
            sum += weight;
            for (int64_t e = 0; e < width; e++) out[e] += weight * v[e];
        }
        for (int64_t e = 0; sum != 0 && e < width; e++) out[e] /= sum;
        c->out[ATTENTION_LOGSUMEXP][row] = sum == 0 ? 0 : log(sum) + max;
    }
}

/* e^(logit - max) / Σ e^(logit - max); zeros where every logit is -inf */
void reference_attention_weights(const reference_call *c)
{
    const biased by = { ATTENTION_WEIGHTS_BIAS, ATTENTION_WEIGHTS_MASK };
    vt_shape logits = c->out_shape[0];
    int64_t queries = logits.dim[logits.rank - 2], keys = logits.dim[logits.rank - 1];
    for (int64_t row = 0; row < extent_product(logits, 0, logits.rank - 1); row++) {
        double max = -INFINITY, sum = 0, *out = c->out[0] + row * keys;
        for (int64_t j = 0; j < keys; j++)
            max = fmax(max, out[j] = logit(c, by, logits, row / queries, row % queries, j));
        for (int64_t j = 0; j < keys; j++) sum += out[j] = max == -INFINITY ? 0 : exp(out[j] - max);
        for (int64_t j = 0; j < keys && sum != 0; j++) out[j] /= sum;
    }
}
