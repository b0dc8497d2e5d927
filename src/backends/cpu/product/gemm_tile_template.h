/* gemm_tile_template.h - what gemm.c makes tiles of: packing, sums in registers, and what becomes of them; for one
 * element type: REAL, and NAMED(x), its name for x. */

#define VECTOR         NAMED(vector)
#define LANES          NAMED(LANES)
#define COLUMNS        NAMED(tile_columns)
#define AT             NAMED(at)
#define WIDEN          NAMED(widen)
#define NARROW         NAMED(narrow)
#define PACK_SQUARE    NAMED(pack_square)
#define BEGIN_PANEL    NAMED(begin_panel)
#define PACK_ROWS      NAMED(pack_rows)
#define PACK_PANEL     NAMED(pack_panel)
#define PACK_A         NAMED(pack_a)
#define PACK_B         NAMED(pack_b)
#define SUM            NAMED(sum)
#define SUMS           NAMED(sums)
#define TILE           NAMED(tile)
#define ACROSS         NAMED(across)
#define SUM_ROW        NAMED(sum_row)
#define ADD_NEIGHBOURS NAMED(add_neighbours)
#define FINISH_PIECE   NAMED(finish_piece)
#define FINISH         NAMED(finish)
#define OPERANDS       NAMED(operands)
#define WORKSPACE      NAMED(workspace)

enum { COLUMNS = TILE_VECTORS * LANES };

/* -- Elements in memory ------------------------------------------------------------------------------------------ */

/* The address of an element, of dtype bf16 or REAL; NULL where there is none. */
static const void *AT(const void *data, int64_t dtype, int64_t index)
{
    if (!data) return NULL;
    return (const char *)data + index * (dtype == VT_BF16 ? 2 : (int64_t)sizeof(REAL));
}

/* n elements that are neighbours, or `stride` apart. */
static inline __attribute__((always_inline)) void WIDEN(const void *restrict from, int64_t dtype, int64_t stride,
                                                        int64_t n, REAL *restrict to)
{
    const uint16_t *stored = from;
    const REAL *x = from;
    if (dtype == VT_BF16)
        for (int64_t i = 0; i < n; i++) to[i] = (REAL)bf16_to_f32(stored[i * stride]);
    else
        for (int64_t i = 0; i < n; i++) to[i] = x[i * stride];
}

static inline __attribute__((always_inline)) void NARROW(const REAL *restrict from, int64_t dtype, int64_t n,
                                                         void *restrict to)
{
    if (dtype == VT_BF16)
        NAMED(narrow_sums)(from, n, to);
    else
        memcpy(to, from, (size_t)n * sizeof *from);
}

/* -- Packing ----------------------------------------------------------------------------------------------------- */

/* LANES lines of LANES neighbours each become LANES lines of the panel. */
static void PACK_SQUARE(const void *from, int64_t dtype, int64_t line_stride, int64_t width, REAL *to)
{
    REAL widened[LANES * LANES];
    if (dtype != VT_BF16) {
        NAMED(transpose_square)(from, line_stride, to, width);
        return;
    }
    for (int i = 0; i < LANES; i++) WIDEN(AT(from, dtype, i * line_stride), dtype, 1, LANES, widened + i * LANES);
    NAMED(transpose_square)(widened, LANES, to, width);
}

/* `lines` lines of `depth` elements side by side in a panel that is `width` wide. Squares go along the lines first,
 * since these are far apart. */
static void PACK_PANEL(const void *from, int64_t dtype, int64_t line_stride, int64_t depth_stride, int64_t lines,
                       int64_t depth, int64_t width, REAL *to)
{
    int64_t squares = depth_stride == 1 ? lines / LANES : 0, deep = depth / LANES * LANES;
    for (int64_t i = 0; i < squares; i++)
        for (int64_t l = 0; l < deep; l += LANES)
            PACK_SQUARE(AT(from, dtype, i * LANES * line_stride + l), dtype, line_stride, width,
                        to + l * width + i * LANES);
    for (int64_t l = 0; l < depth; l++) {
        int64_t done = l < deep ? squares * LANES : 0;
        WIDEN(AT(from, dtype, done * line_stride + l * depth_stride), dtype, line_stride, lines - done,
              to + l * width + done);
    }
}

/* What a panel of b begins with: what the sums of its columns do, the bias or 0. */
static void BEGIN_PANEL(const REAL *bias, int64_t lines, REAL *to)
{
    for (int64_t i = 0; i < COLUMNS; i++) to[i] = bias && i < lines ? bias[i] : 0;
}

