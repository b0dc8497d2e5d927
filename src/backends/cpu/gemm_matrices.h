/* gemm_matrices.h - gemm.c's tiles for bf16 operands, on processors that multiply small matrices of them: 16 rows of 16
 * words by 16 rows of 16 words, of which each holds two neighbours along k. Panels of b are those of gemm_pairs.h. */

/* -- Packing ----------------------------------------------------------------------------------------------------- */

/* A square of rows, out of elements whose neighbours along k are apart. */
static void pack_square_of_rows(const uint16_t *from, int64_t row_stride, int64_t depth_stride, int64_t rows,
                                int64_t depth, int64_t words, float *to)
{
    float squares[2][MATRIX_SIDE * MATRIX_SIDE] = { { 0 } };
    for (int64_t l = 0; 2 * l < depth; l++) {
        const uint16_t *low = from + 2 * l * depth_stride, *high = 2 * l + 1 < depth ? low + depth_stride : NULL;
        pack_words(low, high, row_stride, rows, (word *)squares[0] + l * MATRIX_SIDE);
    }
    const float *turned = turn_square_f32(squares[0], squares[1]);
    for (int64_t i = 0; i < rows; i++)
        memcpy(to + i * words, turned + i * MATRIX_SIDE, MATRIX_SIDE * sizeof *to);
}

static void pack_rows(const gemm_problem *p, const uint16_t *from, int64_t rows, int64_t depth, int64_t words,
                      float *to)
{
    for (int64_t i = 0; i < rows; i += MATRIX_SIDE)
        for (int64_t l = 0; l < depth; l += 2 * MATRIX_SIDE)
            pack_square_of_rows(from + i * p->a_row + l * p->a_column, p->a_row, p->a_column,
                                least(MATRIX_SIDE, rows - i), least(2 * MATRIX_SIDE, depth - l), words,
                                to + i * words + l / 2);
}

/* -- A tile ------------------------------------------------------------------------------------------------------ */

#ifdef MATRIX_UNIT_EXISTS
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
static void tile_matrices(int64_t rows, int64_t vectors, int64_t depth, const float *a, int64_t a_row, const float *b,
                          const sums_f32 *s)
{
    (void)rows, (void)vectors, (void)depth, (void)a, (void)a_row, (void)b, (void)s; /* never called */
}
#endif
