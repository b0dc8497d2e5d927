/* implicit_gemm.cu - convolutions as products of matrices, of which one is nowhere in memory: a row of the matrix of
 * windows is what an output pixel sees, kernel position by kernel position, with the channels inside; its elements are
 * fetched from the image when a tile is loaded.
 *
 *     y = windows(x) weight'    dx = windows(g) weight    dw = g' windows(x)
 *
 * Where the stride is not 1, pixels of x that lie a stride apart see g through the same kernel positions, others
 * through others. So dx is made of phases, each the product of its own windows with its own part of weight, and no
 * product with zero is computed. */
#include "backends/cuda/image/implicit_gemm.h"
#include "backends/cuda/element/divisor.h"
#include "backends/cuda/product/tile_product.h"
#include "backends/cuda/reduction/sum_of_parts.h"

/* -- Windows ------------------------------------------------------------------------------------------------------- */

static __device__ __forceinline__ int divide(int x, const divisor &d)
{
    return (int)quotient((uint32_t)x, d);
}

static __device__ __forceinline__ int remainder_of(int x, int quotient, const divisor &d)
{
    return x - quotient * (int)d.by;
}

/* The matrix of windows: a row for each pixel of a grid, in each image. Pairs are vertical and horizontal. */
typedef struct windows {
    int rows, depth;
    divisor area, across;          /* of the grid */
    divisor taps_across, channels; /* of a window */
    int stride[2], origin[2];      /* where windows begin in the image */
    int dilation[2];               /* between their taps; negative where they run backwards */
    int size[2], pitch;            /* of the image: pixels, and elements from one to the next */
    int64_t image;                 /* elements from one to the next */
} windows;

enum { OUTSIDE = -(1 << 29), MOST_PIXELS = 1 << 28 };

typedef struct window {
    int64_t image;
    int row, column; /* the row is OUTSIDE where the matrix has no such row */
} window;

typedef struct tap {
    int row, column, channel; /* the channel is OUTSIDE where it has no such column */
} tap;

static __device__ __forceinline__ window find_window(const windows &w, int number)
{
    int image = divide(number, w.area), place = remainder_of(number, image, w.area);
    int row = divide(place, w.across), column = remainder_of(place, row, w.across);
    return { image * w.image, number < w.rows ? w.origin[0] + row * w.stride[0] : OUTSIDE,
             w.origin[1] + column * w.stride[1] };
}

static __device__ __forceinline__ tap find_tap(const windows &w, int number)
{
    int place = divide(number, w.channels), row = divide(place, w.taps_across);
    return { row, remainder_of(place, row, w.taps_across),
             number < w.depth ? remainder_of(number, place, w.channels) : OUTSIDE };
}

/* NULL in the padding, and outside the matrix. */
template <class In>
static __device__ __forceinline__ const In *find_element(const windows &w, const In *image, const window &at,
                                                         const tap &of)
{
    int row = at.row + of.row * w.dilation[0], column = at.column + of.column * w.dilation[1];
    bool inside = of.channel >= 0 && (unsigned)row < (unsigned)w.size[0] && (unsigned)column < (unsigned)w.size[1];
    return inside ? image + at.image + (row * w.size[1] + column) * w.pitch + of.channel : NULL;
}

/* -- Images: y, and the gradient of x ------------------------------------------------------------------------------ */

/* An argument of the kernels. For the gradient of x, `seen` has no taps before a phase is known. */
typedef struct correlation {
    windows seen;        /* x, or the gradient of y */
    int groups, columns; /* of the product: channels of a group of the result */
    int tiles_down, tiles_across;
    int size[2], pitch; /* of the result: pixels, and elements from one to the next */
    int stride[2];      /* pixels of it from one row of the product to the next */
    int kernel[2], padding[2], dilation[2];
    int step[2];  /* between the kernel positions of a phase */
    bool is_bf16; /* the result is stored as bf16 */
} correlation;

/* The pixels `first`, `first` + stride ... of the result, and the kernel positions `tap`, `tap` + step ... */
typedef struct phase {
    int first[2], tap[2];
} phase;

/* Completes `seen`. A pixel sees the gradient through a kernel position where (pixel + padding - position * dilation)
 * is a multiple of the stride: that is the window's row there. */
