/* products.c - how fast large matrix products and a linear layer are, forward and backward, and how right. Prints a
 * line of JSON for each. See --help. Exit status: 1 where an error is above its limit. */
#include "program/clock.h"
#include "program/command_line.h"
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <vitro/vitro.h>

/* -- The command line ---------------------------------------------------------------------------------------------- */

typedef struct options {
    const char *device;
    vt_dtype precision;
    int64_t size, rounds;
} options;

static const command_option table[] = {
    { OPTION_TEXT, "device", OPTION_FIELD(device), "NAME", .fallback = "cpu",
      .help = "cpu, cuda: an NVIDIA GPU, or cuda:1, the second, or reference: the slow f64 oracle" },
    { OPTION_DTYPE, "precision", OPTION_FIELD(precision), "f32|bf16", .fallback = "f32", .help = "Of the factors" },
    { OPTION_INTEGER, "size", OPTION_FIELD(size), "N", 8, 1e5, .fallback = "1024",
      .help = "Rows of the square matrices; the layer has a quarter of it for inputs, and for outputs all" },
    { OPTION_INTEGER, "rounds", OPTION_FIELD(rounds), "N", 1, 1e6, .fallback = "8",
      .help = "Times each is computed; more than four, so that steps are launched as one" },
    { 0 },
};
static const command_line line = {
    .version = "products (vitro)",
    .doc = "Measures what all training is made of, alone: large products of matrices, and a linear layer with its "
           "gradients. Then it computes them three times with another input, as training does, and compares elements "
           "of the third run's results with sums in double.",
    .tables = { table },
};

/* -- The problem --------------------------------------------------------------------------------------------------- */

enum matrix { X, WEIGHT, BIAS, COTANGENT, MATRICES };
enum result { OUTPUT, X_GRADIENT, WEIGHT_GRADIENT, BIAS_GRADIENT, RESULTS };
static const char *const result_names[RESULTS] = { "output", "x_gradient", "weight_gradient", "bias_gradient" };

/* x [rows, inputs], weight [outputs, inputs] */
typedef struct problem {
    const char *name;
    int64_t rows, inputs, outputs;
    bool trains; /* with a bias, and its gradients */
    vt_dtype precision;
    int run; /* x has other numbers in each */
    vt_tensor given[MATRICES];
} problem;

/* In [-1, 1), with as many bits as the precision keeps, so that rounding to it changes nothing. */
static double number(const problem *p, enum matrix which, int64_t row, int64_t column)
{
    const int bits = p->precision == VT_BF16 ? 8 : 24;
    const int drawn = which == X ? MATRICES + p->run : (int)which;
    uint64_t word = (uint64_t)drawn << 40 ^ (uint64_t)row << 20 ^ (uint64_t)column;
    for (int mixed = 0; mixed < 2; mixed++) {
        word = (word ^ word >> 31) * 0x9e3779b97f4a7c15u;
        word ^= word >> 29;
    }
    return (double)(word >> (64 - bits)) / (double)(1 << (bits - 1)) - 1;
}

static vt_tensor draw(const problem *p, enum matrix which, int64_t rows, int64_t columns)
{
    float *data = malloc((size_t)(rows * columns) * sizeof *data);
    for (int64_t i = 0; data && i < rows * columns; i++) data[i] = (float)number(p, which, i / columns, i % columns);
    if (!data)
        vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for a matrix of %lld by %lld", (long long)rows,
                       (long long)columns);
    vt_tensor x = data ? vt_from_data(data, VT_SHAPE(rows, columns), VT_F32) : VT_INERT;
    free(data);
    return x;
}

static void prepare(problem *p)
{
    p->given[X] = draw(p, X, p->rows, p->inputs);
    p->given[WEIGHT] = draw(p, WEIGHT, p->outputs, p->inputs);
    if (!p->trains) return;
    p->given[BIAS] = vt_reshape(draw(p, BIAS, 1, p->outputs), VT_SHAPE(p->outputs));
    p->given[COTANGENT] = draw(p, COTANGENT, p->rows, p->outputs);
}

static int results_of(const problem *p)
{
    return p->trains ? RESULTS : OUTPUT + 1;
}

static vt_tensor forward(const problem *p)
{
    const vt_tensor *given = p->given;
    return p->trains ? vt_linear(given[X], given[WEIGHT], .bias = given[BIAS])
                     : vt_matmul(given[X], given[WEIGHT], .transpose_b = true);
}

/* Of what forward has given, by x, weight and bias. */
static void differentiate(const problem *p, vt_tensor cotangent, vt_tensor *result)
{
    if (p->trains) vt_gradients(result[OUTPUT], cotangent, p->given, 3, &result[X_GRADIENT]);
}

/* -- Measuring ----------------------------------------------------------------------------------------------------- */

/* One round, which is queued when this returns. */
static vt_tensor compute(const problem *p)
{
    VT_SCOPE;
    vt_tensor result[RESULTS] = { 0 };
    result[OUTPUT] = forward(p);
    if (!p->trains) return vt_keep(result[OUTPUT]);
    differentiate(p, result[OUTPUT], result);
    return vt_keep(
        vt_add(vt_sum(result[X_GRADIENT]), vt_add(vt_sum(result[WEIGHT_GRADIENT]), vt_sum(result[BIAS_GRADIENT]))));
}

/* Seconds of the fastest round. */
static double measure(const problem *p, int64_t rounds)
{
    double best = INFINITY;
    vt_synchronize();
    for (int64_t i = 0; i < rounds && !vt_failed(); i++) {
        const double began = monotonic_seconds();
        vt_tensor computed = compute(p);
        vt_synchronize();
        best = fmin(best, monotonic_seconds() - began);
        vt_free(computed);
    }
    return best;
}

