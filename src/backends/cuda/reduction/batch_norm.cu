/* batch_norm.cu - batch norm by the statistics of the batch, its gradient, and both with the shortcut and the ReLU that
 * follow it in residual networks; the running statistics that it moves. Tensors [N, C, ...] lie channels last: lines of
 * C numbers. One kernel takes sums over parts of the lines, a small one puts the parts together in order, and the last
 * goes over each element. It begins with the last lines, which the first has left in the cache. */
#include "backends/cuda/kernels.h"
#include "backends/cuda/element/stored.h"

extern "C" {
#include "ops/normalization.h"
}

/* Numbers in a vector where the channels allow it; lines that a thread reads at once. */
static constexpr int WIDTH = 4, STRIP = 4;

/* How many blocks of each pass are on a multiprocessor at the same time. */
static constexpr int OF_MOMENTS = 3, OF_NORMALIZE = 4, OF_PRODUCTS = 2, OF_GRADIENT = 3;

/* Of a channel, over a part of the lines. */
typedef struct moments {
    double count, mean, square; /* square: of deviations from the mean, summed */
} moments;

typedef struct products {
    double g, gx; /* Σ g and Σ g (x - mean) */
} products;

/* Of each channel, over the batches so far. */
typedef struct running_statistics {
    float *mean, *var;
    int64_t *batches; /* how many; it may be absent */
    float momentum, correction;
} running_statistics;

/* What a call works on: arguments of kernels. Images are [lines, channels]. What has no data is absent. */
typedef struct batch {
    int64_t lines, channels;
    int64_t parts; /* that sums are taken over */
    float eps;
    bool relu;        /* alone: with a shortcut there is one always */
    stored x, y;      /* y: the result, and of the gradient with a shortcut what the result was */
    stored shortcut;  /* what is added before the ReLU; of a gradient, its own gradient */
    stored g, more_g; /* the gradient of y; it may come as two, to be added */
    stored dx;
    const float *weight, *bias;          /* [channels], as all that follows */
    float *mean, *var, *dweight, *dbias; /* mean: [2, channels], two numbers that add up to it */
    float *g_mean, *slope;
    running_statistics running; /* moved where they are there */
    void *partial;              /* moments or products [parts, channels] */
} batch;

/* -- The lines of a thread: of one vector of columns, dealt out to blocks in turn ---------------------------------- */

typedef struct share {
    int64_t first, step; /* the first element, and from line to line */
    int lines, column;
} share;

template <int W> static __device__ inline share share_of(const batch &b)
{
    share s;
    const unsigned line = blockIdx.y * blockDim.y + threadIdx.y, stride = gridDim.y * blockDim.y;
    s.column = (blockIdx.x * blockDim.x + threadIdx.x) * W;
    s.first = line * b.channels + s.column;
    s.step = stride * b.channels;
    s.lines = line < b.lines && s.column < b.channels ? (int)((b.lines - line + stride - 1) / stride) : 0;
    return s;
}

static __device__ inline int last_strip(const share &s, int strip)
{
    return s.lines ? (s.lines - 1) / strip * strip : -1;
}

/* Lines i, i + 1, ... of the share. */
template <int W, int N>
static __device__ inline void load_lines(vector<float, W> (&p)[N], const stored &from, const share &s, int i)
{
    load_vectors(p, from, s.first + i * s.step, s.step, s.lines - i);
}

template <int W, int N>
static __device__ inline void store_lines(const stored &to, const share &s, int i, const vector<float, W> (&p)[N])
{
    store_vectors(to, s.first + i * s.step, s.step, s.lines - i, p);
}

/* Merges what the threads of a column have, and keeps it in `partial`. */
template <int W, class T> static __device__ inline void keep_merged(const batch &b, const share &s, const T (&own)[W])
{
    SHARED(T, all, [BLOCK * W]);
    T *mine = all + (threadIdx.y * blockDim.x + threadIdx.x) * W;
    for (int e = 0; e < W; e++) mine[e] = own[e];
    __syncthreads();
    for (unsigned half = blockDim.y / 2; half; half /= 2) {
        if (threadIdx.y < half)
            for (int e = 0; e < W; e++) merge(mine[e], mine[half * blockDim.x * W + e]);
        __syncthreads();
    }
    if (threadIdx.y || s.column >= b.channels) return;
    for (int e = 0; e < W; e++) ((T *)b.partial)[blockIdx.y * b.channels + s.column + e] = mine[e];
}

