/* reduce.h - attributes of reductions. */
#ifndef VITRO_OPS_REDUCE_H
#define VITRO_OPS_REDUCE_H

#include <stdint.h>

typedef struct reduce_attributes {
    int64_t axes; /* bit i: axis i is reduced */
    int64_t keep;
    int64_t unbiased; /* of var and std */
    int64_t order;    /* of norm: 1 or 2 */
} reduce_attributes;

/* argmax, argmin */
typedef struct arg_attributes {
    int64_t axis, keep;
} arg_attributes;

/* cumsum, cumprod and its gradient, cummax, cummin */
typedef struct scan_attributes {
    int64_t axis, reverse;
} scan_attributes;

/* cummax, cummin: x -> values, and their indices along the axis in i64, both as x */
enum { CUMMAX_VALUES, CUMMAX_INDICES };

#endif
