/* test_bf16.c - f32 values stored as bf16: the conversion, and that a kernel computes from and into such memory what it
 * computes in f32. */
#include "backends/cpu/backend.h"
#include "core/base/bf16.h"
#include "ops/elementwise.h"
#include "ops/linear.h"
#include "ops/list.h"
#include "ops/normalization.h"
#include "ops/reduce.h"
#include "numbers.h"
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <vitro/vitro.h>

static float float_of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* -- The conversion ------------------------------------------------------------------------------------------------ */

/* The nearer of the two neighbours, which are the floats with and without the lower half of the bits. In f64, where
 * infinity is where the next number would be. */
static double as_f64(uint32_t upper)
{
    return (upper & 0x7fff) == 0x7f80 ? (upper >> 15 ? -0x1p128 : 0x1p128) : (double)float_of_bits(upper << 16);
}

static uint32_t nearest(uint32_t bits)
{
    uint32_t down = bits >> 16, up = down + 1;
    double x = (double)float_of_bits(bits), below = fabs(x - as_f64(down)), above = fabs(as_f64(up) - x);
    return below < above || (below == above && down % 2 == 0) ? down : up;
}

Test(conversion, rounds_to_the_nearest)
{
    for (uint64_t i = 0; i < UINT64_C(1) << 32; i += 1021) {
        uint32_t bits = (uint32_t)i;
        float x = float_of_bits(bits);
        uint16_t got = bf16_of_f32(x);
        if (isnan(x))
            cr_assert(isnan(bf16_to_f32(got)), "of %#x", (unsigned)bits);
        else if (isinf(x))
            cr_assert(bf16_to_f32(got) == x, "of %#x", (unsigned)bits);
        else
            cr_assert(got == nearest(bits), "of %#x: %#x, not %#x", (unsigned)bits, got, (unsigned)nearest(bits));
    }
}

Test(conversion, special_values)
{
    const uint32_t nans[] = { 0x7f800001, 0xff800001, 0x7fffffff, 0xffffffff, 0x7fc00000 };
    for (int i = 0; i < 5; i++) cr_assert(isnan(bf16_to_f32(bf16_of_f32(float_of_bits(nans[i])))));
    cr_assert(bf16_of_f32(INFINITY) == 0x7f80 && bf16_of_f32(-INFINITY) == 0xff80);
    cr_assert(bf16_of_f32(0) == 0 && bf16_of_f32(-0.0f) == 0x8000);
    cr_assert(bf16_of_f32(float_of_bits(0x3f808000)) == 0x3f80); /* a tie goes to the even one */
    cr_assert(bf16_of_f32(float_of_bits(0x3f818000)) == 0x3f82);
    cr_assert(bf16_of_f32(float_of_bits(0x7f7fffff)) == 0x7f80);
}

Test(conversion, there_and_back)
{
    for (uint32_t i = 0; i < 1 << 16; i++) {
        float x = bf16_to_f32((uint16_t)i);
        if (!isnan(x)) cr_assert(bf16_of_f32(x) == i, "%#x becomes %#x", (unsigned)i, bf16_of_f32(x));
    }
}

/* -- Copies -------------------------------------------------------------------------------------------------------- */

static float *random_floats(int64_t count, uint64_t seed)
{
    float *x = malloc((size_t)(count + 1) * sizeof *x);
    cr_assert(x);
    for (int64_t i = 0; i < count; i++) x[i] = (float)(2 * next_f32(&seed) - 1);
    return x;
}

/* From f32 in either order of axes, to bf16 in the other or the same, and back. */
static void test_copies(vt_shape shape)
{
    int64_t count = vt_shape_count(shape);
    float *x = random_floats(count, 1), *back = random_floats(count, 2);
    uint16_t *narrow = calloc((size_t)count, sizeof *narrow), *moved = calloc((size_t)count, sizeof *moved);
    cr_assert(narrow && moved);
    for (int order = 0; order < 4; order++) {
        array from = array_contiguous(x, VT_F32, shape), middle = array_contiguous(narrow, VT_BF16, shape);
        array other = array_contiguous(moved, VT_BF16, shape), to = array_contiguous(back, VT_F32, shape);
        if (order & 1) from = array_channels_last(x, VT_F32, shape);
        if (order & 2) other = array_channels_last(moved, VT_BF16, shape);
        array_copy(&middle, &from);
        array_copy(&other, &middle);
        array_copy(&to, &other);
        for (int64_t i = 0; i < count; i++) {
            float want = bf16_to_f32(bf16_of_f32(x[array_offset(&from, i)]));
            cr_assert(bf16_to_f32(narrow[i]) == want && back[i] == want, "order %d, element %d", order, (int)i);
            cr_assert((float)array_get(&other, array_offset(&other, i)) == want);
        }
    }
    free(x);
    free(back);
    free(narrow);
    free(moved);
}