/* Sum over threadIdx.y, in order, for each threadIdx.x. */
static __device__ inline double sum_of_column(double x)
{
    SHARED(double, sum, [WARP][WARP + 1]);
    __syncthreads();
    sum[threadIdx.y][threadIdx.x] = x;
    __syncthreads();
    x = 0;
#pragma unroll 8 /* all at once need more registers than so large a block has */
    for (int i = 0; i < WARP; i++) x += sum[i][threadIdx.x];
    return x;
}

/* -- Forward ------------------------------------------------------------------------------------------------------- */

/* Chan, Golub and LeVeque 1979. */
static __device__ inline void merge(moments &a, const moments &b)
{
    if (b.count == 0) return;
    const double count = a.count + b.count, share = b.count / count, rise = b.mean - a.mean;
    a.square += b.square + rise * rise * a.count * share;
    a.mean += rise * share;
    a.count = count;
}

/* Deviations are taken from a thread's first number: where that is far off, so far do they vary. */
template <int W> static __global__ void __launch_bounds__(BLOCK, OF_MOMENTS) add_moments(batch b)
{
    constexpr int N = 2 * STRIP;
    const share s = share_of<W>(b);
    vector<float, W> center[1];
    load_lines(center, b.x, s, 0);
    double sum[W] = {}, square[W] = {};
    for (int i = 0; i < s.lines; i += N) {
        vector<float, W> x[N], d_sum = {}, d_square = {};
        load_lines(x, b.x, s, i);
        for (int k = 0; k < N; k++)
            for (int e = 0; e < W; e++) {
                const float d = i + k < s.lines ? x[k].at[e] - center[0].at[e] : 0;
                d_sum.at[e] += d;
                d_square.at[e] += d * d;
            }
        for (int e = 0; e < W; e++) {
            sum[e] += (double)d_sum.at[e];
            square[e] += (double)d_square.at[e];
        }
    }
    moments own[W] = {};
    for (int e = 0; s.lines && e < W; e++) {
        const double rise = sum[e] / s.lines;
        own[e] = { (double)s.lines, (double)center[0].at[e] + rise, square[e] - sum[e] * rise };
    }
    keep_merged(b, s, own);
}

/* (1 - momentum) running + momentum batch, rounded the same in every kernel; and where the first channel is moved,
 * there has been one batch more. */
static __device__ inline void move_towards(const running_statistics &running, int64_t channel, float mean, float var)
{
    const float kept = 1 - running.momentum, scale = running.correction * running.momentum;
    running.mean[channel] = fmaf(running.mean[channel], kept, mean * running.momentum);
    running.var[channel] = fmaf(running.var[channel], kept, var * scale);
    if (channel == 0 && running.batches) ++*running.batches;
}

/* A warp for each of WARP channels. */
static constexpr int FINISHING_BLOCK = WARP * WARP;

/* From the moments of the parts to those of each channel. */
static __global__ void __launch_bounds__(FINISHING_BLOCK) finish_moments(batch b)
{
    const int64_t channel = (int64_t)blockIdx.x * WARP + threadIdx.x, parts = channel < b.channels ? b.parts : 0;
    const moments *of = (const moments *)b.partial + channel;
    double mean = 0, square = 0;
    for (int64_t p = threadIdx.y; p < parts; p += WARP) mean += of[p * b.channels].count * of[p * b.channels].mean;
    mean = sum_of_column(mean) / (double)b.lines;
    for (int64_t p = threadIdx.y; p < parts; p += WARP) {
        const moments m = of[p * b.channels];
        square += m.square + m.count * (m.mean - mean) * (m.mean - mean);
    }
    square = sum_of_column(square);
    if (threadIdx.y || channel >= b.channels) return;
    const float nearest = (float)mean, var = (float)(square / (double)b.lines);
    b.mean[channel] = nearest;
    b.mean[b.channels + channel] = (float)(mean - (double)nearest);
    b.var[channel] = var;
    if (b.running.mean) move_towards(b.running, channel, nearest, var);
}

/* y = (x - mean) scale + shift; the shift accounts for the second number of the mean. */
template <int W> struct coefficients {
    float mean[W], scale[W], shift[W];
};

template <int W> static __device__ inline coefficients<W> coefficients_of(const batch &b, const share &s)
{
    coefficients<W> k = {};
    for (int e = 0; s.lines && e < W; e++) {
        const int c = s.column + e;
        k.mean[e] = b.mean[c];
        k.scale[e] = (b.weight ? b.weight[c] : 1) / sqrtf(b.var[c] + b.eps);
        k.shift[e] = (b.bias ? b.bias[c] : 0) - b.mean[b.channels + c] * k.scale[e];
    }
    return k;
}

