/* elementwise.c - reference kernels of ops on each element. */
#include "backends/reference/reference.h"
#include "core/philox.h"
#include "ops/elementwise.h"
#include <math.h>

#define UNARY_WITH(name, attributes_type, expression)                                                                  \
    void reference_##name(const reference_call *c)                                                                     \
    {                                                                                                                  \
        const attributes_type *attributes = c->attributes;                                                             \
        int64_t count = vt_shape_count(c->out_shape[0]);                                                               \
        (void)attributes;                                                                                              \
        for (int64_t i = 0; i < count; i++) {                                                                          \
            double x = c->in[0][i];                                                                                    \
            c->out[0][i] = expression;                                                                                 \
        }                                                                                                              \
    }
#define UNARY(name, expression) UNARY_WITH(name, void, expression)

/* Element i of the result's row-major order, of an input that is broadcast to it. */
static double element(const reference_call *c, int input, int64_t i)
{
    return c->in[input][broadcast_index(c->in_shape[input], c->out_shape[0], i)];
}

#define BINARY(name, expression)                                                                                       \
    void reference_##name(const reference_call *c)                                                                     \
    {                                                                                                                  \
        int64_t count = vt_shape_count(c->out_shape[0]);                                                               \
        for (int64_t i = 0; i < count; i++) {                                                                          \
            double a = element(c, 0, i), b = element(c, 1, i);                                                         \
            c->out[0][i] = expression;                                                                                 \
        }                                                                                                              \
    }

/* What is left of an integer that does not fit its dtype. */
static double wrapped(uint64_t value, vt_dtype dtype)
{
    if (dtype == VT_U8) return (uint8_t)value;
    if (dtype == VT_I32) return (int32_t)(uint32_t)value;
    return (double)(int64_t)value;
}

/* `integers` is the same in two's complement, where a and b are uint64_t. */
#define BINARY_WRAPPING(name, expression, integers)                                                                    \
    static double name##_wrapped(double x, double y, vt_dtype dtype)                                                   \
    {                                                                                                                  \
        uint64_t a = (uint64_t)(int64_t)x, b = (uint64_t)(int64_t)y;                                                   \
        return wrapped(integers, dtype);                                                                               \
    }                                                                                                                  \
    BINARY(name, vt_dtype_is_float(c->out_dtype[0]) ? (expression) : name##_wrapped(a, b, c->out_dtype[0]))

BINARY_WRAPPING(add, a + b, a + b)
BINARY_WRAPPING(sub, a - b, a - b)
BINARY_WRAPPING(mul, a *b, a *b)
BINARY(div, a / b)
BINARY(pow, pow(a, b))
BINARY(minimum, isnan(a) || isnan(b) ? NAN : fmin(a, b))
BINARY(maximum, isnan(a) || isnan(b) ? NAN : fmax(a, b))
BINARY(equal, a == b)
BINARY(not_equal, a != b)
BINARY(less, a < b)
BINARY(less_equal, a <= b)
BINARY(greater, a > b)
BINARY(greater_equal, a >= b)
BINARY(logical_and, a != 0 && b != 0)
BINARY(logical_or, a != 0 || b != 0)
UNARY(logical_not, x == 0)

void reference_where(const reference_call *c)
{
    int64_t count = vt_shape_count(c->out_shape[0]);
    for (int64_t i = 0; i < count; i++) c->out[0][i] = element(c, element(c, 0, i) != 0 ? 1 : 2, i);
}

static double negated(double x, vt_dtype dtype)
{
    return vt_dtype_is_float(dtype) ? -x : wrapped(-(uint64_t)(int64_t)x, dtype);
}

UNARY(cast, x) /* storing the result converts it */
UNARY(neg, negated(x, c->out_dtype[0]))
UNARY(abs, signbit(x) ? negated(x, c->out_dtype[0]) : x)
UNARY(reciprocal, 1 / x)
UNARY(square, x *x)
UNARY(sqrt, sqrt(x))
UNARY(rsqrt, 1 / sqrt(x))
UNARY(exp, exp(x))
UNARY(log, log(x))
UNARY(log1p, log1p(x))
UNARY(sin, sin(x))
UNARY(cos, cos(x))
UNARY(erf, erf(x))
UNARY(sign, x > 0 ? 1 : x < 0 ? -1 : x)
UNARY(floor, floor(x))
UNARY(ceil, ceil(x))
UNARY(round, nearbyint(x))
UNARY(sigmoid, 1 / (1 + exp(-x)))
UNARY(tanh, tanh(x))
UNARY(relu, x <= 0 ? 0 : x)
UNARY(silu, x / (1 + exp(-x)))
UNARY(softplus, x > 30 ? x : log1p(exp(x)))
UNARY_WITH(affine, affine_attributes, attributes->scale *x + attributes->shift)
UNARY_WITH(pow_scalar, pow_scalar_attributes, pow(x, attributes->exponent))
UNARY_WITH(clamp, clamp_attributes, x<attributes->low ? attributes->low : x> attributes->high ? attributes->high : x)
UNARY_WITH(leaky_relu, leaky_relu_attributes, x > 0 ? x : attributes->slope * x)

/* x Φ(x); erfc keeps the digits that 1 + erf loses in the lower tail */
static double gelu(double x, bool with_tanh)
{
    if (with_tanh) return 0.5 * x * (1 + tanh(sqrt(2 / M_PI) * (x + GELU_CUBIC * x * x * x)));
    return 0.5 * x * erfc(-x / sqrt(2));
}
UNARY_WITH(gelu, gelu_attributes, gelu(x, attributes->tanh))

/* Keeps each of `samples` runs of `size` elements that draws a number of at least p. */
static void drop(const reference_call *c, int64_t samples, int64_t size)
{
    double p = ((const dropout_attributes *)c->attributes)->p;
    for (int64_t s = 0; s < samples; s++) {
        uint32_t words[4];
        philox_block(c->bound->seed, c->bound->stream, (uint64_t)s / 4, words);
        bool keep = (double)philox_uniform(words[s % 4]) >= p;
        for (int64_t i = s * size; i < (s + 1) * size; i++) c->out[0][i] = keep ? c->in[0][i] / (1 - p) : 0;
    }
}

void reference_dropout(const reference_call *c)
{
    drop(c, vt_shape_count(c->out_shape[0]), 1);
}

void reference_drop_path(const reference_call *c)
{
    vt_shape shape = c->out_shape[0];
    drop(c, shape.dim[0], extent_product(shape, 1, shape.rank));
}
