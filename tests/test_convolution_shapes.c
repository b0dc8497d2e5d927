/* test_convolution_shapes.c - convolutions and their gradients on a device, in f32 and in bf16, against the reference
 * at sizes around those of tiles and vectors. */
#include "left_behind.h"
#include "tested_device.h"
#include "numbers.h"
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <vitro/vitro.h>

/* -- Problems ------------------------------------------------------------------------------------------------------ */

/* Pairs are vertical and horizontal. */
typedef struct problem {
    const char *name;
    int64_t batch, channels, size[2], outputs, kernel[2];
    int stride, padding, dilation, groups;
    int more[2]; /* padding below and right, beside what is on all sides */
} problem;

static const problem problems[] = {
    { "3 x 3", 2, 64, { 8, 8 }, 64, { 3, 3 }, 1, 1, 1, 1 },
    { "a tile and a bit", 7, 16, { 8, 8 }, 72, { 3, 3 }, 1, 1, 1, 1 },
    { "several tiles", 8, 72, { 8, 8 }, 136, { 1, 1 }, 1, 0, 1, 1 },
    { "many pixels, few channels", 7, 16, { 8, 8 }, 24, { 3, 3 }, 1, 1, 1, 1 },
    { "strided", 3, 64, { 9, 7 }, 72, { 3, 3 }, 2, 1, 1, 1 },
    { "one element, strided", 3, 32, { 7, 9 }, 80, { 1, 1 }, 2, 0, 1, 1 },
    /* These and the strides beyond a kernel are what implementations of oneDNN get wrong. */
    { "one element, strided, few channels", 4, 4, { 32, 32 }, 8, { 1, 1 }, 2, 0, 1, 1 },
    { "one element, a stride of 3, odd channels", 8, 3, { 96, 96 }, 17, { 1, 1 }, 3, 0, 1, 1 },
    { "a stem", 2, 3, { 18, 17 }, 64, { 7, 7 }, 2, 3, 1, 1 },
    { "the first layer", 2, 3, { 16, 16 }, 64, { 3, 3 }, 1, 1, 1, 1 },
    { "patches of 4", 2, 3, { 32, 32 }, 96, { 4, 4 }, 4, 0, 1, 1 },
    { "patches of 16", 3, 3, { 48, 32 }, 65, { 16, 16 }, 16, 0, 1, 1 },
    { "patches of many channels", 5, 16, { 16, 16 }, 72, { 2, 2 }, 2, 0, 1, 1 },
    { "patches, and pixels left over", 2, 8, { 11, 10 }, 24, { 4, 4 }, 4, 0, 1, 1 },
    { "windows that overlap, without padding", 2, 8, { 9, 10 }, 16, { 3, 4 }, 2, 0, 1, 1 },
    { "padded below, joined beside", 2, 8, { 9, 10 }, 16, { 3, 1 }, 1, 1, 1, 1 },
    { "odd channels", 2, 65, { 5, 7 }, 67, { 3, 3 }, 1, 1, 1, 1 },
    { "channels of four", 2, 12, { 6, 7 }, 20, { 3, 3 }, 1, 1, 1, 1 },
    { "dilated", 2, 16, { 11, 12 }, 24, { 5, 3 }, 1, 2, 2, 1 },
    { "dilated as far as strided", 2, 16, { 11, 12 }, 24, { 3, 3 }, 2, 2, 2, 1 },
    { "a stride beyond the kernel", 2, 16, { 11, 12 }, 24, { 2, 2 }, 3, 1, 1, 1 },
    { "a stride of 3, many channels", 3, 65, { 16, 16 }, 96, { 1, 3 }, 3, 0, 1, 1 },
    { "a stride of 4, many channels", 3, 96, { 24, 8 }, 4, { 2, 5 }, 4, 1, 1, 1 },
    { "stride 3, dilation 2", 1, 8, { 17, 16 }, 8, { 4, 3 }, 3, 3, 2, 1 },
    { "one pixel", 1, 8, { 1, 1 }, 8, { 3, 3 }, 1, 1, 1, 1 },
    { "one column", 70, 24, { 1, 1 }, 1, { 1, 1 }, 1, 0, 1, 1 },
    { "two groups", 3, 32, { 6, 5 }, 48, { 3, 3 }, 2, 1, 1, 2 },
    { "groups of odd channels", 2, 9, { 6, 5 }, 15, { 3, 3 }, 1, 1, 1, 3 },
    { "depth-wise", 2, 24, { 7, 7 }, 24, { 3, 3 }, 1, 1, 1, 24 },
    { "depth-wise, many pixels", 3, 5, { 24, 24 }, 10, { 3, 3 }, 2, 1, 1, 5 },
    { "depth-wise, dilated and strided", 2, 8, { 13, 11 }, 8, { 3, 5 }, 2, 2, 2, 8 },
    { "depth-wise, a stride beyond the kernel", 2, 6, { 9, 10 }, 6, { 2, 1 }, 3, 1, 1, 6 },
    { "groups of four", 3, 16, { 9, 7 }, 12, { 3, 3 }, 2, 1, 1, 4 },
    { "more padding below and right", 2, 64, { 8, 8 }, 64, { 3, 3 }, 1, 1, 1, 1, { 1, 2 } },
    { "padding below and right alone", 2, 16, { 8, 9 }, 24, { 2, 2 }, 1, 0, 1, 1, { 1, 1 } },
    { "padding right alone, odd channels", 3, 65, { 7, 8 }, 67, { 3, 3 }, 1, 0, 1, 1, { 0, 2 } },
    { "padding as of a stride of 2", 2, 32, { 8, 8 }, 64, { 3, 3 }, 2, 0, 1, 1, { 1, 1 } },
    { "windows that lie in the padding", 1, 7, { 7, 1 }, 2, { 2, 2 }, 2, 1, 1, 1, { 2, 0 } },
    { "one element, padding right alone", 2, 32, { 7, 9 }, 80, { 1, 1 }, 1, 0, 1, 1, { 0, 1 } },
    { "one element, strided, padding below", 2, 32, { 8, 8 }, 80, { 1, 1 }, 2, 0, 1, 1, { 1, 0 } },
    { "dilated, more padding right", 2, 16, { 11, 12 }, 24, { 3, 3 }, 1, 2, 2, 1, { 0, 2 } },
    { "padding behind beyond the kernel", 2, 16, { 6, 6 }, 16, { 2, 2 }, 1, 0, 1, 1, { 4, 3 } },
    { "depth-wise, more padding below", 2, 24, { 7, 7 }, 24, { 3, 3 }, 1, 0, 1, 24, { 2, 1 } },
    { "two groups, padding right", 3, 32, { 6, 5 }, 48, { 3, 3 }, 2, 1, 1, 2, { 0, 1 } },
    { "a signal, causal but turned", 2, 48, { 1, 33 }, 40, { 1, 3 }, 1, 0, 1, 1, { 0, 2 } },
};
enum { PROBLEMS = sizeof problems / sizeof *problems };

