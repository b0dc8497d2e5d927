/* cuda_runtime.h - the face of the CUDA toolkit for a C++ compiler that knows nothing of GPUs. */
#ifndef CUDA_ON_HOST_CUDA_RUNTIME_H
#define CUDA_ON_HOST_CUDA_RUNTIME_H

#include "cuda_runtime_api.h"
#include "device_functions.h"
#include <tuple>

/* -- Words of the language ---------------------------------------------------------------------------------------- */

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__    __attribute__((noinline))
#define __restrict__ __restrict
#define __align__(n) alignas(n)
#define __launch_bounds__(...)
#define __grid_constant__
#define __constant__ static

/* -- As portable.h promises --------------------------------------------------------------------------------------- */

#define LAUNCH(kernel, grid, block, shared_bytes, stream, ...)                                                         \
    on_host::launch_kernel(#kernel, kernel, grid, block, shared_bytes, stream __VA_OPT__(, ) __VA_ARGS__)

#define SHARED(type, name, extents)                                                                                    \
    struct alignas(16) name##_type {                                                                                   \
        type array extents;                                                                                            \
    };                                                                                                                 \
    static on_host::shared_variable name##_variable;                                                                   \
    auto &name = static_cast<name##_type *>(name##_variable.find(sizeof(name##_type), alignof(name##_type)))->array

#define DYNAMIC_SHARED(type, name) type *name = static_cast<type *>(on_host::dynamic_shared())

namespace on_host
{

/* Arguments are copied when the kernel is launched, and once more for each thread. */
template <class... Parameters, class... Arguments>
void launch_kernel(const char *name, void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared_bytes,
                   cudaStream_t stream, Arguments... arguments)
{
    static_assert(sizeof...(Parameters) == sizeof...(Arguments));
    std::tuple<Parameters...> parameters((Parameters)arguments...);
    kernel_launch l = { name, (const void *)kernel, grid, block, shared_bytes, {}, {} };
    std::apply(
        [&](const auto &...parameter) {
            auto note = [&](const auto &p) {
                if constexpr (std::is_pointer_v<std::decay_t<decltype(p)>>) l.pointers.push_back((const void *)p);
            };
            (note(parameter), ...);
        },
        parameters);
    l.thread = [kernel, parameters] { std::apply(kernel, parameters); };
    launch(stream, std::move(l));
}

} // namespace on_host

/* -- What the toolkit has for C++ --------------------------------------------------------------------------------- */

template <class T> cudaError_t cudaMalloc(T **memory, size_t bytes)
{
    return cudaMalloc((void **)memory, bytes);
}

template <class T> cudaError_t cudaMallocHost(T **memory, size_t bytes)
{
    return cudaMallocHost((void **)memory, bytes);
}

template <class Kernel> cudaError_t cudaFuncSetAttribute(Kernel *kernel, cudaFuncAttribute attribute, int value)
{
    return on_host::set_shared_limit((const void *)kernel, attribute, value);
}

#endif