/* Rows of b, of which each panel gets its part. Whole rows in turn are what the processor fetches ahead; several of
 * them at once, since panels are as many pages of memory. */
static void PACK_ROWS(const void *row, int64_t dtype, int64_t stride, int64_t rows, int64_t columns, int64_t panel,
                      REAL *to)
{
    int64_t whole = columns / COLUMNS * COLUMNS, rest = columns - whole;
    for (int64_t j = 0; j < whole; j += COLUMNS, to += panel)
        for (int64_t r = 0; r < rows; r++) WIDEN(AT(row, dtype, r * stride + j), dtype, 1, COLUMNS, to + r * COLUMNS);
    for (int64_t r = 0; rest > 0 && r < rows; r++, to += COLUMNS) {
        WIDEN(AT(row, dtype, r * stride + whole), dtype, 1, rest, to);
        for (int64_t i = rest; i < round_up(rest, LANES); i++) to[i] = 0;
    }
}

/* Panels of b, filled up to whole vectors. */
static void PACK_B(const gemm_problem *p, const void *b, const REAL *bias, int64_t columns, int64_t depth, REAL *to)
{
    int64_t panel = (depth + 1) * COLUMNS;
    for (int64_t l = 0; p->b_column == 1 && l < depth; l += PACKED_ROWS)
        PACK_ROWS(AT(b, p->b_dtype, l * p->b_row), p->b_dtype, p->b_row, least(PACKED_ROWS, depth - l), columns, panel,
                  to + (l + 1) * COLUMNS);
    for (int64_t j = 0; j < columns; j += COLUMNS, to += panel) {
        int64_t lines = least(COLUMNS, columns - j);
        BEGIN_PANEL(bias ? bias + j : NULL, lines, to);
        if (p->b_column == 1) continue;
        PACK_PANEL(AT(b, p->b_dtype, j * p->b_column), p->b_dtype, p->b_column, p->b_row, lines, depth, COLUMNS,
                   to + COLUMNS);
        for (int64_t l = 1; l <= depth; l++)
            for (int64_t i = lines; i < round_up(lines, LANES); i++) to[l * COLUMNS + i] = 0;
    }
}

/* Rows of a, `stride` apart. */
static void PACK_A(const gemm_problem *p, const void *a, int64_t rows, int64_t depth, int64_t stride, REAL *to)
{
    for (int64_t r = 0; p->a_column == 1 && r < rows; r++)
        WIDEN(AT(a, p->a_dtype, r * p->a_row), p->a_dtype, 1, depth, to + r * stride);
    if (p->a_column != 1) PACK_PANEL(a, p->a_dtype, p->a_column, p->a_row, depth, rows, stride, to);
}

/* -- A tile ------------------------------------------------------------------------------------------------------ */

/* Where a tile's sums begin and where they go; the rows of the former are `from_stride` apart, 0 for one row. A tile
 * reads several rows at the end only: they may be far away, and are asked for meanwhile. */
typedef struct SUMS {
    const REAL *from;
    REAL *to;
    int64_t from_stride, to_stride;
    const fetch_list *ahead; /* memory that is needed afterwards */
} SUMS;

#define TILE_ARGUMENTS int64_t depth, const REAL *a, int64_t a_stride, const REAL *b, const SUMS *s

/* Steps along k, from where the pointers are. Where rows of a are `a_stride` apart, three of them share a pointer, from
 * which they are no, one and two strides away, so that pointers stay in registers too. */
#define STEPS(count)                                                                                                   \
    do {                                                                                                               \
        UNROLL for (int l = 0; l < count; l++)                                                                         \
        {                                                                                                              \
            UNROLL for (int j = 0; j < vectors; j++) right[j] = *(const VECTOR *)(b + l * COLUMNS + j * LANES);        \
            UNROLL for (int i = 0; i < rows; i++)                                                                      \
            {                                                                                                          \
                VECTOR left = (across ? a[i] : third[i / 3][i % 3 * a_stride + l]) - (VECTOR){ 0 };                    \
                UNROLL for (int j = 0; j < vectors; j++) sum[i][j] += left * right[j];                                 \
            }                                                                                                          \
            UNROLL for (int i = 0; i < rows; i++) UNROLL for (int j = 0; j < vectors; j++) KEEP_REGISTER(sum[i][j]);   \
            if (across) a += a_stride;                                                                                 \
        }                                                                                                              \
        UNROLL for (int i = 0; i < THIRDS; i++) third[i] += count;                                                     \
        b += count * COLUMNS;                                                                                          \
    } while (0)

