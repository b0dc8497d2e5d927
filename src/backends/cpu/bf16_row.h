/* bf16_row.h - rows of values between the two ways of storing them. */
#ifndef VITRO_BACKENDS_CPU_BF16_ROW_H
#define VITRO_BACKENDS_CPU_BF16_ROW_H

#include "core/bf16.h"

static inline void widen_row(const uint16_t *restrict x, int64_t n, float *restrict y)
{
    for (int64_t i = 0; i < n; i++) y[i] = bf16_to_f32(x[i]);
}

static inline void narrow_row(const float *restrict x, int64_t n, uint16_t *restrict y)
{
    for (int64_t i = 0; i < n; i++) y[i] = bf16_of_f32(x[i]);
}

#endif
