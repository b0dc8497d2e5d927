/* vector.h - neighbouring elements that are loaded or stored at once. */
#ifndef VITRO_BACKENDS_CUDA_ELEMENT_VECTOR_H
#define VITRO_BACKENDS_CUDA_ELEMENT_VECTOR_H

#include "backends/cuda/machine/device.h"

constexpr size_t WIDEST_ACCESS = 16; /* bytes a thread loads or stores at once */

/* As many as do not fit in one access take several. */
template <class T, int N> struct alignas(sizeof(T) * N < WIDEST_ACCESS ? sizeof(T) * N : WIDEST_ACCESS) vector {
    T at[N];
};

/* Whether vectors of N elements may begin where the array does; one that is absent has none. */
static inline bool is_aligned(const array *a, int n)
{
    size_t bytes = vt_dtype_size(a->dtype) * (size_t)n;
    return !a->data || (uintptr_t)a->data % (bytes < WIDEST_ACCESS ? bytes : WIDEST_ACCESS) == 0;
}

/* The same of every array of a call. */
static inline bool is_aligned(const kernel_call *call, int n)
{
    bool aligned = true;
    for (int i = 0; i < call->inputs; i++) aligned = aligned && is_aligned(&call->in[i], n);
    for (int i = 0; i < call->outputs; i++) aligned = aligned && is_aligned(&call->out[i], n);
    return aligned;
}

template <int N, class T> static __device__ inline vector<T, N> load(const T *from)
{
    return *(const vector<T, N> *)from;
}

template <int N, class T> static __device__ inline void store(T *to, const vector<T, N> &x)
{
    *(vector<T, N> *)to = x;
}

#endif
