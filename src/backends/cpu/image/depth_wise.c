/* depth_wise.c - depth-wise convolutions. A tile is some pixels of a row of the result, and is computed for all
 * channels, a vector of them at a time. What its windows see is looked up once, pixel by pixel, with a pixel of zeros
 * in place of the padding.
 *
 * The gradient of x is y of the gradient of y under weights turned round: with a stride, that has zeros between its
 * pixels, and rows that would be all zeros are left out. */
#include "backends/cpu/image/depth_wise.h"
#include "backends/cpu/vector/integers.h"
#include "backends/cpu/vector/float_vector.h"
#include "backends/cpu/machine/threads.h"
#include <string.h>

typedef float_vector vector;

enum { LANES = FLOAT_LANES };
/* Of a tile: with the weights of a row of taps, their sums fit the registers. */
enum { PIXELS = VECTOR_BYTES == 64 ? 14 : 7 };
/* Taps in a row, and their step, that there is code of its own for. */
enum { MOST_TAPS = 7, MOST_STEP = 2 };

#define INLINE static inline __attribute__((always_inline))

/* -- The problem ----------------------------------------------------------------------------------------------------
 */

/* One axis: extents of the image that is seen by windows and of the other. Windows begin `step` apart, the first of
 * them `before` the first pixel, where pixels count as `spread` apart. */
typedef struct axis {
    int64_t seen, tiled, kernel, dilation, step, before, spread;
} axis;

typedef struct job {
    axis down, across;
    int64_t batch, channels, taps;
    int64_t vectors;   /* of channels */
    int64_t positions; /* that are looked up of a row, at most */
    int64_t pieces;    /* of all rows of tiles: each is a task, and has a sum of its own for the gradient of weights */
    bool turned;       /* the weights */
    int threads;
} job;

static axis axis_of(const convolution *p, enum convolution_pass pass, int a)
{
    int64_t reach = p->dilation[a] * (p->kernel[a] - 1);
    if (pass == CONVOLUTION_INPUT_GRADIENT)
        return (axis){ p->output[a], p->size[a], p->kernel[a], p->dilation[a], 1, reach - p->padding[a], p->stride[a] };
    return (axis){ p->size[a], p->output[a], p->kernel[a], p->dilation[a], p->stride[a], p->padding[a], 1 };
}

/* The gradient of weights is summed in as many pieces whatever the number of threads, so that its bits are the same. */
static job job_of(const convolution *p, enum convolution_pass pass, int threads)
{
    enum { SUMS = 16, TASKS = 4 };
    job j = { .down = axis_of(p, pass, 0),
              .across = axis_of(p, pass, 1),
              .batch = p->batch,
              .channels = p->channels,
              .taps = p->kernel[0] * p->kernel[1],
              .vectors = divide_up(p->channels, LANES),
              .turned = pass == CONVOLUTION_INPUT_GRADIENT,
              .threads = threads };
    j.positions = most((PIXELS - 1) * MOST_STEP + MOST_TAPS, PIXELS * j.across.kernel);
    j.pieces = least(j.batch * j.down.tiled, pass == CONVOLUTION_WEIGHT_GRADIENT ? SUMS : TASKS * threads);
    return j;
}

bool depth_wise_supports(const convolution *p)
{
    return p->groups == p->channels && p->outputs == p->channels && p->channels >= LANES && p->batch > 0 &&
           !p->x_bf16 && !p->y_bf16;
}

/* The channel that a vector begins with: the last overlaps the one before where channels are not whole vectors. */
static int64_t first_channel(const job *j, int64_t v)
{
    return least(v * LANES, j->channels - LANES);
}

/* -- What windows see -----------------------------------------------------------------------------------------------
 */

/* What a thread looked up for a tile: for each row of taps that sees a row of the image, its number, and pixels. */
typedef struct sight {
    int64_t rows, *tap;
    const float **pixel; /* [rows][positions] */
} sight;

static size_t sight_bytes(const job *j)
{
    size_t rows = (size_t)j->down.kernel;
    return rows * sizeof(int64_t) + rows * (size_t)j->positions * sizeof(float *);
}

