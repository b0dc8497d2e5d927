/* walk.h - strided arrays of one shape, element by element: what the index of an element says of its place in each. */
#ifndef VITRO_BACKENDS_CUDA_ELEMENT_WALK_H
#define VITRO_BACKENDS_CUDA_ELEMENT_WALK_H

#include "backends/cuda/element/divisor.h"

/* The shape with as few axes, at least one, as the strides of all N arrays allow. An argument of kernels. */
template <int N> struct walk {
    int64_t count;
    int rank;
    bool narrow; /* indices are less than 2^31 */
    int64_t extent[VT_MAX_RANK];
    int64_t stride[N][VT_MAX_RANK];
    divisor by[VT_MAX_RANK]; /* the extents, where indices are narrow */
};

/* One of extent 1, for a walk that has none. */
template <int N> static void add_axis(walk<N> *w)
{
    w->rank = 1;
    w->extent[0] = 1;
    for (int a = 0; a < N; a++) w->stride[a][0] = 0;
}

template <int N> static void prepare_division(walk<N> *w)
{
    w->narrow = w->count <= INT32_MAX;
    for (int i = 0; w->narrow && i < w->rank; i++) w->by[i] = make_divisor(w->extent[i]);
}

/* The walk through `shape`, to which every array broadcasts. One that is NULL stays where it is. */
template <int N> static walk<N> make_walk(vt_shape shape, const array *const (&arrays)[N])
{
    walk<N> w = {};
    array seen[N] = {};
    w.count = vt_shape_count(shape);
    for (int a = 0; a < N; a++)
        if (arrays[a]) seen[a] = array_broadcast(*arrays[a], shape);
    for (int i = 0; i < shape.rank; i++) {
        if (shape.dim[i] == 1) continue;
        bool joins = w.rank > 0;
        for (int a = 0; a < N; a++) joins = joins && w.stride[a][w.rank - 1] == seen[a].stride[i] * shape.dim[i];
        int axis = joins ? w.rank - 1 : w.rank++;
        w.extent[axis] = joins ? w.extent[axis] * shape.dim[i] : shape.dim[i];
        for (int a = 0; a < N; a++) w.stride[a][axis] = seen[a].stride[i];
    }
    if (w.rank == 0) add_axis(&w);
    prepare_division(&w);
    return w;
}

template <int N> static __device__ inline uint32_t over_extent(const walk<N> &w, int axis, uint32_t n)
{
    return quotient(n, w.by[axis]);
}

template <int N> static __device__ inline int64_t over_extent(const walk<N> &w, int axis, int64_t n)
{
    return n / w.extent[axis];
}

template <int N, class Index>
static __device__ inline void add_offsets(const walk<N> &w, Index index, int64_t (&offset)[N])
{
#pragma unroll 1
    for (int axis = w.rank - 1; axis > 0; axis--) {
        Index outer = over_extent(w, axis, index), place = index - outer * (Index)w.extent[axis];
#pragma unroll
        for (int a = 0; a < N; a++) offset[a] += place * w.stride[a][axis];
        index = outer;
    }
#pragma unroll
    for (int a = 0; a < N; a++) offset[a] += index * w.stride[a][0];
}

/* Where element `index` lies in each array. */
template <int N> static __device__ inline void find_offsets(const walk<N> &w, int64_t index, int64_t (&offset)[N])
{
#pragma unroll
    for (int a = 0; a < N; a++) offset[a] = 0;
    if (w.narrow)
        add_offsets(w, (uint32_t)index, offset);
    else
        add_offsets(w, index, offset);
}

/* The axis along which neighbours in the walk lie. */
template <int N> HOST_DEVICE int innermost(const walk<N> &w)
{
    return w.rank - 1;
}

/* Whether `width` neighbours at a time are neighbours in array a too, or one element of it, and where they begin the
 * array is aligned as its beginning is. Then only the last elements of a walk along one axis may be fewer. */
template <int N> static bool has_runs_of(const walk<N> &w, int a, int width)
{
    int last = innermost(w);
    bool repeats = w.stride[a][last] == 0;
    bool fits = (repeats || w.stride[a][last] == 1) && (last == 0 || w.extent[last] % width == 0);
    for (int axis = 0; axis < last; axis++) fits = fits && (repeats || w.stride[a][axis] % width == 0);
    return fits;
}

/* The walk in which each run of `width` elements, and there are no others, is one. */
template <int N> static walk<N> in_units_of(walk<N> w, int width)
{
    int last = innermost(w);
    w.count /= width;
    w.extent[last] /= width;
    for (int a = 0; a < N; a++)
        for (int axis = 0; axis < last; axis++) w.stride[a][axis] /= width;
    prepare_division(&w);
    return w;
}

/* The walk through all axes but two. */
template <int N> static walk<N> without_axes(walk<N> w, int first, int second)
{
    int rank = 0;
    for (int axis = 0; axis < w.rank; axis++) {
        if (axis == first || axis == second) {
            w.count /= w.extent[axis];
            continue;
        }
        w.extent[rank] = w.extent[axis];
        for (int a = 0; a < N; a++) w.stride[a][rank] = w.stride[a][axis];
        rank++;
    }
    w.rank = rank;
    if (w.rank == 0) add_axis(&w);
    prepare_division(&w);
    return w;
}

/* Whether every array's elements lie one behind another, in the order of the walk. */
template <int N> static bool is_one_run(const walk<N> &w)
{
    bool one = w.rank == 1;
    for (int a = 0; a < N; a++) one = one && (w.stride[a][0] == 1 || w.extent[0] == 1);
    return one;
}

#endif
