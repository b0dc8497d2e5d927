/* test_elementwise.c - what the samples of tests/cases cannot say of ops on each element: NaN and infinities, ties,
 * integers that wrap, random masks, arrays large enough for several threads. */
#include "tested_device.h"
#include "left_behind.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <vitro/vitro.h>

static const struct setting {
    const char *device; /* NULL: the tested one */
    vt_dtype dtype;
} settings[] = { { "reference", VT_F64 }, { NULL, VT_F64 }, { NULL, VT_F32 } };
enum { SETTINGS = sizeof settings / sizeof *settings, MAX_COUNT = 8 };

static bool is_computed(int i)
{
    return settings[i].device || settings[i].dtype != VT_F64 || device_computes_f64();
}

static void use(int i)
{
    vt_set_device(settings[i].device ? settings[i].device : tested_device());
    vt_set_precision(settings[i].dtype);
    vt_set_training(true);
    vt_seed(11);
}

TestSuite(elementwise, .fini = expect_nothing_left);

static bool same(double a, double b)
{
    return a == b ? !signbit(a) == !signbit(b) : isnan(a) && isnan(b);
}

static void expect_values(int line, const char *what, vt_tensor y, const double *want, int64_t count)
{
    double got[MAX_COUNT];
    cr_assert(vt_read(y, got, MAX_COUNT, VT_F64), "line %d: %s", line, vt_error_message());
    cr_assert(vt_count(y) == count, "line %d: %s has %lld elements", line, what, (long long)vt_count(y));
    for (int64_t i = 0; i < count; i++)
        cr_assert(same(got[i], want[i]), "line %d: element %lld of %s on %s is %g, not %g", line, (long long)i, what,
                  vt_device(), got[i], want[i]);
}

#define LENGTH(...) (int64_t)(sizeof((double[]){ __VA_ARGS__ }) / sizeof(double))
/* Exactly these values, the sign of 0 included. */
#define EXPECT(y, ...) expect_values(__LINE__, #y, y, (double[]){ __VA_ARGS__ }, LENGTH(__VA_ARGS__))
#define VECTOR(...)                                                                                                    \
    vt_cast(vt_from_data(((double[]){ __VA_ARGS__ }), VT_SHAPE(LENGTH(__VA_ARGS__)), VT_F64), vt_precision())
#define INTEGERS(dtype, ...)                                                                                           \
    vt_cast(vt_from_data(((int64_t[]){ __VA_ARGS__ }), VT_SHAPE(LENGTH(__VA_ARGS__)), VT_I64), dtype)
#define FOR_EACH_SETTING                                                                                               \
    for (int setting = 0; setting < SETTINGS; setting++)                                                               \
        if (is_computed(setting))

static vt_tensor gradient(vt_tensor y, vt_tensor x)
{
    vt_tensor g;
    vt_gradients(y, VT_INERT, &x, 1, &g);
    return g;
}

/* -- IEEE 754 ------------------------------------------------------------------------------------------------------ */

Test(elementwise, arithmetic_on_infinities)
{
    FOR_EACH_SETTING
    {
        use(setting);
        VT_SCOPE;
        EXPECT(vt_div(VECTOR(1, -1, 0, 1), VECTOR(0, 0, 0, -INFINITY)), INFINITY, -INFINITY, NAN, -0.0);
        EXPECT(vt_sub(VECTOR(INFINITY), VECTOR(INFINITY)), NAN);
        EXPECT(vt_reciprocal(VECTOR(0, -0.0, INFINITY)), INFINITY, -INFINITY, 0);
        EXPECT(vt_pow(VECTOR(0, 0, 0, -8, -2), VECTOR(0, 2, -1, 0.5, 3)), 1, 0, INFINITY, NAN, -8);
        EXPECT(vt_pow_scalar(VECTOR(0, -2, NAN), 0), 1, 1, 1);
        EXPECT(vt_pow_scalar(VECTOR(0, -2, INFINITY), -1), INFINITY, -0.5, 0);
        EXPECT(vt_affine(VECTOR(INFINITY, NAN), -2, 1), -INFINITY, NAN);
        EXPECT(vt_neg(VECTOR(0, INFINITY)), -0.0, -INFINITY);
        EXPECT(vt_abs(VECTOR(-0.0, -INFINITY, NAN)), 0, INFINITY, NAN);
    }
}

