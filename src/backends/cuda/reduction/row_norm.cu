/* row_norm.cu - layer norm and RMS norm, row by row, and their gradients, alone and with the sum that stands before or
 * after them. A row is held in registers, by one warp or by a block, and read once; a row that is too long for that, or
 * that no vectors can be loaded of, is read again for each pass over it.
 *
 * The gradients of weight and bias are summed by blocks that stay, each over its rows, and then over the blocks. */
#include "backends/cuda/kernels.h"
#include "backends/cuda/element/stored.h"
#include "backends/cuda/reduction/reduce.h"

extern "C" {
#include "ops/normalization.h"
}

static constexpr int WIDTH = 4, WARPS = 4;

/* The threads that have a row, the vectors of it that each holds (0: none), and how many of its blocks fit into a
 * multiprocessor. */
template <int THREADS, int VECTORS, int RESIDENT> struct team {
    static constexpr int threads = THREADS, vectors = VECTORS, resident = RESIDENT;
    static constexpr int rows = THREADS == WARP ? WARPS : 1, block = THREADS * rows;
    static constexpr int step = WIDTH * THREADS; /* from vector to vector */
};

static constexpr int LONGEST_HELD = 8192;

template <class Function> static void with_holding_team(int64_t length, Function function)
{
    if (length <= 256)
        function(team<WARP, 2, 8>{});
    else if (length <= 512)
        function(team<WARP, 4, 4>{});
    else if (length <= 768)
        function(team<WARP, 6, 3>{});
    else if (length <= 1024)
        function(team<WARP, 8, 2>{});
    else if (length <= 2048)
        function(team<128, 4, 4>{});
    else if (length <= 4096)
        function(team<128, 8, 2>{});
    else
        function(team<512, 4, 1>{});
}

template <class Function> static void with_looping_team(int64_t length, Function function)
{
    if (length <= 1024)
        function(team<WARP, 0, 8>{});
    else
        function(team<512, 0, 2>{});
}

template <class Team> static __device__ inline int64_t first_row()
{
    return (int64_t)blockIdx.x * Team::rows + threadIdx.x / Team::threads;
}

template <class Team> static __device__ inline int thread_of_team()
{
    return threadIdx.x % Team::threads;
}

/* The columns of a thread: vectors, Team::step apart. */
template <class Team> static __device__ inline int first_column()
{
    return WIDTH * thread_of_team<Team>();
}

template <class Team> static __device__ inline int vector_count(int64_t length)
{
    int rest = (int)(length / WIDTH) - thread_of_team<Team>();
    return rest > 0 ? (rest + Team::threads - 1) / Team::threads : 0;
}

/* Where there is nothing to read, `otherwise`. */
template <class Team>
static __device__ inline void read_or(vector<float, WIDTH> (&p)[Team::vectors], const float *from, int64_t first,
                                      int count, float otherwise)
{
    if (from) {
        load_vectors(p, from + first, Team::step, count);
        return;
    }
#pragma unroll
    for (auto &each : p)
        for (float &x : each.at) x = otherwise;
}

/* For every thread of a team: a block that has one team, or a warp. */
template <class Team, class T, class Join> static __device__ inline T team_join(T x, Join join)
{
    if constexpr (Team::threads > WARP)
        return block_join(x, join);
    else
        return warp_join(x, join);
}

template <class Team> static __device__ inline float team_sum(float x)
{
    return team_join<Team>(x, add_values{});
}

/* -- The norm ------------------------------------------------------------------------------------------------------ */

/* y = (x + b - mean) rstd weight + bias: x, b, sum, y [rows, length], weight, bias [length], mean [rows, 2], rstd
 * [rows]. The sum x + b is kept where there is a b. A mean is two numbers, which add up to it. */
typedef struct norm_rows {
    int64_t rows, length;
    float eps;
    bool centered; /* the mean is subtracted */
    const float *x, *weight, *bias;
    stored b, y;
    float *sum, *mean, *rstd;
} norm_rows;

