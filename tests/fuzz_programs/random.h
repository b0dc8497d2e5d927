/* random.h - the numbers that a program is drawn with: a function of the seed alone. */
#ifndef VITRO_TESTS_FUZZ_PROGRAMS_RANDOM_H
#define VITRO_TESTS_FUZZ_PROGRAMS_RANDOM_H

#include "../numbers.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct dice {
    uint64_t state;
} dice;

/* In [0, count). */
static inline int below(dice *d, int count)
{
    return (int)(next_word(&d->state) % (uint64_t)count);
}

/* From first to last, both included. */
static inline int between(dice *d, int first, int last)
{
    return first + below(d, last - first + 1);
}

/* In [low, high). */
static inline double uniform(dice *d, double low, double high)
{
    return low + (high - low) * ((double)(next_word(&d->state) >> 11) * 0x1p-53);
}

/* True so many times in a hundred. */
static inline bool chance(dice *d, int percent)
{
    return below(d, 100) < percent;
}

#endif
