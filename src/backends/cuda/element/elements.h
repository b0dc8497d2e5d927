/* elements.h - elements as kernels compute with them, from memory that holds them in one dtype or another: floats, and
 * whole numbers of up to 64 bits. Arguments of kernels. */
#ifndef VITRO_BACKENDS_CUDA_ELEMENT_ELEMENTS_H
#define VITRO_BACKENDS_CUDA_ELEMENT_ELEMENTS_H

#include "backends/cuda/element/convert.h"
#include "backends/cuda/element/vector.h"

/* f32, or bf16. `width` neighbours are read at once where they begin at multiples of `alignment` bytes. */
template <class T> struct float_elements {
    typedef float value;
    static constexpr int width = 4, alignment = alignof(vector<T, width>);
    const T *data;
    __device__ float at(int64_t i) const
    {
        return (float)data[i];
    }
    __device__ void read(int64_t i, float (&v)[width]) const
    {
        vector<T, width> x = load<width>(data + i);
        for (int k = 0; k < width; k++) v[k] = (float)x.at[k];
    }
};

/* Of every dtype of whole numbers, bool included. */
struct integer_elements {
    typedef int64_t value;
    static constexpr int width = 1, alignment = 1;
    const void *data;
    vt_dtype dtype;
    __device__ int64_t at(int64_t i) const
    {
        switch (dtype) {
        case VT_I64: return ((const int64_t *)data)[i];
        case VT_I32: return ((const int32_t *)data)[i];
        default: return ((const uint8_t *)data)[i];
        }
    }
    __device__ void read(int64_t i, int64_t (&v)[width]) const
    {
        v[0] = at(i);
    }
};

#endif