/* What goes in and comes out. */
enum { X, WEIGHT, BIAS, GRADIENT, Y, DX, DWEIGHT, ARRAYS };

static vt_shape shape_of(const problem *p, int which)
{
    int64_t out[2];
    for (int i = 0; i < 2; i++)
        out[i] = (p->size[i] + 2 * p->padding + p->more[i] - p->dilation * (p->kernel[i] - 1) - 1) / p->stride + 1;
    switch (which) {
    case X:
    case DX: return VT_SHAPE(p->batch, p->channels, p->size[0], p->size[1]);
    case WEIGHT:
    case DWEIGHT: return VT_SHAPE(p->outputs, p->channels / p->groups, p->kernel[0], p->kernel[1]);
    case BIAS: return VT_SHAPE(p->outputs);
    default: return VT_SHAPE(p->batch, p->outputs, out[0], out[1]);
    }
}

/* The most numbers that are added up for one of the result. */
static double terms_of(const problem *p, int which)
{
    vt_shape w = shape_of(p, WEIGHT), y = shape_of(p, Y);
    int64_t taps = p->kernel[0] * p->kernel[1];
    if (which == Y) return (double)(w.dim[1] * taps + 1);
    return which == DX ? (double)(p->outputs / p->groups * taps) : (double)(p->batch * y.dim[2] * y.dim[3]);
}