static __device__ inline phase enter_phase(const correlation &c, windows &seen, int number)
{
    phase p = { { number / c.stride[1], number % c.stride[1] }, { 0, 0 } };
    int taps[2];
#pragma unroll
    for (int i = 0; i < 2; i++) {
        int from = p.first[i] + c.padding[i];
        while (p.tap[i] < c.step[i] && (from - p.tap[i] * c.dilation[i]) % c.stride[i] != 0) p.tap[i]++;
        int further = p.tap[i] < c.step[i] ? c.kernel[i] - p.tap[i] : 0;
        taps[i] = further > 0 ? (further + c.step[i] - 1) / c.step[i] : 0;
        seen.origin[i] = (from - p.tap[i] * c.dilation[i]) / c.stride[i];
    }
    seen.depth = taps[0] * taps[1] * (int)seen.channels.by;
    seen.taps_across = make_divisor(taps[1] ? taps[1] : 1);
    return p;
}

/* Where row number `row` of the product goes; -1: nowhere. */
static __device__ __forceinline__ int64_t find_pixel(const correlation &c, const windows &seen, const phase &p, int row)
{
    int image = divide(row, seen.area), place = remainder_of(row, image, seen.area);
    int down = divide(place, seen.across), across = remainder_of(place, down, seen.across);
    int y = p.first[0] + down * c.stride[0], x = p.first[1] + across * c.stride[1];
    if (row >= seen.rows || y >= c.size[0] || x >= c.size[1]) return -1;
    return (((int64_t)image * c.size[0] + y) * c.size[1] + x) * c.pitch;
}

static __device__ __forceinline__ void put(void *to, bool is_bf16, int64_t at, float x)
{
    if (is_bf16)
        ((bf16 *)to)[at] = __float2bfloat16(x);
    else
        ((float *)to)[at] = x;
}

/* Both elements at once, where they are aligned so. */
static __device__ __forceinline__ void put_pair(void *to, bool is_bf16, int64_t at, float x, float next)
{
    if (is_bf16)
        *(__nv_bfloat162 *)((bf16 *)to + at) = __floats2bfloat162_rn(x, next);
    else
        *(float2 *)((float *)to + at) = make_float2(x, next);
}

/* image, x [batch, size, channels] or the gradient of y [batch, output, outputs], weight [outputs, kernel,
 * channels / groups], bias [outputs] or NULL -> result, y or the gradient of x. A block computes a tile of the product
 * of one phase and one group. RUN elements are loaded at once. */
template <class In, class Block, bool GRADIENT, int RUN>
static __global__ void __launch_bounds__(Block::THREADS, BLOCKS_AT_ONCE<In, Block>)
    correlate(correlation c, const In *image, const In *weight, const float *bias, void *result)
{
    constexpr line_direction OF_WEIGHT = GRADIENT ? ACROSS : ALONG;
    typedef tile_shape<In, Block, Block::ROWS, ALONG> window_tile;
    typedef tile_shape<In, Block, Block::COLUMNS, OF_WEIGHT> weight_tile;
    int tile = blockIdx.x, first_column = tile % c.tiles_across * Block::COLUMNS;
    tile /= c.tiles_across;
    int first_row = tile % c.tiles_down * Block::ROWS;
    tile /= c.tiles_down;
    int group = tile % c.groups;
    windows seen = c.seen;
    phase now = {};
    if (GRADIENT) now = enter_phase(c, seen, tile / c.groups);
    int channels = seen.channels.by, kernel = c.kernel[0] * c.kernel[1];
    image += group * channels;
    weight += (int64_t)group * (GRADIENT ? channels * kernel * c.columns : c.columns * seen.depth);

    window lines[window_tile::LINES_OF_THREAD];
#pragma unroll
    for (int i = 0; i < window_tile::LINES_OF_THREAD; i++)
        lines[i] = find_window(seen, first_row + window_tile::line(i));
    auto fill_windows = [&](char *to, int step) {
        fill_tile<In, window_tile, RUN>(to, [&](int i, int place) {
            return find_element(seen, image, lines[i], find_tap(seen, step * DEPTH<In> + place));
        });
    };
    auto fill_weight = [&](char *to, int step) {
        fill_tile<In, weight_tile, RUN>(to, [&](int i, int place) {
            int line = weight_tile::line(i), column = first_column + (GRADIENT ? place : line);
            int k = step * DEPTH<In> + (GRADIENT ? line : place);
            int at = column * seen.depth + k;
            if (GRADIENT) {
                tap of = find_tap(seen, k);
                int position = (now.tap[0] + of.row * c.step[0]) * c.kernel[1] + now.tap[1] + of.column * c.step[1];
                at = (of.channel * kernel + position) * c.columns + column;
            }
            return column < c.columns && k < seen.depth ? weight + at : NULL;
        });
    };
    lane_sums<Block> sums;
    sum_products<In, Block, ALONG, OF_WEIGHT>(sums, (seen.depth + DEPTH<In> - 1) / DEPTH<In>, fill_windows,
                                              fill_weight);

    int first = group * c.columns;
    auto biased = [&](int column, float sum) { return bias ? sum + bias[first + column] : sum; };
    auto store = [&](int64_t at, int column, float sum) {
        column += first_column;
        if (column < c.columns) put(result, c.is_bf16, at + first + column, biased(column, sum));
    };
    auto store_pair = [&](int64_t at, int column, float sum, float next) {
        if (RUN == 1) {
            store(at, column, sum);
            store(at, column + 1, next);
        } else if (first_column + column < c.columns) {
            column += first_column;
            put_pair(result, c.is_bf16, at + first + column, biased(column, sum), biased(column + 1, next));
        }
    };
    visit_sums<In, Block, ALONG, OF_WEIGHT>(
        sums, [&](int row) { return find_pixel(c, seen, now, first_row + row); }, store, store_pair);
}

