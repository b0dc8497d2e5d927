/* test_reduction_kernels.c - a device's kernels that reduce, scan, select, pick and place, at sizes around those at
 * which they go another way: of a vector, a warp, a block, a tile. They are compared with the reference in f64, and
 * with themselves. What they compute is in cases/. */
#include "core/backend.h"
#include "ops/list.h"
#include "ops/reduce.h"
#include "sanitized.h"
#include "tested_device.h"
#include "refused.h"
#include "numbers.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vitro/vitro.h>

/* -- What is computed, on either device ---------------------------------------------------------------------------- */

enum { MAX_INPUTS = 3 };

/* f32 numbers, made once and seen with the dtype of the device; and indices. */
typedef struct trial {
    const char *name;
    vt_tensor (*function)(const struct trial *t, const vt_tensor *in);
    vt_shape shape[MAX_INPUTS];
    int64_t below[MAX_INPUTS]; /* indices: integers from 0 on; 0: numbers */
    int inputs;
    vt_axes axes; /* what the function makes of them */
    int axis;
    bool gradient; /* the first input's, instead of the result */
} trial;

static vt_tensor make_tensor(vt_shape shape, int64_t below, uint64_t seed, vt_dtype dtype)
{
    int64_t count = vt_shape_count(shape);
    double *data = malloc((size_t)(count + 1) * sizeof *data);
    cr_assert(data);
    for (int64_t i = 0; i < count; i++) {
        double u = next_f32(&seed);
        data[i] = below ? floor(u * (double)below) : 2 * u - 1;
    }
    vt_tensor x = vt_cast(vt_from_data(data, shape, VT_F64), below ? VT_I64 : dtype);
    free(data);
    return x;
}

/* The elements, ended by the caller. */
static double *compute(const trial *t, const char *device, vt_dtype dtype, int64_t *count)
{
    vt_set_device(device);
    VT_SCOPE;
    vt_tensor in[MAX_INPUTS], dx;
    for (int i = 0; i < t->inputs; i++) in[i] = make_tensor(t->shape[i], t->below[i], (uint64_t)i + 1, dtype);
    vt_tensor y = t->function(t, in);
    if (t->gradient) {
        vt_gradients(y, make_tensor(vt_shape_of(y), 0, 9, dtype), in, 1, &dx);
        y = dx;
    }
    cr_assert(!vt_failed(), "%s: %s", t->name, vt_error_message());
    *count = vt_shape_count(vt_shape_of(y));
    double *data = malloc((size_t)(*count + 1) * sizeof *data);
    cr_assert(data && vt_read(y, data, *count, VT_F64), "%s: %s", t->name, vt_error_message());
    return data;
}

static void run(const trial *t)
{
    int64_t count = 0;
    char shape[128];
    double *want = compute(t, "reference", VT_F64, &count), scale = 0.1;
    double *got = compute(t, tested_device(), VT_F32, &count), *again = compute(t, tested_device(), VT_F32, &count);
    vt_shape_text(t->shape[0], shape);
    for (int64_t i = 0; i < count; i++) scale = fmax(scale, fabs(want[i]));
    for (int64_t i = 0; i < count; i++)
        cr_assert(fabs(got[i] - want[i]) <= 1e-5 * scale, "%s of %s, axis %d: element %lld is %.9g, not %.9g", t->name,
                  shape, t->axis, (long long)i, got[i], want[i]);
    cr_assert(memcmp(got, again, (size_t)count * sizeof *got) == 0, "%s of %s: other bits the second time", t->name,
              shape);
    free(want);
    free(got);
    free(again);
}

#define FUNCTION(name, ...)                                                                                            \
    static vt_tensor name(const trial *t, const vt_tensor *in)                                                         \
    {                                                                                                                  \
        (void)t;                                                                                                       \
        return __VA_ARGS__;                                                                                            \
    }