/* The gradient of a ReLU finds with the same arithmetic what was positive. */
template <int W> static __device__ inline float normal(const coefficients<W> &k, int e, float x)
{
    return fmaf(x - k.mean[e], k.scale[e], k.shift[e]);
}

static __device__ inline float relu(float x)
{
    return x <= 0 ? 0 : x; /* NaN stays */
}

template <int W> static __global__ void __launch_bounds__(BLOCK, OF_NORMALIZE) normalize(batch b)
{
    const share s = share_of<W>(b);
    const coefficients<W> k = coefficients_of<W>(b, s);
    for (int i = last_strip(s, STRIP); i >= 0; i -= STRIP) {
        vector<float, W> x[STRIP], shortcut[STRIP] = {};
        load_lines(x, b.x, s, i);
        if (b.shortcut.data) load_lines(shortcut, b.shortcut, s, i);
        for (int l = 0; l < STRIP; l++)
            for (int e = 0; e < W; e++) {
                const float y = normal(k, e, x[l].at[e]) + shortcut[l].at[e];
                x[l].at[e] = b.relu || b.shortcut.data ? relu(y) : y;
            }
        store_lines(b.y, s, i, x);
    }
}

/* -- Gradient ------------------------------------------------------------------------------------------------------ */

static __device__ inline void merge(products &a, const products &b)
{
    a.g += b.g;
    a.gx += b.gx;
}

/* What goes back through the shortcut, and through the norm: the gradient of y where y is positive. It is summed as it
 * is stored, since that is what is read next. */
template <int W>
static __device__ inline void mask_lines(const batch &b, const share &s, int i, vector<float, W> (&g)[STRIP])
{
    vector<float, W> y[STRIP], more[STRIP] = {};
    load_lines(g, b.g, s, i);
    load_lines(y, b.y, s, i);
    if (b.more_g.data) load_lines(more, b.more_g, s, i);
    for (int l = 0; l < STRIP; l++)
        for (int e = 0; e < W; e++) {
            const float masked = y[l].at[e] <= 0 ? 0 : g[l].at[e] + more[l].at[e];
            g[l].at[e] = b.shortcut.is_bf16 ? (float)converter<bf16, float>::of(masked) : masked;
        }
    store_lines(b.shortcut, s, i, g);
}

/* The gradient of what the norm gave, g: a ReLU alone is not in it yet. Whether that let an element pass is found again
 * from x, which is read anyway. */
template <int W>
static __device__ inline float passed(const batch &b, const coefficients<W> &k, int e, float g, float x)
{
    return b.relu && normal(k, e, x) <= 0 ? 0 : g;
}

template <int W> static __global__ void __launch_bounds__(BLOCK, OF_PRODUCTS) add_products(batch b)
{
    const share s = share_of<W>(b);
    const coefficients<W> k = coefficients_of<W>(b, s);
    vector<float, W> g_sum = {}, gx_sum = {};
    for (int i = 0; i < s.lines; i += STRIP) {
        vector<float, W> g[STRIP], x[STRIP], sum = {}, product = {};
        load_lines(x, b.x, s, i);
        if (b.shortcut.data)
            mask_lines(b, s, i, g);
        else
            load_lines(g, b.g, s, i);
        for (int l = 0; l < STRIP; l++)
            for (int e = 0; e < W; e++) {
                const float each = i + l < s.lines ? passed(b, k, e, g[l].at[e], x[l].at[e]) : 0;
                sum.at[e] += each;
                product.at[e] += each * (x[l].at[e] - k.mean[e]);
            }
        for (int e = 0; e < W; e++) {
            g_sum.at[e] += sum.at[e];
            gx_sum.at[e] += product.at[e];
        }
    }
    products own[W];
    for (int e = 0; e < W; e++) own[e] = { (double)g_sum.at[e], (double)gx_sum.at[e] };
    keep_merged(b, s, own);
}

/* From the sums of the parts to those of each channel: dx = weight rstd (g - mean(g) - (x - mean) rstd² mean(g (x -
 * mean))). */
