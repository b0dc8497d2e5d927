/* gemm.c - blocked matrix products (Goto & van de Geijn 2008): a tile of y is summed up in registers, from rows of a
 * that are in the first-level cache and from panels of b that are in the second-level cache. Panels are packed, so that
 * the strides of the originals cost nothing in the innermost loop; of a, only what is contiguous neither along k nor
 * along m. */
#include "backends/cpu/product/gemm.h"
#include "backends/cpu/product/prefetch.h"
#include "backends/cpu/vector/bf16_row.h"
#include "backends/cpu/elementwise/gelu.h"
#include "backends/cpu/vector/integers.h"
#include "backends/cpu/vector/unroll.h"
#include "backends/cpu/machine/level.h"
#include "backends/cpu/product/matrix_tile.h"
#include "backends/cpu/machine/work_stealing.h"
#include "backends/cpu/product/transpose_square.h"
#include "backends/cpu/machine/threads.h"
#include "core/graph/refuse.h"
#include <stdlib.h>
#include <string.h>

/* The registers hold the sums of a tile, the vectors of b, and an element of a. Tiles are high rather than wide, since
 * what streams from the second-level cache are panels of b, once for each. */
#define EACH_WIDTH(f, rows) f(rows, 1) f(rows, 2)
#define FIRST_6(f)          EACH_WIDTH(f, 1) EACH_WIDTH(f, 2) EACH_WIDTH(f, 3) EACH_WIDTH(f, 4) EACH_WIDTH(f, 5) EACH_WIDTH(f, 6)
#define NEXT_6(f)                                                                                                      \
    EACH_WIDTH(f, 7) EACH_WIDTH(f, 8) EACH_WIDTH(f, 9) EACH_WIDTH(f, 10) EACH_WIDTH(f, 11) EACH_WIDTH(f, 12)
enum { TILE_VECTORS = 2 };
#if VECTOR_BYTES == 64
enum { TILE_ROWS = 14 };
#define EACH_TILE(f) FIRST_6(f) NEXT_6(f) EACH_WIDTH(f, 13) EACH_WIDTH(f, 14)
#else
enum { TILE_ROWS = 6 };
#define EACH_TILE(f) FIRST_6(f)
#endif

/* Steps along k of a tile from one turn of its loop to the next: small tiles spend more of their time on the turns. */
enum { AT_ONCE = TILE_ROWS > 6 ? 2 : 4 };

/* Rows of a tile made of matrices, of which there are two by two at once. */
enum { MATRIX_TILE = 2 * MATRIX_SIDE };

/* Of a second-level cache of 2 MB, a block of b takes at most half and packed rows of a a quarter, so that what streams
 * through (y, rows of a that are not packed) does not displace them. A k of up to MAX_WORDS is summed in one go, in
 * registers alone. A longer one is cut, since blocks would have few rows or columns otherwise, and each operand would
 * be packed again for many blocks; it is cut into whole squares of any unit's vectors. */
enum { B_BYTES = 1 << 20, A_BYTES = 1 << 19, MAX_WORDS = 768, WHOLE_DEPTH = 32 };

/* Rows of b that are packed at once. */
enum { PACKED_ROWS = 8 };

/* Of a thread's share. Few enough that each is many tiles high, and that of the last one little is to be waited for. */
enum { SHARE_PIECES = 16 };

/* Where sums are longer, of many rows, and b has so many elements at most, all threads pack it before all else. Then
 * blocks, whose sums stay in the second-level cache, are made one after another; each reads all of its part of b, so
 * that they should not have too few rows, for which there must not be too many columns. */
enum { SHARED_ELEMENTS = 1 << 23, SHARED_ROWS = 1024, BLOCK_ELEMENTS = 1 << 18, BLOCK_COLUMNS = 1024, FEW_ROWS = 128 };

/* A long sum for few elements is made in slices, of so many parts of k at least, which threads share: those that share
 * the elements instead have to pack the same rows or columns. */
