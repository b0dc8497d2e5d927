/* train_step.c - times whole training steps of a model of the zoo, and prints one line of JSON. See --help. */
#include "median.h"
#include "program/clock.h"
#include "program/command_line.h"
#include "zoo.h"
#include <vitro/vitro.h>
#include <jansson.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { PRODUCTS = 4, PRODUCT_ROUNDS = 4 };

/* What suits a device. One that works beside the host is waited for once a group of steps, or it would be idle between
 * them; it comes to its full speed later, since the third step of a kind makes of it what is launched as one; and it
 * takes larger products to keep it busy. */
typedef struct defaults {
    int64_t warm_up_steps, group, matmul_size;
} defaults;
static const defaults of_cpu = { .warm_up_steps = 2, .group = 1, .matmul_size = 2048 };
static const defaults of_cuda = { .warm_up_steps = 6, .group = 10, .matmul_size = 8192 };

/* -- The command line ---------------------------------------------------------------------------------------------- */

typedef struct options {
    const char *model, *device;
    const char *start; /* a folder, or NULL */
    vt_dtype precision;
    double lr;
    int64_t batch, steps, group, warm_up_steps, depth, image_size, matmul_size, threads;
    bool dropout, inference;
} options;

static const command_option table[] = {
    { OPTION_HEADING, .name = "What to train:" },
    { OPTION_MODEL, "model", OPTION_FIELD(model), "NAME", .fallback = "vit_tiny_patch4_32",
      .help = "The network, one of the list below" },
    { OPTION_INTEGER, "batch", OPTION_FIELD(batch), "N", 1, 1e6, .fallback = "64", .help = "Pictures a step" },
    { OPTION_INTEGER, "depth", OPTION_FIELD(depth), "N", 1, 1000, .otherwise = "the model's",
      .help = "Blocks of a ViT" },
    { OPTION_INTEGER, "image-size", OPTION_FIELD(image_size), "N", 1, 10000, .otherwise = "the model's",
      .help = "Height and width of the pictures" },
    { OPTION_FLAG, "dropout", OPTION_FIELD(dropout),
      .help = "Keep the model's dropout and drop path, which are left out otherwise" },
    { OPTION_FLAG, "inference", OPTION_FIELD(inference), .help = "Time the forward pass alone, in evaluation" },
    { OPTION_NUMBER, "lr", OPTION_FIELD(lr), "X", 0, INFINITY, true, "0.001", .help = "The learning rate of AdamW" },
    { OPTION_INTEGER, "steps", OPTION_FIELD(steps), "N", 1, 1e6, .fallback = "10",
      .help = "Steps to time, after some that are not" },
    { OPTION_INTEGER, "group", OPTION_FIELD(group), "N", 1, 1e6, .otherwise = "1; cuda: 10",
      .help = "Steps that are timed as one; the steps are rounded up to whole groups" },
    { OPTION_HEADING, .name = "On what:" },
    { OPTION_TEXT, "device", OPTION_FIELD(device), "NAME", .fallback = "cpu",
      .help = "cpu, cuda: an NVIDIA GPU, or cuda:1, the second, or reference: the slow f64 oracle" },
    { OPTION_DTYPE, "precision", OPTION_FIELD(precision), "f32|bf16", .fallback = "f32",
      .help = "Of weights and arithmetic" },
    { OPTION_INTEGER, "threads", OPTION_FIELD(threads), "N", 0, 1024, .fallback = "0",
      .help = "Threads to compute with; 0: one for each core that the program may use" },
    { OPTION_INTEGER, "matmul-size", OPTION_FIELD(matmul_size), "N", 1, 1e5, .otherwise = "2048; cuda: 8192",
      .help = "Rows of the square matrices whose product a step is held to" },
    { OPTION_HEADING, .name = "To compare losses:" },
    { OPTION_TEXT, "start", OPTION_FIELD(start), "DIR",
      .help = "Write the weights, pictures and labels to begin with into this folder, for pytorch_step.py --start, and "
              "read and report the loss of every step" },
    { 0 },
};

static int usable_cores(void)
{
    cpu_set_t cores;
    return sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
}

