/* scan.h - running sums over the threads of a warp or of a block, in an order that is always the same; and other ways
 * in which two values become one, join(a, b) with a from the threads before those of b. All of these threads call it.
 */
#ifndef VITRO_BACKENDS_CUDA_REDUCTION_SCAN_H
#define VITRO_BACKENDS_CUDA_REDUCTION_SCAN_H

#include "backends/cuda/reduction/reduce.h"

/* What another lane has, which `exchange` asks for, word by word. */
template <class T, class Exchange> static __device__ inline T exchanged(T x, Exchange exchange)
{
    static_assert(sizeof(T) % sizeof(uint32_t) == 0, "words are exchanged");
    constexpr int WORDS = sizeof(T) / sizeof(uint32_t);
    uint32_t word[WORDS];
    memcpy(word, &x, sizeof x);
#pragma unroll
    for (int i = 0; i < WORDS; i++) word[i] = exchange(word[i]);
    memcpy(&x, word, sizeof x);
    return x;
}

/* What the lane so many before this one has. */
template <class T> static __device__ inline T value_before(T x, int distance)
{
    return exchanged(x, [=](uint32_t word) { return __shfl_up_sync(FULL_WARP, word, distance); });
}

template <class T> static __device__ inline T value_of_lane(T x, int lane)
{
    return exchanged(x, [=](uint32_t word) { return __shfl_sync(FULL_WARP, word, lane); });
}

/* The values of this lane and those before it as one. */
template <class T, class Join> static __device__ inline T warp_scan(T x, Join join)
{
    int lane = (int)threadIdx.x % WARP;
#pragma unroll
    for (int distance = 1; distance < WARP; distance *= 2) {
        T before = value_before(x, distance);
        if (lane >= distance) x = join(before, x);
    }
    return x;
}

/* The same of a block of whole warps, numbered by threadIdx.x alone; and of all its threads. */
template <class T, class Join> static __device__ inline T block_scan(T x, T *total, Join join)
{
    SHARED(T, of_warp, [WARP]);
    int lane = (int)threadIdx.x % WARP, warp = (int)threadIdx.x / WARP, warps = (int)blockDim.x / WARP;
    x = warp_scan(x, join);
    __syncthreads(); /* a warp may still be reading what the call before left */
    if (lane == WARP - 1) of_warp[warp] = x;
    __syncthreads();
    T before = of_warp[0], all = before;
    for (int i = 1; i < warps; i++) {
        if (i == warp) before = all;
        all = join(all, of_warp[i]);
    }
    *total = all;
    return warp == 0 ? x : join(before, x);
}

template <class T> static __device__ inline T block_scan(T x, T *total)
{
    return block_scan(x, total, add_values{});
}

#endif
