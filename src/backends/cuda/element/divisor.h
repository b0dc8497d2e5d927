/* divisor.h - division by a number that many are divided by, without dividing. */
#ifndef VITRO_BACKENDS_CUDA_ELEMENT_DIVISOR_H
#define VITRO_BACKENDS_CUDA_ELEMENT_DIVISOR_H

#include "backends/cuda/machine/device.h"

/* n / d is (n m / 2^32 + n) / 2^shift for n < 2^31: Granlund and Montgomery, "Division by invariant integers using
 * multiplication" (1994). An argument of kernels. */
struct divisor {
    uint32_t multiplier, shift, by; /* by: d */
};

/* For 0 <= d < 2^31; nothing is to be divided by 0. */
HOST_DEVICE divisor make_divisor(int64_t d)
{
    divisor made = {};
    made.by = (uint32_t)d;
    while (((int64_t)1 << made.shift) < d) made.shift++;
    if (d > 0) made.multiplier = (uint32_t)(((((uint64_t)1 << made.shift) - (uint64_t)d) << 32) / (uint64_t)d + 1);
    return made;
}

/* For n < 2^31. */
static __device__ __forceinline__ uint32_t quotient(uint32_t n, const divisor &d)
{
    return (uint32_t)(((uint64_t)n * d.multiplier >> 32) + n) >> d.shift;
}

#endif
