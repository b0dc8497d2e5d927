/* matrix_unit.h - the processor's unit for products of small bf16 matrices (Intel's AMX): whether it may be used, and
 * what a thread does before and after. */
#ifndef VITRO_BACKENDS_CPU_PRODUCT_MATRIX_UNIT_H
#define VITRO_BACKENDS_CPU_PRODUCT_MATRIX_UNIT_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__linux__) && defined(__AMX_TILE__) && defined(__AMX_BF16__) && defined(__AVX512F__)
#define MATRIX_UNIT_EXISTS
#include <immintrin.h>
#endif

/* Rows of a matrix, each of which has as many words of 4 bytes: sums in f32, or pairs of bf16 elements. */
enum { MATRIX_SIDE = 16 };

/* Asks the system, once: it keeps more of a thread's state from then on. */
bool matrix_unit_is_granted(void);

/* Gives all registers of this thread their full shape; what is in them is lost. */
static inline void matrix_unit_begin(void)
{
#ifdef MATRIX_UNIT_EXISTS
    enum { REGISTERS = 8 };
    struct {
        uint8_t palette, start, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } shapes = { .palette = 1 };
    for (int i = 0; i < REGISTERS; i++) {
        shapes.row_bytes[i] = 4 * MATRIX_SIDE;
        shapes.rows[i] = MATRIX_SIDE;
    }
    _tile_loadconfig(&shapes);
#endif
}

static inline void matrix_unit_end(void)
{
#ifdef MATRIX_UNIT_EXISTS
    _tile_release();
#endif
}

#endif
