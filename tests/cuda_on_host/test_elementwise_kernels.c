/* test_elementwise_kernels.c - ops on each element, of the CUDA backend: around the vectors that threads load, with
 * operands that are broadcast, permuted, at odd addresses or stored as bf16; and random numbers, which are the CPU's.
 */
#include "../left_behind.h"
#include "../sanitized.h"
#include "device_arrays.h"
#include "ops/elementwise.h"
#include "ops/list.h"
#include <math.h>

/* -- Kernels, called as a plan calls them -------------------------------------------------------------------------- */

enum { OPERANDS = 3 };

/* An operand of a [rows, columns] result. */
typedef enum form { FULL, ROW, COLUMN, ONE, TURNED, ODD, FORMS } form;

static array operand(form f, vt_dtype dtype, int64_t rows, int64_t columns, int64_t *skipped)
{
    array a = array_contiguous(NULL, dtype, VT_SHAPE(rows, columns));
    if (f == ROW) a = array_contiguous(NULL, dtype, VT_SHAPE(columns));
    if (f == COLUMN) a = array_contiguous(NULL, dtype, VT_SHAPE(rows, 1));
    if (f == ONE) a = array_contiguous(NULL, dtype, VT_SCALAR);
    if (f == TURNED) a = array_permute(array_contiguous(NULL, dtype, VT_SHAPE(columns, rows)), (int[]){ 1, 0 });
    *skipped = f == ODD;
    return a;
}

/* A call, and what it computes of an element. */
typedef struct run {
    const op *op;
    const void *attributes;
    double (*function)(double a, double b, double c);
    int inputs;
    vt_dtype in[OPERANDS], out;
    form form[OPERANDS];
    int64_t rows, columns;
} run;

/* The same array on the host and on the device. */
typedef struct twin {
    array host, device;
    char *host_memory, *device_memory;
    size_t bytes;
} twin;

static twin make_twin(array a, int64_t skipped)
{
    size_t size = vt_dtype_size(a.dtype), first = (size_t)skipped * size;
    twin t = { .host = a, .device = a, .bytes = (size_t)vt_shape_count(a.shape) * size + first };
    t.host_memory = malloc(t.bytes + 1);
    cr_assert(t.host_memory);
    fill_with_numbers(a.dtype, t.host_memory, t.bytes);
    t.device_memory = on_device(t.host_memory, t.bytes);
    t.host.data = t.host_memory + first;
    t.device.data = t.device_memory + first;
    return t;
}

static void end_twin(twin *t)
{
    off_device(t->device_memory, t->bytes);
    free(t->host_memory);
}

static void call_kernel(const run *r, const twin *in, twin *out)
{
    array arrays[OPERANDS + 1];
    for (int k = 0; k < r->inputs; k++) arrays[k] = in[k].device;
    arrays[r->inputs] = out->device;
    kernel_call call = { .op = r->op, .attributes = r->attributes, .inputs = r->inputs, .outputs = 1 };
    call.in = arrays;
    call.out = arrays + r->inputs;
    const kernel *k = device()->kernel_of(r->op);
    cr_assert(k && (!k->supports || k->supports(&call)) && k->run(&call), "%s", r->op->name);
    cr_assert(device()->queue->download(out->host_memory, out->device_memory, out->bytes));
}

static double wanted(const run *r, const twin *in, vt_shape shape, int64_t index)
{
    double x[OPERANDS] = { 0 };
    for (int k = 0; k < r->inputs; k++) {
        array seen = array_broadcast(in[k].host, shape);
        x[k] = array_get(&in[k].host, array_offset(&seen, index));
    }
    return r->function(x[0], x[1], x[2]);
}

/* To what rounding the result to its dtype adds. */
static void check(const run *r)
{
    int64_t skipped;
    twin in[OPERANDS], out;
    for (int k = 0; k < r->inputs; k++) {
        array a = operand(r->form[k], r->in[k], r->rows, r->columns, &skipped);
        in[k] = make_twin(a, skipped);
    }
    out = make_twin(operand(FULL, r->out, r->rows, r->columns, &skipped), 0);
    call_kernel(r, in, &out);
    double epsilon = r->out == VT_BF16 ? 0x1p-8 : r->out == VT_F32 ? 0x1p-21 : 0;
    for (int64_t i = 0; i < vt_shape_count(out.host.shape); i++) {
        double x = array_get(&out.host, i), y = wanted(r, in, out.host.shape, i);
        cr_assert(x == y || fabs(x - y) <= epsilon * fmax(fabs(y), 0x1p-6),
                  "%s of [%lld, %lld], operands %d %d %d: element %lld is %.9g, not %.9g", r->op->name,
                  (long long)r->rows, (long long)r->columns, r->form[0], r->form[1], r->form[2], (long long)i, x, y);
    }
    for (int k = 0; k < r->inputs; k++) end_twin(&in[k]);
    end_twin(&out);
}

