/* divisor.h - division by a number that is known before a kernel starts, without dividing. */
#ifndef VITRO_BACKENDS_CUDA_ELEMENT_DIVISOR_H
#define VITRO_BACKENDS_CUDA_ELEMENT_DIVISOR_H

#include "backends/cuda/machine/device.h"

/* n / d is (n m / 2^32 + n) / 2^shift for n < 2^31: Granlund and Montgomery, "Division by invariant integers using
 * multiplication" (1994). An argument of kernels. */
struct divisor {
    uint32_t multiplier, shift;
};

/* For 0 <= d < 2^31; nothing is to be divided by 0. */
static inline divisor make_divisor(int64_t d)
{
    divisor by = {};
    while (((int64_t)1 << by.shift) < d) by.shift++;
    if (d > 0) by.multiplier = (uint32_t)(((((uint64_t)1 << by.shift) - (uint64_t)d) << 32) / (uint64_t)d + 1);
    return by;
}

/* For n < 2^31. */
static __device__ inline uint32_t quotient(uint32_t n, divisor by)
{
    return (uint32_t)(((uint64_t)n * by.multiplier >> 32) + n) >> by.shift;
}

#endif
