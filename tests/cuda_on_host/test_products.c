/* test_products.c - matrix products of the CUDA backend around its tiles and vectors, in f32 and in bf16, against the
 * reference backend. With VT_STRICT=1, so that nothing is computed there by mistake. */
#include "../left_behind.h"
#include "core/backend.h"
#include "../numbers.h"
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(products, .fini = expect_nothing_left);

/* Numbers that bf16 holds exactly. */
static vt_tensor numbers(vt_shape shape, uint64_t seed)
{
    int64_t count = vt_shape_count(shape);
    float *data = malloc((size_t)(count + 1) * sizeof *data);
    cr_assert(data);
    for (int64_t i = 0; i < count; i++) data[i] = (float)((int64_t)(next_bits(&seed) >> 57) - 64) / 64;
    vt_tensor x = vt_from_data(data, shape, VT_F32);
    free(data);
    return x;
}

/* What is computed, of m, n and k. */
typedef vt_tensor formula(int64_t m, int64_t n, int64_t k);

typedef struct values {
    int64_t count;
    float *data;
} values;

static values compute(formula *f, const int64_t *size)
{
    VT_SCOPE;
    vt_tensor y = f(size[0], size[1], size[2]);
    values v = { vt_shape_count(vt_shape_of(y)), NULL };
    v.data = malloc((size_t)(v.count + 1) * sizeof *v.data);
    cr_assert(v.data && vt_read(y, v.data, v.count, VT_F32), "%s", vt_error_message());
    return v;
}

/* The reference backend refuses bf16. */
static void use(const char *device, vt_dtype precision)
{
    vt_set_precision(VT_F32);
    vt_set_device(device);
    vt_set_precision(precision);
}

/* Largest difference, relative to the largest value. Often enough for the steps to become a graph; each run gives the
 * same bits. */
static double error_of(formula *f, const int64_t *size, vt_dtype precision)
{
    use("reference", VT_F32);
    values want = compute(f, size), first = { 0 };
    use("cuda", precision);
    for (int run = 0; run < 4; run++) {
        values got = compute(f, size);
        cr_assert(got.count == want.count);
        if (run > 0) {
            cr_assert(memcmp(got.data, first.data, (size_t)got.count * sizeof *got.data) == 0, "run %d differs", run);
            free(got.data);
        } else {
            first = got;
        }
    }
    double worst = 0, scale = 1;
    for (int64_t i = 0; i < want.count; i++) {
        double difference = fabs((double)first.data[i] - (double)want.data[i]);
        worst = fmax(worst, isnan(difference) ? INFINITY : difference);
        scale = fmax(scale, fabs((double)want.data[i]));
    }
    free(want.data);
    free(first.data);
    return worst / scale;
}

static const int64_t sizes[][3] = {
    { 1, 1, 1 }, { 1, 40, 33 }, { 40, 1, 33 }, { 65, 10, 192 }, { 33, 197, 65 }, { 64, 64, 64 }, { 31, 32, 129 },
};

static void check(formula *f)
{
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        double f32 = error_of(f, sizes[i], VT_F32), bf16 = error_of(f, sizes[i], VT_BF16);
        cr_assert(f32 < 1e-6, "size %d: f32 is off by %g", (int)i, f32);
        cr_assert(bf16 < 1e-2, "size %d: bf16 is off by %g", (int)i, bf16);
    }
}

/* -- Products ------------------------------------------------------------------------------------------------------ */

static vt_tensor plain(int64_t m, int64_t n, int64_t k)
{
    return vt_matmul(numbers(VT_SHAPE(m, k), 1), numbers(VT_SHAPE(k, n), 2));
}

static vt_tensor turned_a(int64_t m, int64_t n, int64_t k)
{
    return vt_matmul(numbers(VT_SHAPE(k, m), 1), numbers(VT_SHAPE(k, n), 2), .transpose_a = true);
}

static vt_tensor turned_b(int64_t m, int64_t n, int64_t k)
{
    return vt_matmul(numbers(VT_SHAPE(m, k), 1), numbers(VT_SHAPE(n, k), 2), .transpose_b = true);
}

static vt_tensor turned_both(int64_t m, int64_t n, int64_t k)
{
    return vt_matmul(numbers(VT_SHAPE(k, m), 1), numbers(VT_SHAPE(n, k), 2), .transpose_a = true, .transpose_b = true);
}

Test(products, either_way_around)
{
    check(plain);
    check(turned_a);
    check(turned_b);
    check(turned_both);
}

static vt_tensor batches(int64_t m, int64_t n, int64_t k)
{
    return vt_matmul(numbers(VT_SHAPE(5, m, k), 1), numbers(VT_SHAPE(5, k, n), 2));
}

static vt_tensor broadcast_batches(int64_t m, int64_t n, int64_t k)
{
    return vt_matmul(numbers(VT_SHAPE(2, 1, m, k), 1), numbers(VT_SHAPE(3, k, n), 2));
}

/* Heads between rows and columns: two batch axes that are not one. */
static vt_tensor heads(int64_t m, int64_t n, int64_t k)
{
    vt_tensor a = vt_permute(numbers(VT_SHAPE(2, m, 3, k), 1), VT_AXES(0, 2, 1, 3));
    vt_tensor b = vt_permute(numbers(VT_SHAPE(2, n, 3, k), 2), VT_AXES(0, 2, 1, 3));
    return vt_matmul(a, b, .transpose_b = true);
}

Test(products, in_batches)
{
    check(batches);
    check(broadcast_batches);
    check(heads);
}

