/* index.cu - picking and placing by index. Each thread checks the index that it uses: one that is wrong is reported,
 * and nothing is picked or placed by it. What is added up is added in the order of the indices. */
#include "backends/cuda/reduction/along_axis.h"
#include "backends/cuda/element/elements.h"
#include "backends/cuda/machine/fault.h"
#include "backends/cuda/kernels.h"
#include "backends/cuda/reduction/reduce.h"
#include "backends/cuda/reduction/sort.h"

#include <limits>
#include <type_traits>

extern "C" {
#include "ops/index.h"
#include <vitro/index.h>
}

/* An argument of kernels: i32 or i64, each of which is to be less than `limit`. */
struct indices {
    integer_elements values;
    int64_t limit;
    fault_reporter reporter;
};

static indices indices_of(const kernel_call *call, int input, int64_t limit)
{
    const array &a = call->in[input];
    return { { a.data, a.dtype }, limit, reporter_for(call, input) };
}

/* Index number i, or -1 where it is out of range. Of the threads that ask for it, one is to report that. */
static __device__ inline int64_t index_at(const indices &in, int64_t i, bool reports)
{
    int64_t index = in.values.at(i);
    if (index >= 0 && index < in.limit) return index;
    if (reports) report_fault(in.reporter, INDEX_OUT_OF_RANGE, i, index, in.limit);
    return -1;
}

static along_axis about(const kernel_call *call, const array &a)
{
    return along_axis_of(a.shape, ((const axis_attributes *)call->attributes)->axis);
}

static int64_t count_of(const along_axis &a)
{
    return a.outer * a.length * a.inner;
}

/* For calls that have nothing to write. */
static __global__ void check_indices(int64_t count, indices index)
{
    if (thread_in_grid() < count) index_at(index, thread_in_grid(), true);
}

static bool check(const kernel_call *call, int64_t count, const indices &index)
{
    if (count > 0) LAUNCH(check_indices, blocks_for(count, BLOCK), BLOCK, 0, compute_stream(), count, index);
    return launched(call);
}

/* -- Picking: bytes, whatever they stand for ----------------------------------------------------------------------- */

/* Calls `function(type{})` with the largest type that `bytes` is a multiple of and that pointers allow. */
template <class Function> static void with_unit(size_t bytes, const void *from, const void *to, Function function)
{
    size_t all = bytes | (uintptr_t)from | (uintptr_t)to;
    if (all % WIDEST_ACCESS == 0)
        function(vector<uint64_t, 2>{});
    else if (all % 8 == 0)
        function(uint64_t{});
    else if (all % 4 == 0)
        function(uint32_t{});
    else
        function(uint8_t{});
}

/* from [x.outer, x.length, x.inner], index as to -> to [y.outer, y.length, y.inner]: element (o, j, i) is element
 * (o, index(o, j, i), i) of `from`. */
template <class T>
static __global__ void gather_elements(along_axis x, along_axis y, indices index, const T *from, T *to)
{
    int64_t n = thread_in_grid(), row = n / y.inner;
    if (row >= y.outer * y.length) return;
    int64_t j = index_at(index, n, true);
    if (j >= 0) to[n] = from[(row / y.length * x.length + j) * x.inner + n - row * y.inner];
}

static bool run_gather(const kernel_call *call)
{
    const array &in = call->in[GATHER_X], &out = call->out[0];
    along_axis x = about(call, in), y = about(call, out);
    if (count_of(y) == 0) return true;
    with_unit(vt_dtype_size(out.dtype), NULL, NULL, [&](auto unit) {
        typedef decltype(unit) T;
        LAUNCH(gather_elements<T>, blocks_for(count_of(y), BLOCK), BLOCK, 0, compute_stream(), x, y,
               indices_of(call, GATHER_INDEX, x.length), (const T *)in.data, (T *)out.data);
    });
    return launched(call);
}

/* from [x.outer, x.length, x.inner], in units of T, index [picked] -> to [x.outer, picked, x.inner]: slice (o, j) is
 * slice (o, index(j)) of `from`. */
