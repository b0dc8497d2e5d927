/* gelu.h - GELU and its derivative, exact and by tanh, of an element: for kernels of the op, and for those that end
 * with it. */
#ifndef VITRO_BACKENDS_CPU_ELEMENTWISE_GELU_H
#define VITRO_BACKENDS_CPU_ELEMENTWISE_GELU_H

#include "backends/cpu/vector/vector_math.h"
#include "ops/elementwise.h"

#define INVERSE_ROOT_2PI 0.39894228040143267794 /* 1 / √(2π) */

/* x Φ(x) = max(x, 0) - |x| Φ(-|x|): relative in the lower tail too, and no choice between two results. */
static inline float gelu_f32(float x)
{
    float a = magnitude_f32(x), t = a > TAIL_END_F32 ? 0 : a, above = x < -0.0f ? -0.0f : x;
    return above - t * bell_f32(t) * mills_f32(t);
}

/* Φ(x) + x φ(x): what it lacks of 1 for x > 0, it is for -x. Both parts go by the sign bit, which -0 has. */
static inline float gelu_gradient_f32(float x)
{
    float a = magnitude_f32(x), t = a > TAIL_END_F32 ? TAIL_END_F32 : a;
    float lack = bell_f32(t) * (mills_f32(t) - (float)INVERSE_ROOT_2PI * t);
    return one_where_positive_f32(x) - times_sign_f32(lack, x);
}

static inline double gelu_f64(double x)
{
    return x * 0.5 * erfc(-M_SQRT1_2 * x);
}

static inline double gelu_gradient_f64(double x)
{
    return 0.5 * erfc(-M_SQRT1_2 * x) + x * exp(-0.5 * x * x) * INVERSE_ROOT_2PI;
}

/* By tanh; (1 + tanh u) / 2 is sigmoid(2u). */
#define GELU_TANH(real, type)                                                                                          \
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

GELU_TANH(float, f32)
GELU_TANH(double, f64)
#undef GELU_TANH

#endif
