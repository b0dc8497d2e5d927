/* gemm_matrices.h - gemm.c's tiles for bf16 operands, on processors that multiply small matrices of them: 16 rows of 16
 * words by 16 rows of 16 words, of which each holds two neighbours along k. Panels of b are those of gemm_pairs.h. */

#ifdef MATRIX_UNIT_EXISTS
/* A tile of `down` by `across` matrices. Of the registers, 0 to 3 are sums, 4 and 5 hold matrices of a, 6 and 7 of b.
 */
static inline __attribute__((always_inline)) void sum_matrices(const int down, const int across, int64_t depth,
                                                               const float *a, int64_t a_row, const float *b,
                                                               const sums_f32 *s)
{
    const int64_t row = a_row * 4, panel = tile_columns_f32 * 4, steps = divide_up(depth, MATRIX_SIDE);
    const int64_t from_row = s->from_stride * 4, to_row = s->to_stride * 4;
    const float *from = s->from, *lower = from + MATRIX_SIDE * s->from_stride;
    float *to = s->to, *below = to + MATRIX_SIDE * s->to_stride;
    const float *a_below = a + MATRIX_SIDE * a_row;
    int64_t ahead = s->ahead->count, each = steps ? divide_up(ahead, steps) : 0, fetched = 0;
    __asm__ volatile("" ::: "memory"); /* what was packed is stored before it is loaded */
    _tile_loadd(0, from, from_row);
    if (across > 1) _tile_loadd(1, from + MATRIX_SIDE, from_row);
    if (down > 1) _tile_loadd(2, lower, from_row);
    if (down > 1 && across > 1) _tile_loadd(3, lower + MATRIX_SIDE, from_row);
    for (int64_t l = 0; l < steps; l++) {
        for (; fetched < least(ahead, each * (l + 1)); fetched++) __builtin_prefetch(s->ahead->line[fetched]);
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
    if (rows > MATRIX_SIDE && vectors > 1)
        sum_matrices(2, 2, depth, a, a_row, b, s);
    else if (rows > MATRIX_SIDE)
        sum_matrices(2, 1, depth, a, a_row, b, s);
    else if (vectors > 1)
        sum_matrices(1, 2, depth, a, a_row, b, s);
    else
        sum_matrices(1, 1, depth, a, a_row, b, s);
}
#else
/* Never called. */
static void tile_matrices(int64_t rows, int64_t vectors, int64_t depth, const float *a, int64_t a_row, const float *b,
                          const sums_f32 *s)
{
    (void)rows, (void)vectors, (void)depth, (void)a, (void)a_row, (void)b, (void)s;
}
#endif
