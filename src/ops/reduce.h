/* reduce.h - attributes of reductions. */
#ifndef VITRO_OPS_REDUCE_H
#define VITRO_OPS_REDUCE_H

#include <stdint.h>

typedef struct reduce_attributes {
    int64_t axes; /* bit i: axis i is reduced */
    int64_t keep;
} reduce_attributes;

#endif
