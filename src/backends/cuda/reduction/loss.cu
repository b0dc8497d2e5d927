/* loss.cu - cross-entropy of labels, and its gradient: each reads the logits once. */
#include "backends/cuda/reduction/along_axis.h"
#include "backends/cuda/reduction/exponential_sum.h"
#include "backends/cuda/machine/fault.h"
#include "backends/cuda/kernels.h"
#include "backends/cuda/reduction/reduce.h"

extern "C" {
#include "ops/loss.h"
}
#include <vitro/loss.h>

/* Of the logits that one label is for. */
template <class T> struct logit_sums {
    exponential_sum<T> exponentials;
    T total;
};

struct join_sums {
    template <class T> __device__ logit_sums<T> operator()(const logit_sums<T> &a, const logit_sums<T> &b) const
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
template <class T> static __device__ inline T loss_of(const logit_sums<T> &sums, T x, T classes, T s)
{
    T max = sums.exponentials.max, above = log(sums.exponentials.sum);
    T hard = s < 1 ? (1 - s) * (above + (max - x)) : 0;
    return hard + (s > 0 ? s * (above + (max - sums.total / classes)) : 0);
}

/* x [outer, length, inner], labels [outer, inner] -> loss and log_sum [outer, inner] */
template <class T>
static __global__ void cross_entropy(along_axis a, int threads, T s, const T *x, const int64_t *labels,
                                     fault_reporter reporter, T *loss, T *log_sum)
{
    int64_t lane = thread_in_grid() / threads, first = threadIdx.x % threads;
    if (lane >= lane_count(a)) return;
    logit_sums<T> sums = { no_exponentials<T>(), 0 };
    x += lane_start(a, lane);
#pragma unroll 4
    for (int64_t k = first; k < a.length; k += threads) {
        T logit = x[k * a.inner];
        sums = { with_exponential(sums.exponentials, logit), sums.total + logit };
    }
    if (threads == WARP) sums = warp_join(sums, join_sums{});
    if (threads == BLOCK) sums = block_join(sums, join_sums{});
    if (first != 0) return;
    int64_t label = label_at(labels, lane, a.length, reporter);
    log_sum[lane] = log_of(sums.exponentials);
    loss[lane] = label == VT_IGNORE ? 0 : loss_of(sums, x[label * a.inner], (T)a.length, s);
}

/* g, labels and log_sum [outer, inner], x [outer, length, inner] -> dx as x:
 * dx = g (e^(x - log Σ e^x) - p), p = (1 - s) [label] + s / classes */
template <class T>
static __global__ void cross_entropy_gradient(along_axis a, int threads, T s, const T *g, const T *x,
                                              const int64_t *labels, const T *log_sum, fault_reporter reporter, T *dx)
{
    int64_t lane = thread_in_grid() / threads, first = threadIdx.x % threads;
    if (lane >= lane_count(a)) return;
    int64_t start = lane_start(a, lane), label = label_at(labels, lane, a.length, reporter);
    T upstream = g[lane], whole = log_sum[lane], everywhere = s / (T)a.length;
#pragma unroll 4
    for (int64_t k = first; k < a.length; k += threads) {
        int64_t i = start + k * a.inner;
        T p = everywhere + (k == label ? 1 - s : 0);
        dx[i] = label == VT_IGNORE ? 0 : upstream * (exp(x[i] - whole) - p);
    }
}

static double smoothing(const kernel_call *call)
{
    return ((const cross_entropy_attributes *)call->attributes)->label_smoothing;
}

template <class T> static bool run_in(const kernel_call *call)
{
    const array *in = call->in, *out = call->out;
    along_axis a = along_axis_of(in[CROSS_ENTROPY_LOGITS].shape, 1);
    int threads = threads_for_lane(a);
    if (lane_count(a) == 0) return true;
    LAUNCH(cross_entropy<T>, blocks_for(lane_count(a) * threads, BLOCK), BLOCK, 0, compute_stream(), a, threads,
           (T)smoothing(call), (const T *)in[CROSS_ENTROPY_LOGITS].data, (const int64_t *)in[CROSS_ENTROPY_TARGET].data,
           reporter_for(call, CROSS_ENTROPY_TARGET), (T *)out[CROSS_ENTROPY_LOSS].data,
           (T *)out[CROSS_ENTROPY_LOGSUMEXP].data);
    return launched(call);
}

template <class T> static bool run_gradient_in(const kernel_call *call)
{
    const array *in = call->in;
    along_axis a = along_axis_of(in[CROSS_ENTROPY_GRADIENT_LOGITS].shape, 1);
    int threads = threads_for_lane(a);
    if (lane_count(a) == 0) return true;
    LAUNCH(cross_entropy_gradient<T>, blocks_for(lane_count(a) * threads, BLOCK), BLOCK, 0, compute_stream(), a,
           threads, (T)smoothing(call), (const T *)in[CROSS_ENTROPY_GRADIENT_G].data,
           (const T *)in[CROSS_ENTROPY_GRADIENT_LOGITS].data, (const int64_t *)in[CROSS_ENTROPY_GRADIENT_TARGET].data,
           (const T *)in[CROSS_ENTROPY_GRADIENT_LOGSUMEXP].data, reporter_for(call, CROSS_ENTROPY_GRADIENT_TARGET),
           (T *)call->out[0].data);
    return launched(call);
}

/* In f64 too: the decomposition would not see a label that is wrong. */
static bool run(const kernel_call *call)
{
    return call->in[CROSS_ENTROPY_LOGITS].dtype == VT_F64 ? run_in<double>(call) : run_in<float>(call);
}

static bool run_gradient(const kernel_call *call)
{
    return call->in[CROSS_ENTROPY_GRADIENT_G].dtype == VT_F64 ? run_gradient_in<double>(call)
                                                              : run_gradient_in<float>(call);
}

extern "C" const kernel_row cuda_loss_kernels[] = {
    { &op_cross_entropy, { .run = run } },
    { &op_cross_entropy_gradient, { .run = run_gradient } },
    {},
};
