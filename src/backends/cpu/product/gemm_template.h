/* gemm_template.h - gemm.c's products for one element type: REAL, and NAMED(x), its name for x. */

#define LANES           NAMED(LANES)
#define COLUMNS         NAMED(tile_columns)
#define AT              NAMED(at)
#define PACK_A          NAMED(pack_a)
#define PACK_B          NAMED(pack_b)
#define SUMS            NAMED(sums)
#define EXPECT          NAMED(expect)
#define EXPECT_ROWS     NAMED(expect_rows)
#define FINISH          NAMED(finish)
#define DEPTH_OF        NAMED(depth_of)
#define WORDS_OF        NAMED(words_of)
#define BLOCK_OF_A      NAMED(block_of_a)
#define BLOCK_OF_B      NAMED(block_of_b)
#define PACK_BLOCK_OF_B NAMED(pack_block_of_b)
#define PACKED_B        NAMED(packed_b)
#define SHARE_B         NAMED(share_b)
#define PREPARE         NAMED(prepare)
#define APART_FROM      NAMED(apart_from)
#define LANE_SUMS       NAMED(lane_sums)
#define ADD_NEIGHBOURS  NAMED(add_neighbours)
#define ADD_CONTIGUOUS  NAMED(add_contiguous)
#define ADD_TOTALS      NAMED(add_totals)
#define MULTIPLY        NAMED(multiply)
#define EXPECT_PACKING  NAMED(expect_packing)
#define BLOCK_FROM      NAMED(block_from)
#define OPERANDS        NAMED(operands)
#define WORKSPACE       NAMED(workspace)
#define MULTIPLY_TILES  NAMED(multiply_tiles)
#define WORK            NAMED(work)
#define WORK_BY_STEPS   NAMED(work_by_steps)
#define SCRATCH         NAMED(scratch)
#define SCRATCH_OF      NAMED(scratch_of)
#define STORE_TOTALS    NAMED(store_totals)
#define ADD_SLICES      NAMED(add_slices)
#define GEMM            NAMED(gemm)
#define GEMM_PLAN       NAMED(gemm_plan)
#define RUN_TILE        NAMED(run_tile)
#define GEMM_RUN        NAMED(gemm_run)

/* -- The product ------------------------------------------------------------------------------------------------- */

/* Elements along k in a step: a part of one pair's. */
static int64_t DEPTH_OF(const gemm_plan *g, int64_t step)
{
    return least(g->depth, g->problem.k - step % g->parts * g->depth);
}

static int64_t WORDS_OF(const gemm_plan *g, int64_t step)
{
    const unit_shape u = unit_shapes[g->unit];
    return round_up(divide_up(DEPTH_OF(g, step), u.share), u.words);
}

/* What a step of a block reads of a, and of b. */
static const void *BLOCK_OF_A(const gemm_plan *g, const gemm_operands *o, block at, int64_t step)
{
    const gemm_problem *p = &g->problem;
    int64_t pair = step / g->parts, first = step % g->parts * g->depth;
    return AT(o->a, p->a_dtype,
              batch_offset(p, p->a_batch, at.batch) + at.i * p->a_row + first * p->a_column + pair * p->a_sum);
}

static const void *BLOCK_OF_B(const gemm_plan *g, const gemm_operands *o, block at, int64_t step)
{
    const gemm_problem *p = &g->problem;
    int64_t pair = step / g->parts, first = step % g->parts * g->depth;
    return AT(o->b, p->b_dtype,
              batch_offset(p, p->b_batch, at.batch) + at.j * p->b_column + first * p->b_row + pair * p->b_sum);
}

static void PACK_BLOCK_OF_B(const gemm_plan *g, const gemm_operands *o, block at, int64_t step, REAL *to)
{
    const gemm_problem *p = &g->problem;
    const void *b = BLOCK_OF_B(g, o, at, step);
    const REAL *bias = o->bias ? (const REAL *)o->bias + at.j : NULL;
    if (g->unit == GEMM_VECTORS)
        PACK_B(p, b, bias, at.columns, DEPTH_OF(g, step), to);
    else
        pack_b_pairs(p, b, (const void *)bias, at.columns, DEPTH_OF(g, step), WORDS_OF(g, step), (void *)to);
}

