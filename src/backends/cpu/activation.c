/* activation.c - activation functions and their fused gradients. */
#include "backends/cpu/kernels.h"
#include "backends/cpu/rows.h"
#include "backends/cpu/vector_math.h"
#include "ops/elementwise.h"

/* x, g and y are as in the formulas; the rows' names for them are a and b. */
#define IN_BOTH(macro) macro(float, f32) macro(double, f64)

/* log(1 + e^x) = max(x, 0) + log(1 + e^-|x|) */
#define ACTIVATIONS(real, type)                                                                                        \
    static inline real relu_of_##type(real x)                                                                          \
    {                                                                                                                  \
        return x <= 0 ? 0 : x; /* NaN stays */                                                                         \
    }                                                                                                                  \
    static inline real softplus_of_##type(real x)                                                                      \
    {                                                                                                                  \
        return (x > 0 ? x : 0) + log1p_##type(exp_##type(x > 0 ? -x : x));                                             \
    }                                                                                                                  \
    static inline real silu_gradient_of_##type(real x)                                                                 \
    {                                                                                                                  \
        real s = sigmoid_##type(x);                                                                                    \
        return s * (1 + x * (1 - s));                                                                                  \
    }                                                                                                                  \
    static inline real gelu_of_##type(real x)                                                                          \
    {                                                                                                                  \
        return x * normal_cdf_##type(x, bell_##type(x));                                                               \
    }                                                                                                                  \
    static inline real gelu_gradient_of_##type(real x)                                                                 \
    {                                                                                                                  \
        real bell = bell_##type(x);                                                                                    \
        return normal_cdf_##type(x, bell) + x * bell * (real)0.39894228040143267794; /* 1 / √(2π) */                \
    }                                                                                                                  \
    /* (1 + tanh u) / 2 = sigmoid(2u), which keeps the digits of the lower tail */                                     \
    static inline real gelu_weight_##type(real x)                                                                      \
    {                                                                                                                  \
        return sigmoid_##type(2 * (real)GELU_SCALE * x * (1 + (real)GELU_CUBIC * x * x));                              \
    }                                                                                                                  \
    static inline real gelu_tanh_gradient_of_##type(real x)                                                            \
    {                                                                                                                  \
        real w = gelu_weight_##type(x), slope = (real)GELU_SCALE * (1 + 3 * (real)GELU_CUBIC * x * x);                 \
        return w + 2 * x * w * (1 - w) * slope;                                                                        \
    }                                                                                                                  \
    UNARY_ROW(sigmoid_row_##type, real, real, sigmoid_##type(a))                                                       \
    UNARY_ROW(tanh_row_##type, real, real, tanh_##type(a))                                                             \
    UNARY_ROW(relu_row_##type, real, real, relu_of_##type(a))                                                          \
    UNARY_ROW_WITH(leaky_relu_row_##type, real, real, leaky_relu_attributes, a > 0 ? a : (real)attributes->slope * a)  \
    UNARY_ROW(silu_row_##type, real, real, a *sigmoid_##type(a))                                                       \
    UNARY_ROW(softplus_row_##type, real, real, softplus_of_##type(a))                                                  \
    UNARY_ROW(gelu_row_##type, real, real, gelu_of_##type(a))                                                          \
    UNARY_ROW(gelu_tanh_row_##type, real, real, a *gelu_weight_##type(a))                                              \
    BINARY_ROW(sigmoid_gradient_row_##type, real, real, a *(b * (1 - b)))                                              \
    BINARY_ROW(tanh_gradient_row_##type, real, real, a *(1 - b * b))                                                   \
    BINARY_ROW(relu_gradient_row_##type, real, real, b <= 0 ? 0 : a)                                                   \
    BINARY_ROW(silu_gradient_row_##type, real, real, a *silu_gradient_of_##type(b))                                    \
    BINARY_ROW(gelu_gradient_row_##type, real, real, a *gelu_gradient_of_##type(b))                                    \
    BINARY_ROW(gelu_tanh_gradient_row_##type, real, real, a *gelu_tanh_gradient_of_##type(b))
IN_BOTH(ACTIVATIONS)

#define FLOATS(name)                                                                                                   \
    {                                                                                                                  \
        [VT_F32] = name##_row_f32, [VT_F64] = name##_row_f64                                                           \
    }
static row_table rows = {
    [OP_ID_sigmoid] = FLOATS(sigmoid),
    [OP_ID_sigmoid_gradient] = FLOATS(sigmoid_gradient),
    [OP_ID_tanh] = FLOATS(tanh),
    [OP_ID_tanh_gradient] = FLOATS(tanh_gradient),
    [OP_ID_relu] = FLOATS(relu),
    [OP_ID_relu_gradient] = FLOATS(relu_gradient),
    [OP_ID_leaky_relu] = FLOATS(leaky_relu),
    [OP_ID_silu] = FLOATS(silu),
    [OP_ID_silu_gradient] = FLOATS(silu_gradient),
    [OP_ID_softplus] = FLOATS(softplus),
    [OP_ID_gelu] = FLOATS(gelu),
    [OP_ID_gelu_gradient] = FLOATS(gelu_gradient),
};
static row_table approximated = {
    [OP_ID_gelu] = FLOATS(gelu_tanh),
    [OP_ID_gelu_gradient] = FLOATS(gelu_tanh_gradient),
};

static bool activation(const kernel_call *call)
{
    return run_table(call, rows);
}

static bool gelu(const kernel_call *call)
{
    return run_table(call, ((const gelu_attributes *)call->attributes)->tanh ? approximated : rows);
}

#define KERNEL(name)                                                                                                   \
    {                                                                                                                  \
        &op_##name,                                                                                                    \
        {                                                                                                              \
            .run = activation, .strided = true                                                                         \
        }                                                                                                              \
    }
const kernel_row cpu_activation_kernels[] = {
    KERNEL(sigmoid),
    KERNEL(sigmoid_gradient),
    KERNEL(tanh),
    KERNEL(tanh_gradient),
    KERNEL(relu),
    KERNEL(relu_gradient),
    KERNEL(leaky_relu),
    KERNEL(silu),
    KERNEL(silu_gradient),
    KERNEL(softplus),
    { &op_gelu, { .run = gelu, .strided = true } },
    { &op_gelu_gradient, { .run = gelu, .strided = true } },
    { 0 },
};
