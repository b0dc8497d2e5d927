/* create.cu - tensors from nothing: what an element is, is the same formula as every backend's. */
#include "backends/cuda/element/convert.h"
#include "backends/cuda/kernels.h"
#include "backends/cuda/element/vector.h"

extern "C" {
#include "ops/create.h"
}

/* -- By the number of the element ---------------------------------------------------------------------------------- */

template <class T, int N> static __global__ void fill(int64_t count, T value, T *out)
{
    int64_t first = thread_in_grid() * N;
    vector<T, N> run;
#pragma unroll
    for (int k = 0; k < N; k++) run.at[k] = value;
    if (first + N <= count)
        store(out + first, run);
    else
        for (; first < count; first++) out[first] = value;
}

static bool run_full(const kernel_call *call)
{
    const array *out = &call->out[0];
    int64_t count = vt_shape_count(out->shape);
    const create_attributes *a = (const create_attributes *)call->attributes;
    uint64_t bits = out->dtype == VT_I64 ? (uint64_t)a->whole : bits_of(out->dtype, a->value);
    if (count == 0) return true;
    with_bits(vt_dtype_size(out->dtype), [&](auto type) {
        typedef decltype(type) T;
        constexpr int N = (int)(WIDEST_ACCESS / sizeof(T));
        if (is_aligned(out, N))
            LAUNCH((fill<T, N>), blocks_for(count, BLOCK * N), BLOCK, 0, compute_stream(), count, (T)bits,
                   (T *)out->data);
        else
            LAUNCH((fill<T, 1>), blocks_for(count, BLOCK), BLOCK, 0, compute_stream(), count, (T)bits, (T *)out->data);
    });
    return launched(call);
}

#define SEQUENCE(name, expression)                                                                                     \
    struct name##_sequence {                                                                                           \
        create_attributes a;                                                                                           \
        __device__ inline double operator()(int64_t i) const                                                           \
        {                                                                                                              \
            return expression;                                                                                         \
        }                                                                                                              \
    };
SEQUENCE(arange, arange_element(&a, i))
SEQUENCE(linspace, linspace_element(&a, i))
SEQUENCE(eye, i / a.shape.dim[1] == i % a.shape.dim[1])

template <class T, class Sequence> static __global__ void count_up(Sequence element, int64_t count, T *out)
{
    int64_t i = thread_in_grid();
    if (i < count) out[i] = converter<T, double>::of(element(i));
}

template <class Sequence> static bool run_sequence(const kernel_call *call)
{
    const array *out = &call->out[0];
    int64_t count = vt_shape_count(out->shape);
    if (count == 0) return true;
    Sequence element = { *(const create_attributes *)call->attributes };
    with_type(out->dtype, [&](auto type) {
        typedef decltype(type) T;
        LAUNCH((count_up<T, Sequence>), blocks_for(count, BLOCK), BLOCK, 0, compute_stream(), element, count,
               (T *)out->data);
    });
    return launched(call);
}

/* -- At random ----------------------------------------------------------------------------------------------------- */

#define DRAW(name)                                                                                                     \
    struct name##_draw {                                                                                               \
        create_attributes a;                                                                                           \
        __device__ inline double operator()(uint32_t word) const                                                       \
        {                                                                                                              \
            return name##_element(&a, word);                                                                           \
        }                                                                                                              \
    };
DRAW(uniform)
DRAW(bernoulli)
DRAW(normal)
DRAW(truncated_normal)

/* A thread draws the four elements of a block of Philox. */
constexpr int DRAWN = 4;

template <class T, class Draw>
static __global__ void draw_blocks(Draw draw, const bound *bound, int64_t count, bool aligned, T *out)
{
    int64_t block = thread_in_grid(), first = block * DRAWN;
    if (first >= count) return;
    uint32_t words[DRAWN];
    philox_block(bound->seed, bound->stream, (uint64_t)block, words);
    vector<T, DRAWN> drawn;
#pragma unroll
    for (int k = 0; k < DRAWN; k++) drawn.at[k] = converter<T, double>::of(draw(words[k]));
    if (aligned && first + DRAWN <= count) {
        store(out + first, drawn);
        return;
    }
#pragma unroll
    for (int k = 0; k < DRAWN; k++)
        if (first + k < count) out[first + k] = drawn.at[k];
}

template <class T, class Draw> static void draw(const kernel_call *call)
{
    const array *out = &call->out[0];
    int64_t count = vt_shape_count(out->shape);
    Draw draw = { *(const create_attributes *)call->attributes };
    if (count == 0) return;
    LAUNCH((draw_blocks<T, Draw>), blocks_for(count, DRAWN * BLOCK), BLOCK, 0, compute_stream(), draw,
           &call->device_bound->random, count, is_aligned(out, DRAWN), (T *)out->data);
}

template <class Draw> static bool run_draw_of_floats(const kernel_call *call)
{
    if (call->out[0].dtype == VT_F32)
        draw<float, Draw>(call);
    else
        draw<double, Draw>(call);
    return launched(call);
}

static bool run_bernoulli(const kernel_call *call)
{
    with_type(call->out[0].dtype, [&](auto type) { draw<decltype(type), bernoulli_draw>(call); });
    return launched(call);
}

extern "C" const kernel_row cuda_create_kernels[] = {
    { &op_full, { .run = run_full } },
    { &op_arange, { .run = run_sequence<arange_sequence> } },
    { &op_linspace, { .run = run_sequence<linspace_sequence> } },
    { &op_eye, { .run = run_sequence<eye_sequence> } },
    { &op_uniform, { .run = run_draw_of_floats<uniform_draw> } },
    { &op_normal, { .run = run_draw_of_floats<normal_draw> } },
    { &op_truncated_normal, { .run = run_draw_of_floats<truncated_normal_draw> } },
    { &op_bernoulli, { .run = run_bernoulli } },
    {},
};
