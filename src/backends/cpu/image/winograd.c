/* winograd.c - Winograd's convolution. With d a window of x of 6 by 6, w the kernel and g a tile of 4 by 4 of y's
 * gradient,
 *
 *     y tile = Aᵀ [(G w Gᵀ) ⊙ (Bᵀ d B)] A        dw = Gᵀ [Σ over tiles (A g Aᵀ) ⊙ (Bᵀ d B)] G
 *
 * where the sums over channels (for dw: over tiles) make the products ⊙ those of matrices, one for each of the 36
 * positions. dx is the y of g under weights turned round.
 *
 * Every transformed matrix lies in panels of PANEL columns, filled up with zeros: [position][columns /
 * PANEL][rows][PANEL]. Rows are tiles, or the channels of x for weights. */
#include "backends/cpu/vector/integers.h"
#include "backends/cpu/image/winograd.h"
#include "backends/cpu/vector/float_vector.h"
#include "backends/cpu/machine/threads.h"

typedef float_vector vector;

enum { LANES = FLOAT_LANES, PANEL = 2 * LANES };
enum { WINDOW = 6, TILE = 4, KERNEL = 3, TAPS = KERNEL * KERNEL, POSITIONS = WINDOW * WINDOW };

/* A register tile: ROWS by PANEL. What remains of the registers holds a row of b and an element of a. */
enum { ROWS = VECTOR_BYTES == 64 ? 14 : 6 };

#define INLINE static inline __attribute__((always_inline))

/* -- The transforms --------------------------------------------------------------------------------------------------
 * of one axis: `step` elements apart. */

/* Bᵀ d, in place */
INLINE void transform_window(vector *d, int step)
{
    vector d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step], d5 = d[5 * step];
    vector even = d4 - 4 * d2, odd = d3 - 4 * d1, near = d4 - d2, far = 2 * (d3 - d1);
    d[0] = 4 * d0 - 5 * d2 + d4;
    d[step] = even + odd;
    d[2 * step] = even - odd;
    d[3 * step] = near + far;
    d[4 * step] = near - far;
    d[5 * step] = 4 * d1 - 5 * d3 + d5;
}

/* Aᵀ m: the first four of six, in place */
INLINE void transform_product(vector *m, int step)
{
    vector m0 = m[0], m5 = m[5 * step];
    vector s1 = m[step] + m[2 * step], d1 = m[step] - m[2 * step];
    vector s2 = m[3 * step] + m[4 * step], d2 = m[3 * step] - m[4 * step];
    m[0] = m0 + s1 + s2;
    m[step] = d1 + 2 * d2;
    m[2 * step] = s1 + 4 * s2;
    m[3 * step] = d1 + 8 * d2 + m5;
}

/* A g: six from the first four, in place */
INLINE void transform_gradient(vector *g, int step)
{
    vector g0 = g[0], g1 = g[step], g2 = g[2 * step], g3 = g[3 * step];
    vector s1 = g0 + g2, d1 = g1 + g3, s2 = g0 + 4 * g2, d2 = 2 * g1 + 8 * g3;
    g[step] = s1 + d1;
    g[2 * step] = s1 - d1;
    g[3 * step] = s2 + d2;
    g[4 * step] = s2 - d2;
    g[5 * step] = g3;
}

/* G w: six from the first three, in place */
INLINE void transform_kernel(vector *w, int step)
{
    vector w0 = w[0], w1 = w[step], w2 = w[2 * step];
    vector s1 = (w0 + w2) * (1 / -6.0f), d1 = w1 * (1 / 6.0f), s2 = w0 * (1 / 24.0f) + w2 * (1 / 6.0f),
           d2 = w1 * (1 / 12.0f);
    w[0] = w0 * 0.25f;
    w[step] = s1 - d1;
    w[2 * step] = s1 + d1;
    w[3 * step] = s2 + d2;
    w[4 * step] = s2 - d2;
    w[5 * step] = w2;
}

