/* fold.h - the elements of an array folded, along any of its axes, into one state for each output.
 *
 * What is folded are elements as elements.h has them. A fold, an argument of kernels, has
 *
 *     typedef state;                        its size is a multiple of four bytes, LARGEST_STATE at most
 *     state first();                        of no element
 *     state step(state, value, int64_t k);  with the element that has number k of those of its output
 *     state join(state, state);
 *     void finish(int64_t i, state);        writes the output at place i */
#ifndef VITRO_BACKENDS_CUDA_REDUCTION_FOLD_H
#define VITRO_BACKENDS_CUDA_REDUCTION_FOLD_H

#include "backends/cuda/element/elements.h"
#include "backends/cuda/reduction/reduce.h"
#include "backends/cuda/element/walk.h"

/* -- The plan ----------------------------------------------------------------------------------------------------- */

enum { LARGEST_STATE = 16 };

/* Each output's elements are split into parts that are folded side by side, and then joined. */
struct fold_plan {
    walk<2> kept;   /* where an output lies, and the first of its elements */
    walk<1> folded; /* the elements of one output */
    int64_t parts, part_length;
    int lanes;    /* rows: threads of a part, a power of two up to a warp, or a block. Columns: of a row of the block */
    bool columns; /* neighbours in memory belong to different outputs */
    bool may_use_vectors, uses_vectors;
};

/* Of x and y, which have one shape, the axes of the set, by falling strides of x. */
static void pick_axes(int64_t axes, const array &x, const array &y, array (&picked)[2])
{
    int from[VT_MAX_RANK], rank = 0;
    for (int axis = 0; axis < x.shape.rank; axis++) {
        if (!(axes >> axis & 1)) continue;
        int k = rank++;
        for (; k > 0 && x.stride[from[k - 1]] < x.stride[axis]; k--) from[k] = from[k - 1];
        from[k] = axis;
    }
    picked[0] = picked[1] = {};
    picked[0].shape.rank = picked[1].shape.rank = rank;
    for (int k = 0; k < rank; k++) {
        picked[0].shape.dim[k] = picked[1].shape.dim[k] = x.shape.dim[from[k]];
        picked[0].stride[k] = x.stride[from[k]];
        picked[1].stride[k] = y.stride[from[k]];
    }
}

/* A contiguous output for each place along the axes that are kept, seen with the shape of x. */
static array kept_output(const array &x, int64_t axes)
{
    array y = x;
    int64_t stride = 1;
    for (int axis = x.shape.rank - 1; axis >= 0; axis--) {
        bool folded = axes >> axis & 1;
        y.stride[axis] = folded ? 0 : stride;
        if (!folded) stride *= x.shape.dim[axis];
    }
    return y;
}

/* The distance of the nearest elements; INT64_MAX where there is but one. */
template <int N> static int64_t least_stride(const walk<N> &w, int a)
{
    int64_t least = INT64_MAX;
    for (int axis = 0; axis < w.rank; axis++) {
        int64_t stride = w.stride[a][axis] < 0 ? -w.stride[a][axis] : w.stride[a][axis];
        if (stride > 0 && stride < least) least = stride;
    }
    return least;
}

/* Whether all strides but the last are multiples of the width, and the last is 1. */
template <int N> static bool runs_in_vectors(const walk<N> &w, int a, int width)
{
    bool fits = w.rank > 0 && w.stride[a][w.rank - 1] == 1;
    for (int axis = 0; axis < w.rank - 1; axis++) fits = fits && w.stride[a][axis] % width == 0;
    return fits;
}

static int64_t at_most(int64_t x, int64_t limit)
{
    return x < limit ? x : limit;
}

/* The least power of two that is not less, up to a warp. */
static int lanes_for(int64_t count)
{
    int lanes = 1;
    while (lanes < count && lanes < WARP) lanes *= 2;
    return lanes;
}

enum {
    THREADS_TO_FILL = 2048, /* of a multiprocessor */
    LONG_ROW = 1024,        /* elements that a block is worth */
    LEAST_WORK = 8          /* elements of a thread for which an output is split */
};

static void split_length(fold_plan *p, int64_t parts)
{
    const int64_t whole_vectors = 4;
    p->part_length = divided_up(divided_up(p->folded.count, parts < 1 ? 1 : parts), whole_vectors) * whole_vectors;
    p->parts = p->folded.count ? divided_up(p->folded.count, p->part_length) : 1;
}

static void plan_rows(fold_plan *p)
{
    int64_t outputs = p->kept.count, length = p->folded.count, to_fill = (int64_t)multiprocessors() * THREADS_TO_FILL;
    bool long_rows = length > LONG_ROW && outputs * WARP < to_fill;
    p->lanes = long_rows ? BLOCK : lanes_for(length);
    int64_t wanted = long_rows ? to_fill / BLOCK / outputs : 1;
    split_length(p, at_most(wanted, length / ((int64_t)BLOCK * LEAST_WORK)));
}

