/* device_functions.h - what kernels may call. */
#ifndef CUDA_ON_HOST_DEVICE_FUNCTIONS_H
#define CUDA_ON_HOST_DEVICE_FUNCTIONS_H

#include "cuda_on_host.h"
#include <limits.h>
#include <math.h>
#include <string.h>
#include <type_traits>

extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;
constexpr int warpSize = 32;

/* -- Waiting for each other, and values from lane to lane --------------------------------------------------------- */

/* Default arguments are evaluated where the function is called. */
#define CALLED_AT const char *file = __builtin_FILE(), int line = __builtin_LINE()

inline void __syncthreads(CALLED_AT)
{
    on_host::barrier({ file, line });
}

inline void __syncwarp(unsigned mask = ~0u, CALLED_AT)
{
    on_host::warp_op(mask, 0, on_host::NOTHING, { file, line });
}

namespace on_host
{

template <class T> T shuffle(unsigned mask, T value, int source, place at)
{
    static_assert(sizeof value <= sizeof(uint64_t));
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof value);
    bits = warp_op(mask, bits, source, at);
    memcpy(&value, &bits, sizeof value);
    return value;
}

} // namespace on_host

/* `width` lanes at a time are a warp of their own. Who would look beyond it gets its own value. */
template <class T> T __shfl_sync(unsigned mask, T value, int source, int width = warpSize, CALLED_AT)
{
    int first = on_host::lane() / width * width;
    return on_host::shuffle(mask, value, first + (source & (width - 1)), { file, line });
}

template <class T> T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = warpSize, CALLED_AT)
{
    int lane = on_host::lane(), place = lane % width;
    return on_host::shuffle(mask, value, place >= (int)delta ? lane - (int)delta : lane, { file, line });
}

template <class T> T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = warpSize, CALLED_AT)
{
    int lane = on_host::lane(), place = lane % width;
    return on_host::shuffle(mask, value, place + (int)delta < width ? lane + (int)delta : lane, { file, line });
}

template <class T> T __shfl_xor_sync(unsigned mask, T value, int difference, int width = warpSize, CALLED_AT)
{
    int lane = on_host::lane(), source = lane ^ difference;
    return on_host::shuffle(mask, value, source / width <= lane / width ? source : lane, { file, line });
}

inline unsigned __ballot_sync(unsigned mask, int predicate, CALLED_AT)
{
    return (unsigned)on_host::warp_op(mask, predicate != 0, on_host::VOTES, { file, line });
}

inline int __any_sync(unsigned mask, int predicate, CALLED_AT)
{
    return __ballot_sync(mask, predicate, file, line) != 0;
}

inline int __all_sync(unsigned mask, int predicate, CALLED_AT)
{
    return __ballot_sync(mask, !predicate, file, line) == 0;
}
#undef CALLED_AT

/* Nothing is reordered here. */
inline void __threadfence()
{
}

inline void __threadfence_block()
{
}

/* -- Memory -------------------------------------------------------------------------------------------------------- */

template <class T> T __ldg(const T *from)
{
    return *from;
}

template <class T> T __ldcg(const T *from)
{
    return *from;
}

template <class T> T __ldcs(const T *from)
{
    return *from;
}

template <class T> void __stcg(T *to, T value)
{
    *to = value;
}

template <class T> void __stcs(T *to, T value)
{
    *to = value;
}

/* Of integers alone: the order in which a GPU adds floats is another every time. */
template <class T, class Function> T atomic_update(T *at, Function function)
{
    static_assert(std::is_integral_v<T>);
    T old = __atomic_load_n(at, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(at, &old, function(old), false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
    return old;
}

template <class T> T atomicAdd(T *at, std::type_identity_t<T> value)
{
    return atomic_update(at, [=](T old) { return (T)(old + value); });
}

template <class T> T atomicMax(T *at, std::type_identity_t<T> value)
{
    return atomic_update(at, [=](T old) { return old > value ? old : value; });
}

template <class T> T atomicMin(T *at, std::type_identity_t<T> value)
{
    return atomic_update(at, [=](T old) { return old < value ? old : value; });
}

template <class T> T atomicOr(T *at, std::type_identity_t<T> value)
{
    return atomic_update(at, [=](T old) { return (T)(old | value); });
}

template <class T> T atomicExch(T *at, std::type_identity_t<T> value)
{
    return atomic_update(at, [=](T) { return value; });
}

template <class T> T atomicCAS(T *at, std::type_identity_t<T> expected, std::type_identity_t<T> value)
{
    return atomic_update(at, [=](T old) { return old == expected ? value : old; });
}

inline unsigned atomicInc(unsigned *at, unsigned last)
{
    return atomic_update(at, [=](unsigned old) { return old >= last ? 0 : old + 1; });
}

/* -- Arithmetic ---------------------------------------------------------------------------------------------------- */

#define EXTREMES(type, less, greater)                                                                                  \
    inline type min(type a, type b)                                                                                    \
    {                                                                                                                  \
        return less;                                                                                                   \
    }                                                                                                                  \
    inline type max(type a, type b)                                                                                    \
    {                                                                                                                  \
        return greater;                                                                                                \
    }
EXTREMES(int, a<b ? a : b, a> b ? a : b)
EXTREMES(unsigned, a<b ? a : b, a> b ? a : b)
EXTREMES(long, a<b ? a : b, a> b ? a : b)
EXTREMES(unsigned long, a<b ? a : b, a> b ? a : b)
EXTREMES(long long, a<b ? a : b, a> b ? a : b)
EXTREMES(unsigned long long, a<b ? a : b, a> b ? a : b)
EXTREMES(float, fminf(a, b), fmaxf(a, b))
EXTREMES(double, fmin(a, b), fmax(a, b))
#undef EXTREMES

inline float rsqrtf(float x)
{
    return 1.0f / sqrtf(x);
}

inline float __frcp_rn(float x)
{
    return 1.0f / x;
}

inline float __fdividef(float x, float y)
{
    return x / y;
}

/* The C library has functions of these names for itself. */
#define __expf expf
#define __logf logf
#define __sinf sinf
#define __cosf cosf

inline unsigned __float_as_uint(float value)
{
    unsigned bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

inline float __uint_as_float(unsigned bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

inline int __float_as_int(float value)
{
    return (int)__float_as_uint(value);
}

inline float __int_as_float(int bits)
{
    return __uint_as_float((unsigned)bits);
}

inline int __popc(unsigned bits)
{
    return __builtin_popcount(bits);
}

inline int __ffs(int bits)
{
    return __builtin_ffs(bits);
}

inline int __clz(int bits)
{
    return bits ? __builtin_clz((unsigned)bits) : 32;
}

inline unsigned __umulhi(unsigned a, unsigned b)
{
    return (unsigned)((uint64_t)a * b >> 32);
}

inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b)
{
    return (unsigned long long)((unsigned __int128)a * b >> 64);
}

#endif