/* -- Solutions ----------------------------------------------------------------------------------------------------- */

typedef struct solution {
    int64_t count[ARRAYS];
    float *data[ARRAYS];
} solution;

static solution solution_new(const problem *p)
{
    solution s;
    uint64_t state = 3;
    for (int a = 0; a < ARRAYS; a++) {
        s.count[a] = vt_shape_count(shape_of(p, a));
        s.data[a] = malloc((size_t)s.count[a] * sizeof(float));
        cr_assert(s.data[a]);
        for (int64_t i = 0; i < s.count[a]; i++) s.data[a][i] = a < Y ? (float)next_bf16(&state) : NAN;
    }
    return s;
}

static void solution_free(solution s)
{
    for (int a = 0; a < ARRAYS; a++) free(s.data[a]);
}

static vt_tensor input(const problem *p, const solution *s, int which)
{
    return vt_from_data(s->data[which], shape_of(p, which), VT_F32);
}

static void solve(const char *device, const problem *p, solution *s)
{
    VT_SCOPE;
    vt_set_device(device);
    vt_tensor in[] = { input(p, s, X), input(p, s, WEIGHT) }, bias = input(p, s, BIAS), gradient[2];
    int below = p->padding + p->more[0], right = p->padding + p->more[1];
    vt_tensor y = vt_conv2d(in[0], in[1], .bias = bias, .stride = p->stride,
                            .padding_sides = { p->padding, below, p->padding, right }, .dilation = p->dilation,
                            .groups = p->groups);
    vt_gradients(y, input(p, s, GRADIENT), in, 2, gradient);
    const vt_tensor out[] = { y, gradient[0], gradient[1] };
    for (int i = 0; i < 3; i++)
        cr_assert(vt_read(out[i], s->data[Y + i], s->count[Y + i], VT_F32), "%s: %s", p->name, vt_error_message());
}

/* Products are exact, in f32 and of what bf16 holds; sums are f32. */
static void compare(const problem *p, const solution *got, const solution *want)
{
    static const char *const names[] = { [Y] = "y", [DX] = "dx", [DWEIGHT] = "dweight" };
    for (int a = Y; a < ARRAYS; a++) {
        double tolerance = 4 * FLT_EPSILON * terms_of(p, a);
        for (int64_t i = 0; i < got->count[a]; i++)
            cr_assert(fabs((double)got->data[a][i] - (double)want->data[a][i]) <= tolerance,
                      "%s: element %lld of %s is %g, not %g", p->name, (long long)i, names[a], (double)got->data[a][i],
                      (double)want->data[a][i]);
    }
}

static void check(const problem *p)
{
    vt_dtype precision = vt_precision();
    solution want = solution_new(p), got = solution_new(p);
    vt_set_precision(VT_F32);
    solve("reference", p, &want);
    vt_set_device(tested_device());
    vt_set_precision(precision);
    solve(tested_device(), p, &got);
    compare(p, &got, &want);
    solution_free(want);
    solution_free(got);
}

/* More often than a plan is run before its steps are launched as one. */
static void check_bits(const problem *p)
{
    enum { RUNS = 4 };
    solution first = solution_new(p), again = solution_new(p);
    solve(tested_device(), p, &first);
    for (int run = 1; run < RUNS; run++) {
        solve(tested_device(), p, &again);
        for (int a = Y; a < ARRAYS; a++)
            cr_assert(memcmp(first.data[a], again.data[a], (size_t)first.count[a] * sizeof(float)) == 0,
                      "%s: run %d has other bits", p->name, run);
    }
    solution_free(first);
    solution_free(again);
}

/* -- Tests --------------------------------------------------------------------------------------------------------- */

