/* functions.h - the functions of pointwise.def, and kernels that run them. */
#ifndef VITRO_BACKENDS_CUDA_ELEMENTWISE_FUNCTIONS_H
#define VITRO_BACKENDS_CUDA_ELEMENTWISE_FUNCTIONS_H

#include "backends/cuda/elementwise/elementwise.h"
#include "ops/division.h"

/* -- What kernels' expressions are written in: F(exp)(a) ----------------------------------------------------------- */

#define F(function) function##_of

#define LIBRARY_FUNCTION(name)                                                                                         \
    static __device__ inline float name##_of(float x)                                                                  \
    {                                                                                                                  \
        return name##f(x);                                                                                             \
    }
LIBRARY_FUNCTION(exp)
LIBRARY_FUNCTION(log)
LIBRARY_FUNCTION(log1p)
LIBRARY_FUNCTION(expm1)
LIBRARY_FUNCTION(erf)
LIBRARY_FUNCTION(sqrt)
LIBRARY_FUNCTION(rsqrt)
LIBRARY_FUNCTION(floor)
LIBRARY_FUNCTION(ceil)
LIBRARY_FUNCTION(rint)
LIBRARY_FUNCTION(trunc)
LIBRARY_FUNCTION(sin)
LIBRARY_FUNCTION(cos)
LIBRARY_FUNCTION(tan)
LIBRARY_FUNCTION(asin)
LIBRARY_FUNCTION(acos)
LIBRARY_FUNCTION(atan)
LIBRARY_FUNCTION(sinh)
LIBRARY_FUNCTION(cosh)
LIBRARY_FUNCTION(tanh)
LIBRARY_FUNCTION(asinh)
LIBRARY_FUNCTION(acosh)
LIBRARY_FUNCTION(atanh)
#undef LIBRARY_FUNCTION

static __device__ inline float pow_of(float x, float y)
{
    return powf(x, y);
}

static __device__ inline float atan2_of(float y, float x)
{
    return atan2f(y, x);
}

static __device__ inline float magnitude_of(float x)
{
    return fabsf(x);
}

FLOAT_DIVISION(static __device__ inline, float, of, fmodf, rintf, copysignf)

/* Of division.h, of each type of integer. */
#define INTEGER_FUNCTION(name)                                                                                         \
    template <class T> static __device__ inline T name##_of(T a, T b)                                                  \
    {                                                                                                                  \
        return (T)name((int64_t)a, (int64_t)b);                                                                        \
    }
INTEGER_FUNCTION(floor_quotient)
INTEGER_FUNCTION(floor_remainder)
INTEGER_FUNCTION(trunc_quotient)
INTEGER_FUNCTION(trunc_remainder)
INTEGER_FUNCTION(shift_left)
INTEGER_FUNCTION(shift_right)
#undef INTEGER_FUNCTION

/* Of two's complement. */
template <class T> static __device__ inline T magnitude_of(T x)
{
    return x >> (8 * sizeof(T) - 1) && sizeof(T) > 1 ? -x : x;
}

static __device__ inline float sigmoid_of(float x)
{
    return 1 / (1 + expf(-x));
}

/* The sigmoid and its derivative s (1 - s): from e = e^-|x| that is e / (1 + e)^2, where 1 - s would have lost its
 * digits. */
static __device__ inline float sigmoid_and_slope(float x, float *slope)
{
    float e = expf(-fabsf(x)), upper = 1 / (1 + e), lower = e * upper;
    *slope = upper * lower;
    return x < 0 ? lower : upper;
}

static __device__ inline float silu_slope_of(float x)
{
    float slope, s = sigmoid_and_slope(x, &slope);
    return s + x * slope;
}

/* t = tanh(softplus(x)) and its derivative sigmoid(x) (1 - t^2), of e = e^-|x|: as in backends/cpu/vector_math.h. */
static __device__ inline float tanh_softplus_and_slope(float x, float *slope)
{
    float e = expf(-fabsf(x)), upper = 1 + 2 * e, lower = e * (2 + e);
    float per_whole = 1 / (x > 0 ? upper + 2 * e * e : lower + 2);
    *slope = 4 * e * (1 + e) * per_whole * per_whole * (x > 0 ? e : 1);
    return (x > 0 ? upper : lower) * per_whole;
}

