/* exponential_sum.h - log Σ e^x in one pass: the largest x so far, and the sum of what lies below it. */
#ifndef VITRO_BACKENDS_CUDA_REDUCTION_EXPONENTIAL_SUM_H
#define VITRO_BACKENDS_CUDA_REDUCTION_EXPONENTIAL_SUM_H

#include "backends/cuda/machine/device.h"

/* Σ e^(x - max). Where max is infinite, so is log Σ e^x, whatever the sum; a NaN among the x makes both NaN. */
template <class T> struct exponential_sum {
    T max, sum;
};

template <class T> static __device__ inline exponential_sum<T> no_exponentials()
{
    return { (T)-INFINITY, 0 };
}

/* e^(x - max) is 1 for x = max, even where both are infinite. */
template <class T> static __device__ inline T exponential_below(T x, T max)
{
    return x == max ? 1 : exp(x - max);
}

template <class T>
static __device__ inline exponential_sum<T> joined_exponentials(exponential_sum<T> a, exponential_sum<T> b)
{
    T max = a.max != a.max || b.max <= a.max ? a.max : b.max;
    return { max, a.sum * exponential_below(a.max, max) + b.sum * exponential_below(b.max, max) };
}

template <class T> static __device__ inline exponential_sum<T> with_exponential(exponential_sum<T> a, T x)
{
    if (x <= a.max) return { a.max, a.sum + exponential_below(x, a.max) };
    return joined_exponentials(a, { x, 1 });
}

template <class T> static __device__ inline T log_of(exponential_sum<T> a)
{
    return fabs(a.max) == (T)INFINITY ? a.max : a.max + log(a.sum);
}

struct join_exponentials {
    template <class T> __device__ exponential_sum<T> operator()(exponential_sum<T> a, exponential_sum<T> b) const
    {
        return joined_exponentials(a, b);
    }
};

#endif
