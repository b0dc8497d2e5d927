/* elementwise.h - running a function on each element of its inputs, which broadcast to its output. */
#ifndef VITRO_BACKENDS_CUDA_ELEMENTWISE_ELEMENTWISE_H
#define VITRO_BACKENDS_CUDA_ELEMENTWISE_ELEMENTWISE_H

#include "backends/cuda/kernels.h"
#include "backends/cuda/element/stored.h"
#include "backends/cuda/element/walk.h"

/* The kernel of an op on each element. */
#define ELEMENTWISE(run_, supports_)                                                                                   \
    {                                                                                                                  \
        .run = (run_), .supports = (supports_), .strided = true, .elementwise = true, .bf16_in = ~0u, .bf16_out = 1    \
    }

template <int N> struct operands {
    walk<N> shape;
    stored in[N], out;
};

/* Of the call's inputs, N at most. */
template <int N> static operands<N> operands_of(const kernel_call *call)
{
    const array *in[N] = {};
    operands<N> o = {};
    for (int k = 0; k < call->inputs; k++) {
        in[k] = &call->in[k];
        o.in[k] = stored_of(in[k]);
    }
    o.out = stored_of(&call->out[0]);
    o.shape = make_walk<N>(call->out[0].shape, in);
    return o;
}

/* -- Of floats -----------------------------------------------------------------------------------------------------
 * A Function says how many INPUTS it takes, and makes vectors of the output from vectors of them, of MOST elements. */

/* Where nothing is MIXED, everything is stored as f32. */
template <bool MIXED> static __device__ inline stored known(stored x)
{
    x.is_bf16 = MIXED && x.is_bf16;
    return x;
}

template <int WIDTH, bool MIXED, class Function, int N>
static __device__ inline void map_run(const Function &function, const operands<N> &o, int64_t first)
{
    int64_t offset[N];
    pending<WIDTH> loaded[N] = {};
    vector<float, WIDTH> in[N], out;
    const int last = innermost(o.shape);
    find_offsets(o.shape, first, offset);
#pragma unroll
    for (int k = 0; k < N; k++) {
        if (!o.in[k].data) continue;
        if (o.shape.stride[k][last])
            begin_load(known<MIXED>(o.in[k]), offset[k], &loaded[k]);
        else
            begin_load_one(known<MIXED>(o.in[k]), offset[k], &loaded[k]);
    }
#pragma unroll
    for (int k = 0; k < N; k++) {
        in[k] = end_load(known<MIXED>(o.in[k]), loaded[k]);
        if (o.shape.stride[k][last]) continue;
#pragma unroll
        for (int i = 1; i < WIDTH; i++) in[k].at[i] = in[k].at[0];
    }
    function(in, &out);
    store_floats(known<MIXED>(o.out), first, out);
}

template <int WIDTH, bool MIXED, class Function>
static __global__ void __launch_bounds__(BLOCK) map_floats(Function function, operands<Function::INPUTS> o)
{
    int64_t first = thread_in_grid() * WIDTH;
    if (first + WIDTH <= o.shape.count)
        map_run<WIDTH, MIXED>(function, o, first);
    else
        for (; first < o.shape.count; first++) map_run<1, MIXED>(function, o, first);
}

/* Whether a thread may take so many neighbours at a time. */
template <int N> static bool takes_runs_of(const kernel_call *call, const walk<N> &w, int width)
{
    bool takes = is_aligned(call, width);
    for (int k = 0; takes && k < call->inputs; k++) takes = has_runs_of(w, k, width);
    return takes;
}

static inline bool is_mixed(const kernel_call *call)
{
    bool mixed = call->out[0].dtype == VT_BF16;
    for (int k = 0; k < call->inputs; k++) mixed |= call->in[k].dtype == VT_BF16;
    return mixed;
}

template <class Function> static bool run_floats(const kernel_call *call, const Function &function)
{
    operands<Function::INPUTS> o = operands_of<Function::INPUTS>(call);
    int64_t count = o.shape.count;
    bool mixed = is_mixed(call);
    constexpr int MOST = Function::MOST;
    if (count == 0) return true;
    if (!mixed && takes_runs_of(call, o.shape, 4))
        LAUNCH((map_floats<4, false, Function>), blocks_for(count, BLOCK * 4), BLOCK, 0, compute_stream(), function, o);
    else if (mixed && takes_runs_of(call, o.shape, MOST))
        LAUNCH((map_floats<MOST, true, Function>), blocks_for(count, BLOCK * MOST), BLOCK, 0, compute_stream(),
               function, o);
    else
        LAUNCH((map_floats<1, true, Function>), blocks_for(count, BLOCK), BLOCK, 0, compute_stream(), function, o);
    return launched(call);
}

/* -- Of any dtypes -------------------------------------------------------------------------------------------------
 * A Formula makes an element of type Out from the first input's, of type First, and up to two more of type Rest. */

template <class Formula> static __global__ void map_elements(Formula formula, operands<Formula::INPUTS> o)
{
    typedef typename Formula::First First;
    typedef typename Formula::Rest Rest;
    int64_t index = thread_in_grid(), offset[Formula::INPUTS];
    if (index >= o.shape.count) return;
    find_offsets(o.shape, index, offset);
    First a = element_of<First>(o.in[0], offset[0]);
    Rest b = {}, c = {};
    if constexpr (Formula::INPUTS > 1) b = element_of<Rest>(o.in[1], offset[1]);
    if constexpr (Formula::INPUTS > 2) c = element_of<Rest>(o.in[2], offset[2]);
    set_element<typename Formula::Out>(o.out, index, formula(a, b, c));
}

template <class Formula> static bool run_elements(const kernel_call *call, const Formula &formula)
{
    operands<Formula::INPUTS> o = operands_of<Formula::INPUTS>(call);
    if (o.shape.count == 0) return true;
    LAUNCH(map_elements<Formula>, blocks_for(o.shape.count, BLOCK), BLOCK, 0, compute_stream(), formula, o);
    return launched(call);
}

#endif
