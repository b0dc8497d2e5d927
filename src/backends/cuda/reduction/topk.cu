/* topk.cu - the k first elements of each lane. Few are found one after another: each is the first of those that come
 * after the one before. For many all elements are sorted. */
#include "backends/cuda/reduction/along_axis.h"
#include "backends/cuda/element/elements.h"
#include "backends/cuda/kernels.h"
#include "backends/cuda/reduction/reduce.h"
#include "backends/cuda/reduction/sort.h"

extern "C" {
#include "ops/index.h"
}

/* An element by its rank among all values of its dtype: larger keys come first, and of equal ones smaller indices. */
struct candidate {
    uint64_t key;
    int64_t index;
};

static __device__ inline bool comes_before(const candidate &a, const candidate &b)
{
    return a.key != b.key ? a.key > b.key : a.index < b.index;
}

struct first_of {
    __device__ candidate operator()(const candidate &a, const candidate &b) const
    {
        return comes_before(b, a) ? b : a;
    }
};

/* The bits of a float order as an integer's, once those of negative ones are turned round. Adding 0 makes -0 equal to
 * 0; NaN is above infinity. */
static __device__ inline uint32_t key_of(float x)
{
    const uint32_t sign = (uint32_t)1 << 31;
    if (x != x) return UINT32_MAX;
    uint32_t bits = __float_as_uint(x + 0.0f);
    return bits & sign ? ~bits : bits | sign;
}

static __device__ inline uint64_t key_of(int64_t x)
{
    return (uint64_t)x ^ (uint64_t)1 << 63;
}

/* x and values, the same elements [from.outer, from.length, from.inner] -> chosen and indices [to.outer, to.length,
 * to.inner] */
template <class Elements, class T>
static __global__ void select_first(along_axis from, along_axis to, int threads, bool smallest, Elements x,
                                    const T *values, T *chosen, int64_t *indices)
{
    int64_t lane = thread_in_grid() / threads, own = threadIdx.x % threads;
    if (lane >= lane_count(from)) return;
    int64_t start = lane_start(from, lane), result = lane_start(to, lane);
    candidate last = { UINT64_MAX, -1 };
    for (int64_t place = 0; place < to.length; place++) {
        candidate next = { 0, INT64_MAX };
        for (int64_t k = own; k < from.length; k += threads) {
            uint64_t key = key_of(x.at(start + k * from.inner));
            candidate here = { smallest ? ~key : key, k };
            if (comes_before(last, here) && comes_before(here, next)) next = here;
        }
        if (threads == WARP) next = warp_join(next, first_of{});
        if (threads == BLOCK) next = block_join(next, first_of{});
        if (own == 0) {
            chosen[result + place * to.inner] = values[start + next.index * from.inner];
            indices[result + place * to.inner] = next.index;
        }
        last = next;
    }
}

/* -- Many: sorted by the words of their keys, the last word first, and then by lanes ------------------------------- */

enum { FEW = 32 };

static bool is_few(const kernel_call *call)
{
    return ((const topk_attributes *)call->attributes)->k <= FEW;
}

static __global__ void number_elements(sorting s)
{
    int64_t i = thread_in_grid();
    if (i < s.count) s.number[0][i] = (uint32_t)i;
}

/* A sort puts the least word first. */
template <class Elements> static __global__ void write_words(sorting s, int shift, bool smallest, Elements x)
{
    int64_t i = thread_in_grid();
    if (i >= s.count) return;
    uint64_t key = key_of(x.at(s.number[0][i]));
    s.key[0][i] = (uint32_t)((smallest ? key : ~key) >> shift);
}

static __global__ void write_lanes(sorting s, along_axis a)
{
    int64_t i = thread_in_grid();
    if (i >= s.count) return;
    int64_t n = s.number[0][i], outer = n / (a.length * a.inner);
    s.key[0][i] = (uint32_t)(outer * a.inner + n % a.inner);
}

