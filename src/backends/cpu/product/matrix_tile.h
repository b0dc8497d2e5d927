/* matrix_tile.h - a tile of up to two by two matrices of sums, in the registers of the processor's matrix unit. */
#ifndef VITRO_BACKENDS_CPU_PRODUCT_MATRIX_TILE_H
#define VITRO_BACKENDS_CPU_PRODUCT_MATRIX_TILE_H

#include "backends/cpu/vector/integers.h"
#include "backends/cpu/product/matrix_unit.h"
#include <stddef.h>

/* to = from + a [rows, words] b [words, columns], in words of two bf16 elements that are neighbours along k. All three
 * extents are filled up to whole matrices; strides are from row to row, in words or sums. */
typedef struct matrix_tile {
    int64_t rows, columns, words;
    const void *a, *b;
    int64_t a_stride, b_stride;
    const float *from; /* NULL: 0 */
    float *to;
    int64_t from_stride, to_stride;
    const char *const *ahead; /* memory that is needed afterwards, fetched on the way */
    int64_t ahead_count;
} matrix_tile;

#ifdef MATRIX_UNIT_EXISTS
static inline const void *words_on(const void *from, int64_t words)
{
    return (const uint32_t *)from + words;
}

/* Of the registers, 0 to 3 are sums, 4 and 5 hold matrices of a, 6 and 7 of b. */
static inline __attribute__((always_inline)) void matrix_tile_begin(const matrix_tile *t, bool tall, bool wide)
{
    const int64_t row = t->from_stride * 4;
    const float *below = t->from + MATRIX_SIDE * t->from_stride;
    _tile_loadd(0, t->from, row);
    if (wide) _tile_loadd(1, t->from + MATRIX_SIDE, row);
    if (tall) _tile_loadd(2, below, row);
    if (tall && wide) _tile_loadd(3, below + MATRIX_SIDE, row);
}

static inline __attribute__((always_inline)) void matrix_tile_end(const matrix_tile *t, bool tall, bool wide)
{
    const int64_t row = t->to_stride * 4;
    float *below = t->to + MATRIX_SIDE * t->to_stride;
    _tile_stored(0, t->to, row);
    if (wide) _tile_stored(1, t->to + MATRIX_SIDE, row);
    if (tall) _tile_stored(2, below, row);
    if (tall && wide) _tile_stored(3, below + MATRIX_SIDE, row);
}

static inline __attribute__((always_inline)) void matrix_tile_sum(const matrix_tile *t, bool tall, bool wide)
{
    const int64_t a_row = t->a_stride * 4, b_row = t->b_stride * 4, steps = divide_up(t->words, MATRIX_SIDE);
    const int64_t each = steps ? divide_up(t->ahead_count, steps) : 0;
    const void *a = t->a, *a_below = words_on(a, MATRIX_SIDE * t->a_stride), *b = t->b;
    int64_t fetched = 0;
    __asm__ volatile("" ::: "memory"); /* what was packed is stored before it is loaded */
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    if (t->from) matrix_tile_begin(t, tall, wide);
    for (int64_t l = 0; l < steps; l++) {
        for (; fetched < least(t->ahead_count, each * (l + 1)); fetched++) __builtin_prefetch(t->ahead[fetched]);
        _tile_loadd(6, b, b_row);
        _tile_loadd(4, a, a_row);
        _tile_dpbf16ps(0, 4, 6);
        if (tall) _tile_loadd(5, a_below, a_row);
        if (tall) _tile_dpbf16ps(2, 5, 6);
        if (wide) _tile_loadd(7, words_on(b, MATRIX_SIDE), b_row);
        if (wide) _tile_dpbf16ps(1, 4, 7);
        if (tall && wide) _tile_dpbf16ps(3, 5, 7);
        a = words_on(a, MATRIX_SIDE);
        a_below = words_on(a_below, MATRIX_SIDE);
        b = words_on(b, MATRIX_SIDE * t->b_stride);
    }
    matrix_tile_end(t, tall, wide);
}

static inline void matrix_tile_run(const matrix_tile *t)
{
    bool tall = t->rows > MATRIX_SIDE, wide = t->columns > MATRIX_SIDE;
    if (tall && wide)
        matrix_tile_sum(t, true, true);
    else if (tall)
        matrix_tile_sum(t, true, false);
    else if (wide)
        matrix_tile_sum(t, false, true);
    else
        matrix_tile_sum(t, false, false);
}
#else
static inline void matrix_tile_run(const matrix_tile *t)
{
    (void)t; /* never called */
}
#endif

#endif
