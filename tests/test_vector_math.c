/* test_vector_math.c - the accuracy of f32 functions on the CPU: every 4099th float there is, NaN, infinities and
 * denormals among them, against libm in f64. */
#include "backends/cpu/vector/vector_math.h"
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <vitro/vitro.h>

enum { STEP = 4099, COUNT = (int)((UINT64_C(1) << 32) / STEP) };

static float float_of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The distance between the floats around y. */
static double ulp(double y)
{
    int exponent;
    if (fabs(y) < FLT_MIN) return 0x1p-149;
    frexp(y, &exponent);
    return ldexp(1, exponent - 24);
}

static bool is_right(float y, double want, double limit)
{
    if (isnan(want)) return isnan(y);
    if (!isfinite((float)want)) return y == (float)want || (isfinite(want) && fabsf(y) >= FLT_MAX);
    return fabs((double)y - want) <= limit * ulp(want) && !signbit(y) == !signbit(want);
}

typedef vt_tensor function(vt_tensor x);
typedef double exact_function(double x);

/* What a step past them might miss. */
static const float ends[] = { 0,       -0.0f,    INFINITY, -INFINITY, NAN,  0x1p-149f, -0x1p-149f,
                              FLT_MIN, -FLT_MIN, FLT_MAX,  -FLT_MAX,  1.0f, -1.0f };
enum { ENDS = sizeof ends / sizeof *ends };

/* Over low <= x <= high, and NaN. */
static void expect_accurate(function *f, exact_function *exact, double low, double high, double limit)
{
    float *x = malloc((COUNT + ENDS) * sizeof *x), *y = malloc((COUNT + ENDS) * sizeof *y);
    int64_t count = 0;
    cr_assert(x && y);
    for (uint32_t i = 0; i < COUNT + ENDS; i++) {
        float value = i < COUNT ? float_of_bits(i * STEP) : ends[i - COUNT];
        if (!(value < low) && !(value > high)) x[count++] = value;
    }
    {
        VT_SCOPE;
        vt_read(f(vt_from_data(x, VT_SHAPE(count), VT_F32)), y, count, VT_F32);
    }
    cr_assert(!vt_failed(), "%s", vt_error_message());
    for (int64_t i = 0; i < count; i++) {
        double want = exact((double)x[i]);
        cr_assert(is_right(y[i], want, limit), "f(%a) is %a, exactly %a: %g ulp, and %g are allowed", (double)x[i],
                  (double)y[i], want, fabs((double)y[i] - want) / ulp(want), limit);
    }
    free(x);
    free(y);
}

#define FUNCTION(name)                                                                                                 \
    static vt_tensor call_##name(vt_tensor x)                                                                          \
    {                                                                                                                  \
        return vt_##name(x);                                                                                           \
    }
FUNCTION(exp)
FUNCTION(log)
FUNCTION(log1p)
FUNCTION(expm1)
FUNCTION(mish)
FUNCTION(logsigmoid)
FUNCTION(sigmoid)
FUNCTION(tanh)
FUNCTION(erf)
FUNCTION(silu)
FUNCTION(softplus)
FUNCTION(gelu)

static double exact_sigmoid(double x)
{
    return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x));
}

static double exact_silu(double x)
{
    return x * exact_sigmoid(x);
}

static double exact_softplus(double x)
{
    return x > 40 ? x : log1p(exp(x));
}

static double exact_mish(double x)
{
    double e = exp(-fabs(x));
    return x > 0 ? x * (1 + 2 * e) / (1 + 2 * e + 2 * e * e) : x * (e * e + 2 * e) / (e * e + 2 * e + 2);
}

static double exact_logsigmoid(double x)
{
    return -exact_softplus(-x);
}

static double exact_gelu(double x)
{
    return 0.5 * x * erfc(-x / sqrt(2));
}

/* The limits hold without fused multiply-add too. */
Test(vector_math, exp)
{
    expect_accurate(call_exp, exp, -INFINITY, INFINITY, 1.1);
}

/* As exp, but for what would be denormal. */
Test(vector_math, exp_below_zero)
{
    for (uint32_t i = 0; i < COUNT + ENDS; i++) {
        float x = i < COUNT ? float_of_bits(i * STEP) : ends[i - COUNT];
        if (x > 1) continue;
        double want = x < -87 ? 0 : exp((double)x);
        cr_assert(is_right(exp_below_zero_f32(x), want, 1.1), "of %a: %a, exactly %a", (double)x,
                  (double)exp_below_zero_f32(x), want);
    }
}

Test(vector_math, log)
{
    expect_accurate(call_log, log, -INFINITY, INFINITY, 1.1);
}

Test(vector_math, log1p)
{
    expect_accurate(call_log1p, log1p, -INFINITY, INFINITY, 1.1);
}

Test(vector_math, expm1)
{
    expect_accurate(call_expm1, expm1, -INFINITY, INFINITY, 2);
}

Test(vector_math, logsigmoid)
{
    expect_accurate(call_logsigmoid, exact_logsigmoid, -INFINITY, INFINITY, 3);
}

/* As silu; -0.0 below. */
Test(vector_math, mish)
{
    expect_accurate(call_mish, exact_mish, -87, INFINITY, 5);
}

Test(vector_math, sigmoid)
{
    expect_accurate(call_sigmoid, exact_sigmoid, -INFINITY, INFINITY, 3);
}

Test(vector_math, tanh)
{
    expect_accurate(call_tanh, tanh, -INFINITY, INFINITY, 2);
}

Test(vector_math, erf)
{
    expect_accurate(call_erf, erf, -INFINITY, INFINITY, 2);
}

Test(vector_math, softplus)
{
    expect_accurate(call_softplus, exact_softplus, -INFINITY, INFINITY, 3);
}

/* Below -87 a denormal factor, which has few digits, is multiplied by x. */
Test(vector_math, silu)
{
    expect_accurate(call_silu, exact_silu, -87, INFINITY, 4);
}

Test(vector_math, gelu_upper)
{
    expect_accurate(call_gelu, exact_gelu, 0, INFINITY, 4);
}

Test(vector_math, gelu_lower_tail)
{
    expect_accurate(call_gelu, exact_gelu, -13, 0, 9);
}
