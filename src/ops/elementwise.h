/* elementwise.h - attributes of the ops on each element. */
#ifndef VITRO_OPS_ELEMENTWISE_H
#define VITRO_OPS_ELEMENTWISE_H

#include <stdint.h>

typedef struct affine_attributes {
    double scale, shift;
} affine_attributes;

typedef struct pow_scalar_attributes {
    double exponent;
} pow_scalar_attributes;

typedef struct clamp_attributes {
    double low, high;
} clamp_attributes;

typedef struct leaky_relu_attributes {
    double slope;
} leaky_relu_attributes;

typedef struct elu_attributes {
    double alpha;
} elu_attributes;

typedef struct celu_attributes {
    double alpha;
} celu_attributes;

typedef struct gelu_attributes {
    int64_t tanh;
} gelu_attributes;
/* Of the approximation: tanh(scale (x + cubic x^3)) */
#define GELU_SCALE 0.79788456080286535588 /* sqrt(2 / pi) */
#define GELU_CUBIC 0.044715

typedef struct cast_attributes {
    int64_t dtype;
} cast_attributes;

/* where: condition, bool, a and b, which all broadcast -> y */
enum { WHERE_CONDITION, WHERE_A, WHERE_B };

/* dropout, drop_path: the stream is in the node's bound. */
typedef struct dropout_attributes {
    double p;
} dropout_attributes;

#endif
