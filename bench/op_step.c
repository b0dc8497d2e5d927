/* op_step.c - times single ops, those of a table, and prints a line of JSON for each. See --help. */
#include "program/clock.h"
#include "program/command_line.h"
#include <vitro/vitro.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WARM_UP_STEPS = 2, MOST_INPUTS = 4 };

/* -- The command line ---------------------------------------------------------------------------------------------- */

typedef struct options {
    const char *table, *only;
    int64_t steps, threads;
} options;

static const command_option rows[] = {
    { OPTION_ARGUMENT, "TABLE", OPTION_FIELD(table), .help = "bench/ops_table.json, or a file like it",
      .required = true },
    { OPTION_TEXT, "only", OPTION_FIELD(only), "TEXT", .fallback = "", .help = "Rows whose name contains this" },
    { OPTION_INTEGER, "steps", OPTION_FIELD(steps), "N", 1, 1e6, .fallback = "10",
      .help = "Runs to time, after two that are not" },
    { OPTION_INTEGER, "threads", OPTION_FIELD(threads), "N", 0, 1024, .fallback = "0",
      .help = "Threads to compute with; 0: one for each core" },
    { 0 },
};

static const command_line line = {
    .version = "op_step (vitro)",
    .doc =
        "Times single ops, forward and with their gradients, and prints a line of JSON for each; bench/README.md says "
        "what its fields are.",
    .tables = { rows },
    .no_models = true,
};

/* -- A row of the table -------------------------------------------------------------------------------------------- */

/* An op, its inputs, all of which get a gradient, that of the result, and what the last run left. */
typedef struct op_run {
    const char *name;
    const struct tabled_op *op;
    bool with_gradients;
    int stride, padding, groups, side;
    int inputs;
    vt_tensor in[MOST_INPUTS], cotangent, y, gradient[MOST_INPUTS];
    vt_tensor mask; /* of attention */
} op_run;

typedef struct tabled_op {
    const char *name;
    void (*make_inputs)(op_run *r, const json_t *row);
    vt_tensor (*result)(const op_run *r);
    bool of_images;
} tabled_op;

/* `otherwise` where it is left out. */
static int64_t number_of(const json_t *row, const char *key, int64_t otherwise)
{
    const json_t *value = json_object_get(row, key);
    return value ? json_integer_value(value) : otherwise;
}

static vt_shape shape_of(const json_t *row, const char *key)
{
    const json_t *list = json_object_get(row, key);
    vt_shape shape = { .rank = 0 };
    for (size_t i = 0; i < json_array_size(list) && i < VT_MAX_RANK; i++)
        shape.dim[shape.rank++] = json_integer_value(json_array_get(list, i));
    return shape;
}

/* Kept, so that it is drawn once. */
static vt_tensor random_tensor(vt_shape shape)
{
    VT_SCOPE;
    return vt_keep(vt_normal(shape, .std = 0.1));
}

/* As an op before it would leave it: with the channels last in memory. */
static vt_tensor random_image(vt_shape shape)
{
    VT_SCOPE;
    const int64_t *d = shape.dim;
    return vt_keep(vt_permute(vt_normal(VT_SHAPE(d[0], d[2], d[3], d[1])), VT_AXES(0, 3, 1, 2)));
}

static void make_convolution(op_run *r, const json_t *row)
{
    vt_shape x = shape_of(row, "x");
    int64_t outputs = number_of(row, "outputs", 0), kernel = number_of(row, "kernel", 1);
    r->stride = (int)number_of(row, "stride", 1);
    r->padding = (int)number_of(row, "padding", 0);
    r->groups = (int)number_of(row, "groups", 1);
    r->inputs = 3;
    r->in[0] = random_image(x);
    r->in[1] = random_tensor(VT_SHAPE(outputs, x.dim[1] / r->groups, kernel, kernel));
    r->in[2] = random_tensor(VT_SHAPE(outputs));
}

static vt_tensor convolution(const op_run *r)
{
    return vt_conv2d(r->in[0], r->in[1], .bias = r->in[2], .stride = r->stride, .padding = r->padding,
                     .groups = r->groups);
}

/* A mask of which a fifth is false. */
static vt_tensor random_mask(vt_shape shape)
{
    VT_SCOPE;
    return vt_keep(vt_greater(vt_uniform(shape), vt_full(VT_SCALAR, 0.2)));
}

static void make_attention(op_run *r, const json_t *row)
{
    vt_shape q = shape_of(row, "q"), k = q, bias = shape_of(row, "bias"), mask = shape_of(row, "mask");
    const int keys = q.rank < 2 ? 0 : q.rank - 2;
    k.dim[keys] = number_of(row, "keys", q.dim[keys]);
    r->inputs = bias.rank ? 4 : 3;
    r->in[0] = random_tensor(q);
    r->in[1] = random_tensor(k);
    r->in[2] = random_tensor(k);
    if (bias.rank) r->in[3] = random_tensor(bias);
    if (mask.rank) r->mask = random_mask(mask);
}

static vt_tensor attention(const op_run *r)
{
    return vt_attention(r->in[0], r->in[1], r->in[2], .bias = r->in[3], .mask = r->mask);
}