static sight sight_of(const job *j, void *memory)
{
    return (sight){ .tap = memory, .pixel = (const float **)((int64_t *)memory + j->down.kernel) };
}

/* The pixel at a place along an axis, or -1. */
INLINE int64_t pixel_at(const axis *a, int64_t place)
{
    int64_t pixel = place / a->spread;
    return place < 0 || place % a->spread || pixel >= a->seen ? -1 : pixel;
}

/* Pixels at `count` places from one on, which are side by side. */
static void find_side_by_side(const job *j, const float *row, int64_t place, int64_t count, const float *zeros,
                              const float **pixel)
{
    int64_t inside = most(0, least(count, -place)), end = most(inside, least(count, j->across.seen - place));
    for (int64_t q = 0; q < inside; q++) pixel[q] = zeros;
    for (int64_t q = inside; q < end; q++) pixel[q] = row + (place + q) * j->channels;
    for (int64_t q = end; q < count; q++) pixel[q] = zeros;
}

/* Pixels of a row that a tile's windows see: place by place, or, where `taps` is 0, tap by tap. */
INLINE void find_pixels(const job *j, int pixels, int taps, int step, const float *row, int64_t first,
                        const float *zeros, const float **pixel)
{
    const axis *a = &j->across;
    int64_t begin = first * a->step - a->before, places = taps ? (pixels - 1) * step + taps : pixels * a->kernel;
    if (taps && a->spread == 1) {
        find_side_by_side(j, row, begin, places, zeros, pixel);
        return;
    }
    for (int64_t q = 0; q < places; q++) {
        int64_t at = pixel_at(a, begin + (taps ? q : q % pixels * a->step + q / pixels * a->dilation));
        pixel[q] = at < 0 ? zeros : row + at * j->channels;
    }
}

/* What the windows of a tile of row `row` see, rows counted through all images. */
INLINE void look(const job *j, int pixels, int taps, int step, const float *image, int64_t row, int64_t first,
                 const float *zeros, sight *s)
{
    const axis *a = &j->down;
    s->rows = 0;
    for (int64_t tap = 0; tap < a->kernel; tap++) {
        int64_t at = pixel_at(a, row % a->tiled * a->step + tap * a->dilation - a->before);
        if (at < 0) continue;
        const float *seen = image + (row / a->tiled * a->seen + at) * j->across.seen * j->channels;
        find_pixels(j, pixels, taps, step, seen, first, zeros, s->pixel + s->rows * j->positions);
        s->tap[s->rows++] = tap;
    }
}

/* -- Tiles ----------------------------------------------------------------------------------------------------------
 */

/* Adds the products of what `taps` taps of a row see with a factor to a sum: with each tap's weight to the sum of a
 * pixel of the tile, or, for the gradient of weights, with that pixel's gradient to the sum of the tap. What is seen is
 * read once. */
INLINE void add_products(int pixels, int taps, int step, bool to_weight, const float *const *pixel, int64_t channel,
                         const vector *factor, vector *sum)
{
#pragma GCC unroll 40
    for (int q = 0; q < (pixels - 1) * step + taps; q++) {
        vector x = vector_load(pixel[q], false, channel);
#pragma GCC unroll 8
        for (int tap = 0; tap < taps; tap++) {
            if (q < tap || (q - tap) % step || (q - tap) / step >= pixels) continue;
            int of_tile = (q - tap) / step;
            sum[to_weight ? tap : of_tile] += x * factor[to_weight ? of_tile : tap];
        }
    }
}