template <class T>
static __global__ void select_slices(along_axis x, int64_t picked, indices index, const T *from, T *to)
{
    int64_t n = thread_in_grid(), row = n / x.inner, o = row / picked, i = n - row * x.inner;
    if (row >= x.outer * picked) return;
    int64_t j = index_at(index, row - o * picked, i == 0 && o == 0);
    if (j >= 0) to[n] = from[(o * x.length + j) * x.inner + i];
}

static bool run_index_select(const kernel_call *call)
{
    const array &in = call->in[GATHER_X], &out = call->out[0];
    along_axis x = about(call, in);
    int64_t picked = call->in[GATHER_INDEX].shape.dim[0], limit = x.length;
    size_t slice = (size_t)x.inner * vt_dtype_size(out.dtype);
    if (vt_shape_count(out.shape) == 0) return true;
    with_unit(slice, in.data, out.data, [&](auto unit) {
        typedef decltype(unit) T;
        x.inner = (int64_t)(slice / sizeof(T));
        LAUNCH(select_slices<T>, blocks_for(x.outer * picked * x.inner, BLOCK), BLOCK, 0, compute_stream(), x, picked,
               indices_of(call, GATHER_INDEX, limit), (const T *)in.data, (T *)out.data);
    });
    return launched(call);
}

/* index [count] -> to [count, classes] */
template <class T> static __global__ void mark_classes(int64_t count, indices index, T *to)
{
    int64_t n = thread_in_grid(), classes = index.limit, id = n / classes;
    if (id >= count) return;
    bool is_its = index_at(index, id, n == id * classes) == n - id * classes;
    to[n] = converter<T, uint8_t>::of(is_its);
}

static bool run_one_hot(const kernel_call *call)
{
    array &out = call->out[0];
    int64_t count = vt_shape_count(call->in[0].shape);
    int64_t classes = ((const one_hot_attributes *)call->attributes)->classes;
    indices index = indices_of(call, 0, classes);
    if (count == 0 || classes == 0) return check(call, count, index);
    with_type(out.dtype, [&](auto type) {
        typedef decltype(type) T;
        LAUNCH(mark_classes<T>, blocks_for(count * classes, BLOCK), BLOCK, 0, compute_stream(), count, index,
               (T *)out.data);
    });
    return launched(call);
}

/* -- What becomes of elements that meet: join(a, b) has a from before b -------------------------------------------- */

/* Sums and products hold more than the dtype does; whole numbers wrap. */
template <class T> struct wide_of {
    typedef uint64_t type;
};
template <> struct wide_of<float> {
    typedef double type;
};

template <class T> struct addition {
    typedef typename wide_of<T>::type state;
    static constexpr state nothing = 0;
    __device__ state operator()(state a, state b) const
    {
        return a + b;
    }
};

template <class T> struct multiplication {
    typedef typename wide_of<T>::type state;
    static constexpr state nothing = 1;
    __device__ state operator()(state a, state b) const
    {
        return a * b;
    }
};

/* What any value stays beside; a NaN stays beside any. Whole words can be exchanged among threads. */
template <class T, bool SMALLEST> struct extreme {
    typedef typename std::conditional<sizeof(T) < sizeof(uint32_t), uint32_t, T>::type state;
    typedef std::numeric_limits<state> limits;
    static constexpr state least = limits::has_infinity ? -limits::infinity() : limits::lowest();
    static constexpr state greatest = limits::has_infinity ? limits::infinity() : limits::max();
    static constexpr state nothing = SMALLEST ? greatest : least;
    __device__ state operator()(state a, state b) const
    {
        return b != b || (SMALLEST ? b < a : b > a) ? b : a;
    }
};
template <class T> using largest = extreme<T, false>;
template <class T> using smallest = extreme<T, true>;

template <class T> struct replacement {
    typedef T state;
    __device__ T operator()(T, T b) const
    {
        return b;
    }
};

/* -- A few sources: each element of the result looks through the indices ------------------------------------------- */

enum { FEW = 32 };

/* from [x.outer, x.length, x.inner], source [x.outer, sources, x.inner] -> to as from. index is [sources] where it is
 * `sliced`, and as source otherwise. */
