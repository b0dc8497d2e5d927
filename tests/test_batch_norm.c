/* test_batch_norm.c - the kernels of batch norm on the CPU, called as a plan calls them: with operands stored as bf16,
 * on any number of threads, and where statistics are hard to take. What they compute is in cases/normalization.c. */
#include "backends/cpu/backend.h"
#include "core/base/bf16.h"
#include "ops/list.h"
#include "ops/normalization.h"
#include "numbers.h"
#include <vitro/vitro.h>
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_INPUTS = 7, MAX_OUTPUTS = 4 };

/* A call of an op; `scales` has a bit for each input and output that has a number a channel. The mean, of which there
 * are two, is the first of those that a norm makes, and the first of those that its gradient takes. Inputs behind the
 * last are absent. */
typedef struct subject {
    const op *op;
    int inputs, outputs;
    uint32_t in_scales, out_scales;
    int in_mean, out_mean;
} subject;
enum { NONE = -1 };

static const subject subjects[] = {
    { &op_batch_norm, 3, 3, 0x6, 0x6, NONE, 1 },
    { &op_batch_norm_relu, 3, 3, 0x6, 0x6, NONE, 1 },
    { &op_batch_norm_add_relu, 4, 3, 0xc, 0x6, NONE, 1 },
    { &op_batch_norm_tracking, 6, 3, 0x1e, 0x6, NONE, 1 },
    { &op_batch_norm_gradient, 5, 3, 0x1c, 0x6, 2, NONE },
    { &op_batch_norm_relu_gradient, 6, 3, 0x3c, 0x6, 2, NONE },
    { &op_batch_norm_add_relu_gradient, 7, 4, 0x2c, 0xc, 2, NONE },
};
enum { SUBJECTS = sizeof subjects / sizeof *subjects };
static const subject *const forward_norm = &subjects[0], *const gradient_of_norm = &subjects[4];

static void *memory(int64_t count, vt_dtype dtype)
{
    void *m = calloc((size_t)count + 1, vt_dtype_size(dtype));
    cr_assert(m);
    return m;
}

/* Values that bf16 holds, between 1/2 and 3/2 where they are of channels, and between -1 and 1. */
static void fill(array *a, bool scales, int number)
{
    uint64_t state = (uint64_t)number + 1;
    for (int64_t i = 0; i < vt_shape_count(a->shape); i++) {
        float x = (float)next_f32(&state);
        array_set(a, i, (double)bf16_to_f32(bf16_of_f32(scales ? x + 0.5f : 2 * x - 1)));
    }
}

typedef struct arrays {
    array in[MAX_INPUTS], out[MAX_OUTPUTS];
} arrays;

static arrays arrays_new(const subject *s, vt_shape shape, uint32_t in_bf16, uint32_t out_bf16)
{
    arrays a = { 0 };
    vt_shape channels = VT_SHAPE(shape.dim[1]), mean = VT_SHAPE(2, shape.dim[1]);
    for (int i = 0; i < s->inputs; i++) {
        bool scales = s->in_scales >> i & 1;
        vt_shape own = i == s->in_mean ? mean : scales ? channels : shape;
        vt_dtype dtype = in_bf16 >> i & 1 ? VT_BF16 : VT_F32;
        a.in[i] = array_channels_last(memory(vt_shape_count(own), dtype), dtype, own);
        fill(&a.in[i], scales, i);
        for (int64_t k = shape.dim[1]; i == s->in_mean && k < 2 * shape.dim[1]; k++)
            array_set(&a.in[i], k, array_get(&a.in[i], k) * 0x1p-8);
    }
    for (int i = 0; i < s->outputs; i++) {
        vt_shape own = i == s->out_mean ? mean : s->out_scales >> i & 1 ? channels : shape;
        vt_dtype dtype = out_bf16 >> i & 1 ? VT_BF16 : VT_F32;
        a.out[i] = array_channels_last(memory(vt_shape_count(own), dtype), dtype, own);
    }
    return a;
}

static void arrays_free(arrays *a)
{
    for (int i = 0; i < MAX_INPUTS; i++) free(a->in[i].data);
    for (int i = 0; i < MAX_OUTPUTS; i++) free(a->out[i].data);
}

static void call_kernel(const subject *s, arrays *a)
{
    const kernel *k = cpu_backend.kernel_of(s->op);
    batch_norm_tracking_attributes attributes = { .norm.eps = 1e-5, .running = { .momentum = 0.1, .correction = 1 } };
    kernel_call call = {
        .op = s->op, .attributes = &attributes, .inputs = s->inputs, .outputs = s->outputs, .in = a->in, .out = a->out
    };
    preparation p = { 0 };
    cr_assert(k->prepare(&call, &p));
    call.scratch = aligned_alloc(64, (p.scratch + 63) / 64 * 64);
    cr_assert(call.scratch && k->run(&call));
    free(call.scratch);
}