/* -- The gradient of weight ---------------------------------------------------------------------------------------- */

/* An argument of the kernel. The pixels of all images are split among blocks, whose sums are added up afterwards. */
typedef struct weight_sums {
    windows seen;     /* x */
    int groups, rows; /* of the product: output channels of a group */
    int tiles_down, tiles_across;
    int pitch;          /* of the gradient of y: output channels */
    int splits, pixels; /* of a split, a multiple of its tiles' depth */
} weight_sums;

/* gradient, of y [batch, output, outputs], image, x [batch, size, channels] -> sums_of_splits [splits, groups, rows,
 * depth]. A block computes a tile of the sums of one split and one group. */
template <class In, class Block, int RUN>
static __global__ void __launch_bounds__(Block::THREADS, BLOCKS_AT_ONCE<In, Block>)
    correlate_windows(weight_sums w, const In *gradient, const In *image, float *sums_of_splits)
{
    typedef tile_shape<In, Block, Block::ROWS, ACROSS> gradient_tile;
    typedef tile_shape<In, Block, Block::COLUMNS, ACROSS> window_tile;
    const windows &seen = w.seen;
    int tiles = w.tiles_down * w.tiles_across, tile = blockIdx.x % tiles, part = blockIdx.x / tiles;
    int first_row = tile / w.tiles_across * Block::ROWS, first_column = tile % w.tiles_across * Block::COLUMNS;
    int rows = w.rows - first_row, group = part % w.groups, first_pixel = part / w.groups * w.pixels;
    int pixels = seen.rows - first_pixel < w.pixels ? seen.rows - first_pixel : w.pixels;
    gradient += group * w.rows + first_row;
    image += group * (int)seen.channels.by;

    auto fill_gradient = [&](char *to, int step) {
        fill_tile<In, gradient_tile, RUN>(to, [&](int i, int place) {
            int pixel = first_pixel + step * DEPTH<In> + gradient_tile::line(i);
            return pixel < seen.rows && place < rows ? gradient + (int64_t)pixel * w.pitch + place : NULL;
        });
    };
    auto fill_windows = [&](char *to, int step) {
        fill_tile<In, window_tile, RUN>(to, [&](int i, int place) {
            int pixel = first_pixel + step * DEPTH<In> + window_tile::line(i);
            return find_element(seen, image, find_window(seen, pixel), find_tap(seen, first_column + place));
        });
    };
    lane_sums<Block> sums;
    sum_products<In, Block, ACROSS, ACROSS>(sums, (pixels + DEPTH<In> - 1) / DEPTH<In>, fill_gradient, fill_windows);

    float *to = sums_of_splits + ((int64_t)part * w.rows + first_row) * seen.depth;
    auto store = [&](int64_t at, int column, float sum) {
        column += first_column;
        if (column < seen.depth) to[at + column] = sum;
    };
    auto store_pair = [&](int64_t at, int column, float sum, float next) {
        store(at, column, sum);
        store(at, column + 1, next);
    };
    auto begin = [&](int row) { return row < rows ? (int64_t)row * seen.depth : -1; };
    visit_sums<In, Block, ACROSS, ACROSS>(sums, begin, store, store_pair);
}

