/* shape.cu - padding. */
#include "backends/cuda/element/convert.h"
#include "backends/cuda/element/divisor.h"
#include "backends/cuda/kernels.h"
#include "backends/cuda/element/vector.h"

extern "C" {
#include "ops/shape.h"
}

/* Axes with new elements, each with what lies behind it without any. An argument of kernels. */
struct padding {
    int64_t count;
    int rank;
    bool narrow;
    int64_t to[VT_MAX_RANK], from[VT_MAX_RANK]; /* extents */
    int64_t before[VT_MAX_RANK], step[VT_MAX_RANK];
    divisor by_to[VT_MAX_RANK];
};

/* from, of the extents p.from -> to, of the extents p.to */
template <class T> static __global__ void pad_elements(padding p, T value, T *to, const T *from)
{
    int64_t index = thread_in_grid(), rest = index, source = 0, stride = 1;
    if (index >= p.count) return;
    bool is_new = false;
    for (int axis = p.rank - 1; axis >= 0; axis--) {
        int64_t outer = p.narrow ? quotient((uint32_t)rest, p.by_to[axis]) : rest / p.to[axis];
        int64_t place = rest - outer * p.to[axis] - p.before[axis];
        if (p.step[axis] != 1) {
            is_new |= place % p.step[axis] != 0;
            place /= p.step[axis];
        }
        is_new |= place < 0 || place >= p.from[axis];
        source += place * stride;
        stride *= p.from[axis];
        rest = outer;
    }
    to[index] = is_new ? value : from[source];
}

/* Axis i of both joins the axis before, if there is one, where nothing new is along it. */
static padding padding_of(const kernel_call *call)
{
    const pad_attributes *a = (const pad_attributes *)call->attributes;
    vt_shape from = call->in[0].shape, to = call->out[0].shape;
    padding p = { .count = vt_shape_count(to) };
    for (int i = 0; i < to.rank; i++) {
        bool joins = p.rank > 0 && to.dim[i] == from.dim[i] && p.step[p.rank - 1] == 1;
        int axis = joins ? p.rank - 1 : p.rank++;
        p.to[axis] = (joins ? p.to[axis] : 1) * to.dim[i];
        p.from[axis] = (joins ? p.from[axis] : 1) * from.dim[i];
        p.before[axis] = joins ? p.before[axis] * to.dim[i] : a->before[i];
        p.step[axis] = joins ? 1 : a->between[i] + 1;
    }
    return p;
}

/* So many neighbours as one; false where some would be new and others not. */
static bool join_neighbours(padding *p, int width)
{
    int last = p->rank - 1;
    if (last < 0 || p->step[last] != 1 || p->to[last] % width || p->from[last] % width || p->before[last] % width)
        return false;
    p->count /= width;
    p->to[last] /= width;
    p->from[last] /= width;
    p->before[last] /= width;
    return true;
}

template <class T> static void launch(padding p, T value, const kernel_call *call)
{
    p.narrow = p.count <= INT32_MAX;
    for (int i = 0; p.narrow && i < p.rank; i++) p.by_to[i] = make_divisor(p.to[i]);
    const array *in = &call->in[0];
    const T *from = vt_shape_count(in->shape) ? (const T *)in->data : NULL;
    LAUNCH(pad_elements<T>, blocks_for(p.count, BLOCK), BLOCK, 0, compute_stream(), p, value, (T *)call->out[0].data,
           from);
}

static bool pad(const kernel_call *call)
{
    const array *out = &call->out[0];
    uint64_t bits = bits_of(out->dtype, ((const pad_attributes *)call->attributes)->value);
    padding p = padding_of(call);
    if (p.count == 0) return true;
    with_bits(vt_dtype_size(out->dtype), [&](auto type) {
        typedef decltype(type) T;
        constexpr int N = (int)(WIDEST_ACCESS / sizeof(T));
        vector<T, N> run;
        for (int k = 0; k < N; k++) run.at[k] = (T)bits;
        if (is_aligned(call, N) && join_neighbours(&p, N))
            launch(p, run, call);
        else
            launch(p, (T)bits, call);
    });
    return launched(call);
}

extern "C" const kernel_row cuda_shape_kernels[] = {
    { &op_pad, { .run = pad } },
    {},
};