static const int64_t sizes[][2] = {
    { 1, 1 },    { 1, 3 },   { 1, 4 },   { 1, 5 },    { 1, 7 },   { 1, 8 }, { 1, 9 },    { 1, 1023 }, { 1, 1025 },
    { 1, 2055 }, { 65, 12 }, { 197, 8 }, { 65, 197 }, { 24, 64 }, { 3, 1 }, { 1031, 2 }, { 0, 5 },
};
enum { SIZES = sizeof sizes / sizeof *sizes };

static void check_sizes(run r)
{
    for (int s = 0; s < SIZES; s++) {
        r.rows = sizes[s][0];
        r.columns = sizes[s][1];
        check(&r);
    }
}

TestSuite(kernels, .init = start_device, .fini = stop_device);

static const vt_dtype stored[] = { VT_F32, VT_BF16 };

static double affine(double a, double b, double c)
{
    (void)b, (void)c;
    return 0.25 * a - 1.5;
}

Test(kernels, of_one_operand)
{
    static const affine_attributes attributes = { 0.25, -1.5 };
    static const form forms[] = { FULL, TURNED, ODD };
    run r = { .op = &op_affine, .attributes = &attributes, .function = affine, .inputs = 1 };
    for (int which = 0; which < 4; which++)
        for (int f = 0; f < 3; f++) {
            r.in[0] = stored[which & 1];
            r.out = stored[which >> 1];
            r.form[0] = forms[f];
            check_sizes(r);
        }
}

static double product(double a, double b, double c)
{
    (void)c;
    return a * b;
}

Test(kernels, of_two_operands)
{
    run r = { .op = &op_mul, .function = product, .inputs = 2 };
    for (int which = 0; which < 8; which += SANITIZED ? 3 : 1)
        for (r.form[0] = FULL; r.form[0] < FORMS; r.form[0]++)
            for (r.form[1] = FULL; r.form[1] < FORMS; r.form[1]++) {
                r.in[0] = stored[which & 1];
                r.in[1] = stored[which >> 1 & 1];
                r.out = stored[which >> 2];
                check_sizes(r);
            }
}

static double gradient_of_sum(double a, double b, double c)
{
    return c <= 0 ? 0 : a + b;
}

Test(kernels, of_three_operands)
{
    run r = { .op = &op_add_relu_gradient,
              .function = gradient_of_sum,
              .inputs = 3,
              .in = { VT_BF16, VT_F32, VT_BF16 },
              .out = VT_F32,
              .form = { FULL, FULL, ROW } };
    for (; r.form[1] < FORMS; r.form[1]++) check_sizes(r);
}

static double wrapped_to_bytes(double a, double b, double c)
{
    (void)c;
    return (uint8_t)((int)a - (int)b);
}

static double difference(double a, double b, double c)
{
    (void)c;
    return a - b;
}

Test(kernels, of_integers)
{
    static const vt_dtype dtypes[] = { VT_I32, VT_I64, VT_U8 };
    for (int d = 0; d < 3; d++) {
        run r = { .op = &op_sub, .inputs = 2, .in = { dtypes[d], dtypes[d] }, .out = dtypes[d] };
        r.function = dtypes[d] == VT_U8 ? wrapped_to_bytes : difference;
        for (; r.form[1] < FORMS; r.form[1]++) check_sizes(r);
    }
}

static double is_less(double a, double b, double c)
{
    (void)c;
    return a < b;
}

static double chosen(double a, double b, double c)
{
    return a != 0 ? b : c;
}

Test(kernels, that_compare_and_choose)
{
    run less = { .op = &op_less, .function = is_less, .inputs = 2, .in = { VT_BF16, VT_F32 }, .out = VT_BOOL };
    run where = {
        .op = &op_where, .function = chosen, .inputs = 3, .in = { VT_BOOL, VT_BF16, VT_F32 }, .out = VT_BF16
    };
    where.form[2] = TURNED;
    for (form f = FULL; f < FORMS; f++) {
        less.form[1] = where.form[0] = f;
        check_sizes(less);
        check_sizes(where);
    }
}

/* -- Programs ------------------------------------------------------------------------------------------------------ */

TestSuite(programs, .fini = expect_nothing_left);

typedef vt_tensor formula(int64_t n);

typedef struct values {
    int64_t count;
    double *data;
} values;

static values compute(formula *f, int64_t n)
{
    VT_SCOPE;
    vt_set_training(true);
    vt_tensor y = f(n);
    values v = { vt_shape_count(vt_shape_of(y)), NULL };
    v.data = malloc((size_t)(v.count + 1) * sizeof *v.data);
    cr_assert(v.data && vt_read(y, v.data, v.count, VT_F64), "%s", vt_error_message());
    return v;
}

