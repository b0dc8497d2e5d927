/* softmax.cu - softmax, its logarithm, and their gradients. A row that neighbours in memory make up is read once, into
 * the registers of a warp or of a block; a longer one, or a lane that memory runs across, is read twice. */
#include "backends/cuda/reduction/along_axis.h"
#include "backends/cuda/reduction/exponential_sum.h"
#include "backends/cuda/kernels.h"
#include "backends/cuda/reduction/reduce.h"

extern "C" {
#include "ops/normalization.h"
}

/* -- What is computed of each element ----------------------------------------------------------------------------- */

template <bool LOGARITHM> static __device__ inline float softmax_of(float x, float max, float of_sum)
{
    return LOGARITHM ? x - max - of_sum : expf(x - max) * of_sum;
}

/* The last argument of softmax_of. */
template <bool LOGARITHM> static __device__ inline float of_exponentials(float sum)
{
    return LOGARITHM ? logf(sum) : 1 / sum;
}

/* What is summed up for the gradient. */
template <bool LOGARITHM> static __device__ inline float gradient_term(float g, float y)
{
    return LOGARITHM ? g : g * y;
}

/* y (g - Σ g y), or g - e^y Σ g of the logarithm. */
template <bool LOGARITHM> static __device__ inline float gradient_of(float g, float y, float sum)
{
    return LOGARITHM ? g - expf(y) * sum : y * (g - sum);
}

/* -- Rows in registers: of THREADS threads, which are a warp or a block, each has EACH elements ------------------- */

template <int THREADS> static __device__ inline float sum_over(float x)
{
    return THREADS == WARP ? warp_sum(x) : block_sum(x);
}

template <int THREADS> static __device__ inline float max_over(float x)
{
    return THREADS == WARP ? warp_max(x) : block_max(x);
}

template <int THREADS, int EACH>
static __device__ inline void read_row(const float *row, int length, float otherwise, float (&v)[EACH])
{
#pragma unroll
    for (int k = 0; k < EACH; k++) {
        int i = (int)threadIdx.x % THREADS + k * THREADS;
        v[k] = i < length ? row[i] : otherwise;
    }
}

template <int THREADS, int EACH> static __device__ inline void write_row(float *row, int length, const float (&v)[EACH])
{
#pragma unroll
    for (int k = 0; k < EACH; k++) {
        int i = (int)threadIdx.x % THREADS + k * THREADS;
        if (i < length) row[i] = v[k];
    }
}

template <int THREADS> static __device__ inline int64_t own_row()
{
    return (int64_t)blockIdx.x * (BLOCK / THREADS) + threadIdx.x / THREADS;
}

/* x [rows, length] -> y [rows, length] */
template <bool LOGARITHM, int THREADS, int EACH>
static __global__ void __launch_bounds__(BLOCK) softmax_row(int64_t rows, int length, const float *x, float *y)
{
    int64_t row = own_row<THREADS>();
    if (row >= rows) return;
    float v[EACH], largest = -INFINITY, sum = 0;
    read_row<THREADS>(x + row * length, length, -INFINITY, v);
#pragma unroll
    for (int k = 0; k < EACH; k++) largest = fmaxf(largest, v[k]);
    largest = max_over<THREADS>(largest);
#pragma unroll
    for (int k = 0; k < EACH; k++) {
        v[k] -= largest;
        float e = expf(v[k]);
        sum += e;
        if (!LOGARITHM) v[k] = e;
    }
    float of_sum = of_exponentials<LOGARITHM>(sum_over<THREADS>(sum));
#pragma unroll
    for (int k = 0; k < EACH; k++) v[k] = LOGARITHM ? v[k] - of_sum : v[k] * of_sum;
    write_row<THREADS>(y + row * length, length, v);
}

/* g and y [rows, length] -> dx [rows, length] */
template <bool LOGARITHM, int THREADS, int EACH>
static __global__ void __launch_bounds__(BLOCK)
    gradient_row(int64_t rows, int length, const float *g, const float *y, float *dx)
{
    int64_t row = own_row<THREADS>();
    if (row >= rows) return;
    float v[EACH], w[EACH], sum = 0;
    read_row<THREADS>(g + row * length, length, 0, v);
    read_row<THREADS>(y + row * length, length, 0, w);
#pragma unroll
    for (int k = 0; k < EACH; k++) sum += gradient_term<LOGARITHM>(v[k], w[k]);
    sum = sum_over<THREADS>(sum);
#pragma unroll
    for (int k = 0; k < EACH; k++) v[k] = gradient_of<LOGARITHM>(v[k], w[k], sum);
    write_row<THREADS>(dx + row * length, length, v);
}

/* -- Lanes of any length, by one thread or by a block ------------------------------------------------------------- */

