/* sanitizers.h - the address sanitizer, where there is one. */
#ifndef CUDA_ON_HOST_SANITIZERS_H
#define CUDA_ON_HOST_SANITIZERS_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define CUDA_ON_HOST_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CUDA_ON_HOST_ASAN
#endif
#endif

#ifdef CUDA_ON_HOST_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace on_host
{

/* Who reads or writes there is stopped. */
inline void close_memory(const void *memory, size_t bytes)
{
#ifdef CUDA_ON_HOST_ASAN
    __asan_poison_memory_region(memory, bytes);
#endif
    (void)memory, (void)bytes;
}

inline void open_memory(const void *memory, size_t bytes)
{
#ifdef CUDA_ON_HOST_ASAN
    __asan_unpoison_memory_region(memory, bytes);
#endif
    (void)memory, (void)bytes;
}

} // namespace on_host

#endif
