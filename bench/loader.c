/* loader.c - how fast a loader makes batches, and what training on them costs more than training on one batch that is
 * there from the start. Prints one line of JSON. See --help. */
#include "median.h"
#include "program/clock.h"
#include "program/command_line.h"
#include "zoo.h"
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>
#include <vitro/vitro.h>

/* -- The command line ---------------------------------------------------------------------------------------------- */

typedef struct options {
    const char *data, *augment, *model;
    int64_t batch, batches, rounds, steps, workers, threads;
} options;

static const command_option table[] = {
    { OPTION_TEXT, "data", OPTION_FIELD(data), "DIR", .otherwise = "pictures drawn by the program, in memory",
      .help = "A folder of pictures in folders of their classes" },
    { OPTION_TEXT, "augment", OPTION_FIELD(augment), "LIST", .fallback = "crop,flip,randaugment:2:9,erase",
      .help = "What is done to each picture, as vit_cifar10 takes it" },
    { OPTION_MODEL, "model", OPTION_FIELD(model), "NAME", .fallback = "vit_tiny_patch4_32",
      .help = "The network to train, one of the list below" },
    { OPTION_INTEGER, "batch", OPTION_FIELD(batch), "N", 1, 1e6, .fallback = "64", .help = "Pictures a step" },
    { OPTION_INTEGER, "batches", OPTION_FIELD(batches), "N", 1, 1e6, .fallback = "50",
      .help = "Batches that the loader makes alone" },
    { OPTION_INTEGER, "rounds", OPTION_FIELD(rounds), "N", 1, 1e6, .fallback = "5",
      .help = "Times that steps on one batch and steps on the loader's take turns" },
    { OPTION_INTEGER, "steps", OPTION_FIELD(steps), "N", 1, 1e6, .fallback = "4", .help = "Steps of each a turn" },
    { OPTION_INTEGER, "workers", OPTION_FIELD(workers), "N", 1, 256, .fallback = "1", .help = "Threads of the loader" },
    { OPTION_INTEGER, "threads", OPTION_FIELD(threads), "N", 1, 1024, .otherwise = "one a core",
      .help = "Threads to compute with" },
    { 0 },
};
static const command_line line = {
    .version = "loader (vitro)",
    .doc = "Measures how fast pictures are read and augmented, and what share of the speed of training on one batch is "
           "left when the loader makes each batch.",
    .tables = { table },
};

/* -- Measuring ----------------------------------------------------------------------------------------------------- */

typedef struct measured {
    vt_dataset *data;
    vt_loader *loader;
    classifier *net;
    vt_optimizer *optimizer;
    vt_tensor images, labels;      /* of the one batch */
    double loader_seconds;         /* a batch, alone */
    double *one_batch, *by_loader; /* [rounds] seconds a step */
} measured;

static bool prepare(measured *m, const options *o)
{
    m->net = classifier_new(o->model, .dropout = 0, .attention_dropout = 0, .drop_path = 0);
    if (!m->net) return false;
    const int height = (int)m->net->config->height, width = (int)m->net->config->width;
    m->data = o->data ? vt_image_folder_open(o->data, true, .height = height, .width = width) : vt_synthetic_open(true);
    m->loader = vt_loader_open(m->data, .batch = o->batch, .shuffle = true, .drop_last = true, .augment = o->augment,
                               .workers = (int)o->workers);
    m->optimizer = vt_adamw(m->net->model, .lr = 1e-3);
    m->one_batch = calloc((size_t)o->rounds, sizeof *m->one_batch);
    m->by_loader = calloc((size_t)o->rounds, sizeof *m->by_loader);
    if (!m->one_batch || !m->by_loader) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for the times");
    if (!vt_failed() && (m->data->height != height || m->data->width != width))
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "%s is for pictures of %d by %d; --data has them of any size",
                       o->model, width, height);
    return !vt_failed();
}

/* An epoch that ends is followed by the next. */
static bool next(const measured *m, vt_batch *batch)
{
    return vt_loader_next_tensors(m->loader, batch) || (!vt_failed() && vt_loader_next_tensors(m->loader, batch));
}

static double time_loader(const measured *m, int64_t batches)
{
    const double began = monotonic_seconds();
    for (int64_t i = 0; i < batches && !vt_failed(); i++) {
        vt_host_batch batch;
        while (!vt_failed() && !vt_loader_next(m->loader, &batch)) continue;
    }
    return (monotonic_seconds() - began) / (double)batches;
}

static void train_step(const measured *m, bool by_loader)
{
    VT_SCOPE;
    vt_batch batch = { .images = m->images, .labels = m->labels };
    if (by_loader && !next(m, &batch)) return;
    vt_tensor loss = vt_cross_entropy(classifier_forward(m->net, batch.images), batch.labels);
    vt_backward(loss);
    vt_optimizer_step(m->optimizer);
}

static double time_steps(const measured *m, int64_t steps, bool by_loader)
{
    const double began = monotonic_seconds();
    for (int64_t i = 0; i < steps && !vt_failed(); i++) train_step(m, by_loader);
    vt_synchronize();
    return (monotonic_seconds() - began) / (double)steps;
}

/* The two take turns, so that what else the machine does concerns both. */
static bool measure(measured *m, const options *o)
{
    m->loader_seconds = time_loader(m, o->batches);
    {
        VT_SCOPE;
        vt_batch batch;
        if (!next(m, &batch)) return false;
        m->images = vt_keep(batch.images);
        m->labels = vt_keep(batch.labels);
    }
    for (int i = 0; i < 2; i++) time_steps(m, 2, i); /* plans are made, algorithms chosen */
    for (int64_t i = 0; i < o->rounds && !vt_failed(); i++) {
        m->one_batch[i] = time_steps(m, o->steps, false);
        m->by_loader[i] = time_steps(m, o->steps, true);
    }
    return !vt_failed();
}

/* -- Reporting ----------------------------------------------------------------------------------------------------- */

static void report(const measured *m, const options *o)
{
    const double batch = (double)o->batch, one = median(m->one_batch, o->rounds),
                 loaded = median(m->by_loader, o->rounds);
    json_t *fields =
        json_pack("{ss ss ss sI sI si sf sf sf sf}", "model", o->model, "data", o->data ? o->data : "synthetic",
                  "augment", o->augment, "batch", (json_int_t)o->batch, "workers", (json_int_t)o->workers, "threads",
                  vt_threads(), "loader_images_per_second", batch / m->loader_seconds, "one_batch_images_per_second",
                  batch / one, "loaded_images_per_second", batch / loaded, "loaded_share", one / loaded);
    json_dumpf(fields, stdout, JSON_REAL_PRECISION(6));
    puts("");
    json_decref(fields);
}

int main(int argc, char **argv)
{
    options o = { 0 };
    command_line_parse(&line, argc, argv, &o);
    if (o.threads == 0) o.threads = sysconf(_SC_NPROCESSORS_ONLN);
    vt_set_threads((int)o.threads);
    measured m = { 0 };
    const bool ok = prepare(&m, &o) && measure(&m, &o);
    if (ok) report(&m, &o);
    free(m.one_batch);
    free(m.by_loader);
    vt_loader_close(m.loader);
    vt_dataset_close(m.data);
    vt_optimizer_free(m.optimizer);
    classifier_free(m.net);
    if (!ok) vt_error_print(stderr);
    vt_shutdown();
    return !ok;
}
