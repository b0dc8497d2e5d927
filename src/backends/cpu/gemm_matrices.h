/* gemm_matrices.h - gemm.c's tiles for bf16 operands, on processors that multiply small matrices of them: 16 rows of 16
 * words by 16 rows of 16 words, of which each holds two neighbours along k. Panels of b are those of gemm_pairs.h. */

#ifdef MATRIX_UNIT_EXISTS

/* -- Packing ----------------------------------------------------------------------------------------------------- */

enum { PAIRED = 2 * MATRIX_SIDE }; /* elements along k in a matrix */

/* Transposes 16 rows of 16 words, in as many rounds of interleaving the first half of the rows with the second as 16
 * has bits. */
static inline __attribute__((always_inline)) void turn_words(__m512i row[MATRIX_SIDE])
{
    const __m512i one_by_one = _mm512_set_epi32(23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    const __m512i upper = _mm512_add_epi32(one_by_one, _mm512_set1_epi32(8));
    __m512i mixed[MATRIX_SIDE];
    UNROLL for (int round = 0; round < 4; round++)
    {
        UNROLL for (int i = 0; i < MATRIX_SIDE / 2; i++)
        {
            mixed[2 * i] = _mm512_permutex2var_epi32(row[i], one_by_one, row[i + MATRIX_SIDE / 2]);
            mixed[2 * i + 1] = _mm512_permutex2var_epi32(row[i], upper, row[i + MATRIX_SIDE / 2]);
        }
        UNROLL_16 for (int i = 0; i < MATRIX_SIDE; i++) row[i] = mixed[i];
    }
}

/* Rows that are neighbours in memory become rows of words: up to 16 of up to 32 elements, the rest is 0. */
static void pack_matrix(const uint16_t *from, int64_t depth_stride, int64_t rows, int64_t depth, int64_t words,
                        float *to)
{
    const __mmask16 exist = (__mmask16)((1u << rows) - 1);
    __m512i word_of[MATRIX_SIDE];
    UNROLL_16 for (int l = 0; l < MATRIX_SIDE; l++)
    {
        const uint16_t *low = from + 2 * l * depth_stride, *high = low + depth_stride;
        __m256i a = _mm256_maskz_loadu_epi16(2 * l < depth ? exist : 0, low);
        __m256i b = _mm256_maskz_loadu_epi16(2 * l + 1 < depth ? exist : 0, high);
        word_of[l] = _mm512_or_epi32(_mm512_cvtepu16_epi32(a), _mm512_slli_epi32(_mm512_cvtepu16_epi32(b), 16));
    }
    turn_words(word_of);
    UNROLL_16 for (int i = 0; i < MATRIX_SIDE; i++) if (i < rows) _mm512_storeu_si512(to + i * words, word_of[i]);
}

/* The same of rows that are apart, as elements along k are too. */
static void pack_scattered(const uint16_t *from, int64_t row_stride, int64_t depth_stride, int64_t rows, int64_t depth,
                           int64_t words, float *to)
{
    uint16_t gathered[PAIRED][MATRIX_SIDE];
    for (int64_t l = 0; l < depth; l++)
        for (int64_t i = 0; i < rows; i++) gathered[l][i] = from[i * row_stride + l * depth_stride];
    pack_matrix(gathered[0], MATRIX_SIDE, rows, depth, words, to);
}

/* Goes along rows first, since these are neighbours in memory where k is the outer axis. */
static void pack_rows(const gemm_problem *p, const uint16_t *from, int64_t rows, int64_t depth, int64_t words,
                      float *to)
{
    for (int64_t l = 0; l < depth; l += PAIRED)
        for (int64_t i = 0; i < rows; i += MATRIX_SIDE) {
            const uint16_t *corner = from + i * p->a_row + l * p->a_column;
            int64_t high = least(MATRIX_SIDE, rows - i), wide = least(PAIRED, depth - l);
            if (p->a_row == 1)
                pack_matrix(corner, p->a_column, high, wide, words, to + i * words + l / 2);
            else
                pack_scattered(corner, p->a_row, p->a_column, high, wide, words, to + i * words + l / 2);
        }
}

/* -- A tile ------------------------------------------------------------------------------------------------------ */

/* Tiles of `down` by `across` matrices, from column `column` on: 0 to 3 are sums, 4 and 5 of a, 6 and 7 of b. */
static inline __attribute__((always_inline)) void sum_matrices(const int down, const int across, int64_t column,
                                                               int64_t depth, const float *a, int64_t a_row,
                                                               const float *b, const sums_f32 *s, int64_t *fetched)
{
    const int64_t row = a_row * 4, panel = tile_columns_f32 * 4, steps = divide_up(depth, MATRIX_SIDE);
    const int64_t from_row = s->from_stride * 4, to_row = s->to_stride * 4;
    const float *from = s->from + column, *lower = from + MATRIX_SIDE * s->from_stride;
    float *to = s->to + column, *below = to + MATRIX_SIDE * s->to_stride;
    const float *a_below = a + MATRIX_SIDE * a_row;
    b += column;
    __asm__ volatile("" ::: "memory"); /* what was packed is stored before it is loaded */
    _tile_loadd(0, from, from_row);
    if (across > 1) _tile_loadd(1, from + MATRIX_SIDE, from_row);
    if (down > 1) _tile_loadd(2, lower, from_row);
    if (down > 1 && across > 1) _tile_loadd(3, lower + MATRIX_SIDE, from_row);
    for (int64_t l = 0; l < steps; l++) {
        for (int i = 0; i < 8 && *fetched < s->ahead->count; i++) __builtin_prefetch(s->ahead->line[(*fetched)++]);
        _tile_loadd(6, b, panel);
        _tile_loadd(4, a, row);
        _tile_dpbf16ps(0, 4, 6);
        if (down > 1) _tile_loadd(5, a_below, row);
        if (down > 1) _tile_dpbf16ps(2, 5, 6);
        if (across > 1) _tile_loadd(7, b + MATRIX_SIDE, panel);
        if (across > 1) _tile_dpbf16ps(1, 4, 7);
        if (down > 1 && across > 1) _tile_dpbf16ps(3, 5, 7);
        a += MATRIX_SIDE;
        a_below += MATRIX_SIDE;
        b += MATRIX_SIDE * tile_columns_f32;
    }
    _tile_stored(0, to, to_row);
    if (across > 1) _tile_stored(1, to + MATRIX_SIDE, to_row);
    if (down > 1) _tile_stored(2, below, to_row);
    if (down > 1 && across > 1) _tile_stored(3, below + MATRIX_SIDE, to_row);
}

static void tile_matrices(int64_t rows, int64_t vectors, int64_t depth, const float *a, int64_t a_row, const float *b,
                          const sums_f32 *s)
{
    int64_t fetched = 0;
    for (int64_t j = 0; j < vectors; j += 2) {
        int64_t column = j * MATRIX_SIDE;
        if (rows > MATRIX_SIDE && vectors - j > 1)
            sum_matrices(2, 2, column, depth, a, a_row, b, s, &fetched);
        else if (rows > MATRIX_SIDE)
            sum_matrices(2, 1, column, depth, a, a_row, b, s, &fetched);
        else if (vectors - j > 1)
            sum_matrices(1, 2, column, depth, a, a_row, b, s, &fetched);
        else
            sum_matrices(1, 1, column, depth, a, a_row, b, s, &fetched);
    }
}
#else
static void pack_rows(const gemm_problem *p, const uint16_t *from, int64_t rows, int64_t depth, int64_t words,
                      float *to)
{
    (void)p, (void)from, (void)rows, (void)depth, (void)words, (void)to; /* never called */
}

static void tile_matrices(int64_t rows, int64_t vectors, int64_t depth, const float *a, int64_t a_row, const float *b,
                          const sums_f32 *s)
{
    (void)rows, (void)vectors, (void)depth, (void)a, (void)a_row, (void)b, (void)s; /* never called */
}
#endif