/* How far results may be from those of operands in f32 alone, relative to 1 or more: by their own rounding, and where
 * the gradient of a shortcut is rounded, by that too, since it is summed as it is stored. */
static double limit_of(const subject *s, vt_shape shape, int output, uint32_t out_bf16)
{
    double terms = (double)(vt_shape_count(shape) / shape.dim[1]);
    bool rounded_sums = s->op == &op_batch_norm_add_relu_gradient && out_bf16 & 2;
    return (out_bf16 >> output & 1 ? 0x1p-8 : 0) + (rounded_sums ? 0x1p-8 * sqrt(terms) : 0);
}

/* Every combination of operands stored as bf16, whose inputs are the same numbers. */
static void test_storage(const subject *s, vt_shape shape)
{
    const kernel *k = cpu_backend.kernel_of(s->op);
    arrays want = arrays_new(s, shape, 0, 0);
    call_kernel(s, &want);
    for (uint32_t stored = 0; stored < 1u << (s->inputs + s->outputs); stored++) {
        uint32_t in_bf16 = stored & ((1u << s->inputs) - 1), out_bf16 = stored >> s->inputs;
        if ((in_bf16 & ~k->bf16_in) || (out_bf16 & ~k->bf16_out)) continue;
        arrays got = arrays_new(s, shape, in_bf16, out_bf16);
        call_kernel(s, &got);
        for (int o = 0; o < s->outputs; o++) {
            double limit = limit_of(s, shape, o, out_bf16);
            for (int64_t i = 0; i < vt_shape_count(got.out[o].shape); i++) {
                double x = array_get(&got.out[o], i), y = array_get(&want.out[o], i);
                cr_assert(fabs(x - y) <= limit * fmax(1, fabs(y)),
                          "%s, stored %#x: output %d, element %lld: %g, not %g", s->op->name, stored, o, (long long)i,
                          x, y);
            }
        }
        arrays_free(&got);
    }
    arrays_free(&want);
}

Test(batch_norm, stored_as_bf16)
{
    for (int i = 0; i < SUBJECTS; i++) {
        test_storage(&subjects[i], VT_SHAPE(3, 5, 6, 7));
        test_storage(&subjects[i], VT_SHAPE(5, 300, 3, 3));
    }
}

/* Also of those that it overwrites. */
static void expect_same_inputs(const subject *s, const arrays *got, const arrays *want)
{
    for (int i = 0; i < s->inputs; i++) {
        size_t bytes = (size_t)vt_shape_count(got->in[i].shape) * sizeof(float);
        cr_assert(memcmp(got->in[i].data, want->in[i].data, bytes) == 0, "%s, input %d", s->op->name, i);
    }
}

Test(batch_norm, same_bits_on_any_number_of_threads)
{
    for (int i = 0; i < SUBJECTS; i++) {
        const subject *s = &subjects[i];
        vt_shape shape = VT_SHAPE(5, 48, 23, 29);
        vt_set_threads(1);
        arrays want = arrays_new(s, shape, 0, 0);
        call_kernel(s, &want);
        for (int threads = 2; threads <= 5; threads++) {
            vt_set_threads(threads);
            arrays got = arrays_new(s, shape, 0, 0);
            call_kernel(s, &got);
            for (int o = 0; o < s->outputs; o++) {
                size_t bytes = (size_t)vt_shape_count(got.out[o].shape) * sizeof(float);
                cr_assert(memcmp(got.out[o].data, want.out[o].data, bytes) == 0, "%s, output %d, %d threads",
                          s->op->name, o, threads);
            }
            expect_same_inputs(s, &got, &want);
            arrays_free(&got);
        }
        arrays_free(&want);
    }
}

/* Batch norm, and the running statistics by themselves. */
Test(batch_norm, moves_running_statistics_as_their_own_kernel_does)
{
    const subject tracking = { &op_batch_norm_tracking, 3, 3, 0x6, 0x6, NONE, 1 };
    vt_shape shape = VT_SHAPE(5, 48, 7, 3);
    arrays fused = arrays_new(&tracking, shape, 0, 0), apart = arrays_new(&tracking, shape, 0, 0);
    running_statistics_attributes a = { .momentum = 0.1, .correction = 1 };
    call_kernel(&tracking, &fused);
    array moved[RUNNING_INPUTS] = { apart.in[TRACKING_RUNNING_MEAN], apart.in[TRACKING_RUNNING_VAR],
                                    fused.out[NORM_MEAN], fused.out[NORM_VAR] };
    kernel_call call = { .op = &op_running_statistics, .attributes = &a, .inputs = RUNNING_INPUTS, .in = moved };
    cr_assert(cpu_backend.kernel_of(&op_running_statistics)->run(&call));
    expect_same_inputs(&tracking, &fused, &apart);
    arrays_free(&fused);
    arrays_free(&apart);
}

