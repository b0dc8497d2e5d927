/* gelu.cu - GELU and its gradient. */
#include "backends/cuda/elementwise/functions.h"
#include "backends/cuda/elementwise/gelu.h"

extern "C" {
#include "ops/elementwise.h"
}

/* GELU by tanh; (1 + tanh u) / 2 is sigmoid_of(2u). */
static __device__ inline float gelu_by_tanh(float x)
{
    return x * sigmoid_of(2 * (float)GELU_SCALE * x * (1 + (float)GELU_CUBIC * x * x));
}

static __device__ inline float gelu_by_tanh_gradient(float x)
{
    float inner = 2 * (float)GELU_SCALE * x * (1 + (float)GELU_CUBIC * x * x);
    float inner_slope = 2 * (float)GELU_SCALE * (1 + 3 * (float)GELU_CUBIC * x * x);
    float slope, s = sigmoid_and_slope(inner, &slope);
    return s + x * slope * inner_slope;
}

FORMULA(gelu, 1, 0, gelu(a))
FORMULA(gelu_by_tanh, 1, 0, gelu_by_tanh(a))
FORMULA(gelu_gradient, 2, 0, a *gelu_gradient(b))
FORMULA(gelu_by_tanh_gradient, 2, 0, a *gelu_by_tanh_gradient(b))

template <template <class> class Exact, template <class> class ByTanh> static bool run_gelu(const kernel_call *call)
{
    bool by_tanh = ((const gelu_attributes *)call->attributes)->tanh;
    return by_tanh ? run_of_floats<ByTanh>(call) : run_of_floats<Exact>(call);
}

extern "C" const kernel_row cuda_gelu_kernels[] = {
    { &op_gelu, ELEMENTWISE((run_gelu<gelu_formula, gelu_by_tanh_formula>), takes_floats) },
    { &op_gelu_gradient, ELEMENTWISE((run_gelu<gelu_gradient_formula, gelu_by_tanh_gradient_formula>), takes_floats) },
    {},
};