/* -- Checking ------------------------------------------------------------------------------------------------------ */

/* Of the largest element. bf16: between what sums on tensor cores lose and what rounding the result would. */
static double limit_of(vt_dtype precision)
{
    return precision == VT_BF16 ? 5e-4 : 1e-5;
}

/* The third run is launched as one, where the device can. */
static void compute_thrice(problem *p, vt_tensor *result)
{
    for (p->run = 1; p->run <= 3; p->run++) {
        VT_SCOPE;
        vt_free(p->given[X]);
        p->given[X] = vt_keep(draw(p, X, p->rows, p->inputs));
        for (int r = 0; p->run > 1 && r < results_of(p); r++) vt_free(result[r]);
        result[OUTPUT] = forward(p);
        differentiate(p, p->given[COTANGENT], result);
        for (int r = 0; r < results_of(p); r++) result[r] = vt_keep(result[r]);
    }
    p->run--;
}

typedef struct extents {
    int64_t rows, columns, summed;
} extents;

static extents extents_of(const problem *p, enum result which)
{
    const extents of[RESULTS] = {
        [OUTPUT] = { p->rows, p->outputs, p->inputs },
        [X_GRADIENT] = { p->rows, p->inputs, p->outputs },
        [WEIGHT_GRADIENT] = { p->outputs, p->inputs, p->rows },
        [BIAS_GRADIENT] = { 1, p->outputs, p->rows },
    };
    return of[which];
}

static double term(const problem *p, enum result which, int64_t row, int64_t column, int64_t k)
{
    switch (which) {
    case X_GRADIENT: return number(p, COTANGENT, row, k) * number(p, WEIGHT, k, column);
    case WEIGHT_GRADIENT: return number(p, COTANGENT, k, row) * number(p, X, k, column);
    case BIAS_GRADIENT: return number(p, COTANGENT, k, column);
    default: return number(p, X, row, k) * number(p, WEIGHT, column, k);
    }
}

static double expected(const problem *p, enum result which, int64_t row, int64_t column)
{
    double sum = which == OUTPUT && p->trains ? number(p, BIAS, 0, column) : 0;
    for (int64_t k = 0; k < extents_of(p, which).summed; k++) sum += term(p, which, row, column, k);
    return sum;
}

/* The largest error of some elements, beside the largest of them; infinite where one is not finite. */
static double error_of(const problem *p, enum result which, vt_tensor result)
{
    enum { LOOKED_AT = 512 };
    const extents e = extents_of(p, which);
    double error = 0, largest = 0;
    float *got = malloc((size_t)(e.rows * e.columns) * sizeof *got);
    if (!got) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory to read the results into");
    if (got && vt_read(result, got, e.rows * e.columns, VT_F32)) {
        for (int64_t k = 0; k < LOOKED_AT; k++) {
            const int64_t row = k * 7919 % e.rows, column = k * 104729 % e.columns;
            const double want = expected(p, which, row, column), off = fabs(got[row * e.columns + column] - want);
            error = isfinite(off) ? fmax(error, off) : INFINITY;
            largest = fmax(largest, fabs(want));
        }
    }
    free(got);
    return error / largest;
}

static void check(problem *p, double *error)
{
    VT_SCOPE;
    vt_tensor result[RESULTS] = { 0 };
    compute_thrice(p, result);
    for (int r = 0; r < results_of(p); r++) error[r] = error_of(p, (enum result)r, result[r]);
}

/* -- Reporting ----------------------------------------------------------------------------------------------------- */

/* An error that is not finite is null. */
static json_t *errors_json(const problem *p, const double *error)
{
    json_t *errors = json_object();
    for (int r = 0; r < results_of(p); r++)
        json_object_set_new(errors, result_names[r], isfinite(error[r]) ? json_real(error[r]) : json_null());
    return errors;
}

static void report(const problem *p, double seconds, const double *error)
{
    const double products = p->trains ? 3 : 1;
    const double flop = 2 * products * (double)p->rows * (double)p->inputs * (double)p->outputs;
    json_t *found =
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:f, s:f, s:o, s:f}", "problem", p->name, "device", vt_device(),
                  "precision", vt_dtype_name(p->precision), "rows", (json_int_t)p->rows, "inputs",
                  (json_int_t)p->inputs, "outputs", (json_int_t)p->outputs, "ms", 1e3 * seconds, "gflops",
                  flop / seconds / 1e9, "errors", errors_json(p, error), "limit", limit_of(p->precision));
    if (!found || json_dumpf(found, stdout, 0) != 0 || puts("") < 0 || fflush(stdout) != 0)
        vt_error_raise(VT_ERROR_FILE, VT_HERE, "standard output cannot be written");
    json_decref(found);
}

/* Whether every result is right. */
static bool run(problem p, int64_t rounds)
{
    VT_SCOPE;
    double error[RESULTS];
    bool right = true;
    prepare(&p);
    const double seconds = measure(&p, rounds);
    check(&p, error);
    if (vt_failed()) return false;
    report(&p, seconds, error);
    for (int r = 0; r < results_of(&p); r++) right = right && error[r] <= limit_of(p.precision);
    return right;
}

int main(int argc, char **argv)
{
    options o = { 0 };
    command_line_parse(&line, argc, argv, &o);
    vt_set_device(o.device);
    vt_set_precision(o.precision);
    const problem product = {
        .name = "product", .precision = o.precision, .rows = o.size, .inputs = o.size, .outputs = o.size
    };
    problem linear = product;
    linear.name = "linear";
    linear.inputs = o.size / 4;
    linear.trains = true;
    const bool product_is_right = run(product, o.rounds), linear_is_right = run(linear, o.rounds);
    if (vt_failed()) vt_error_print(stderr);
    vt_shutdown();
    return product_is_right && linear_is_right ? 0 : 1;
}