static __global__ void __launch_bounds__(FINISHING_BLOCK, 1) finish_products(batch b)
{
    const int64_t channel = (int64_t)blockIdx.x * WARP + threadIdx.x, parts = channel < b.channels ? b.parts : 0;
    const products *of = (const products *)b.partial + channel;
    products sum = {};
    for (int64_t p = threadIdx.y; p < parts; p += WARP) merge(sum, of[p * b.channels]);
    sum.g = sum_of_column(sum.g);
    sum.gx = sum_of_column(sum.gx);
    if (threadIdx.y || channel >= b.channels) return;
    const double rstd = 1 / sqrt((double)b.var[channel] + (double)b.eps), count = (double)b.lines;
    const double rest = (double)b.mean[b.channels + channel];
    sum.gx -= rest * sum.g;
    const double slope = sum.gx / count * rstd * rstd;
    b.g_mean[channel] = (float)(sum.g / count - rest * slope);
    b.slope[channel] = (float)slope;
    if (b.dweight) b.dweight[channel] = (float)(sum.gx * rstd);
    if (b.dbias) b.dbias[channel] = (float)sum.g;
}

template <int W> static __global__ void __launch_bounds__(BLOCK, OF_GRADIENT) set_gradient(batch b)
{
    const share s = share_of<W>(b);
    const coefficients<W> k = coefficients_of<W>(b, s);
    float g_mean[W] = {}, slope[W] = {};
    for (int e = 0; s.lines && e < W; e++) {
        g_mean[e] = b.g_mean[s.column + e];
        slope[e] = b.slope[s.column + e];
    }
    for (int i = last_strip(s, STRIP); i >= 0; i -= STRIP) {
        vector<float, W> g[STRIP], x[STRIP];
        load_lines(g, b.shortcut.data ? b.shortcut : b.g, s, i);
        load_lines(x, b.x, s, i);
        for (int l = 0; l < STRIP; l++)
            for (int e = 0; e < W; e++) {
                const float each = passed(b, k, e, g[l].at[e], x[l].at[e]), d = x[l].at[e] - k.mean[e];
                g[l].at[e] = (each - g_mean[e] - d * slope[e]) * k.scale[e];
            }
        store_lines(b.dx, s, i, g);
    }
}

/* -- Calls --------------------------------------------------------------------------------------------------------- */

/* How a pass is laid over lines and channels: a block has `threads` vectors of columns, and as many lines as then find
 * room in it; the lines are dealt out to as many parts as there are blocks at the same time. */
typedef struct arrangement {
    unsigned threads, tiles, parts;
} arrangement;

static arrangement arrange(const batch &b, int width, int resident)
{
    arrangement a = { .threads = 1 };
    int64_t vectors = (b.channels + width - 1) / width;
    while (a.threads < WARP && a.threads < vectors) a.threads *= 2;
    a.tiles = blocks_for(vectors, (int)a.threads);
    int64_t most = multiprocessors() * resident / a.tiles, worth = b.lines * a.threads / (BLOCK * STRIP);
    int64_t parts = most < worth ? most : worth;
    a.parts = parts < 1 ? 1 : (unsigned)parts;
    return a;
}

static batch batch_of(const kernel_call *call, const array *x)
{
    batch b = { .channels = x->shape.dim[1] };
    b.lines = vt_shape_count(x->shape) / b.channels;
    b.eps = (float)((const batch_norm_attributes *)call->attributes)->eps;
    b.x = stored_of(x);
    return b;
}

/* Where arrays lie is not known yet, and with that the width of vectors. */
static size_t partial_bytes(const batch &b, size_t each, int resident)
{
    unsigned wide = arrange(b, WIDTH, resident).parts, narrow = arrange(b, 1, resident).parts;
    return (size_t)b.channels * each * (wide > narrow ? wide : narrow);
}

static bool prepare_forward(const kernel_call *call, preparation *p)
{
    p->scratch = partial_bytes(batch_of(call, &call->in[NORM_X]), sizeof(moments), OF_MOMENTS);
    return true;
}

static size_t product_bytes(const batch &b)
{
    return partial_bytes(b, sizeof(products), OF_PRODUCTS);
}

static bool prepare_gradient(const kernel_call *call, preparation *p)
{
    batch b = batch_of(call, &call->in[NORM_GRADIENT_X]);
    p->scratch = product_bytes(b) + 2 * (size_t)b.channels * sizeof(float);
    return true;
}

typedef struct pass {
    void (*narrow)(batch), (*wide)(batch);
    int resident;
} pass;

static void launch(const pass &p, const batch &b, int width, const arrangement &a)
{
    LAUNCH((width == 1 ? p.narrow : p.wide), dim3(a.tiles, a.parts), dim3(a.threads, BLOCK / a.threads), 0,
           compute_stream(), b);
}

