/* linear.h - attributes of matrix products. */
#ifndef VITRO_OPS_LINEAR_H
#define VITRO_OPS_LINEAR_H

#include <stdint.h>

typedef struct matmul_attributes {
    int64_t transpose_a, transpose_b;
} matmul_attributes;

#endif
