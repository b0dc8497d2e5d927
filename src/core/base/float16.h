/* float16.h - floats of 16 bits, f16 and bf16, from f64, rounded once: by way of f32 they would be rounded twice. */
#ifndef VITRO_CORE_BASE_FLOAT16_H
#define VITRO_CORE_BASE_FLOAT16_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* The bits of a float with so many of fraction, and 2^least for the smallest: to the nearest, of two as near to the
 * even one; to infinity as if exponents went on. NaN stays NaN. */
static inline uint16_t float16_of(double x, int fraction_bits, int least)
{
    const int infinity = 0x7fff >> fraction_bits << fraction_bits, sign = signbit(x) ? 0x8000 : 0;
    if (isnan(x)) return (uint16_t)(sign | infinity | 1 << (fraction_bits - 1));
    if (isinf(x)) return (uint16_t)(sign | infinity);
    int exponent;
    frexp(x, &exponent);
    int unit = x == 0 || exponent - fraction_bits - 1 < least ? least : exponent - fraction_bits - 1;
    /* A number of units, to whose upper bit the exponent is added: also where rounding carries. */
    double bits = ldexp(unit - least, fraction_bits) + rint(ldexp(fabs(x), -unit));
    return (uint16_t)(sign | (bits < infinity ? (int)bits : infinity));
}

static inline uint16_t f16_of_f64(double x)
{
    return float16_of(x, 10, -24);
}

static inline uint16_t bf16_of_f64(double x)
{
    return float16_of(x, 7, -133);
}

static inline float f16_to_f32(uint16_t x)
{
    uint32_t exponent = (x >> 10) & 0x1f, fraction = x & 0x3ff, sign = (uint32_t)(x >> 15) << 31;
    if (exponent == 0) return (sign ? -0x1p-24f : 0x1p-24f) * (float)fraction;
    uint32_t wide = exponent == 0x1f ? 0xff : exponent + (127 - 15);
    uint32_t bits = sign | wide << 23 | fraction << 13;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#endif
