/* depth_wise.c - depth-wise convolutions. A tile is some pixels of a row of the result, and is computed for all
 * channels, a vector of them at a time. What its windows see is looked up once, pixel by pixel, with a pixel of zeros
 * in place of the padding.
 *
 * The gradient of x is y of the gradient of y under weights turned round: with a stride, that has zeros between its
 * pixels, and rows that would be all zeros are left out. The gradient of weights sums up what windows see times the
 * pixels of the tile. These are of the gradient of y, and windows see x; or, turned round, they are of x, and windows
 * see the gradient of y, as for the gradient of x. So both gradients can be had of reading each image once. */
#include "backends/cpu/image/depth_wise.h"
#include "backends/cpu/vector/integers.h"
#include "backends/cpu/vector/float_vector.h"
#include "backends/cpu/vector/stream.h"
#include "backends/cpu/machine/threads.h"
#include <string.h>

typedef float_vector vector;

enum { LANES = FLOAT_LANES, LINE = 64, PER_LINE = LINE / VECTOR_BYTES };
/* Of a tile: with the weights of a row of taps, their sums fit the registers. */
enum { PIXELS = VECTOR_BYTES == 64 ? 14 : 7 };
/* Taps in a row, and their step, that there is code of its own for. */
enum { MOST_TAPS = 7, MOST_STEP = 2 };

#define INLINE static inline __attribute__((always_inline))

/* -- The problem --------------------------------------------------------------------------------------------------- */

/* One axis: extents of the image that is seen by windows and of the other. Windows begin `step` apart, the first of
 * them `before` the first pixel, where pixels count as `spread` apart. */
typedef struct axis {
    int64_t seen, tiled, kernel, dilation, step, before, spread;
} axis;

/* What is done with what a tile's windows see: parts of a mask. Of both, each is done with a row before the next, whose
 * pixels are then in the caches. */
enum { CONVOLVES = 1, SUMS_WEIGHTS = 2 };

typedef struct job {
    axis down, across;
    int64_t batch, channels, taps;
    int64_t vectors;   /* of channels */
    int64_t positions; /* that are looked up of a row, at most */
    int64_t pieces;    /* of all rows of tiles: each is a task, and has sums of its own for the gradient of weights */
    int work;
    bool turned; /* the weights */
    int threads;
} job;

static axis axis_of(const convolution *p, bool turned, int a)
{
    int64_t reach = p->dilation[a] * (p->kernel[a] - 1);
    if (turned)
        return (axis){ p->output[a], p->size[a], p->kernel[a], p->dilation[a], 1, reach - p->padding[a], p->stride[a] };
    return (axis){ p->size[a], p->output[a], p->kernel[a], p->dilation[a], p->stride[a], p->padding[a], 1 };
}

/* The gradient of weights is summed in as many pieces whatever the number of threads, so that its bits are the same. */
static job job_of(const convolution *p, int work, bool turned, int threads)
{
    enum { SUMS = 16, TASKS = 4 };
    job j = { .down = axis_of(p, turned, 0),
              .across = axis_of(p, turned, 1),
              .batch = p->batch,
              .channels = p->channels,
              .taps = p->kernel[0] * p->kernel[1],
              .vectors = divide_up(p->channels, LANES),
              .work = work,
              .turned = turned,
              .threads = threads };
    j.positions = most((PIXELS - 1) * MOST_STEP + MOST_TAPS, PIXELS * j.across.kernel);
    j.pieces = least(j.batch * j.down.tiled, work & SUMS_WEIGHTS ? SUMS : TASKS * threads);
    return j;
}