/* Gᵀ u: the first three of six, in place */
INLINE void transform_kernel_gradient(vector *u, int step)
{
    vector u0 = u[0], u5 = u[5 * step];
    vector s1 = u[step] + u[2 * step], d1 = u[2 * step] - u[step];
    vector s2 = u[3 * step] + u[4 * step], d2 = u[3 * step] - u[4 * step];
    u[0] = u0 * 0.25f - s1 * (1 / 6.0f) + s2 * (1 / 24.0f);
    u[step] = d1 * (1 / 6.0f) + d2 * (1 / 12.0f);
    u[2 * step] = (s2 - s1) * (1 / 6.0f) + u5;
}

/* Both axes of a square of WINDOW by WINDOW elements, of which `before` rows and columns are there, `after` wanted. */
#define TRANSFORM(function, v, before, after)                                                                          \
    do {                                                                                                               \
        for (int line = 0; line < (before); line++) function((v) + line, WINDOW);                                      \
        for (int line = 0; line < (after); line++) function((v) + line * WINDOW, 1);                                   \
    } while (0)

/* -- The problem --------------------------------------------------------------------------------------------------- */

/* A group's channels of an image. */
typedef struct image {
    bool bf16;
    int64_t channels, size[2];
    int64_t pixel; /* elements from one pixel to the next */
} image;

/* A matrix of each position, its columns filled up to whole panels. */
typedef struct matrices {
    int64_t rows, columns;
    int64_t stride; /* elements from one to the next */
} matrices;

typedef struct job {
    image windows, tiles;        /* what is read by windows; what is cut into tiles */
    int64_t padding[2], grid[2]; /* of the windows; tiles down and across an image */
    int64_t count;               /* tiles in all */
    int threads;
    bool is_shared; /* all threads go through a chunk together; else each has chunks of its own */
    int64_t chunk;  /* tiles between the transforms and their products */
    matrices of_windows, of_tiles;
} job;

/* A line lies between the matrices: those a power of two apart would meet in the same set of a cache. */
static matrices matrices_of(int64_t rows, int64_t columns)
{
    int64_t whole = divide_up(columns, PANEL) * PANEL;
    return (matrices){ rows, whole, rows * whole + 16 };
}

/* Transformed weights, and their gradient, lie in blocks of PANEL by PANEL, those of all positions together, so that a
 * transform writes to few pages of memory: [columns / PANEL][rows / PANEL][position][PANEL][PANEL]. Rows are the
 * channels of the windows, columns those of the tiles. */
enum { BLOCK_STRIDE = PANEL * PANEL + 16, BLOCK = BLOCK_STRIDE * POSITIONS };

static int64_t elements(const matrices *m)
{
    return m->stride * POSITIONS;
}

static int64_t panels(const matrices *m)
{
    return m->columns / PANEL;
}

static int64_t weight_elements(const job *j)
{
    return panels(&j->of_windows) * panels(&j->of_tiles) * BLOCK;
}

static int64_t at_block(const job *j, int64_t row_panel, int64_t column_panel)
{
    return (column_panel * panels(&j->of_windows) + row_panel) * BLOCK;
}

/* The offset of a position's panel; of position 0's LANES elements from a column on. */
static int64_t at_panel(const matrices *m, int64_t position, int64_t panel)
{
    return position * m->stride + panel * m->rows * PANEL;
}

static int64_t at_element(const matrices *m, int64_t row, int64_t column)
{
    return column / PANEL * m->rows * PANEL + row * PANEL + column % PANEL;
}

/* Chunks of the same size, as many as there are threads or a multiple of that. */
static int64_t even_chunk(int64_t count, int64_t most, int64_t threads)
{
    int64_t chunks = divide_up(divide_up(count, most), threads) * threads;
    return divide_up(count, chunks);
}