Test(elementwise, functions_at_their_ends)
{
    FOR_EACH_SETTING
    {
        use(setting);
        VT_SCOPE;
        EXPECT(vt_exp(VECTOR(-INFINITY, INFINITY, NAN, 0)), 0, INFINITY, NAN, 1);
        EXPECT(vt_log(VECTOR(0, -1, INFINITY, NAN, 1)), -INFINITY, NAN, INFINITY, NAN, 0);
        EXPECT(vt_log1p(VECTOR(-1, -2, INFINITY, NAN)), -INFINITY, NAN, INFINITY, NAN);
        EXPECT(vt_sqrt(VECTOR(-1, INFINITY, NAN)), NAN, INFINITY, NAN);
        EXPECT(vt_rsqrt(VECTOR(0, INFINITY, -1)), INFINITY, 0, NAN);
        EXPECT(vt_tanh(VECTOR(-INFINITY, INFINITY, NAN, -0.0)), -1, 1, NAN, -0.0);
        EXPECT(vt_erf(VECTOR(-INFINITY, INFINITY, NAN, -0.0)), -1, 1, NAN, -0.0);
        EXPECT(vt_sigmoid(VECTOR(-INFINITY, INFINITY, NAN, 0)), 0, 1, NAN, 0.5);
        EXPECT(vt_softplus(VECTOR(-INFINITY, INFINITY, NAN)), 0, INFINITY, NAN);
        EXPECT(vt_silu(VECTOR(INFINITY, NAN, 0)), INFINITY, NAN, 0);
        EXPECT(vt_gelu(VECTOR(INFINITY, NAN, 0, 100, -100)), INFINITY, NAN, 0, 100, -0.0);
        EXPECT(vt_gelu(VECTOR(INFINITY, NAN, 0, 100), .tanh = true), INFINITY, NAN, 0, 100);
        EXPECT(vt_relu(VECTOR(-INFINITY, INFINITY, NAN, -0.0)), 0, INFINITY, NAN, 0);
        EXPECT(vt_leaky_relu(VECTOR(-INFINITY, -2, NAN), 0.5), -INFINITY, -1, NAN);
        EXPECT(vt_expm1(VECTOR(-INFINITY, INFINITY, NAN, -0.0)), -1, INFINITY, NAN, -0.0);
        EXPECT(vt_tan(VECTOR(0, -0.0, INFINITY, NAN)), 0, -0.0, NAN, NAN);
        EXPECT(vt_asin(VECTOR(-0.0, 1.5, -1.5, NAN)), -0.0, NAN, NAN, NAN);
        EXPECT(vt_acos(VECTOR(1, 1.5, -1.5, NAN)), 0, NAN, NAN, NAN);
        EXPECT(vt_atan(VECTOR(-0.0, NAN)), -0.0, NAN);
        EXPECT(vt_atan2(VECTOR(0, -0.0, 1, -1, NAN, 1), VECTOR(1, 1, INFINITY, INFINITY, 1, NAN)), 0, -0.0, 0, -0.0,
               NAN, NAN);
        EXPECT(vt_sinh(VECTOR(-INFINITY, INFINITY, -0.0, NAN)), -INFINITY, INFINITY, -0.0, NAN);
        EXPECT(vt_cosh(VECTOR(-INFINITY, INFINITY, 0, NAN)), INFINITY, INFINITY, 1, NAN);
        EXPECT(vt_asinh(VECTOR(-INFINITY, INFINITY, -0.0, NAN)), -INFINITY, INFINITY, -0.0, NAN);
        EXPECT(vt_acosh(VECTOR(1, INFINITY, 0.5, NAN)), 0, INFINITY, NAN, NAN);
        EXPECT(vt_atanh(VECTOR(1, -1, 2, -0.0, NAN)), INFINITY, -INFINITY, NAN, -0.0, NAN);
        EXPECT(vt_relu6(VECTOR(-INFINITY, INFINITY, NAN, -0.0, 6.5)), 0, 6, NAN, 0, 6);
        EXPECT(vt_elu(VECTOR(-INFINITY, INFINITY, NAN, -0.0, 3), 2), -2, INFINITY, NAN, -0.0, 3);
        EXPECT(vt_celu(VECTOR(-INFINITY, INFINITY, NAN, -0.0, 3), 2), -2, INFINITY, NAN, -0.0, 3);
        EXPECT(vt_selu(VECTOR(INFINITY, NAN, 0)), INFINITY, NAN, 0);
        EXPECT(vt_prelu(VECTOR(-INFINITY, INFINITY, NAN, -2, 3), VECTOR(0.5)), -INFINITY, INFINITY, NAN, -1, 3);
        EXPECT(vt_hardsigmoid(VECTOR(-INFINITY, INFINITY, NAN, -3, 0, 3)), 0, 1, NAN, 0, 0.5, 1);
        EXPECT(vt_hardswish(VECTOR(-INFINITY, INFINITY, NAN, -3, -0.0, 3)), 0, INFINITY, NAN, 0, -0.0, 3);
        EXPECT(vt_mish(VECTOR(INFINITY, NAN, 0, -0.0, 100, 1e30)), INFINITY, NAN, 0, -0.0, 100,
               settings[setting].dtype == VT_F64 ? 1e30 : (double)1e30f);
        EXPECT(vt_softsign(VECTOR(NAN, -0.0, 1, -3)), NAN, -0.0, 0.5, -0.75);
        EXPECT(vt_logsigmoid(VECTOR(-INFINITY, INFINITY, NAN, -1000)), -INFINITY, -0.0, NAN, -1000);
        EXPECT(vt_sign(VECTOR(-INFINITY, -0.5, 0, 3, NAN)), -1, -1, 0, 1, NAN);
        EXPECT(vt_round(VECTOR(0.5, 1.5, 2.5, -0.5, -INFINITY)), 0, 2, 2, -0.0, -INFINITY);
        EXPECT(vt_floor(VECTOR(-0.5, INFINITY, NAN)), -1, INFINITY, NAN);
        EXPECT(vt_trunc(VECTOR(-0.5, 1.75, -2.5, -INFINITY, NAN)), -0.0, 1, -2, -INFINITY, NAN);
        EXPECT(vt_ceil(VECTOR(-0.5, INFINITY, NAN)), -0.0, INFINITY, NAN);
    }
}

