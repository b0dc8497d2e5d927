/* test_convolution.c - each algorithm of convolutions on the CPU against plain loops in f64, at sizes that samples of
 * ops do not reach, and which code of oneDNN serves the shapes that matter. */
#include "backends/cpu/kernels.h"
#include "backends/cpu/machine/level.h"
#include "backends/cpu/onednn/onednn.h"
#include "sanitized.h"
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PASSES = 3 };
enum algorithm { WINOGRAD, DEPTH_WISE, ONEDNN, IM2COL, ALGORITHMS };
static const char *const algorithm_names[] = { "Winograd", "depth-wise", "oneDNN", "im2col" };
static const char *const pass_names[] = { "forward", "input gradient", "weight gradient" };

/* -- Problems ------------------------------------------------------------------------------------------------------ */

typedef struct shape {
    const char *name;
    int64_t batch, channels, size[2], outputs, kernel[2], stride, padding[2], dilation, groups, more[2]; /* more:
    padding below and right, beside what is on all sides */
} shape;

static convolution problem_of(const shape *s)
{
    convolution p = { .batch = s->batch, .channels = s->channels, .outputs = s->outputs, .groups = s->groups };
    for (int i = 0; i < 2; i++) {
        p.size[i] = s->size[i];
        p.kernel[i] = s->kernel[i];
        p.stride[i] = s->stride;
        p.padding[i] = s->padding[i];
        p.dilation[i] = s->dilation;
        int64_t padded = s->size[i] + 2 * s->padding[i] + s->more[i];
        p.output[i] = (padded - s->dilation * (s->kernel[i] - 1) - 1) / s->stride + 1;
    }
    return p;
}

static convolution square(int64_t batch, int64_t channels, int64_t size, int64_t outputs, int64_t kernel,
                          int64_t stride, int64_t padding)
{
    shape s = { "", batch, channels, { size, size }, outputs, { kernel, kernel }, stride, { padding, padding },
                1,  1,     { 0 } };
    return problem_of(&s);
}

/* Elements of x, weight and y. */
static int64_t x_count(const convolution *p)
{
    return p->batch * p->size[0] * p->size[1] * p->channels;
}

static int64_t weight_count(const convolution *p)
{
    return p->outputs * p->channels / p->groups * p->kernel[0] * p->kernel[1];
}

static int64_t y_count(const convolution *p)
{
    return p->batch * p->output[0] * p->output[1] * p->outputs;
}

/* -- Numbers ------------------------------------------------------------------------------------------------------- */

/* Uniform in [-1, 1), and such that bf16 holds them exactly. */
static double number(int64_t i, uint64_t seed)
{
    uint64_t bits = ((uint64_t)i + seed) * 6364136223846793005u;
    bits ^= bits >> 33;
    return (double)(bits * 1442695040888963407u >> 56) * 0x1p-7 - 1;
}

/* The same numbers in f64, f32 and bf16. */
typedef struct numbers {
    int64_t count;
    double *f64;
    float *f32;
    uint16_t *bf16;
} numbers;

static numbers numbers_new(int64_t count, uint64_t seed)
{
    size_t size = (size_t)count + 1;
    float *f32 = aligned_alloc(64, (size * sizeof *f32 + 63) / 64 * 64); /* as the backend allocates */
    numbers n = { count, malloc(size * sizeof(double)), f32, malloc(size * sizeof(uint16_t)) };
    cr_assert(n.f64 && n.f32 && n.bf16);
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits;
        n.f64[i] = number(i, seed);
        n.f32[i] = (float)n.f64[i];
        memcpy(&bits, &n.f32[i], sizeof bits);
        n.bf16[i] = (uint16_t)(bits >> 16);
    }
    return n;
}

static void numbers_free(numbers n)
{
    free(n.f64);
    free(n.f32);
    free(n.bf16);
}

/* What algorithms write is first all ones, so that nothing they leave out goes unseen. */
static void numbers_spoil(numbers *n)
{
    memset(n->f32, 0xff, (size_t)n->count * sizeof *n->f32);
    memset(n->bf16, 0xff, (size_t)n->count * sizeof *n->bf16);
}