/* A thread's own chunk fits half of a second-level cache, and is worth it where reading all weights for each does not
 * take longer than handing the tiles from thread to thread. The gradient of weights is both read and written. */
static void choose_chunk(job *j, enum convolution_pass pass)
{
    enum { OWN_BYTES = 1 << 20, SHARED_BYTES = 10 << 20 };
    int64_t channels = j->windows.channels + j->tiles.channels, weights = j->windows.channels * j->tiles.channels;
    int64_t tile_bytes = POSITIONS * (int64_t)sizeof(float) * channels, own = OWN_BYTES / tile_bytes + 1;
    int64_t weight_passes = pass == CONVOLUTION_WEIGHT_GRADIENT ? 2 : 1;
    bool has_enough = divide_up(j->count, j->threads) >= ROWS;
    j->is_shared = !has_enough || weight_passes * weights > 4 * own * channels;
    j->chunk =
        j->is_shared ? even_chunk(j->count, SHARED_BYTES / tile_bytes + 1, 1) : even_chunk(j->count, own, j->threads);
}

static job job_of(const convolution *p, enum convolution_pass pass, int threads)
{
    image x = { p->x_bf16, p->channels / p->groups, { p->size[0], p->size[1] }, p->channels };
    image y = { p->y_bf16, p->outputs / p->groups, { p->output[0], p->output[1] }, p->outputs };
    bool back = pass == CONVOLUTION_INPUT_GRADIENT;
    job j = { .windows = back ? y : x, .tiles = back ? x : y, .count = p->batch, .threads = threads };
    for (int i = 0; i < 2; i++) {
        j.padding[i] = back ? KERNEL - 1 - p->padding[i] : p->padding[i];
        j.grid[i] = divide_up(j.tiles.size[i], TILE);
        j.count *= j.grid[i];
    }
    choose_chunk(&j, pass);
    j.of_windows = matrices_of(j.chunk, j.windows.channels);
    j.of_tiles = matrices_of(j.chunk, j.tiles.channels);
    return j;
}

/* -- Between images and matrices ----------------------------------------------------------------------------------- */

/* The pixels of a square of an image, tile `number`'s or its window's; `outside` in place of those beyond the edges. */
INLINE void find_pixels(const job *j, const image *m, const void *data, int side, int64_t number, const void *outside,
                        const void **pixel)
{
    int64_t across = number % j->grid[1], down = number / j->grid[1] % j->grid[0], n = number / j->grid[1] / j->grid[0];
    int64_t top = down * TILE - (side == WINDOW ? j->padding[0] : 0);
    int64_t left = across * TILE - (side == WINDOW ? j->padding[1] : 0);
    int64_t bytes = m->pixel * (m->bf16 ? 2 : 4);
    for (int64_t i = 0; i < side; i++) {
        for (int64_t k = 0; k < side; k++) {
            bool inside = top + i >= 0 && top + i < m->size[0] && left + k >= 0 && left + k < m->size[1];
            int64_t at = ((n * m->size[0] + top + i) * m->size[1] + left + k) * bytes;
            pixel[i * side + k] = inside ? (const char *)data + at : outside;
        }
    }
}

INLINE void store_positions(const vector *v, float *to, int64_t stride)
{
    for (int i = 0; i < POSITIONS; i++) vector_store(to, false, i * stride, v[i]);
}

