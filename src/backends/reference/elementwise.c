/* elementwise.c - reference kernels of ops on each element. */
#include "backends/reference/reference.h"
#include "core/base/philox.h"
#include "ops/division.h"
#include "ops/elementwise.h"
#include <math.h>

/* Where element i of the result's row-major order is in an input that is broadcast to it. */
static int64_t place_of(const reference_call *c, int input, int64_t i)
{
    return broadcast_index(c->in_shape[input], c->out_shape[0], i);
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
    static int64_t name##_of_integers(int64_t x, int64_t y, vt_dtype dtype)                                            \
    {                                                                                                                  \
        type a = (type)x, b = (type)y;                                                                                 \
        (void)b;                                                                                                       \
        return wrapped((uint64_t)(kernel), dtype);                                                                     \
    }
#define INTEGERS_NUMBERS(name, kernel)                    INTEGERS_OF(name, uint64_t, kernel)
#define INTEGERS_SIGNED_NUMBERS(name, kernel)             INTEGERS_OF(name, int64_t, kernel)
#define POINTWISE_OP(name, inputs, words, dtypes, kernel) INTEGERS_##dtypes(name, kernel)
#define INTEGER_OP(name, dtypes, kernel)                  INTEGERS_OF(name, int64_t, kernel)
#include "ops/pointwise.def"

/* Does nothing where the result is of floating point. */
#define WHOLE_FLOATS(name, second)
#define WHOLE_NUMBERS(name, second)                                                                                    \
    for (int64_t i = 0; c->whole_out[0] && i < count; i++) {                                                           \
        int64_t a = c->whole_in[0][place_of(c, 0, i)], b = 0;                                                          \
        if (second) b = c->whole_in[1][place_of(c, 1, i)];                                                             \
        c->whole_out[0][i] = name##_of_integers(a, b, c->out_dtype[0]);                                                \
    }
#define WHOLE_SIGNED_NUMBERS(name, second) WHOLE_NUMBERS(name, second)
#define WHOLE_INTEGERS(name, second)       WHOLE_NUMBERS(name, second)

#define EACH_ELEMENT(name, dtypes, words, second, expression)                                                          \
    void reference_##name(const reference_call *c)                                                                     \
    {                                                                                                                  \
        const double *option = c->attributes;                                                                          \
        double p = (words) > 0 ? option[0] : 0, q = (words) > 1 ? option[1] : 0;                                       \
        int64_t count = vt_shape_count(c->out_shape[0]);                                                               \
        (void)p, (void)q;                                                                                              \
        for (int64_t i = 0; c->out[0] && i < count; i++) {                                                             \
            double a = c->in[0][place_of(c, 0, i)], b = 0;                                                             \
            if (second) b = c->in[1][place_of(c, 1, i)];                                                               \
            (void)a, (void)b;                                                                                          \
            c->out[0][i] = (expression);                                                                               \
        }                                                                                                              \
        WHOLE_##dtypes(name, second)                                                                                   \
    }
#define UNARY_OP(name, dtypes, reference, kernel)       EACH_ELEMENT(name, dtypes, 0, false, reference)
#define STEP_OP(name, reference, kernel)                EACH_ELEMENT(name, FLOATS, 0, false, reference)
#define OPTION_OP(name, words, reference, kernel)       EACH_ELEMENT(name, FLOATS, words, false, reference)
#define BINARY_OP(name, dtypes, reference, kernel)      EACH_ELEMENT(name, dtypes, 0, true, reference)
#define BINARY_STEP_OP(name, dtypes, reference, kernel) EACH_ELEMENT(name, dtypes, 0, true, reference)
#define INTEGER_OP(name, dtypes, kernel)                EACH_ELEMENT(name, INTEGERS, 0, true, 0)
#include "ops/pointwise.def"

/* -- Comparisons and logic ----------------------------------------------------------------------------------------- */

#define COMPARISON(name, expression)                                                                                   \
    void reference_##name(const reference_call *c)                                                                     \
    {                                                                                                                  \
        int64_t count = vt_shape_count(c->out_shape[0]);                                                               \
        for (int64_t i = 0; i < count; i++) {                                                                          \
            int64_t first = place_of(c, 0, i), second = place_of(c, 1, i);                                             \
            if (c->in[0]) {                                                                                            \
                double a = c->in[0][first], b = c->in[1][second];                                                      \
                c->whole_out[0][i] = expression;                                                                       \
            } else {                                                                                                   \
                int64_t a = c->whole_in[0][first], b = c->whole_in[1][second];                                         \
                c->whole_out[0][i] = expression;                                                                       \
            }                                                                                                          \
        }                                                                                                              \
    }
COMPARISON(equal, a == b)
COMPARISON(not_equal, a != b)
COMPARISON(less, a < b)
COMPARISON(less_equal, a <= b)
COMPARISON(greater, a > b)
COMPARISON(greater_equal, a >= b)
COMPARISON(logical_and, a != 0 && b != 0)
COMPARISON(logical_or, a != 0 || b != 0)

void reference_logical_not(const reference_call *c)
{
    int64_t count = vt_shape_count(c->out_shape[0]);
    for (int64_t i = 0; i < count; i++) c->whole_out[0][i] = !c->whole_in[0][i];
}

/* -- Others -------------------------------------------------------------------------------------------------------- */

void reference_where(const reference_call *c)
{
    int64_t count = vt_shape_count(c->out_shape[0]);
    for (int64_t i = 0; i < count; i++) {
        int chosen = c->whole_in[0][place_of(c, 0, i)] ? 1 : 2;
        move_element(c, 0, i, chosen, place_of(c, chosen, i));
    }
}

/* From integers to integers, storing the result converts it. */
void reference_cast(const reference_call *c)
{
    int64_t count = vt_shape_count(c->out_shape[0]);
    for (int64_t i = 0; i < count; i++) {
        if (c->whole_in[0] && c->whole_out[0])
            move_element(c, 0, i, 0, i);
        else
            set_element(c, 0, i, c->in[0] ? c->in[0][i] : (double)c->whole_in[0][i]);
    }
}

/* x Φ(x); erfc keeps the digits that 1 + erf loses in the lower tail, and 1 / (1 + e^-2u) those of (1 + tanh(u)) / 2 */
static double gelu(double x, bool with_tanh)
{
    if (with_tanh) return x / (1 + exp(-2 * sqrt(2 / M_PI) * (x + GELU_CUBIC * x * x * x)));
    return 0.5 * x * erfc(-x / sqrt(2));
}

void reference_gelu(const reference_call *c)
{
    const gelu_attributes *a = c->attributes;
    int64_t count = vt_shape_count(c->out_shape[0]);
    for (int64_t i = 0; i < count; i++) c->out[0][i] = gelu(c->in[0][i], a->tanh);
}

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
