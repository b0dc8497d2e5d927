/* vectors.h - neighbouring elements in one load or store, and f32 values that may lie in memory as bf16. */
#ifndef VITRO_BACKENDS_CUDA_VECTORS_H
#define VITRO_BACKENDS_CUDA_VECTORS_H

#include "backends/cuda/convert.h"
#include <string.h>

constexpr size_t WIDEST_ACCESS = 16; /* bytes a thread loads or stores at once */

/* As many as do not fit in one access take several. */
template <class T, int N> struct alignas(sizeof(T) * N < WIDEST_ACCESS ? sizeof(T) * N : WIDEST_ACCESS) vector {
    T at[N];
};

/* Whether vectors of N elements of this size may begin where the data does. */
static inline bool is_aligned(const void *data, size_t size, int n)
{
    size_t bytes = size * (size_t)n;
    return (uintptr_t)data % (bytes < WIDEST_ACCESS ? bytes : WIDEST_ACCESS) == 0;
}

template <int N, class T> static __device__ inline vector<T, N> load(const T *from)
{
    return *(const vector<T, N> *)from;
}

template <int N, class T> static __device__ inline void store(T *to, const vector<T, N> &x)
{
    *(vector<T, N> *)to = x;
}

/* Elements in memory; f32 values may lie there as bf16. Data is NULL where there are none. An argument of kernels. */
struct stored {
    void *data;
    bool half;
};

static inline stored stored_of(const array *a)
{
    return stored{ a->data, a->dtype == VT_BF16 };
}

/* What was loaded and is not looked at yet, so that a thread's loads are under way together: a word an element of f32,
 * for two of bf16. */
template <int N> struct pending {
    vector<uint32_t, N> word;
};

template <int N> static __device__ inline void begin_load(const stored &from, int64_t first, pending<N> *p)
{
    if (!from.half) {
        p->word = load<N>((const uint32_t *)from.data + first);
    } else if constexpr (N == 1) {
        p->word.at[0] = ((const uint16_t *)from.data)[first];
    } else {
        vector<uint32_t, N / 2> pairs = load<N / 2>((const uint32_t *)((const uint16_t *)from.data + first));
#pragma unroll
        for (int k = 0; k < N / 2; k++) p->word.at[k] = pairs.at[k];
    }
}

/* The first element alone. */
template <int N> static __device__ inline void begin_load_one(const stored &from, int64_t index, pending<N> *p)
{
    p->word.at[0] = from.half ? ((const uint16_t *)from.data)[index] : ((const uint32_t *)from.data)[index];
}

template <int N> static __device__ inline vector<float, N> end_load(const stored &from, const pending<N> &p)
{
    vector<float, N> x;
    if (from.half) {
#pragma unroll
        for (int k = 0; k < N; k++)
            x.at[k] = __uint_as_float(k % 2 ? p.word.at[k / 2] & 0xffff0000 : p.word.at[k / 2] << 16);
    } else {
#pragma unroll
        for (int k = 0; k < N; k++) x.at[k] = __uint_as_float(p.word.at[k]);
    }
    return x;
}

template <int N> static __device__ inline vector<float, N> load_floats(const stored &from, int64_t first)
{
    pending<N> p = {};
    begin_load(from, first, &p);
    return end_load(from, p);
}

template <int N> static __device__ inline void store_floats(const stored &to, int64_t first, const vector<float, N> &x)
{
    if (!to.half) {
        store((float *)to.data + first, x);
    } else if constexpr (N == 1) {
        ((bf16 *)to.data)[first] = __float2bfloat16(x.at[0]);
    } else {
        vector<uint32_t, N / 2> pairs;
#pragma unroll
        for (int k = 0; k < N / 2; k++) {
            __nv_bfloat162 pair = __floats2bfloat162_rn(x.at[2 * k], x.at[2 * k + 1]);
            memcpy(&pairs.at[k], &pair, sizeof pair);
        }
        store((uint32_t *)((bf16 *)to.data + first), pairs);
    }
}

/* One element, of any type. */
template <class T> static __device__ inline T element_of(const stored &from, int64_t index)
{
    return ((const T *)from.data)[index];
}
template <> __device__ inline float element_of(const stored &from, int64_t index)
{
    return load_floats<1>(from, index).at[0];
}

template <class T> static __device__ inline void set_element(const stored &to, int64_t index, T x)
{
    ((T *)to.data)[index] = x;
}
template <> __device__ inline void set_element(const stored &to, int64_t index, float x)
{
    store_floats(to, index, vector<float, 1>{ { x } });
}

#endif