static void plan_columns(fold_plan *p, int width)
{
    p->lanes = lanes_for(divided_up(p->kept.count, width));
    int64_t rows = BLOCK / p->lanes, blocks = divided_up(p->kept.count, (int64_t)p->lanes * width);
    int64_t wanted = at_most((int64_t)multiprocessors() * THREADS_TO_FILL / BLOCK / blocks, UINT16_MAX);
    split_length(p, at_most(wanted, p->folded.count / (rows * LEAST_WORK)));
}

/* `width`: of the vectors that the elements can be read in. */
static fold_plan plan_fold(const array &x, int64_t axes, int width)
{
    fold_plan p = {};
    array y = kept_output(x, axes), kept[2], folded[2];
    pick_axes(~axes, x, y, kept);
    pick_axes(axes, x, y, folded);
    p.kept = make_walk<2>(kept[0].shape, { &kept[1], &kept[0] });
    p.folded = make_walk<1>(folded[0].shape, { &folded[0] });
    if (p.kept.count == 0) return p;
    p.columns = least_stride(p.kept, 1) < least_stride(p.folded, 0);
    if (p.columns) {
        int64_t neighbours = p.kept.rank ? p.kept.extent[p.kept.rank - 1] : 1;
        p.may_use_vectors = width > 1 && neighbours % width == 0 && runs_in_vectors(p.kept, 1, width);
        for (int axis = 0; axis < p.folded.rank; axis++)
            p.may_use_vectors = p.may_use_vectors && p.folded.stride[0][axis] % width == 0;
        plan_columns(&p, p.may_use_vectors ? width : 1);
    } else {
        p.may_use_vectors = width > 1 && p.folded.rank == 1 && p.folded.stride[0][0] == 1;
        for (int axis = 0; axis < p.kept.rank; axis++)
            p.may_use_vectors = p.may_use_vectors && p.kept.stride[1][axis] % width == 0;
        plan_rows(&p);
    }
    return p;
}

static size_t fold_scratch(const fold_plan &p)
{
    return p.parts > 1 ? (size_t)(p.kept.count * p.parts) * LARGEST_STATE : 0;
}

/* -- The kernels -------------------------------------------------------------------------------------------------- */

static __device__ inline int64_t folded_offset(const fold_plan &p, int64_t k)
{
    int64_t offset[1] = { k * p.folded.stride[0][0] };
    if (p.folded.rank > 1) find_offsets(p.folded, k, offset);
    return offset[0];
}

template <class Fold> struct joined_by {
    const Fold &fold;
    __device__ typename Fold::state operator()(typename Fold::state a, typename Fold::state b) const
    {
        return fold.join(a, b);
    }
};

/* What the threads of a part have found, where they are a block, or a group of lanes. */
template <class Fold>
static __device__ inline typename Fold::state joined(const Fold &fold, typename Fold::state s, int lanes)
{
    joined_by<Fold> join = { fold };
    return lanes == BLOCK ? block_join(s, join) : lanes_join(s, lanes, join);
}

/* The last stage, or the one before it. */
template <class Fold>
static __device__ inline void keep(const fold_plan &p, const Fold &fold, int64_t output, int64_t part,
                                   typename Fold::state s, typename Fold::state *states)
{
    int64_t offset[2];
    if (p.parts > 1) {
        states[output * p.parts + part] = s;
        return;
    }
    find_offsets(p.kept, output, offset);
    fold.finish(offset[0], s);
}

/* x, the elements of the plan -> states [outputs, parts], or where there is one part the outputs themselves. Threads
 * side by side read neighbours of one part. */
template <class Fold, class Elements>
static __global__ void __launch_bounds__(BLOCK)
    fold_rows(fold_plan p, Fold fold, Elements x, typename Fold::state *states)
{
    int64_t number = thread_in_grid() / p.lanes, output = number / p.parts;
    int64_t part = number - output * p.parts, lane = threadIdx.x % p.lanes, offset[2];
    typename Fold::state s = fold.first();
    if (output < p.kept.count) {
        find_offsets(p.kept, output, offset);
        int64_t k = part * p.part_length, end = k + p.part_length;
        if (end > p.folded.count) end = p.folded.count;
        if (p.uses_vectors) {
            constexpr int N = Elements::width;
            int64_t whole = end - end % N;
#pragma unroll 4
            for (int64_t i = k + lane * N; i < whole; i += p.lanes * N) {
                typename Elements::value v[N];
                x.read(offset[1] + i, v);
#pragma unroll
                for (int e = 0; e < N; e++) s = fold.step(s, v[e], i + e);
            }
            k = whole > k ? whole : k;
        }
#pragma unroll 4
        for (int64_t i = k + lane; i < end; i += p.lanes) s = fold.step(s, x.at(offset[1] + folded_offset(p, i)), i);
    }
    s = joined(fold, s, p.lanes);
    if (lane == 0 && output < p.kept.count) keep(p, fold, output, part, s, states);
}