template <class T, class Join>
static __global__ void join_few(along_axis x, int64_t sources, bool sliced, indices index, const T *from,
                                const T *source, T *to)
{
    int64_t n = thread_in_grid(), row = n / x.inner, o = row / x.length, t = row - o * x.length, i = n - row * x.inner;
    if (row >= x.outer * x.length) return;
    typename Join::state so_far = from[n];
    for (int64_t j = 0; j < sources; j++) {
        int64_t at = (o * sources + j) * x.inner + i;
        bool reports = t == 0 && (!sliced || (o == 0 && i == 0));
        if (index_at(index, sliced ? j : at, reports) == t) so_far = Join{}(so_far, source[at]);
    }
    to[n] = (T)so_far;
}

/* -- Many sources, sorted by where they go ------------------------------------------------------------------------- */

/* The key of a source is the number of its slice, or element, of x; where there is none, the one behind the last. */
static __global__ void find_slices(indices index, sorting s)
{
    int64_t n = thread_in_grid();
    if (n >= s.count) return;
    int64_t to = index_at(index, n, true);
    s.key[0][n] = to < 0 ? s.greatest : (uint32_t)to;
    s.number[0][n] = (uint32_t)n;
}

static __global__ void find_elements(along_axis x, int64_t sources, indices index, sorting s)
{
    int64_t n = thread_in_grid();
    if (n >= s.count) return;
    int64_t row = n / x.inner, i = n - row * x.inner, to = index_at(index, n, true);
    s.key[0][n] = to < 0 ? s.greatest : (uint32_t)((row / sources * x.length + to) * x.inner + i);
    s.number[0][n] = (uint32_t)n;
}

/* source [x.outer, s.count, x.inner] -> to [x.outer, x.length, x.inner]: the first of the sources that go to one slice
 * joins them all. So many lanes share an element. */
template <class T, class Join>
static __global__ void join_sorted(along_axis x, int lanes, sorting s, const T *source, T *to)
{
    typedef typename Join::state state;
    int64_t number = thread_in_grid() / lanes, place = number / x.inner, i = number - place * x.inner;
    int64_t o = place / s.count, first = place - o * s.count, lane = threadIdx.x % lanes;
    if (o >= x.outer) return;
    uint32_t key = s.key[0][first];
    if (key == s.greatest || (first > 0 && s.key[0][first - 1] == key)) return;
    T *into = &to[(o * x.length + key) * x.inner + i];
    state so_far = lane == 0 ? (state)*into : Join::nothing;
    for (int64_t k = first + lane; k < s.count && s.key[0][k] == key; k += lanes)
        so_far = Join{}(so_far, source[(o * s.count + s.number[0][k]) * x.inner + i]);
    if (lanes == WARP) so_far = warp_join(so_far, Join{});
    if (lane == 0) *into = (T)so_far;
}

/* source [s.count] -> to: the last of the sources that go to one place is what is there. */
template <class T> static __global__ void replace_sorted(sorting s, const T *source, T *to)
{
    int64_t k = thread_in_grid();
    if (k >= s.count) return;
    uint32_t key = s.key[0][k];
    if (key == s.greatest || (k + 1 < s.count && s.key[0][k + 1] == key)) return;
    to[key] = source[s.number[0][k]];
}

template <class T, class Join> struct sorted_sources {
    static void join(along_axis x, const sorting &s, const T *source, T *to)
    {
        int lanes = x.inner < WARP ? WARP : 1;
        LAUNCH((join_sorted<T, Join>), blocks_for(x.outer * s.count * x.inner * lanes, BLOCK), BLOCK, 0,
               compute_stream(), x, lanes, s, source, to);
    }
};

template <class T> struct sorted_sources<T, replacement<T>> {
    static void join(along_axis, const sorting &s, const T *source, T *to)
    {
        LAUNCH(replace_sorted<T>, blocks_for(s.count, BLOCK), BLOCK, 0, compute_stream(), s, source, to);
    }
};

static bool is_sliced(const kernel_call *call)
{
    return call->op == &op_index_add;
}

static int64_t source_count(const kernel_call *call)
{
    const array &source = call->in[SCATTER_SOURCE];
    return is_sliced(call) ? call->in[SCATTER_INDEX].shape.dim[0] : vt_shape_count(source.shape);
}

static bool has_few(const kernel_call *call)
{
    return about(call, call->in[SCATTER_SOURCE]).length <= FEW;
}

