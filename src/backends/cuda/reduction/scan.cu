/* scan.cu - running sums, products and extremes along an axis. */
#include "backends/cuda/reduction/along_axis.h"
#include "backends/cuda/element/elements.h"
#include "backends/cuda/kernels.h"
#include "backends/cuda/reduction/scan.h"

extern "C" {
#include "ops/reduce.h"
}

/* -- Running along lanes. A Scan says what is scanned: the state of element k of a lane, which lies at `at`; how two
 * states become one, `nothing` being that of no element; and what is stored of those up to an element. ------------- */

/* Side by side the threads of a lane, one, a warp or a block, go through it, each time from the state so far. */
template <class Scan> static __global__ void run_along(along_axis a, int threads, bool reverse, Scan scan)
{
    typedef typename Scan::state state;
    int64_t lane = thread_in_grid() / threads, own = threadIdx.x % threads;
    if (lane >= lane_count(a)) return;
    int64_t start = lane_start(a, lane);
    state so_far = scan.nothing();
    for (int64_t first = 0; first < a.length; first += threads) {
        int64_t k = first + own, at = start + (reverse ? a.length - 1 - k : k) * a.inner;
        state here = k < a.length ? scan.at(k, at) : scan.nothing(), total = here;
        if (threads == WARP) {
            here = warp_scan(here, scan);
            total = value_of_lane(here, WARP - 1);
        } else if (threads == BLOCK) {
            here = block_scan(here, &total, scan);
        }
        if (k < a.length) scan.store(at, scan(so_far, here));
        so_far = scan(so_far, total);
    }
}

template <class Elements, class Sum, class Result> struct running_sum {
    typedef Sum state;
    Elements x;
    Result *y;
    __device__ Sum nothing() const
    {
        return 0;
    }
    __device__ Sum at(int64_t, int64_t at) const
    {
        return (Sum)x.at(at);
    }
    __device__ Sum operator()(Sum a, Sum b) const
    {
        return a + b;
    }
    __device__ void store(int64_t at, Sum sum) const
    {
        y[at] = (Result)sum;
    }
};

template <class Elements, class Product, class Result> struct running_product {
    typedef Product state;
    Elements x;
    Result *y;
    __device__ Product nothing() const
    {
        return 1;
    }
    __device__ Product at(int64_t, int64_t at) const
    {
        return (Product)x.at(at);
    }
    __device__ Product operator()(Product a, Product b) const
    {
        return a * b;
    }
    __device__ void store(int64_t at, Product product) const
    {
        y[at] = (Result)product;
    }
};

template <class T> struct placed {
    T value;
    int64_t place; /* along the axis; -1: none yet */
};

/* The first of equal ones, and a NaN before any number. */
template <class Elements, class Stored, bool SMALLEST> struct running_extreme {
    typedef typename Elements::value value;
    typedef placed<value> state;
    Elements x;
    Stored *y;
    int64_t *indices;
    __device__ state nothing() const
    {
        return { 0, -1 };
    }
    __device__ state at(int64_t k, int64_t at) const
    {
        return { x.at(at), k };
    }
    __device__ state operator()(state a, state b) const
    {
        if (a.place < 0 || b.place < 0) return a.place < 0 ? b : a;
        if (a.value != a.value) return a;
        return b.value != b.value || (SMALLEST ? b.value < a.value : b.value > a.value) ? b : a;
    }
    __device__ void store(int64_t at, state best) const
    {
        y[at] = (Stored)best.value;
        indices[at] = best.place;
    }
};

/* -- The gradient of a running product: dx[i] = s[i] times the product before x[i], with s[i] = g[i] + x[i + 1] s[i +
 * 1]
 */

/* What s is from behind: value + slope s. */
struct line {
    double value, slope;
};

/* From the other end, the s of each element, into dx. */
struct sums_from_behind {
    typedef line state;
    const float *g, *x;
    int64_t next; /* from an element to the one behind it in the product */
    float *dx;
    __device__ line nothing() const
    {
        return { 0, 1 };
    }
    __device__ line at(int64_t k, int64_t at) const
    {
        return { g[at], k == 0 ? 0.0 : (double)x[at + next] };
    }
    __device__ line operator()(line a, line b) const
    {
        return { b.value + b.slope * a.value, a.slope * b.slope };
    }
    __device__ void store(int64_t at, line s) const
    {
        dx[at] = (float)s.value;
    }
};