static bool run_passes(const kernel_call *call, batch b, const pass &sums, void (*finish)(batch), const pass &elements)
{
    int width = b.channels % WIDTH == 0 && is_aligned(call, WIDTH) ? WIDTH : 1;
    arrangement a = arrange(b, width, sums.resident);
    b.parts = a.parts;
    launch(sums, b, width, a);
    LAUNCH(finish, blocks_for(b.channels, WARP), dim3(WARP, WARP), 0, compute_stream(), b);
    launch(elements, b, width, arrange(b, width, elements.resident));
    return launched(call);
}

static bool run_forward(const kernel_call *call, batch b, const array *weight, const array *bias)
{
    const pass sums = { add_moments<1>, add_moments<WIDTH>, OF_MOMENTS };
    const pass elements = { normalize<1>, normalize<WIDTH>, OF_NORMALIZE };
    b.y = stored_of(&call->out[NORM_Y]);
    b.mean = (float *)call->out[NORM_MEAN].data;
    b.var = (float *)call->out[NORM_VAR].data;
    b.weight = (const float *)weight->data;
    b.bias = (const float *)bias->data;
    b.partial = call->scratch;
    return run_passes(call, b, sums, finish_moments, elements);
}

/* dweight: the number of that output; dbias follows it. */
static bool run_gradient(const kernel_call *call, batch b, const array *weight, int dweight)
{
    const pass sums = { add_products<1>, add_products<WIDTH>, OF_PRODUCTS };
    const pass elements = { set_gradient<1>, set_gradient<WIDTH>, OF_GRADIENT };
    b.g = stored_of(&call->in[NORM_GRADIENT_G]);
    b.mean = (float *)call->in[NORM_GRADIENT_MEAN].data;
    b.var = (float *)call->in[NORM_GRADIENT_VAR].data;
    b.dx = stored_of(&call->out[NORM_DX]);
    b.weight = (const float *)weight->data;
    if (call->outputs > dweight) {
        b.dweight = (float *)call->out[dweight].data;
        b.dbias = (float *)call->out[dweight + 1].data;
    }
    b.partial = call->scratch;
    b.g_mean = (float *)((char *)call->scratch + product_bytes(b));
    b.slope = b.g_mean + b.channels;
    return run_passes(call, b, sums, finish_products, elements);
}

static bool run_batch_norm(const kernel_call *call)
{
    batch b = batch_of(call, &call->in[NORM_X]);
    b.relu = call->op == &op_batch_norm_relu;
    return run_forward(call, b, &call->in[NORM_WEIGHT], &call->in[NORM_BIAS]);
}

static bool run_batch_norm_add_relu(const kernel_call *call)
{
    batch b = batch_of(call, &call->in[BATCH_NORM_ADD_RELU_X]);
    b.shortcut = stored_of(&call->in[BATCH_NORM_ADD_RELU_SHORTCUT]);
    return run_forward(call, b, &call->in[BATCH_NORM_ADD_RELU_WEIGHT], &call->in[BATCH_NORM_ADD_RELU_BIAS]);
}

static bool run_batch_norm_gradient(const kernel_call *call)
{
    batch b = batch_of(call, &call->in[NORM_GRADIENT_X]);
    return run_gradient(call, b, &call->in[NORM_GRADIENT_WEIGHT], NORM_DWEIGHT);
}

static bool run_batch_norm_relu_gradient(const kernel_call *call)
{
    batch b = batch_of(call, &call->in[NORM_GRADIENT_X]);
    b.bias = (const float *)call->in[NORM_GRADIENT_BIAS].data;
    b.relu = true;
    return run_gradient(call, b, &call->in[NORM_GRADIENT_WEIGHT], NORM_DWEIGHT);
}

static bool run_batch_norm_add_relu_gradient(const kernel_call *call)
{
    batch b = batch_of(call, &call->in[NORM_GRADIENT_X]);
    b.y = stored_of(&call->in[ADD_RELU_GRADIENT_Y]);
    b.more_g = stored_of(&call->in[ADD_RELU_GRADIENT_MORE_G]);
    b.shortcut = stored_of(&call->out[ADD_RELU_DSHORTCUT]);
    return run_gradient(call, b, &call->in[ADD_RELU_GRADIENT_WEIGHT], ADD_RELU_DWEIGHT);
}

static __global__ void __launch_bounds__(BLOCK)
    move_channels(int64_t channels, running_statistics running, const float *mean, const float *var)
{
    const int64_t channel = thread_in_grid();
    if (channel < channels) move_towards(running, channel, mean[channel], var[channel]);
}

