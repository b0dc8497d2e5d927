/* pack.h - a few neighbouring numbers at a time, f32 in registers, from memory that holds them as f32 or as bf16. */
#ifndef VITRO_BACKENDS_CUDA_PACK_H
#define VITRO_BACKENDS_CUDA_PACK_H

#include "backends/cuda/convert.h"

template <int WIDTH> struct pack {
    float at[WIDTH];
};

/* The same in memory: one load or store. */
template <class T, int WIDTH> struct alignas(sizeof(T) * WIDTH) packed {
    T at[WIDTH];
};

/* An argument of kernels that may be stored as bf16; data is NULL where it is absent. */
typedef struct stored {
    void *data;
    bool half;
} stored;

static inline stored stored_of(const array *a)
{
    return stored{ a->data, a->dtype == VT_BF16 };
}

static inline bool is_aligned(const array *a, int width)
{
    return !a->data || (uintptr_t)a->data % ((size_t)width * vt_dtype_size(a->dtype)) == 0;
}

/* Whether every array of the call lies where packs of so many can be loaded. */
static inline bool packs_are_aligned(const kernel_call *call, int width)
{
    bool aligned = true;
    for (int i = 0; i < call->inputs; i++) aligned = aligned && is_aligned(&call->in[i], width);
    for (int i = 0; i < call->outputs; i++) aligned = aligned && is_aligned(&call->out[i], width);
    return aligned;
}

/* p[k] = the pack at from[k step] for k < count, and zeros behind. */
template <class T, int WIDTH, int N>
static __device__ inline void read_packs(pack<WIDTH> (&p)[N], const T *from, int64_t step, int count)
{
#pragma unroll
    for (int k = 0; k < N; k++) {
        packed<T, WIDTH> in = {};
        if (k < count) in = *(const packed<T, WIDTH> *)(from + k * step);
#pragma unroll
        for (int e = 0; e < WIDTH; e++) p[k].at[e] = (float)in.at[e];
    }
}

template <class T, int WIDTH, int N>
static __device__ inline void write_packs(T *to, int64_t step, int count, const pack<WIDTH> (&p)[N])
{
#pragma unroll
    for (int k = 0; k < N; k++) {
        packed<T, WIDTH> out;
#pragma unroll
        for (int e = 0; e < WIDTH; e++) out.at[e] = converter<T, float>::of(p[k].at[e]);
        if (k < count) *(packed<T, WIDTH> *)(to + k * step) = out;
    }
}

/* The same from element `first` on of what may be stored as bf16. The dtype is asked for around the loop, so that the
 * loads of all packs are under way together. */
template <int WIDTH, int N>
static __device__ inline void load_packs(pack<WIDTH> (&p)[N], const stored &from, int64_t first, int64_t step,
                                         int count)
{
    if (from.half)
        read_packs(p, (const bf16 *)from.data + first, step, count);
    else
        read_packs(p, (const float *)from.data + first, step, count);
}

template <int WIDTH, int N>
static __device__ inline void store_packs(const stored &to, int64_t first, int64_t step, int count,
                                          const pack<WIDTH> (&p)[N])
{
    if (to.half)
        write_packs((bf16 *)to.data + first, step, count, p);
    else
        write_packs((float *)to.data + first, step, count, p);
}

/* One number. */
static __device__ inline float load(const stored &from, int64_t i)
{
    return from.half ? (float)((const bf16 *)from.data)[i] : ((const float *)from.data)[i];
}

static __device__ inline void store(const stored &to, int64_t i, float x)
{
    if (to.half)
        ((bf16 *)to.data)[i] = converter<bf16, float>::of(x);
    else
        ((float *)to.data)[i] = x;
}

#endif
