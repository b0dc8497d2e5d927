/* tile_template.h - products of matrices that lie in the caches, for one element type: REAL, and NAMED(x), its name for
 * x. Every matrix is row-major, with a stride from row to row that is a number of whole vectors: columns after the last
 * one, up to the next whole vector, are computed and written too. */

typedef struct NAMED(product) {
    int64_t rows, columns, depth;
    const REAL *a, *b; /* a is [rows, depth] or, transposed, [depth, rows]; b is [depth, columns] */
    int64_t a_stride, b_stride;
    REAL *c; /* [rows, columns] */
    int64_t c_stride;
    bool add;           /* to c, instead of overwriting it */
    prefetch *prefetch; /* or NULL */
} NAMED(product);

/* Rows [row, row + rows) of c in the `width` vectors from `column` on. The sums stay in registers, as rows, width and
 * transposed are constants. Three rows of a go by one pointer: their distances are what an address can express. */
static inline __attribute__((always_inline)) void NAMED(tile)(const NAMED(product) * p, const fetch_list *ahead,
                                                              int64_t row, int rows, int64_t column, int width,
                                                              bool transposed)
{
    enum { LANES_ = NAMED(LANES), GROUPS = (TILE_ROWS + 2) / 3 };
    NAMED(vector) sum[TILE_ROWS][TILE_VECTORS] = { 0 };
    const REAL *b = p->b + column, *a = p->a + (transposed ? row : row * p->a_stride), *group[GROUPS];
    int64_t a_stride = p->a_stride, b_stride = p->b_stride;
    UNROLLED
    for (int i = 0; i < GROUPS; i++) group[i] = a + 3 * i * a_stride;
    for (int64_t k = 0; k < p->depth; k++, b += b_stride) {
        NAMED(vector) right[TILE_VECTORS];
        if (k < ahead->count) __builtin_prefetch(ahead->line[k], 0, 2);
        UNROLLED
        for (int j = 0; j < width; j++) right[j] = *(const NAMED(vector) *)(b + j * LANES_);
        UNROLLED
        for (int i = 0; i < rows; i++) {
            REAL left = transposed ? a[i] : group[i / 3][i % 3 * a_stride];
            UNROLLED
            for (int j = 0; j < width; j++) sum[i][j] += left * right[j];
        }
        if (transposed)
            a += a_stride;
        else
            UNROLLED
        for (int i = 0; i < GROUPS; i++) group[i]++;
    }
    UNROLLED
    for (int i = 0; i < rows; i++) {
        NAMED(vector) *to = (NAMED(vector) *)(p->c + (row + i) * p->c_stride + column);
        UNROLLED
        for (int j = 0; j < width; j++) {
            if (p->add) sum[i][j] += to[j];
            to[j] = sum[i][j];
        }
    }
}

#define TILE_CASE(n)                                                                                                   \
    case n: NAMED(tile)(p, ahead, row, n, column, width, transposed); break;

/* The same for a number of rows that varies, up to TILE_ROWS. */
static inline __attribute__((always_inline)) void NAMED(tile_of)(const NAMED(product) * p, const fetch_list *ahead,
                                                                 int64_t row, int64_t rows, int64_t column, int width,
                                                                 bool transposed)
{
    switch (rows) {
        TILE_CASE(1)
        TILE_CASE(2)
        TILE_CASE(3)
        TILE_CASE(4)
        TILE_CASE(5)
        TILE_CASE(6)
#if VECTOR_BYTES == 64
        TILE_CASE(7)
        TILE_CASE(8)
        TILE_CASE(9)
        TILE_CASE(10)
        TILE_CASE(11)
        TILE_CASE(12)
        TILE_CASE(13)
        TILE_CASE(14)
#endif
    default: break;
    }
}

#undef TILE_CASE

/* Each panel of b passes all rows of a while it is in the first-level cache. Rows are cut into tiles of like heights.
 */
static inline __attribute__((always_inline)) void NAMED(panels)(const NAMED(product) * p, bool transposed)
{
    enum { LANES_ = NAMED(LANES) };
    int64_t tiles = (p->rows + TILE_ROWS - 1) / TILE_ROWS;
    fetch_list ahead;
    for (int64_t column = 0; column < p->columns; column += TILE_VECTORS * LANES_) {
        bool whole = p->columns - column > LANES_;
        for (int64_t t = 0; t < tiles; t++) {
            int64_t row = p->rows * t / tiles, rows = p->rows * (t + 1) / tiles - row;
            prefetch_next(p->prefetch, p->depth, &ahead);
            if (whole)
                NAMED(tile_of)(p, &ahead, row, rows, column, TILE_VECTORS, transposed);
            else
                NAMED(tile_of)(p, &ahead, row, rows, column, 1, transposed);
        }
    }
}

static __attribute__((noinline)) void NAMED(multiply)(const NAMED(product) * p)
{
    NAMED(panels)(p, false);
}

/* With a transposed. */
static __attribute__((noinline)) void NAMED(multiply_transposed)(const NAMED(product) * p)
{
    NAMED(panels)(p, true);
}

/* The transpose of [rows, columns]. Both are read and written up to whole vectors along both axes. */
static void NAMED(transpose)(int64_t rows, int64_t columns, const REAL *from, int64_t from_stride, REAL *to,
                             int64_t to_stride)
{
    for (int64_t i = 0; i < rows; i += NAMED(LANES))
        for (int64_t j = 0; j < columns; j += NAMED(LANES))
            NAMED(transpose_square)(from + i * from_stride + j, from_stride, to + j * to_stride + i, to_stride);
}
