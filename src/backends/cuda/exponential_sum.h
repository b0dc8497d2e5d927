/* exponential_sum.h - log Σ e^x in one pass: the largest x so far, and the sum of what lies below it. */
#ifndef VITRO_BACKENDS_CUDA_EXPONENTIAL_SUM_H
#define VITRO_BACKENDS_CUDA_EXPONENTIAL_SUM_H

#include "backends/cuda/device.h"

/* Σ e^(x - max). Where max is infinite, so is log Σ e^x, whatever the sum; a NaN among the x makes both NaN. */
struct exponential_sum {
    float max, sum;
};

static __device__ inline exponential_sum no_exponentials()
{
    return { -INFINITY, 0 };
}

/* e^(x - max) is 1 for x = max, even where both are infinite. */
static __device__ inline float exponential_below(float x, float max)
{
    return x == max ? 1 : expf(x - max);
}

static __device__ inline exponential_sum joined_exponentials(exponential_sum a, exponential_sum b)
{
    float max = a.max != a.max || b.max <= a.max ? a.max : b.max;
    return { max, a.sum * exponential_below(a.max, max) + b.sum * exponential_below(b.max, max) };
}

static __device__ inline exponential_sum with_exponential(exponential_sum a, float x)
{
    if (x <= a.max) return { a.max, a.sum + exponential_below(x, a.max) };
    return joined_exponentials(a, { x, 1 });
}

static __device__ inline float log_of(exponential_sum a)
{
    return fabsf(a.max) == INFINITY ? a.max : a.max + logf(a.sum);
}

struct join_exponentials {
    __device__ exponential_sum operator()(exponential_sum a, exponential_sum b) const
    {
        return joined_exponentials(a, b);
    }
};

#endif