/* One vector of channels of a tile of y. `taps` and `step` are constants, or 0 for any. */
INLINE void convolve_vector(const job *j, int pixels, int taps, int step, const sight *s, int64_t v,
                            const float *weight, vector bias, float *y)
{
    const int64_t channel = first_channel(j, v), width = j->vectors * LANES;
    vector sum[PIXELS], w[MOST_TAPS];
#pragma GCC unroll 16
    for (int i = 0; i < pixels; i++) sum[i] = bias;
    for (int64_t r = 0; r < s->rows; r++) {
        const float *const *pixel = s->pixel + r * j->positions;
        const float *row = weight + s->tap[r] * j->across.kernel * width + v * LANES;
#pragma GCC unroll 8
        for (int t = 0; t < taps; t++) w[t] = vector_load(row, false, t * width);
        if (taps)
            add_products(pixels, taps, step, false, pixel, channel, w, sum);
        else
            for (int64_t t = 0; t < j->across.kernel; t++) {
                w[0] = vector_load(row, false, t * width);
#pragma GCC unroll 16
                for (int i = 0; i < pixels; i++) sum[i] += vector_load(pixel[t * pixels + i], false, channel) * w[0];
            }
    }
#pragma GCC unroll 16
    for (int i = 0; i < pixels; i++) vector_store(y, false, i * j->channels + channel, sum[i]);
}

/* Adds one vector of channels of a tile's part in the gradient of weights. */
INLINE void sum_vector(const job *j, int pixels, int taps, int step, const sight *s, int64_t v, const float *y,
                       float *sums)
{
    const int64_t channel = first_channel(j, v), width = j->vectors * LANES;
    vector g[PIXELS];
#pragma GCC unroll 16
    for (int i = 0; i < pixels; i++) g[i] = vector_load(y, false, i * j->channels + channel);
    for (int64_t r = 0; r < s->rows; r++) {
        const float *const *pixel = s->pixel + r * j->positions;
        float *row = sums + s->tap[r] * j->across.kernel * width + v * LANES;
        vector sum[MOST_TAPS];
#pragma GCC unroll 8
        for (int t = 0; t < taps; t++) sum[t] = vector_load(row, false, t * width);
        if (taps)
            add_products(pixels, taps, step, true, pixel, channel, g, sum);
        else
            for (int64_t t = 0; t < j->across.kernel; t++) {
                vector one = vector_load(row, false, t * width);
#pragma GCC unroll 16
                for (int i = 0; i < pixels; i++) one += vector_load(pixel[t * pixels + i], false, channel) * g[i];
                vector_store(row, false, t * width, one);
            }
#pragma GCC unroll 8
        for (int t = 0; t < taps; t++) vector_store(row, false, t * width, sum[t]);
    }
}

/* What a task works with. */
typedef struct task {
    const job *job;
    bool to_weight;
    const float *seen, *bias, *zeros;
    float *tiled;
    float *weight; /* [taps, vectors, lanes], or the sums of the task */
    sight sight;
} task;

INLINE void work_on_tile(task *t, int pixels, int taps, int step, int64_t row, int64_t first)
{
    const job *j = t->job;
    float *tile = t->tiled + (row * j->across.tiled + first) * j->channels;
    look(j, pixels, taps, step, t->seen, row, first, t->zeros, &t->sight);
    for (int64_t v = 0; v < j->vectors; v++) {
        vector bias = t->bias ? vector_load(t->bias, false, first_channel(j, v)) : (vector){ 0 };
        if (t->to_weight)
            sum_vector(j, pixels, taps, step, &t->sight, v, tile, t->weight);
        else
            convolve_vector(j, pixels, taps, step, &t->sight, v, t->weight, bias, tile);
    }
}

INLINE void work_on_row(task *t, int taps, int step, int64_t row)
{
    int64_t i = 0, end = t->job->across.tiled;
    for (; i + PIXELS <= end; i += PIXELS) work_on_tile(t, PIXELS, taps, step, row, i);
    for (; i + PIXELS / 2 <= end; i += PIXELS / 2) work_on_tile(t, PIXELS / 2, taps, step, row, i);
    for (; i < end; i++) work_on_tile(t, 1, taps, step, row, i);
}

/* A number for each pair of taps in a row, and their step. */
#define ROW(taps, step) ((taps) * (MOST_STEP + 1) + (step))

