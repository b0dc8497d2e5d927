/* scan.cu - running sums along an axis. */
#include "backends/cuda/reduction/along_axis.h"
#include "backends/cuda/element/elements.h"
#include "backends/cuda/kernels.h"
#include "backends/cuda/reduction/scan.h"

extern "C" {
#include "ops/reduce.h"
}

/* Side by side the threads of a lane, one, a warp or a block, go through it, each time from the sum so far. */
template <class Sum, class Elements, class Result>
static __global__ void running_sum(along_axis a, int threads, bool reverse, Elements x, Result *y)
{
    int64_t lane = thread_in_grid() / threads, own = threadIdx.x % threads;
    if (lane >= lane_count(a)) return;
    int64_t start = lane_start(a, lane);
    Sum so_far = 0;
    for (int64_t first = 0; first < a.length; first += threads) {
        int64_t k = first + own, at = start + (reverse ? a.length - 1 - k : k) * a.inner;
        Sum sum = k < a.length ? (Sum)x.at(at) : 0, total = sum;
        if (threads == WARP) {
            sum = warp_scan(sum);
            total = __shfl_sync(FULL_WARP, sum, WARP - 1);
        } else if (threads == BLOCK) {
            sum = block_scan(sum, &total);
        }
        if (k < a.length) y[at] = (Result)(so_far + sum);
        so_far += total;
    }
}

static bool takes(const kernel_call *call)
{
    return call->in[0].dtype != VT_F64;
}

template <class Sum, class Result, class Elements> static bool scan(const kernel_call *call, const Elements &x)
{
    const cumsum_attributes *attributes = (const cumsum_attributes *)call->attributes;
    along_axis a = along_axis_of(call->in[0].shape, attributes->axis);
    int threads = threads_for_lane(a);
    if (lane_count(a) * a.length == 0) return true;
    LAUNCH((running_sum<Sum, Elements, Result>), blocks_for(lane_count(a) * threads, BLOCK), BLOCK, 0, compute_stream(),
           a, threads, attributes->reverse != 0, x, (Result *)call->out[0].data);
    return launched(call);
}

/* Whole numbers wrap around. */
static bool run(const kernel_call *call)
{
    const array &x = call->in[0];
    if (x.dtype == VT_F32) return scan<double, float>(call, float_elements<float>{ (const float *)x.data });
    return scan<uint64_t, int64_t>(call, integer_elements{ x.data, x.dtype });
}

extern "C" const kernel_row cuda_scan_kernels[] = {
    { &op_cumsum, { .run = run, .supports = takes } },
    {},
};