/* x̂ = (x - mean) rstd + shift: the mean is a float, and shift what that leaves of it. */
typedef struct normal {
    float mean, rstd, shift;
    __device__ float operator()(float x) const
    {
        return (x - mean) * rstd + shift;
    }
} normal;

/* Over a row. */
typedef struct two_sums {
    float first, second;
} two_sums;

struct add_two_sums {
    __device__ two_sums operator()(two_sums a, two_sums b) const
    {
        return { a.first + b.first, a.second + b.second };
    }
};

/* From a thread's sums of x - mean, where there is a mean, and of its square. */
template <class Team>
static __device__ inline normal measure_row(const norm_rows &a, int64_t row, float mean, two_sums of)
{
    const float n = (float)a.length;
    if (a.centered)
        of = team_join<Team>(of, add_two_sums{});
    else
        of = { 0, team_sum<Team>(of.second) };
    const float rest = of.first / n, variance = of.second / n - rest * rest;
    const float rstd = 1 / sqrtf((variance < 0 ? 0 : variance) + a.eps);
    if (thread_of_team<Team>() == 0) {
        if (a.centered) {
            a.mean[2 * row] = mean;
            a.mean[2 * row + 1] = rest;
        }
        a.rstd[row] = rstd;
    }
    return { mean, rstd, -rest * rstd };
}

template <class Team> static __global__ void __launch_bounds__(Team::block) normalize_held(norm_rows a)
{
    constexpr int N = Team::vectors;
    const int64_t row = first_row<Team>();
    if (row >= a.rows) return;
    const int column = first_column<Team>(), count = vector_count<Team>(a.length);
    const int64_t first = row * a.length + column;
    vector<float, WIDTH> x[N], weight[N], bias[N];
    load_vectors(x, a.x + first, Team::step, count);
    if (a.b.data) {
        vector<float, WIDTH> b[N];
        load_vectors(b, a.b, first, Team::step, count);
        for (int k = 0; k < N; k++)
            for (int e = 0; e < WIDTH; e++) x[k].at[e] += b[k].at[e];
        store_vectors(a.sum + first, Team::step, count, x);
    }
    read_or<Team>(weight, a.weight, column, count, 1);
    read_or<Team>(bias, a.bias, column, count, 0);

    float mean = 0;
    two_sums of = {};
    if (a.centered) {
        for (int k = 0; k < N; k++)
            for (int e = 0; e < WIDTH; e++) mean += x[k].at[e];
        mean = team_sum<Team>(mean) / (float)a.length;
    }
    for (int k = 0; k < N; k++)
        for (int e = 0; e < WIDTH; e++) {
            const float d = x[k].at[e] - mean;
            if (k < count) of = { of.first + d, of.second + d * d };
        }
    const normal by = measure_row<Team>(a, row, mean, of);
    for (int k = 0; k < N; k++)
        for (int e = 0; e < WIDTH; e++) x[k].at[e] = by(x[k].at[e]) * weight[k].at[e] + bias[k].at[e];
    store_vectors(a.y, first, Team::step, count, x);
}

template <class Team> static __global__ void __launch_bounds__(Team::block) normalize_looping(norm_rows a)
{
    const int64_t row = first_row<Team>(), n = a.length, first = row * n;
    const int thread = thread_of_team<Team>();
    if (row >= a.rows) return;
    for (int64_t i = thread; a.b.data && i < n; i += Team::threads)
        a.sum[first + i] = a.x[first + i] + element_of<float>(a.b, first + i);
    const float *x = (a.b.data ? a.sum : a.x) + first; /* a thread reads what it wrote itself */
    float mean = 0;
    two_sums of = {};
    for (int64_t i = thread; a.centered && i < n; i += Team::threads) mean += x[i];
    mean = team_sum<Team>(mean) / (float)n;
    for (int64_t i = thread; i < n; i += Team::threads) {
        const float d = x[i] - mean;
        of = { of.first + d, of.second + d * d };
    }
    const normal by = measure_row<Team>(a, row, mean, of);
    for (int64_t i = thread; i < n; i += Team::threads)
        set_element(a.y, first + i, by(x[i]) * (a.weight ? a.weight[i] : 1) + (a.bias ? a.bias[i] : 0));
}