static job job_of_pass(const convolution *p, enum convolution_pass pass, int threads)
{
    int work = pass == CONVOLUTION_WEIGHT_GRADIENT ? SUMS_WEIGHTS : CONVOLVES;
    return job_of(p, work, pass == CONVOLUTION_INPUT_GRADIENT, threads);
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

/* -- What windows see ---------------------------------------------------------------------------------------------- */

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

/* Pixels at `count` places from one on. */
static void find_places(const job *j, const float *row, int64_t place, int64_t count, const float *zeros,
                        const float **pixel)
{
    const axis *a = &j->across;
    int64_t q = place < 0 ? -place : divide_up(place, a->spread) * a->spread - place;
    for (int64_t i = 0; i < count; i++) pixel[i] = zeros;
    for (int64_t at = (place + q) / a->spread; q < count && at < a->seen; q += a->spread, at++)
        pixel[q] = row + at * j->channels;
}

/* Pixels of a row that a tile's windows see: place by place, or, where `taps` is 0, tap by tap. */
INLINE void find_pixels(const job *j, int pixels, int taps, int step, const float *row, int64_t first,
                        const float *zeros, const float **pixel)
{
    const axis *a = &j->across;
    int64_t begin = first * a->step - a->before;
    if (taps) {
        find_places(j, row, begin, (pixels - 1) * step + taps, zeros, pixel);
        return;
    }
    for (int64_t q = 0; q < pixels * a->kernel; q++) {
        int64_t at = pixel_at(a, begin + q % pixels * a->step + q / pixels * a->dilation);
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

/* -- Tiles --------------------------------------------------------------------------------------------------------- */

/* What a task works with. What its work has no use for is NULL. */
typedef struct task {
    const job *job;
    const float *seen, *zeros;
    const float *weight, *bias; /* [taps, vectors, lanes], [channels]: the bias may be NULL */
    float *result;              /* of convolving */
    bool streams;               /* it is written past the caches */
    const float *factors;       /* what is seen is multiplied by, for the gradient of weights */
    float *sums;                /* of it, [taps, vectors, lanes] ... */
    bool sums_bias;             /* ... and, as one tap more, those of what is seen */
    sight sight;
} task;

/* One vector of channels: of weights and sums of a row of taps, of pixels of a tile and their sums. */
typedef struct registers {
    vector weight[MOST_TAPS], weight_sum[MOST_TAPS], factor[PIXELS], sum[PIXELS];
} registers;

/* Adds the products of what `taps` taps of a row see: with each tap's weight to the sum of a pixel of the tile, and
 * with that pixel's factor to the sum of the tap. What is seen is read once. */
INLINE void add_products(int work, int pixels, int taps, int step, const float *const *pixel, int64_t channel,
                         registers *r)
{
#pragma GCC unroll 40
    for (int q = 0; q < (pixels - 1) * step + taps; q++) {
        vector x = vector_load(pixel[q], false, channel);
#pragma GCC unroll 8
        for (int tap = 0; tap < taps; tap++) {
            if (q < tap || (q - tap) % step || (q - tap) / step >= pixels) continue;
            int of_tile = (q - tap) / step;
            if (work & CONVOLVES) r->sum[of_tile] += x * r->weight[tap];
            if (work & SUMS_WEIGHTS) r->weight_sum[tap] += x * r->factor[of_tile];
        }
    }
}

/* The same with weights, and to sums, that lie at `at` and so many floats apart. */
INLINE void add_taps(const task *t, int work, int pixels, int taps, int step, const float *const *pixel,
                     int64_t channel, int64_t at, int64_t width, registers *r)
{
#pragma GCC unroll 8
    for (int tap = 0; tap < taps; tap++) {
        if (work & CONVOLVES) r->weight[tap] = vector_load(t->weight, false, at + tap * width);
        if (work & SUMS_WEIGHTS) r->weight_sum[tap] = vector_load(t->sums, false, at + tap * width);
    }
    add_products(work, pixels, taps, step, pixel, channel, r);
#pragma GCC unroll 8
    for (int tap = 0; tap < taps; tap++)
        if (work & SUMS_WEIGHTS) vector_store(t->sums, false, at + tap * width, r->weight_sum[tap]);
}

/* `at` is that of the tile's first pixel, and of the channel. */
INLINE void begin_tile(const task *t, int work, int pixels, int64_t at, int64_t channel, registers *r)
{
    vector bias = t->bias ? vector_load(t->bias, false, channel) : (vector){ 0 };
#pragma GCC unroll 16
    for (int i = 0; i < pixels; i++) {
        if (work & CONVOLVES) r->sum[i] = bias;
        if (work & SUMS_WEIGHTS) r->factor[i] = vector_load(t->factors, false, at + i * t->job->channels);
    }
}

/* Of whole lines of the caches: parts of a line that are written past them each by itself take several times as long.
 */
INLINE void stream_line(const task *t, int pixels, int64_t at, vector line[PER_LINE][PIXELS])
{
#pragma GCC unroll 16
    for (int i = 0; i < pixels; i++)
#pragma GCC unroll 4
        for (int part = 0; part < PER_LINE; part++)
            vector_stream(t->result + at + i * t->job->channels + part * LANES, line[part][i]);
}

/* Where it is streamed, once the last vector of a line is there. */
INLINE void write_tile(const task *t, int pixels, int64_t tile, int64_t v, const vector *sum,
                       vector line[PER_LINE][PIXELS])
{
    int64_t at = tile + first_channel(t->job, v), part = v % PER_LINE;
    if (t->streams) {
#pragma GCC unroll 16
        for (int i = 0; i < pixels; i++) line[part][i] = sum[i];
        if (part == PER_LINE - 1) stream_line(t, pixels, at - part * LANES, line);
        return;
    }
#pragma GCC unroll 16
    for (int i = 0; i < pixels; i++) vector_store(t->result, false, at + i * t->job->channels, sum[i]);
}

/* One vector of channels of a tile. `work` is a constant; `taps` and `step` too, or 0 for any. */
INLINE void work_on_vector(const task *t, int work, int pixels, int taps, int step, int64_t tile, int64_t v,
                           vector line[PER_LINE][PIXELS])
{
    const job *j = t->job;
    const int64_t channel = first_channel(j, v), width = j->vectors * LANES;
    registers r;
    begin_tile(t, work, pixels, tile + channel, channel, &r);
    for (int64_t row = 0; row < t->sight.rows; row++) {
        const float *const *pixel = t->sight.pixel + row * j->positions;
        int64_t at = t->sight.tap[row] * j->across.kernel * width + v * LANES;
        if (taps)
            add_taps(t, work, pixels, taps, step, pixel, channel, at, width, &r);
        else
            for (int64_t tap = 0; tap < j->across.kernel; tap++)
                add_taps(t, work, pixels, 1, 1, pixel + tap * pixels, channel, at + tap * width, width, &r);
    }
    if (work & CONVOLVES) write_tile(t, pixels, tile, v, r.sum, line);
}

INLINE void work_on_tile(task *t, int work, int pixels, int taps, int step, int64_t row, int64_t first)
{
    const job *j = t->job;
    int64_t tile = (row * j->across.tiled + first) * j->channels;
    look(j, pixels, taps, step, t->seen, row, first, t->zeros, &t->sight);
    vector line[PER_LINE][PIXELS];
    for (int64_t v = 0; v < j->vectors; v++) work_on_vector(t, work, pixels, taps, step, tile, v, line);
}

INLINE void work_on_row_as(task *t, int work, int pixels, int taps, int step, int64_t row)
{
    int64_t i = 0, end = t->job->across.tiled;
    for (; i + pixels <= end; i += pixels) work_on_tile(t, work, pixels, taps, step, row, i);
    for (; i + pixels / 2 <= end; i += pixels / 2) work_on_tile(t, work, pixels / 2, taps, step, row, i);
    for (; i < end; i++) work_on_tile(t, work, 1, taps, step, row, i);
}

INLINE void work_on_row(task *t, int taps, int step, int64_t row)
{
    if (t->job->work & CONVOLVES) work_on_row_as(t, CONVOLVES, PIXELS, taps, step, row);
    if (t->job->work & SUMS_WEIGHTS) work_on_row_as(t, SUMS_WEIGHTS, PIXELS, taps, step, row);
}

/* The part of a row of tiles in the sum of all that is seen: the rows that are its share lie where its windows are, so
 * that they are in the caches. */
static void sum_seen(task *t, int64_t row)
{
    const job *j = t->job;
    int64_t pixels = j->across.seen, rows = j->batch * j->down.seen, of = j->batch * j->down.tiled;
    int64_t first = rows * row / of * pixels, end = rows * (row + 1) / of * pixels;
    for (int64_t i = first; i < end; i++)
        for (int64_t v = 0; v < j->vectors; v++) {
            vector x = vector_load(t->seen, false, i * j->channels + first_channel(j, v));
            float *sum = t->sums + (j->taps * j->vectors + v) * LANES;
            vector_store(sum, false, 0, vector_load(sum, false, 0) + x);
        }
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
        if (t->sums_bias) sum_seen(t, row);
    }
    vector_stream_end();
}

/* -- Weights ------------------------------------------------------------------------------------------------------- */

/* Of `taps` for each vector of channels. */
static int64_t elements(const job *j, int64_t taps)
{
    return taps * j->vectors * LANES;
}

static int64_t tap_at(const job *j, int64_t tap)
{
    return j->turned ? j->taps - 1 - tap : tap;
}

/* Weight [channels, taps] to [taps, vectors, lanes]. */
static void arrange(const job *j, const float *weight, float *to)
{
    for (int64_t v = 0; v < j->vectors; v++)
        for (int64_t l = 0; l < LANES; l++)
            for (int64_t tap = 0; tap < j->taps; tap++)
                to[(tap_at(j, tap) * j->vectors + v) * LANES + l] = weight[(first_channel(j, v) + l) * j->taps + tap];
}

static float sum_of_pieces(const job *j, const float *sums, int64_t tap, int64_t v, int64_t lane)
{
    const float *from = sums + (tap * j->vectors + v) * LANES + lane;
    float sum = 0;
    for (int64_t i = 0; i < j->pieces; i++) sum += from[i * elements(j, j->taps + 1)];
    return sum;
}

/* And back: the sums of all tasks. The bias may be NULL. */
static void finish_sums(const job *j, const float *sums, float *weight, float *bias)
{
    for (int64_t v = 0; v < j->vectors; v++)
        for (int64_t l = 0; l < LANES; l++) {
            int64_t channel = first_channel(j, v) + l;
            for (int64_t tap = 0; tap < j->taps; tap++)
                weight[channel * j->taps + tap] = sum_of_pieces(j, sums, tap_at(j, tap), v, l);
            if (bias) bias[channel] = sum_of_pieces(j, sums, j->taps, v, l);
        }
}

/* -- The passes ---------------------------------------------------------------------------------------------------- */

/* The parts of the working memory, in bytes. */
typedef struct sizes {
    size_t weight, sums, zeros, sights;
} sizes;

static sizes sizes_of(const job *j)
{
    int64_t weight = j->work & CONVOLVES ? elements(j, j->taps) : 0;
    int64_t sums = j->work & SUMS_WEIGHTS ? j->pieces * elements(j, j->taps + 1) : 0;
    return (sizes){ .weight = (size_t)weight * sizeof(float),
                    .sums = (size_t)sums * sizeof(float),
                    .zeros = (size_t)elements(j, 1) * sizeof(float),
                    .sights = (size_t)j->threads * sight_bytes(j) };
}

static size_t scratch_of(const job *j)
{
    sizes s = sizes_of(j);
    return s.weight + s.sums + s.zeros + s.sights;
}

/* Lines of a result that caches cannot hold until it is read would be read before they are written. To write parts of
 * lines past the caches costs more, and pays for larger results. */
static bool pays_to_stream(const job *j)
{
    enum { MUCH = PER_LINE == 1 ? 8 << 20 : 32 << 20 }; /* bytes a thread: some times what a cache of its own holds */
    int64_t pixel = j->channels * (int64_t)sizeof(float), pixels = j->batch * j->down.tiled * j->across.tiled;
    return pixel % LINE == 0 && pixels * pixel > (int64_t)MUCH * j->threads;
}

bool depth_wise_streams(const convolution *p, enum convolution_pass pass, int threads)
{
    job j = job_of_pass(p, pass, threads);
    return pass != CONVOLUTION_WEIGHT_GRADIENT && pays_to_stream(&j);
}

/* With smaller vectors, multiplications take as long as what is spared of memory. */
bool depth_wise_gradients_pay(const convolution *p, int threads)
{
    return depth_wise_supports(p) && (PER_LINE == 1 || depth_wise_streams(p, CONVOLUTION_INPUT_GRADIENT, threads));
}

static void run_tasks(const task *all, char *sights)
{
    const job *j = all->job;
    int64_t rows = j->batch * j->down.tiled;
#pragma omp parallel for schedule(dynamic) num_threads(j->threads)
    for (int64_t i = 0; i < j->pieces; i++) {
        task t = *all;
        t.sight = sight_of(j, sights + (size_t)thread_number() * sight_bytes(j));
        if (t.sums) t.sums += i * elements(j, j->taps + 1);
        work_on_rows(&t, rows * i / j->pieces, rows * (i + 1) / j->pieces);
    }
}

/* In working memory, which the tasks' own parts are taken of. `weight` is read where the work convolves; the gradients
 * are written where it sums up weights. */
static void run(task *t, const float *weight, float *weight_gradient, float *bias_gradient, char *scratch)
{
    const job *j = t->job;
    sizes s = sizes_of(j);
    float *arranged = (float *)scratch, *sums = (float *)(scratch + s.weight);
    t->zeros = memset(scratch + s.weight + s.sums, 0, s.zeros);
    if (j->work & CONVOLVES) {
        arrange(j, weight, arranged);
        t->weight = arranged;
        t->streams = pays_to_stream(j) && (uintptr_t)t->result % LINE == 0;
    }
    if (j->work & SUMS_WEIGHTS) t->sums = memset(sums, 0, s.sums);
    t->sums_bias = bias_gradient != NULL;
    run_tasks(t, scratch + s.weight + s.sums + s.zeros);
    if (j->work & SUMS_WEIGHTS) finish_sums(j, sums, weight_gradient, bias_gradient);
}

size_t depth_wise_scratch(const convolution *p, enum convolution_pass pass, int threads)
{
    job j = job_of_pass(p, pass, threads);
    return scratch_of(&j);
}

void depth_wise_convolve(const convolution *p, enum convolution_pass pass, int threads, void *x, float *weight,
                         const float *bias, void *y, void *scratch)
{
    job j = job_of_pass(p, pass, threads);
    if (pass == CONVOLUTION_WEIGHT_GRADIENT)
        run(&(task){ .job = &j, .seen = x, .factors = y }, NULL, weight, NULL, scratch);
    else if (pass == CONVOLUTION_INPUT_GRADIENT)
        run(&(task){ .job = &j, .seen = y, .result = x }, weight, NULL, NULL, scratch);
    else
        run(&(task){ .job = &j, .seen = x, .bias = bias, .result = y }, weight, NULL, NULL, scratch);
}

size_t depth_wise_gradients_scratch(const convolution *p, int threads)
{
    job j = job_of(p, CONVOLVES | SUMS_WEIGHTS, true, threads);
    return scratch_of(&j);
}

void depth_wise_gradients(const convolution *p, int threads, const float *g, const float *x, const float *weight,
                          float *dx, float *dweight, float *dbias, void *scratch)
{
    job j = job_of(p, CONVOLVES | SUMS_WEIGHTS, true, threads);
    run(&(task){ .job = &j, .seen = g, .factors = x, .result = dx }, weight, dweight, dbias, scratch);
}