FUNCTION(sum, vt_sum(in[0], .axes = t->axes))
FUNCTION(max, vt_max(in[0], .axes = t->axes))
FUNCTION(logsumexp, vt_logsumexp(in[0], .axes = t->axes))
FUNCTION(var, vt_var(in[0], .axes = t->axes))
FUNCTION(norm, vt_norm(in[0], .axes = t->axes))
FUNCTION(argmin, vt_argmin(in[0], t->axis))
FUNCTION(softmax, vt_softmax(in[0], t->axis))
FUNCTION(log_softmax, vt_log_softmax(in[0], t->axis))
FUNCTION(cumsum, vt_cumsum(in[0], t->axis))
FUNCTION(topk, vt_topk(in[0], 3, t->axis))
FUNCTION(cross_entropy, vt_cross_entropy(in[0], in[1], .reduction = VT_REDUCTION_NONE, .label_smoothing = 0.1))
FUNCTION(index_select, vt_index_select(in[0], t->axis, in[1]))
FUNCTION(index_add, vt_index_add(in[0], t->axis, in[1], in[2]))
FUNCTION(scatter_add, vt_scatter_add(in[0], t->axis, in[1], in[2]))
FUNCTION(max_pool2d, vt_max_pool2d(in[0], 3, .stride = 2, .padding = 1))
FUNCTION(adaptive_avg_pool2d, vt_adaptive_avg_pool2d(in[0], 1, 1))
FUNCTION(interpolate, vt_interpolate(in[0], .height = 9, .width = 5, .mode = VT_BILINEAR))

/* -- Along one axis, or several ------------------------------------------------------------------------------------ */

static void reduce(vt_shape shape, vt_axes axes)
{
    trial t = { .shape = { shape }, .inputs = 1, .axes = axes };
#define RUN(f) t.name = #f, t.function = f, run(&t)
    RUN(sum);
    RUN(max);
    RUN(logsumexp);
    RUN(var);
    RUN(norm);
    t.axis = axes.axis[0];
    RUN(argmin);
}

static const int64_t lengths[] = { 1, 2, 3, 4, 5, 31, 32, 33, 65, 128, 197, 255, 256, 257, 1000, 1024, 1025, 2049 };
enum { LENGTHS = sizeof lengths / sizeof *lengths };

Test(reductions, rows)
{
    for (int i = 0; i < LENGTHS; i++) {
        reduce(VT_SHAPE(3, lengths[i]), VT_AXES(1));
        reduce(VT_SHAPE(lengths[i], 3), VT_AXES(1));
    }
    reduce(VT_SHAPE(1, 40001), VT_AXES(1));
    reduce(VT_SHAPE(2, 40000), VT_AXES(1));
    reduce(VT_SHAPE(9000, 7), VT_AXES(1));
}

Test(reductions, columns)
{
    for (int i = 0; i < LENGTHS; i++) {
        reduce(VT_SHAPE(lengths[i], 5), VT_AXES(0));
        reduce(VT_SHAPE(7, lengths[i]), VT_AXES(0));
    }
    reduce(VT_SHAPE(2 * 197, 192), VT_AXES(0));
    reduce(VT_SHAPE(5000, 12), VT_AXES(0));
    reduce(VT_SHAPE(5000, 1), VT_AXES(0));
}

Test(reductions, axes_between)
{
    const vt_shape shapes[] = { VT_SHAPE(2, 65, 3, 4), VT_SHAPE(3, 2, 33, 8), VT_SHAPE(5, 1, 9, 130) };
    for (int i = 0; i < 3; i++) {
        reduce(shapes[i], VT_AXES(0, 2));
        reduce(shapes[i], VT_AXES(1, 2));
        reduce(shapes[i], VT_AXES(0, 1, 3));
        reduce(shapes[i], VT_AXES(1));
        reduce(shapes[i], VT_AXES(0, 1, 2, 3));
    }
}

