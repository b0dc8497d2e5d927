/* test_norm_kernels.c - a device's kernels of norms, called as a plan calls them: rows and channels of many sizes, with
 * operands stored as bf16, what is optional absent, and memory that is not aligned. They are compared with the CPU's in
 * f64. What norms compute is in cases/normalization.c. */
#include "device_call.h"
#include "ops/normalization.h"
#include "sanitized.h"
#include <math.h>

enum { MAX_ARRAYS = 12 };

/* Inputs and outputs, a letter each: x: all elements; r: a number for each row; m: two numbers for each row or channel;
 * w: one for each place in a row, or for each channel; n: an i64. `optional` has a bit for each input that may be
 * absent. */
typedef struct subject {
    const op *op;
    const char *in, *out;
    uint32_t optional;
} subject;

static const subject row_norms[] = {
    { &op_layer_norm, "xww", "xmr", 0x6 },       { &op_rms_norm, "xw", "xr", 0x2 },
    { &op_add_layer_norm, "xxww", "xmrx", 0xc }, { &op_layer_norm_gradient, "xxmrw", "xww", 0x10 },
    { &op_rms_norm_gradient, "xxrw", "xw", 0 },  { &op_layer_norm_gradient_add, "xxmrxw", "xww", 0x20 },
};
static const subject batch_norms[] = {
    { &op_batch_norm, "xww", "xmw", 0x6 },
    { &op_batch_norm_relu, "xww", "xmw", 0x6 },
    { &op_batch_norm_add_relu, "xxww", "xmw", 0xc },
    { &op_batch_norm_tracking, "xwwwwxn", "xmw", 0x78 },
    { &op_batch_norm_gradient, "xxmww", "xww", 0x10 },
    { &op_batch_norm_relu_gradient, "xxmwww", "xww", 0x30 },
    { &op_batch_norm_add_relu_gradient, "xxmwxwx", "xxww", 0x60 },
};
enum { ROW_NORMS = sizeof row_norms / sizeof *row_norms, BATCH_NORMS = sizeof batch_norms / sizeof *batch_norms };

/* A subject on arrays of a shape. */
typedef struct trial {
    const subject *subject;
    vt_shape shape;
    bool batch; /* of channels, not rows */
    uint32_t absent, in_bf16, out_bf16;
    int shift;
} trial;

static vt_shape shape_of(const trial *t, char letter)
{
    if (letter == 'x') return t->shape;
    if (letter == 'n') return VT_SCALAR;
    if (letter == 'm') return t->batch ? VT_SHAPE(2, t->shape.dim[1]) : VT_SHAPE(t->shape.dim[0], 2);
    if (t->batch) return VT_SHAPE(t->shape.dim[1]);
    return VT_SHAPE(letter == 'r' ? t->shape.dim[0] : t->shape.dim[1]);
}

static array make_array(const trial *t, char letter, vt_dtype dtype)
{
    vt_shape shape = shape_of(t, letter);
    if (letter == 'n') dtype = VT_I64;
    void *data = calloc((size_t)vt_shape_count(shape) + 1, vt_dtype_size(dtype));
    cr_assert(data);
    return t->batch ? array_channels_last(data, dtype, shape) : array_contiguous(data, dtype, shape);
}

/* Of mean i, [rows, 2] or [2, channels], where its two numbers are. */
static int64_t place_of_mean(const trial *t, int64_t i)
{
    return t->batch ? i : 2 * i;
}

static int64_t place_of_rest(const trial *t, const array *mean, int64_t i)
{
    return t->batch ? i + vt_shape_count(mean->shape) / 2 : 2 * i + 1;
}

static void make_rest_small(const trial *t, array *mean)
{
    for (int64_t i = 0; i < vt_shape_count(mean->shape) / 2; i++) {
        int64_t rest = place_of_rest(t, mean, i);
        array_set(mean, rest, array_get(mean, rest) * 0x1p-8);
    }
}

