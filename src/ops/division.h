/* division.h - quotients, remainders and shifts of integers, of any width up to i64: the same in every backend, and
 * with a result, which wraps around, for every operand. */
#ifndef VITRO_OPS_DIVISION_H
#define VITRO_OPS_DIVISION_H

#include "core/base/host_device.h"
#include <stdbool.h>
#include <stdint.h>

/* Towards 0; 0 where b is 0. Divided by -1, the least number is beyond the largest. */
HOST_DEVICE int64_t trunc_quotient(int64_t a, int64_t b)
{
    if (b == 0) return 0;
    return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
}

HOST_DEVICE int64_t trunc_remainder(int64_t a, int64_t b)
{
    return b == 0 || b == -1 ? 0 : a % b;
}

/* Whether the quotient towards 0 is above the one towards minus infinity. */
HOST_DEVICE bool is_rounded_up(int64_t remainder, int64_t b)
{
    return remainder != 0 && (remainder < 0) != (b < 0);
}

HOST_DEVICE int64_t floor_quotient(int64_t a, int64_t b)
{
    return trunc_quotient(a, b) - is_rounded_up(trunc_remainder(a, b), b);
}

HOST_DEVICE int64_t floor_remainder(int64_t a, int64_t b)
{
    int64_t remainder = trunc_remainder(a, b);
    return is_rounded_up(remainder, b) ? remainder + b : remainder;
}

/* By any number of bits; a negative one is more than all. */
HOST_DEVICE int64_t shift_left(int64_t a, int64_t bits)
{
    return (uint64_t)bits < 64 ? (int64_t)((uint64_t)a << bits) : 0;
}

HOST_DEVICE int64_t shift_right(int64_t a, int64_t bits)
{
    return a >> ((uint64_t)bits < 64 ? bits : 63);
}

/* The same of floating-point numbers: trunc_quotient_f32 and so on, of fmod, which is exact, and the functions of the
 * type `real`. The quotient less its remainder is whole but for a rounding, which rint takes away. */
#define FLOAT_DIVISION(SPECIFIER, real, suffix, fmod, rint, copysign)                                                  \
    SPECIFIER real trunc_remainder_##suffix(real a, real b)                                                            \
    {                                                                                                                  \
        return fmod(a, b);                                                                                             \
    }                                                                                                                  \
    SPECIFIER real floor_remainder_##suffix(real a, real b)                                                            \
    {                                                                                                                  \
        real remainder = fmod(a, b);                                                                                   \
        if (remainder == 0) return copysign(remainder, b);                                                             \
        return (remainder < 0) != (b < 0) ? remainder + b : remainder;                                                 \
    }                                                                                                                  \
    SPECIFIER real trunc_quotient_##suffix(real a, real b)                                                             \
    {                                                                                                                  \
        return b == 0 ? a / b : copysign(rint((a - fmod(a, b)) / b), a / b);                                           \
    }                                                                                                                  \
    SPECIFIER real floor_quotient_##suffix(real a, real b)                                                             \
    {                                                                                                                  \
        if (b == 0) return a / b;                                                                                      \
        real remainder = fmod(a, b), quotient = rint((a - remainder) / b);                                             \
        if (remainder != 0 && (remainder < 0) != (b < 0)) return quotient - 1;                                         \
        return copysign(quotient, a / b);                                                                              \
    }

#endif
