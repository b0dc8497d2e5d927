/* elementwise.c - reference kernels of ops on each element. */
#include "backends/reference/reference.h"
#include "core/philox.h"
#include "ops/division.h"
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

static uint64_t magnitude(uint64_t x)
{
    return (int64_t)x < 0 ? -x : x;
}

/* Of floating-point numbers, from the remainder, which is exact: where a is q b + r, (a - r) / b is q but for a
 * rounding. */
static double modulo(double a, double b)
{
    double r = fmod(a, b);
    if (r != 0 && signbit(r) != signbit(b)) r += b;
    return r == 0 ? copysign(0, b) : r;
}

static double floored(double a, double b)
{
    if (b == 0 || isinf(a)) return b == 0 ? a / b : NAN;
    if (isinf(b)) return a != 0 && signbit(a) != signbit(b) ? -1 : copysign(0, a / b);
    return copysign(rint((a - modulo(a, b)) / b), a / b);
}

static double truncated(double a, double b)
{
    return b == 0 ? a / b : copysign(rint((a - fmod(a, b)) / b), a / b);
}

/* -- What pointwise.def lists -------------------------------------------------------------------------------------- */

/* Integers, by the kernel's expression in two's complement. */
#define F(function) function
#define INTEGERS_FLOATS(name, kernel)
#define INTEGERS_OF(name, type, kernel)                                                                                \
    static double name##_of_integers(double x, double y, vt_dtype dtype)                                               \
    {                                                                                                                  \
        type a = (type)(int64_t)x, b = (type)(int64_t)y;                                                               \
        (void)b;                                                                                                       \
        return wrapped((uint64_t)(kernel), dtype);                                                                     \
    }
#define INTEGERS_NUMBERS(name, kernel)                    INTEGERS_OF(name, uint64_t, kernel)
#define INTEGERS_SIGNED_NUMBERS(name, kernel)             INTEGERS_OF(name, int64_t, kernel)
#define POINTWISE_OP(name, inputs, words, dtypes, kernel) INTEGERS_##dtypes(name, kernel)
#define INTEGER_OP(name, dtypes, kernel)                  INTEGERS_OF(name, int64_t, kernel)
#include "ops/pointwise.def"

#define RESULT_FLOATS(name, expression) (expression)
#define RESULT_NUMBERS(name, expression)                                                                               \
    (vt_dtype_is_float(c->out_dtype[0]) ? (expression) : name##_of_integers(a, b, c->out_dtype[0]))
#define RESULT_SIGNED_NUMBERS(name, expression) RESULT_NUMBERS(name, expression)
#define RESULT_INTEGERS(name, expression)       name##_of_integers(a, b, c->out_dtype[0])

#define EACH_ELEMENT(name, dtypes, words, second, expression)                                                          \
    void reference_##name(const reference_call *c)                                                                     \
    {                                                                                                                  \
        const double *option = c->attributes;                                                                          \
        double p = (words) > 0 ? option[0] : 0, q = (words) > 1 ? option[1] : 0;                                       \
        int64_t count = vt_shape_count(c->out_shape[0]);                                                               \
        for (int64_t i = 0; i < count; i++) {                                                                          \
            double a = element(c, 0, i), b = second;                                                                   \
            (void)b, (void)p, (void)q;                                                                                 \
            c->out[0][i] = RESULT_##dtypes(name, expression);                                                          \
        }                                                                                                              \
    }
#define UNARY_OP(name, dtypes, reference, kernel)       EACH_ELEMENT(name, dtypes, 0, 0, reference)
#define STEP_OP(name, reference, kernel)                EACH_ELEMENT(name, FLOATS, 0, 0, reference)
#define OPTION_OP(name, words, reference, kernel)       EACH_ELEMENT(name, FLOATS, words, 0, reference)
#define BINARY_OP(name, dtypes, reference, kernel)      EACH_ELEMENT(name, dtypes, 0, element(c, 1, i), reference)
#define BINARY_STEP_OP(name, dtypes, reference, kernel) EACH_ELEMENT(name, dtypes, 0, element(c, 1, i), reference)
#define INTEGER_OP(name, dtypes, kernel)                EACH_ELEMENT(name, INTEGERS, 0, element(c, 1, i), 0)
#include "ops/pointwise.def"

/* -- Others -------------------------------------------------------------------------------------------------------- */

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

UNARY(cast, x) /* storing the result converts it */
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