/* With numbers of `dtype`, or of those of the trial in bf16. Without outputs that only what is absent would have. */
static device_call call_of(const trial *t, vt_dtype dtype, bool bf16, array *arrays)
{
    const subject *s = t->subject;
    static row_norm_attributes rows = { .rank = 1, .eps = 1e-5 };
    static batch_norm_tracking_attributes channels = { { 1e-5 }, { .momentum = 0.1, .correction = 1.25 }, .relu = 1 };
    device_call c = { .op = s->op, .arrays = arrays, .shift = t->shift };
    c.attributes = t->batch ? (const void *)&channels : &rows;
    for (; s->in[c.inputs]; c.inputs++) {
        array *a = &arrays[c.inputs];
        *a = (array){ .data = NULL };
        if (t->absent >> c.inputs & 1) continue;
        *a = make_array(t, s->in[c.inputs], bf16 && t->in_bf16 >> c.inputs & 1 ? VT_BF16 : dtype);
        bool all = s->in[c.inputs] == 'x';
        fill_array(a, all ? -1 : 0.5, all ? 1 : 1.5, (uint64_t)c.inputs);
        if (s->in[c.inputs] == 'm') make_rest_small(t, a);
    }
    for (; s->out[c.outputs]; c.outputs++)
        arrays[c.inputs + c.outputs] =
            make_array(t, s->out[c.outputs], bf16 && t->out_bf16 >> c.outputs & 1 ? VT_BF16 : dtype);
    return c;
}

static void end(const device_call *c)
{
    for (int i = 0; i < c->inputs + c->outputs; i++) free(c->arrays[i].data);
}

/* Of an output, and of means what their two numbers are together: how much is in which depends on the order of a sum.
 */
static int64_t count_of(const trial *t, int output, const array *a)
{
    return vt_shape_count(a->shape) / (t->subject->out[output] == 'm' ? 2 : 1);
}

static double element_of(const trial *t, int output, const array *a, int64_t i)
{
    if (t->subject->out[output] != 'm') return array_get(a, i);
    return array_get(a, place_of_mean(t, i)) + array_get(a, place_of_rest(t, a, i));
}

/* Of the largest element; of a mean, in which elements cancel, of the largest that was summed. */
static double limit_of(const trial *t, int output, const device_call *want)
{
    if (t->subject->out[output] == 'm') return 1e-6 * largest_of(&want->arrays[0]);
    return 1e-5 * fmax(1e-3, largest_of(&want->arrays[want->inputs + output]));
}

/* Relative to the largest element; numbers stored as bf16 by their own rounding too, and where the gradient of a
 * shortcut is rounded what is summed of it. */
static void expect_like(const trial *t, const device_call *got, const device_call *want)
{
    double terms = (double)(vt_shape_count(t->shape) / t->shape.dim[1]);
    bool rounded_sums = t->subject->op == &op_batch_norm_add_relu_gradient && t->out_bf16 & 2;
    for (int o = 0; o < got->outputs; o++) {
        const array *x = &got->arrays[got->inputs + o], *y = &want->arrays[want->inputs + o];
        double limit = limit_of(t, o, want) + (rounded_sums ? 0x1p-7 * sqrt(terms) : 0);
        for (int64_t i = 0; i < count_of(t, o, x); i++) {
            double a = element_of(t, o, x, i), b = element_of(t, o, y, i);
            double own = t->out_bf16 >> o & 1 ? 0x1p-8 * fabs(b) : 0;
            cr_assert(fabs(a - b) <= limit + own,
                      "%s [%lld, %lld, ...], absent %#x, bf16 %#x, %#x, output %d, element %lld: %.9g, not %.9g",
                      t->subject->op->name, (long long)t->shape.dim[0], (long long)t->shape.dim[1], t->absent,
                      t->in_bf16, t->out_bf16, o, (long long)i, a, b);
        }
    }
}

/* What it has overwritten. */
static void expect_overwritten_like(const device_call *got, const device_call *want)
{
    for (int i = 0; i < got->inputs; i++) {
        const array *x = &got->arrays[i], *y = &want->arrays[i];
        if (!got->op->writes || !got->op->writes(i) || !x->data) continue;
        for (int64_t k = 0; k < vt_shape_count(x->shape); k++)
            cr_assert(fabs(array_get(x, k) - array_get(y, k)) <= 1e-5, "%s, input %d, element %lld: %.9g, not %.9g",
                      got->op->name, i, (long long)k, array_get(x, k), array_get(y, k));
    }
}

