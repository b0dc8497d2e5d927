/* convert.h - elements of every dtype on the device, and from one to another as vt_cast does. */
#ifndef VITRO_BACKENDS_CUDA_ELEMENT_CONVERT_H
#define VITRO_BACKENDS_CUDA_ELEMENT_CONVERT_H

#include "backends/cuda/machine/device.h"

typedef __nv_bfloat16 bf16;

/* A bool is one byte of 0 or 1, and another type than u8. */
struct boolean {
    uint8_t value;
};

/* Values out of range saturate and NaN becomes 0. */
template <class To> static __device__ inline To integer_of(double x, double low, double high)
{
    if (x != x) return 0;
    if (x <= low) return (To)low;
    return x >= high ? (To)(high >= 0x1p63 ? INT64_MAX : (int64_t)high) : (To)(int64_t)x;
}

template <class To, class From> struct converter {
    static __device__ inline To of(From x)
    {
        return (To)x;
    }
};
template <class From> struct converter<boolean, From> {
    static __device__ inline boolean of(From x)
    {
        return boolean{ (uint8_t)(x != (From)0) };
    }
};
template <class To> struct converter<To, boolean> {
    static __device__ inline To of(boolean x)
    {
        return (To)(float)x.value;
    }
};
template <> struct converter<boolean, boolean> {
    static __device__ inline boolean of(boolean x)
    {
        return x;
    }
};
template <> struct converter<boolean, bf16> {
    static __device__ inline boolean of(bf16 x)
    {
        return boolean{ (uint8_t)((float)x != 0) };
    }
};
template <> struct converter<bf16, boolean> {
    static __device__ inline bf16 of(boolean x)
    {
        return __float2bfloat16((float)x.value);
    }
};
template <> struct converter<bf16, bf16> {
    static __device__ inline bf16 of(bf16 x)
    {
        return x;
    }
};
template <class From> struct converter<bf16, From> {
    static __device__ inline bf16 of(From x)
    {
        return __float2bfloat16((float)x);
    }
};
template <class To> struct converter<To, bf16> {
    static __device__ inline To of(bf16 x)
    {
        return converter<To, float>::of(__bfloat162float(x));
    }
};
#define SATURATING(to, from, low, high)                                                                                \
    template <> struct converter<to, from> {                                                                           \
        static __device__ inline to of(from x)                                                                         \
        {                                                                                                              \
            return integer_of<to>((double)x, low, high);                                                               \
        }                                                                                                              \
    };
#define SATURATING_TO(from)                                                                                            \
    SATURATING(int32_t, from, INT32_MIN, INT32_MAX)                                                                    \
    SATURATING(int64_t, from, -0x1p63, 0x1p63)                                                                         \
    SATURATING(uint8_t, from, 0, UINT8_MAX)
SATURATING_TO(float)
SATURATING_TO(double)
SATURATING(int32_t, int64_t, INT32_MIN, INT32_MAX)
SATURATING(uint8_t, int64_t, 0, UINT8_MAX)
SATURATING(uint8_t, int32_t, 0, UINT8_MAX)
#undef SATURATING
#undef SATURATING_TO

/* Calls `function(type{})` with the C++ type of a dtype of floating-point elements in memory. */
template <class Function> static auto with_float_type(vt_dtype dtype, Function function)
{
    if (dtype == VT_F64) return function(double{});
    if (dtype == VT_BF16) return function(bf16{});
    return function(float{});
}

/* The same for every dtype. */
template <class Function> static auto with_type(vt_dtype dtype, Function function)
{
    switch (dtype) {
    case VT_I32: return function(int32_t{});
    case VT_I64: return function(int64_t{});
    case VT_U8: return function(uint8_t{});
    case VT_BOOL: return function(boolean{});
    default: return with_float_type(dtype, function);
    }
}

/* The bits of an element of the dtype, which `value` is converted to. */
static inline uint64_t bits_of(vt_dtype dtype, double value)
{
    uint64_t bits = 0;
    array one = { .data = &bits, .dtype = dtype };
    array_set(&one, 0, value);
    return bits;
}

/* Calls `function(type{})` with an unsigned integer of so many bytes, for what moves bits. */
template <class Function> static auto with_bits(size_t size, Function function)
{
    if (size == 8) return function(uint64_t{});
    if (size == 4) return function(uint32_t{});
    if (size == 2) return function(uint16_t{});
    return function(uint8_t{});
}

#endif
