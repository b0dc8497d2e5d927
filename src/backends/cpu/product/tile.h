/* tile.h - what tile_template.h takes of the machine: how wide vectors are, and how many sums the registers hold beside
 * the operands. */
#ifndef VITRO_BACKENDS_CPU_PRODUCT_TILE_H
#define VITRO_BACKENDS_CPU_PRODUCT_TILE_H

#include "backends/cpu/product/prefetch.h"
#include "backends/cpu/product/square.h"
#include <stdbool.h>
#include <stdint.h>

enum { TILE_ROWS = VECTOR_BYTES == 64 ? 14 : 6 };
enum { TILE_VECTORS = 2 };

#define REAL     float
#define NAMED(x) x##_f32
#include "backends/cpu/product/tile_template.h"
#undef REAL
#undef NAMED
#define REAL     double
#define NAMED(x) x##_f64
#include "backends/cpu/product/tile_template.h"
#undef REAL
#undef NAMED

#endif