static options parse_options(int argc, char **argv)
{
    static const command_line line = {
        .version = "train_step (vitro)",
        .doc =
            "Times whole training steps (forward, cross-entropy, backward, AdamW) on made-up pictures and prints one "
            "line of JSON; bench/README.md says what its fields are.",
        .tables = { table },
    };
    options o = { .group = 0 };
    command_line_parse(&line, argc, argv, &o);
    const defaults *suited = strncmp(o.device, "cuda", 4) == 0 ? &of_cuda : &of_cpu;
    o.warm_up_steps = suited->warm_up_steps;
    if (o.group == 0) o.group = suited->group;
    if (o.matmul_size == 0) o.matmul_size = suited->matmul_size;
    if (o.threads == 0) o.threads = usable_cores();
    o.steps = (o.steps + o.group - 1) / o.group * o.group;
    return o;
}

/* -- Steps --------------------------------------------------------------------------------------------------------- */

typedef struct training {
    classifier *net;
    vt_optimizer *optimizer;
    vt_tensor images, labels;
    bool inference; /* a step is a forward pass alone */
    vt_tensor loss; /* of the last step; of a forward pass alone, the mean of the logits */
    double *losses; /* of every step, where they are to be read; NULL where not */
    int64_t step;
} training;

static vt_tensor random_images(int64_t count, int64_t size)
{
    VT_SCOPE;
    return vt_keep(vt_normal(VT_SHAPE(count, 3, size, size)));
}

static vt_tensor cyclic_labels(int64_t count, int64_t classes)
{
    int64_t *labels = calloc((size_t)count, sizeof *labels);
    if (!labels) {
        vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for %lld labels", (long long)count);
        return VT_INERT;
    }
    for (int64_t i = 0; i < count; i++) labels[i] = i % classes;
    vt_tensor x = vt_from_data(labels, VT_SHAPE(count), VT_I64);
    free(labels);
    return x;
}

static bool save(const char *folder, const training *t)
{
    char model[4096], images[4096], labels[4096];
    snprintf(model, sizeof model, "%s/model.safetensors", folder);
    snprintf(images, sizeof images, "%s/images.npy", folder);
    snprintf(labels, sizeof labels, "%s/labels.npy", folder);
    return vt_model_save(model, t->net->model) && vt_npy_save(images, t->images) && vt_npy_save(labels, t->labels);
}

static bool training_init(training *t, const options *o)
{
    const double dropout = o->dropout ? VT_AUTO : 0;
    *t = (training){ .net = classifier_new(o->model, .depth = o->depth ? o->depth : VT_AUTO,
                                           .image_size = o->image_size ? o->image_size : VT_AUTO, .dropout = dropout,
                                           .attention_dropout = dropout, .drop_path = dropout),
                     .inference = o->inference };
    if (!t->net) return false;
    t->optimizer = vt_adamw(t->net->model, .lr = o->lr);
    t->images = random_images(o->batch, t->net->config->height);
    t->labels = cyclic_labels(o->batch, t->net->config->classes);
    if (!o->start || vt_failed()) return !vt_failed();
    t->losses = calloc((size_t)(o->warm_up_steps + o->steps), sizeof *t->losses);
    if (!t->losses) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for the losses");
    return save(o->start, t);
}

static void training_free(training *t)
{
    free(t->losses);
    vt_optimizer_free(t->optimizer);
    classifier_free(t->net);
}

/* Returns the seconds that recording took. The end of the scope computes what was recorded. */
static double record_step(training *t)
{
    VT_SCOPE;
    double began = monotonic_seconds();
    vt_free(t->loss);
    vt_tensor logits = classifier_forward(t->net, t->images);
    vt_tensor loss = t->inference ? vt_mean(logits) : vt_cross_entropy(logits, t->labels);
    if (!t->inference) {
        vt_backward(loss);
        vt_optimizer_step(t->optimizer);
    }
    t->loss = vt_keep(loss);
    return monotonic_seconds() - began;
}

static double train_step(training *t)
{
    double seconds = record_step(t);
    if (t->losses) t->losses[t->step] = vt_item(t->loss);
    t->step++;
    return seconds;
}

/* -- Measuring ----------------------------------------------------------------------------------------------------- */

