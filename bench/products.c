/* products.c - how fast large matrix products and a linear layer are, forward and backward, and how right. Prints a
 * line of JSON for each. See --help. */
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
           "gradients. Numbers are compared with sums in double.",
    .tables = { table },
};

/* -- What is measured ---------------------------------------------------------------------------------------------- */

/* A number of few bits, which bf16 holds as f32 does. */
static float number(int64_t row, int64_t column)
{
    return (float)((row * 31 + column * 17) % 13 - 6) / 8;
}

static vt_tensor matrix(int64_t rows, int64_t columns)
{
    float *data = malloc((size_t)(rows * columns) * sizeof *data);
    for (int64_t i = 0; data && i < rows * columns; i++) data[i] = number(i / columns, i % columns);
    if (!data)
        vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for a matrix of %lld by %lld", (long long)rows,
                       (long long)columns);
    vt_tensor x = data ? vt_from_data(data, VT_SHAPE(rows, columns), VT_F32) : VT_INERT;
    free(data);
    return x;
}

/* x [rows, inputs], weight [outputs, inputs] */
typedef struct problem {
    const char *name;
    int64_t rows, inputs, outputs;
    bool trains; /* with a bias, and its gradients */
    vt_tensor x, weight, bias;
} problem;

static void prepare(problem *p)
{
    p->x = matrix(p->rows, p->inputs);
    p->weight = matrix(p->outputs, p->inputs);
    if (p->trains) p->bias = vt_zeros(VT_SHAPE(p->outputs));
}

/* One round, which is queued when this returns. */
static vt_tensor compute(const problem *p)
{
    VT_SCOPE;
    vt_tensor in[] = { p->x, p->weight, p->bias }, gradient[3];
    if (!p->trains) return vt_keep(vt_matmul(p->x, p->weight, .transpose_b = true));
    vt_tensor y = vt_linear(p->x, p->weight, .bias = p->bias);
    vt_gradients(y, y, in, 3, gradient);
    return vt_keep(vt_add(vt_sum(gradient[0]), vt_add(vt_sum(gradient[1]), vt_sum(gradient[2]))));
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

/* The largest error of some elements of x weight', beside the largest of them. */
static double error_of(const problem *p)
{
    enum { LOOKED_AT = 64 };
    VT_SCOPE;
    double error = 0, largest = 0;
    float *y = malloc((size_t)(p->rows * p->outputs) * sizeof *y);
    vt_tensor product = vt_matmul(p->x, p->weight, .transpose_b = true);
    if (y && vt_read(product, y, p->rows * p->outputs, VT_F32)) {
        for (int64_t k = 0; k < LOOKED_AT; k++) {
            const int64_t row = k * 7919 % p->rows, column = k * 104729 % p->outputs;
            double sum = 0;
            for (int64_t i = 0; i < p->inputs; i++) sum += (double)number(row, i) * (double)number(column, i);
            error = fmax(error, fabs((double)y[row * p->outputs + column] - sum));
            largest = fmax(largest, fabs(sum));
        }
    }
    free(y);
    return largest > 0 ? error / largest : NAN;
}

/* -- Reporting ----------------------------------------------------------------------------------------------------- */

static void report(const problem *p, const options *o, double seconds, double error)
{
    const double products = p->trains ? 3 : 1;
    const double flop = 2 * products * (double)p->rows * (double)p->inputs * (double)p->outputs;
    json_t *found = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:f, s:f, s:f}", "problem", p->name, "device",
                              vt_device(), "precision", vt_dtype_name(o->precision), "rows", (json_int_t)p->rows,
                              "inputs", (json_int_t)p->inputs, "outputs", (json_int_t)p->outputs, "ms", 1e3 * seconds,
                              "gflops", flop / seconds / 1e9, "error", error);
    if (!found || json_dumpf(found, stdout, 0) != 0 || puts("") < 0 || fflush(stdout) != 0)
        vt_error_raise(VT_ERROR_FILE, VT_HERE, "standard output cannot be written");
    json_decref(found);
}

static void run(problem p, const options *o)
{
    VT_SCOPE;
    prepare(&p);
    const double seconds = measure(&p, o->rounds), error = error_of(&p);
    if (!vt_failed()) report(&p, o, seconds, error);
}

int main(int argc, char **argv)
{
    options o = { 0 };
    command_line_parse(&line, argc, argv, &o);
    vt_set_device(o.device);
    vt_set_precision(o.precision);
    run((problem){ .name = "product", .rows = o.size, .inputs = o.size, .outputs = o.size }, &o);
    run((problem){ .name = "linear", .rows = o.size, .inputs = o.size / 4, .outputs = o.size, .trains = true }, &o);
    const int status = vt_failed() ? vt_error_print(stderr) : 0;
    vt_shutdown();
    return status;
}
