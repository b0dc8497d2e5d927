/* tile.h - what tile_template.h takes of the machine: how wide vectors are, and how many sums the registers hold beside
 * the operands. */
#ifndef VITRO_BACKENDS_CPU_TILE_H
#define VITRO_BACKENDS_CPU_TILE_H

#include "backends/cpu/arrivals.h"
#include "backends/cpu/square.h"
#include <stdbool.h>
#include <stdint.h>

enum { TILE_ROWS = VECTOR_BYTES == 64 ? 14 : 6 };
enum { TILE_VECTORS = 2 };

/* What a tile asks for on its way. */
enum { MAX_AHEAD = 64 };
typedef struct ahead {
    int64_t count;
    const char *line[MAX_AHEAD];
} ahead;

#define REAL     float
#define NAMED(x) x##_f32
#include "backends/cpu/tile_template.h"
#undef REAL
#undef NAMED
#define REAL     double
#define NAMED(x) x##_f64
#include "backends/cpu/tile_template.h"
#undef REAL
#undef NAMED

#endif
