/* activation.c - activation functions and their fused gradients. */
#include "backends/cpu/kernels.h"
#include "backends/cpu/rows.h"
#include "backends/cpu/vector_math.h"
#include "ops/elementwise.h"

/* In f32 and f64. Gradients want s' = s (1 - s) of the sigmoid s: from e = e^-|x| it is e / (1 + e)^2, where 1 - s
 * would have lost its digits. Softplus is max(x, 0) + log(1 + e^-|x|); gelu's (1 + tanh u) / 2 is sigmoid(2u). */
#define FORMULAS(real, type)                                                                                           \
    static inline real relu_##type(real x)                                                                             \
    {                                                                                                                  \
        return x <= 0 ? 0 : x; /* NaN stays */                                                                         \
    }                                                                                                                  \
    static inline real softplus_##type(real x)                                                                         \
    {                                                                                                                  \
        return (x > 0 ? x : 0) + log1p_##type(exp_##type(-magnitude_##type(x)));                                       \
    }                                                                                                                  \
    static inline real sigmoid_and_slope_##type(real x, real *slope)                                                   \
    {                                                                                                                  \
        real e = exp_##type(-magnitude_##type(x)), upper = 1 / (1 + e), lower = e * upper;                             \
        *slope = upper * lower;                                                                                        \
        return x < 0 ? lower : upper;                                                                                  \
    }                                                                                                                  \
    static inline real silu_gradient_##type(real x)                                                                    \
    {                                                                                                                  \
        real slope, s = sigmoid_and_slope_##type(x, &slope);                                                           \
        return s + x * slope;                                                                                          \
    }                                                                                                                  \
    static inline real gelu_##type(real x)                                                                             \
    {                                                                                                                  \
        return x * normal_cdf_##type(x, bell_##type(x));                                                               \
    }                                                                                                                  \
    static inline real gelu_gradient_##type(real x)                                                                    \
    {                                                                                                                  \
        real bell = bell_##type(x);                                                                                    \
        return normal_cdf_##type(x, bell) + x * bell * (real)0.39894228040143267794; /* 1 / √(2π) */                \
    }                                                                                                                  \
    static inline real gelu_tanh_##type(real x)                                                                        \
    {                                                                                                                  \
        return x * sigmoid_##type(2 * (real)GELU_SCALE * x * (1 + (real)GELU_CUBIC * x * x));                          \
    }                                                                                                                  \
    static inline real gelu_tanh_gradient_##type(real x)                                                               \
    {                                                                                                                  \
        real inner = 2 * (real)GELU_SCALE * x * (1 + (real)GELU_CUBIC * x * x);                                        \
        real inner_slope = 2 * (real)GELU_SCALE * (1 + 3 * (real)GELU_CUBIC * x * x);                                  \
        real slope, s = sigmoid_and_slope_##type(inner, &slope);                                                       \
        return s + x * slope * inner_slope;                                                                            \
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
    BINARY_ROW(silu_gradient_row_##type, real, real, a *silu_gradient_##type(b))                                       \
    BINARY_ROW(gelu_gradient_row_##type, real, real, a *gelu_gradient_##type(b))                                       \
    BINARY_ROW(gelu_tanh_gradient_row_##type, real, real, a *gelu_tanh_gradient_##type(b))
ROWS(float, f32)
ROWS(double, f64)

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
