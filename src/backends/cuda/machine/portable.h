/* portable.h - the few words of CUDA C++ that are spelled otherwise where kernels run on the host: see
 * tests/cuda_on_host. */
#ifndef VITRO_BACKENDS_CUDA_MACHINE_PORTABLE_H
#define VITRO_BACKENDS_CUDA_MACHINE_PORTABLE_H

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <stdint.h>

/* Before core's headers: what they have for kernels too. */
#define HOST_DEVICE static __host__ __device__ inline

/*  LAUNCH(kernel, grid, block, shared_bytes, stream, arguments...)
 *  SHARED(float, tile, [32][33]);     an array in shared memory, uninitialised, 16-byte aligned
 *  DYNAMIC_SHARED(float, row);        what `shared_bytes` asks for, 128-byte aligned
 * On the host its cuda_runtime.h defines them. */
#ifdef __CUDACC__
#define LAUNCH(kernel, grid, block, shared_bytes, stream, ...)                                                         \
    kernel<<<grid, block, shared_bytes, stream>>>(__VA_ARGS__)
#define SHARED(type, name, extents) __shared__ __align__(16) type name extents
#define DYNAMIC_SHARED(type, name)                                                                                     \
    extern __shared__ __align__(128) unsigned char dynamic_shared_[];                                                  \
    type *name = reinterpret_cast<type *>(dynamic_shared_)
#endif

#endif
