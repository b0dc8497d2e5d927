/* transpose_square.h - vectors of the machine's width, and how a square of them is transposed in registers. */
#ifndef VITRO_BACKENDS_CPU_PRODUCT_TRANSPOSE_SQUARE_H
#define VITRO_BACKENDS_CPU_PRODUCT_TRANSPOSE_SQUARE_H

#include "backends/cpu/vector/vector_width.h"
#include <stdint.h>

/* Which lanes of two vectors, one after the other, taking turns make the lower and the upper half of both. */
#define TURNS_2(i, n) i, i + n
#define TURNS_4(i, n) TURNS_2(i, n), TURNS_2(i + 1, n)
#define TURNS_8(i, n) TURNS_4(i, n), TURNS_4(i + 2, n)
#define TURNS_16(i)   TURNS_8(i, 16), TURNS_8(i + 4, 16)
#if VECTOR_BYTES == 64
#define LOWER_f32 TURNS_16(0)
#define UPPER_f32 TURNS_16(8)
#define LOWER_f64 TURNS_8(0, 8)
#define UPPER_f64 TURNS_8(4, 8)
#elif VECTOR_BYTES == 32
#define LOWER_f32 TURNS_8(0, 8)
#define UPPER_f32 TURNS_8(4, 8)
#define LOWER_f64 TURNS_4(0, 4)
#define UPPER_f64 TURNS_4(2, 4)
#else
#define LOWER_f32 TURNS_4(0, 4)
#define UPPER_f32 TURNS_4(2, 4)
#define LOWER_f64 TURNS_2(0, 2)
#define UPPER_f64 TURNS_2(1, 2)
#endif

/* Of loops with a constant number of rounds, over arrays that are to become registers. */
#ifdef __clang__
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 16")
#endif

#define TEMPLATE "backends/cpu/product/transpose_square_template.h"
#include "backends/cpu/vector/each_float.h"

#endif
