/* convolution.cu - convolutions and their gradients: which code computes each. */
#include "backends/cuda/cudnn/cudnn_convolution.h"
#include "backends/cuda/image/implicit_gemm.h"
#include "backends/cuda/image/small_groups.h"
#include "backends/cuda/kernels.h"

extern "C" {
#include "ops/convolution.h"
}

/* The arrays of a call in their roles. */
typedef struct roles {
    convolution_pass pass;
    const array *x, *weight, *y, *bias; /* the bias may be NULL */
} roles;

static roles roles_of(const kernel_call *call)
{
    const array *in = call->in, *out = call->out;
    if (call->op == &op_conv2d_input_gradient)
        return { CONVOLUTION_INPUT_GRADIENT, &out[0], &in[INPUT_GRADIENT_WEIGHT], &in[INPUT_GRADIENT_G], NULL };
    if (call->op == &op_conv2d_weight_gradient)
        return { CONVOLUTION_WEIGHT_GRADIENT, &in[WEIGHT_GRADIENT_X], &out[0], &in[WEIGHT_GRADIENT_G], NULL };
    bool has_bias = call->inputs > CONV2D_BIAS && in[CONV2D_BIAS].shape.rank > 0;
    return { CONVOLUTION_FORWARD, &in[CONV2D_X], &in[CONV2D_WEIGHT], &out[0], has_bias ? &in[CONV2D_BIAS] : NULL };
}

static convolution problem_of(const kernel_call *call)
{
    const conv2d_attributes *a = (const conv2d_attributes *)call->attributes;
    roles of = roles_of(call);
    convolution p = { .pass = of.pass,
                      .batch = of.x->shape.dim[0],
                      .channels = of.x->shape.dim[1],
                      .outputs = of.y->shape.dim[1],
                      .groups = a->groups };
    for (int i = 0; i < 2; i++) {
        p.size[i] = of.x->shape.dim[2 + i];
        p.kernel[i] = of.weight->shape.dim[2 + i];
        p.output[i] = of.y->shape.dim[2 + i];
        p.stride[i] = a->stride[i];
        p.padding[i] = a->padding[i];
        p.dilation[i] = a->dilation[i];
    }
    p.dtype = call->in[0].dtype;
    p.result_dtype = call->out[0].dtype;
    p.has_bias = of.bias != NULL;
    return p;
}

static bool supports(const kernel_call *call)
{
    convolution p = problem_of(call);
    return p.dtype != VT_F64 && call->in[1].dtype == p.dtype && (small_groups_take(&p) || implicit_gemm_takes(&p));
}

/* Our own code for it. */
static size_t own_scratch(const convolution *p)
{
    return small_groups_take(p) ? small_groups_scratch(p) : implicit_gemm_scratch(p);
}

static void queue_own(const convolution *p, const convolution_operands *o, void *scratch)
{
    (small_groups_take(p) ? small_groups_queue : implicit_gemm_queue)(p, o, scratch);
}

static bool prepare(const kernel_call *call, preparation *out)
{
    convolution p = problem_of(call);
    cudnn_convolution *cudnn = cudnn_find(&p);
    *out = preparation{};
    out->state = cudnn; /* which is not the plan's to end */
    out->scratch = own_scratch(&p);
    if (cudnn && cudnn_scratch(cudnn) > out->scratch) out->scratch = cudnn_scratch(cudnn);
    return true;
}

/* Without images there is nothing but the gradient of weight, which is zero. */
static bool run_empty(const kernel_call *call, const convolution *p)
{
    const array *out = &call->out[0];
    if (p->pass != CONVOLUTION_WEIGHT_GRADIENT) return true;
    size_t bytes = (size_t)vt_shape_count(out->shape) * vt_dtype_size(out->dtype);
    return cuda_ok(cudaMemsetAsync(out->data, 0, bytes, compute_stream()), call->op->name);
}

static bool run(const kernel_call *call)
{
    convolution p = problem_of(call);
    roles of = roles_of(call);
    convolution_operands o = { call->in[0].data, call->in[1].data, of.bias ? (const float *)of.bias->data : NULL,
                               call->out[0].data };
    if (p.batch == 0) return run_empty(call, &p);
    bool by_cudnn = call->state && cudnn_takes(&o);
    if (by_cudnn && !is_for_library(call->scratch, "cuDNN")) return false;
    if (by_cudnn)
        cudnn_run((cudnn_convolution *)call->state, &o, call->scratch, queue_own);
    else
        queue_own(&p, &o, call->scratch);
    return launched(call);
}

/* Images and weights have the channels last. What a product rounds to bf16, it rounds for all its readers. */
#define CONVOLUTION(out_bf16)                                                                                          \
    .run = run, .supports = supports, .prepare = prepare, .channels_last_in = CONVOLUTION_FACTORS,                     \
    .channels_last_out = 1, .bf16_in = CONVOLUTION_FACTORS, .bf16_out = out_bf16

extern "C" const kernel_row cuda_convolution_kernels[] = {
    { &op_conv2d, { CONVOLUTION(1) } },
    { &op_conv2d_input_gradient, { CONVOLUTION(1) } },
    { &op_conv2d_weight_gradient, { CONVOLUTION(0) } },
    {},
};