/* A step's block of b, packed: for all, or else by this thread, where it has not just done so. */
static const REAL *PACKED_B(const gemm_plan *g, const gemm_operands *o, block at, int64_t step, WORKSPACE *w)
{
    if (w->shared) return w->shared + (step * g->across + at.j / g->columns) * g->b_elements;
    const void *b = BLOCK_OF_B(g, o, at, step);
    if (w->packed != b || w->packed_column != at.j || w->packed_step != step) PACK_BLOCK_OF_B(g, o, at, step, w->b);
    w->packed = b;
    w->packed_column = at.j;
    w->packed_step = step;
    return w->b;
}

/* What a step of a block multiplies. */
static OPERANDS PREPARE(const gemm_plan *g, const gemm_operands *o, block at, int64_t step, WORKSPACE *w)
{
    const gemm_problem *p = &g->problem;
    int64_t words = WORDS_OF(g, step);
    const void *a = BLOCK_OF_A(g, o, at, step);
    const REAL *b = PACKED_B(g, o, at, step, w);
    if (g->reads_across) return (OPERANDS){ a, b, 1, p->a_column, words };
    if (!g->packs_a) return (OPERANDS){ a, b, p->a_row / unit_shapes[g->unit].share, 1, words };
    if (g->unit == GEMM_VECTORS)
        PACK_A(p, a, at.rows, DEPTH_OF(g, step), g->a_stride, w->a);
    else
        pack_a_pairs(p, a, at.rows, DEPTH_OF(g, step), g->a_stride, (void *)w->a);
    return (OPERANDS){ w->a, b, g->a_stride, 1, words };
}

/* Adds a tile of y, and of `other` where there is one. */
static void EXPECT(const gemm_problem *p, const gemm_operands *o, int64_t first, int64_t rows, int64_t columns,
                   fetch_list *ahead)
{
    const void *data[] = { o->y, o->other };
    int64_t dtype[] = { p->y_dtype, p->other_dtype };
    for (int i = 0; i <= (p->epilogue >= GEMM_GELU); i++) {
        int64_t size = dtype[i] == VT_BF16 ? 2 : sizeof(REAL);
        add_rows(ahead, AT(data[i], dtype[i], first), rows, p->n * size, columns * size);
    }
}

/* Adds a part of the rows of a that the next tiles read, of `left` that follow; of rows side by side the ends of what
 * is read, as the beginnings are in the lines that these tiles read. */
static void EXPECT_ROWS(const gemm_plan *g, const OPERANDS *x, const REAL *next, int64_t left, int64_t part,
                        int64_t rows, fetch_list *ahead)
{
    int64_t size = sizeof(REAL), count = g->reads_across ? x->depth : least(g->tile_rows, left);
    int64_t first = least(count, part * rows), last = least(count, first + rows);
    if (g->reads_across) {
        const REAL *end = next + first * x->a_column + least(round_up(TILE_ROWS, LANES), left) - 1;
        add_rows(ahead, (const char *)end, last - first, x->a_column * size, size);
    } else {
        add_rows(ahead, (const char *)(next + first * x->a_row), last - first, x->a_row * size, x->depth * size);
    }
}

/* From which column on sums of a block are kept apart until FINISH has made elements of y of them: from the first, or
 * from that of a last panel that is no whole vectors. */
static int64_t APART_FROM(const gemm_plan *g, int64_t columns)
{
    return g->finishes ? 0 : columns % LANES ? (columns - 1) / COLUMNS * COLUMNS : columns;
}

/* Adds the sums of a tile's rows, each of which is contiguous: lanes of as many of them as there are lanes are added up
 * at once, transposed. */
static void ADD_CONTIGUOUS(const gemm_plan *g, int64_t rows, const OPERANDS *x, const REAL *a, double *totals)
{
    for (int64_t i = 0; i < rows; i += LANES) {
        NAMED(vector) lanes[LANES] = { 0 }, turned[LANES], sum = { 0 };
        for (int64_t r = 0; r < least(LANES, rows - i); r++) lanes[r] = LANE_SUMS(g, a + (i + r) * x->a_row, x->depth);
        NAMED(transpose_square)((const REAL *)lanes, LANES, (REAL *)turned, LANES);
        for (int64_t l = 0; l < LANES; l++) sum += turned[l];
        for (int64_t r = 0; r < least(LANES, rows - i); r++) totals[i + r] += (double)sum[r];
    }
}