/* -- Its gradient -------------------------------------------------------------------------------------------------- */

/* With x̂ the normalised row and h = g weight: dx = (h - mean(h) - x̂ mean(h x̂)) rstd + residual, without mean(h) where
 * the mean was not subtracted; dweight = Σ g x̂, dbias = Σ g. g, x, dx, residual [rows, length]. */
typedef struct gradient_rows {
    int64_t rows, length;
    bool centered;
    const float *x, *mean, *rstd, *weight, *residual;
    stored g, dx;
    float *partial; /* [parts, 2, pitch]: the sums of dweight and dbias over a part; NULL: they are not asked for */
    int64_t pitch;  /* length, filled up */
} gradient_rows;

static __device__ inline normal normal_of(const gradient_rows &a, int64_t row)
{
    const float rstd = a.rstd[row];
    if (!a.centered) return { 0, rstd, 0 };
    return { a.mean[2 * row], rstd, -a.mean[2 * row + 1] * rstd };
}

static __device__ inline float *columns_of_part(const gradient_rows &a, int64_t part)
{
    return a.partial + 2 * part * a.pitch;
}

/* Adds the sums of a block's teams in order, and keeps them. */
template <class Team>
static __device__ inline void keep_columns(const gradient_rows &a, vector<float, WIDTH> (&dweight)[Team::vectors],
                                           vector<float, WIDTH> (&dbias)[Team::vectors])
{
    constexpr int N = Team::vectors, last = Team::rows - 1;
    const int own = threadIdx.x / Team::threads, thread = thread_of_team<Team>();
    if constexpr (last > 0) {
        typedef vector<float, WIDTH> columns; /* a comma would end the macro's argument */
        SHARED(columns, sum, [2 * N][Team::threads]);
        for (int turn = 0; turn <= last; turn++) {
            for (int k = 0; turn == own && turn > 0 && k < N; k++)
                for (int e = 0; e < WIDTH; e++) {
                    dweight[k].at[e] += sum[k][thread].at[e];
                    dbias[k].at[e] += sum[N + k][thread].at[e];
                }
            for (int k = 0; turn == own && turn < last && k < N; k++) {
                sum[k][thread] = dweight[k];
                sum[N + k][thread] = dbias[k];
            }
            __syncthreads();
        }
    }
    if (own < last) return;
    float *to = columns_of_part(a, blockIdx.x) + first_column<Team>();
    store_vectors(to, Team::step, vector_count<Team>(a.length), dweight);
    store_vectors(to + a.pitch, Team::step, vector_count<Team>(a.length), dbias);
}

/* The threads of a team go through the loop together, so that its sums may wait for them. */
template <class Team>
static __global__ void __launch_bounds__(Team::block, Team::resident) gradient_held(gradient_rows a)
{
    constexpr int N = Team::vectors;
    const int column = first_column<Team>(), count = vector_count<Team>(a.length);
    vector<float, WIDTH> dweight[N] = {}, dbias[N] = {};
    for (int64_t row = first_row<Team>(); row < a.rows; row += (int64_t)gridDim.x * Team::rows) {
        const int64_t first = row * a.length + column;
        const normal by = normal_of(a, row);
        two_sums sum = {}; /* Σ h and Σ h x̂ */
        vector<float, WIDTH> x[N], h[N], other[N];
        load_vectors(x, a.x + first, Team::step, count);
        load_vectors(h, a.g, first, Team::step, count);
        read_or<Team>(other, a.weight, column, count, 1);
        for (int k = 0; k < N; k++)
            for (int e = 0; e < WIDTH; e++) {
                const float normal = by(x[k].at[e]), g = h[k].at[e];
                dweight[k].at[e] += g * normal;
                dbias[k].at[e] += g;
                x[k].at[e] = normal;
                h[k].at[e] = g * other[k].at[e];
                sum.first += h[k].at[e];
                sum.second += h[k].at[e] * normal;
            }
        read_or<Team>(other, a.residual, first, count, 0);
        sum = team_join<Team>(sum, add_two_sums{});
        const float shift = a.centered ? sum.first / (float)a.length : 0, slope = sum.second / (float)a.length;
        for (int k = 0; k < N; k++)
            for (int e = 0; e < WIDTH; e++)
                x[k].at[e] = (h[k].at[e] - shift - x[k].at[e] * slope) * by.rstd + other[k].at[e];
        store_vectors(a.dx, first, Team::step, count, x);
    }
    if (a.partial) keep_columns<Team>(a, dweight, dbias);
}

