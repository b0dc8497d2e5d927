/* random.h - random words for kernels. */
#ifndef VITRO_BACKENDS_CPU_ELEMENTWISE_RANDOM_H
#define VITRO_BACKENDS_CPU_ELEMENTWISE_RANDOM_H

#include <math.h>
#include <stdint.h>

/* Words drawn at a time. */
enum { RANDOM_WORDS = 128 };

/* The words of elements first to first + RANDOM_WORDS - 1 of a stream; first is a multiple of RANDOM_WORDS. */
void random_words(uint64_t seed, uint64_t stream, int64_t first, uint32_t words[RANDOM_WORDS]);

/* Of a word's upper 24 bits, where dropout of probability p keeps the word's element. */
static inline uint32_t least_kept(double p)
{
    return (uint32_t)ceil(p * 0x1p24);
}

#endif