static __device__ inline float mish_of(float x)
{
    float slope;
    return x * tanh_softplus_and_slope(x, &slope);
}

static __device__ inline float mish_slope_of(float x)
{
    float slope, t = tanh_softplus_and_slope(x, &slope);
    return t + x * slope;
}

/* -- The functions: exp_formula<float> and so on ------------------------------------------------------------------- */

#define FORMULA(op, inputs, words, expression)                                                                         \
    template <class T> struct op##_formula {                                                                           \
        enum { INPUTS = (inputs), WORDS = (words) };                                                                   \
        typedef T First, Rest, Out;                                                                                    \
        float p, q;                                                                                                    \
        __device__ inline T operator()(T a, [[maybe_unused]] T b, [[maybe_unused]] T c) const                          \
        {                                                                                                              \
            return (T)(expression);                                                                                    \
        }                                                                                                              \
    };
#define POINTWISE_OP(name, inputs, words, dtypes, kernel) FORMULA(name, inputs, words, kernel)
#define INTEGER_OP(name, dtypes, kernel)                  FORMULA(name, 2, 0, kernel)
#include "ops/pointwise.def"

template <class Formula> static Formula formula_of(const kernel_call *call)
{
    Formula f = {};
    const double *words = (const double *)call->attributes;
    if (Formula::WORDS > 0) f.p = (float)words[0];
    if (Formula::WORDS > 1) f.q = (float)words[1];
    return f;
}

/* A formula for vectors. */
template <class Formula> struct each_element {
    enum { INPUTS = Formula::INPUTS, MOST = 8, B = INPUTS > 1 ? 1 : 0, C = INPUTS > 2 ? 2 : 0 };
    Formula formula;
    template <int WIDTH>
    __device__ inline void operator()(const vector<float, WIDTH> (&in)[INPUTS], vector<float, WIDTH> *out) const
    {
#pragma unroll
        for (int k = 0; k < WIDTH; k++) out->at[k] = formula(in[0].at[k], in[B].at[k], in[C].at[k]);
    }
};

/* -- Kernels, by what dtypes they take ----------------------------------------------------------------------------- */

static inline bool is_of_floats(const array *a)
{
    return a->dtype == VT_F32 || a->dtype == VT_BF16;
}

static inline bool takes_floats(const kernel_call *call)
{
    return is_of_floats(&call->in[0]);
}

static inline bool takes_numbers(const kernel_call *call)
{
    return call->in[0].dtype != VT_F64;
}

template <template <class> class Formula> static bool run_of_floats(const kernel_call *call)
{
    return run_floats(call, each_element<Formula<float>>{ formula_of<Formula<float>>(call) });
}

template <template <class> class Formula> static bool run_of_numbers(const kernel_call *call)
{
    switch (call->in[0].dtype) {
    case VT_I32: return run_elements(call, Formula<uint32_t>{});
    case VT_I64: return run_elements(call, Formula<uint64_t>{});
    case VT_U8: return run_elements(call, Formula<uint8_t>{});
    default: return run_of_floats<Formula>(call);
    }
}

template <template <class> class Formula> static bool run_of_integers(const kernel_call *call)
{
    switch (call->in[0].dtype) {
    case VT_I32: return run_elements(call, Formula<int32_t>{});
    case VT_I64: return run_elements(call, Formula<int64_t>{});
    default: return run_elements(call, Formula<uint8_t>{});
    }
}

template <template <class> class Formula> static bool run_of_signed_numbers(const kernel_call *call)
{
    switch (call->in[0].dtype) {
    case VT_I32: return run_elements(call, Formula<int32_t>{});
    case VT_I64: return run_elements(call, Formula<int64_t>{});
    case VT_U8: return run_elements(call, Formula<uint8_t>{});
    default: return run_of_floats<Formula>(call);
    }
}

#endif