/* A part is the rows of a team. */
template <class Team>
static __global__ void __launch_bounds__(Team::block, Team::resident) gradient_looping(gradient_rows a)
{
    const int64_t n = a.length, part = first_row<Team>();
    for (int64_t row = part; row < a.rows; row += (int64_t)gridDim.x * Team::rows) {
        const normal by = normal_of(a, row);
        const float *x = a.x + row * n;
        two_sums sum = {};
        for (int64_t i = thread_of_team<Team>(); i < n; i += Team::threads) {
            const float h = element_of<float>(a.g, row * n + i) * (a.weight ? a.weight[i] : 1);
            sum.first += h;
            sum.second += h * by(x[i]);
        }
        sum = team_join<Team>(sum, add_two_sums{});
        const float shift = a.centered ? sum.first / (float)n : 0, slope = sum.second / (float)n;
        for (int64_t i = thread_of_team<Team>(); i < n; i += Team::threads) {
            const float normal = by(x[i]), g = element_of<float>(a.g, row * n + i),
                        h = g * (a.weight ? a.weight[i] : 1);
            set_element(a.dx, row * n + i,
                        (h - shift - normal * slope) * by.rstd + (a.residual ? a.residual[row * n + i] : 0));
            if (!a.partial) continue;
            float *dweight = columns_of_part(a, part) + i, *dbias = dweight + a.pitch;
            *dweight = (row == part ? 0 : *dweight) + g * normal;
            *dbias = (row == part ? 0 : *dbias) + g;
        }
    }
}

/* partial [parts, 2, pitch] -> dweight [length], and where blockIdx.y is 1 dbias [length]: the sums over the parts, in
 * an order that follows from their number, a column each warp in the end. */
static __global__ void __launch_bounds__(WARP *WARP)
    add_parts(const float *partial, int64_t parts, int64_t pitch, int64_t length, float *dweight, float *dbias)
{
    SHARED(float, sums, [WARP][WARP + 1]);
    int64_t column = (int64_t)blockIdx.x * WARP + threadIdx.x;
    float sum = 0;
    for (int64_t part = threadIdx.y; column < length && part < parts; part += WARP)
        sum += partial[(2 * part + blockIdx.y) * pitch + column];
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    sum = warp_sum(sums[threadIdx.x][threadIdx.y]);
    column = (int64_t)blockIdx.x * WARP + threadIdx.y;
    if (threadIdx.x == 0 && column < length) (blockIdx.y ? dbias : dweight)[column] = sum;
}

/* -- Calls --------------------------------------------------------------------------------------------------------- */

static int64_t row_length(const kernel_call *call, const array *x)
{
    const row_norm_attributes *attributes = (const row_norm_attributes *)call->attributes;
    int64_t length = 1;
    for (int i = x->shape.rank - (int)attributes->rank; i < x->shape.rank; i++) length *= x->shape.dim[i];
    return length;
}

static bool can_be_held(int64_t length)
{
    return length % WIDTH == 0 && length <= LONGEST_HELD;
}

static bool norm_of_f32(const kernel_call *call)
{
    return call->in[NORM_X].dtype == VT_F32;
}

static bool gradient_of_f32(const kernel_call *call)
{
    return call->in[NORM_GRADIENT_X].dtype == VT_F32;
}