template <class T, class Join> static void launch_few(const kernel_call *call)
{
    along_axis x = about(call, call->in[SCATTER_X]);
    LAUNCH((join_few<T, Join>), blocks_for(count_of(x), BLOCK), BLOCK, 0, compute_stream(), x,
           about(call, call->in[SCATTER_SOURCE]).length, is_sliced(call), indices_of(call, SCATTER_INDEX, x.length),
           (const T *)call->in[SCATTER_X].data, (const T *)call->in[SCATTER_SOURCE].data, (T *)call->out[0].data);
}

template <class T, class Join> static void launch_many(const kernel_call *call)
{
    along_axis x = about(call, call->in[SCATTER_X]);
    int64_t count = source_count(call), slices = is_sliced(call) ? x.length : count_of(x);
    sorting s = sort_in(call->scratch, count, (uint32_t)slices);
    indices index = indices_of(call, SCATTER_INDEX, x.length);
    if (is_sliced(call)) {
        LAUNCH(find_slices, blocks_for(count, BLOCK), BLOCK, 0, compute_stream(), index, s);
    } else {
        LAUNCH(find_elements, blocks_for(count, BLOCK), BLOCK, 0, compute_stream(), x,
               about(call, call->in[SCATTER_SOURCE]).length, index, s);
        x = { 1, slices, 1 };
    }
    sort_by_key(&s);
    sorted_sources<T, Join>::join(x, s, (const T *)call->in[SCATTER_SOURCE].data, (T *)call->out[0].data);
}

/* Sorted are numbers of 32 bits. */
static bool can_join(const kernel_call *call)
{
    const array &x = call->in[SCATTER_X];
    int64_t slices = is_sliced(call) ? about(call, x).length : vt_shape_count(x.shape);
    return x.dtype != VT_F64 && slices <= INT32_MAX && source_count(call) <= INT32_MAX;
}

static bool prepare_join(const kernel_call *call, preparation *p)
{
    p->scratch = has_few(call) ? 0 : sort_scratch(source_count(call));
    return true;
}

template <class T, class Join> static bool join(const kernel_call *call)
{
    const array &x = call->in[SCATTER_X], &out = call->out[0];
    int64_t count = vt_shape_count(x.shape);
    if (count == 0)
        return check(call, vt_shape_count(call->in[SCATTER_INDEX].shape),
                     indices_of(call, SCATTER_INDEX, about(call, x).length));
    if (has_few(call)) {
        launch_few<T, Join>(call);
        return launched(call);
    }
    if (!cuda_ok(
            cudaMemcpyAsync(out.data, x.data, (size_t)count * sizeof(T), cudaMemcpyDeviceToDevice, compute_stream()),
            "cudaMemcpyAsync"))
        return false;
    launch_many<T, Join>(call);
    return launched(call);
}

template <template <class> class Join> static bool run_join(const kernel_call *call)
{
    switch (call->out[0].dtype) {
    case VT_F32: return join<float, Join<float>>(call);
    case VT_I32: return join<int32_t, Join<int32_t>>(call);
    case VT_I64: return join<int64_t, Join<int64_t>>(call);
    default: return join<uint8_t, Join<uint8_t>>(call);
    }
}

static bool run_scatter(const kernel_call *call)
{
    switch (((const scatter_attributes *)call->attributes)->kind) {
    case VT_SCATTER_MUL: return run_join<multiplication>(call);
    case VT_SCATTER_MAX: return run_join<largest>(call);
    case VT_SCATTER_MIN: return run_join<smallest>(call);
    default: return run_join<replacement>(call);
    }
}

static bool takes(const kernel_call *call)
{
    return call->in[0].dtype != VT_F64 && call->out[0].dtype != VT_F64;
}

extern "C" const kernel_row cuda_index_kernels[] = {
    { &op_gather, { .run = run_gather, .supports = takes } },
    { &op_scatter, { .run = run_scatter, .supports = can_join, .prepare = prepare_join } },
    { &op_scatter_add, { .run = run_join<addition>, .supports = can_join, .prepare = prepare_join } },
    { &op_index_select, { .run = run_index_select, .supports = takes } },
    { &op_index_add, { .run = run_join<addition>, .supports = can_join, .prepare = prepare_join } },
    { &op_one_hot, { .run = run_one_hot, .supports = takes } },
    {},
};
