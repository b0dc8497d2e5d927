/* along_axis.h - contiguous memory seen along one of its axes: [outer, length, inner]. Its lanes are the elements along
 * that axis that have all other coordinates in common. */
#ifndef VITRO_BACKENDS_CUDA_REDUCTION_ALONG_AXIS_H
#define VITRO_BACKENDS_CUDA_REDUCTION_ALONG_AXIS_H

#include "backends/cuda/machine/device.h"

/* An argument of kernels. */
struct along_axis {
    int64_t outer, length, inner;
};

static along_axis along_axis_of(vt_shape shape, int64_t axis)
{
    along_axis a = { 1, shape.dim[axis], 1 };
    for (int i = 0; i < shape.rank; i++)
        if (i != axis) *(i < axis ? &a.outer : &a.inner) *= shape.dim[i];
    return a;
}

static __host__ __device__ inline int64_t lane_count(const along_axis &a)
{
    return a.outer * a.inner;
}

/* Where the first element of a lane lies; the others follow at distances of `inner`. */
static __device__ inline int64_t lane_start(const along_axis &a, int64_t lane)
{
    int64_t outer = lane / a.inner;
    return outer * a.length * a.inner + lane - outer * a.inner;
}

enum { WORTH_A_BLOCK = 1024 }; /* elements of a lane */

/* Threads that go along one lane together: one where neighbours in memory belong to other lanes, so that these are read
 * side by side; else a warp, or a block. */
static inline int threads_for_lane(const along_axis &a)
{
    if (a.inner > 1) return 1;
    return a.length > WORTH_A_BLOCK ? BLOCK : WARP;
}

#endif