/* x [outer, length, inner] -> y as x */
template <bool LOGARITHM> static __global__ void softmax_lane(along_axis a, int threads, const float *x, float *y)
{
    int64_t lane = thread_in_grid() / threads, first = threadIdx.x % threads;
    if (lane >= lane_count(a)) return;
    exponential_sum<float> e = no_exponentials<float>();
    x += lane_start(a, lane);
    y += lane_start(a, lane);
#pragma unroll 4
    for (int64_t k = first; k < a.length; k += threads) e = with_exponential(e, x[k * a.inner]);
    if (threads == BLOCK) e = block_join(e, join_exponentials{});
    float of_sum = of_exponentials<LOGARITHM>(e.sum);
#pragma unroll 4
    for (int64_t k = first; k < a.length; k += threads)
        y[k * a.inner] = softmax_of<LOGARITHM>(x[k * a.inner], e.max, of_sum);
}

/* g and y [outer, length, inner] -> dx as these */
template <bool LOGARITHM>
static __global__ void gradient_lane(along_axis a, int threads, const float *g, const float *y, float *dx)
{
    int64_t lane = thread_in_grid() / threads, first = threadIdx.x % threads;
    if (lane >= lane_count(a)) return;
    int64_t start = lane_start(a, lane);
    float sum = 0;
#pragma unroll 4
    for (int64_t k = first; k < a.length; k += threads)
        sum += gradient_term<LOGARITHM>(g[start + k * a.inner], y[start + k * a.inner]);
    if (threads == BLOCK) sum = block_sum(sum);
#pragma unroll 4
    for (int64_t k = first; k < a.length; k += threads) {
        int64_t i = start + k * a.inner;
        dx[i] = gradient_of<LOGARITHM>(g[i], y[i], sum);
    }
}

/* -- Which kernel ------------------------------------------------------------------------------------------------- */

enum { IN_REGISTERS = 32 * BLOCK }; /* elements of the longest row that a block holds */

static bool takes(const kernel_call *call)
{
    return call->in[0].dtype == VT_F32;
}

/* Calls `function(threads, each)`, both as types that hold a number, with what holds rows of this length. */
template <int N> struct number {
    static constexpr int value = N;
};

template <class Function> static void with_row_size(int64_t length, Function function)
{
    if (length <= 2 * WARP)
        function(number<WARP>{}, number<2>{});
    else if (length <= 4 * WARP)
        function(number<WARP>{}, number<4>{});
    else if (length <= 8 * WARP)
        function(number<WARP>{}, number<8>{});
    else if (length <= 16 * WARP)
        function(number<WARP>{}, number<16>{});
    else if (length <= 32 * WARP)
        function(number<WARP>{}, number<32>{});
    else if (length <= 8 * BLOCK)
        function(number<BLOCK>{}, number<8>{});
    else
        function(number<BLOCK>{}, number<32>{});
}

static bool in_registers(const along_axis &a)
{
    return a.inner == 1 && a.length <= IN_REGISTERS;
}

static along_axis along_axis_of(const kernel_call *call)
{
    return along_axis_of(call->out[0].shape, ((const softmax_attributes *)call->attributes)->axis);
}

template <bool LOGARITHM> static bool run(const kernel_call *call)
{
    along_axis a = along_axis_of(call);
    const float *x = (const float *)call->in[0].data;
    float *y = (float *)call->out[0].data;
    if (lane_count(a) * a.length == 0) return true;
    if (in_registers(a)) {
        with_row_size(a.length, [&](auto threads, auto each) {
            constexpr int THREADS = decltype(threads)::value, EACH = decltype(each)::value;
            LAUNCH((softmax_row<LOGARITHM, THREADS, EACH>), blocks_for(a.outer, BLOCK / THREADS), BLOCK, 0,
                   compute_stream(), a.outer, (int)a.length, x, y);
        });
    } else {
        int threads = threads_for_lane(a);
        LAUNCH(softmax_lane<LOGARITHM>, blocks_for(lane_count(a) * threads, BLOCK), BLOCK, 0, compute_stream(), a,
               threads, x, y);
    }
    return launched(call);
}

template <bool LOGARITHM> static bool run_gradient(const kernel_call *call)
{
    along_axis a = along_axis_of(call);
    const float *g = (const float *)call->in[0].data, *y = (const float *)call->in[1].data;
    float *dx = (float *)call->out[0].data;
    if (lane_count(a) * a.length == 0) return true;
    if (in_registers(a)) {
        with_row_size(a.length, [&](auto threads, auto each) {
            constexpr int THREADS = decltype(threads)::value, EACH = decltype(each)::value;
            LAUNCH((gradient_row<LOGARITHM, THREADS, EACH>), blocks_for(a.outer, BLOCK / THREADS), BLOCK, 0,
                   compute_stream(), a.outer, (int)a.length, g, y, dx);
        });
    } else {
        int threads = threads_for_lane(a);
        LAUNCH(gradient_lane<LOGARITHM>, blocks_for(lane_count(a) * threads, BLOCK), BLOCK, 0, compute_stream(), a,
               threads, g, y, dx);
    }
    return launched(call);
}

extern "C" const kernel_row cuda_softmax_kernels[] = {
    { &op_softmax, { .run = run<false>, .supports = takes } },
    { &op_log_softmax, { .run = run<true>, .supports = takes } },
    { &op_softmax_gradient, { .run = run_gradient<false>, .supports = takes } },
    { &op_log_softmax_gradient, { .run = run_gradient<true>, .supports = takes } },
    {},
};