/* Times the products before, which are those up to the element before. */
struct products_before {
    typedef double state;
    const float *x;
    int64_t next;
    float *dx;
    __device__ double nothing() const
    {
        return 1;
    }
    __device__ double at(int64_t k, int64_t at) const
    {
        return k == 0 ? 1.0 : (double)x[at - next];
    }
    __device__ double operator()(double a, double b) const
    {
        return a * b;
    }
    __device__ void store(int64_t at, double before) const
    {
        dx[at] = (float)((double)dx[at] * before);
    }
};

/* -- The kernels -------------------------------------------------------------------------------------------------- */

static bool takes(const kernel_call *call)
{
    return call->in[0].dtype != VT_F64;
}

template <class Scan> static bool run_scan(const kernel_call *call, bool reverse, const Scan &scan)
{
    along_axis a = along_axis_of(call->out[0].shape, ((const scan_attributes *)call->attributes)->axis);
    int threads = threads_for_lane(a);
    if (lane_count(a) * a.length == 0) return true;
    LAUNCH(run_along<Scan>, blocks_for(lane_count(a) * threads, BLOCK), BLOCK, 0, compute_stream(), a, threads, reverse,
           scan);
    return launched(call);
}

static bool is_reverse(const kernel_call *call)
{
    return ((const scan_attributes *)call->attributes)->reverse != 0;
}

/* Whole numbers wrap around. */
template <template <class, class, class> class Scan> static bool run_total(const kernel_call *call)
{
    const array &x = call->in[0];
    void *y = call->out[0].data;
    float_elements<float> floats = { (const float *)x.data };
    integer_elements whole = { x.data, x.dtype };
    if (x.dtype == VT_F32)
        return run_scan(call, is_reverse(call), Scan<float_elements<float>, double, float>{ floats, (float *)y });
    return run_scan(call, is_reverse(call), Scan<integer_elements, uint64_t, int64_t>{ whole, (int64_t *)y });
}

template <bool SMALLEST, class Stored, class Elements>
static bool run_extreme_of(const kernel_call *call, const Elements &x)
{
    return run_scan(call, false,
                    running_extreme<Elements, Stored, SMALLEST>{ x, (Stored *)call->out[CUMMAX_VALUES].data,
                                                                 (int64_t *)call->out[CUMMAX_INDICES].data });
}

template <bool SMALLEST> static bool run_extreme(const kernel_call *call)
{
    const array &x = call->in[0];
    integer_elements whole = { x.data, x.dtype };
    switch (x.dtype) {
    case VT_F32: return run_extreme_of<SMALLEST, float>(call, float_elements<float>{ (const float *)x.data });
    case VT_I64: return run_extreme_of<SMALLEST, int64_t>(call, whole);
    case VT_I32: return run_extreme_of<SMALLEST, int32_t>(call, whole);
    default: return run_extreme_of<SMALLEST, uint8_t>(call, whole);
    }
}

static bool run_cumprod_gradient(const kernel_call *call)
{
    const float *g = (const float *)call->in[0].data, *x = (const float *)call->in[1].data;
    float *dx = (float *)call->out[0].data;
    bool reverse = is_reverse(call);
    int64_t inner = along_axis_of(call->out[0].shape, ((const scan_attributes *)call->attributes)->axis).inner;
    int64_t next = reverse ? -inner : inner;
    return run_scan(call, !reverse, sums_from_behind{ g, x, next, dx }) &&
           run_scan(call, reverse, products_before{ x, next, dx });
}

extern "C" const kernel_row cuda_scan_kernels[] = {
    { &op_cumsum, { .run = run_total<running_sum>, .supports = takes } },
    { &op_cumprod, { .run = run_total<running_product>, .supports = takes } },
    { &op_cumprod_gradient, { .run = run_cumprod_gradient, .supports = takes } },
    { &op_cummax, { .run = run_extreme<false>, .supports = takes } },
    { &op_cummin, { .run = run_extreme<true>, .supports = takes } },
    {},
};
