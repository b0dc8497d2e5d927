/* random.h - random words for kernels: philox_block of several blocks side by side, which the compiler vectorises. */
#ifndef VITRO_BACKENDS_CPU_RANDOM_H
#define VITRO_BACKENDS_CPU_RANDOM_H

#include "core/philox.h"

enum { RANDOM_BLOCKS = 16, RANDOM_WORDS = 4 * RANDOM_BLOCKS };

/* The words of elements first to first + RANDOM_WORDS - 1 of a stream; first is a multiple of 4. */
static inline void random_words(uint64_t seed, uint64_t stream, int64_t first, uint32_t words[RANDOM_WORDS])
{
    uint32_t c[4][RANDOM_BLOCKS], k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int i = 0; i < RANDOM_BLOCKS; i++) {
        uint64_t block = (uint64_t)first / 4 + (uint64_t)i;
        c[0][i] = (uint32_t)block;
        c[1][i] = (uint32_t)(block >> 32);
        c[2][i] = (uint32_t)stream;
        c[3][i] = (uint32_t)(stream >> 32);
    }
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
#pragma omp simd
        for (int i = 0; i < RANDOM_BLOCKS; i++) philox_round(&c[0][i], &c[1][i], &c[2][i], &c[3][i], k0, k1);
        philox_next_key(&k0, &k1);
    }
    for (int i = 0; i < RANDOM_BLOCKS; i++)
        for (int k = 0; k < 4; k++) words[4 * i + k] = c[k][i];
}

#endif