Test(elementwise, nan_is_kept_and_compares_false)
{
    FOR_EACH_SETTING
    {
        use(setting);
        VT_SCOPE;
        vt_tensor a = VECTOR(NAN, 1, NAN, 1), b = VECTOR(1, NAN, NAN, 1);
        EXPECT(vt_minimum(a, b), NAN, NAN, NAN, 1);
        EXPECT(vt_maximum(a, b), NAN, NAN, NAN, 1);
        EXPECT(vt_clamp(VECTOR(NAN, -INFINITY, INFINITY), -1, 1), NAN, -1, 1);
        EXPECT(vt_clamp(VECTOR(NAN, -INFINITY, INFINITY), -INFINITY, INFINITY), NAN, -INFINITY, INFINITY);
        EXPECT(vt_equal(a, b), 0, 0, 0, 1);
        EXPECT(vt_not_equal(a, b), 1, 1, 1, 0);
        EXPECT(vt_less(a, b), 0, 0, 0, 0);
        EXPECT(vt_less_equal(a, b), 0, 0, 0, 1);
        EXPECT(vt_greater(a, b), 0, 0, 0, 0);
        EXPECT(vt_greater_equal(a, b), 0, 0, 0, 1);
        EXPECT(vt_is_nan(VECTOR(NAN, 0, INFINITY, -NAN)), 1, 0, 0, 1);
    }
}

/* What is not chosen does not come through, be it NaN, and neither does its gradient. */
Test(elementwise, where_hides_what_it_does_not_choose)
{
    FOR_EACH_SETTING
    {
        use(setting);
        VT_SCOPE;
        vt_tensor x = VECTOR(0, 4, -1), positive = vt_greater(x, vt_scalar(0));
        vt_tensor y = vt_where(positive, vt_sqrt(vt_where(positive, x, vt_scalar(1))), vt_scalar(0));
        EXPECT(vt_where(positive, vt_log(x), x), 0,
               log(4) * (settings[setting].dtype == VT_F64) + (double)logf(4) * (settings[setting].dtype == VT_F32),
               -1);
        EXPECT(gradient(y, x), 0, 0.25, 0);
    }
}

/* -- Gradients where the function has a corner --------------------------------------------------------------------- */

Test(elementwise, gradients_at_corners)
{
    FOR_EACH_SETTING
    {
        use(setting);
        VT_SCOPE;
        vt_tensor x = VECTOR(-1, -0.0, 0, 1);
        EXPECT(gradient(vt_abs(x), x), -1, -0.0, 0, 1);
        EXPECT(gradient(vt_relu(x), x), 0, 0, 0, 1);
        EXPECT(gradient(vt_leaky_relu(x, 0.5), x), 0.5, 0.5, 0.5, 1);
        vt_tensor smooth_below = VECTOR(-0.0, 0, 1);
        EXPECT(gradient(vt_elu(smooth_below, 2), smooth_below), 2, 2, 1);
        EXPECT(gradient(vt_celu(smooth_below, 2), smooth_below), 1, 1, 1);
        EXPECT(gradient(vt_prelu(x, VECTOR(0.25)), x), 0.25, 0.25, 0.25, 1);
        vt_tensor corners = VECTOR(-3, 0, 3, 6);
        EXPECT(gradient(vt_relu6(corners), corners), 0, 0, 1, 0);
        EXPECT(gradient(vt_hardswish(corners), corners), 0, 0.5, 1, 1);
        EXPECT(gradient(vt_clamp(x, 0, 1), x), 0, 0, 0, 0);
        EXPECT(gradient(vt_clamp(x, -1, 0.5), x), 0, 1, 1, 0);
        EXPECT(gradient(vt_clamp(x, -2, 1), x), 1, 1, 1, 0);
        EXPECT(gradient(vt_clamp(x, 0, INFINITY), x), 0, 0, 0, 1);
        EXPECT(gradient(vt_clamp(x, -INFINITY, -0.5), x), 1, 0, 0, 0);
        EXPECT(gradient(vt_clamp(x, 0, 0), x), 0, 0, 0, 0);
        vt_tensor endless = VECTOR(-INFINITY, INFINITY, NAN);
        EXPECT(gradient(vt_clamp(endless, -INFINITY, INFINITY), endless), 1, 1, 1);
        EXPECT(gradient(vt_clamp(endless, -1, INFINITY), endless), 0, 1, 0);
    }
}

/* Zeros are gradients as others are: a loss that reaches what is trainable through steps alone has some. */
Test(elementwise, steps_have_gradients_of_zero)
{
    vt_tensor (*const steps[])(vt_site, vt_tensor) = { vt_sign_at, vt_floor_at, vt_ceil_at, vt_round_at };
    FOR_EACH_SETTING
    {
        use(setting);
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
            VT_SCOPE;
            vt_tensor x = VECTOR(-1.5, 0, 2.5), w = vt_from_data(((float[]){ -1.5, 0 }), VT_SHAPE(2), VT_F32);
            EXPECT(gradient(steps[i](VT_HERE, x), x), 0, 0, 0);
            vt_set_trainable(w, true);
            vt_backward(vt_sum(steps[i](VT_HERE, w)));
            EXPECT(vt_grad(w), 0, 0);
        }
    }
}