Test(copies, in_any_order_of_axes)
{
    test_copies(VT_SHAPE(3, 5, 7, 2));
    test_copies(VT_SHAPE(2, 40, 33, 50)); /* in tiles, and by threads */
    test_copies(VT_SHAPE(1, 1, 1, 1));
}

Test(copies, single_elements)
{
    uint16_t memory[2] = { 0 };
    array a = array_contiguous(memory, VT_BF16, VT_SHAPE(2));
    array_set(&a, 1, 1.00390625); /* 1 + 2^-8, a tie */
    cr_assert(memory[0] == 0 && array_get(&a, 1) == 1);
}

/* -- Kernels: whatever memory holds the values, the results are the same, or those rounded
 * ------------------------------
 */

enum { MAX_ARRAYS = 8 };

/* The arguments of a kernel, and how they are stored. */
typedef struct kernel_sample {
    const char *name;
    const op *op;
    const void *attributes;
    int inputs, outputs;
    vt_shape in[MAX_ARRAYS], out[MAX_ARRAYS];
    double tolerance; /* in epsilons of f32, for sums that another loop may add up in another order; 0: the same bits */
} kernel_sample;

typedef struct storage {
    uint32_t in, out;   /* stored as bf16 */
    bool channels_last; /* inputs of three axes and more */
} storage;

/* An input of rounded values, so that it holds the same however it is stored. */
static array make_input(vt_shape shape, vt_dtype dtype, bool channels_last, uint64_t seed)
{
    int64_t count = vt_shape_count(shape);
    float *values = random_floats(count, seed);
    for (int64_t i = 0; i < count; i++) values[i] = bf16_to_f32(bf16_of_f32(values[i]));
    void *data = aligned_alloc(64, (size_t)(count * 4 + 64) / 64 * 64);
    cr_assert(data);
    array from = array_contiguous(values, VT_F32, shape);
    array to = channels_last ? array_channels_last(data, dtype, shape) : array_contiguous(data, dtype, shape);
    array_copy(&to, &from);
    free(values);
    return to;
}

static void run_kernel(const kernel_sample *s, const kernel *k, storage how, array *out)
{
    array in[MAX_ARRAYS];
    bound bound = { .seed = 3, .stream = 5 };
    for (int i = 0; i < s->inputs; i++)
        in[i] = make_input(s->in[i], how.in >> i & 1 ? VT_BF16 : VT_F32, how.channels_last, 7 + (uint64_t)i);
    for (int i = 0; i < s->outputs; i++) out[i] = make_input(s->out[i], how.out >> i & 1 ? VT_BF16 : VT_F32, false, 99);
    kernel_call call = { s->op, s->attributes, &bound, s->inputs, s->outputs, in, out, VT_HERE, NULL, NULL };
    preparation p = { 0 };
    cr_assert(!k->prepare || k->prepare(&call, &p), "%s", s->name);
    call.state = p.state;
    call.scratch = p.scratch ? aligned_alloc(64, (p.scratch + 63) / 64 * 64) : NULL;
    cr_assert(k->run(&call), "%s", s->name);
    free(call.scratch);
    if (p.discard) p.discard(p.state);
    for (int i = 0; i < s->inputs; i++) free(in[i].data);
}

static bool is_same(const array *got, const array *want, int64_t i, double tolerance)
{
    float w = ((float *)want->data)[i], rounded = bf16_to_f32(bf16_of_f32(w));
    double x = array_get(got, i), difference = fabs(x - (double)w);
    if (tolerance == 0) return x == (double)(got->dtype == VT_BF16 ? rounded : w);
    double limit = tolerance * (double)FLT_EPSILON * fmax(1, fabs((double)w));
    return difference <= limit + (got->dtype == VT_BF16 ? 0x1p-8 * fabs(x) : 0);
}

