/* random.c - philox_block of many blocks side by side, which the compiler vectorises. */
#include "backends/cpu/elementwise/random.h"
#include "core/base/philox.h"

enum { BLOCKS = RANDOM_WORDS / 4 };

void random_words(uint64_t seed, uint64_t stream, int64_t first, uint32_t words[RANDOM_WORDS])
{
    uint32_t c[4][BLOCKS], k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    uint64_t block = (uint64_t)first / 4; /* a multiple of BLOCKS: adding less than that carries nothing */
#pragma omp simd
    for (int i = 0; i < BLOCKS; i++) {
        c[0][i] = (uint32_t)block + (uint32_t)i;
        c[1][i] = (uint32_t)(block >> 32);
        c[2][i] = (uint32_t)stream;
        c[3][i] = (uint32_t)(stream >> 32);
    }
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
#pragma omp simd
        for (int i = 0; i < BLOCKS; i++) philox_round(&c[0][i], &c[1][i], &c[2][i], &c[3][i], k0, k1);
        philox_next_key(&k0, &k1);
    }
    for (int i = 0; i < BLOCKS; i++)
        for (int k = 0; k < 4; k++) words[4 * i + k] = c[k][i];
}