/* The variance of x + center, in f64 and by definition. */
static double variance_of(const array *x, int64_t channel, double *mean)
{
    int64_t channels = x->shape.dim[1], count = vt_shape_count(x->shape);
    double sum = 0, square = 0, n = (double)(count / channels);
    for (int64_t i = channel; i < count; i += channels) sum += array_get(x, i);
    *mean = sum / n;
    for (int64_t i = channel; i < count; i += channels) square += pow(array_get(x, i) - *mean, 2);
    return square / n;
}

/* Relative to 1 or more. */
static void expect_near(const char *what, int64_t channel, double got, double want)
{
    cr_assert(fabs(got - want) <= 1e-5 * fmax(1, fabs(want)), "channel %lld: %s is %.9g, not %.9g", (long long)channel,
              what, got, want);
}

/* y = (x - mean) rstd weight + bias, in f64 and by definition, and what comes of it on the way back. */
static void expect_normalized(const arrays *forward, const arrays *back, int64_t channel)
{
    int64_t channels = forward->in[0].shape.dim[1], count = vt_shape_count(forward->in[0].shape);
    double mean, var = variance_of(&forward->in[0], channel, &mean), rstd = 1 / sqrt(var + 1e-5);
    double weight = array_get(&forward->in[1], channel), bias = array_get(&forward->in[2], channel);
    double n = (double)(count / channels), g_sum = 0, gx_sum = 0;
    for (int64_t i = channel; i < count; i += channels) {
        double x = (array_get(&forward->in[0], i) - mean) * rstd, g = array_get(&back->in[0], i);
        g_sum += g;
        gx_sum += g * x;
        expect_near("y", channel, array_get(&forward->out[0], i), x * weight + bias);
    }
    expect_near("dweight / n", channel, array_get(&back->out[1], channel) / n, gx_sum / n);
    for (int64_t i = channel; i < count; i += channels) {
        double x = (array_get(&forward->in[0], i) - mean) * rstd, g = array_get(&back->in[0], i);
        double dx = (g - g_sum / n - x * gx_sum / n) * weight;
        expect_near("dx / rstd", channel, array_get(&back->out[0], i) / rstd, dx);
    }
}

/* Means that are far larger than deviations, and channels that begin far from their mean, on which sums of squares
 * founder. */
Test(batch_norm, statistics_that_are_hard_to_take)
{
    vt_shape shape = VT_SHAPE(16, 6, 31, 33);
    arrays a = arrays_new(forward_norm, shape, 0, 0), back = arrays_new(gradient_of_norm, shape, 0, 0);
    const double offsets[] = { 0, 1000, -1e5, 3e6, 0, 0 };
    int64_t count = vt_shape_count(shape);
    for (int64_t i = 0; i < count; i++) {
        bool outlier = (i % 6 == 4 && i < 6 * 40) || (i % 6 == 5 && i > count - 6 * 300);
        array_set(&a.in[0], i, array_get(&a.in[0], i) + (outlier ? 1e4 : offsets[i % 6]));
    }
    call_kernel(forward_norm, &a);
    array_copy(&back.in[1], &a.in[0]);
    array_copy(&back.in[2], &a.out[1]);
    array_copy(&back.in[3], &a.out[2]);
    array_copy(&back.in[4], &a.in[1]);
    call_kernel(gradient_of_norm, &back);
    for (int64_t c = 0; c < 6; c++) {
        double mean, var = variance_of(&a.in[0], c, &mean);
        double got_mean = array_get(&a.out[1], c) + array_get(&a.out[1], 6 + c), got_var = array_get(&a.out[2], c);
        cr_assert(fabs(got_mean - mean) <= 1e-7 * sqrt(var), "channel %d: mean %.9g, not %.9g", (int)c, got_mean, mean);
        cr_assert(fabs(got_var / var - 1) < 2e-6, "channel %d: variance %.9g, not %.9g", (int)c, got_var, var);
        expect_normalized(&a, &back, c);
    }
    arrays_free(&a);
    arrays_free(&back);
}