/* A tile of `rows` by `vectors` of y, in registers: both are constants where this is expanded. Either rows of a are
 * `a_stride` apart, and elements along k are neighbours, or the other way around, `across`. */
static inline __attribute__((always_inline)) void SUM(const int rows, const int vectors, const bool across,
                                                      TILE_ARGUMENTS)
{
    enum { THIRDS = (TILE_ROWS + 2) / 3 };
    VECTOR sum[TILE_ROWS][TILE_VECTORS], right[TILE_VECTORS];
    const REAL *third[THIRDS], *end = b + depth / AT_ONCE * AT_ONCE * COLUMNS;
    const char *const *line = s->ahead->line, *const *last_line = line + s->ahead->count;
    const REAL *from = s->from;
    REAL *to = s->to;
    int64_t from_stride = s->from_stride, to_stride = s->to_stride;
    UNROLL for (int i = 0; i < THIRDS; i++) third[i] = a + (3 * i < rows ? 3 * i * a_stride : 0);
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int j = 0; j < vectors; j++) sum[i][j] =
        from_stride ? (VECTOR){ 0 } : *(const VECTOR *)(from + j * LANES);
    while (b < end) {
        if (line < last_line) __builtin_prefetch(*line++);
        STEPS(AT_ONCE);
    }
    for (int64_t rest = depth % AT_ONCE; rest > 0; rest--) STEPS(1);
    if (from_stride)
        UNROLL for (int i = 0; i < rows; i++) UNROLL for (int j = 0; j < vectors; j++) sum[i][j] +=
            *(const VECTOR *)(from + i * from_stride + j * LANES);
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int j = 0; j < vectors; j++) *
        (VECTOR *)(to + i * to_stride + j * LANES) = sum[i][j];
}

/* TILE[rows - 1][vectors - 1], and the same ACROSS. They are functions of their own, since gcc finds registers for the
 * sums of a tile only where that is the whole function. */