static bool run_norm(const kernel_call *call, norm_rows a)
{
    const array *x = &call->in[NORM_X]; /* as y, of all the norms */
    a.length = row_length(call, x);
    a.rows = vt_shape_count(x->shape) / a.length;
    a.eps = (float)((const row_norm_attributes *)call->attributes)->eps;
    a.x = (const float *)x->data;
    a.y = stored_of(&call->out[NORM_Y]);
    if (a.rows == 0) return true;
    if (can_be_held(a.length) && is_aligned(call, WIDTH))
        with_holding_team(a.length, [&](auto t) {
            typedef decltype(t) Team;
            LAUNCH(normalize_held<Team>, blocks_for(a.rows, Team::rows), Team::block, 0, compute_stream(), a);
        });
    else
        with_looping_team(a.length, [&](auto t) {
            typedef decltype(t) Team;
            LAUNCH(normalize_looping<Team>, blocks_for(a.rows, Team::rows), Team::block, 0, compute_stream(), a);
        });
    return launched(call);
}

static bool run_layer_norm(const kernel_call *call)
{
    return run_norm(call, { .centered = true,
                            .weight = (const float *)call->in[NORM_WEIGHT].data,
                            .bias = (const float *)call->in[NORM_BIAS].data,
                            .mean = (float *)call->out[NORM_MEAN].data,
                            .rstd = (float *)call->out[NORM_RSTD].data });
}

static bool run_rms_norm(const kernel_call *call)
{
    return run_norm(call, { .weight = (const float *)call->in[RMS_NORM_WEIGHT].data,
                            .rstd = (float *)call->out[RMS_NORM_RSTD].data });
}

static bool run_add_layer_norm(const kernel_call *call)
{
    return run_norm(call, { .centered = true,
                            .weight = (const float *)call->in[ADD_LAYER_NORM_WEIGHT].data,
                            .bias = (const float *)call->in[ADD_LAYER_NORM_BIAS].data,
                            .b = stored_of(&call->in[ADD_LAYER_NORM_B]),
                            .sum = (float *)call->out[ADD_LAYER_NORM_SUM].data,
                            .mean = (float *)call->out[NORM_MEAN].data,
                            .rstd = (float *)call->out[NORM_RSTD].data });
}

/* Blocks that are there at the same time. Of looping teams fewer, where their parts would take much memory. */
template <class Team> static unsigned gradient_blocks(int64_t rows, int64_t length)
{
    constexpr int64_t MOST_COLUMNS = 1 << 25;
    int64_t blocks = blocks_for(rows, Team::rows), most = multiprocessors() * Team::resident;
    if (Team::vectors == 0 && most * Team::rows > MOST_COLUMNS / length) most = MOST_COLUMNS / length / Team::rows;
    return (unsigned)(blocks < most ? blocks : most < 1 ? 1 : most);
}

static int64_t pitch_of(int64_t length)
{
    return (length + WIDTH - 1) / WIDTH * WIDTH;
}

/* Where arrays lie is not known yet, and with that the team. */
static bool prepare_gradient(const kernel_call *call, preparation *p)
{
    const array *x = &call->in[NORM_GRADIENT_X];
    int64_t length = row_length(call, x), rows = vt_shape_count(x->shape) / length, parts = 0;
    if (call->outputs <= NORM_DWEIGHT) return true;
    with_looping_team(length, [&](auto t) { parts = (int64_t)gradient_blocks<decltype(t)>(rows, length) * t.rows; });
    if (can_be_held(length))
        with_holding_team(length, [&](auto t) {
            int64_t blocks = gradient_blocks<decltype(t)>(rows, length);
            if (blocks > parts) parts = blocks;
        });
    p->scratch = (size_t)(2 * parts * pitch_of(length)) * sizeof(float);
    return true;
}

