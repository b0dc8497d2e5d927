/* half_product.h - products of bf16 matrices that lie in the caches, by the processor's matrix unit. Operands are in
 * words, of two neighbours along k; every extent is filled up to whole matrices, with 0 along k. */
#ifndef VITRO_BACKENDS_CPU_HALF_PRODUCT_H
#define VITRO_BACKENDS_CPU_HALF_PRODUCT_H

#include "backends/cpu/matrix_unit.h"
#include "backends/cpu/square.h"

#ifdef MATRIX_UNIT_EXISTS

/* Two elements. */
typedef uint32_t word;

/* c [rows, columns] = a [rows, words] b [words, columns], in f32; rows are a matrix or more of them apart. */
typedef struct half_product {
    int64_t rows, columns, words;
    const word *a, *b;
    int64_t a_stride, b_stride;
    float *c;
    int64_t c_stride;
    bool add; /* to c, instead of overwriting it */
} half_product;

/* Rows of c that are one or two matrices high, and columns that are as wide. */
static inline __attribute__((always_inline)) void half_tile(const half_product *p, int64_t i, int64_t j, const int down,
                                                            const int across)
{
    const int64_t a_row = p->a_stride * 4, b_row = p->b_stride * 4, c_row = p->c_stride * 4;
    const word *a = p->a + i * p->a_stride, *b = p->b + j, *a_below = a + MATRIX_SIDE * p->a_stride;
    float *c = p->c + i * p->c_stride + j, *c_below = c + MATRIX_SIDE * p->c_stride;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    if (p->add) {
        _tile_loadd(0, c, c_row);
        if (across > 1) _tile_loadd(1, c + MATRIX_SIDE, c_row);
        if (down > 1) _tile_loadd(2, c_below, c_row);
        if (down > 1 && across > 1) _tile_loadd(3, c_below + MATRIX_SIDE, c_row);
    }
    for (int64_t l = 0; l < p->words; l += MATRIX_SIDE, b += MATRIX_SIDE * p->b_stride) {
        _tile_loadd(6, b, b_row);
        _tile_loadd(4, a + l, a_row);
        _tile_dpbf16ps(0, 4, 6);
        if (down > 1) _tile_loadd(5, a_below + l, a_row);
        if (down > 1) _tile_dpbf16ps(2, 5, 6);
        if (across > 1) _tile_loadd(7, b + MATRIX_SIDE, b_row);
        if (across > 1) _tile_dpbf16ps(1, 4, 7);
        if (down > 1 && across > 1) _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, c, c_row);
    if (across > 1) _tile_stored(1, c + MATRIX_SIDE, c_row);
    if (down > 1) _tile_stored(2, c_below, c_row);
    if (down > 1 && across > 1) _tile_stored(3, c_below + MATRIX_SIDE, c_row);
}

static void half_multiply(const half_product *p)
{
    __asm__ volatile("" ::: "memory"); /* what was written is stored before it is loaded */
    for (int64_t j = 0; j < p->columns; j += 2 * MATRIX_SIDE)
        for (int64_t i = 0; i < p->rows; i += 2 * MATRIX_SIDE) {
            bool tall = p->rows - i > MATRIX_SIDE, wide = p->columns - j > MATRIX_SIDE;
            if (tall && wide)
                half_tile(p, i, j, 2, 2);
            else if (tall)
                half_tile(p, i, j, 2, 1);
            else if (wide)
                half_tile(p, i, j, 1, 2);
            else
                half_tile(p, i, j, 1, 1);
        }
}

/* Rows of elements, two by two, as words of one row: what b is made of, from [2 words, columns]. */
static void half_interleave(const uint16_t *from, int64_t stride, int64_t words, int64_t columns, word *to,
                            int64_t to_stride)
{
    for (int64_t l = 0; l < words; l++, from += 2 * stride, to += to_stride)
        for (int64_t j = 0; j < columns; j += MATRIX_SIDE) {
            __m512i low = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)(from + j)));
            __m512i high =
                _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)(from + stride + j)));
            _mm512_storeu_si512(to + j, _mm512_or_epi32(low, _mm512_slli_epi32(high, 16)));
        }
}

/* The transpose of [rows, columns] words. */
static void half_transpose(const word *from, int64_t stride, int64_t rows, int64_t columns, word *to, int64_t to_stride)
{
    for (int64_t i = 0; i < rows; i += MATRIX_SIDE)
        for (int64_t j = 0; j < columns; j += MATRIX_SIDE)
            transpose_square_f32((const float *)(const void *)(from + i * stride + j), stride,
                                 (float *)(void *)(to + j * to_stride + i), to_stride);
}

#endif
#endif
