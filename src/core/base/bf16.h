/* bf16.h - f32 values stored in 16 bits: the upper half of their own. Branch-free, for loops that are to vectorise. */
#ifndef VITRO_CORE_BASE_BF16_H
#define VITRO_CORE_BASE_BF16_H

#include <stdint.h>
#include <string.h>

static inline float bf16_to_f32(uint16_t x)
{
    uint32_t bits = (uint32_t)x << 16;
    float y;
    memcpy(&y, &bits, sizeof y);
    return y;
}

/* To the nearest, of two as near to the even one. NaN stays NaN. */
static inline uint16_t bf16_of_f32(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint32_t rounded = bits + 0x7fff + (bits >> 16 & 1), quiet = bits | 0x00400000;
    return (uint16_t)((x != x ? quiet : rounded) >> 16);
}

#endif
