/* dropout.cu - random masks, drawn again wherever they are needed. */
#include "backends/cuda/element/divisor.h"
#include "backends/cuda/kernels.h"
#include "backends/cuda/element/stored.h"

extern "C" {
#include "core/base/philox.h"
#include "ops/elementwise.h"
}
#include <math.h>

/* Blocks of a grid along y. */
constexpr int64_t MOST_ROWS = 65535;

/* Elements of a thread: those of a block of Philox. */
constexpr int WIDTH = 4;

/* What keeps an element, and what becomes of it. */
struct rule {
    uint32_t least_kept; /* a number u 2^-24 is at least p where the integer u is at least this */
    float scale;
};

static rule rule_of(const kernel_call *call)
{
    double p = ((const dropout_attributes *)call->attributes)->p;
    return rule{ (uint32_t)ceil(p * 0x1p24), (float)(1 / (1 - p)) };
}

template <int N>
static __device__ inline void mask(const rule &r, const uint32_t (&words)[N], const stored &x, const stored &out,
                                   int64_t first)
{
    vector<float, N> v = load_floats<N>(x, first);
#pragma unroll
    for (int k = 0; k < N; k++) v.at[k] = words[k] >> 8 >= r.least_kept ? v.at[k] * r.scale : 0;
    store_floats(out, first, v);
}

/* x [count] -> out [count]; a thread has a block of Philox. */
static __global__ void drop_elements(rule r, const bound *bound, int64_t count, bool aligned, stored x, stored out)
{
    int64_t block = thread_in_grid(), first = block * WIDTH;
    if (first >= count) return;
    uint32_t words[WIDTH];
    philox_block(bound->seed, bound->stream, (uint64_t)block, words);
    if (aligned && first + WIDTH <= count) {
        mask(r, words, x, out, first);
        return;
    }
#pragma unroll
    for (int k = 0; k < WIDTH; k++)
        if (first + k < count) mask<1>(r, { words[k] }, x, out, first + k);
}

static bool dropout(const kernel_call *call)
{
    int64_t count = vt_shape_count(call->out[0].shape);
    if (count == 0) return true;
    LAUNCH(drop_elements, blocks_for(count, BLOCK * WIDTH), BLOCK, 0, compute_stream(), rule_of(call),
           call->device_bound, count, is_aligned(call, WIDTH), stored_of(&call->in[0]), stored_of(&call->out[0]));
    return launched(call);
}

/* The random word of a sample. */
static __device__ inline uint32_t word_of(const bound *bound, int64_t sample)
{
    uint32_t words[4];
    philox_block(bound->seed, bound->stream, (uint64_t)sample / 4, words);
    uint32_t word = words[0];
#pragma unroll
    for (int k = 1; k < 4; k++) word = sample % 4 == k ? words[k] : word;
    return word;
}

/* x [samples, size] -> out as x. Blocks along y take samples in turn, those along x the elements of one, N a thread. */
template <int N>
static __global__ void drop_samples(rule r, const bound *bound, int64_t samples, int64_t size, stored x, stored out)
{
    int64_t place = thread_in_grid() * N;
    if (place >= size) return;
    for (int64_t sample = blockIdx.y; sample < samples; sample += gridDim.y) {
        uint32_t words[N], word = word_of(bound, sample);
#pragma unroll
        for (int k = 0; k < N; k++) words[k] = word;
        mask(r, words, x, out, sample * size + place);
    }
}

static bool drop_path(const kernel_call *call)
{
    vt_shape shape = call->out[0].shape;
    int64_t count = vt_shape_count(shape), samples = shape.dim[0];
    if (count == 0) return true;
    int64_t size = count / samples;
    bool vectors = size % WIDTH == 0 && is_aligned(call, WIDTH);
    dim3 grid(blocks_for(size, vectors ? BLOCK * WIDTH : BLOCK), (unsigned)(samples < MOST_ROWS ? samples : MOST_ROWS));
    if (vectors)
        LAUNCH(drop_samples<WIDTH>, grid, BLOCK, 0, compute_stream(), rule_of(call), call->device_bound, samples, size,
               stored_of(&call->in[0]), stored_of(&call->out[0]));
    else
        LAUNCH(drop_samples<1>, grid, BLOCK, 0, compute_stream(), rule_of(call), call->device_bound, samples, size,
               stored_of(&call->in[0]), stored_of(&call->out[0]));
    return launched(call);
}

static bool is_of_f32(const kernel_call *call)
{
    return call->in[0].dtype != VT_F64;
}

extern "C" const kernel_row cuda_dropout_kernels[] = {
    { &op_dropout, { .run = dropout, .supports = is_of_f32, .bf16_in = 1, .bf16_out = 1 } },
    { &op_drop_path, { .run = drop_path, .supports = is_of_f32, .bf16_in = 1, .bf16_out = 1 } },
    {},
};