/* -- Problems ------------------------------------------------------------------------------------------------------ */

/* Taps side by side that see neighbours in memory, none in the padding, are one tap of more channels. */
static bool joins_taps(const convolution *p)
{
    return p->groups == 1 && p->padding[1] == 0 && padding_behind(p, 1) == 0 && p->dilation[1] == 1;
}

/* What y sees of x. */
static windows windows_of_x(const convolution *p)
{
    int64_t joined = joins_taps(p) ? p->kernel[1] : 1, channels = p->channels / p->groups;
    windows w = { .rows = (int)(p->batch * p->output[0] * p->output[1]),
                  .depth = (int)(p->kernel[0] * p->kernel[1] * channels),
                  .area = make_divisor(p->output[0] * p->output[1]),
                  .across = make_divisor(p->output[1]),
                  .taps_across = make_divisor(p->kernel[1] / joined),
                  .channels = make_divisor(channels * joined) };
    for (int i = 0; i < 2; i++) {
        w.stride[i] = (int)p->stride[i];
        w.origin[i] = (int)-p->padding[i];
        w.dilation[i] = (int)p->dilation[i];
        w.size[i] = (int)p->size[i];
    }
    w.pitch = (int)p->channels;
    w.image = p->size[0] * p->size[1] * p->channels;
    return w;
}

static int64_t greatest_common_divisor(int64_t x, int64_t y)
{
    return y == 0 ? x : greatest_common_divisor(y, x % y);
}

/* What a phase of x sees of the gradient of y, but for the taps. */
static windows windows_of_gradient(const convolution *p)
{
    int64_t down = divided_up(p->size[0], p->stride[0]), across = divided_up(p->size[1], p->stride[1]);
    windows w = { .rows = (int)(p->batch * down * across),
                  .area = make_divisor(down * across),
                  .across = make_divisor(across),
                  .channels = make_divisor(p->outputs / p->groups) };
    for (int i = 0; i < 2; i++) {
        w.stride[i] = 1;
        w.dilation[i] = (int)(-p->dilation[i] / greatest_common_divisor(p->stride[i], p->dilation[i]));
        w.size[i] = (int)p->output[i];
    }
    w.pitch = (int)p->outputs;
    w.image = p->output[0] * p->output[1] * p->outputs;
    return w;
}

static correlation correlation_of(const convolution *p)
{
    bool gradient = p->pass == CONVOLUTION_INPUT_GRADIENT;
    correlation c = { .seen = gradient ? windows_of_gradient(p) : windows_of_x(p) };
    c.groups = (int)p->groups;
    c.pitch = (int)(gradient ? p->channels : p->outputs);
    c.columns = c.pitch / c.groups;
    c.is_bf16 = p->result_dtype == VT_BF16;
    for (int i = 0; i < 2; i++) {
        c.size[i] = (int)(gradient ? p->size[i] : p->output[i]);
        c.stride[i] = (int)(gradient ? p->stride[i] : 1);
        c.kernel[i] = (int)p->kernel[i];
        c.padding[i] = (int)p->padding[i];
        c.dilation[i] = (int)p->dilation[i];
        c.step[i] = (int)(p->stride[i] / greatest_common_divisor(p->stride[i], p->dilation[i]));
    }
    return c;
}