static running_statistics running_of(const running_statistics_attributes *a, const array &mean, const array &var,
                                     const array &batches)
{
    return { (float *)mean.data, (float *)var.data, (int64_t *)batches.data, (float)a->momentum, (float)a->correction };
}

static bool run_running_statistics(const kernel_call *call)
{
    const array *in = call->in;
    const int64_t channels = in[RUNNING_MEAN].shape.dim[0];
    const running_statistics running = running_of((const running_statistics_attributes *)call->attributes,
                                                  in[RUNNING_MEAN], in[RUNNING_VAR], in[RUNNING_BATCHES]);
    LAUNCH(move_channels, blocks_for(channels, BLOCK), BLOCK, 0, compute_stream(), channels, running,
           (const float *)in[RUNNING_BATCH_MEAN].data, (const float *)in[RUNNING_BATCH_VAR].data);
    return launched(call);
}

static bool run_batch_norm_tracking(const kernel_call *call)
{
    const batch_norm_tracking_attributes *a = (const batch_norm_tracking_attributes *)call->attributes;
    const array *in = call->in;
    batch b = batch_of(call, &in[TRACKING_X]);
    b.relu = a->relu;
    b.shortcut = stored_of(&in[TRACKING_SHORTCUT]);
    b.running = running_of(&a->running, in[TRACKING_RUNNING_MEAN], in[TRACKING_RUNNING_VAR], in[TRACKING_BATCHES]);
    return run_forward(call, b, &in[TRACKING_WEIGHT], &in[TRACKING_BIAS]);
}

static bool statistics_of_f32(const kernel_call *call)
{
    return call->in[RUNNING_MEAN].dtype == VT_F32;
}

/* f32, stored as that or as bf16. */
static bool norm_of_f32(const kernel_call *call)
{
    return call->in[NORM_X].dtype != VT_F64;
}

static bool gradient_of_f32(const kernel_call *call)
{
    return call->in[NORM_GRADIENT_X].dtype != VT_F64;
}

#define KERNEL(name, run_, supports_, prepare_, ins, outs)                                                             \
    {                                                                                                                  \
        &op_##name,                                                                                                    \
        {                                                                                                              \
            .run = run_, .supports = supports_, .prepare = prepare_, .channels_last_in = ins,                          \
            .channels_last_out = outs, .bf16_in = ins, .bf16_out = outs                                                \
        }                                                                                                              \
    }
#define NORM(name, run, ins)           KERNEL(name, run, norm_of_f32, prepare_forward, ins, 1 << NORM_Y)
#define GRADIENT(name, run, ins, outs) KERNEL(name, run, gradient_of_f32, prepare_gradient, ins, outs)

/* Those that are images: they lie channels last, and may be bf16. */
enum {
    IMAGES = 1 << NORM_X,
    ADD_RELU_IMAGES = 1 << BATCH_NORM_ADD_RELU_X | 1 << BATCH_NORM_ADD_RELU_SHORTCUT,
    TRACKING_IMAGES = 1 << TRACKING_X | 1 << TRACKING_SHORTCUT,
    GRADIENT_IMAGES = 1 << NORM_GRADIENT_G | 1 << NORM_GRADIENT_X,
    ADD_RELU_GRADIENT_IMAGES = GRADIENT_IMAGES | 1 << ADD_RELU_GRADIENT_Y | 1 << ADD_RELU_GRADIENT_MORE_G
};

extern "C" const kernel_row cuda_batch_norm_kernels[] = {
    NORM(batch_norm, run_batch_norm, IMAGES),
    NORM(batch_norm_relu, run_batch_norm, IMAGES),
    NORM(batch_norm_add_relu, run_batch_norm_add_relu, ADD_RELU_IMAGES),
    NORM(batch_norm_tracking, run_batch_norm_tracking, TRACKING_IMAGES),
    GRADIENT(batch_norm_gradient, run_batch_norm_gradient, GRADIENT_IMAGES, 1 << NORM_DX),
    GRADIENT(batch_norm_relu_gradient, run_batch_norm_relu_gradient, GRADIENT_IMAGES, 1 << NORM_DX),
    GRADIENT(batch_norm_add_relu_gradient, run_batch_norm_add_relu_gradient, ADD_RELU_GRADIENT_IMAGES,
             1 << ADD_RELU_DX | 1 << ADD_RELU_DSHORTCUT),
    { &op_running_statistics, { .run = run_running_statistics, .supports = statistics_of_f32 } },
    {},
};
