/* gemm_pairs.h - gemm.c's packing and tiles for bf16 operands, on processors that multiply and add two of them at once:
 * neighbours along k share a word of 4 bytes, and words lie in panels and rows as floats do. */

#define TILE_ARGUMENTS int64_t depth, const float *a, int64_t a_row, const float *b, const sums_f32 *s

#ifdef __AVX512BF16__
#include <immintrin.h>

/* -- Packing ----------------------------------------------------------------------------------------------------- */

enum { LINE = 16 }; /* words in a vector */

/* Up to 16 words of two lines of elements, of which the second may be missing; 0 follows. */
static inline __m512i words_of(const uint16_t *low, const uint16_t *high, int64_t stride, int64_t n)
{
    uint16_t gathered[2][LINE];
    for (int64_t i = 0; stride != 1 && i < n; i++) {
        gathered[0][i] = low[i * stride];
        gathered[1][i] = high ? high[i * stride] : 0;
    }
    if (stride != 1) low = gathered[0], high = gathered[1];
    const __mmask16 exist = (__mmask16)((1u << n) - 1);
    __m512i words = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(exist, low));
    if (!high) return words;
    return _mm512_or_epi32(words, _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(exist, high)), 16));
}

/* The words of two lines that begin `l` elements along k, of `depth`. Lines that are packed later are asked for now. */
static inline __m512i words_at(const uint16_t *from, int64_t line_stride, int64_t depth_stride, int64_t lines,
                               int64_t l, int64_t depth)
{
    if (l >= depth) return _mm512_setzero_si512();
    const uint16_t *low = from + l * depth_stride, *high = l + 1 < depth ? low + depth_stride : NULL;
    __builtin_prefetch(low + 2 * LINE * depth_stride, 0, 2);
    __builtin_prefetch(low + (2 * LINE + 1) * depth_stride, 0, 2);
    return words_of(low, high, line_stride, least(lines, LINE));
}

/* Two rows of b, of which each panel gets its part of words, filled up to whole vectors. Whole rows in turn are what
 * the processor fetches ahead. */
static void pack_row_pairs(const gemm_problem *p, const uint16_t *b, int64_t columns, int64_t depth, int64_t l,
                           int64_t panel, float *to)
{
    for (int64_t j = 0; j < columns; j += tile_columns_f32, to += panel)
        for (int64_t i = 0; i < least(tile_columns_f32, columns - j); i += LINE)
            _mm512_storeu_si512(
                to + i, words_at(b + (j + i) * p->b_column, p->b_column, p->b_row, columns - j - i, 2 * l, depth));
}

/* As pack_b_f32, in so many words. Where neighbours along k are neighbours in memory, words are there to be taken. */
static void pack_b_pairs(const gemm_problem *p, const uint16_t *b, const float *bias, int64_t columns, int64_t depth,
                         int64_t words, float *to)
{
    bool are_there = p->b_row == 1 && p->b_column % 2 == 0 && (uintptr_t)b % 4 == 0 && columns % LINE == 0;
    int64_t done = are_there ? depth / 2 : 0, panel = (words + 1) * tile_columns_f32;
    for (int64_t j = 0; j < columns; j += tile_columns_f32) {
        float *start = to + j / tile_columns_f32 * panel;
        int64_t lines = least(tile_columns_f32, columns - j);
        begin_panel_f32(bias ? bias + j : NULL, lines, start);
        if (are_there)
            pack_panel_f32(b + j * p->b_column, VT_F32, p->b_column / 2, 1, lines, done, tile_columns_f32,
                           start + tile_columns_f32);
    }
    for (int64_t l = done; l < words; l++)
        pack_row_pairs(p, b, columns, depth, l, panel, to + (l + 1) * tile_columns_f32);
}

/* Up to 16 rows of up to 32 elements, as rows of 16 words. */
static void pack_square_pairs(const uint16_t *from, int64_t row_stride, int64_t depth_stride, int64_t rows,
                              int64_t depth, int64_t stride, float *to)
{
    float square[LINE * LINE], turned[LINE * LINE];
    for (int64_t l = 0; l < LINE; l++)
        _mm512_storeu_si512(square + l * LINE, words_at(from, row_stride, depth_stride, rows, 2 * l, depth));
    transpose_square_f32(square, LINE, turned, LINE);
    for (int64_t i = 0; i < least(rows, LINE); i++) memcpy(to + i * stride, turned + i * LINE, LINE * sizeof *to);
}

