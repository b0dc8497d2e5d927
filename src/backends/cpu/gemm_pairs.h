/* gemm_pairs.h - gemm.c's tiles for bf16 operands, on processors that multiply and add two of them at once: neighbours
 * along k share a word of 4 bytes, and words lie in panels as floats do. Where k is odd the last one shares with 0. */

#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

typedef uint32_t word __attribute__((aligned(2), may_alias));

/* -- Packing ----------------------------------------------------------------------------------------------------- */

/* A row of words from two rows of elements, of which the second may be missing. */
static inline __attribute__((always_inline)) void
pack_words(const uint16_t *restrict low, const uint16_t *restrict high, int64_t stride, int64_t n, word *restrict to)
{
    if (!high)
        for (int64_t i = 0; i < n; i++) to[i] = low[i * stride];
    else if (stride == 1)
        for (int64_t i = 0; i < n; i++) to[i] = low[i] | (uint32_t)high[i] << 16;
    else
        for (int64_t i = 0; i < n; i++) to[i] = low[i * stride] | (uint32_t)high[i * stride] << 16;
}

/* `lines` lines of `depth` elements, as pack_panel_f32 lays out words. */
static void pack_panel_pairs(const uint16_t *from, int64_t line_stride, int64_t depth_stride, int64_t lines,
                             int64_t depth, int64_t width, float *to)
{
    int64_t whole = 0;
    if (depth_stride == 1 && line_stride % 2 == 0 && (uintptr_t)from % 4 == 0) { /* words are there already */
        whole = depth / 2;
        pack_panel_f32(from, VT_F32, line_stride / 2, 1, lines, whole, width, to);
    }
    for (int64_t l = whole; 2 * l < depth; l++) {
        const uint16_t *low = from + 2 * l * depth_stride, *high = 2 * l + 1 < depth ? low + depth_stride : NULL;
        pack_words(low, high, line_stride, lines, (word *)to + l * width);
        for (int64_t i = lines; i < round_up(lines, lanes_f32); i++) to[l * width + i] = 0;
    }
}

/* As pack_b_f32, in so many words, of which the last may be 0. */
static void pack_b_pairs(const gemm_problem *p, const void *b, const float *bias, int64_t columns, int64_t depth,
                         int64_t words, float *to)
{
    const int64_t used = divide_up(depth, 2) * tile_columns_f32, room = words * tile_columns_f32;
    for (int64_t j = 0; j < columns; j += tile_columns_f32, to += room) {
        int64_t lines = least(tile_columns_f32, columns - j);
        for (int64_t i = 0; i < tile_columns_f32; i++) *to++ = bias && i < lines ? bias[j + i] : 0;
        pack_panel_pairs((const uint16_t *)b + j * p->b_column, p->b_column, p->b_row, lines, depth, tile_columns_f32,
                         to);
        memset(to + used, 0, (size_t)(room - used) * sizeof *to);
    }
}

/* Rows of neighbours along k, each filled up with 0. */
static void copy_rows(const uint16_t *from, int64_t row_stride, int64_t rows, int64_t depth, int64_t words, float *to)
{
    for (int64_t i = 0; i < rows; i++, from += row_stride, to += words) {
        memcpy(to, from, (size_t)depth * 2);
        memset((char *)to + depth * 2, 0, (size_t)(words * 4 - depth * 2));
    }
}

static void pack_a_pairs(const gemm_problem *p, const uint16_t *a, int64_t rows, int64_t depth, int64_t words,
                         float *to)
{
    enum { STEPS = 64 };
    for (int64_t l = 0; l < depth; l += STEPS)
        for (int64_t i = 0; i < rows; i += A_WIDTH)
            pack_panel_pairs(a + i * p->a_row + l * p->a_column, p->a_row, p->a_column, least(A_WIDTH, rows - i),
                             least(STEPS, depth - l), A_WIDTH, to + i * words + l / 2 * A_WIDTH);
}

/* -- A tile ------------------------------------------------------------------------------------------------------ */

#define TILE_ARGUMENTS int64_t depth, const float *a, int64_t a_row, int64_t a_column, const float *b, const sums_f32 *s

#ifdef __AVX512BF16__
#define STEP                                                                                                           \
    do {                                                                                                               \
        UNROLL for (int j = 0; j < vectors; j++) right[j] = (__m512bh)_mm512_loadu_ps(b + j * lanes_f32);              \
        UNROLL for (int i = 0; i < rows; i++)                                                                          \
        {                                                                                                              \
            __m512bh left = (__m512bh)_mm512_set1_epi32((int)third[i / 3][i % 3 * a_row]);                             \
            UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = _mm512_dpbf16_ps(sum[i][j], left, right[j]);          \
        }                                                                                                              \
        UNROLL for (int i = 0; i < THIRDS; i++) third[i] += a_column;                                                  \
        b += tile_columns_f32;                                                                                         \
    } while (0)

/* As sum_f32. */
static inline __attribute__((always_inline)) void sum_pairs(const int rows, const int vectors, TILE_ARGUMENTS)
{
    enum { THIRDS = (TILE_ROWS + 2) / 3 };
    __m512 sum[TILE_ROWS][TILE_VECTORS];
    __m512bh right[TILE_VECTORS];
    const word *third[THIRDS];
    UNROLL for (int i = 0; i < THIRDS; i++) third[i] = (const word *)a + (3 * i < rows ? 3 * i * a_row : 0);
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int j = 0; j < vectors; j++) sum[i][j] =
        _mm512_loadu_ps(s->from + i * s->from_stride + j * lanes_f32);
    int64_t l = 0, ahead = least(s->ahead->count, depth);
    for (; l < ahead; l++) {
        __builtin_prefetch(s->ahead->line[l]);
        STEP;
    }
    for (; l < depth; l++) STEP;
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int j = 0; j < vectors; j++)
        _mm512_storeu_ps(s->to + i * s->to_stride + j * lanes_f32, sum[i][j]);
}
#undef STEP

#define TILE_OF(rows, vectors)                                                                                         \
    static __attribute__((noinline)) void tile_##rows##_##vectors##_pairs(TILE_ARGUMENTS)                              \
    {                                                                                                                  \
        sum_pairs(rows, vectors, depth, a, a_row, a_column, b, s);                                                     \
    }
EACH_TILE(TILE_OF)
#undef TILE_OF
#define TILE_OF(rows, vectors) [rows - 1][vectors - 1] = tile_##rows##_##vectors##_pairs,
static void (*const tile_pairs[TILE_ROWS][TILE_VECTORS])(TILE_ARGUMENTS) = { EACH_TILE(TILE_OF) };
#undef TILE_OF
#else
static void (*const tile_pairs[TILE_ROWS][TILE_VECTORS])(TILE_ARGUMENTS); /* never called */
#endif
#undef TILE_ARGUMENTS
