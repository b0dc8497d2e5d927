/* scan.h - running sums over the threads of a warp or of a block, in an order that is always the same. All of these
 * threads call it. */
#ifndef VITRO_BACKENDS_CUDA_REDUCTION_SCAN_H
#define VITRO_BACKENDS_CUDA_REDUCTION_SCAN_H

#include "backends/cuda/machine/device.h"

/* The sum of x of this lane and those before it. */
template <class T> static __device__ inline T warp_scan(T x)
{
    int lane = (int)threadIdx.x % WARP;
#pragma unroll
    for (int distance = 1; distance < WARP; distance *= 2) {
        T before = __shfl_up_sync(FULL_WARP, x, distance);
        if (lane >= distance) x += before;
    }
    return x;
}

/* The same of a block of whole warps, numbered by threadIdx.x alone; and of all its threads. */
template <class T> static __device__ inline T block_scan(T x, T *total)
{
    SHARED(T, of_warp, [WARP]);
    int lane = (int)threadIdx.x % WARP, warp = (int)threadIdx.x / WARP, warps = (int)blockDim.x / WARP;
    T before = 0;
    x = warp_scan(x);
    __syncthreads(); /* a warp may still be reading what the call before left */
    if (lane == WARP - 1) of_warp[warp] = x;
    __syncthreads();
    *total = 0;
    for (int i = 0; i < warps; i++) {
        if (i == warp) before = *total;
        *total += of_warp[i];
    }
    return before + x;
}

#endif
