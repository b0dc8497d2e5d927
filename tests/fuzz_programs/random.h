/* random.h - the numbers that a program is drawn with: a function of the seed alone. */
#ifndef VITRO_TESTS_FUZZ_PROGRAMS_RANDOM_H
#define VITRO_TESTS_FUZZ_PROGRAMS_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct dice {
    uint64_t state;
} dice;

/* SplitMix64: Steele et al. 2014. */
static inline uint64_t next_word(dice *d)
{
    uint64_t z = d->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* In [0, count). */
static inline int below(dice *d, int count)
{
    return (int)(next_word(d) % (uint64_t)count);
}

/* From first to last, both included. */
static inline int between(dice *d, int first, int last)
{
    return first + below(d, last - first + 1);
}

/* In [low, high). */
static inline double uniform(dice *d, double low, double high)
{
    return low + (high - low) * ((double)(next_word(d) >> 11) * 0x1p-53);
}

/* True so many times in a hundred. */
static inline bool chance(dice *d, int percent)
{
    return below(d, 100) < percent;
}

#endif