/* Where one side of a function or of its gradient is out of range, the other is what it is. */
Test(elementwise, gradients_far_from_0)
{
    FOR_EACH_SETTING
    {
        use(setting);
        VT_SCOPE;
        vt_tensor x = VECTOR(-1e4, 1e4), weight = VECTOR(0.5);
        EXPECT(gradient(vt_elu(x, 2), x), 0, 1);
        EXPECT(gradient(gradient(vt_elu(x, 2), x), x), 0, 0);
        EXPECT(gradient(vt_celu(x, 2), x), 0, 1);
        EXPECT(vt_abs(gradient(vt_mish(x), x)), 0, 1);
        EXPECT(vt_abs(gradient(gradient(vt_mish(x), x), x)), 0, 0);
        EXPECT(gradient(vt_logsigmoid(x), x), 1, 0);
        EXPECT(gradient(vt_hardswish(x), x), 0, 1);
        EXPECT(gradient(vt_hardsigmoid(x), x), 0, 0);
        EXPECT(gradient(vt_prelu(x, weight), weight), -1e4);
        vt_tensor infinite = VECTOR(INFINITY, -2);
        EXPECT(gradient(vt_prelu(infinite, weight), weight), -2);
        vt_tensor tiny = VECTOR(0x1p-100), huge = VECTOR(0x1p100);
        EXPECT(gradient(vt_atan2(tiny, VECTOR(0x1p-100)), tiny), 0x1p99);
        EXPECT(gradient(vt_atan2(huge, VECTOR(0x1p100)), huge), 0x1p-101);
    }
}

/* The derivative of what is smooth at 0 does not know on which side of it an element lies. */
Test(elementwise, gradients_at_zeros_of_both_signs)
{
    FOR_EACH_SETTING
    {
        use(setting);
        VT_SCOPE;
        vt_tensor x = VECTOR(-0.0, 0);
        EXPECT(gradient(vt_gelu(x), x), 0.5, 0.5);
        EXPECT(gradient(vt_gelu(x, .tanh = true), x), 0.5, 0.5);
        EXPECT(gradient(vt_silu(x), x), 0.5, 0.5);
        EXPECT(gradient(vt_softplus(x), x), 0.5, 0.5);
        EXPECT(gradient(vt_sigmoid(x), x), 0.25, 0.25);
        EXPECT(gradient(vt_tanh(x), x), 1, 1);
        EXPECT(gradient(vt_sin(x), x), 1, 1);
        EXPECT(gradient(vt_exp(x), x), 1, 1);
        EXPECT(gradient(vt_log1p(x), x), 1, 1);
    }
}

Test(elementwise, ties_share_the_gradient)
{
    FOR_EACH_SETTING
    {
        use(setting);
        VT_SCOPE;
        vt_tensor a = VECTOR(1, 2, 3), b = VECTOR(2, 2, 2);
        EXPECT(gradient(vt_maximum(a, b), a), 0, 0.5, 1);
        EXPECT(gradient(vt_maximum(a, b), b), 1, 0.5, 0);
        EXPECT(gradient(vt_minimum(a, b), a), 1, 0.5, 0);
        EXPECT(gradient(vt_minimum(a, b), b), 0, 0.5, 1);
        EXPECT(gradient(vt_maximum(a, a), a), 1, 1, 1);
    }
}

Test(elementwise, gradient_of_pow_at_0)
{
    FOR_EACH_SETTING
    {
        use(setting);
        VT_SCOPE;
        vt_tensor a = VECTOR(0, 0, 0, 0, 2), b = VECTOR(0, 1, 2, 0.5, 0), y = vt_pow(a, b);
        EXPECT(gradient(y, a), 0, 1, 0, INFINITY, 0);
        EXPECT(gradient(gradient(y, a), a), 0, 0, 2, -INFINITY, -0.0);
        vt_tensor of_b = gradient(y, b);
        EXPECT(vt_less(vt_abs(vt_sub(of_b, VECTOR(0, 0, 0, 0, log(2)))), vt_scalar(1e-6)), 1, 1, 1, 1, 1);
        vt_tensor x = VECTOR(0, 2);
        EXPECT(gradient(vt_pow_scalar(x, 0), x), 0, 0);
        EXPECT(gradient(vt_pow_scalar(x, 1), x), 1, 1);
        EXPECT(gradient(gradient(vt_pow_scalar(x, 2), x), x), 2, 2);
        EXPECT(gradient(gradient(gradient(vt_pow_scalar(x, 2), x), x), x), 0, 0);
    }
}

Test(elementwise, cast_passes_gradients_between_floats)
{
    FOR_EACH_SETTING
    {
        use(setting);
        VT_SCOPE;
        vt_tensor x = VECTOR(1, -2), single = vt_cast(x, VT_F32), twice = vt_cast(vt_square(single), VT_F64);
        vt_tensor g = gradient(twice, x);
        cr_assert(vt_dtype_of(g) == settings[setting].dtype);
        EXPECT(g, 2, -4);
        EXPECT(gradient(vt_mul(vt_floor(x), x), x), 1, -2);
    }
}

