/* gemm.c - blocked matrix products (Goto & van de Geijn 2008): each block of a and b is packed into panels that fit the
 * caches, so that the strides of the originals cost nothing in the innermost loop. */
#include "backends/cpu/gemm.h"
#include "backends/cpu/threads.h"
#include "core/node.h"
#include <stdlib.h>

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif

/* A tile of y stays in registers: 6 rows of two vectors. A block of a fits the first-level cache a panel at a time, a
 * block of b the second-level cache. */
enum { TILE_ROWS = 6, BLOCK_ROWS = 16 * TILE_ROWS, BLOCK_DEPTH = 256, BLOCK_COLUMN_TILES = 8 };

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t round_up(int64_t x, int64_t to)
{
    return (x + to - 1) / to * to;
}

static int64_t batch_count(const gemm_problem *p)
{
    int64_t count = 1;
    for (int i = 0; i < p->batch_rank; i++) count *= p->batch[i];
    return count;
}

static int64_t batch_offset(const gemm_problem *p, const int64_t *stride, int64_t number)
{
    int64_t offset = 0;
    for (int i = (int)p->batch_rank - 1; i >= 0; i--) {
        offset += number % p->batch[i] * stride[i];
        number /= p->batch[i];
    }
    return offset;
}

#define REAL     float
#define NAMED(x) x##_f32
#include "backends/cpu/gemm_template.h"
#undef REAL
#undef NAMED

#define REAL     double
#define NAMED(x) x##_f64
#include "backends/cpu/gemm_template.h"
