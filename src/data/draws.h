/* draws.h - the random numbers of one picture in one epoch, one after the other. */
#ifndef VITRO_DATA_DRAWS_H
#define VITRO_DATA_DRAWS_H

#include "data/random.h"
#include <stdbool.h>

/* A picture has 2^8 blocks of four words. */
typedef struct draws {
    uint64_t seed;
    int64_t epoch, picture; /* which of those that an epoch has */
    unsigned used;          /* words */
    uint32_t word[4];
} draws;

static inline uint32_t draw_word(draws *d)
{
    if (d->used % 4 == 0)
        philox_block(d->seed, random_stream(RANDOM_POLICY, d->epoch), (uint64_t)d->picture << 8 | (d->used / 4 & 255),
                     d->word);
    return d->word[d->used++ % 4];
}

/* In [low, high). */
static inline double draw_between(draws *d, double low, double high)
{
    return low + (high - low) * (double)draw_word(d) * 0x1p-32;
}

static inline int draw_below(draws *d, int bound)
{
    return random_below(draw_word(d), bound);
}

static inline bool draw_chance(draws *d, double probability)
{
    return draw_between(d, 0, 1) < probability;
}

#endif
