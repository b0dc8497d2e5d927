/* attention.h - attributes of attention. */
#ifndef VITRO_OPS_ATTENTION_H
#define VITRO_OPS_ATTENTION_H

#include <stdint.h>

/* attention, its weights and its gradient */
typedef struct attention_attributes {
    double scale;
    int64_t causal;
} attention_attributes;

/* attention: inputs, then outputs */
enum { ATTENTION_Q, ATTENTION_K, ATTENTION_V, ATTENTION_BIAS, ATTENTION_MASK, ATTENTION_INPUTS };
enum { ATTENTION_Y, ATTENTION_LOGSUMEXP, ATTENTION_OUTPUTS };

/* attention_weights: inputs; its output is the map of weights */
enum {
    ATTENTION_WEIGHTS_Q,
    ATTENTION_WEIGHTS_K,
    ATTENTION_WEIGHTS_BIAS,
    ATTENTION_WEIGHTS_MASK,
    ATTENTION_WEIGHTS_INPUTS
};

/* attention_gradient: inputs; its outputs are the gradients of q, k and v, with the leading axes of y */
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

#endif