/* So many splits that every multiprocessor has work, of some length. */
template <class In, class Block> static weight_sums weight_sums_of(const convolution *p)
{
    enum { BLOCKS_EACH = 2, LEAST_STEPS = 4 };
    const int64_t depth = DEPTH<In>;
    weight_sums w = { .seen = windows_of_x(p), .groups = (int)p->groups, .rows = (int)(p->outputs / p->groups) };
    w.tiles_down = (int)divided_up(w.rows, Block::ROWS);
    w.tiles_across = (int)divided_up(w.seen.depth, Block::COLUMNS);
    w.pitch = (int)p->outputs;
    int64_t tiles = (int64_t)w.groups * w.tiles_down * w.tiles_across;
    int64_t wanted = divided_up(BLOCKS_EACH * multiprocessors(), tiles);
    int64_t possible = divided_up(w.seen.rows, depth * LEAST_STEPS);
    int64_t splits = wanted < possible ? wanted : possible;
    w.pixels = (int)(divided_up(divided_up(w.seen.rows, splits), depth) * depth);
    w.splits = (int)divided_up(w.seen.rows, w.pixels);
    return w;
}

/* -- What fits, and what it needs ---------------------------------------------------------------------------------- */

bool implicit_gemm_takes(const convolution *p)
{
    const int64_t most = INT32_MAX - (1 << 16);
    int64_t x_area = 1, y_area = 1, weight = p->outputs * (p->channels / p->groups), phases = 1;
    for (int i = 0; i < 2; i++) {
        x_area *= p->size[i] + p->stride[i];
        y_area *= p->output[i];
        weight *= p->kernel[i];
        phases *= p->stride[i];
        if (p->size[i] > MOST_PIXELS / 4 || p->padding[i] > MOST_PIXELS / 4 || p->stride[i] > MOST_PIXELS / 4 ||
            padding_behind(p, i) > MOST_PIXELS / 4 || p->kernel[i] * p->dilation[i] > MOST_PIXELS)
            return false;
    }
    if (x_area * p->channels > most || y_area * p->outputs > most || weight > most) return false;
    if (p->batch * x_area > most || p->batch * y_area > most) return false;
    /* blocks, at the least a tile can be */
    int64_t tiles = divided_up(p->batch * (x_area + y_area), 64) + phases;
    return tiles * p->groups * divided_up(p->channels + p->outputs, 64) < most && weight * p->groups < most;
}

typedef block_shape<128, 128> large_block;
typedef block_shape<128, 64> tall_block;
typedef block_shape<64, 64> small_block;

template <class In, class Block> static size_t scratch_of(const convolution *p)
{
    int splits = weight_sums_of<In, Block>(p).splits;
    return splits > 1 ? (size_t)(splits * weight_count(p)) * sizeof(float) : 0;
}

template <class In> static size_t scratch_of_any(const convolution *p)
{
    size_t small = scratch_of<In, small_block>(p), large = scratch_of<In, large_block>(p);
    return small > large ? small : large;
}

size_t implicit_gemm_scratch(const convolution *p)
{
    if (p->pass != CONVOLUTION_WEIGHT_GRADIENT || p->batch == 0) return 0;
    return p->dtype == VT_BF16 ? scratch_of_any<bf16>(p) : scratch_of_any<float>(p);
}

/* -- Launches ------------------------------------------------------------------------------------------------------ */

/* How many elements lie together, and aligned, wherever tiles are loaded: a power of two. */
static int64_t aligned_run(const convolution *p, const convolution_operands *o, const windows &seen)
{
    int64_t size = (int64_t)vt_dtype_size((vt_dtype)p->dtype);
    int64_t result_size = (int64_t)vt_dtype_size((vt_dtype)p->result_dtype);
    int64_t other = (p->pass == CONVOLUTION_INPUT_GRADIENT ? p->channels : p->outputs) / p->groups;
    int64_t all = seen.channels.by | other | (int64_t)seen.pitch * seen.stride[1] | (int64_t)seen.pitch * seen.size[1];
    if (!joins_taps(p) || p->pass == CONVOLUTION_INPUT_GRADIENT) all |= seen.pitch;
    all |= (int64_t)((uintptr_t)o->a | (uintptr_t)o->b) / size | (int64_t)(uintptr_t)o->result / result_size;
    return all & -all;
}

/* More than a kernel gets unasked. */
template <class Block, class Kernel> static void allow_shared_memory(Kernel kernel)
{
    if (Block::SHARED_BYTES > 48 << 10)
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, Block::SHARED_BYTES);
}

