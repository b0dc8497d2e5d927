/* test_long_runs.c - programs that go on for long: what lazy recording must not let grow. */
#include "sanitized.h"
#include <criterion/criterion.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <vitro/vitro.h>

static void begin(void)
{
    vt_set_device("cpu");
    vt_set_training(true);
    vt_seed(1);
}

/* An assertion would be ignored here. */
static void end(void)
{
    vt_shutdown();
    if (!vt_failed()) return;
    vt_error_print(stderr);
    abort();
}

TestSuite(long_runs, .init = begin, .fini = end, .timeout = 300);

/* Bytes that the program holds, of the C library's memory and of devices'. Sanitizers have an allocator of their own,
 * which counts none of the first. */
static int64_t held_bytes(void)
{
    return (int64_t)mallinfo2().uordblks + vt_statistics_get().reserved_bytes;
}

static void expect_flat(int64_t before, const char *what)
{
    int64_t grown = held_bytes() - before;
    cr_assert(grown < 8192, "%s: %lld bytes more are held", what, (long long)grown);
}

static vt_tensor random_leaf(vt_shape shape)
{
    double data[64];
    int64_t count = vt_shape_count(shape);
    for (int64_t i = 0; i < count; i++) data[i] = sin(3.7 * (double)i + 1);
    float values[64];
    for (int64_t i = 0; i < count; i++) values[i] = (float)data[i];
    return vt_from_data(values, shape, VT_F32);
}

/* sum <- sum + the gradient of a small loss of w */
static void accumulate(vt_tensor w, vt_tensor sum, bool read)
{
    VT_SCOPE;
    vt_tensor loss = vt_mean(vt_square(vt_gelu(vt_matmul(random_leaf(VT_SHAPE(4, 8)), w))));
    if (read) vt_item(loss);
    vt_backward(loss);
    vt_assign(sum, vt_add(sum, vt_grad(w)));
}

Test(long_runs, a_thousand_steps_of_gradient_accumulation_hold_no_more_than_ten)
{
    for (int read = 0; read < 2; read++) {
        VT_SCOPE;
        vt_tensor w = random_leaf(VT_SHAPE(8, 8)), sum = vt_from_data((float[64]){ 0 }, VT_SHAPE(8, 8), VT_F32);
        vt_set_trainable(w, true);
        for (int step = 0; step < 10; step++) accumulate(w, sum, read);
        int64_t before = held_bytes();
        for (int step = 10; step < 1000; step++) accumulate(w, sum, read);
        expect_flat(before, read ? "the loss is read" : "nothing is read");
        float total[64], once[64];
        cr_assert(vt_read(sum, total, 64, VT_F32));
        vt_assign(sum, vt_zeros(VT_SHAPE(8, 8)));
        accumulate(w, sum, read);
        cr_assert(vt_read(sum, once, 64, VT_F32));
        for (int i = 0; i < 64; i++) cr_assert(fabsf(total[i] - 1000 * once[i]) <= 1e-3f * fabsf(total[i]) + 1e-5f);
    }
}

Test(long_runs, a_recording_thousands_of_ops_deep_is_computed_and_differentiated)
{
    VT_SCOPE;
    vt_tensor x = vt_from_data((double[]){ 0.25 }, VT_SHAPE(1), VT_F64), y = x;
    vt_set_trainable(x, true);
    for (int i = 0; i < (SANITIZED ? 1000 : 10000); i++) y = vt_add(vt_mul(y, vt_scalar(0.5, .dtype = VT_F64)), x);
    cr_assert(fabs(vt_item(y) - 0.5) < 1e-12);
    vt_backward(vt_sum(y));
    cr_assert(fabs(vt_item(vt_grad(x)) - 2) < 1e-12);
}

Test(long_runs, a_loop_that_never_reads_anything_holds_no_more_and_computes_its_effects)
{
    VT_SCOPE;
    vt_tensor counter = vt_from_data((float[]){ 0 }, VT_SHAPE(1), VT_F32);
    vt_tensor w = random_leaf(VT_SHAPE(8, 8));
    int64_t before = 0;
    for (int step = 0; step < 1000; step++) {
        VT_SCOPE;
        if (step == 10) before = held_bytes();
        vt_softmax(vt_matmul(w, w), -1);
        vt_assign(counter, vt_add(counter, vt_scalar(1)));
    }
    expect_flat(before, "nothing is read");
    cr_assert(vt_item(counter) == 1000);
}

static void step_of_length(vt_tensor w, int64_t n)
{
    VT_SCOPE;
    vt_tensor x = vt_full(VT_SHAPE(n, 8), 0.5);
    vt_backward(vt_mean(vt_relu(vt_matmul(x, w))));
    vt_assign(w, vt_sub(w, vt_mul(vt_grad(w), vt_scalar(1e-3))));
}

Test(long_runs, shapes_that_change_every_step_hold_no_more_than_the_plans_that_are_kept)
{
    VT_SCOPE;
    vt_tensor w = random_leaf(VT_SHAPE(8, 8));
    vt_set_trainable(w, true);
    int64_t before = 0;
    for (int round = 0; round < 3; round++) {
        if (round == 2) before = held_bytes();
        for (int64_t n = 1; n <= 200; n++) step_of_length(w, n);
    }
    expect_flat(before, "shapes change");
    cr_assert(vt_statistics_get().plan_misses >= 200);
}