/* Rows far apart, at an address that no vector can be loaded from. */
static vt_tensor odd_places(int64_t m, int64_t n, int64_t k)
{
    vt_tensor a = vt_slice(numbers(VT_SHAPE(m, k + 3), 1), 1, 1, k + 1);
    vt_tensor b = vt_slice(numbers(VT_SHAPE(k + 1, n), 2), 0, 1, VT_END);
    return vt_matmul(a, b);
}

static vt_tensor every_second_column(int64_t m, int64_t n, int64_t k)
{
    vt_tensor a = vt_slice(numbers(VT_SHAPE(m, 2 * k), 1), 1, 0, VT_END, .step = 2);
    return vt_matmul(a, numbers(VT_SHAPE(k, n), 2));
}

static vt_tensor batches_from_the_last(int64_t m, int64_t n, int64_t k)
{
    return vt_matmul(vt_flip(numbers(VT_SHAPE(4, m, k), 1), VT_AXES(0)), numbers(VT_SHAPE(4, k, n), 2));
}

Test(products, of_slices)
{
    check(batches_from_the_last);
    check(odd_places);
    check(every_second_column);
}

/* What lies between the products is stored as bf16 where that is the precision. */
static vt_tensor product_of_product(int64_t m, int64_t n, int64_t k)
{
    return vt_matmul(plain(m, n, k), numbers(VT_SHAPE(n, 7), 3));
}

static vt_tensor without_terms(int64_t m, int64_t n, int64_t k)
{
    (void)k;
    return vt_linear(numbers(VT_SHAPE(m, 0), 1), numbers(VT_SHAPE(n, 0), 2), .bias = numbers(VT_SHAPE(n), 3));
}

Test(products, of_products_and_of_nothing)
{
    check(product_of_product);
    check(without_terms);
}

/* -- Layers -------------------------------------------------------------------------------------------------------- */

static vt_tensor two_layers(int64_t m, int64_t n, int64_t k)
{
    vt_tensor x = vt_linear(numbers(VT_SHAPE(2, m, k), 1), numbers(VT_SHAPE(n, k), 2), .bias = numbers(VT_SHAPE(n), 3));
    return vt_linear(x, numbers(VT_SHAPE(k, n), 4), .bias = numbers(VT_SHAPE(k), 5));
}

/* Rows of one token, as a classifier reads them. */
static vt_tensor first_tokens(int64_t m, int64_t n, int64_t k)
{
    vt_tensor x = vt_slice(numbers(VT_SHAPE(m, 3, k), 1), 1, 0, 1);
    return vt_linear(x, numbers(VT_SHAPE(n, k), 2), .bias = vt_expand(numbers(VT_SHAPE(1), 3), VT_SHAPE(n)));
}

Test(products, of_layers)
{
    check(two_layers);
    check(first_tokens);
}

typedef struct perceptron {
    vt_tensor x, weight, y;
} perceptron;

static perceptron make_perceptron(int64_t m, int64_t n, int64_t k)
{
    perceptron p = { numbers(VT_SHAPE(2, m, k), 1), numbers(VT_SHAPE(n, k), 2), { 0 } };
    vt_tensor hidden = vt_gelu(vt_linear(p.x, p.weight, .bias = numbers(VT_SHAPE(n), 3)));
    p.y = vt_linear(hidden, numbers(VT_SHAPE(k, n), 4));
    return p;
}

static vt_tensor gelu_between(int64_t m, int64_t n, int64_t k)
{
    return make_perceptron(m, n, k).y;
}

static vt_tensor gradient_of(perceptron p, vt_tensor wanted)
{
    vt_tensor gradient;
    vt_gradients(p.y, numbers(vt_shape_of(p.y), 6), &wanted, 1, &gradient);
    return gradient;
}

static vt_tensor gradient_of_input(int64_t m, int64_t n, int64_t k)
{
    perceptron p = make_perceptron(m, n, k);
    return gradient_of(p, p.x);
}

static vt_tensor gradient_of_weight(int64_t m, int64_t n, int64_t k)
{
    perceptron p = make_perceptron(m, n, k);
    return gradient_of(p, p.weight);
}

Test(products, with_gelu)
{
    check(gelu_between);
    check(gradient_of_input);
    check(gradient_of_weight);
}

/* -- Settings ------------------------------------------------------------------------------------------------------ */

/* Factors that need more digits than tf32 has. */
static vt_tensor of_fine_numbers(int64_t m, int64_t n, int64_t k)
{
    static const float third = 1.0f / 3;
    vt_tensor a = vt_expand(vt_from_data(&third, VT_SHAPE(1, 1), VT_F32), VT_SHAPE(m, k));
    return vt_matmul(a, numbers(VT_SHAPE(k, n), 2));
}

Test(products, in_tf32_where_that_is_asked_for)
{
    setenv("VT_TF32", "1", 1);
    double error = error_of(of_fine_numbers, sizes[4], VT_F32);
    cr_assert(error > 1e-6 && error < 1e-3, "off by %g", error);
    unsetenv("VT_TF32");
    error = error_of(of_fine_numbers, sizes[5], VT_F32);
    cr_assert(error < 1e-6, "off by %g", error);
}

Test(products, without_timing)
{
    setenv("VT_TUNE", "0", 1);
    check(plain);
    unsetenv("VT_TUNE");
}

Test(products, measure_the_peak)
{
    const backend *cuda = backend_find("cuda");
    cr_assert(cuda && cuda->queue->start());
    device_peak peak = cuda->measure_peak();
    cr_assert(peak.flops > 1e6 && peak.bytes > 1e6, "%g FLOP/s, %g bytes/s", peak.flops, peak.bytes);
    cuda->queue->stop();
}