/* Often enough for the steps to become a graph. Each run draws other numbers, the same on both devices. */
static void expect_equal(formula *f, int64_t n, const char *other, double tolerance)
{
    enum { RUNS = 4 };
    values want[RUNS];
    vt_set_device(other);
    vt_seed(5);
    for (int run = 0; run < RUNS; run++) want[run] = compute(f, n);
    vt_set_device("cuda");
    vt_seed(5);
    for (int run = 0; run < RUNS; run++) {
        values got = compute(f, n);
        cr_assert(got.count == want[run].count);
        for (int64_t i = 0; i < got.count; i++)
            cr_assert(fabs(got.data[i] - want[run].data[i]) <= tolerance,
                      "%lld, run %d: element %lld is %.9g, not %.9g", (long long)n, run, (long long)i, got.data[i],
                      want[run].data[i]);
        free(got.data);
        free(want[run].data);
    }
}

static const int64_t counts[] = { 1, 3, 4, 5, 1023, 1024, 1027, 4099 };
enum { COUNTS = sizeof counts / sizeof *counts };

/* What f32 holds exactly, however it is computed. */
static vt_tensor numbers(vt_shape shape)
{
    return vt_affine(vt_reshape(vt_arange(0, (double)vt_shape_count(shape)), shape), 0.25, -5);
}

static vt_tensor uniform(int64_t n)
{
    return vt_uniform(VT_SHAPE(n), .low = -1, .high = 3);
}

static vt_tensor bernoulli(int64_t n)
{
    return vt_bernoulli(VT_SHAPE(n), 0.3, .dtype = VT_U8);
}

static vt_tensor dropout(int64_t n)
{
    return vt_dropout(numbers(VT_SHAPE(n)), 0.3);
}

static vt_tensor drop_path(int64_t n)
{
    return vt_drop_path(numbers(VT_SHAPE(n, 12)), 0.4);
}

static vt_tensor drop_path_of_odd_samples(int64_t n)
{
    return vt_drop_path(numbers(VT_SHAPE(9, n)), 0.4);
}

static vt_tensor normal(int64_t n)
{
    return vt_normal(VT_SHAPE(n), .mean = 1, .std = 2);
}

static vt_tensor truncated_normal(int64_t n)
{
    return vt_truncated_normal(VT_SHAPE(n), .std = 0.02);
}

static vt_tensor sequences(int64_t n)
{
    return vt_add(vt_arange(0, (double)n, .step = 1), vt_linspace(-1, 0.3, n));
}

Test(programs, draw_the_numbers_of_the_cpu)
{
    formula *const formulas[] = { uniform, bernoulli, dropout,         drop_path, drop_path_of_odd_samples,
                                  normal,  sequences, truncated_normal };
    for (size_t f = 0; f < sizeof formulas / sizeof *formulas; f++)
        for (int c = 0; c < COUNTS; c++) expect_equal(formulas[f], counts[c], "cpu", 0);
}

/* Enough to be a chain of links, with an operand along rows and one along columns. */
static vt_tensor chain(int64_t n)
{
    vt_tensor x = numbers(VT_SHAPE(3, n)), row = vt_uniform(VT_SHAPE(n)), column = vt_uniform(VT_SHAPE(3, 1));
    vt_tensor y = vt_mul(vt_tanh(vt_affine(vt_sub(x, row), 0.1, 0.2)), vt_add(vt_square(column), x));
    return vt_clamp(vt_maximum(vt_div(y, vt_shift(vt_abs(x), 1)), vt_sin(x)), -0.9, 0.95);
}

Test(programs, of_chains)
{
    for (int c = 0; c < COUNTS; c++) expect_equal(chain, counts[c], "reference", 1e-5);
}

static vt_tensor pad_rows(int64_t n)
{
    return vt_pad(numbers(VT_SHAPE(2, 3, n)), VT_SHAPE(1, 0), VT_SHAPE(2, 0), .value = -3);
}

static vt_tensor pad_columns(int64_t n)
{
    return vt_pad(numbers(VT_SHAPE(2, n)), VT_SHAPE(4), VT_SHAPE(8));
}

static vt_tensor pad_everywhere(int64_t n)
{
    return vt_pad(vt_cast(numbers(VT_SHAPE(2, 2, n)), VT_U8), VT_SHAPE(1, 2, 3), VT_SHAPE(0, 1, 1), .value = 7);
}

/* Its gradient puts zeros between elements. */
static vt_tensor spread(int64_t n)
{
    vt_tensor x = numbers(VT_SHAPE(3, 3 * n)), dx;
    vt_tensor y = vt_slice(x, 1, 1, VT_END, .step = 3);
    vt_gradients(y, numbers(vt_shape_of(y)), &x, 1, &dx);
    return dx;
}

Test(programs, that_pad)
{
    formula *const formulas[] = { pad_rows, pad_columns, pad_everywhere, spread };
    for (size_t f = 0; f < sizeof formulas / sizeof *formulas; f++)
        for (int c = 0; c < COUNTS; c++) expect_equal(formulas[f], counts[c], "reference", 1e-3);
}
