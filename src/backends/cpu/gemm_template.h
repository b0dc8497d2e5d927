/* gemm_template.h - gemm.c's functions for one element type: REAL, and NAMED(x), its name for x. */

#define VECTOR NAMED(vector)
#define PACK   NAMED(pack)
#define TILE   NAMED(tile)
#define BLOCK  NAMED(block)
#define GEMM   NAMED(gemm)

typedef REAL VECTOR __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(REAL)), may_alias));
enum {
    NAMED(LANES) = VECTOR_BYTES / sizeof(REAL),
    NAMED(TILE_COLUMNS) = 2 * NAMED(LANES),
    NAMED(BLOCK_COLUMNS) = BLOCK_COLUMN_TILES * NAMED(TILE_COLUMNS)
};

/* Packs `count` lines of `depth` elements as panels of `width` lines side by side, the last filled up with zeros. */
static void PACK(const REAL *from, int64_t line_stride, int64_t depth_stride, int64_t count, int64_t depth,
                 int64_t width, REAL *to)
{
    for (int64_t first = 0; first < count; first += width, to += width * depth) {
        const REAL *lines = from + first * line_stride;
        int64_t real = least(width, count - first);
        if (line_stride == 1) {
            for (int64_t l = 0; l < depth; l++)
                for (int64_t i = 0; i < real; i++) to[l * width + i] = lines[l * depth_stride + i];
        } else {
            for (int64_t i = 0; i < real; i++)
                for (int64_t l = 0; l < depth; l++) to[l * width + i] = lines[i * line_stride + l * depth_stride];
        }
        for (int64_t l = 0; real < width && l < depth; l++)
            for (int64_t i = real; i < width; i++) to[l * width + i] = 0;
    }
}

/* One tile of y from a panel of a and one of b. */
static void TILE(int64_t depth, const REAL *a, const REAL *b, REAL *y, int64_t y_stride, int64_t rows, int64_t columns,
                 bool add)
{
    enum { LANES = NAMED(LANES), COLUMNS = NAMED(TILE_COLUMNS) };
    VECTOR sum[TILE_ROWS][2] = { 0 };
    for (int64_t l = 0; l < depth; l++, a += TILE_ROWS, b += COLUMNS) {
        VECTOR left = *(const VECTOR *)b, right = *(const VECTOR *)(b + LANES);
        for (int i = 0; i < TILE_ROWS; i++) {
            sum[i][0] += a[i] * left;
            sum[i][1] += a[i] * right;
        }
    }
    if (rows == TILE_ROWS && columns == COLUMNS) {
        for (int i = 0; i < TILE_ROWS; i++) {
            VECTOR *to = (VECTOR *)(y + i * y_stride);
            if (add) {
                sum[i][0] += to[0];
                sum[i][1] += to[1];
            }
            to[0] = sum[i][0];
            to[1] = sum[i][1];
        }
        return;
    }
    /* Through memory of its own: an index that varies would keep `sum` itself out of the registers. */
    REAL whole[TILE_ROWS][COLUMNS];
    for (int i = 0; i < TILE_ROWS; i++) {
        *(VECTOR *)whole[i] = sum[i][0];
        *(VECTOR *)(whole[i] + LANES) = sum[i][1];
    }
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            y[i * y_stride + j] = add ? y[i * y_stride + j] + whole[i][j] : whole[i][j];
}

/* Adds the product of `rows` rows of a and `columns` columns of b to a block of y, or begins it; `packed` has room for
 * a block of a and a block of b. */
static void BLOCK(const gemm_problem *p, const REAL *a, const REAL *b, REAL *y, int64_t rows, int64_t columns,
                  REAL *packed, bool add)
{
    enum { COLUMNS = NAMED(TILE_COLUMNS) };
    REAL *packed_a = packed, *packed_b = packed + round_up(rows, TILE_ROWS) * least(p->k, BLOCK_DEPTH);
    for (int64_t first = 0; first < p->k; first += BLOCK_DEPTH) {
        int64_t depth = least(BLOCK_DEPTH, p->k - first);
        PACK(a + first * p->a_column, p->a_row, p->a_column, rows, depth, TILE_ROWS, packed_a);
        PACK(b + first * p->b_row, p->b_column, p->b_row, columns, depth, COLUMNS, packed_b);
        for (int64_t j = 0; j < columns; j += COLUMNS)
            for (int64_t i = 0; i < rows; i += TILE_ROWS)
                TILE(depth, packed_a + i * depth, packed_b + j * depth, y + i * p->n + j, p->n,
                     least(TILE_ROWS, rows - i), least(COLUMNS, columns - j), add || first > 0);
    }
}

bool GEMM(const gemm_problem *p, const REAL *a, const REAL *b, REAL *y, bool accumulate)
{
    int64_t batches = batch_count(p), size = p->m * p->n;
    if (batches * size == 0) return true;
    if (p->k == 0) {
        for (int64_t i = 0; !accumulate && i < batches * size; i++) y[i] = 0;
        return true;
    }
    int64_t rows = least(round_up(p->m, TILE_ROWS), BLOCK_ROWS);
    int64_t columns = least(round_up(p->n, NAMED(TILE_COLUMNS)), NAMED(BLOCK_COLUMNS));
    int64_t across = (p->n + columns - 1) / columns, down = (p->m + rows - 1) / rows;
    int64_t blocks = batches * down * across, room = round_up((rows + columns) * least(p->k, BLOCK_DEPTH), 64);
    int64_t sum = p->sum ? p->sum : 1;
    bool parallel = (double)batches * (double)size * (double)p->k * (double)sum > 1 << 16;
    int threads = parallel ? (int)least(thread_count(), blocks) : 1;
    REAL *packed = aligned_alloc(64, (size_t)(threads * room) * sizeof *packed);
    if (!packed) {
        refuse_call("matmul", (vt_site){ 0 }, VT_ERROR_MEMORY, "out of memory to pack its blocks");
        return false;
    }
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t number = 0; number < blocks; number++) {
        int64_t batch = number / (down * across), i = number / across % down * rows, j = number % across * columns;
        const REAL *a_block = a + batch_offset(p, p->a_batch, batch) + i * p->a_row;
        const REAL *b_block = b + batch_offset(p, p->b_batch, batch) + j * p->b_column;
        REAL *y_block = y + batch * size + i * p->n + j;
        for (int64_t k = 0; k < sum; k++)
            BLOCK(p, a_block + k * p->a_sum, b_block + k * p->b_sum, y_block, least(rows, p->m - i),
                  least(columns, p->n - j), packed + thread_number() * room, accumulate || k > 0);
    }
    free(packed);
    return true;
}

#undef VECTOR
#undef PACK
#undef TILE
#undef BLOCK
#undef GEMM
