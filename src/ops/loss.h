/* loss.h - attributes of losses. */
#ifndef VITRO_OPS_LOSS_H
#define VITRO_OPS_LOSS_H

#include <stdint.h>

/* cross_entropy and its gradient */
typedef struct cross_entropy_attributes {
    double label_smoothing;
} cross_entropy_attributes;

/* Inputs and outputs.
 *
 * cross_entropy: logits [N, classes, ...], target [N, ...], i64 -> loss [N, ...], logsumexp [N, ...] of the logits */
enum { CROSS_ENTROPY_LOGITS, CROSS_ENTROPY_TARGET };
enum { CROSS_ENTROPY_LOSS, CROSS_ENTROPY_LOGSUMEXP };

/* cross_entropy_gradient: g as the loss, logits, target, logsumexp -> dlogits */
enum {
    CROSS_ENTROPY_GRADIENT_G,
    CROSS_ENTROPY_GRADIENT_LOGITS,
    CROSS_ENTROPY_GRADIENT_TARGET,
    CROSS_ENTROPY_GRADIENT_LOGSUMEXP
};

#endif