template <class In, class Block, bool GRADIENT, int RUN>
static void queue_image(const convolution *p, const convolution_operands *o)
{
    correlation c = correlation_of(p);
    c.tiles_down = (int)divided_up(c.seen.rows, Block::ROWS);
    c.tiles_across = (int)divided_up(c.columns, Block::COLUMNS);
    unsigned blocks = (unsigned)(c.tiles_down * c.tiles_across * c.groups * c.stride[0] * c.stride[1]);
    allow_shared_memory<Block>(correlate<In, Block, GRADIENT, RUN>);
    LAUNCH((correlate<In, Block, GRADIENT, RUN>), blocks, Block::THREADS, Block::SHARED_BYTES, compute_stream(), c,
           (const In *)o->a, (const In *)o->b, o->bias, o->result);
}

template <class In, class Block, int RUN>
static void queue_weight(const convolution *p, const convolution_operands *o, float *scratch)
{
    weight_sums w = weight_sums_of<In, Block>(p);
    unsigned blocks = (unsigned)(w.splits * w.groups * w.tiles_down * w.tiles_across);
    float *sums = w.splits > 1 ? scratch : (float *)o->result;
    allow_shared_memory<Block>(correlate_windows<In, Block, RUN>);
    LAUNCH((correlate_windows<In, Block, RUN>), blocks, Block::THREADS, Block::SHARED_BYTES, compute_stream(), w,
           (const In *)o->a, (const In *)o->b, sums);
    if (w.splits == 1) return;
    queue_sum_of_parts(weight_count(p), w.splits, sums, (float *)o->result);
}

template <class In, class Block, int RUN>
static void queue_either_image(const convolution *p, const convolution_operands *o)
{
    if (p->pass == CONVOLUTION_FORWARD)
        queue_image<In, Block, false, RUN>(p, o);
    else
        queue_image<In, Block, true, RUN>(p, o);
}

/* Blocks as large as leave work for every multiprocessor. */
template <class In> static void queue_image_in_vectors(const convolution *p, const convolution_operands *o)
{
    bool gradient = p->pass == CONVOLUTION_INPUT_GRADIENT;
    int64_t area = gradient ? p->size[0] * p->size[1] : p->output[0] * p->output[1];
    int64_t columns = (gradient ? p->channels : p->outputs) / p->groups;
    int64_t down = divided_up(p->batch * area, large_block::ROWS), across = divided_up(columns, large_block::COLUMNS);
    if (down * across * p->groups < multiprocessors())
        queue_either_image<In, small_block, CHUNK<In>>(p, o);
    else if (columns <= tall_block::COLUMNS)
        queue_either_image<In, tall_block, CHUNK<In>>(p, o);
    else
        queue_either_image<In, large_block, CHUNK<In>>(p, o);
}

template <class In>
static void queue_weight_in_vectors(const convolution *p, const convolution_operands *o, float *scratch)
{
    int64_t rows = p->outputs / p->groups, columns = weight_count(p) / p->outputs;
    if (rows <= small_block::ROWS || columns <= small_block::COLUMNS)
        queue_weight<In, small_block, CHUNK<In>>(p, o, scratch);
    else
        queue_weight<In, large_block, CHUNK<In>>(p, o, scratch);
}

/* RUN elements are loaded at once: whole chunks or fewer. */
template <class In, int RUN>
static void queue_in_runs(const convolution *p, const convolution_operands *o, float *scratch)
{
    bool is_image = p->pass != CONVOLUTION_WEIGHT_GRADIENT;
    if constexpr (RUN == CHUNK<In>)
        is_image ? queue_image_in_vectors<In>(p, o) : queue_weight_in_vectors<In>(p, o, scratch);
    else
        is_image ? queue_either_image<In, small_block, RUN>(p, o) : queue_weight<In, small_block, RUN>(p, o, scratch);
}

void implicit_gemm_queue(const convolution *p, const convolution_operands *o, void *scratch)
{
    int64_t run = aligned_run(p, o, p->pass == CONVOLUTION_INPUT_GRADIENT ? windows_of_gradient(p) : windows_of_x(p));
    float *sums = (float *)scratch;
    if (p->dtype == VT_F32)
        run < 4 ? queue_in_runs<float, 1>(p, o, sums) : queue_in_runs<float, 4>(p, o, sums);
    else if (run < 8)
        run < 4 ? queue_in_runs<bf16, 1>(p, o, sums) : queue_in_runs<bf16, 4>(p, o, sums);
    else
        queue_in_runs<bf16, 8>(p, o, sums);
}
