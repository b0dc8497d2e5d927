/* loss.h - attributes of losses. */
#ifndef VITRO_OPS_LOSS_H
#define VITRO_OPS_LOSS_H

#include <stdint.h>

/* cross_entropy and its gradient */
typedef struct cross_entropy_attributes {
    double label_smoothing;
} cross_entropy_attributes;

#endif