/* As CoaT has it: the cost grows with the number of tokens. */
static vt_tensor factorized_attention(const op_run *r)
{
    vt_tensor sums = vt_matmul(vt_softmax(r->in[1], -2), r->in[2], .transpose_a = true);
    return vt_scale(vt_matmul(r->in[0], sums), 1 / sqrt((double)vt_dim(r->in[0], -1)));
}

static void make_pooling(op_run *r, const json_t *row)
{
    r->side = (int)number_of(row, "side", 1);
    r->inputs = 1;
    r->in[0] = random_image(shape_of(row, "x"));
}

static vt_tensor adaptive_pooling(const op_run *r)
{
    return vt_adaptive_avg_pool2d(r->in[0], r->side, r->side);
}

static const tabled_op ops[] = {
    { .name = "conv2d", .make_inputs = make_convolution, .result = convolution, .of_images = true },
    { .name = "attention", .make_inputs = make_attention, .result = attention },
    { .name = "factorized_attention", .make_inputs = make_attention, .result = factorized_attention },
    { .name = "adaptive_pooling", .make_inputs = make_pooling, .result = adaptive_pooling, .of_images = true },
};

static const tabled_op *find_op(const char *row, const char *name)
{
    for (size_t i = 0; name && i < sizeof ops / sizeof *ops; i++)
        if (strcmp(ops[i].name, name) == 0) return &ops[i];
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                   "%s: op is %s; it must be conv2d, attention, factorized_attention or adaptive_pooling", row,
                   name ? name : "left out");
    return NULL;
}

static void op_run_init(op_run *r, const json_t *row)
{
    const char *name = json_string_value(json_object_get(row, "name"));
    *r = (op_run){ .name = name ? name : "" };
    r->op = find_op(r->name, json_string_value(json_object_get(row, "op")));
    if (!r->op) return;
    r->op->make_inputs(r, row);
    vt_shape y = vt_shape_of(r->op->result(r));
    r->cotangent = r->op->of_images ? random_image(y) : random_tensor(y);
}

static void run_once(op_run *r)
{
    VT_SCOPE;
    vt_free(r->y);
    for (int i = 0; i < r->inputs; i++) vt_free(r->gradient[i]);
    vt_tensor y = r->op->result(r);
    if (r->with_gradients) vt_gradients(y, r->cotangent, r->in, r->inputs, r->gradient);
    for (int i = 0; r->with_gradients && i < r->inputs; i++) r->gradient[i] = vt_keep(r->gradient[i]);
    r->y = vt_keep(y);
}

/* -- Measuring ----------------------------------------------------------------------------------------------------- */

/* The least seconds that a run took, of the clock and of all threads' work. */
typedef struct least_seconds {
    double wall, cpu;
} least_seconds;

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static least_seconds measure(op_run *r, int64_t steps)
{
    least_seconds least = { INFINITY, INFINITY };
    for (int64_t i = 0; i < WARM_UP_STEPS + steps && !vt_failed(); i++) {
        double wall = monotonic_seconds(), cpu = cpu_seconds();
        run_once(r);
        vt_synchronize();
        if (i < WARM_UP_STEPS) continue;
        least.cpu = fmin(least.cpu, cpu_seconds() - cpu);
        least.wall = fmin(least.wall, monotonic_seconds() - wall);
    }
    return least;
}

static bool report(const op_run *r, least_seconds least)
{
    json_t *out = json_pack("{s:s, s:s, s:s, s:i, s:f, s:f}", "name", r->name, "pass",
                            r->with_gradients ? "training" : "forward", "level", vt_device_level(), "threads",
                            vt_threads(), "wall_ms", 1e3 * least.wall, "cpu_ms", 1e3 * least.cpu);
    if (!out || json_dumpf(out, stdout, JSON_REAL_PRECISION(9)) || puts("") < 0 || fflush(stdout))
        vt_error_raise(VT_ERROR_FILE, VT_HERE, "standard output cannot be written");
    json_decref(out);
    return !vt_failed();
}

static bool run_row(const json_t *row, int64_t steps)
{
    VT_SCOPE;
    op_run r;
    op_run_init(&r, row);
    for (int pass = 0; pass < 2 && !vt_failed(); pass++) {
        r.with_gradients = pass;
        least_seconds least = measure(&r, steps);
        if (!vt_failed()) report(&r, least);
    }
    return !vt_failed();
}

static bool run_table(const options *o, const json_t *table)
{
    for (size_t i = 0; i < json_array_size(table); i++) {
        const json_t *row = json_array_get(table, i);
        const char *name = json_string_value(json_object_get(row, "name"));
        if (strstr(name ? name : "", o->only) && !run_row(row, o->steps)) return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    options o = { 0 };
    json_error_t why;
    command_line_parse(&line, argc, argv, &o);
    json_t *table = json_load_file(o.table, 0, &why);
    vt_set_threads((int)o.threads);
    if (!json_is_array(table))
        vt_error_raise(VT_ERROR_FILE, VT_HERE, "%s: %s", o.table, table ? "it is not a list" : why.text);
    else
        run_table(&o, table);
    json_decref(table);
    bool ok = !vt_failed();
    if (!ok) vt_error_print(stderr);
    vt_shutdown();
    return ok ? 0 : 1;
}
