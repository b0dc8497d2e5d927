/* stored.h - f32 values in registers, from memory that holds them as f32 or as bf16, one, a vector or several vectors
 * at a time. */
#ifndef VITRO_BACKENDS_CUDA_ELEMENT_STORED_H
#define VITRO_BACKENDS_CUDA_ELEMENT_STORED_H

#include "backends/cuda/element/convert.h"
#include "backends/cuda/element/vector.h"
#include <string.h>

/* Elements in memory; f32 values may lie there as bf16. Data is NULL where there are none. An argument of kernels. */
struct stored {
    void *data;
    bool is_bf16;
};

static inline stored stored_of(const array *a)
{
    return stored{ a->data, a->dtype == VT_BF16 };
}

/* -- A vector ------------------------------------------------------------------------------------------------------ */

/* What was loaded and is not looked at yet, so that a thread's loads are under way together: a word an element of f32,
 * for two of bf16. */
template <int N> struct pending {
    vector<uint32_t, N> word;
};

template <int N> static __device__ inline void begin_load(const stored &from, int64_t first, pending<N> *p)
{
    if (!from.is_bf16) {
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
    p->word.at[0] = from.is_bf16 ? ((const uint16_t *)from.data)[index] : ((const uint32_t *)from.data)[index];
}

template <int N> static __device__ inline vector<float, N> end_load(const stored &from, const pending<N> &p)
{
    vector<float, N> x;
    if (from.is_bf16) {
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
    if (!to.is_bf16) {
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

/* -- Several vectors, `step` elements from one to the next --------------------------------------------------------- */

/* x[k] for k < count, and zeros behind. */
template <class T, int N, int VECTORS>
static __device__ inline void load_vectors(vector<float, N> (&x)[VECTORS], const T *from, int64_t step, int count)
{
#pragma unroll
    for (int k = 0; k < VECTORS; k++) {
        vector<T, N> in = {};
        if (k < count) in = load<N>(from + k * step);
#pragma unroll
        for (int e = 0; e < N; e++) x[k].at[e] = (float)in.at[e];
    }
}

template <class T, int N, int VECTORS>
static __device__ inline void store_vectors(T *to, int64_t step, int count, const vector<float, N> (&x)[VECTORS])
{
#pragma unroll
    for (int k = 0; k < VECTORS; k++) {
        vector<T, N> out;
#pragma unroll
        for (int e = 0; e < N; e++) out.at[e] = converter<T, float>::of(x[k].at[e]);
        if (k < count) store(to + k * step, out);
    }
}

/* From element `first` on. The dtype is asked for around the loop, so that the loads of all vectors are under way
 * together. */
template <int N, int VECTORS>
static __device__ inline void load_vectors(vector<float, N> (&x)[VECTORS], const stored &from, int64_t first,
                                           int64_t step, int count)
{
    if (from.is_bf16)
        load_vectors(x, (const bf16 *)from.data + first, step, count);
    else
        load_vectors(x, (const float *)from.data + first, step, count);
}

template <int N, int VECTORS>
static __device__ inline void store_vectors(const stored &to, int64_t first, int64_t step, int count,
                                            const vector<float, N> (&x)[VECTORS])
{
    if (to.is_bf16)
        store_vectors((bf16 *)to.data + first, step, count, x);
    else
        store_vectors((float *)to.data + first, step, count, x);
}

/* -- One element, of any type -------------------------------------------------------------------------------------- */

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