/* -- Integers ------------------------------------------------------------------------------------------------------ */

Test(elementwise, integers_wrap)
{
    FOR_EACH_SETTING
    {
        use(setting);
        VT_SCOPE;
        vt_tensor low = INTEGERS(VT_I32, INT32_MIN), high = INTEGERS(VT_I32, INT32_MAX), one = INTEGERS(VT_I32, 1);
        EXPECT(vt_add(high, one), INT32_MIN);
        EXPECT(vt_sub(low, one), INT32_MAX);
        EXPECT(vt_mul(high, high), 1);
        EXPECT(vt_neg(low), INT32_MIN);
        EXPECT(vt_abs(INTEGERS(VT_I32, INT32_MIN, -3, 3)), INT32_MIN, 3, 3);
        EXPECT(vt_add(INTEGERS(VT_U8, 200, 255), INTEGERS(VT_U8, 100, 1)), 44, 0);
        EXPECT(vt_sub(INTEGERS(VT_U8, 0, 3), INTEGERS(VT_U8, 1, 5)), 255, 254);
        EXPECT(vt_mul(INTEGERS(VT_U8, 255, 16), INTEGERS(VT_U8, 255, 16)), 1, 0);
        EXPECT(vt_neg(INTEGERS(VT_U8, 0, 1, 128)), 0, 255, 128);
        EXPECT(vt_abs(INTEGERS(VT_U8, 0, 200)), 0, 200);
    }
}

Test(elementwise, whole_division_of_integers)
{
    FOR_EACH_SETTING
    {
        use(setting);
        VT_SCOPE;
        for (int i = 0; i < 2; i++) {
            vt_dtype dtype = i ? VT_I64 : VT_I32;
            vt_tensor a = INTEGERS(dtype, 7, 7, -7, -7, 6, -6, 7, 0), b = INTEGERS(dtype, 3, -3, 3, -3, 3, 3, 0, 0);
            EXPECT(vt_floor_divide(a, b), 2, -3, -3, 2, 2, -2, 0, 0);
            EXPECT(vt_trunc_divide(a, b), 2, -2, -2, 2, 2, -2, 0, 0);
            EXPECT(vt_remainder(a, b), 1, -2, 2, -1, 0, 0, 0, 0);
            EXPECT(vt_fmod(a, b), 1, 1, -1, -1, 0, 0, 0, 0);
        }
        vt_tensor least = INTEGERS(VT_I32, INT32_MIN), minus_1 = INTEGERS(VT_I32, -1);
        EXPECT(vt_floor_divide(least, minus_1), INT32_MIN);
        EXPECT(vt_trunc_divide(least, minus_1), INT32_MIN);
        EXPECT(vt_remainder(least, minus_1), 0);
        EXPECT(vt_fmod(least, minus_1), 0);
        EXPECT(vt_floor_divide(INTEGERS(VT_U8, 255, 254, 3), INTEGERS(VT_U8, 2, 255, 0)), 127, 0, 0);
        EXPECT(vt_remainder(INTEGERS(VT_U8, 255, 254, 3), INTEGERS(VT_U8, 2, 255, 0)), 1, 254, 0);
    }
}

Test(elementwise, whole_division_of_floats)
{
    FOR_EACH_SETTING
    {
        use(setting);
        VT_SCOPE;
        vt_tensor a = VECTOR(7, 7, -7, -7, 6, -6, 0.5, -0.5), b = VECTOR(3, -3, 3, -3, -3, 3, 2, 2);
        EXPECT(vt_floor_divide(a, b), 2, -3, -3, 2, -2, -2, 0, -1);
        EXPECT(vt_trunc_divide(a, b), 2, -2, -2, 2, -2, -2, 0, -0.0);
        EXPECT(vt_remainder(a, b), 1, -2, 2, -1, -0.0, 0, 0.5, 1.5);
        EXPECT(vt_fmod(a, b), 1, 1, -1, -1, 0, -0.0, 0.5, -0.5);
        a = VECTOR(1, -1, 0, 1, -1, INFINITY, NAN, 1);
        b = VECTOR(0, 0, 0, INFINITY, INFINITY, 2, 1, NAN);
        EXPECT(vt_floor_divide(a, b), INFINITY, -INFINITY, NAN, 0, -1, NAN, NAN, NAN);
        EXPECT(vt_trunc_divide(a, b), INFINITY, -INFINITY, NAN, 0, -0.0, NAN, NAN, NAN);
        EXPECT(vt_remainder(a, b), NAN, NAN, NAN, 1, INFINITY, NAN, NAN, NAN);
        EXPECT(vt_fmod(a, b), NAN, NAN, NAN, 1, -1, NAN, NAN, NAN);
        /* The quotient rounds up to 10 where it is less. */
        EXPECT(vt_floor_divide(VECTOR(1), VECTOR(settings[setting].dtype == VT_F64 ? 0.1 : (double)0.1f)), 9);
    }
}