/* Adds a step's part of rows of a, number `first` and those behind it, to their totals. */
static void ADD_TOTALS(const gemm_plan *g, const OPERANDS *x, const REAL *a, int64_t first, int64_t rows,
                       double *totals)
{
    if (g->reads_across)
        ADD_NEIGHBOURS(rows, g->problem.m - first, x->depth, a, x->a_column, totals);
    else
        ADD_CONTIGUOUS(g, rows, x, a, totals);
}

/* Adds the products of a step to the sums of a block; `next` is what is packed afterwards. */
static void MULTIPLY(const gemm_plan *g, const gemm_operands *o, block at, int64_t step, prefetch *next, WORKSPACE *w)
{
    const gemm_problem *p = &g->problem;
    OPERANDS x = PREPARE(g, o, at, step, w);
    int64_t start = (at.batch * p->m + at.i) * p->n + at.j, panels = divide_up(at.columns, COLUMNS);
    int64_t apart = APART_FROM(g, at.columns), share = divide_up(g->reads_across ? x.depth : g->tile_rows, panels);
    bool last = step == g->steps - 1;
    next->pace = divide_up(next->lines, panels * divide_up(at.rows, g->tile_rows));
    for (int64_t i = 0; i < at.rows; i += g->tile_rows, start += g->tile_rows * p->n) {
        int64_t rows = least(g->tile_rows, at.rows - i);
        if (w->totals && at.j == 0)
            ADD_TOTALS(g, &x, x.a + i * x.a_row, at.i + i, rows, w->totals + at.batch * p->m + at.i + i);
        REAL *sums = w->sums + (g->steps > 1 ? i : 0) * g->columns;
        for (int64_t j = 0; j < at.columns; j += COLUMNS) {
            int64_t columns = least(COLUMNS, at.columns - j);
            const REAL *panel = x.b + j * (x.depth + 1);
            fetch_list ahead;
            SUMS s = { .from = panel, .to = sums + j, .to_stride = g->columns, .ahead = &ahead };
            if (j < apart) s.to = (REAL *)o->y + start + j, s.to_stride = p->n;
            if (step > w->first_step) s.from = s.to, s.from_stride = s.to_stride;
            prefetch_next(next, FETCH_ROOM / 2, &ahead);
            if (j < apart || last) EXPECT(p, o, start + j, rows, columns, &ahead);
            if (!g->packs_a && at.i + i + rows < p->m)
                EXPECT_ROWS(g, &x, x.a + (i + rows) * x.a_row, p->m - at.i - i - rows, j / COLUMNS, share, &ahead);
            RUN_TILE(g, rows, divide_up(columns, LANES), &x, x.a + i * x.a_row, panel + COLUMNS, &s);
        }
        if (last) FINISH(p, o, start + apart, rows, at.columns - apart, sums + apart, g->columns);
    }
}

/* Adds what packing a step of a block reads, in rows that are far apart. */
static void EXPECT_PACKING(const gemm_plan *g, const gemm_operands *o, block at, int64_t step, bool packs_b,
                           prefetch *next)
{
    const gemm_problem *p = &g->problem;
    int64_t depth = DEPTH_OF(g, step), a_size = p->a_dtype == VT_BF16 ? 2 : sizeof(REAL);
    int64_t b_size = p->b_dtype == VT_BF16 ? 2 : sizeof(REAL);
    if (g->unit != GEMM_VECTORS) return; /* others ask for rows while they pack */
    if (g->packs_a && p->a_row == 1)
        prefetch_add(next, BLOCK_OF_A(g, o, at, step), depth, p->a_column * a_size, at.rows * a_size);
    if (packs_b && !g->shares_b && p->b_column == 1)
        prefetch_add(next, BLOCK_OF_B(g, o, at, step), depth, p->b_row * b_size, at.columns * b_size);
}

