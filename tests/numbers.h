/* numbers.h - the numbers that tests compute with: a function of the seed alone. */
#ifndef VITRO_TESTS_NUMBERS_H
#define VITRO_TESTS_NUMBERS_H

#include <stdint.h>

/* -- What data are made of ----------------------------------------------------------------------------------------- */

/* Knuth's MMIX generator: the high bits are the random ones. */
static inline uint64_t next_bits(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state;
}

/* Uniform in [0, 1). */
static inline double next_uniform(uint64_t *state)
{
    return (double)(next_bits(state) >> 11) * 0x1p-53;
}

/* Uniform in [0, 1), and so is twice that less 1 in [-1, 1): such as f32 holds. */
static inline double next_f32(uint64_t *state)
{
    return (double)(next_bits(state) >> 40) * 0x1p-24;
}

/* Uniform in [-1, 1): such as bf16 holds. */
static inline double next_bf16(uint64_t *state)
{
    return (double)(next_bits(state) >> 56) * 0x1p-7 - 1;
}

/* In [0, limit). */
static inline uint64_t next_below(uint64_t *state, uint64_t limit)
{
    return (next_bits(state) >> 33) % limit;
}

/* -- What programs and calls are drawn with ------------------------------------------------------------------------ */

/* SplitMix64: Steele et al. 2014. Seeds that follow each other give numbers that have nothing in common. */
static inline uint64_t next_word(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

#endif