static void begin(void)
{
    setenv("VT_STRICT", "1", 1); /* nothing here is left to another device */
    vt_set_device(tested_device());
}

TestSuite(shapes, .init = begin, .fini = expect_nothing_left);

Test(shapes, in_f32)
{
    for (int i = 0; i < PROBLEMS; i++) check(&problems[i]);
}

static bool bf16_is_to_be_had(void)
{
    setenv("VT_BF16", "emulate", 1);
    vt_set_precision(VT_BF16);
    return vt_precision() == VT_BF16;
}

Test(shapes, in_bf16)
{
    cr_assert(bf16_is_to_be_had());
    for (int i = 0; i < PROBLEMS; i++) check(&problems[i]);
}

Test(shapes, same_bits_every_time)
{
    check_bits(&problems[0]);
    check_bits(&problems[7]);
    cr_assert(bf16_is_to_be_had());
    check_bits(&problems[0]);
    check_bits(&problems[7]);
}

/* One convolution behind another: what is between them, and its gradient, is stored as bf16. */
static void solve_two(const char *device, const problem *p, const problem *next, solution *s, solution *t)
{
    VT_SCOPE;
    vt_set_device(device);
    vt_tensor in[] = { input(p, s, X), input(p, s, WEIGHT), input(next, t, WEIGHT) }, gradient[3];
    vt_tensor middle = vt_conv2d(in[0], in[1], .bias = input(p, s, BIAS), .stride = p->stride, .padding = p->padding);
    vt_tensor y = vt_conv2d(middle, in[2], .stride = next->stride, .padding = next->padding);
    vt_gradients(y, input(next, t, GRADIENT), in, 3, gradient);
    cr_assert(vt_read(y, t->data[Y], t->count[Y], VT_F32) && vt_read(gradient[0], s->data[DX], s->count[DX], VT_F32) &&
                  vt_read(gradient[1], s->data[DWEIGHT], s->count[DWEIGHT], VT_F32) &&
                  vt_read(gradient[2], t->data[DWEIGHT], t->count[DWEIGHT], VT_F32),
              "%s", vt_error_message());
}

static void expect_near(const char *name, const solution *got, const solution *want, int which)
{
    double error = 0, size = 0;
    for (int64_t i = 0; i < got->count[which]; i++) {
        double d = (double)got->data[which][i] - (double)want->data[which][i];
        error += d * d;
        size += (double)want->data[which][i] * (double)want->data[which][i];
    }
    cr_assert(error <= 1e-4 * size, "%s: error %g of %g", name, sqrt(error), sqrt(size));
    cr_assert(vt_precision() != VT_BF16 || error > 0, "%s: nothing was rounded", name);
}

static void check_two(const problem *p, const problem *next)
{
    solution want[] = { solution_new(p), solution_new(next) }, got[] = { solution_new(p), solution_new(next) };
    vt_set_precision(VT_F32);
    solve_two("reference", p, next, &want[0], &want[1]);
    vt_set_device(tested_device());
    cr_assert(bf16_is_to_be_had());
    solve_two(tested_device(), p, next, &got[0], &got[1]);
    expect_near("y", &got[1], &want[1], Y);
    expect_near("dx", &got[0], &want[0], DX);
    expect_near("the gradient of the first weight", &got[0], &want[0], DWEIGHT);
    expect_near("that of the second", &got[1], &want[1], DWEIGHT);
    for (int i = 0; i < 2; i++) {
        solution_free(want[i]);
        solution_free(got[i]);
    }
}

Test(shapes, stored_as_bf16)
{
    check_two(&(problem){ "", 2, 16, { 9, 8 }, 24, { 3, 3 }, 2, 1, 1, 1 },
              &(problem){ "", 2, 24, { 5, 4 }, 16, { 3, 3 }, 1, 1, 1, 1 });
    check_two(&(problem){ "", 2, 3, { 9, 8 }, 7, { 3, 3 }, 2, 1, 1, 1 },
              &(problem){ "", 2, 7, { 5, 4 }, 5, { 3, 3 }, 1, 1, 1, 1 });
}