static double as_double(const numbers *n, bool bf16, int64_t i)
{
    uint32_t bits = (uint32_t)n->bf16[i] << 16;
    float widened;
    memcpy(&widened, &bits, sizeof bits);
    return (double)(bf16 ? widened : n->f32[i]);
}

/* -- The definition ------------------------------------------------------------------------------------------------ */

typedef struct tensors {
    numbers x, weight, bias, y;
} tensors;

static tensors tensors_new(const convolution *p)
{
    return (tensors){ numbers_new(x_count(p), 1), numbers_new(weight_count(p), 2), numbers_new(p->outputs, 3),
                      numbers_new(y_count(p), 4) };
}

static void tensors_free(tensors t)
{
    numbers_free(t.x);
    numbers_free(t.weight);
    numbers_free(t.bias);
    numbers_free(t.y);
}

static numbers *result_of(tensors *t, enum convolution_pass pass)
{
    return pass == CONVOLUTION_FORWARD ? &t->y : pass == CONVOLUTION_INPUT_GRADIENT ? &t->x : &t->weight;
}

/* What one pixel of y and one kernel position have to do with each other. */
NOT_SANITIZED static void visit(const convolution *p, enum convolution_pass pass, const tensors *t, double *out,
                                int64_t x_pixel, int64_t y_pixel, int64_t tap)
{
    int64_t channels = p->channels / p->groups, outputs = p->outputs / p->groups, taps = p->kernel[0] * p->kernel[1];
    for (int64_t k = 0; k < p->outputs; k++) {
        for (int64_t c = 0; c < channels; c++) {
            int64_t x = x_pixel * p->channels + k / outputs * channels + c, y = y_pixel * p->outputs + k;
            int64_t weight = (k * channels + c) * taps + tap;
            if (pass == CONVOLUTION_FORWARD)
                out[y] += t->x.f64[x] * t->weight.f64[weight];
            else if (pass == CONVOLUTION_INPUT_GRADIENT)
                out[x] += t->y.f64[y] * t->weight.f64[weight];
            else
                out[weight] += t->y.f64[y] * t->x.f64[x];
        }
    }
}

NOT_SANITIZED static double *define(const convolution *p, enum convolution_pass pass, tensors *t, bool bias)
{
    int64_t count = result_of(t, pass)->count, area = p->output[0] * p->output[1];
    double *out = calloc((size_t)count + 1, sizeof *out);
    cr_assert(out);
    for (int64_t i = 0; bias && i < count; i++) out[i] = t->bias.f64[i % p->outputs];
    for (int64_t y = 0; y < p->batch * area; y++) {
        for (int64_t tap = 0; tap < p->kernel[0] * p->kernel[1]; tap++) {
            int64_t at[2] = { y % area / p->output[1], y % p->output[1] };
            int64_t position[2] = { tap / p->kernel[1], tap % p->kernel[1] };
            bool inside = true;
            for (int i = 0; i < 2; i++) {
                at[i] = at[i] * p->stride[i] + position[i] * p->dilation[i] - p->padding[i];
                inside = inside && at[i] >= 0 && at[i] < p->size[i];
            }
            if (inside) visit(p, pass, t, out, (y / area * p->size[0] + at[0]) * p->size[1] + at[1], y, tap);
        }
    }
    return out;
}

/* The longest sum in an element of the result. */
static int64_t terms(const convolution *p, enum convolution_pass pass)
{
    int64_t taps = p->kernel[0] * p->kernel[1];
    if (pass == CONVOLUTION_WEIGHT_GRADIENT) return p->batch * p->output[0] * p->output[1];
    return (pass == CONVOLUTION_FORWARD ? p->channels : p->outputs) / p->groups * taps;
}

/* -- Algorithms ---------------------------------------------------------------------------------------------------- */

static void *scratch_new(size_t bytes)
{
    void *memory = aligned_alloc(64, bytes / 64 * 64 + 64);
    cr_assert(memory);
    memset(memory, 0xff, bytes);
    return memory;
}

