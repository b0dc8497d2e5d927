/* device.h - what every file of the CUDA backend needs: core's types, launching, errors. */
#ifndef VITRO_BACKENDS_CUDA_MACHINE_DEVICE_H
#define VITRO_BACKENDS_CUDA_MACHINE_DEVICE_H

#include "backends/cuda/machine/portable.h"

extern "C" {
#include "backends/kernel_row.h"
#include "core/base/error.h"
}

/* The queue that this thread's kernels and copies take their turns in. */
cudaStream_t compute_stream();

/* Multiprocessors of the device, for kernels whose blocks stay and loop. */
int multiprocessors();

/* Whether what runs now is put into a graph: then nothing may wait for the device. */
bool is_capturing();

/* False, with an error that names the call, where the status is not success. */
bool cuda_ok(cudaError_t status, const char *call);

/* Whether working memory lies as the libraries want it; false with an error that names the library. */
bool is_for_library(const void *scratch, const char *library);

/* The end of every kernel's `run`: whether its launches were taken. */
bool launched(const kernel_call *call);

static inline int64_t divided_up(int64_t x, int64_t by)
{
    return (x + by - 1) / by;
}

/* Blocks of `block` threads for `count` things, at least one. */
static inline unsigned blocks_for(int64_t count, int block)
{
    int64_t blocks = divided_up(count, block);
    return (unsigned)(blocks < 1 ? 1 : blocks);
}

/* MEMORY_ALIGNMENT: of the backend's memory, in bytes, as the libraries want their working memory. */
enum { BLOCK = 256, WARP = 32, MEMORY_ALIGNMENT = 256 };

/* Bytes, and those to the next place that is aligned so. */
static inline size_t aligned_bytes(size_t bytes)
{
    return (bytes + MEMORY_ALIGNMENT - 1) / MEMORY_ALIGNMENT * MEMORY_ALIGNMENT;
}

#define FULL_WARP 0xffffffffu

/* In a grid of blocks of BLOCK threads. */
static __device__ inline int64_t thread_in_grid()
{
    return (int64_t)blockIdx.x * BLOCK + threadIdx.x;
}

#endif
