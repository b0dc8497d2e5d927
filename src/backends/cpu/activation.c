/* activation.c - activation functions and their fused gradients. */
#include "backends/cpu/gelu.h"
#include "backends/cpu/kernels.h"
#include "backends/cpu/rows.h"
#include "ops/elementwise.h"

/* In f32 and f64. Softplus is max(x, 0) + log(1 + e^-|x|). */
#define FORMULAS(real, type)                                                                                           \
    static inline real relu_##type(real x)                                                                             \
    {                                                                                                                  \
        return x <= 0 ? 0 : x; /* NaN stays */                                                                         \
    }                                                                                                                  \
    static inline real softplus_##type(real x)                                                                         \
    {                                                                                                                  \
        return (x > 0 ? x : 0) + log1p_##type(exp_##type(-magnitude_##type(x)));                                       \
    }                                                                                                                  \
    static inline real silu_gradient_##type(real x)                                                                    \
    {                                                                                                                  \
        real slope, s = sigmoid_and_slope_##type(x, &slope);                                                           \
        return s + x * slope;                                                                                          \
    }

FORMULAS(float, f32)
FORMULAS(double, f64)

/* The rows of them; a gradient's a is g, its b the input or the output. */
#define ROWS(real, type)                                                                                               \
    UNARY_ROW(sigmoid_row_##type, real, real, sigmoid_##type(a))                                                       \
    UNARY_ROW(tanh_row_##type, real, real, tanh_##type(a))                                                             \
    UNARY_ROW(relu_row_##type, real, real, relu_##type(a))                                                             \
    UNARY_ROW_WITH(leaky_relu_row_##type, real, real, real slope = (real)ROW_ATTRIBUTE(leaky_relu_attributes, slope),  \
                   a > 0 ? a : slope * a)                                                                              \
    UNARY_ROW(silu_row_##type, real, real, a *sigmoid_##type(a))                                                       \
    UNARY_ROW(softplus_row_##type, real, real, softplus_##type(a))                                                     \
    UNARY_ROW(gelu_row_##type, real, real, gelu_##type(a))                                                             \
    UNARY_ROW(gelu_tanh_row_##type, real, real, gelu_tanh_##type(a))                                                   \
    BINARY_ROW(sigmoid_gradient_row_##type, real, real, a *(b * (1 - b)))                                              \
    BINARY_ROW(tanh_gradient_row_##type, real, real, a *(1 - b * b))                                                   \
    BINARY_ROW(relu_gradient_row_##type, real, real, b <= 0 ? 0 : a)                                                   \
    BINARY_ROW(add_relu_row_##type, real, real, relu_##type(a + b))                                                    \
    TERNARY_ROW(add_relu_gradient_row_##type, real, real, c <= 0 ? 0 : a + b)                                          \
    BINARY_ROW(silu_gradient_row_##type, real, real, a *silu_gradient_##type(b))                                       \
    BINARY_ROW(gelu_gradient_row_##type, real, real, a *gelu_gradient_##type(b))                                       \
    BINARY_ROW(gelu_tanh_gradient_row_##type, real, real, a *gelu_tanh_gradient_##type(b))
ROWS(float, f32)
ROWS(double, f64)

#define FLOATS(name)                                                                                                   \
    {                                                                                                                  \
        [VT_F32] = name##_row_f32, [VT_F64] = name##_row_f64                                                           \
    }
row_table cpu_activation_rows = {
    [OP_ID_sigmoid] = FLOATS(sigmoid),
    [OP_ID_sigmoid_gradient] = FLOATS(sigmoid_gradient),
    [OP_ID_tanh] = FLOATS(tanh),
    [OP_ID_tanh_gradient] = FLOATS(tanh_gradient),
    [OP_ID_relu] = FLOATS(relu),
    [OP_ID_relu_gradient] = FLOATS(relu_gradient),
    [OP_ID_add_relu] = FLOATS(add_relu),
    [OP_ID_add_relu_gradient] = FLOATS(add_relu_gradient),
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
    return run_table(call, cpu_activation_rows);
}

static bool gelu(const kernel_call *call)
{
    return run_table(call, ((const gelu_attributes *)call->attributes)->tanh ? approximated : cpu_activation_rows);
}

#define KERNEL(name)                                                                                                   \
    {                                                                                                                  \
        &op_##name, ROW_KERNEL(activation)                                                                             \
    }
const kernel_row cpu_activation_kernels[] = {
    KERNEL(sigmoid),
    KERNEL(sigmoid_gradient),
    KERNEL(tanh),
    KERNEL(tanh_gradient),
    KERNEL(relu),
    KERNEL(relu_gradient),
    KERNEL(add_relu),
    KERNEL(add_relu_gradient),
    KERNEL(leaky_relu),
    KERNEL(silu),
    KERNEL(silu_gradient),
    KERNEL(softplus),
    { &op_gelu, ROW_KERNEL(gelu) },
    { &op_gelu_gradient, ROW_KERNEL(gelu) },
    { 0 },
};
