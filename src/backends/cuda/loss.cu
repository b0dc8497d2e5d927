/* loss.cu - cross-entropy of labels, and its gradient: each reads the logits once. */
#include "backends/cuda/along_axis.h"
#include "backends/cuda/exponential_sum.h"
#include "backends/cuda/fault.h"
#include "backends/cuda/kernels.h"
#include "backends/cuda/reduce.h"

extern "C" {
#include "ops/loss.h"
}
#include <vitro/loss.h>

/* Of the logits that one label is for. */
struct logit_sums {
    exponential_sum exponentials;
    float total;
};

struct join_sums {
    __device__ logit_sums operator()(const logit_sums &a, const logit_sums &b) const
    {
        return { joined_exponentials(a.exponentials, b.exponentials), a.total + b.total };
    }
};

/* A label that is wrong is reported, and then is as one that is ignored. */
static __device__ inline int64_t label_at(const int64_t *labels, int64_t i, int64_t classes,
                                          const fault_reporter &reporter)
{
    int64_t label = labels[i];
    if (label == VT_IGNORE || (label >= 0 && label < classes)) return label;
    report_fault(reporter, LABEL_OUT_OF_RANGE, i, label, classes);
    return VT_IGNORE;
}

/* (1 - s) (log Σ e^x - x[label]) + s (log Σ e^x - mean x), of differences from the largest logit. */
static __device__ inline float loss_of(const logit_sums &sums, float x, float classes, float s)
{
    float max = sums.exponentials.max, above = logf(sums.exponentials.sum);
    float hard = s < 1 ? (1 - s) * (above + (max - x)) : 0;
    return hard + (s > 0 ? s * (above + (max - sums.total / classes)) : 0);
}

static __global__ void cross_entropy(along_axis a, int threads, float s, const float *x, const int64_t *labels,
                                     fault_reporter reporter, float *loss, float *log_sum)
{
    int64_t lane = thread_in_grid() / threads, first = threadIdx.x % threads;
    if (lane >= lane_count(a)) return;
    logit_sums sums = { no_exponentials(), 0 };
    x += lane_start(a, lane);
#pragma unroll 4
    for (int64_t k = first; k < a.length; k += threads) {
        float logit = x[k * a.inner];
        sums = { with_exponential(sums.exponentials, logit), sums.total + logit };
    }
    if (threads == WARP) sums = warp_join(sums, join_sums{});
    if (threads == BLOCK) sums = block_join(sums, join_sums{});
    if (first != 0) return;
    int64_t label = label_at(labels, lane, a.length, reporter);
    log_sum[lane] = log_of(sums.exponentials);
    loss[lane] = label == VT_IGNORE ? 0 : loss_of(sums, x[label * a.inner], (float)a.length, s);
}

/* dx = g (e^(x - log Σ e^x) - p), p = (1 - s) [label] + s / classes */
static __global__ void cross_entropy_gradient(along_axis a, int threads, float s, const float *g, const float *x,
                                              const int64_t *labels, const float *log_sum, fault_reporter reporter,
                                              float *dx)
{
    int64_t lane = thread_in_grid() / threads, first = threadIdx.x % threads;
    if (lane >= lane_count(a)) return;
    int64_t start = lane_start(a, lane), label = label_at(labels, lane, a.length, reporter);
    float upstream = g[lane], whole = log_sum[lane], everywhere = s / (float)a.length;
#pragma unroll 4
    for (int64_t k = first; k < a.length; k += threads) {
        int64_t i = start + k * a.inner;
        float p = everywhere + (k == label ? 1 - s : 0);
        dx[i] = label == VT_IGNORE ? 0 : upstream * (expf(x[i] - whole) - p);
    }
}

static bool takes(const kernel_call *call)
{
    return call->in[0].dtype == VT_F32;
}

static float smoothing(const kernel_call *call)
{
    return (float)((const cross_entropy_attributes *)call->attributes)->label_smoothing;
}

static bool run(const kernel_call *call)
{
    along_axis a = along_axis_of(call->in[0].shape, 1);
    int threads = threads_for_lane(a);
    if (lane_count(a) == 0) return true;
    LAUNCH(cross_entropy, blocks_for(lane_count(a) * threads, BLOCK), BLOCK, 0, compute_stream(), a, threads,
           smoothing(call), (const float *)call->in[0].data, (const int64_t *)call->in[1].data, reporter_for(call, 1),
           (float *)call->out[0].data, (float *)call->out[1].data);
    return launched(call);
}

static bool run_gradient(const kernel_call *call)
{
    along_axis a = along_axis_of(call->in[1].shape, 1);
    int threads = threads_for_lane(a);
    if (lane_count(a) == 0) return true;
    LAUNCH(cross_entropy_gradient, blocks_for(lane_count(a) * threads, BLOCK), BLOCK, 0, compute_stream(), a, threads,
           smoothing(call), (const float *)call->in[0].data, (const float *)call->in[1].data,
           (const int64_t *)call->in[2].data, (const float *)call->in[3].data, reporter_for(call, 2),
           (float *)call->out[0].data);
    return launched(call);
}

extern "C" const kernel_row cuda_loss_kernels[] = {
    { &op_cross_entropy, { .run = run, .supports = takes } },
    { &op_cross_entropy_gradient, { .run = run_gradient, .supports = takes } },
    {},
};