/* Rows of a, `stride` words apart, filled up with 0. Squares go along the rows first, since elements along k are far
 * apart. */
static void pack_a_pairs(const gemm_problem *p, const uint16_t *a, int64_t rows, int64_t depth, int64_t stride,
                         float *to)
{
    for (int64_t i = 0; p->a_column == 1 && i < rows; i++) {
        memcpy(to + i * stride, a + i * p->a_row, (size_t)depth * 2);
        memset((char *)(to + i * stride) + depth * 2, 0, (size_t)(stride * 4 - depth * 2));
    }
    for (int64_t l = 0; p->a_column != 1 && l < depth; l += 2 * LINE)
        for (int64_t i = 0; i < rows; i += LINE)
            pack_square_pairs(a + i * p->a_row + l * p->a_column, p->a_row, p->a_column, rows - i, depth - l, stride,
                              to + i * stride + l / 2);
}

/* -- A tile ------------------------------------------------------------------------------------------------------ */

typedef uint32_t word __attribute__((aligned(2), may_alias));

#define STEP                                                                                                           \
    do {                                                                                                               \
        UNROLL for (int j = 0; j < vectors; j++) right[j] = (__m512bh)_mm512_loadu_ps(b + j * LANES_f32);              \
        UNROLL for (int i = 0; i < rows; i++)                                                                          \
        {                                                                                                              \
            __m512bh left = (__m512bh)_mm512_set1_epi32((int)third[i / 3][i % 3 * a_row]);                             \
            UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = _mm512_dpbf16_ps(sum[i][j], left, right[j]);          \
        }                                                                                                              \
        UNROLL for (int i = 0; i < THIRDS; i++) third[i]++;                                                            \
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
        _mm512_loadu_ps(s->from + i * s->from_stride + j * LANES_f32);
    int64_t l = 0, ahead = least(s->ahead->count, depth);
    for (; l < ahead; l++) {
        __builtin_prefetch(s->ahead->line[l]);
        STEP;
    }
    for (; l < depth; l++) STEP;
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int j = 0; j < vectors; j++)
        _mm512_storeu_ps(s->to + i * s->to_stride + j * LANES_f32, sum[i][j]);
}
#undef STEP

/* As sum_row_f32, of the elements of so many words. */
static inline vector_f32 sum_row_pairs(const float *row, int64_t words)
{
    const __m512bh ones = (__m512bh)_mm512_set1_epi16(0x3f80);
    __m512 sum = _mm512_setzero_ps();
    for (int64_t l = 0; l < words; l += LINE) {
        const __mmask16 exist = (__mmask16)((1u << least(LINE, words - l)) - 1);
        sum = _mm512_dpbf16_ps(sum, (__m512bh)_mm512_maskz_loadu_ps(exist, row + l), ones);
    }
    return (vector_f32)sum;
}

#define TILE_OF(rows, vectors)                                                                                         \
    static __attribute__((noinline)) void tile_##rows##_##vectors##_pairs(TILE_ARGUMENTS)                              \
    {                                                                                                                  \
        sum_pairs(rows, vectors, depth, a, a_row, b, s);                                                               \
    }
EACH_TILE(TILE_OF)
#undef TILE_OF
#define TILE_OF(rows, vectors) [rows - 1][vectors - 1] = tile_##rows##_##vectors##_pairs,
static void (*const tile_pairs[TILE_ROWS][TILE_VECTORS])(TILE_ARGUMENTS) = { EACH_TILE(TILE_OF) };
#undef TILE_OF
#else
/* Never called. */
static void pack_b_pairs(const gemm_problem *p, const uint16_t *b, const float *bias, int64_t columns, int64_t depth,
                         int64_t words, float *to)
{
    (void)p, (void)b, (void)bias, (void)columns, (void)depth, (void)words, (void)to;
}

static void pack_a_pairs(const gemm_problem *p, const uint16_t *a, int64_t rows, int64_t depth, int64_t stride,
                         float *to)
{
    (void)p, (void)a, (void)rows, (void)depth, (void)stride, (void)to;
}

static vector_f32 sum_row_pairs(const float *row, int64_t words)
{
    (void)words;
    return *(const vector_f32 *)row;
}

static void (*const tile_pairs[TILE_ROWS][TILE_VECTORS])(TILE_ARGUMENTS);
#endif
#undef TILE_ARGUMENTS