/* The same; threads side by side read neighbours that belong to N outputs each, and below them are others with the next
 * elements. */
template <int N, class Fold, class Elements>
static __global__ void __launch_bounds__(BLOCK)
    fold_columns(fold_plan p, Fold fold, Elements x, typename Fold::state *states)
{
    SHARED(typename Fold::state, below, [N][BLOCK]);
    int column = threadIdx.x % p.lanes, row = threadIdx.x / p.lanes, rows = BLOCK / p.lanes;
    int64_t output = ((int64_t)blockIdx.x * p.lanes + column) * N, part = blockIdx.y, offset[2];
    typename Fold::state s[N];
#pragma unroll
    for (int e = 0; e < N; e++) s[e] = fold.first();
    if (output < p.kept.count) {
        find_offsets(p.kept, output, offset);
        int64_t begin = part * p.part_length, end = begin + p.part_length;
        if (end > p.folded.count) end = p.folded.count;
#pragma unroll 4
        for (int64_t k = begin + row; k < end; k += rows) {
            int64_t at = offset[1] + folded_offset(p, k);
            typename Elements::value v[Elements::width];
            if constexpr (N == 1)
                v[0] = x.at(at);
            else
                x.read(at, v);
#pragma unroll
            for (int e = 0; e < N; e++) s[e] = fold.step(s[e], v[e], k);
        }
    }
    for (int half = rows / 2; half > 0; half /= 2) {
        __syncthreads();
        for (int e = 0; e < N; e++) below[e][threadIdx.x] = s[e];
        __syncthreads();
        for (int e = 0; e < N && row < half; e++) s[e] = fold.join(s[e], below[e][threadIdx.x + half * p.lanes]);
    }
    for (int e = 0; e < N && row == 0 && output < p.kept.count; e++) keep(p, fold, output + e, part, s[e], states);
}

/* states [outputs, parts] -> the outputs */
template <class Fold>
static __global__ void fold_parts(fold_plan p, Fold fold, int lanes, const typename Fold::state *states)
{
    int64_t output = thread_in_grid() / lanes, lane = threadIdx.x % lanes, offset[2];
    typename Fold::state s = fold.first();
    for (int64_t part = lane; output < p.kept.count && part < p.parts; part += lanes)
        s = fold.join(s, states[output * p.parts + part]);
    s = lanes_join(s, lanes, joined_by<Fold>{ fold });
    if (lane != 0 || output >= p.kept.count) return;
    find_offsets(p.kept, output, offset);
    fold.finish(offset[0], s);
}

template <int N, class Fold, class Elements>
static void launch_columns(const fold_plan &p, const Fold &fold, const Elements &x, typename Fold::state *states)
{
    dim3 grid((unsigned)divided_up(p.kept.count, (int64_t)p.lanes * N), (unsigned)p.parts);
    LAUNCH((fold_columns<N, Fold, Elements>), grid, BLOCK, 0, compute_stream(), p, fold, x, states);
}

/* Queues the fold of elements that lie as the plan says; scratch is as fold_scratch says. */
template <class Fold, class Elements>
static void fold_elements(fold_plan p, const Fold &fold, const Elements &x, void *scratch)
{
    typedef typename Fold::state state;
    static_assert(sizeof(state) <= LARGEST_STATE, "fold_scratch counts on it");
    state *states = p.parts > 1 ? (state *)scratch : NULL;
    if (p.kept.count == 0) return;
    p.uses_vectors = p.may_use_vectors && (uintptr_t)x.data % Elements::alignment == 0;
    if (!p.columns)
        LAUNCH((fold_rows<Fold, Elements>), blocks_for(p.kept.count * p.parts * p.lanes, BLOCK), BLOCK, 0,
               compute_stream(), p, fold, x, states);
    else if (p.uses_vectors)
        launch_columns<Elements::width>(p, fold, x, states);
    else
        launch_columns<1>(p, fold, x, states);
    if (p.parts == 1) return;
    int lanes = lanes_for(p.parts);
    LAUNCH(fold_parts<Fold>, blocks_for(p.kept.count * lanes, BLOCK), BLOCK, 0, compute_stream(), p, fold, lanes,
           (const state *)states);
}

#endif
