/* tile.h - what tile_template.h takes of the machine: how wide vectors are, and how many sums the registers hold beside
 * the operands. */
#ifndef VITRO_BACKENDS_CPU_PRODUCT_TILE_H
#define VITRO_BACKENDS_CPU_PRODUCT_TILE_H

#include "backends/cpu/product/prefetch.h"
#include "backends/cpu/product/transpose_square.h"
#include <stdbool.h>
#include <stdint.h>

enum { TILE_ROWS = VECTOR_BYTES == 64 ? 14 : 6 };
enum { TILE_VECTORS = 2 };

#define TEMPLATE "backends/cpu/product/tile_template.h"
#include "backends/cpu/vector/each_float.h"

#endif
