/* gelu.c - kernels of GELU and its gradient. */
#include "backends/cpu/elementwise/gelu.h"
#include "backends/cpu/kernels.h"
#include "backends/cpu/reduction/rows.h"

/* A gradient's a is g, its b the input. */
#define ROWS(real, type)                                                                                               \
    UNARY_ROW(gelu_row_##type, real, real, gelu_##type(a))                                                             \
    UNARY_ROW(gelu_tanh_row_##type, real, real, gelu_tanh_##type(a))                                                   \
    BINARY_ROW(gelu_gradient_row_##type, real, real, a *gelu_gradient_##type(b))                                       \
    BINARY_ROW(gelu_tanh_gradient_row_##type, real, real, a *gelu_tanh_gradient_##type(b))
ROWS(float, f32)
ROWS(double, f64)

#define FLOATS(name)                                                                                                   \
    {                                                                                                                  \
        [VT_F32] = name##_row_f32, [VT_F64] = name##_row_f64                                                           \
    }
static row_table exact = { [OP_ID_gelu] = FLOATS(gelu), [OP_ID_gelu_gradient] = FLOATS(gelu_gradient) };
static row_table by_tanh = { [OP_ID_gelu] = FLOATS(gelu_tanh), [OP_ID_gelu_gradient] = FLOATS(gelu_tanh_gradient) };

static bool gelu(const kernel_call *call)
{
    return run_table(call, ((const gelu_attributes *)call->attributes)->tanh ? by_tanh : exact);
}

const kernel_row cpu_gelu_kernels[] = {
    { &op_gelu, ROW_KERNEL(gelu) },
    { &op_gelu_gradient, ROW_KERNEL(gelu) },
    { 0 },
};
