/* permutation.c - a random permutation as a Feistel network over the smallest 2h-bit domain that holds the numbers
 * (Luby & Rackoff 1988), restricted to them by walking its cycles (Black & Rogaway 2002). */
#include "data/random.h"

enum { ROUNDS = 8 };

permutation permutation_make(uint64_t seed, uint64_t stream, int64_t count)
{
    permutation p = { .seed = seed, .stream = stream, .count = (uint64_t)count, .half_bits = 1 };
    while (UINT64_C(1) << (2 * p.half_bits) < p.count) p.half_bits++;
    return p;
}

static uint64_t encipher(const permutation *p, uint64_t x)
{
    const uint64_t mask = (UINT64_C(1) << p->half_bits) - 1;
    uint64_t left = x >> p->half_bits, right = x & mask;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        uint32_t word[4];
        philox_block(p->seed, p->stream, round << 32 | right, word);
        const uint64_t mixed = left ^ (word[0] & mask);
        left = right;
        right = mixed;
    }
    return left << p->half_bits | right;
}

int64_t permutation_at(const permutation *p, int64_t position)
{
    uint64_t x = (uint64_t)position;
    do {
        x = encipher(p, x);
    } while (x >= p->count); /* ends: the cycle comes back to position at the latest */
    return (int64_t)x;
}
