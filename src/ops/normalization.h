/* normalization.h - attributes of softmax and of normalisations. */
#ifndef VITRO_OPS_NORMALIZATION_H
#define VITRO_OPS_NORMALIZATION_H

#include <stdint.h>

/* softmax, log_softmax, and their gradients */
typedef struct softmax_attributes {
    int64_t axis;
} softmax_attributes;

/* layer_norm, rms_norm, and their gradients */
typedef struct row_norm_attributes {
    int64_t rank; /* of what is normalised together: the last axes */
    double eps;
} row_norm_attributes;

/* batch_norm and its gradient */
typedef struct batch_norm_attributes {
    double eps;
} batch_norm_attributes;

#endif
