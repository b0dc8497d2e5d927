/* philox.h - Philox4x32-10, the counter-based generator of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3"
 * (2011). Four words are a pure function of counter and key: no state, so that the same number can be drawn again, in
 * any order, by any thread, on any device.
 *
 * The convention: key = seed, counter = (element / 4 low and high, stream low and high); word element % 4 is the
 * element's own. */
#ifndef VITRO_CORE_BASE_PHILOX_H
#define VITRO_CORE_BASE_PHILOX_H

#include "core/base/host_device.h"
#include <stdint.h>

HOST_DEVICE void philox_round(uint32_t *c0, uint32_t *c1, uint32_t *c2, uint32_t *c3, uint32_t k0, uint32_t k1)
{
    uint64_t product0 = UINT64_C(0xD2511F53) * *c0;
    uint64_t product1 = UINT64_C(0xCD9E8D57) * *c2;
    *c0 = (uint32_t)(product1 >> 32) ^ *c1 ^ k0;
    *c1 = (uint32_t)product1;
    *c2 = (uint32_t)(product0 >> 32) ^ *c3 ^ k1;
    *c3 = (uint32_t)product0;
}

HOST_DEVICE void philox_next_key(uint32_t *k0, uint32_t *k1)
{
    *k0 += UINT32_C(0x9E3779B9);
    *k1 += UINT32_C(0xBB67AE85);
}

enum { PHILOX_ROUNDS = 10 };

HOST_DEVICE void philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        philox_round(&c0, &c1, &c2, &c3, k0, k1);
        philox_next_key(&k0, &k1);
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* The words of elements 4 * block to 4 * block + 3 of a stream. */
HOST_DEVICE void philox_block(uint64_t seed, uint64_t stream, uint64_t block, uint32_t out[4])
{
    const uint32_t key[2] = { (uint32_t)seed, (uint32_t)(seed >> 32) };
    const uint32_t counter[4] = { (uint32_t)block, (uint32_t)(block >> 32), (uint32_t)stream,
                                  (uint32_t)(stream >> 32) };
    philox4x32(counter, key, out);
}

/* A multiple of 2^-24 in [0, 1), the same bits on every device. */
HOST_DEVICE float philox_uniform(uint32_t word)
{
    return (float)(word >> 8) * 0x1p-24f;
}

#endif