/* False where the algorithm does not serve the problem. */
static bool run(enum algorithm algorithm, const convolution *p, enum convolution_pass pass, int threads,
                const tensors *t, bool bias)
{
    void *x = p->x_bf16 ? (void *)t->x.bf16 : t->x.f32, *y = p->y_bf16 ? (void *)t->y.bf16 : t->y.f32;
    float *weight = t->weight.f32, *with = bias ? t->bias.f32 : NULL;
    void *scratch = NULL;
    bool done = true;
    if (algorithm == WINOGRAD) {
        if (!level_kernels()->winograd_supports(p)) return false;
        scratch = scratch_new(level_kernels()->winograd_scratch(p, pass, threads));
        level_kernels()->winograd_convolve(p, pass, threads, x, weight, with, y, scratch);
    } else if (algorithm == DEPTH_WISE) {
        if (!level_kernels()->depth_wise_supports(p)) return false;
        scratch = scratch_new(level_kernels()->depth_wise_scratch(p, pass, threads));
        level_kernels()->depth_wise_convolve(p, pass, threads, x, weight, with, y, scratch);
    } else if (algorithm == ONEDNN) {
        onednn_plan *plan = onednn_prepare_convolution(p, pass, bias);
        if (!plan) return false;
        scratch = scratch_new(onednn_scratch(plan));
        done = onednn_execute(plan, (void *[]){ x, weight, with, y }, scratch);
        onednn_discard(plan);
    } else {
        scratch = scratch_new(level_kernels()->im2col_scratch_f32(p, pass));
        level_kernels()->im2col_f32(p, pass, x, weight, with, y, scratch);
    }
    free(scratch);
    cr_assert(done, "%s, %s", algorithm_names[algorithm], pass_names[pass]);
    return true;
}

/* Direct algorithms are held to c eps √K scale, Winograd's, whose errors are larger and spread, to a relative norm.
 * What is stored as bf16 is rounded once more. */
static void expect_close(const char *name, enum algorithm algorithm, enum convolution_pass pass, const numbers *got,
                         bool bf16, const double *want, int64_t longest)
{
    double scale = 1, error = 0, norm = 0, rounding = bf16 ? 0x1p-8 : 0;
    for (int64_t i = 0; i < got->count; i++) scale = fmax(scale, fabs(want[i]));
    for (int64_t i = 0; i < got->count; i++) {
        double y = as_double(got, bf16, i), off = fabs(y - want[i]);
        error += off * off;
        norm += want[i] * want[i];
        double limit = 8 * (double)FLT_EPSILON * sqrt((double)longest) * scale + rounding * fabs(want[i]);
        cr_assert(algorithm == WINOGRAD ? isfinite(y) : off <= limit,
                  "%s, %s, %s: element %lld of %lld is %g, it must be %g", name, algorithm_names[algorithm],
                  pass_names[pass], (long long)i, (long long)got->count, y, want[i]);
    }
    if (algorithm == WINOGRAD)
        cr_assert(sqrt(error) <= (1e-5 + rounding) * sqrt(norm), "%s, Winograd, %s: a relative error of %g", name,
                  pass_names[pass], sqrt(error / norm));
}

static void test_algorithms(const char *name, convolution *p, enum convolution_pass pass, int threads)
{
    bool bias = pass == CONVOLUTION_FORWARD;
    tensors t = tensors_new(p);
    double *want = define(p, pass, &t, bias);
    numbers *out = result_of(&t, pass);
    bool result_bf16 = pass == CONVOLUTION_FORWARD ? p->y_bf16 : pass == CONVOLUTION_INPUT_GRADIENT && p->x_bf16;
    for (enum algorithm a = WINOGRAD; a < ALGORITHMS; a++) {
        numbers_spoil(out);
        if (run(a, p, pass, threads, &t, bias)) expect_close(name, a, pass, out, result_bf16, want, terms(p, pass));
    }
    free(want);
    tensors_free(t);
}

