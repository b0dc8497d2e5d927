/* gemm.c - blocked matrix products (Goto & van de Geijn 2008): a tile of y is summed up in registers, from rows of a
 * that are in the first-level cache and from panels of b that are in the second-level cache. Panels are packed, so that
 * the strides of the originals cost nothing in the innermost loop; of a, only what is not contiguous along k. */
#include "backends/cpu/integers.h"
#include "backends/cpu/gemm.h"
#include "core/bf16.h"
#include "backends/cpu/gelu.h"
#include "backends/cpu/threads.h"
#include "backends/cpu/vector_width.h"
#include "core/node.h"
#include <stdlib.h>
#include <string.h>

/* A tile of y is nearly square, as fewer elements are loaded for each multiplication then, and with the vectors of b
 * and an element of a there is a register for each of its vectors. A_WIDTH is a whole number of tiles, and of vectors.
 */
enum { TILE_ROWS = 6, A_WIDTH = 48 };
#if VECTOR_BYTES == 64
enum { TILE_VECTORS = 4 };
#define EACH_WIDTH(f, rows) f(rows, 1) f(rows, 2) f(rows, 3) f(rows, 4)
#else
enum { TILE_VECTORS = 2 };
#define EACH_WIDTH(f, rows) f(rows, 1) f(rows, 2)
#endif
#define EACH_TILE(f)                                                                                                   \
    EACH_WIDTH(f, 1) EACH_WIDTH(f, 2) EACH_WIDTH(f, 3) EACH_WIDTH(f, 4) EACH_WIDTH(f, 5) EACH_WIDTH(f, 6)
#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

/* Of a second-level cache of 2 MB, a block of b takes at most half and packed rows of a a quarter, so that what streams
 * through (y, rows of a that are not packed) does not displace them. A k of up to MAX_DEPTH is summed in one go, in
 * registers alone. A longer one is cut, since blocks would have few rows or columns otherwise, and each operand would
 * be packed again for many blocks. */
enum { B_BYTES = 1 << 20, A_BYTES = 1 << 19, MAX_DEPTH = 768, PART_DEPTH = 384 };

static int64_t round_up(int64_t x, int64_t to)
{
    return divide_up(x, to) * to;
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

/* Whether operands are multiplied two by two: see gemm_pairs.h. */
static bool goes_in_pairs(const gemm_problem *p)
{
#ifdef __AVX512BF16__
    return p->a_dtype == VT_BF16 && p->b_dtype == VT_BF16;
#else
    (void)p;
    return false;
#endif
}

/* How a problem is cut, for elements of `size` bytes, vectors of `lanes`. */
static gemm_plan plan_of(const gemm_problem *p, int64_t size, int64_t lanes)
{
    bool pairs = goes_in_pairs(p);
    int64_t share = pairs ? 2 : 1; /* elements of an operand in the place of one */
    gemm_plan g = { .problem = *p, .down = divide_up(p->m, TILE_ROWS), .batches = 1 };
    for (int i = 0; i < p->batch_rank; i++) g.batches *= p->batch[i];
    g.pairs = pairs;
    g.parts = p->k <= share * MAX_DEPTH ? 1 : divide_up(p->k, share * PART_DEPTH);
    g.steps = g.parts * most(1, p->sum);
    g.depth = round_up(divide_up(p->k, g.parts), share);
    int64_t width = TILE_VECTORS * lanes, words = divide_up(g.depth, share), deep = most(1, words);
    double work = (double)p->m * (double)p->n * (double)p->k * (double)g.batches * (double)most(1, p->sum);
    int64_t threads = work > 1 << 16 ? thread_count() : 1;
    /* Where there are few tiles of rows, more blocks of columns let threads share them evenly. */
    int64_t wanted = threads > 1 ? divide_up(8 * threads, most(1, g.batches * g.down)) : 1;
    int64_t most_columns = most(width, B_BYTES / size / deep / width * width);
    int64_t blocks = most(divide_up(p->n, most_columns), least(wanted, divide_up(p->n, width)));
    g.columns = most(width, round_up(divide_up(p->n, most(1, blocks)), width));
    g.across = divide_up(p->n, g.columns);
    g.rows = least(round_up(most(1, A_BYTES / size / deep), A_WIDTH), round_up(p->m, A_WIDTH));
    g.threads = most(1, least(threads, g.batches * g.across * g.down));
    g.packs_a = p->a_column != 1 || (pairs ? p->k % 2 || p->a_row % 2 : p->a_dtype == VT_BF16);
    g.finishes = p->y_dtype == VT_BF16 || p->epilogue != GEMM_NOTHING;
    int64_t line = 64 / size;
    g.a_room = g.packs_a ? g.rows * round_up(words, line) : 0;
    g.b_room = (words + 1) * g.columns;
    bool staged = g.finishes || p->n % lanes != 0;
    g.sums_room = !staged ? 0 : (g.steps > 1 ? g.rows : TILE_ROWS) * g.columns;
    g.room = round_up(g.a_room + g.b_room + g.sums_room, line);
    g.scratch = (size_t)(g.threads * g.room * size);
    return g;
}

/* Sums become elements of y so many at a time, of a row. */
enum { PIECE = 768 };

/* A block of a product: rows and columns from i and j on. */
typedef struct block {
    int64_t batch, i, j, rows, columns;
} block;

/* Cache lines that will be needed soon. A tile fetches one at each of its steps along k, since asking for all at once
 * would wait for the memory. */
typedef struct fetch_list {
    int64_t count;
    const char *line[256];
} fetch_list;

/* Rows of so many bytes, as far as the list has room. */
static void add_rows(fetch_list *list, const char *first, int64_t rows, int64_t stride, int64_t bytes)
{
    int64_t room = (int64_t)(sizeof list->line / sizeof *list->line), pieces = divide_up(bytes, 64);
    for (int64_t i = 0; i < rows && list->count + pieces <= room; i++, first += stride, list->count += pieces)
        for (int64_t j = 0; j < pieces; j++) list->line[list->count + j] = first + j * 64;
}

#define REAL     float
#define NAMED(x) x##_f32
#include "backends/cpu/gemm_tile_template.h"
#include "backends/cpu/gemm_pairs.h"
#define TILE_AT(plan, i, j) ((plan)->pairs ? tile_pairs[i][j] : tile_f32[i][j])
#include "backends/cpu/gemm_template.h"
#undef REAL
#undef NAMED
#undef TILE_AT

#define REAL     double
#define NAMED(x) x##_f64
#include "backends/cpu/gemm_tile_template.h"
#define TILE_AT(plan, i, j) tile_f64[i][j]
#include "backends/cpu/gemm_template.h"