/* The block that begins with a tile of rows, before tile `last`: numbers go over all batches and blocks of columns. */
static block BLOCK_FROM(const gemm_plan *g, int64_t tile, int64_t last)
{
    int64_t down = tile % g->down, left = least(g->down - down, last - tile);
    int64_t tiles = divide_up(left, divide_up(left, g->rows / g->tile_rows));
    block at = { .batch = tile / g->down / g->across,
                 .i = down * g->tile_rows,
                 .j = tile / g->down % g->across * g->columns };
    at.rows = least(tiles * g->tile_rows, g->problem.m - at.i);
    at.columns = least(g->columns, g->problem.n - at.j);
    return at;
}

/* Some steps of the tiles of rows first to last - 1. The step behind them may follow, for the same tiles. */
static void MULTIPLY_TILES(const gemm_plan *g, const gemm_operands *o, int64_t first, int64_t last, int64_t first_step,
                           int64_t steps, WORKSPACE *w)
{
    for (int64_t tile = first; tile < last;) {
        block at = BLOCK_FROM(g, tile, last);
        tile += divide_up(at.rows, g->tile_rows);
        for (int64_t step = first_step; step < first_step + steps; step++) {
            bool stays = step + 1 < first_step + steps;
            block next = stays ? at : BLOCK_FROM(g, tile < last ? tile : first, last);
            int64_t next_step = stays || tile == last ? step + 1 : first_step;
            bool packs_b = next_step != step || next.j != at.j || next.batch != at.batch;
            prefetch packed = { 0 };
            if (next_step < g->steps) EXPECT_PACKING(g, o, next, next_step, packs_b, &packed);
            MULTIPLY(g, o, at, step, &packed, w);
        }
    }
}

/* Each step of a thread's share of all tiles in all slices, before the next: a part of b is packed once for it. The
 * sums of the first slice are y, those of the others lie one after another. */
static void WORK_BY_STEPS(const gemm_plan *g, const gemm_operands *o, int64_t t, REAL *slices, WORKSPACE *w)
{
    int64_t tiles = g->batches * g->across * g->down, all = tiles * g->slices;
    gemm_operands of_slice = *o;
    for (int64_t slice = 0; slice < g->slices; slice++) {
        int64_t first = most(0, all * t / g->threads - slice * tiles);
        int64_t last = least(tiles, all * (t + 1) / g->threads - slice * tiles);
        w->first_step = g->steps * slice / g->slices;
        for (int64_t step = w->first_step; step < g->steps * (slice + 1) / g->slices; step++)
            MULTIPLY_TILES(g, &of_slice, first, last, step, 1, w);
        of_slice.y = slices + slice * g->slice_elements;
        of_slice.bias = NULL;
        if (w->totals) w->totals += g->batches * g->problem.m;
    }
}

/* Packs all of b, which is the same for every batch. */
static void SHARE_B(const gemm_plan *g, const gemm_operands *o, REAL *to)
{
    int64_t blocks = g->steps * g->across;
#pragma omp parallel for num_threads((int)g->threads) if (g->threads > 1)
    for (int64_t i = 0; i < blocks; i++) {
        block at = { .j = i % g->across * g->columns };
        at.columns = least(g->columns, g->problem.n - at.j);
        PACK_BLOCK_OF_B(g, o, at, i / g->across, to + i * g->b_elements);
    }
}

/* Working memory: that of each thread, b where it is shared, slices, totals of rows, shares. */
typedef struct SCRATCH {
    REAL *threads, *shared, *slices;
    double *totals; /* NULL where none are asked for */
    share *shares;
} SCRATCH;

static SCRATCH SCRATCH_OF(const gemm_plan *g, void *scratch)
{
    SCRATCH r = { .threads = scratch };
    r.shared = r.threads + g->threads * g->thread_elements;
    r.slices = r.shared + g->shared_elements;
    double *totals = (double *)(r.slices + (g->slices - 1) * g->slice_elements);
    r.totals = g->problem.row_sums ? totals : NULL;
    r.shares = (share *)(totals + g->totals);
    return r;
}