static const shape shapes[] = {
    { "whole tiles", 2, 32, { 8, 8 }, 32, { 3, 3 }, 1, { 1, 1 }, 1, 1, { 0 } },
    { "tiles cut at the edges", 3, 17, { 13, 9 }, 33, { 3, 3 }, 1, { 1, 1 }, 1, 1, { 0 } },
    { "no padding", 2, 48, { 7, 6 }, 19, { 3, 3 }, 1, { 0, 0 }, 1, 1, { 0 } },
    { "one row of padding", 2, 16, { 6, 7 }, 16, { 3, 3 }, 1, { 1, 0 }, 1, 1, { 0 } },
    { "padding of 2", 1, 32, { 5, 10 }, 64, { 3, 3 }, 1, { 2, 2 }, 1, 1, { 0 } },
    { "one window", 1, 16, { 3, 3 }, 16, { 3, 3 }, 1, { 0, 0 }, 1, 1, { 0 } },
    { "one pixel", 1, 32, { 1, 1 }, 64, { 3, 3 }, 1, { 1, 1 }, 1, 1, { 0 } },
    { "few channels", 2, 3, { 9, 8 }, 5, { 3, 3 }, 1, { 1, 1 }, 1, 1, { 0 } },
    { "one channel", 2, 1, { 5, 5 }, 1, { 3, 3 }, 1, { 1, 1 }, 1, 1, { 0 } },
    { "more tiles than a chunk", 5, 40, { 37, 30 }, 24, { 3, 3 }, 1, { 1, 1 }, 1, 1, { 0 } },
    { "more weights than tiles", 2, 200, { 5, 4 }, 184, { 3, 3 }, 1, { 1, 1 }, 1, 1, { 0 } },
    { "more tiles than are shared at a time", 200, 192, { 1, 2 }, 192, { 3, 3 }, 1, { 1, 1 }, 1, 1, { 0 } },
    { "stride 2", 2, 16, { 9, 8 }, 32, { 3, 3 }, 2, { 1, 1 }, 1, 1, { 0 } },
    { "dilated", 2, 16, { 9, 8 }, 17, { 3, 3 }, 1, { 2, 2 }, 2, 1, { 0 } },
    { "groups", 2, 32, { 7, 8 }, 64, { 3, 3 }, 1, { 1, 1 }, 1, 2, { 0 } },
    { "groups of many channels", 2, 96, { 13, 9 }, 48, { 3, 3 }, 1, { 1, 2 }, 1, 3, { 0 } },
    { "groups of odd channels", 3, 34, { 6, 7 }, 38, { 3, 3 }, 1, { 0, 1 }, 1, 2, { 0 } },
    { "depth-wise", 2, 64, { 14, 14 }, 64, { 7, 7 }, 1, { 3, 3 }, 1, 64, { 0 } },
    { "depth-wise, channels left over", 3, 70, { 9, 31 }, 70, { 3, 3 }, 1, { 1, 1 }, 1, 70, { 0 } },
    { "depth-wise, fewer channels than a vector", 1, 3, { 8, 17 }, 3, { 5, 5 }, 1, { 2, 2 }, 1, 3, { 0 } },
    { "depth-wise, stride 2", 2, 24, { 9, 20 }, 24, { 3, 3 }, 2, { 1, 1 }, 1, 24, { 0 } },
    { "depth-wise, stride 2, 5 by 5", 2, 17, { 12, 33 }, 17, { 5, 5 }, 2, { 2, 1 }, 1, 17, { 0 } },
    { "depth-wise, stride 3, dilation 2", 2, 9, { 17, 16 }, 9, { 4, 3 }, 3, { 3, 3 }, 2, 9, { 0 } },
    { "depth-wise, dilated", 2, 20, { 11, 12 }, 20, { 3, 3 }, 1, { 2, 2 }, 2, 20, { 0 } },
    { "depth-wise, a stride beyond the kernel", 2, 16, { 13, 11 }, 16, { 2, 2 }, 5, { 0, 1 }, 1, 16, { 0 } },
    { "depth-wise, padding beyond the kernel", 2, 16, { 5, 6 }, 16, { 2, 3 }, 1, { 4, 3 }, 1, 16, { 0 } },
    { "depth-wise, padding below and right", 2, 24, { 7, 7 }, 24, { 3, 3 }, 1, { 0, 0 }, 1, 24, { 2, 1 } },
    { "depth-wise, an oblong kernel", 2, 33, { 8, 9 }, 33, { 1, 7 }, 1, { 0, 3 }, 1, 33, { 0 } },
    { "depth-wise, one pixel", 1, 8, { 1, 1 }, 8, { 3, 3 }, 1, { 1, 1 }, 1, 8, { 0 } },
    { "depth-wise, many images", 37, 8, { 4, 5 }, 8, { 3, 3 }, 1, { 1, 1 }, 1, 8, { 0 } },
    { "depth-wise, two outputs a channel", 2, 6, { 7, 7 }, 12, { 3, 3 }, 1, { 1, 1 }, 1, 6, { 0 } },
    { "pointwise", 3, 33, { 5, 7 }, 18, { 1, 1 }, 1, { 0, 0 }, 1, 1, { 0 } },
    { "pointwise of stride 2", 3, 33, { 5, 7 }, 18, { 1, 1 }, 2, { 0, 0 }, 1, 1, { 0 } },
    { "pointwise in groups", 3, 32, { 5, 7 }, 16, { 1, 1 }, 1, { 0, 0 }, 1, 4, { 0 } },
    { "patches", 2, 3, { 16, 17 }, 24, { 4, 4 }, 4, { 0, 0 }, 1, 1, { 0 } },
    { "a long sum for each weight", 2, 16, { 68, 68 }, 16, { 3, 3 }, 1, { 1, 1 }, 1, 1, { 0 } },
    { "an oblong kernel", 2, 5, { 8, 9 }, 7, { 2, 5 }, 1, { 1, 2 }, 1, 1, { 0 } },
    { "more padding below and right", 2, 32, { 8, 7 }, 32, { 3, 3 }, 1, { 1, 0 }, 1, 1, { 1, 2 } },
    { "padding behind beyond the kernel", 2, 17, { 6, 7 }, 33, { 3, 3 }, 1, { 0, 0 }, 1, 1, { 5, 4 } },
    { "pointwise, padded right", 2, 16, { 5, 7 }, 18, { 1, 1 }, 1, { 0, 0 }, 1, 1, { 0, 1 } },
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

Test(convolution, algorithms)
{
    for (int i = 0; i < SHAPES; i++) {
        convolution p = problem_of(&shapes[i]);
        for (int pass = 0; pass < PASSES; pass++)
            test_algorithms(shapes[i].name, &p, (enum convolution_pass)pass, i % 3 + 1);
    }
}

Test(convolution, images_in_bf16)
{
    for (int i = 0; i < SHAPES * 3; i++) {
        convolution p = problem_of(&shapes[i / 3]);
        p.x_bf16 = i % 3 != 1;
        p.y_bf16 = i % 3 != 0;
        for (int pass = 0; pass < PASSES; pass++)
            test_algorithms(shapes[i / 3].name, &p, (enum convolution_pass)pass, 2);
    }
}

/* -- Depth-wise ---------------------------------------------------------------------------------------------------- */

/* The sum of y over images and pixels. */
static double *define_bias_gradient(const convolution *p, const tensors *t)
{
    double *out = calloc((size_t)p->outputs, sizeof *out);
    cr_assert(out);
    for (int64_t i = 0; i < t->y.count; i++) out[i % p->outputs] += t->y.f64[i];
    return out;
}

static void test_gradients_together(const char *name, const convolution *p, int threads, bool bias)
{
    tensors t = tensors_new(p);
    numbers dx = numbers_new(x_count(p), 0), dweight = numbers_new(weight_count(p), 0);
    numbers dbias = numbers_new(p->outputs, 0);
    double *want_x = define(p, CONVOLUTION_INPUT_GRADIENT, &t, false), *want_bias = define_bias_gradient(p, &t);
    double *want_weight = define(p, CONVOLUTION_WEIGHT_GRADIENT, &t, false);
    void *scratch = scratch_new(level_kernels()->depth_wise_gradients_scratch(p, threads));
    numbers_spoil(&dx), numbers_spoil(&dweight), numbers_spoil(&dbias);
    level_kernels()->depth_wise_gradients(p, threads, t.y.f32, t.x.f32, t.weight.f32, dx.f32, dweight.f32,
                                          bias ? dbias.f32 : NULL, scratch);
    expect_close(name, DEPTH_WISE, CONVOLUTION_INPUT_GRADIENT, &dx, false, want_x,
                 terms(p, CONVOLUTION_INPUT_GRADIENT));
    expect_close(name, DEPTH_WISE, CONVOLUTION_WEIGHT_GRADIENT, &dweight, false, want_weight,
                 terms(p, CONVOLUTION_WEIGHT_GRADIENT));
    if (bias)
        expect_close(name, DEPTH_WISE, CONVOLUTION_WEIGHT_GRADIENT, &dbias, false, want_bias,
                     terms(p, CONVOLUTION_WEIGHT_GRADIENT));
    free(scratch), free(want_x), free(want_weight), free(want_bias);
    numbers_free(dx), numbers_free(dweight), numbers_free(dbias);
    tensors_free(t);
}

Test(convolution, gradients_together)
{
    for (int i = 0; i < SHAPES; i++) {
        convolution p = problem_of(&shapes[i]);
        if (level_kernels()->depth_wise_supports(&p)) test_gradients_together(shapes[i].name, &p, i % 3 + 1, i % 4 > 0);
    }
}

/* Results of more than the caches hold are written past them. */
Test(convolution, large_depth_wise_results)
{
    convolution p = square(1, 64, 368, 64, 1, 1, 0);
    p.groups = 64;
    tensors t = tensors_new(&p);
    for (int pass = CONVOLUTION_FORWARD; pass <= CONVOLUTION_INPUT_GRADIENT; pass++) {
        double *want = define(&p, (enum convolution_pass)pass, &t, pass == CONVOLUTION_FORWARD);
        numbers *out = result_of(&t, (enum convolution_pass)pass);
        numbers_spoil(out);
        cr_assert(run(DEPTH_WISE, &p, (enum convolution_pass)pass, 1, &t, pass == CONVOLUTION_FORWARD));
        expect_close("large", DEPTH_WISE, (enum convolution_pass)pass, out, false, want, 1);
        free(want);
        numbers_free(*out);
        *out = numbers_new(out->count, 4);
    }
    tensors_free(t);
}

/* -- What libraries get wrong -------------------------------------------------------------------------------------- */

/* What an implementation of oneDNN gets wrong. */
Test(convolution, one_column_of_windows_of_one_channel)
{
    convolution p = { .batch = 2, .channels = 1, .outputs = 7, .groups = 1, .size = { 11, 1 }, .kernel = { 2, 3 } };
    p.output[0] = 12, p.output[1] = 1;
    p.stride[0] = 1, p.stride[1] = 2;
    for (int axis = 0; axis < 2; axis++) p.padding[axis] = p.dilation[axis] = 1;
    for (int pass = 0; pass < PASSES; pass++)
        test_algorithms("one column of one channel", &p, (enum convolution_pass)pass, 2);
}

/* As of one window, it is larger than what anything may count to. */
Test(convolution, a_stride_beyond_x)
{
    convolution p = { .batch = 3, .channels = 4, .outputs = 3, .groups = 1, .size = { 1, 2 }, .kernel = { 1, 2 } };
    for (int axis = 0; axis < 2; axis++) p.output[axis] = p.stride[axis] = p.dilation[axis] = 1;
    p.stride[1] = INT32_MAX - 1;
    for (int pass = 0; pass < PASSES; pass++) test_algorithms("a stride beyond x", &p, (enum convolution_pass)pass, 2);
}

/* f64, which has im2col alone. */
Test(convolution, f64)
{
    for (int i = 0; i < SHAPES * PASSES; i++) {
        enum convolution_pass pass = (enum convolution_pass)(i % PASSES);
        convolution p = problem_of(&shapes[i / PASSES]);
        tensors t = tensors_new(&p);
        bool bias = pass == CONVOLUTION_FORWARD;
        double *want = define(&p, pass, &t, bias), *got = result_of(&t, pass)->f64;
        memset(got, 0xff, (size_t)result_of(&t, pass)->count * sizeof *got);
        void *scratch = scratch_new(level_kernels()->im2col_scratch_f64(&p, pass));
        level_kernels()->im2col_f64(&p, pass, t.x.f64, t.weight.f64, bias ? t.bias.f64 : NULL, t.y.f64, scratch);
        for (int64_t k = 0; k < result_of(&t, pass)->count; k++)
            cr_assert(fabs(got[k] - want[k]) < 1e-11, "%s, %s: element %lld is %g, it must be %g",
                      shapes[i / PASSES].name, pass_names[pass], (long long)k, got[k], want[k]);
        free(scratch);
        free(want);
        tensors_free(t);
    }
}

/* The same bits from run to run, whichever thread comes first. */
Test(convolution, bits_repeat)
{
    convolution p = square(4, 32, 20, 32, 3, 1, 1);
    for (enum algorithm a = WINOGRAD; a < ALGORITHMS; a++) {
        for (int pass = 0; pass < PASSES; pass++) {
            tensors t = tensors_new(&p);
            numbers *out = result_of(&t, (enum convolution_pass)pass);
            size_t size = (size_t)out->count * sizeof(float);
            float *first = malloc(size);
            for (int i = 0; i < 20 && run(a, &p, (enum convolution_pass)pass, 3, &t, false); i++) {
                if (i == 0) memcpy(first, out->f32, size);
                cr_assert(memcmp(first, out->f32, size) == 0, "%s, %s", algorithm_names[a], pass_names[pass]);
            }
            free(first);
            tensors_free(t);
        }
    }
}

/* -- Which code of oneDNN ------------------------------------------------------------------------------------------ */

static void expect_fast_code(const char *name, convolution p)
{
    for (int pass = 0; pass < PASSES; pass++) {
        test_algorithms(name, &p, (enum convolution_pass)pass, 2);
        onednn_plan *plan = onednn_prepare_convolution(&p, (enum convolution_pass)pass, false);
#ifdef VITRO_HAVE_ONEDNN
        /* What it has for weights' gradients of strided kernels of one element is broken, and not taken. */
        bool broken = pass == CONVOLUTION_WEIGHT_GRADIENT && p.kernel[0] == 1 && p.stride[0] > 1;
        cr_assert(plan || broken, "%s, %s: oneDNN has no fast code", name, pass_names[pass]);
        cr_assert(!plan || !broken || !strstr(onednn_implementation(plan), "jit_1x1"), "%s, %s: it is taken", name,
                  pass_names[pass]);
        cr_assert(!plan || !strstr(onednn_implementation(plan), "ref"), "%s: %s", name, onednn_implementation(plan));
#endif
        onednn_discard(plan);
    }
}

/* The shapes of ResNet-18, with a small batch. */
Test(convolution, resnet)
{
    for (int64_t channels = 64, size = 32; channels <= 512; channels *= 2, size /= 2) {
        expect_fast_code("3 by 3", square(2, channels, size, channels, 3, 1, 1));
        if (channels == 512) break;
        expect_fast_code("3 by 3 of stride 2", square(2, channels, size, 2 * channels, 3, 2, 1));
        expect_fast_code("shortcut", square(2, channels, size, 2 * channels, 1, 2, 0));
    }
    expect_fast_code("stem", square(2, 3, 32, 64, 3, 1, 1));
    expect_fast_code("stem for large images", square(1, 3, 64, 64, 7, 2, 3));
}

Test(convolution, vision_transformer)
{
    expect_fast_code("patches of 4", square(2, 3, 32, 192, 4, 4, 0));
    expect_fast_code("patches of 16", square(1, 3, 224, 192, 16, 16, 0));
}
