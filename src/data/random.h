/* random.h - the random numbers of datasets and loaders: Philox streams and permutations. */
#ifndef VITRO_DATA_RANDOM_H
#define VITRO_DATA_RANDOM_H

#include "core/base/philox.h"

/* Who draws: each has 2^48 streams of its own under the same seed. Tensors count theirs up from 0. */
typedef enum random_purpose {
    RANDOM_TENSOR,
    RANDOM_SHUFFLE,   /* stream: epoch */
    RANDOM_AUGMENT,   /* stream: epoch */
    RANDOM_TRAIN_SET, /* stream: picture */
    RANDOM_TEST_SET,  /* stream: picture */
    RANDOM_TRAIN_LABELS,
    RANDOM_TEST_LABELS,
    RANDOM_SPLIT,  /* stream: class */
    RANDOM_POLICY, /* stream: epoch */
} random_purpose;

static inline uint64_t random_stream(random_purpose purpose, int64_t number)
{
    return (uint64_t)purpose << 48 | (uint64_t)number;
}

/* A whole number in [0, bound). The bias is below bound / 2^32. */
static inline int random_below(uint32_t word, int bound)
{
    return (int)((uint64_t)word * (uint64_t)bound >> 32);
}

/* A random order of the numbers below count, at most 2^62, computed element by element: no table to fill, to share
 * between threads or to restore when a run resumes. */
typedef struct permutation {
    uint64_t seed, stream;
    uint64_t count;
    int half_bits;
} permutation;

permutation permutation_make(uint64_t seed, uint64_t stream, int64_t count);

/* The number at a position in [0, count). */
int64_t permutation_at(const permutation *p, int64_t position);

#endif