/* Returns the number of parts. */
static int64_t launch_gradient(const kernel_call *call, const gradient_rows &a)
{
    int64_t parts = 0;
    if (a.rows == 0) return 0;
    if (can_be_held(a.length) && is_aligned(call, WIDTH))
        with_holding_team(a.length, [&](auto t) {
            typedef decltype(t) Team;
            unsigned blocks = gradient_blocks<Team>(a.rows, a.length);
            parts = blocks;
            LAUNCH(gradient_held<Team>, blocks, Team::block, 0, compute_stream(), a);
        });
    else
        with_looping_team(a.length, [&](auto t) {
            typedef decltype(t) Team;
            unsigned blocks = gradient_blocks<Team>(a.rows, a.length);
            parts = (int64_t)blocks * Team::rows;
            LAUNCH(gradient_looping<Team>, blocks, Team::block, 0, compute_stream(), a);
        });
    return parts < a.rows ? parts : a.rows; /* a team without rows has no part */
}

static bool run_gradient(const kernel_call *call, gradient_rows a)
{
    const array *x = &call->in[NORM_GRADIENT_X];
    float *dweight = call->outputs > NORM_DWEIGHT ? (float *)call->out[NORM_DWEIGHT].data : NULL;
    float *dbias = call->outputs > NORM_DBIAS ? (float *)call->out[NORM_DBIAS].data : NULL;
    a.length = row_length(call, x);
    a.rows = vt_shape_count(x->shape) / a.length;
    a.g = stored_of(&call->in[NORM_GRADIENT_G]);
    a.x = (const float *)x->data;
    a.dx = stored_of(&call->out[NORM_DX]);
    a.partial = dweight ? (float *)call->scratch : NULL;
    a.pitch = pitch_of(a.length);
    int64_t parts = launch_gradient(call, a);
    if (dweight)
        LAUNCH(add_parts, dim3(blocks_for(a.length, WARP), dbias ? 2 : 1), dim3(WARP, WARP), 0, compute_stream(),
               (const float *)a.partial, parts, a.pitch, a.length, dweight, dbias);
    return launched(call);
}

static bool run_layer_norm_gradient(const kernel_call *call)
{
    return run_gradient(call, { .centered = true,
                                .mean = (const float *)call->in[NORM_GRADIENT_MEAN].data,
                                .rstd = (const float *)call->in[NORM_GRADIENT_RSTD].data,
                                .weight = (const float *)call->in[NORM_GRADIENT_WEIGHT].data });
}

static bool run_layer_norm_gradient_add(const kernel_call *call)
{
    return run_gradient(call, { .centered = true,
                                .mean = (const float *)call->in[NORM_GRADIENT_MEAN].data,
                                .rstd = (const float *)call->in[NORM_GRADIENT_RSTD].data,
                                .weight = (const float *)call->in[GRADIENT_ADD_WEIGHT].data,
                                .residual = (const float *)call->in[GRADIENT_ADD_RESIDUAL].data });
}

static bool run_rms_norm_gradient(const kernel_call *call)
{
    return run_gradient(call, { .rstd = (const float *)call->in[RMS_NORM_GRADIENT_RSTD].data,
                                .weight = (const float *)call->in[RMS_NORM_GRADIENT_WEIGHT].data });
}

#define NORM(name, in)                                                                                                 \
    {                                                                                                                  \
        &op_##name,                                                                                                    \
        {                                                                                                              \
            .run = run_##name, .supports = norm_of_f32, .bf16_in = in, .bf16_out = 1 << NORM_Y                         \
        }                                                                                                              \
    }
#define NORM_GRADIENT(name)                                                                                            \
    {                                                                                                                  \
        &op_##name,                                                                                                    \
        {                                                                                                              \
            .run = run_##name, .supports = gradient_of_f32, .prepare = prepare_gradient,                               \
            .bf16_in = 1 << NORM_GRADIENT_G, .bf16_out = 1 << NORM_DX                                                  \
        }                                                                                                              \
    }
extern "C" const kernel_row cuda_row_norm_kernels[] = {
    NORM(layer_norm, 0),
    NORM(rms_norm, 0),
    NORM(add_layer_norm, 1 << ADD_LAYER_NORM_B),
    NORM_GRADIENT(layer_norm_gradient),
    NORM_GRADIENT(rms_norm_gradient),
    NORM_GRADIENT(layer_norm_gradient_add),
    {},
};