/* Elements stored as bf16, through the kernel itself. */
static void sum_of_bf16(vt_shape shape, int64_t axes, int64_t outputs)
{
    const backend *device = backend_find(tested_device());
    const kernel *k = device->kernel_of(&op_sum);
    int64_t count = vt_shape_count(shape);
    size_t bytes = (size_t)count * sizeof(uint16_t), out_bytes = (size_t)outputs * sizeof(float);
    uint16_t *x = malloc(bytes);
    float *y = malloc(out_bytes);
    reduce_attributes a = { .axes = axes };
    array arrays[2] = { array_contiguous(device->allocate(bytes), VT_BF16, shape),
                        array_contiguous(device->allocate(out_bytes), VT_F32, VT_SHAPE(outputs)) };
    kernel_call call = { .op = &op_sum, .attributes = &a, .inputs = 1, .outputs = 1, .in = arrays, .out = arrays + 1 };
    preparation p = { 0 };
    cr_assert(x && y && k && k->bf16_in & 1);
    for (int64_t i = 0; i < count; i++) x[i] = i % 3 ? 0x3f80 : 0x4040; /* 1 and 3 */
    cr_assert(k->prepare(&call, &p));
    call.scratch = device->allocate(p.scratch + 64);
    if (device->queue)
        cr_assert(device->queue->push(arrays[0].data, x, bytes));
    else
        memcpy(arrays[0].data, x, bytes);
    cr_assert(k->run(&call));
    if (device->queue)
        cr_assert(device->queue->download(y, arrays[1].data, out_bytes));
    else
        memcpy(y, arrays[1].data, out_bytes);
    int64_t inner = axes & 1 ? outputs : 1, rows = count / outputs;
    for (int64_t o = 0; o < outputs; o++) {
        float want = 0;
        for (int64_t r = 0; r < rows; r++) want += (axes & 1 ? r * inner + o : o * rows + r) % 3 ? 1.0f : 3.0f;
        cr_assert(y[o] == want, "output %lld of %lld is %g, not %g", (long long)o, (long long)outputs, (double)y[o],
                  (double)want);
    }
    device->release(call.scratch, p.scratch + 64);
    device->release(arrays[0].data, bytes);
    device->release(arrays[1].data, out_bytes);
    free(x);
    free(y);
}

Test(reductions, stored_as_bf16)
{
    vt_set_device(tested_device());
    const int64_t sizes[] = { 1, 3, 4, 8, 65, 197, 1028 };
    for (int i = 0; i < 7; i++) {
        sum_of_bf16(VT_SHAPE(sizes[i], 12), 1, 12);
        sum_of_bf16(VT_SHAPE(130, sizes[i]), 1, sizes[i]);
        sum_of_bf16(VT_SHAPE(5, sizes[i]), 2, 5);
    }
    sum_of_bf16(VT_SHAPE(1, 40001), 2, 1);
}

static void along_axis(vt_shape shape, int axis)
{
    trial t = { .shape = { shape }, .inputs = 1, .axis = axis };
    RUN(softmax);
    RUN(log_softmax);
    RUN(cumsum);
    if (shape.dim[axis] >= 3) RUN(topk);
    t.gradient = true;
    RUN(softmax);
    RUN(log_softmax);
}

Test(along_an_axis, rows_and_columns)
{
    const int64_t more[] = { 64, 2048, 8192, 8193 };
    for (int i = 0; i < LENGTHS; i++) {
        along_axis(VT_SHAPE(9, lengths[i]), 1);
        along_axis(VT_SHAPE(lengths[i], 5), 0);
    }
    for (int i = 0; i < 4; i++) along_axis(VT_SHAPE(2, more[i]), 1);
    along_axis(VT_SHAPE(2, 65, 300), 1);
    along_axis(VT_SHAPE(1, 1), 1);
}

Test(along_an_axis, labels)
{
    trial t = { .inputs = 2 };
    for (int gradient = 0; gradient < 2; gradient++) {
        t.gradient = gradient;
        for (int i = 0; i < LENGTHS; i++) {
            t.shape[0] = VT_SHAPE(9, lengths[i]);
            t.shape[1] = VT_SHAPE(9);
            t.below[1] = lengths[i];
            RUN(cross_entropy);
        }
        t.shape[0] = VT_SHAPE(2, 21, 300);
        t.shape[1] = VT_SHAPE(2, 300);
        t.below[1] = 21;
        RUN(cross_entropy);
    }
}

/* Where a device leaves f64 to the reference backend, which VT_STRICT=1 forbids. */
static void check_labels_of_f64(vt_shape logits, vt_shape labels, bool gradient)
{
    trial t = { .name = "cross_entropy", .function = cross_entropy, .inputs = 2, .gradient = gradient };
    int64_t count;
    t.shape[0] = logits;
    t.shape[1] = labels;
    t.below[1] = logits.dim[1];
    double *want = compute(&t, "reference", VT_F64, &count), *got = compute(&t, tested_device(), VT_F64, &count);
    for (int64_t i = 0; i < count; i++)
        cr_assert(fabs(got[i] - want[i]) <= 1e-13, "element %lld is %.17g, not %.17g", (long long)i, got[i], want[i]);
    free(want);
    free(got);
}

