/* dropout.cu - dropout of elements, and of whole samples. */
#include "backends/cuda/element/dropout.h"
#include "backends/cuda/kernels.h"
#include "backends/cuda/element/stored.h"

extern "C" {
#include "ops/elementwise.h"
}

/* Blocks of a grid along y. */
constexpr int64_t MOST_ROWS = 65535;

/* Elements of a thread: those of a block of Philox. */
constexpr int WIDTH = 4;

static dropout_rule rule_of(const kernel_call *call)
{
    return dropout_rule_of(call, ((const dropout_attributes *)call->attributes)->p);
}

template <int N>
static __device__ inline void mask(const dropout_rule &rule, const uint32_t (&words)[N], const stored &x,
                                   const stored &out, int64_t first)
{
    vector<float, N> v = load_floats<N>(x, first);
#pragma unroll
    for (int k = 0; k < N; k++) v.at[k] = is_kept(rule, words[k]) ? v.at[k] * rule.scale : 0;
    store_floats(out, first, v);
}

/* x [count] -> out [count]; a thread has a block of Philox. */
static __global__ void drop_elements(dropout_rule rule, int64_t count, bool aligned, stored x, stored out)
{
    int64_t block = thread_in_grid(), first = block * WIDTH;
    if (first >= count) return;
    uint32_t words[WIDTH];
    draw_words(rule, (uint64_t)block, words);
    if (aligned && first + WIDTH <= count) {
        mask(rule, words, x, out, first);
        return;
    }
#pragma unroll
    for (int k = 0; k < WIDTH; k++)
        if (first + k < count) mask<1>(rule, { words[k] }, x, out, first + k);
}

static bool dropout(const kernel_call *call)
{
    int64_t count = vt_shape_count(call->out[0].shape);
    if (count == 0) return true;
    LAUNCH(drop_elements, blocks_for(count, BLOCK * WIDTH), BLOCK, 0, compute_stream(), rule_of(call), count,
           is_aligned(call, WIDTH), stored_of(&call->in[0]), stored_of(&call->out[0]));
    return launched(call);
}

/* x [samples, size] -> out as x. Blocks along y take samples in turn, those along x the elements of one, N a thread. */
template <int N>
static __global__ void drop_samples(dropout_rule rule, int64_t samples, int64_t size, stored x, stored out)
{
    int64_t place = thread_in_grid() * N;
    if (place >= size) return;
    for (int64_t sample = blockIdx.y; sample < samples; sample += gridDim.y) {
        uint32_t drawn[WIDTH], words[N];
        draw_words(rule, (uint64_t)sample / WIDTH, drawn);
        const uint32_t word = word_of(drawn, (uint64_t)sample);
#pragma unroll
        for (int k = 0; k < N; k++) words[k] = word;
        mask(rule, words, x, out, sample * size + place);
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
        LAUNCH(drop_samples<WIDTH>, grid, BLOCK, 0, compute_stream(), rule_of(call), samples, size,
               stored_of(&call->in[0]), stored_of(&call->out[0]));
    else
        LAUNCH(drop_samples<1>, grid, BLOCK, 0, compute_stream(), rule_of(call), samples, size, stored_of(&call->in[0]),
               stored_of(&call->out[0]));
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