static void work_on_rows(task *t, int64_t first, int64_t end)
{
    const axis *a = &t->job->across;
    const bool is_near = a->dilation == 1 && a->step <= MOST_STEP && a->kernel <= MOST_TAPS;
    for (int64_t row = first; row < end; row++) {
        switch (is_near ? ROW(a->kernel, a->step) : 0) {
        case ROW(3, 1): work_on_row(t, 3, 1, row); break;
        case ROW(3, 2): work_on_row(t, 3, 2, row); break;
        case ROW(5, 1): work_on_row(t, 5, 1, row); break;
        case ROW(5, 2): work_on_row(t, 5, 2, row); break;
        case ROW(7, 1): work_on_row(t, 7, 1, row); break;
        default: work_on_row(t, 0, 0, row); break;
        }
    }
}

/* -- Weights --------------------------------------------------------------------------------------------------------
 */

static int64_t weight_elements(const job *j)
{
    return j->taps * j->vectors * LANES;
}

/* Weight [channels, taps] to [taps, vectors, lanes]. */
static void arrange(const job *j, const float *weight, float *to)
{
    for (int64_t v = 0; v < j->vectors; v++)
        for (int64_t l = 0; l < LANES; l++)
            for (int64_t tap = 0; tap < j->taps; tap++) {
                int64_t at = j->turned ? j->taps - 1 - tap : tap;
                to[(at * j->vectors + v) * LANES + l] = weight[(first_channel(j, v) + l) * j->taps + tap];
            }
}

/* And back: the sums of all tasks. */
static void finish_weights(const job *j, const float *sums, float *weight)
{
    for (int64_t v = 0; v < j->vectors; v++)
        for (int64_t l = 0; l < LANES; l++)
            for (int64_t tap = 0; tap < j->taps; tap++) {
                const float *from = sums + (tap * j->vectors + v) * LANES + l;
                float sum = 0;
                for (int64_t i = 0; i < j->pieces; i++) sum += from[i * weight_elements(j)];
                weight[(first_channel(j, v) + l) * j->taps + tap] = sum;
            }
}

/* -- The passes -----------------------------------------------------------------------------------------------------
 */

static size_t weight_bytes(const job *j, bool to_weight)
{
    return (size_t)(weight_elements(j) * (to_weight ? j->pieces : 1)) * sizeof(float);
}

static size_t zero_bytes(const job *j)
{
    return (size_t)(j->vectors * LANES) * sizeof(float);
}

size_t depth_wise_scratch(const convolution *p, enum convolution_pass pass, int threads)
{
    job j = job_of(p, pass, threads);
    return weight_bytes(&j, pass == CONVOLUTION_WEIGHT_GRADIENT) + zero_bytes(&j) + (size_t)threads * sight_bytes(&j);
}

static void run_tasks(const task *all, char *sights)
{
    const job *j = all->job;
    int64_t rows = j->batch * j->down.tiled;
#pragma omp parallel for schedule(dynamic) num_threads(j->threads)
    for (int64_t i = 0; i < j->pieces; i++) {
        task t = *all;
        t.sight = sight_of(j, sights + (size_t)thread_number() * sight_bytes(j));
        if (t.to_weight) t.weight += i * weight_elements(j);
        work_on_rows(&t, rows * i / j->pieces, rows * (i + 1) / j->pieces);
    }
}

void depth_wise_convolve(const convolution *p, enum convolution_pass pass, int threads, void *x, float *weight,
                         const float *bias, void *y, void *scratch)
{
    job j = job_of(p, pass, threads);
    bool to_weight = pass == CONVOLUTION_WEIGHT_GRADIENT, back = pass == CONVOLUTION_INPUT_GRADIENT;
    float *zeros = (float *)((char *)scratch + weight_bytes(&j, to_weight));
    memset(zeros, 0, zero_bytes(&j));
    if (to_weight)
        memset(scratch, 0, weight_bytes(&j, true));
    else
        arrange(&j, weight, scratch);
    run_tasks(&(task){ .job = &j,
                       .to_weight = to_weight,
                       .seen = back ? y : x,
                       .tiled = back ? x : y,
                       .bias = bias,
                       .zeros = zeros,
                       .weight = scratch },
              (char *)zeros + zero_bytes(&j));
    if (to_weight) finish_weights(&j, scratch, weight);
}