/* values [from.outer, from.length, from.inner], and their numbers, sorted, a lane behind another -> chosen and indices
 * [to.outer, to.length, to.inner] */
template <class T>
static __global__ void take_sorted(along_axis from, along_axis to, sorting s, const T *values, T *chosen,
                                   int64_t *indices)
{
    int64_t i = thread_in_grid(), lane = i / to.length, place = i - lane * to.length;
    if (lane >= lane_count(from)) return;
    int64_t n = s.number[0][lane * from.length + place], at = lane_start(to, lane) + place * to.inner;
    chosen[at] = values[n];
    indices[at] = n / from.inner % from.length;
}

template <class T, class Elements>
static void launch_sort(const kernel_call *call, along_axis from, along_axis to, const Elements &x)
{
    int64_t count = vt_shape_count(call->in[0].shape);
    bool smallest = ((const topk_attributes *)call->attributes)->smallest != 0;
    sorting s = sort_in(call->scratch, count, UINT32_MAX);
    LAUNCH(number_elements, blocks_for(count, BLOCK), BLOCK, 0, compute_stream(), s);
    for (int shift = 0; shift < 8 * (int)sizeof key_of(typename Elements::value{}); shift += 32) {
        LAUNCH((write_words<Elements>), blocks_for(count, BLOCK), BLOCK, 0, compute_stream(), s, shift, smallest, x);
        sort_by_key(&s);
    }
    s.greatest = (uint32_t)(lane_count(from) - 1);
    LAUNCH(write_lanes, blocks_for(count, BLOCK), BLOCK, 0, compute_stream(), s, from);
    sort_by_key(&s);
    LAUNCH(take_sorted<T>, blocks_for(lane_count(from) * to.length, BLOCK), BLOCK, 0, compute_stream(), from, to, s,
           (const T *)call->in[0].data, (T *)call->out[TOPK_VALUES].data, (int64_t *)call->out[TOPK_INDICES].data);
}

/* -- The calls ----------------------------------------------------------------------------------------------------- */

/* Sorted are numbers of 32 bits. */
static bool takes(const kernel_call *call)
{
    return call->in[0].dtype != VT_F64 && (is_few(call) || vt_shape_count(call->in[0].shape) <= INT32_MAX);
}

static bool prepare(const kernel_call *call, preparation *p)
{
    p->scratch = is_few(call) ? 0 : sort_scratch(vt_shape_count(call->in[0].shape));
    return true;
}

template <class T, class Elements> static bool select(const kernel_call *call, const Elements &x)
{
    const topk_attributes *a = (const topk_attributes *)call->attributes;
    along_axis from = along_axis_of(call->in[0].shape, a->axis);
    along_axis to = along_axis_of(call->out[TOPK_VALUES].shape, a->axis);
    int threads = threads_for_lane(from);
    if (lane_count(to) * to.length == 0) return true;
    if (!is_few(call)) {
        launch_sort<T>(call, from, to, x);
        return launched(call);
    }
    LAUNCH((select_first<Elements, T>), blocks_for(lane_count(from) * threads, BLOCK), BLOCK, 0, compute_stream(), from,
           to, threads, a->smallest != 0, x, (const T *)call->in[0].data, (T *)call->out[TOPK_VALUES].data,
           (int64_t *)call->out[TOPK_INDICES].data);
    return launched(call);
}

static bool run(const kernel_call *call)
{
    const array &x = call->in[0];
    integer_elements whole = { x.data, x.dtype };
    switch (x.dtype) {
    case VT_F32: return select<float>(call, float_elements<float>{ (const float *)x.data });
    case VT_I64: return select<int64_t>(call, whole);
    case VT_I32: return select<int32_t>(call, whole);
    default: return select<uint8_t>(call, whole);
    }
}

extern "C" const kernel_row cuda_topk_kernels[] = {
    { &op_topk, { .run = run, .supports = takes, .prepare = prepare } },
    {},
};