static void expect_same_bits(const device_call *a, const device_call *b)
{
    for (int i = 0; i < a->inputs + a->outputs; i++)
        if (a->arrays[i].data)
            cr_assert(memcmp(a->arrays[i].data, b->arrays[i].data, bytes_of_array(&a->arrays[i])) == 0,
                      "%s: other bits the second time", a->op->name);
}

/* Once in f64 for every way of storing. */
static void test(trial t, const uint32_t *stored, int ways)
{
    array wanted[MAX_ARRAYS], got[MAX_ARRAYS], again[MAX_ARRAYS];
    device_call want = call_of(&t, VT_F64, false, wanted);
    run_on("cpu", &want);
    for (int i = 0; i < ways; i++) {
        t.in_bf16 = stored[i] & 0xff;
        t.out_bf16 = stored[i] >> 8;
        device_call once = call_of(&t, VT_F32, true, got), twice = call_of(&t, VT_F32, true, again);
        run_on(tested_device(), &once);
        run_on(tested_device(), &twice);
        expect_like(&t, &once, &want);
        expect_overwritten_like(&once, &want);
        expect_same_bits(&once, &twice);
        end(&once);
        end(&twice);
    }
    end(&want);
}

/* The ways to store operands that the kernel takes: the first is f32 alone, the last has as much of bf16 as can be. */
static int ways_to_store(const subject *s, uint32_t *stored)
{
    const kernel *k = started_device(tested_device())->kernel_of(s->op);
    uint32_t may = k->bf16_in | k->bf16_out << 8;
    int count = 0;
    for (uint32_t some = 0; some <= may; some++)
        if ((some & ~may) == 0) stored[count++] = some;
    return count;
}

enum { MAX_WAYS = 256 };

static void test_every_way(trial t)
{
    uint32_t stored[MAX_WAYS];
    test(t, stored, ways_to_store(t.subject, stored));
}

static void test_ends(trial t)
{
    uint32_t stored[MAX_WAYS];
    int ways = ways_to_store(t.subject, stored);
    test(t, (uint32_t[]){ stored[0], stored[ways - 1] }, 2);
}

/* Every combination of optional inputs that are absent. */
static void test_absent(trial t)
{
    for (uint32_t some = 1; some <= t.subject->optional; some++) {
        if (some & ~t.subject->optional) continue;
        t.absent = some;
        test(t, (uint32_t[]){ 0 }, 1);
    }
}

Test(row_norms, of_every_length)
{
    static const int64_t shapes[][2] = {
        { 1, 1 },    { 3, 3 },     { 65, 4 },   { 197, 18 }, { 197, 64 },  { 65, 192 }, { 7, 255 },
        { 5, 256 },  { 4, 260 },   { 65, 384 }, { 5, 512 },  { 65, 768 },  { 9, 772 },  { 33, 1024 },
        { 3, 1025 }, { 17, 1028 }, { 9, 2052 }, { 2, 4100 }, { 17, 1280 },
    };
    for (int i = 0; i < ROW_NORMS; i++)
        for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k += SANITIZED ? 2 : 1)
            test_ends((trial){ .subject = &row_norms[i], .shape = VT_SHAPE(shapes[k][0], shapes[k][1]) });
}

Test(row_norms, stored_in_every_way)
{
    for (int i = 0; i < ROW_NORMS; i++) {
        test_every_way((trial){ .subject = &row_norms[i], .shape = VT_SHAPE(13, 192) });
        test_every_way((trial){ .subject = &row_norms[i], .shape = VT_SHAPE(13, 37) });
    }
}

Test(row_norms, with_inputs_absent)
{
    for (int i = 0; i < ROW_NORMS; i++) {
        test_absent((trial){ .subject = &row_norms[i], .shape = VT_SHAPE(13, 192) });
        test_absent((trial){ .subject = &row_norms[i], .shape = VT_SHAPE(13, 37) });
    }
}

