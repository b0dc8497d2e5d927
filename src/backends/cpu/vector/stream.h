/* stream.h - vectors written past the caches. */
#ifndef VITRO_BACKENDS_CPU_VECTOR_STREAM_H
#define VITRO_BACKENDS_CPU_VECTOR_STREAM_H

#include "backends/cpu/vector/float_vector.h"
#ifdef __SSE__
#include <immintrin.h>
#endif

/* To an address that is a multiple of the vector's bytes. Others may see it after vector_stream_end. */
static inline __attribute__((always_inline)) void vector_stream(float *to, float_vector v)
{
#if defined(__AVX512F__)
    _mm512_stream_ps(to, (__m512)v);
#elif defined(__AVX__)
    _mm256_stream_ps(to, (__m256)v);
#elif defined(__SSE__)
    _mm_stream_ps(to, (__m128)v);
#else
    vector_store(to, false, 0, v);
#endif
}

/* All that this thread has written so is in memory before what it writes from here on. */
static inline void vector_stream_end(void)
{
#ifdef __SSE__
    _mm_sfence();
#endif
}

#endif