enum { SLICES = 2, SLICED_ELEMENTS = 1 << 18, SLICE_PARTS = 4 };

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

/* Where rows of a lie side by side, tiles read them so, but not from lines along k that are a multiple of so many bytes
 * apart: these would meet in few sets of the second-level cache; nor where a tile reads less than half of each line,
 * which its neighbours then have to fetch again. */
enum { TOO_ALIKE = 8192 };

/* What a unit works on: the rows of its largest tile, and of the smallest part of one; elements along k that lie in a
 * word, words that are multiplied at once, and those of a part of k, for which a tile's rows of a, packed, stay in the
 * first-level cache. */
typedef struct unit_shape {
    int64_t tile_rows, rows, share, words, part;
} unit_shape;

static const unit_shape unit_shapes[] = {
    [GEMM_VECTORS] = { TILE_ROWS, 1, 1, 1, 192 },
    [GEMM_PAIRS] = { TILE_ROWS, 1, 2, 1, 192 },
    [GEMM_MATRICES] = { MATRIX_TILE, MATRIX_SIDE, 2, MATRIX_SIDE, 128 },
};

bool gemm_can(const gemm_problem *p, gemm_unit unit)
{
    bool are_bf16 = p->a_dtype == VT_BF16 && p->b_dtype == VT_BF16;
    switch (unit) {
    case GEMM_MATRICES: return are_bf16 && level_has_matrices();
    case GEMM_PAIRS: return are_bf16 && level_has_pairs();
    default: return true;
    }
}

/* Along k: into parts of so many elements, of which all pairs have theirs. */
static void cut_sums(gemm_plan *g, int64_t lanes)
{
    const gemm_problem *p = &g->problem;
    const unit_shape u = unit_shapes[g->unit];
    int64_t part = p->a_column == 1 ? MAX_WORDS : u.part;
    int64_t parts = p->k <= u.share * MAX_WORDS ? 1 : divide_up(p->k, u.share * part);
    g->depth = round_up(divide_up(p->k, parts), parts > 1 ? WHOLE_DEPTH : u.share * u.words);
    g->parts = most(1, divide_up(p->k, most(1, g->depth)));
    g->steps = g->parts * most(1, p->sum);
    g->finishes = p->y_dtype == VT_BF16 || p->epilogue != GEMM_NOTHING || p->m % u.rows;
    g->keeps_sums = g->finishes || p->n % lanes != 0;
    bool is_small = g->batches * p->m * p->n <= SLICED_ELEMENTS, moves = false;
    for (int i = 0; i < p->batch_rank; i++) moves = moves || (p->batch[i] > 1 && p->b_batch[i] != 0);
    bool is_read_in_rows = p->a_column == 1 && g->batches * p->m >= SHARED_ROWS;
    g->shares_b = g->steps > 1 && g->steps == g->parts && !is_small && !moves && p->k * p->n <= SHARED_ELEMENTS &&
                  is_read_in_rows;
    g->steps_by_step = g->steps > 1 && !g->keeps_sums && !g->shares_b;
    g->slices = g->steps_by_step && is_small && g->steps >= SLICES * SLICE_PARTS ? SLICES : 1;
}