/* Some rows of the matrices of windows (side WINDOW: Bᵀ d B) or of a gradient's tiles (side TILE: A g Aᵀ). */
INLINE void transform_as(const job *j, const image *m, const matrices *out, bool bf16, int side, const void *data,
                         int64_t first, int64_t row, int64_t count, const float *zeros, float *to)
{
    const void *pixel[2][POSITIONS];
    find_pixels(j, m, data, side, first, zeros, pixel[0]);
    for (int64_t t = 0; t < count; t++) {
        const void *const *now = pixel[t % 2], **next = pixel[1 - t % 2];
        find_pixels(j, m, data, side, least(first + t + 1, j->count - 1), zeros, next);
        for (int64_t c = 0; c < out->columns; c += LANES) {
            vector v[POSITIONS];
            int64_t rest = m->channels - c;
            for (int i = 0; i < side * side; i++) {
                v[i / side * WINDOW + i % side] =
                    rest >= LANES ? vector_load(now[i], bf16, c) : vector_load_part(now[i], bf16, c, rest);
                __builtin_prefetch((const char *)next[i] + c * (bf16 ? 2 : 4));
            }
            if (side == WINDOW)
                TRANSFORM(transform_window, v, WINDOW, WINDOW);
            else
                TRANSFORM(transform_gradient, v, TILE, WINDOW);
            store_positions(v, to + at_element(out, row + t, c), out->stride);
        }
    }
}

/* Rows `row` on of the matrices, of the tiles from `first` on. */
static void transform_windows(const job *j, const void *data, int64_t first, int64_t row, int64_t count,
                              const float *zeros, float *to)
{
    if (j->windows.bf16)
        transform_as(j, &j->windows, &j->of_windows, true, WINDOW, data, first, row, count, zeros, to);
    else
        transform_as(j, &j->windows, &j->of_windows, false, WINDOW, data, first, row, count, zeros, to);
}

static void transform_tiles(const job *j, const void *data, int64_t first, int64_t row, int64_t count,
                            const float *zeros, float *to)
{
    if (j->tiles.bf16)
        transform_as(j, &j->tiles, &j->of_tiles, true, TILE, data, first, row, count, zeros, to);
    else
        transform_as(j, &j->tiles, &j->of_tiles, false, TILE, data, first, row, count, zeros, to);
}

/* Aᵀ m A of some rows, plus the bias, to the tiles from `first` on. */
INLINE void finish_as(const job *j, bool bf16, const float *from, int64_t row, int64_t first, int64_t count,
                      const float *bias, void *data)
{
    const matrices *m = &j->of_tiles;
    for (int64_t t = 0; t < count; t++) {
        const void *pixel[TILE * TILE];
        find_pixels(j, &j->tiles, data, TILE, first + t, NULL, pixel);
        for (int64_t c = 0; c < j->tiles.channels; c += LANES) {
            vector v[POSITIONS], b = { 0 };
            int64_t rest = j->tiles.channels - c;
            const float *at = from + at_element(m, row + t, c);
            for (int i = 0; i < POSITIONS; i++) v[i] = vector_load(at, false, i * m->stride);
            TRANSFORM(transform_product, v, WINDOW, TILE);
            if (bias) b = rest >= LANES ? vector_load(bias, false, c) : vector_load_part(bias, false, c, rest);
            for (int i = 0; i < TILE * TILE; i++) {
                vector y = v[i / TILE * WINDOW + i % TILE] + b;
                if (pixel[i] && rest >= LANES)
                    vector_store((void *)pixel[i], bf16, c, y);
                else if (pixel[i])
                    vector_store_part((void *)pixel[i], bf16, c, rest, y);
            }
        }
    }
}

static void finish_tiles(const job *j, const float *from, int64_t row, int64_t first, int64_t count, const float *bias,
                         void *data)
{
    if (j->tiles.bf16)
        finish_as(j, true, from, row, first, count, bias, data);
    else
        finish_as(j, false, from, row, first, count, bias, data);
}

/* -- Weights ------------------------------------------------------------------------------------------------------- */

/* Where a group's w [outputs, channels, 3, 3] has what belongs to a row and a column: for the gradient of x, rows are
 * the outputs, columns the channels, and the kernel is turned round. */
typedef struct arrangement {
    int64_t rows, columns, row, column;
    bool turned;
} arrangement;

