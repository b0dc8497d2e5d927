/* float_vector.h - as many floats as a register holds, loaded from memory in f32 or bf16: the upper half of a float's
 * bits, rounded to nearest even. */
#ifndef VITRO_BACKENDS_CPU_VECTOR_FLOAT_VECTOR_H
#define VITRO_BACKENDS_CPU_VECTOR_FLOAT_VECTOR_H

#include "backends/cpu/vector/vector_width.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { FLOAT_LANES = VECTOR_BYTES / sizeof(float) };

typedef float float_vector __attribute__((vector_size(VECTOR_BYTES)));
typedef float float_vector_unaligned __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));
typedef uint32_t bits_vector __attribute__((vector_size(VECTOR_BYTES)));
typedef uint16_t bf16_vector __attribute__((vector_size(VECTOR_BYTES / 2)));
typedef uint16_t bf16_vector_unaligned __attribute__((vector_size(VECTOR_BYTES / 2), aligned(2), may_alias));

/* The vector at element `index`, of elements that are bf16 or f32. */
static inline __attribute__((always_inline)) float_vector vector_load(const void *data, bool bf16, int64_t index)
{
    if (!bf16) return *(const float_vector_unaligned *)((const float *)data + index);
    bf16_vector stored = *(const bf16_vector_unaligned *)((const uint16_t *)data + index);
    return (float_vector)(__builtin_convertvector(stored, bits_vector) << 16);
}

static inline __attribute__((always_inline)) void vector_store(void *data, bool bf16, int64_t index, float_vector v)
{
    if (!bf16) {
        *(float_vector_unaligned *)((float *)data + index) = v;
        return;
    }
    bits_vector bits = (bits_vector)v, is_nan = (bits_vector)(v != v); /* all ones where it is */
    bits_vector rounded = bits + (0x7fff + (bits >> 16 & 1));
    bits = (rounded & ~is_nan) | ((bits | 0x400000) & is_nan);
    *(bf16_vector_unaligned *)((uint16_t *)data + index) = __builtin_convertvector(bits >> 16, bf16_vector);
}

/* The first `count` elements of a vector, the others 0. */
static inline float_vector vector_load_part(const void *data, bool bf16, int64_t index, int64_t count)
{
    char bytes[VECTOR_BYTES] = { 0 };
    size_t size = bf16 ? 2 : 4;
    if (count > 0) memcpy(bytes, (const char *)data + (size_t)index * size, (size_t)count * size);
    return vector_load(bytes, bf16, 0);
}

static inline void vector_store_part(void *data, bool bf16, int64_t index, int64_t count, float_vector v)
{
    char bytes[VECTOR_BYTES];
    size_t size = bf16 ? 2 : 4;
    vector_store(bytes, bf16, 0, v);
    if (count > 0) memcpy((char *)data + (size_t)index * size, bytes, (size_t)count * size);
}

#endif
