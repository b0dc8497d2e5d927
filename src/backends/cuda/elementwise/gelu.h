/* gelu.h - GELU and its derivative, exact: for kernels of the op, and for those that end with it. */
#ifndef VITRO_BACKENDS_CUDA_ELEMENTWISE_GELU_H
#define VITRO_BACKENDS_CUDA_ELEMENTWISE_GELU_H

#include "backends/cuda/machine/device.h"

#define INVERSE_ROOT_2   0.70710678118654752440f /* 1 / √2 */
#define INVERSE_ROOT_2PI 0.39894228040143267794f /* 1 / √(2π) */

/* Φ(x), relative in the lower tail too. */
static __device__ inline float normal_below(float x)
{
    return 0.5f * erfcf(-INVERSE_ROOT_2 * x);
}

static __device__ inline float gelu(float x)
{
    return x * normal_below(x);
}

static __device__ inline float gelu_gradient(float x)
{
    return normal_below(x) + x * INVERSE_ROOT_2PI * expf(-0.5f * x * x);
}

#endif