static arrangement arrangement_of(const convolution *p, enum convolution_pass pass)
{
    int64_t channels = p->channels / p->groups, outputs = p->outputs / p->groups, output = channels * TAPS;
    if (pass == CONVOLUTION_INPUT_GRADIENT) return (arrangement){ outputs, channels, output, TAPS, true };
    return (arrangement){ channels, outputs, TAPS, output, false };
}

/* G w Gᵀ for LANES columns of a row, or zeros past the last. */
static void transform_weight(const arrangement *a, const float *weight, int64_t row, int64_t column, float *to)
{
    float taps[TAPS][LANES] = { 0 };
    vector v[POSITIONS];
    int64_t count = row < a->rows ? least(LANES, a->columns - column) : 0;
    const float *from = weight + row * a->row + column * a->column;
    for (int64_t l = 0; l < count; l++)
        for (int i = 0; i < TAPS; i++) taps[a->turned ? TAPS - 1 - i : i][l] = from[l * a->column + i];
    for (int i = 0; i < TAPS; i++) v[i / KERNEL * WINDOW + i % KERNEL] = vector_load(taps[i], false, 0);
    TRANSFORM(transform_kernel, v, KERNEL, WINDOW);
    store_positions(v, to, BLOCK_STRIDE);
}

static void transform_weights(const job *j, const arrangement *a, const float *weight, float *to)
{
    int64_t down = panels(&j->of_windows), across = panels(&j->of_tiles);
#pragma omp parallel for num_threads(j->threads)
    for (int64_t block = 0; block < across * down; block++)
        for (int64_t i = 0; i < PANEL; i++)
            for (int64_t k = 0; k < PANEL; k += LANES)
                transform_weight(a, weight, block % down * PANEL + i, block / down * PANEL + k,
                                 to + block * BLOCK + i * PANEL + k);
}

/* Gᵀ u G of LANES columns of a row, where u is the sum of `copies`, `apart` elements apart. */
static void finish_weight(const arrangement *a, const float *from, int copies, int64_t apart, int64_t row,
                          int64_t column, float *weight)
{
    float taps[TAPS][LANES];
    vector v[POSITIONS];
    for (int i = 0; i < POSITIONS; i++) {
        v[i] = vector_load(from, false, i * BLOCK_STRIDE);
        for (int k = 1; k < copies; k++) v[i] += vector_load(from, false, k * apart + i * BLOCK_STRIDE);
    }
    TRANSFORM(transform_kernel_gradient, v, WINDOW, KERNEL);
    for (int i = 0; i < TAPS; i++) vector_store(taps[i], false, 0, v[i / KERNEL * WINDOW + i % KERNEL]);
    float *to = weight + row * a->row + column * a->column;
    int64_t count = row < a->rows ? least(LANES, a->columns - column) : 0;
    for (int64_t l = 0; l < count; l++)
        for (int i = 0; i < TAPS; i++) to[l * a->column + i] = taps[i][l];
}

static void finish_weights(const job *j, const arrangement *a, const float *from, int copies, float *weight)
{
    int64_t down = panels(&j->of_windows), across = panels(&j->of_tiles);
#pragma omp parallel for num_threads(j->threads)
    for (int64_t block = 0; block < across * down; block++)
        for (int64_t i = 0; i < PANEL; i++)
            for (int64_t k = 0; k < PANEL; k += LANES)
                finish_weight(a, from + block * BLOCK + i * PANEL + k, copies, weight_elements(j),
                              block % down * PANEL + i, block / down * PANEL + k, weight);
}

/* -- Products ------------------------------------------------------------------------------------------------------ */

