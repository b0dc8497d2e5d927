/* attention.h - attributes of attention. */
#ifndef VITRO_OPS_ATTENTION_H
#define VITRO_OPS_ATTENTION_H

#include <stdint.h>

/* attention, its weights and its gradients, and all but the weights with dropout */
typedef struct attention_attributes {
    double scale;
    int64_t causal;
    double dropout; /* the share of the weights that it drops, behind the softmax */
} attention_attributes;

/* Inputs and outputs; leading axes broadcast, and what is marked ? may be absent.
 *
 * attention, attention_dropout: q [..., queries, channels], k [..., keys, channels], v [..., keys, width], bias? and
 * mask?, bool,
 *     [..., queries, keys] -> y [..., queries, width], logsumexp [..., queries] of the logits */
enum { ATTENTION_Q, ATTENTION_K, ATTENTION_V, ATTENTION_BIAS, ATTENTION_MASK, ATTENTION_INPUTS };
enum { ATTENTION_Y, ATTENTION_LOGSUMEXP, ATTENTION_OUTPUTS };

/* attention_weights: q, k, bias? and mask? as those of attention -> weights [..., queries, keys] */
enum {
    ATTENTION_WEIGHTS_Q,
    ATTENTION_WEIGHTS_K,
    ATTENTION_WEIGHTS_BIAS,
    ATTENTION_WEIGHTS_MASK,
    ATTENTION_WEIGHTS_INPUTS
};

/* attention_gradient, attention_dropout_gradient: g as y, and those of attention -> dq, dk and dv, with the leading
 * axes of y */
enum {
    ATTENTION_GRADIENT_G,
    ATTENTION_GRADIENT_Q,
    ATTENTION_GRADIENT_K,
    ATTENTION_GRADIENT_V,
    ATTENTION_GRADIENT_Y,
    ATTENTION_GRADIENT_LOGSUMEXP,
    ATTENTION_GRADIENT_BIAS,
    ATTENTION_GRADIENT_MASK,
    ATTENTION_GRADIENT_INPUTS
};
/* All with dropout draw the mask that vt_dropout draws for weights of y's leading axes. */
enum { ATTENTION_GRADIENT_DQ, ATTENTION_GRADIENT_DK, ATTENTION_GRADIENT_DV, ATTENTION_GRADIENT_OUTPUTS };

/* attention_bias_gradient, attention_dropout_bias_gradient: the inputs of attention_gradient, with a bias -> its
 * outputs, and dbias as bias */
enum { ATTENTION_BIAS_GRADIENT_DBIAS = ATTENTION_GRADIENT_OUTPUTS, ATTENTION_BIAS_GRADIENT_OUTPUTS };

#endif