static void expect_same(const kernel_sample *s, const kernel *k, storage how)
{
    array got[MAX_ARRAYS], want[MAX_ARRAYS];
    run_kernel(s, k, (storage){ .channels_last = how.channels_last }, want);
    run_kernel(s, k, how, got);
    for (int o = 0; o < s->outputs; o++) {
        for (int64_t i = 0; i < vt_shape_count(s->out[o]); i++)
            cr_assert(is_same(&got[o], &want[o], i, s->tolerance),
                      "%s, inputs %#x, outputs %#x: output %d, element %d differs", s->name, (unsigned)how.in,
                      (unsigned)how.out, o, (int)i);
        free(got[o].data);
        free(want[o].data);
    }
}

/* Every combination that the kernel takes. */
static void test_storage(const kernel_sample *s)
{
    const kernel *k = cpu_backend.kernel_of(s->op);
    uint32_t ins = k->bf16_in & ((1u << s->inputs) - 1), outs = k->bf16_out & ((1u << s->outputs) - 1);
    cr_assert(ins || outs, "%s takes nothing stored as bf16", s->name);
    for (uint32_t in = 0; in <= ins; in++)
        for (uint32_t out = 0; out <= outs; out++)
            for (int last = 0; last <= k->strided; last++)
                if ((in & ~ins) == 0 && (out & ~outs) == 0) expect_same(s, k, (storage){ in, out, last });
}

#define LARGE VT_SHAPE(3, 37, 20, 50) /* several pieces, of a length that no vector divides, for two threads */
#define SMALL VT_SHAPE(2, 3, 5)

Test(kernels, of_each_element)
{
    const kernel_sample samples[] = {
        { "add", &op_add, NULL, 2, 1, { LARGE, LARGE }, { LARGE } },
        { "add of a row", &op_add, NULL, 2, 1, { LARGE, VT_SHAPE(50) }, { LARGE } },
        { "sub of a column", &op_sub, NULL, 2, 1, { SMALL, VT_SHAPE(3, 1) }, { SMALL } },
        { "mul by a scalar", &op_mul, NULL, 2, 1, { VT_SCALAR, SMALL }, { SMALL } },
        { "gelu", &op_gelu, &(gelu_attributes){ 0 }, 1, 1, { LARGE }, { LARGE } },
        { "gelu by tanh", &op_gelu, &(gelu_attributes){ 1 }, 1, 1, { SMALL }, { SMALL } },
        { "gelu_gradient", &op_gelu_gradient, &(gelu_attributes){ 0 }, 2, 1, { LARGE, LARGE }, { LARGE } },
        { "relu_gradient", &op_relu_gradient, NULL, 2, 1, { SMALL, SMALL }, { SMALL } },
        { "add_relu", &op_add_relu, NULL, 2, 1, { LARGE, LARGE }, { LARGE } },
        { "add_relu_gradient", &op_add_relu_gradient, NULL, 3, 1, { LARGE, LARGE, LARGE }, { LARGE } },
        { "square", &op_square, NULL, 1, 1, { SMALL }, { SMALL } },
        { "pow_scalar", &op_pow_scalar, &(pow_scalar_attributes){ 3 }, 1, 1, { SMALL }, { SMALL } },
        { "affine", &op_affine, &(affine_attributes){ 2, 1 }, 1, 1, { VT_SHAPE(0, 3) }, { VT_SHAPE(0, 3) } },
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) test_storage(&samples[i]);
}

/* Values up to 1, sums of as many of them as there are terms. */
Test(kernels, of_products)
{
    const vt_shape x = VT_SHAPE(3, 7, 50), weight = VT_SHAPE(70, 50), bias = VT_SHAPE(70), y = VT_SHAPE(3, 7, 70);
    const vt_shape left = VT_SHAPE(65, 50), right = VT_SHAPE(50, 70), product = VT_SHAPE(65, 70);
    const matmul_attributes plain = { 0 }, transposed = { 1, 1 };
    const kernel_sample samples[] = {
        { "matmul", &op_matmul, &plain, 2, 1, { left, right }, { product }, 64 },
        { "matmul of transposed",
          &op_matmul,
          &transposed,
          2,
          1,
          { VT_SHAPE(2, 50, 65), weight },
          { VT_SHAPE(2, 65, 70) },
          64 },
        { "linear", &op_linear, NULL, 3, 1, { x, weight, bias }, { y }, 64 },
        { "linear_gelu", &op_linear_gelu, NULL, 3, 2, { x, weight, bias }, { y, y }, 64 },
        { "matmul_gelu_gradient",
          &op_matmul_gelu_gradient,
          NULL,
          3,
          1,
          { left, right, VT_SHAPE(5, 13, 70) },
          { VT_SHAPE(5, 13, 70) },
          64 },
        { "linear_gradient",
          &op_linear_gradient,
          NULL,
          2,
          2,
          { left, VT_SHAPE(65, 48) },
          { VT_SHAPE(50, 48), VT_SHAPE(50) },
          65 },
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) test_storage(&samples[i]);
}