/* y [rows, PANEL] = (y +) Σ a b over `panels` panels of a and blocks of b, `steps` of each. */
INLINE void multiply_tile(int rows, int64_t a_row, int64_t a_step, int64_t panels, int64_t a_panel, int64_t b_block,
                          int64_t steps, const float *a, const float *b, float *y, bool add)
{
    vector sum[ROWS][2];
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
        sum[i][0] = add ? vector_load(y, false, i * PANEL) : (vector){ 0 };
        sum[i][1] = add ? vector_load(y, false, i * PANEL + LANES) : (vector){ 0 };
    }
    for (int64_t p = 0; p < panels; p++, a += a_panel, b += b_block) {
        for (int64_t k = 0; k < steps; k++) {
            vector left = vector_load(b, false, k * PANEL), right = vector_load(b, false, k * PANEL + LANES);
            if (b_block) {
                __builtin_prefetch(b + b_block + k * PANEL);
                __builtin_prefetch(b + b_block + k * PANEL + LANES);
            }
#pragma GCC unroll 16
            for (int i = 0; i < rows; i++) {
                sum[i][0] += a[i * a_row + k * a_step] * left;
                sum[i][1] += a[i * a_row + k * a_step] * right;
            }
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
        vector_store(y, false, i * PANEL, sum[i][0]);
        vector_store(y, false, i * PANEL + LANES, sum[i][1]);
    }
}

/* A call with each number of rows as a constant, which keeps the sums in registers. */
#define WITH_ROWS(count, ...)                                                                                          \
    switch (count) {                                                                                                   \
        ROWS_CASE(1, __VA_ARGS__)                                                                                      \
        ROWS_CASE(2, __VA_ARGS__)                                                                                      \
        ROWS_CASE(3, __VA_ARGS__)                                                                                      \
        ROWS_CASE(4, __VA_ARGS__)                                                                                      \
        ROWS_CASE(5, __VA_ARGS__)                                                                                      \
        ROWS_CASE(6, __VA_ARGS__)                                                                                      \
        ROWS_CASE(7, __VA_ARGS__)                                                                                      \
        ROWS_CASE(8, __VA_ARGS__)                                                                                      \
        ROWS_CASE(9, __VA_ARGS__)                                                                                      \
        ROWS_CASE(10, __VA_ARGS__)                                                                                     \
        ROWS_CASE(11, __VA_ARGS__)                                                                                     \
        ROWS_CASE(12, __VA_ARGS__)                                                                                     \
        ROWS_CASE(13, __VA_ARGS__)                                                                                     \
        ROWS_CASE(14, __VA_ARGS__)                                                                                     \
    default: break;                                                                                                    \
    }
#define ROWS_CASE(n, ...)                                                                                              \
    case n:                                                                                                            \
        if (n <= ROWS) multiply_tile(n <= ROWS ? n : 1, __VA_ARGS__);                                                  \
        break;

/* A position's panel of the product of windows by weights. */
static void multiply_windows(const job *j, int64_t position, int64_t panel, int64_t count, const float *windows,
                             const float *weight, float *product)
{
    const matrices *m = &j->of_windows;
    const float *a = windows + at_panel(m, position, 0);
    const float *b = weight + at_block(j, 0, panel) + position * BLOCK_STRIDE;
    float *y = product + at_panel(&j->of_tiles, position, panel);
    for (int64_t row = 0; row < count; row += ROWS)
        WITH_ROWS(least(ROWS, count - row), PANEL, 1, panels(m), m->rows * PANEL, BLOCK, PANEL, a + row * PANEL, b,
                  y + row * PANEL, false)
}

/* A position's panel of the sum over tiles for the gradient of weights. */
static void multiply_gradient(const job *j, int64_t position, int64_t panel, int64_t count, const float *windows,
                              const float *tiles, float *weight, bool add)
{
    enum { PARTS = (PANEL + ROWS - 1) / ROWS, PART = (PANEL + PARTS - 1) / PARTS };
    const float *b = tiles + at_panel(&j->of_tiles, position, panel);
    float *y = weight + at_block(j, 0, panel) + position * BLOCK_STRIDE;
    for (int64_t i = 0; i < panels(&j->of_windows); i++, y += BLOCK) {
        const float *a = windows + at_panel(&j->of_windows, position, i);
        for (int64_t row = 0; row < PANEL; row += PART)
            WITH_ROWS(least(PART, PANEL - row), 1, PANEL, 1, 0, 0, count, a + row, b, y + row * PANEL, add)
    }
}