Test(row_norms, not_aligned)
{
    for (int i = 0; i < ROW_NORMS; i++)
        test_ends((trial){ .subject = &row_norms[i], .shape = VT_SHAPE(13, 192), .shift = 1 });
}

Test(batch_norms, of_every_size)
{
    const vt_shape shapes[] = {
        VT_SHAPE(2, 1),          VT_SHAPE(5, 3, 2, 7),    VT_SHAPE(2, 4, 1, 1),   VT_SHAPE(7, 130),
        VT_SHAPE(3, 64, 17, 19), VT_SHAPE(9, 48, 31),     VT_SHAPE(2, 512, 3, 1), VT_SHAPE(65, 128, 2, 2),
        VT_SHAPE(2, 3, 197, 65), VT_SHAPE(4, 132, 5, 11),
    };
    for (int i = 0; i < BATCH_NORMS; i++)
        for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k += SANITIZED ? 2 : 1)
            test_ends((trial){ .subject = &batch_norms[i], .shape = shapes[k], .batch = true });
}

Test(batch_norms, stored_in_every_way)
{
    for (int i = 0; i < BATCH_NORMS; i++) {
        test_every_way((trial){ .subject = &batch_norms[i], .shape = VT_SHAPE(3, 8, 6, 7), .batch = true });
        test_every_way((trial){ .subject = &batch_norms[i], .shape = VT_SHAPE(3, 5, 6, 7), .batch = true });
    }
}

Test(batch_norms, with_inputs_absent)
{
    for (int i = 0; i < BATCH_NORMS; i++)
        test_absent((trial){ .subject = &batch_norms[i], .shape = VT_SHAPE(3, 8, 6, 7), .batch = true });
}

Test(batch_norms, not_aligned)
{
    for (int i = 0; i < BATCH_NORMS; i++)
        test_ends((trial){ .subject = &batch_norms[i], .shape = VT_SHAPE(3, 8, 6, 7), .batch = true, .shift = 1 });
}

/* The mean and the variance of a channel, in f64 and by definition. */
static double variance_of(const array *x, int64_t channel, double *mean)
{
    int64_t channels = x->shape.dim[1], count = vt_shape_count(x->shape);
    double sum = 0, square = 0, n = (double)(count / channels);
    for (int64_t i = channel; i < count; i += channels) sum += array_get(x, i);
    *mean = sum / n;
    for (int64_t i = channel; i < count; i += channels) square += pow(array_get(x, i) - *mean, 2);
    return square / n;
}

/* Means that are far larger than deviations, and channels that begin far from their mean, on which sums of squares
 * founder. */
static void test_statistics(vt_shape shape)
{
    trial t = { .subject = &batch_norms[0], .shape = shape, .batch = true };
    array arrays[MAX_ARRAYS], *x = &arrays[0];
    device_call c = call_of(&t, VT_F32, false, arrays);
    const double offsets[] = { 0, 1000, -1e5, 3e6, 0, 0 };
    int64_t count = vt_shape_count(shape), channels = shape.dim[1];
    for (int64_t i = 0; i < count; i++) {
        int64_t channel = i % channels % 6, line = i / channels, lines = count / channels;
        bool outlier = (channel == 4 && line < 40) || (channel == 5 && line >= lines - 300);
        array_set(x, i, array_get(x, i) + (outlier ? 1e4 : offsets[channel]));
    }
    run_on(tested_device(), &c);
    for (int64_t k = 0; k < channels; k++) {
        double mean, var = variance_of(x, k, &mean);
        double got_mean = array_get(&arrays[c.inputs + 1], k), got_var = array_get(&arrays[c.inputs + 2], k);
        cr_assert(fabs(got_mean - mean) <= 0x1p-23 * fabs(mean) + 1e-7 * sqrt(var), "channel %d: mean %.9g, not %.9g",
                  (int)k, got_mean, mean);
        cr_assert(fabs(got_var / var - 1) < 2e-6, "channel %d: variance %.9g, not %.9g", (int)k, got_var, var);
    }
    end(&c);
}

Test(batch_norms, statistics_that_are_hard_to_take)
{
    test_statistics(VT_SHAPE(16, 6, 31, 33));
    test_statistics(VT_SHAPE(16, 12, 31, 33));
}