Test(elementwise, bits)
{
    FOR_EACH_SETTING
    {
        use(setting);
        VT_SCOPE;
        EXPECT(vt_bitwise_and(INTEGERS(VT_I32, 12, -1, -8), INTEGERS(VT_I32, 10, 255, 12)), 8, 255, 8);
        EXPECT(vt_bitwise_or(INTEGERS(VT_U8, 12, 128), INTEGERS(VT_U8, 10, 1)), 14, 129);
        EXPECT(vt_bitwise_xor(INTEGERS(VT_BOOL, 0, 0, 1, 1), INTEGERS(VT_BOOL, 0, 1, 0, 1)), 0, 1, 1, 0);
        EXPECT(vt_bitwise_not(INTEGERS(VT_I64, 0, -1, 5)), -1, 0, -6);
        EXPECT(vt_bitwise_not(INTEGERS(VT_U8, 0, 255, 5)), 255, 0, 250);
        EXPECT(vt_bitwise_not(INTEGERS(VT_BOOL, 0, 1)), 1, 0);
        vt_tensor places = INTEGERS(VT_I32, 0, 1, 30, 31, 32, 100, -1);
        EXPECT(vt_bitwise_left_shift(INTEGERS(VT_I32, 3), places), 3, 6, -0x40000000, INT32_MIN, 0, 0, 0);
        EXPECT(vt_bitwise_right_shift(INTEGERS(VT_I32, -5), places), -5, -3, -1, -1, -1, -1, -1);
        EXPECT(vt_bitwise_right_shift(INTEGERS(VT_I32, 5), places), 5, 2, 0, 0, 0, 0, 0);
        EXPECT(vt_bitwise_left_shift(INTEGERS(VT_U8, 255), INTEGERS(VT_U8, 1, 8, 255)), 254, 0, 0);
        EXPECT(vt_bitwise_right_shift(INTEGERS(VT_U8, 255), INTEGERS(VT_U8, 1, 8, 255)), 127, 0, 0);
    }
}

/* f64 holds only 53 bits of them, so that this is of the CPU alone. */
Test(elementwise, long_integers)
{
    use(1);
    VT_SCOPE;
    int64_t big = INT64_C(1) << 62, got[3];
    vt_tensor x = INTEGERS(VT_I64, big + 1, INT64_MAX, INT64_MIN);
    cr_assert(vt_read(vt_add(x, INTEGERS(VT_I64, 1)), got, 3, VT_I64));
    cr_assert(got[0] == big + 2 && got[1] == INT64_MIN && got[2] == INT64_MIN + 1);
    cr_assert(vt_read(vt_sub(x, INTEGERS(VT_I64, 1)), got, 3, VT_I64));
    cr_assert(got[0] == big && got[1] == INT64_MAX - 1 && got[2] == INT64_MAX);
    cr_assert(vt_read(vt_mul(x, INTEGERS(VT_I64, 2)), got, 3, VT_I64));
    cr_assert(got[0] == INT64_MIN + 2 && got[1] == -2 && got[2] == 0);
    cr_assert(vt_read(vt_maximum(x, INTEGERS(VT_I64, big)), got, 3, VT_I64));
    cr_assert(got[0] == big + 1 && got[1] == INT64_MAX && got[2] == big);
    cr_assert(vt_read(vt_abs(x), got, 3, VT_I64) && got[2] == INT64_MIN);
    cr_assert(vt_read(vt_floor_divide(x, INTEGERS(VT_I64, -1, 2, 2)), got, 3, VT_I64));
    cr_assert(got[0] == -big - 1 && got[1] == INT64_MAX / 2 && got[2] == INT64_MIN / 2);
    cr_assert(vt_read(vt_remainder(x, INTEGERS(VT_I64, 10, -10, -1)), got, 3, VT_I64));
    cr_assert(got[0] == (big + 1) % 10 && got[1] == INT64_MAX % 10 - 10 && got[2] == 0);
    cr_assert(vt_read(vt_floor_divide(x, INTEGERS(VT_I64, -1)), got, 3, VT_I64) && got[2] == INT64_MIN);
    cr_assert(vt_read(vt_bitwise_left_shift(INTEGERS(VT_I64, 1), INTEGERS(VT_I64, 62, 63, 64)), got, 3, VT_I64));
    cr_assert(got[0] == big && got[1] == INT64_MIN && got[2] == 0);
    EXPECT(vt_less(INTEGERS(VT_I64, big), INTEGERS(VT_I64, big + 1, big, big - 1)), 1, 0, 0);
    cr_assert(vt_read(vt_cast(vt_cast(x, VT_I32), VT_I64), got, 3, VT_I64));
    cr_assert(got[0] == INT32_MAX && got[1] == INT32_MAX && got[2] == INT32_MIN);
}

Test(elementwise, integers_beyond_f64_are_constants)
{
    use(1);
    VT_SCOPE;
    int64_t got[2], odd = (INT64_C(1) << 62) + 1;
    cr_assert(vt_read(vt_integer(odd), got, 1, VT_I64) && got[0] == odd);
    cr_assert(vt_read(vt_add(INTEGERS(VT_I64, odd, -odd), vt_integer(2)), got, 2, VT_I64));
    cr_assert(got[0] == odd + 2 && got[1] == 2 - odd);
    cr_assert(vt_read(vt_mul(INTEGERS(VT_I64, 3), vt_integer(-odd / 3)), got, 1, VT_I64) && got[0] == -odd / 3 * 3);
}