/* -- The passes ---------------------------------------------------------------------------------------------------- */

/* The parts of the scratch memory. */
typedef struct memory {
    float *zeros, *weight, *windows, *tiles; /* zeros: a pixel of the padding */
} memory;

/* How many chunks are under way, and of how many sums the gradient of weights is made. */
static int parts(const job *j)
{
    return j->is_shared ? 1 : j->threads;
}

static int64_t zero_count(const job *j)
{
    int64_t a = j->of_windows.columns, b = j->of_tiles.columns;
    return a > b ? a : b;
}

static memory memory_of(const job *j, enum convolution_pass pass, float *scratch)
{
    int64_t weights = pass == CONVOLUTION_WEIGHT_GRADIENT ? parts(j) : 1;
    float *weight = scratch + zero_count(j), *windows = weight + weights * weight_elements(j);
    memset(scratch, 0, (size_t)zero_count(j) * sizeof *scratch);
    return (memory){ scratch, weight, windows, windows + parts(j) * elements(&j->of_windows) };
}

size_t winograd_scratch(const convolution *p, enum convolution_pass pass, int threads)
{
    job j = job_of(p, pass, threads);
    int64_t weights = pass == CONVOLUTION_WEIGHT_GRADIENT ? parts(&j) : 1;
    int64_t count =
        zero_count(&j) + weights * weight_elements(&j) + parts(&j) * (elements(&j.of_windows) + elements(&j.of_tiles));
    return (size_t)count * sizeof(float);
}

static void convolve_chunk(const job *j, const memory *m, int64_t first, int64_t count, const void *from,
                           const float *bias, void *to)
{
    float *windows = m->windows + thread_number() * elements(&j->of_windows);
    float *tiles = m->tiles + thread_number() * elements(&j->of_tiles);
    transform_windows(j, from, first, 0, count, m->zeros, windows);
    for (int64_t i = 0; i < POSITIONS; i++)
        for (int64_t panel = 0; panel < panels(&j->of_tiles); panel++)
            multiply_windows(j, i, panel, count, windows, m->weight, tiles);
    finish_tiles(j, tiles, 0, first, count, bias, to);
}

static void convolve_chunk_together(const job *j, const memory *m, int64_t first, int64_t count, const void *from,
                                    const float *bias, void *to)
{
    int64_t across = panels(&j->of_tiles);
#pragma omp parallel num_threads(j->threads)
    {
#pragma omp for
        for (int64_t t = 0; t < count; t++) transform_windows(j, from, first + t, t, 1, m->zeros, m->windows);
#pragma omp for
        for (int64_t i = 0; i < POSITIONS * across; i++)
            multiply_windows(j, i / across, i % across, count, m->windows, m->weight, m->tiles);
#pragma omp for
        for (int64_t t = 0; t < count; t++) finish_tiles(j, m->tiles, t, first + t, 1, bias, to);
    }
}

static void convolve(const job *j, const memory *m, const void *from, const float *bias, void *to)
{
    if (j->is_shared) {
        for (int64_t i = 0; i < j->count; i += j->chunk)
            convolve_chunk_together(j, m, i, least(j->chunk, j->count - i), from, bias, to);
        return;
    }
#pragma omp parallel for schedule(dynamic) num_threads(j->threads)
    for (int64_t i = 0; i < j->count; i += j->chunk)
        convolve_chunk(j, m, i, least(j->chunk, j->count - i), from, bias, to);
}

