/* create.h - attributes of the ops that create, and what an element is. */
#ifndef VITRO_OPS_CREATE_H
#define VITRO_OPS_CREATE_H

#include "core/base/normal_quantile.h"
#include "core/base/philox.h"
#include "ops/extents.h"
#include <math.h>

/* full: value, or of i64, which double does not hold, whole. arange: shift + i * scale. linspace: from shift to value.
 * uniform, normal, truncated_normal: shift + scale * draw; bernoulli: whether the draw is below value. The stream of
 * draws is in the node's bound. */
typedef struct create_attributes {
    extents shape;
    int64_t dtype;
    double value, scale, shift;
    int64_t whole;
} create_attributes;

/* Element i, the same in every backend: fma rounds once wherever it is computed. */
HOST_DEVICE double arange_element(const create_attributes *a, int64_t i)
{
    return fma((double)i, a->scale, a->shift);
}

/* Counted from the nearer end, so that both ends are exact. */
HOST_DEVICE double linspace_element(const create_attributes *a, int64_t i)
{
    int64_t last = a->shape.dim[0] - 1;
    double step = last > 0 ? (a->value - a->shift) / (double)last : 0;
    return i <= last / 2 ? fma((double)i, step, a->shift) : fma((double)(i - last), step, a->value);
}

HOST_DEVICE double uniform_element(const create_attributes *a, uint32_t word)
{
    return fma(a->scale, (double)philox_uniform(word), a->shift);
}

HOST_DEVICE double bernoulli_element(const create_attributes *a, uint32_t word)
{
    return (double)philox_uniform(word) < a->value;
}

HOST_DEVICE double normal_element(const create_attributes *a, uint32_t word)
{
    return fma(a->scale, normal_quantile(((double)word + 0.5) * 0x1p-32), a->shift);
}

/* z between -2 and 2: Φ⁻¹ of a number uniform in (Φ(-2), Φ(2)) */
HOST_DEVICE double truncated_normal_element(const create_attributes *a, uint32_t word)
{
    const double below = 0.022750131948179207; /* Φ(-2) */
    double p = fma(1 - 2 * below, ((double)word + 0.5) * 0x1p-32, below);
    return fma(a->scale, normal_quantile(p), a->shift);
}

#endif
