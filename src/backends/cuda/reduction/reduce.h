/* reduce.h - one value from those of a warp's or a block's threads. The order is always the same, so that the same
 * values give the same bits; every thread gets the result.
 *
 *     float sum = warp_sum(x), largest = warp_max(x);     of the threads of a warp
 *     float sum = block_sum(x), largest = block_max(x);   of the threads of a block: whole warps, one axis
 *
 * All of these threads call it. Values are float, double and integers of 32 and 64 bits. The others take how two values
 * become one, for any type whose size is a multiple of four bytes; join(a, b) has a from the threads before those of b.
 */
#ifndef VITRO_BACKENDS_CUDA_REDUCTION_REDUCE_H
#define VITRO_BACKENDS_CUDA_REDUCTION_REDUCE_H

#include "backends/cuda/machine/device.h"
#include <string.h>

/* What the lane has whose number differs from this one's in the bits of the mask. */
template <class T> static __device__ inline T value_across(T x, int mask)
{
    static_assert(sizeof(T) % sizeof(uint32_t) == 0, "words are exchanged");
    constexpr int WORDS = sizeof(T) / sizeof(uint32_t);
    uint32_t word[WORDS];
    memcpy(word, &x, sizeof x);
#pragma unroll
    for (int i = 0; i < WORDS; i++) word[i] = __shfl_xor_sync(FULL_WARP, word[i], mask);
    memcpy(&x, word, sizeof x);
    return x;
}

/* Of each group of neighbouring lanes, a power of two of them. All lanes of the warp call it. */
template <class T, class Join> static __device__ inline T lanes_join(T x, int group, Join join)
{
    int lane = (int)threadIdx.x % WARP;
    for (int mask = 1; mask < group; mask *= 2) {
        T other = value_across(x, mask);
        x = lane & mask ? join(other, x) : join(x, other);
    }
    return x;
}

template <class T, class Join> static __device__ inline T warp_join(T x, Join join)
{
    return lanes_join(x, WARP, join);
}

template <class T, class Join> static __device__ inline T block_join(T x, Join join)
{
    SHARED(T, of_warp, [WARP]);
    int lane = (int)threadIdx.x % WARP, warp = (int)threadIdx.x / WARP, warps = (int)blockDim.x / WARP;
    x = warp_join(x, join);
    __syncthreads(); /* a warp may still be reading what the call before left */
    if (lane == 0) of_warp[warp] = x;
    __syncthreads();
    x = of_warp[0];
    for (int i = 1; i < warps; i++) x = join(x, of_warp[i]);
    return x;
}

struct add_values {
    template <class T> __device__ T operator()(T a, T b) const
    {
        return a + b;
    }
};

/* A NaN is lost unless the other is one, too. */
struct larger_value {
    template <class T> __device__ T operator()(T a, T b) const
    {
        return b > a || a != a ? b : a;
    }
};

template <class T> static __device__ inline T warp_sum(T x)
{
    return warp_join(x, add_values{});
}

template <class T> static __device__ inline T warp_max(T x)
{
    return warp_join(x, larger_value{});
}

template <class T> static __device__ inline T block_sum(T x)
{
    return block_join(x, add_values{});
}

template <class T> static __device__ inline T block_max(T x)
{
    return block_join(x, larger_value{});
}

#endif
