/* convolution.c - convolutions on oneDNN, or as own matrix products where it has nothing fast, and in f64. */
#include "backends/cpu/convolution.h"
#include "backends/cpu/kernels.h"
#include "backends/cpu/onednn.h"
#include "ops/convolution.h"

static convolution problem_of(const kernel_call *call, const array *x, const array *weight, const array *y)
{
    const conv2d_attributes *a = call->attributes;
    convolution p = {
        .batch = x->shape.dim[0], .channels = x->shape.dim[1], .outputs = y->shape.dim[1], .groups = a->groups
    };
    for (int i = 0; i < 2; i++) {
        p.size[i] = x->shape.dim[2 + i];
        p.kernel[i] = weight->shape.dim[2 + i];
        p.output[i] = y->shape.dim[2 + i];
        p.stride[i] = a->stride[i];
        p.padding[i] = a->padding[i];
        p.dilation[i] = a->dilation[i];
    }
    return p;
}

static bool convolve(const kernel_call *call, enum convolution_pass pass, const array *x, const array *weight,
                     const array *y)
{
    convolution p = problem_of(call, x, weight, y);
    const void *bias = call->inputs > 2 ? call->in[2].data : NULL;
    if (x->dtype == VT_F64) return convolve_f64(&p, pass, x->data, weight->data, bias, y->data);
    return (p.batch > 0 && onednn_convolution(&p, pass, x->data, weight->data, bias, y->data)) ||
           convolve_f32(&p, pass, x->data, weight->data, bias, y->data);
}

static bool run_conv2d(const kernel_call *call)
{
    return convolve(call, CONVOLUTION_FORWARD, &call->in[0], &call->in[1], &call->out[0]);
}

static bool run_conv2d_input_gradient(const kernel_call *call)
{
    return convolve(call, CONVOLUTION_INPUT_GRADIENT, &call->out[0], &call->in[1], &call->in[0]);
}

static bool run_conv2d_weight_gradient(const kernel_call *call)
{
    return convolve(call, CONVOLUTION_WEIGHT_GRADIENT, &call->in[1], &call->out[0], &call->in[0]);
}

const kernel_row cpu_convolution_kernels[] = {
    { &op_conv2d, { .run = run_conv2d } },
    { &op_conv2d_input_gradient, { .run = run_conv2d_input_gradient } },
    { &op_conv2d_weight_gradient, { .run = run_conv2d_weight_gradient } },
    { 0 },
};