Test(elementwise, cast_saturates)
{
    FOR_EACH_SETTING
    {
        use(setting);
        VT_SCOPE;
        vt_tensor x = VECTOR(NAN, INFINITY, -INFINITY, 3e9, -3e9, -0.9, 255.9, 2.5);
        EXPECT(vt_cast(x, VT_I32), 0, INT32_MAX, INT32_MIN, INT32_MAX, INT32_MIN, 0, 255, 2);
        EXPECT(vt_cast(x, VT_I64), 0, 0x1p63, -0x1p63, 3e9, -3e9, 0, 255, 2);
        EXPECT(vt_cast(x, VT_U8), 0, 255, 0, 255, 0, 0, 255, 2);
        EXPECT(vt_cast(x, VT_BOOL), 1, 1, 1, 1, 1, 1, 1, 1);
        EXPECT(vt_cast(VECTOR(0, -0.0, 1e-30), VT_BOOL), 0, 0, 1);
        EXPECT(vt_cast(VECTOR(1e300 * (settings[setting].dtype == VT_F64)), VT_F32),
               settings[setting].dtype == VT_F64 ? INFINITY : 0);
        EXPECT(vt_cast(INTEGERS(VT_I32, -1, 256, 7), VT_U8), 0, 255, 7);
        EXPECT(vt_cast(INTEGERS(VT_I64, INT64_MIN, INT64_MAX, 7), VT_I32), INT32_MIN, INT32_MAX, 7);
        cr_assert(vt_cast(x, vt_precision()).id == x.id, "a cast to x's own dtype is x");
    }
}

/* -- Random masks -------------------------------------------------------------------------------------------------- */

enum { MASKED = 100003 }; /* several threads, and a last block that is not full */

static double *read_all(vt_tensor x)
{
    double *values = malloc((size_t)(vt_count(x) + 1) * sizeof *values);
    cr_assert(values && vt_read(x, values, vt_count(x), VT_F64), "%s", vt_error_message());
    return values;
}

Test(elementwise, dropout_keeps_one_minus_p)
{
    use(2);
    VT_SCOPE;
    double *y = read_all(vt_dropout(vt_ones(VT_SHAPE(MASKED)), 0.3)), kept = 0;
    for (int i = 0; i < MASKED; i++) {
        cr_assert(y[i] == 0 || fabs(y[i] - 1 / 0.7) < 1e-6);
        kept += y[i] != 0;
    }
    free(y);
    /* five standard deviations */
    cr_assert(fabs(kept / MASKED - 0.7) < 5 * sqrt(0.3 * 0.7 / MASKED), "%g are kept", kept / MASKED);
}

Test(elementwise, masks_and_draws_are_the_same_everywhere)
{
    double *first[6] = { 0 };
    FOR_EACH_SETTING
    {
        use(setting);
        VT_SCOPE;
        vt_shape shape = VT_SHAPE(MASKED);
        vt_tensor draws[] = {
            vt_greater(vt_dropout(vt_ones(shape), 0.3), vt_scalar(0)),
            vt_greater(vt_drop_path(vt_ones(shape), 0.3), vt_scalar(0)),
            vt_bernoulli(shape, 0.3),
            vt_uniform(shape, .low = -0.3, .high = 0.1, .dtype = VT_F32),
            vt_normal(shape, .mean = 0.3, .std = 1.7, .dtype = VT_F64),
            vt_truncated_normal(shape, .std = 0.02, .dtype = VT_F64),
        };
        for (int k = 0; k < 6; k++) {
            double *values = read_all(draws[k]);
            for (int i = 0; setting > 0 && i < MASKED; i++)
                cr_assert(values[i] == first[k][i], "draw %d, element %d is %g, not %g", k, i, values[i], first[k][i]);
            if (setting == 0)
                first[k] = values;
            else
                free(values);
        }
    }
    for (int k = 0; k < 6; k++) free(first[k]);
}

Test(elementwise, the_gradient_has_the_mask_of_the_result)
{
    FOR_EACH_SETTING
    {
        use(setting);
        VT_SCOPE;
        vt_tensor x = vt_ones(VT_SHAPE(500, 7)), y = vt_dropout(x, 0.5), path = vt_drop_path(x, 0.5);
        vt_tensor other = vt_dropout(x, 0.5);
        cr_assert(vt_item(vt_sum(vt_abs(vt_sub(gradient(y, x), y)))) == 0);
        cr_assert(vt_item(vt_sum(vt_abs(vt_sub(gradient(path, x), path)))) == 0);
        cr_assert(vt_item(vt_sum(vt_abs(vt_sub(other, y)))) > 0, "every dropout has a mask of its own");
    }
}

Test(elementwise, drop_path_drops_whole_samples)
{
    FOR_EACH_SETTING
    {
        use(setting);
        VT_SCOPE;
        vt_tensor x = vt_full(VT_SHAPE(200, 3, 5), NAN);
        double *y = read_all(vt_drop_path(x, 0.25));
        int kept = 0;
        for (int sample = 0; sample < 200; sample++) {
            bool keep = isnan(y[sample * 15]);
            kept += keep;
            for (int i = 0; i < 15; i++) cr_assert(keep ? isnan(y[sample * 15 + i]) : y[sample * 15 + i] == 0);
        }
        free(y);
        cr_assert(kept > 120 && kept < 180, "%d of 200 are kept", kept);
    }
}

