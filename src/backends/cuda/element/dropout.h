/* dropout.h - which elements dropout drops: every element has a random word, drawn again wherever it is needed. */
#ifndef VITRO_BACKENDS_CUDA_ELEMENT_DROPOUT_H
#define VITRO_BACKENDS_CUDA_ELEMENT_DROPOUT_H

#include "backends/cuda/machine/device.h"

extern "C" {
#include "core/base/philox.h"
}
#include <math.h>

/* An argument of kernels. */
typedef struct dropout_rule {
    const bound *stream; /* in the device's memory; NULL: nothing is dropped */
    uint32_t least_kept; /* a number u 2^-24 is at least p where the integer u is at least this */
    float scale;         /* of what is kept */
} dropout_rule;

/* Of the call's random stream. */
static inline dropout_rule dropout_rule_of(const kernel_call *call, double p)
{
    return { &call->device_bound->random, (uint32_t)ceil(p * 0x1p24), (float)(1 / (1 - p)) };
}

static __device__ __forceinline__ bool is_kept(const dropout_rule &rule, uint32_t word)
{
    return word >> 8 >= rule.least_kept;
}

/* The words of elements 4 block to 4 block + 3. */
static __device__ __forceinline__ void draw_words(const dropout_rule &rule, uint64_t block, uint32_t (&words)[4])
{
    philox_block(rule.stream->seed, rule.stream->stream, block, words);
}

/* That of an element of the block; registers have no addresses. */
static __device__ __forceinline__ uint32_t word_of(const uint32_t (&words)[4], uint64_t element)
{
    uint32_t word = words[0];
#pragma unroll
    for (unsigned k = 1; k < 4; k++) word = element % 4 == k ? words[k] : word;
    return word;
}

#endif
