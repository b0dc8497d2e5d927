/* cuda_bf16.h - the upper half of a float, rounded to nearest even. */
#ifndef CUDA_ON_HOST_CUDA_BF16_H
#define CUDA_ON_HOST_CUDA_BF16_H

#include "cuda_runtime.h"

struct __nv_bfloat16 {
    uint16_t bits;

    __nv_bfloat16() = default;
    __nv_bfloat16(float value)
    {
        unsigned whole = __float_as_uint(value), nearest = whole + 0x7fff + (whole >> 16 & 1);
        bool is_nan = (whole & 0x7fffffff) > 0x7f800000;
        bits = is_nan ? 0x7fff : (uint16_t)(nearest >> 16);
    }
    operator float() const
    {
        return __uint_as_float((unsigned)bits << 16);
    }
};

struct alignas(4) __nv_bfloat162 {
    __nv_bfloat16 x, y;
};

inline float __bfloat162float(__nv_bfloat16 value)
{
    return value;
}

inline __nv_bfloat16 __float2bfloat16(float value)
{
    return value;
}

inline __nv_bfloat16 __float2bfloat16_rn(float value)
{
    return value;
}

inline unsigned short __bfloat16_as_ushort(__nv_bfloat16 value)
{
    return value.bits;
}

inline __nv_bfloat16 __ushort_as_bfloat16(unsigned short bits)
{
    __nv_bfloat16 value;
    value.bits = bits;
    return value;
}

inline __nv_bfloat162 __floats2bfloat162_rn(float x, float y)
{
    return { x, y };
}

inline __nv_bfloat162 __float22bfloat162_rn(float2 pair)
{
    return { pair.x, pair.y };
}

inline float2 __bfloat1622float2(__nv_bfloat162 pair)
{
    return { pair.x, pair.y };
}

#endif