/* What a thread does. Sums that are kept apart from y are those of one block at a time. */
static void WORK(const gemm_plan *g, const gemm_operands *o, int64_t t, const SCRATCH *r)
{
    int64_t tiles = g->batches * g->across * g->down, threads = g->threads, pieces = g->pieces, piece;
    REAL *memory = r->threads + t * g->thread_elements, *sums = memory + g->a_elements;
    WORKSPACE w = { .a = memory, .sums = sums, .totals = r->totals, .packed_step = -1 };
    if (g->shares_b)
        w.shared = r->shared;
    else
        w.b = sums + g->sums_elements;
    if (g->unit == GEMM_MATRICES) matrix_unit_begin();
    if (g->steps_by_step) WORK_BY_STEPS(g, o, t, r->slices, &w);
    while (!g->steps_by_step && shares_take(r->shares, threads, t, &piece))
        MULTIPLY_TILES(g, o, tiles * piece / pieces, tiles * (piece + 1) / pieces, 0, g->steps, &w);
    if (g->unit == GEMM_MATRICES) matrix_unit_end();
}

/* Adds the sums of the other slices to those of the first. */
static void ADD_SLICES(const gemm_plan *g, const REAL *slices, REAL *y)
{
    int64_t count = g->batches * g->problem.m * g->problem.n;
#pragma omp parallel for num_threads((int)g->threads) if (g->threads > 1)
    for (int64_t t = 0; t < g->threads; t++)
        for (int64_t slice = 0; slice < g->slices - 1; slice++)
            for (int64_t i = count * t / g->threads; i < count * (t + 1) / g->threads; i++)
                y[i] += slices[slice * g->slice_elements + i];
}

/* The same of the totals of rows, which then become elements. */
static void STORE_TOTALS(const gemm_plan *g, const double *totals, REAL *to)
{
    int64_t count = g->batches * g->problem.m;
    for (int64_t i = 0; i < count; i++) {
        double sum = totals[i];
        for (int64_t slice = 1; slice < g->slices; slice++) sum += totals[slice * count + i];
        to[i] = (REAL)sum;
    }
}

void GEMM_RUN(const gemm_plan *g, const gemm_operands *o, void *scratch)
{
    int64_t threads = g->threads;
    SCRATCH r = SCRATCH_OF(g, scratch);
    if (g->pieces * g->problem.n == 0) return;
    shares_cut(r.shares, threads, g->pieces);
    if (r.totals) memset(r.totals, 0, (size_t)g->totals * sizeof(double));
    if (g->shares_b) SHARE_B(g, o, r.shared);
#pragma omp parallel for num_threads((int)threads) if (threads > 1)
    for (int64_t t = 0; t < threads; t++) WORK(g, o, t, &r);
    if (g->slices > 1) ADD_SLICES(g, r.slices, o->y);
    if (r.totals) STORE_TOTALS(g, r.totals, o->row_sums);
}

bool GEMM(const gemm_problem *p, const gemm_operands *o)
{
    gemm_plan g = GEMM_PLAN(p);
    void *scratch = aligned_alloc(64, g.scratch);
    if (!scratch) {
        refuse_call("matmul", (vt_site){ 0 }, VT_ERROR_MEMORY, "out of memory to pack its blocks");
        return false;
    }
    GEMM_RUN(&g, o, scratch);
    free(scratch);
    return true;
}

#undef LANES
#undef COLUMNS
#undef AT
#undef PACK_A
#undef PACK_B
#undef SUMS
#undef EXPECT
#undef EXPECT_ROWS
#undef FINISH
#undef DEPTH_OF
#undef WORDS_OF
#undef BLOCK_OF_A
#undef BLOCK_OF_B
#undef PACK_BLOCK_OF_B
#undef PACKED_B
#undef SHARE_B
#undef PREPARE
#undef APART_FROM
#undef LANE_SUMS
#undef ADD_NEIGHBOURS
#undef ADD_CONTIGUOUS
#undef ADD_TOTALS
#undef MULTIPLY
#undef EXPECT_PACKING
#undef BLOCK_FROM
#undef OPERANDS
#undef WORKSPACE
#undef MULTIPLY_TILES
#undef WORK
#undef WORK_BY_STEPS
#undef SCRATCH
#undef SCRATCH_OF
#undef STORE_TOTALS
#undef ADD_SLICES
#undef GEMM
#undef GEMM_PLAN
#undef RUN_TILE
#undef GEMM_RUN