Test(kernels, of_sums)
{
    const reduce_attributes rows = { .axes = 1 }, columns = { .axes = 2 };
    const kernel_sample samples[] = {
        { "sum of rows", &op_sum, &rows, 1, 1, { VT_SHAPE(517, 83) }, { VT_SHAPE(83) } },
        { "sum of columns", &op_sum, &columns, 1, 1, { VT_SHAPE(83, 517) }, { VT_SHAPE(83) } },
        { "mean of rows", &op_mean, &rows, 1, 1, { VT_SHAPE(1030, 800) }, { VT_SHAPE(800) } },
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) test_storage(&samples[i]);
}

#define ROWS  VT_SHAPE(3, 70, 83)
#define LEAD  VT_SHAPE(3, 70)
#define MEAN  VT_SHAPE(3, 70, 2)
#define WIDTH VT_SHAPE(83)

Test(kernels, of_rows)
{
    const row_norm_attributes norm = { .rank = 1, .eps = 1e-5 };
    const kernel_sample samples[] = {
        { "layer_norm", &op_layer_norm, &norm, 3, 3, { ROWS, WIDTH, WIDTH }, { ROWS, MEAN, LEAD }, 16 },
        { "rms_norm", &op_rms_norm, &norm, 2, 2, { ROWS, WIDTH }, { ROWS, LEAD }, 16 },
        { "add_layer_norm",
          &op_add_layer_norm,
          &norm,
          4,
          4,
          { ROWS, ROWS, WIDTH, WIDTH },
          { ROWS, MEAN, LEAD, ROWS },
          16 },
        { "layer_norm_gradient",
          &op_layer_norm_gradient,
          &norm,
          5,
          3,
          { ROWS, ROWS, MEAN, LEAD, WIDTH },
          { ROWS, WIDTH, WIDTH },
          16 },
        { "rms_norm_gradient", &op_rms_norm_gradient, &norm, 4, 2, { ROWS, ROWS, LEAD, WIDTH }, { ROWS, WIDTH }, 16 },
        { "layer_norm_gradient_add",
          &op_layer_norm_gradient_add,
          &norm,
          6,
          3,
          { ROWS, ROWS, MEAN, LEAD, ROWS, WIDTH },
          { ROWS, WIDTH, WIDTH },
          16 },
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) test_storage(&samples[i]);
}

/* -- Computed once more -------------------------------------------------------------------------------------------- */

/* x is read of a product that a plan stores as bf16, and later of the same one in f32, which has been read meanwhile:
 * it is not what its least element was found in. */
Test(computed_once_more, the_least_element_has_its_gradient)
{
    setenv("VT_BF16", "emulate", 1);
    vt_set_precision(VT_BF16);
    VT_SCOPE;
    const float factor = -1.7119140625f, number = 1.90234375f;
    vt_tensor a = vt_from_data(&factor, VT_SHAPE(1, 1, 1), VT_F32);
    vt_tensor product = vt_matmul(a, a, .transpose_a = true), activated = vt_softsign(product), g;
    vt_tensor x = vt_div(vt_from_data(&number, VT_SHAPE(1, 1, 1, 1), VT_F32), product);
    vt_tensor least = vt_min(x, .axes = VT_AXES(2, 3), .keep = true);
    vt_gradients(x, VT_INERT, &product, 1, &g);
    float read;
    cr_assert(vt_read(activated, &read, 1, VT_F32) && vt_read(product, &read, 1, VT_F32), "%s", vt_error_message());
    vt_gradients(least, VT_INERT, &product, 1, &g);
    double square = factor * factor, want = -number / (square * square), got = vt_item(g);
    cr_assert(fabs(got - want) <= 0x1p-6 * fabs(want), "%g, not %g", got, want);
}
