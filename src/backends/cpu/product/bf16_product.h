/* bf16_product.h - products of bf16 matrices that lie in the caches, by the processor's matrix unit. Operands are in
 * words, of two neighbours along k; every extent is filled up to whole matrices, with 0 along k. */
#ifndef VITRO_BACKENDS_CPU_PRODUCT_BF16_PRODUCT_H
#define VITRO_BACKENDS_CPU_PRODUCT_BF16_PRODUCT_H

#include "backends/cpu/product/prefetch.h"
#include "backends/cpu/product/matrix_tile.h"
#include "backends/cpu/product/transpose_square.h"

#ifdef MATRIX_UNIT_EXISTS

/* Two elements. */
typedef uint32_t word;

/* c [rows, columns] = a [rows, words] b [words, columns], in f32; rows are a matrix or more of them apart. */
typedef struct bf16_product {
    int64_t rows, columns, words;
    const word *a, *b;
    int64_t a_stride, b_stride;
    float *c;
    int64_t c_stride;
    bool add;           /* to c, instead of overwriting it */
    prefetch *prefetch; /* or NULL */
} bf16_product;

static void bf16_multiply(const bf16_product *p)
{
    for (int64_t j = 0; j < p->columns; j += 2 * MATRIX_SIDE)
        for (int64_t i = 0; i < p->rows; i += 2 * MATRIX_SIDE) {
            float *c = p->c + i * p->c_stride + j;
            fetch_list ahead;
            prefetch_next(p->prefetch, FETCH_ROOM, &ahead);
            matrix_tile_run(&(matrix_tile){ .rows = p->rows - i,
                                            .columns = p->columns - j,
                                            .words = p->words,
                                            .a = p->a + i * p->a_stride,
                                            .b = p->b + j,
                                            .a_stride = p->a_stride,
                                            .b_stride = p->b_stride,
                                            .from = p->add ? c : NULL,
                                            .to = c,
                                            .from_stride = p->c_stride,
                                            .to_stride = p->c_stride,
                                            .ahead = ahead.line,
                                            .ahead_count = ahead.count });
        }
}

/* Rows of elements, two by two, as words of one row: what b is made of, from [2 words, columns]. */
static void bf16_interleave(const uint16_t *from, int64_t stride, int64_t words, int64_t columns, word *to,
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
static void bf16_transpose(const word *from, int64_t stride, int64_t rows, int64_t columns, word *to, int64_t to_stride)
{
    for (int64_t i = 0; i < rows; i += MATRIX_SIDE)
        for (int64_t j = 0; j < columns; j += MATRIX_SIDE)
            transpose_square_f32((const float *)(const void *)(from + i * stride + j), stride,
                                 (float *)(void *)(to + j * to_stride + i), to_stride);
}

#endif
#endif