typedef struct measurement {
    double first_step_seconds; /* from main() to the end of the first step */
    int64_t groups;
    double *step, *recording;   /* [groups] seconds of a step, on average */
    vt_statistics before, last; /* of the steps that are timed */
    int64_t resident_bytes;     /* the most so far */
    double loss;
    double matmul_flops; /* a second, at best */
} measurement;

static int64_t peak_resident_bytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (int64_t)usage.ru_maxrss * 1024;
}

static void warm_up(measurement *m, training *t, int64_t steps, double began)
{
    for (int64_t i = 0; i < steps && !vt_failed(); i++) {
        train_step(t);
        vt_synchronize();
        if (i == 0) m->first_step_seconds = monotonic_seconds() - began;
    }
}

static void measure_group(measurement *m, training *t, int64_t group, int64_t steps)
{
    double began = monotonic_seconds(), recording = 0;
    for (int64_t i = 0; i < steps && !vt_failed(); i++) recording += train_step(t);
    vt_synchronize();
    m->step[group] = (monotonic_seconds() - began) / (double)steps;
    m->recording[group] = recording / (double)steps;
}

static void measure_steps(measurement *m, training *t, const options *o, double began)
{
    vt_set_training(!o->inference);
    warm_up(m, t, o->warm_up_steps, began);
    m->before = vt_statistics_get();
    for (int64_t i = 0; i < m->groups && !vt_failed(); i++) measure_group(m, t, i, o->group);
    m->last = vt_statistics_get();
    m->resident_bytes = peak_resident_bytes();
    m->loss = vt_item(t->loss);
    if (!vt_failed() && !isfinite(m->loss))
        vt_error_raise(VT_ERROR_NUMERIC, VT_HERE, "the loss is %g after %lld steps", m->loss, (long long)o->steps);
}

static vt_tensor random_matrix(int64_t size)
{
    VT_SCOPE;
    return vt_keep(vt_uniform(VT_SHAPE(size, size), .low = -1, .high = 1));
}

/* One after another, since in bf16 factors that come from memory have to be rounded first. */
static vt_tensor multiply(vt_tensor a, vt_tensor b)
{
    VT_SCOPE;
    for (int i = 0; i < PRODUCTS; i++) a = vt_matmul(a, b);
    return vt_keep(a);
}

/* FLOP/s. What the same machine, at the same time, reaches where nothing but large products is asked of it. */
static double measure_matmul(int64_t size)
{
    vt_tensor a = random_matrix(size), b = random_matrix(size);
    double best = INFINITY;
    vt_synchronize();
    for (int i = 0; i < PRODUCT_ROUNDS && !vt_failed(); i++) {
        double began = monotonic_seconds();
        vt_tensor product = multiply(a, b);
        vt_synchronize();
        best = fmin(best, monotonic_seconds() - began);
        vt_free(product);
    }
    return PRODUCTS * 2 * pow((double)size, 3) / best;
}

/* The product comes last, so that its matrices are no part of the steps' memory and start-up. */
static bool measure(measurement *m, training *t, const options *o, double began)
{
    *m = (measurement){ .groups = o->steps / o->group };
    m->step = calloc((size_t)m->groups, sizeof *m->step);
    m->recording = calloc((size_t)m->groups, sizeof *m->recording);
    if (!m->step || !m->recording)
        vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for %lld times", (long long)m->groups);
    measure_steps(m, t, o, began);
    m->matmul_flops = measure_matmul(o->matmul_size);
    return !vt_failed();
}

static void measurement_free(measurement *m)
{
    free(m->step);
    free(m->recording);
}

/* -- Reporting ----------------------------------------------------------------------------------------------------- */

static void put(json_t *line, const char *name, json_t *value)
{
    if (json_object_set_new(line, name, value))
        vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "the field %s cannot be written", name);
}

static void put_real(json_t *line, const char *name, double value)
{
    put(line, name, json_real(value));
}

static void put_integer(json_t *line, const char *name, int64_t value)
{
    put(line, name, json_integer(value));
}

/* How many elements are in parameters that AdamW decays. */
static int64_t decayed_parameters(const vt_model *model)
{
    int64_t count = 0;
    for (int i = 0; i < vt_model_size(model); i++) {
        const vt_named_tensor entry = vt_model_entry(model, i);
        if (entry.is_parameter && vt_rank(entry.tensor) >= 2 && !entry.no_decay) count += vt_count(entry.tensor);
    }
    return count;
}

