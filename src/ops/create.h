/* create.h - attributes of the ops that create. */
#ifndef VITRO_OPS_CREATE_H
#define VITRO_OPS_CREATE_H

#include "ops/extents.h"

/* full: value. uniform, normal, truncated_normal: scale * draw + shift; the stream is in the node's bound. */
typedef struct create_attributes {
    extents shape;
    int64_t dtype;
    double value, scale, shift;
} create_attributes;

#endif