Test(elementwise, masks_act_in_training_only)
{
    use(2);
    VT_SCOPE;
    vt_tensor x = vt_ones(VT_SHAPE(3));
    vt_random_state before = vt_random_get();
    cr_assert(vt_dropout(x, 0).id == x.id && vt_drop_path(x, 0).id == x.id);
    vt_set_training(false);
    cr_assert(vt_dropout(x, 0.5).id == x.id && vt_drop_path(x, 0.5).id == x.id);
    cr_assert(vt_random_get().stream == before.stream, "what draws nothing takes no stream");
    cr_assert(!vt_dropout(x, 1.5).id && vt_failed(), "p is checked all the same");
    vt_error_clear();
}

/* -- Arrays for several threads, of every layout ------------------------------------------------------------------- */

static double value_at(int64_t i)
{
    return (double)(i % 1021) - 510;
}

static vt_tensor counting(vt_shape shape)
{
    int64_t count = vt_shape_count(shape);
    float *data = malloc((size_t)(count + 1) * sizeof *data);
    cr_assert(data);
    for (int64_t i = 0; i < count; i++) data[i] = (float)value_at(i);
    vt_tensor x = vt_from_data(data, shape, VT_F32);
    free(data);
    return x;
}

/* y[i, j, k] = x[i, j, k] + 1000 b[i or 0, j or 0, k or 0] */
static void expect_sum(vt_shape x_shape, vt_shape b_shape)
{
    VT_SCOPE;
    int64_t n1 = x_shape.dim[1], n2 = x_shape.dim[2];
    double *y = read_all(vt_add(counting(x_shape), vt_scale(counting(b_shape), 1000)));
    for (int64_t e = 0; e < vt_shape_count(x_shape); e++) {
        int64_t i = e / (n1 * n2) % b_shape.dim[0], j = e / n2 % n1 % b_shape.dim[1], k = e % n2 % b_shape.dim[2];
        double want = value_at(e) + 1000 * value_at((i * b_shape.dim[1] + j) * b_shape.dim[2] + k);
        cr_assert(y[e] == want, "element %lld is %g, not %g", (long long)e, y[e], want);
    }
    free(y);
}

Test(elementwise, large_broadcasts)
{
    use(2);
    const vt_shape shapes[] = { VT_SHAPE(3, 5, 20011), VT_SHAPE(20011, 5, 3), VT_SHAPE(7, 9001, 5) };
    for (int s = 0; s < 3; s++)
        for (int bits = 0; bits < 8; bits++) {
            vt_shape b = shapes[s];
            for (int axis = 0; axis < 3; axis++)
                if (bits >> axis & 1) b.dim[axis] = 1;
            expect_sum(shapes[s], b);
        }
}

Test(elementwise, large_permuted)
{
    use(2);
    VT_SCOPE;
    const int64_t n0 = 13, n1 = 301, n2 = 17;
    vt_tensor x = counting(VT_SHAPE(n0, n1, n2));
    vt_tensor y = vt_sub(vt_permute(vt_neg(x), VT_AXES(2, 0, 1)), vt_permute(x, VT_AXES(2, 0, 1)));
    double *values = read_all(y);
    for (int64_t i = 0; i < n2; i++)
        for (int64_t j = 0; j < n0; j++)
            for (int64_t k = 0; k < n1; k++)
                cr_assert(values[(i * n0 + j) * n1 + k] == -2 * value_at((j * n1 + k) * n2 + i));
    free(values);
}

Test(elementwise, large_choice)
{
    use(2);
    VT_SCOPE;
    vt_shape shape = VT_SHAPE(3, 20011);
    vt_tensor x = counting(shape), zero = vt_scalar(0);
    double *values = read_all(vt_where(vt_less(x, zero), zero, x));
    for (int64_t i = 0; i < vt_shape_count(shape); i++) cr_assert(values[i] == fmax(value_at(i), 0));
    free(values);
}

/* -- Sequences ----------------------------------------------------------------------------------------------------- */

Test(elementwise, sequences)
{
    FOR_EACH_SETTING
    {
        use(setting);
        VT_SCOPE;
        EXPECT(vt_arange(0, 5), 0, 1, 2, 3, 4);
        EXPECT(vt_arange(5, 0, .step = -2), 5, 3, 1);
        EXPECT(vt_arange(-1, 1, .step = 0.5), -1, -0.5, 0, 0.5);
        EXPECT(vt_linspace(-1, 1, 5), -1, -0.5, 0, 0.5, 1);
        EXPECT(vt_linspace(3, 9, 1), 3);
        EXPECT(vt_eye(2, .columns = 3), 1, 0, 0, 0, 1, 0);
        /* 0.1 + 2 * 0.3 is not 0.7 */
        double end = settings[setting].dtype == VT_F32 ? (double)0.7f : 0.7;
        EXPECT(vt_greater_equal(vt_linspace(0.1, 0.7, 3), vt_full(VT_SCALAR, end)), 0, 0, 1);
        EXPECT(vt_less_equal(vt_linspace(0.1, 0.7, 3), vt_full(VT_SCALAR, end)), 1, 1, 1);
    }
}