/* Rows and columns, which threads share. */
static void cut_blocks(gemm_plan *g, int64_t size, int64_t lanes)
{
    const gemm_problem *p = &g->problem;
    int64_t width = TILE_VECTORS * lanes, deep = most(1, g->depth / unit_shapes[g->unit].share);
    double work = (double)p->m * (double)p->n * (double)p->k * (double)g->batches * (double)most(1, p->sum);
    int64_t threads = work > 1 << 16 ? thread_count() : 1;
    g->down = divide_up(p->m, g->tile_rows);
    /* Where there are few tiles of rows, more blocks of columns let threads share them evenly. */
    int64_t wanted = threads > 1 ? divide_up(8 * threads, most(1, g->batches * g->down * g->slices)) : 1;
    int64_t most_columns = most(width, B_BYTES / size / deep / width * width);
    if (g->shares_b) most_columns = least(most_columns, BLOCK_COLUMNS);
    int64_t blocks = most(divide_up(p->n, most_columns), least(wanted, divide_up(p->n, width)));
    g->columns = most(width, round_up(divide_up(p->n, most(1, blocks)), width));
    g->across = divide_up(p->n, g->columns);
    int64_t most_rows = most(1, A_BYTES / size / deep);
    if (g->shares_b) most_rows = least(most_rows, BLOCK_ELEMENTS / g->columns);
    g->rows = least(round_up(most_rows, g->tile_rows), round_up(p->m, g->tile_rows));
    int64_t tiles = g->batches * g->across * g->down;
    g->threads = most(1, least(threads, tiles * g->slices));
    g->pieces = least(tiles, g->threads > 1 ? SHARE_PIECES * g->threads : 1);
    if (g->shares_b) g->pieces = least(g->pieces, most(g->threads, tiles * g->tile_rows / FEW_ROWS));
}

/* Whether tiles read a where it lies. */
static void choose_packing(gemm_plan *g, int64_t size)
{
    const gemm_problem *p = &g->problem;
    const unit_shape u = unit_shapes[g->unit];
    bool widens = g->unit == GEMM_VECTORS && p->a_dtype == VT_BF16;
    bool cut = p->k % (u.share * u.words) || p->m % u.rows, apart = p->a_row % u.share;
    bool side_by_side = p->a_row == 1 && p->a_column != 1 && p->a_column * size % TOO_ALIKE != 0;
    g->reads_across = g->unit == GEMM_VECTORS && !widens && side_by_side && 2 * TILE_ROWS * size > LINE_BYTES;
    g->packs_a = !g->reads_across && (p->a_column != 1 || cut || apart || widens);
}

static void measure_scratch(gemm_plan *g, int64_t size)
{
    const gemm_problem *p = &g->problem;
    int64_t words = g->depth / unit_shapes[g->unit].share, line = LINE_BYTES / size;
    g->a_stride = (divide_up(words, line) | 1) * line;
    g->a_elements = g->packs_a ? g->rows * g->a_stride : 0;
    g->b_elements = (words + 1) * g->columns; /* of a block */
    g->sums_elements = !g->keeps_sums ? 0 : (g->steps > 1 ? g->rows : g->tile_rows) * g->columns;
    g->thread_elements = round_up(g->a_elements + (g->shares_b ? 0 : g->b_elements) + g->sums_elements, line);
    g->slice_elements = round_up(g->batches * p->m * p->n, line);
    g->shared_elements = g->shares_b ? round_up(g->steps * g->across * g->b_elements, line) : 0;
    int64_t elements = g->threads * g->thread_elements + g->shared_elements + (g->slices - 1) * g->slice_elements;
    g->totals = p->row_sums ? round_up(g->slices * g->batches * p->m, LINE_BYTES / (int64_t)sizeof(double)) : 0;
    g->scratch = (size_t)(elements * size) + (size_t)g->totals * sizeof(double) + (size_t)g->threads * sizeof(share);
}

/* How a problem is cut, for elements of `size` bytes, vectors of `lanes`. */
static gemm_plan plan_of(const gemm_problem *p, gemm_unit unit, int64_t size, int64_t lanes)
{
    gemm_plan g = { .problem = *p, .unit = unit, .tile_rows = unit_shapes[unit].tile_rows, .batches = 1 };
    for (int i = 0; i < p->batch_rank; i++) g.batches *= p->batch[i];
    cut_sums(&g, lanes);
    cut_blocks(&g, size, lanes);
    choose_packing(&g, size);
    measure_scratch(&g, size);
    return g;
}

/* Sums become elements of y so many at a time, of a row. */
enum { PIECE = 768 };