/* A part's sum over its tiles. */
static void sum_part(const job *j, const memory *m, int64_t part, const void *x, const void *g)
{
    float *windows = m->windows + part * elements(&j->of_windows);
    float *tiles = m->tiles + part * elements(&j->of_tiles), *weight = m->weight + part * weight_elements(j);
    int64_t first = part * j->count / j->threads, last = (part + 1) * j->count / j->threads;
    for (int64_t t = first; t < last; t += j->chunk) {
        int64_t count = least(j->chunk, last - t);
        transform_windows(j, x, t, 0, count, m->zeros, windows);
        transform_tiles(j, g, t, 0, count, m->zeros, tiles);
        for (int64_t i = 0; i < POSITIONS; i++)
            for (int64_t panel = 0; panel < panels(&j->of_tiles); panel++)
                multiply_gradient(j, i, panel, count, windows, tiles, weight, t > first);
    }
    if (first == last) memset(weight, 0, (size_t)weight_elements(j) * sizeof *weight);
}

static void sum_together(const job *j, const memory *m, int64_t first, int64_t count, const void *x, const void *g)
{
    int64_t across = panels(&j->of_tiles);
#pragma omp parallel num_threads(j->threads)
    {
#pragma omp for
        for (int64_t t = 0; t < count; t++) {
            transform_windows(j, x, first + t, t, 1, m->zeros, m->windows);
            transform_tiles(j, g, first + t, t, 1, m->zeros, m->tiles);
        }
#pragma omp for
        for (int64_t i = 0; i < POSITIONS * across; i++)
            multiply_gradient(j, i / across, i % across, count, m->windows, m->tiles, m->weight, first > 0);
    }
}

static void sum_products(const job *j, const memory *m, const void *x, const void *g)
{
    if (j->is_shared) {
        for (int64_t i = 0; i < j->count; i += j->chunk) sum_together(j, m, i, least(j->chunk, j->count - i), x, g);
        return;
    }
#pragma omp parallel for num_threads(j->threads) schedule(static, 1)
    for (int64_t part = 0; part < j->threads; part++) sum_part(j, m, part, x, g);
}

/* Groups of fewer channels would mostly multiply what fills up the panels. */
bool winograd_supports(const convolution *p)
{
    enum { LEAST_CHANNELS = 16 };
    for (int i = 0; i < 2; i++)
        if (p->kernel[i] != KERNEL || p->stride[i] != 1 || p->dilation[i] != 1 || p->padding[i] >= KERNEL) return false;
    bool has_few = least(p->channels, p->outputs) < LEAST_CHANNELS * p->groups;
    return (p->groups == 1 || !has_few) && p->batch > 0;
}

static void convolve_group(const job *j, const arrangement *a, enum convolution_pass pass, void *x, float *weight,
                           const float *bias, void *y, void *scratch)
{
    memory m = memory_of(j, pass, scratch);
    bool back = pass == CONVOLUTION_INPUT_GRADIENT;
    if (pass == CONVOLUTION_WEIGHT_GRADIENT) {
        sum_products(j, &m, x, y);
        finish_weights(j, a, m.weight, parts(j), weight);
        return;
    }
    transform_weights(j, a, weight, m.weight);
    convolve(j, &m, back ? y : x, bias, back ? x : y);
}

void winograd_convolve(const convolution *p, enum convolution_pass pass, int threads, void *x, float *weight,
                       const float *bias, void *y, void *scratch)
{
    job j = job_of(p, pass, threads);
    arrangement a = arrangement_of(p, pass);
    int64_t channels = p->channels / p->groups, outputs = p->outputs / p->groups;
    for (int64_t g = 0; g < p->groups; g++) {
        void *group_x = (char *)x + g * channels * (p->x_bf16 ? 2 : 4);
        void *group_y = (char *)y + g * outputs * (p->y_bf16 ? 2 : 4);
        convolve_group(&j, &a, pass, group_x, weight + g * outputs * channels * TAPS, bias ? bias + g * outputs : NULL,
                       group_y, scratch);
    }
}