#define TILE_OF(rows, vectors)                                                                                         \
    static __attribute__((noinline)) void NAMED(tile_##rows##_##vectors)(TILE_ARGUMENTS)                               \
    {                                                                                                                  \
        SUM(rows, vectors, false, depth, a, a_stride, b, s);                                                           \
    }                                                                                                                  \
    static __attribute__((noinline)) void NAMED(across_##rows##_##vectors)(TILE_ARGUMENTS)                             \
    {                                                                                                                  \
        SUM(rows, vectors, true, depth, a, a_stride, b, s);                                                            \
    }
EACH_TILE(TILE_OF)
#undef TILE_OF

#define TILE_OF(rows, vectors) [rows - 1][vectors - 1] = NAMED(tile_##rows##_##vectors),
static void (*const TILE[TILE_ROWS][TILE_VECTORS])(TILE_ARGUMENTS) = { EACH_TILE(TILE_OF) };
#undef TILE_OF
#define TILE_OF(rows, vectors) [rows - 1][vectors - 1] = NAMED(across_##rows##_##vectors),
static void (*const ACROSS[TILE_ROWS][TILE_VECTORS])(TILE_ARGUMENTS) = { EACH_TILE(TILE_OF) };
#undef TILE_OF

/* The sums of a row's elements, of those in each lane apart. */
static inline VECTOR SUM_ROW(const REAL *row, int64_t depth)
{
    VECTOR sum = { 0 }, rest = { 0 };
    int64_t whole = depth / LANES * LANES;
    for (int64_t l = 0; l < whole; l += LANES) sum += *(const VECTOR *)(row + l);
    for (int64_t l = whole; l < depth; l++) rest[l - whole] = row[l];
    return sum + rest;
}

/* Adds the sums of a tile's rows, which are neighbours, of `room` that are. */
static void ADD_NEIGHBOURS(int64_t rows, int64_t room, int64_t depth, const REAL *a, int64_t stride, double *totals)
{
    enum { VECTORS = (TILE_ROWS + LANES - 1) / LANES };
    typedef double wide __attribute__((vector_size(LANES * sizeof(double))));
    if (room < VECTORS * LANES) {
        for (int64_t l = 0; l < depth; l++)
            for (int64_t r = 0; r < rows; r++) totals[r] += (double)a[l * stride + r];
        return;
    }
    wide sums[VECTORS] = { 0 };
    for (int64_t l = 0; l < depth; l++)
        UNROLL for (int v = 0; v < VECTORS; v++) sums[v] +=
            __builtin_convertvector(*(const VECTOR *)(a + l * stride + v * LANES), wide);
    for (int64_t r = 0; r < rows; r++) totals[r] += sums[r / LANES][r % LANES];
}

/* A thread's working memory, which block of b it holds, and the step with which its sums begin. */
typedef struct WORKSPACE {
    REAL *a, *b, *sums;
    const REAL *shared; /* all of b, packed; or NULL */
    double *totals;     /* of each row of a in all batches; or NULL */
    const void *packed;
    int64_t packed_column, packed_step, first_step;
} WORKSPACE;

/* A block's operands, as tiles read them. */
typedef struct OPERANDS {
    const REAL *a, *b;
    int64_t a_row, a_column, depth;
} OPERANDS;

/* Over a piece of a row of sums, and of `other`. */
#define EACH_SUM(name, expression)                                                                                     \
    static void NAMED(name)(const REAL *sums, const REAL *other, int64_t n, REAL *y)                                   \
    {                                                                                                                  \
        (void)other;                                                                                                   \
        _Pragma("omp simd") for (int64_t i = 0; i < n; i++)                                                            \
        {                                                                                                              \
            const REAL x = sums[i];                                                                                    \
            y[i] = (expression);                                                                                       \
        }                                                                                                              \
    }
EACH_SUM(relu_row, x <= 0 ? 0 : x) /* NaN stays */
EACH_SUM(gelu_row, NAMED(gelu)(x))
EACH_SUM(gelu_gradient_row, x *NAMED(gelu_gradient)(other[i]))
EACH_SUM(add_row, x + other[i])
#undef EACH_SUM

/* Turns a piece of a row of sums, of whole vectors, into n elements of y, from element `first` on. */
static void FINISH_PIECE(const gemm_problem *p, const gemm_operands *o, int64_t first, int64_t n, const REAL *sums)
{
    REAL other_copy[PIECE], y_copy[PIECE], *y = (REAL *)AT(o->y, p->y_dtype, first);
    void *at = (void *)AT(o->other, p->other_dtype, first);
    const REAL *other = at;
    int64_t whole = round_up(n, LANES);
    if (p->epilogue == GEMM_NOTHING) {
        NARROW(sums, p->y_dtype, n, y);
        return;
    }
    bool reads = p->epilogue == GEMM_GELU_GRADIENT || p->epilogue == GEMM_ADD;
    if (reads && (n != whole || p->other_dtype == VT_BF16)) {
        WIDEN(at, p->other_dtype, 1, n, other_copy);
        for (int64_t i = n; i < whole; i++) other_copy[i] = 0;
        other = other_copy;
    }
    if (n != whole || p->y_dtype == VT_BF16) y = y_copy;
    switch (p->epilogue) {
    case GEMM_RELU: NAMED(relu_row)(sums, other, whole, y); break;
    case GEMM_GELU:
        NARROW(sums, p->other_dtype, n, at);
        NAMED(gelu_row)(sums, other, whole, y);
        break;
    case GEMM_GELU_GRADIENT: NAMED(gelu_gradient_row)(sums, other, whole, y); break;
    default: NAMED(add_row)(sums, other, whole, y);
    }
    if (y == y_copy) NARROW(y, p->y_dtype, n, (void *)AT(o->y, p->y_dtype, first));
}

static void FINISH(const gemm_problem *p, const gemm_operands *o, int64_t first, int64_t rows, int64_t columns,
                   REAL *sums, int64_t stride)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j += PIECE)
            FINISH_PIECE(p, o, first + i * p->n + j, least(PIECE, columns - j), sums + i * stride + j);
}

#undef VECTOR
#undef LANES
#undef COLUMNS
#undef AT
#undef WIDEN
#undef NARROW
#undef PACK_SQUARE
#undef BEGIN_PANEL
#undef PACK_ROWS
#undef PACK_PANEL
#undef PACK_A
#undef PACK_B
#undef SUM
#undef SUMS
#undef TILE
#undef ACROSS
#undef SUM_ROW
#undef ADD_NEIGHBOURS
#undef FINISH_PIECE
#undef FINISH
#undef OPERANDS
#undef WORKSPACE
#undef STEPS
#undef TILE_ARGUMENTS