static void put_setting(json_t *line, const options *o, const training *t)
{
    put(line, "model", json_string(o->model));
    put(line, "device", json_string(vt_device()));
    put(line, "precision", json_string(vt_dtype_name(o->precision)));
    put_integer(line, "batch", o->batch);
    put_integer(line, "image_size", t->net->config->height);
    put(line, "dropout", json_boolean(o->dropout));
    put(line, "inference", json_boolean(o->inference));
    put_integer(line, "threads", vt_threads());
    put_integer(line, "steps", o->steps);
    put_integer(line, "group", o->group);
    put_integer(line, "parameters", vt_model_parameter_count(t->net->model));
    put_integer(line, "decayed_parameters", decayed_parameters(t->net->model));
}

static void put_speed(json_t *line, const options *o, const training *t, const measurement *m)
{
    double middle = median(m->step, m->groups), least = m->step[0];
    /* The backward pass has two products for each of the forward pass. */
    double flop =
        2.0 * (o->inference ? 1 : 3) * (double)classifier_cost(t->net).multiply_accumulates * (double)o->batch;
    put_real(line, "images_per_second_median", (double)o->batch / middle);
    put_real(line, "images_per_second_best", (double)o->batch / least);
    put_real(line, "step_ms_median", 1e3 * middle);
    put_real(line, "step_ms_min", 1e3 * least);
    put_real(line, "gflop_per_step", flop / 1e9);
    put_real(line, "gflops", flop / middle / 1e9);
    put_real(line, "matmul_gflops", m->matmul_flops / 1e9);
    put_real(line, "matmul_fraction", flop / middle / m->matmul_flops);
    put_real(line, "first_step_seconds", m->first_step_seconds);
}

/* How steps were prepared: a step, of those that are timed; the plans, of all from the start. */
static void put_preparation(json_t *line, const options *o, const measurement *m)
{
    double steps = (double)o->steps;
    put_real(line, "recording_ms", 1e3 * median(m->recording, m->groups));
    put_real(line, "nodes_run", (double)(m->last.nodes_run - m->before.nodes_run) / steps);
    put_real(line, "nodes_recomputed", (double)(m->last.nodes_recomputed - m->before.nodes_recomputed) / steps);
    put_integer(line, "plan_hits", m->last.plan_hits);
    put_integer(line, "plan_misses", m->last.plan_misses);
    put_real(line, "planning_ms", 1e3 * m->last.planning_seconds);
}

static void put_memory(json_t *line, const measurement *m)
{
    put_integer(line, "max_resident_bytes", m->resident_bytes);
    put_integer(line, "peak_bytes", m->last.peak_bytes);
    put_integer(line, "reserved_bytes", m->last.reserved_bytes);
}

static void put_losses(json_t *line, const training *t)
{
    json_t *losses = json_array();
    for (int64_t i = 0; i < t->step; i++) json_array_append_new(losses, json_real(t->losses[i]));
    put(line, "losses", losses);
}

static bool report(const options *o, const training *t, const measurement *m)
{
    json_t *line = json_object();
    put_setting(line, o, t);
    put_speed(line, o, t, m);
    put_preparation(line, o, m);
    put_memory(line, m);
    put_real(line, "loss", m->loss);
    if (t->losses) put_losses(line, t);
    if (!vt_failed() && (json_dumpf(line, stdout, JSON_REAL_PRECISION(9)) || puts("") < 0 || fflush(stdout)))
        vt_error_raise(VT_ERROR_FILE, VT_HERE, "standard output cannot be written");
    json_decref(line);
    return !vt_failed();
}

int main(int argc, char **argv)
{
    double began = monotonic_seconds();
    options o = parse_options(argc, argv);
    vt_set_device(o.device);
    vt_set_precision(o.precision);
    vt_set_threads((int)o.threads);
    vt_seed(1);
    training t = { 0 };
    measurement m = { 0 };
    bool ok = !vt_failed() && training_init(&t, &o) && measure(&m, &t, &o, began) && report(&o, &t, &m);
    measurement_free(&m);
    training_free(&t);
    return ok ? 0 : vt_error_print(stderr);
}
