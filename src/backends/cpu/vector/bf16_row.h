/* bf16_row.h - rows of values between the two ways of storing them. */
#ifndef VITRO_BACKENDS_CPU_VECTOR_BF16_ROW_H
#define VITRO_BACKENDS_CPU_VECTOR_BF16_ROW_H

#include "core/base/bf16.h"
#ifdef __AVX512BF16__
#include "backends/cpu/machine/level.h"
#include <immintrin.h>
#endif

static inline void widen_row(const uint16_t *restrict x, int64_t n, float *restrict y)
{
    for (int64_t i = 0; i < n; i++) y[i] = bf16_to_f32(x[i]);
}

static inline void narrow_row(const float *restrict x, int64_t n, uint16_t *restrict y)
{
    for (int64_t i = 0; i < n; i++) y[i] = bf16_of_f32(x[i]);
}

/* narrow_row for sums of products. Where the processor rounds two vectors at once, what is less than any normal float
 * becomes 0, as it does in its products of bf16. */
#ifdef __AVX512BF16__
static inline __mmask16 first_of_16(int64_t n)
{
    return (__mmask16)(n >= 16 ? 0xffff : n <= 0 ? 0 : (1u << n) - 1);
}

static inline void narrow_sums_f32(const float *restrict x, int64_t n, uint16_t *restrict y)
{
    int64_t i = 0;
    if (!level_has_pairs()) {
        narrow_row(x, n, y);
        return;
    }
    for (; i + 32 <= n; i += 32)
        _mm512_storeu_si512(y + i, (__m512i)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(x + i + 16), _mm512_loadu_ps(x + i)));
    if (i == n) return;
    __mmask16 low = first_of_16(n - i), high = first_of_16(n - i - 16);
    __m512 lower = _mm512_maskz_loadu_ps(low, x + i), upper = _mm512_maskz_loadu_ps(high, x + i + 16);
    _mm512_mask_storeu_epi16(y + i, (__mmask32)low | (__mmask32)high << 16, (__m512i)_mm512_cvtne2ps_pbh(upper, lower));
}
#else
static inline void narrow_sums_f32(const float *restrict x, int64_t n, uint16_t *restrict y)
{
    narrow_row(x, n, y);
}
#endif

#endif