Test(along_an_axis, labels_of_f64)
{
    setenv("VT_STRICT", "0", 1);
    for (int gradient = 0; gradient < 2; gradient++) {
        check_labels_of_f64(VT_SHAPE(9, 1), VT_SHAPE(9), gradient);
        check_labels_of_f64(VT_SHAPE(9, 65), VT_SHAPE(9), gradient);
        check_labels_of_f64(VT_SHAPE(2, 21, 30), VT_SHAPE(2, 30), gradient);
    }
}

Test(along_an_axis, labels_of_f64_that_are_wrong)
{
    setenv("VT_STRICT", "0", 1);
    vt_set_device(tested_device());
    VT_SCOPE;
    const int64_t labels[] = { 1, 3, 0 };
    vt_tensor x = vt_full(VT_SHAPE(3, 3), 1, .dtype = VT_F64);
    vt_tensor y = vt_cross_entropy(x, vt_from_data(labels, VT_SHAPE(3), VT_I64));
    double loss;
    cr_assert(!vt_read(y, &loss, 1, VT_F64));
    REFUSED(VT_ERROR_ARGUMENT, "cross_entropy: label 3 is out of range: there are 3 classes");
}

/* -- By index ------------------------------------------------------------------------------------------------------ */

/* From keys of one byte to those of three, from one tile to several, from one index a place to many. */
Test(by_index, adding)
{
    const int64_t places[] = { 1, 7, 255, 256, 70000 }, sources[] = { 32, 33, 255, 5000 };
    const int every = SANITIZED ? 2 : 1;
    for (int i = 0; i < 5; i++) {
        for (int k = every - 1; k < 4; k += every) {
            trial t = { .shape = { VT_SHAPE(places[i], 3), VT_SHAPE(sources[k]), VT_SHAPE(sources[k], 3) },
                        .below = { 0, places[i], 0 },
                        .inputs = 3 };
            RUN(index_add);
            t.shape[0] = VT_SHAPE(places[i]);
            t.shape[2] = VT_SHAPE(sources[k]);
            RUN(scatter_add);
        }
    }
    trial t = { .shape = { VT_SHAPE(3, 20, 40), VT_SHAPE(100), VT_SHAPE(3, 100, 40) },
                .below = { 0, 20, 0 },
                .inputs = 3,
                .axis = 1 };
    RUN(index_add);
    t.shape[1] = t.shape[2];
    RUN(scatter_add);
}

Test(by_index, picking)
{
    for (int64_t width = 1; width <= 20; width++) {
        trial t = { .shape = { VT_SHAPE(9, width), VT_SHAPE(50) }, .below = { 0, 9 }, .inputs = 2 };
        RUN(index_select);
    }
}

/* Of many wrong indices the first is named, whichever thread sees its own first. */
Test(by_index, the_first_fault)
{
    int64_t index[600];
    vt_set_device(tested_device());
    VT_SCOPE;
    for (int i = 0; i < 600; i++) index[i] = i < 401 ? i % 5 : 5 + i;
    vt_tensor x = vt_full(VT_SHAPE(5, 2), 1), y = vt_index_select(x, 0, vt_from_data(index, VT_SHAPE(600), VT_I64));
    float data[1200];
    cr_assert(!vt_read(y, data, 1200, VT_F32));
    REFUSED(VT_ERROR_ARGUMENT, "index_select: index 406 at [401] is out of range: the extent is 5");
}

/* -- Images -------------------------------------------------------------------------------------------------------- */

Test(images, channels_and_sizes)
{
    const int64_t channels[] = { 1, 3, 4, 30, 64 }, sizes[] = { 1, 2, 7, 28 };
    for (int i = 0; i < 5; i++) {
        for (int k = 0; k < 4; k++) {
            trial t = { .shape = { VT_SHAPE(2, channels[i], sizes[k], sizes[k] + 1) }, .inputs = 1 };
            for (int gradient = 0; gradient < 2; gradient++) {
                t.gradient = gradient;
                RUN(max_pool2d);
                RUN(adaptive_avg_pool2d);
                RUN(interpolate);
            }
        }
    }
}