/* A block of a product: rows and columns from i and j on. */
typedef struct block {
    int64_t batch, i, j, rows, columns;
} block;

/* Rows of so many bytes, as far as the list has room. */
static void add_rows(fetch_list *list, const char *first, int64_t rows, int64_t stride, int64_t bytes)
{
    int64_t pieces = most(1, divide_up(bytes, LINE_BYTES)), count = list->count;
    for (; rows > 0 && count + pieces <= FETCH_ROOM; rows--, first += stride)
        for (int64_t j = 0; j < pieces; j++) list->line[count++] = first + j * LINE_BYTES;
    list->count = count;
}

static inline void narrow_sums_f64(const double *restrict x, int64_t n, uint16_t *restrict y)
{
    for (int64_t i = 0; i < n; i++) y[i] = bf16_of_f32((float)x[i]);
}

#define TEMPLATE "backends/cpu/product/gemm_tile_template.h"
#include "backends/cpu/vector/each_float.h"
#include "backends/cpu/product/gemm_pairs.h"

static void run_matrices(int64_t rows, int64_t vectors, const operands_f32 *x, const float *a, const float *b,
                         const sums_f32 *s)
{
    matrix_tile_run(&(matrix_tile){ .rows = rows,
                                    .columns = vectors * LANES_f32,
                                    .words = x->depth,
                                    .a = a,
                                    .b = b,
                                    .a_stride = x->a_row,
                                    .b_stride = tile_columns_f32,
                                    .from = s->from,
                                    .to = s->to,
                                    .from_stride = s->from_stride,
                                    .to_stride = s->to_stride,
                                    .ahead = s->ahead->line,
                                    .ahead_count = s->ahead->count });
}

static void run_tile_f32(const gemm_plan *g, int64_t rows, int64_t vectors, const operands_f32 *x, const float *a,
                         const float *b, const sums_f32 *s)
{
    switch (g->unit) {
    case GEMM_MATRICES: run_matrices(rows, vectors, x, a, b, s); break;
    case GEMM_PAIRS: tile_pairs[rows - 1][vectors - 1](x->depth, a, x->a_row, b, s); break;
    default:
        if (g->reads_across)
            across_f32[rows - 1][vectors - 1](x->depth, a, x->a_column, b, s);
        else
            tile_f32[rows - 1][vectors - 1](x->depth, a, x->a_row, b, s);
    }
}

static void run_tile_f64(const gemm_plan *g, int64_t rows, int64_t vectors, const operands_f64 *x, const double *a,
                         const double *b, const sums_f64 *s)
{
    if (g->reads_across)
        across_f64[rows - 1][vectors - 1](x->depth, a, x->a_column, b, s);
    else
        tile_f64[rows - 1][vectors - 1](x->depth, a, x->a_row, b, s);
}

static vector_f32 lane_sums_f32(const gemm_plan *g, const float *row, int64_t depth)
{
    return g->unit == GEMM_VECTORS ? sum_row_f32(row, depth) : sum_row_pairs(row, depth);
}

static vector_f64 lane_sums_f64(const gemm_plan *g, const double *row, int64_t depth)
{
    (void)g;
    return sum_row_f64(row, depth);
}

gemm_plan gemm_plan_f32(const gemm_problem *p)
{
    gemm_unit unit = gemm_bf16_unit();
    return gemm_plan_for(p, gemm_can(p, unit) ? unit : GEMM_VECTORS);
}

gemm_plan gemm_plan_f64(const gemm_problem *p)
{
    return plan_of(p, GEMM_VECTORS, sizeof(double), LANES_f64);
}

gemm_plan gemm_plan_for(const gemm_problem *p, gemm_unit unit)
{
    return plan_of(p, unit, sizeof(float), LANES_f32);
}

#define TEMPLATE "backends/cpu/product/gemm_template.h"
#include "backends/cpu/vector/each_float.h"
