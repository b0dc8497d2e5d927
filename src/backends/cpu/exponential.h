/* exponential.h - e^x for loops that are to vectorise, which calls to libm's do not. */
#ifndef VITRO_BACKENDS_CPU_EXPONENTIAL_H
#define VITRO_BACKENDS_CPU_EXPONENTIAL_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* 2^n for n in [-126, 127]. */
static inline float power_of_two(int32_t n)
{
    uint32_t bits = (uint32_t)(n + 127) << 23;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* e^x to 1 ulp, with NaN, infinities and denormal results: e^x = 2^n e^r, |r| <= ln 2 / 2, n to the nearest by adding
 * 1.5 * 2^23, and e^r by a minimax polynomial. 2^n is applied in halves, as it may be out of range itself. */
static inline float exp_f32(float x)
{
    const float shift = 0x1.8p23f;
    float limited = x < -104 ? -104 : x > 89 ? 89 : x;
    float shifted = limited * 0x1.715476p+0f + shift, n = shifted - shift;
    float r = limited - n * 0x1.62e4p-1f;
    r = r - n * 0x1.7f7d1cp-20f;
    float p = 0x1.6850e4p-10f;
    p = p * r + 0x1.123bccp-7f;
    p = p * r + 0x1.555b98p-5f;
    p = p * r + 0x1.55548ep-3f;
    p = p * r + 0x1.fffff8p-2f;
    p = p * r * r + r + 1;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    int32_t whole = (int32_t)(bits << 9) >> 9, half = whole >> 1; /* garbage for NaN, which p is as well */
    return p * power_of_two(half) * power_of_two(whole - half);
}

static inline double exp_f64(double x)
{
    return exp(x);
}

#endif
