/* training.c - trains a network in which nothing is random but its first weights and the order of the pictures, writes
 * both, so that another program can train as well, and prints one line of JSON. See --help. */
#include "program/command_line.h"
#include "program/path.h"
#include "zoo.h"
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vitro/vitro.h>

/* -- The command line ---------------------------------------------------------------------------------------------- */

typedef struct options {
    const char *model, *data, *start;
    double lr;
    int64_t train_limit, test_limit, epochs, batch, seed, threads;
} options;

static const command_option table[] = {
    { OPTION_MODEL, "model", OPTION_FIELD(model), "NAME", .fallback = "vit_nano_patch4_32",
      .help = "The network, one of the list below, for pictures of 32 by 32; its dropout and drop path are left out" },
    { OPTION_TEXT, "start", OPTION_FIELD(start), "DIR", .required = true,
      .help = "Write what training begins with into this folder: weights, pictures, labels, and their order" },
    { OPTION_TEXT, "data", OPTION_FIELD(data), "DIR", .otherwise = "pictures drawn by the program",
      .help = "A folder with the binary files of CIFAR-10" },
    { OPTION_INTEGER, "train-limit", OPTION_FIELD(train_limit), "N", 1, 1e9, .fallback = "10000",
      .help = "Train on the first N pictures" },
    { OPTION_INTEGER, "test-limit", OPTION_FIELD(test_limit), "N", 1, 1e9, .fallback = "10000",
      .help = "Test on the first N pictures" },
    { OPTION_INTEGER, "epochs", OPTION_FIELD(epochs), "N", 1, 1e6, .fallback = "5",
      .help = "Times to go through the training pictures" },
    { OPTION_INTEGER, "batch", OPTION_FIELD(batch), "N", 1, 1e6, .fallback = "64", .help = "Pictures a step" },
    { OPTION_NUMBER, "lr", OPTION_FIELD(lr), "X", 0, INFINITY, true, "0.001",
      .help = "The first learning rate of AdamW; half a cosine takes it to 0" },
    { OPTION_INTEGER, "seed", OPTION_FIELD(seed), "N", 0, 1e9, .fallback = "1",
      .help = "Of the first weights and the order" },
    { OPTION_INTEGER, "threads", OPTION_FIELD(threads), "N", 1, 1024, .otherwise = "one a core",
      .help = "Threads to compute with" },
    { 0 },
};
static const command_line line = {
    .version = "training (vitro)",
    .doc = "Trains a network on pictures as they are, and prints one line of JSON with the loss of every step and the "
           "accuracy of the test after each epoch. pytorch_training.py begins with the same and does the same.",
    .tables = { table },
};

/* -- What it begins with ------------------------------------------------------------------------------------------- */

typedef struct training {
    const options *options;
    classifier *net;
    vt_optimizer *optimizer;
    vt_dataset *train, *test;
    vt_loader *train_loader, *test_loader;
    int64_t steps_an_epoch, steps;
    double *losses;     /* [steps] */
    double *accuracies; /* [epochs] */
} training;

static vt_loader *open_train_loader(const training *t, const vt_dataset *pictures)
{
    return vt_loader_open(pictures, .batch = t->options->batch, .shuffle = true, .drop_last = true,
                          .seed = (uint64_t)t->options->seed);
}

static bool open_data(training *t)
{
    const options *o = t->options;
    t->train = o->data ? vt_cifar10_open(o->data, true, .limit = o->train_limit)
                       : vt_synthetic_open(true, .limit = o->train_limit);
    t->test = o->data ? vt_cifar10_open(o->data, false, .limit = o->test_limit)
                      : vt_synthetic_open(false, .limit = o->test_limit);
    if (vt_failed()) return false;
    t->train_loader = open_train_loader(t, t->train);
    t->test_loader = vt_loader_open(t->test, .batch = 250);
    t->steps_an_epoch = vt_loader_batches(t->train_loader);
    t->steps = o->epochs * t->steps_an_epoch;
    return !vt_failed();
}

static bool init(training *t, const options *o)
{
    *t = (training){ .options = o };
    if (!open_data(t)) return false;
    t->net =
        classifier_new(o->model, .classes = t->train->classes, .dropout = 0, .attention_dropout = 0, .drop_path = 0);
    if (!t->net) return false;
    t->optimizer = vt_adamw(t->net->model);
    t->losses = calloc((size_t)t->steps, sizeof *t->losses);
    t->accuracies = calloc((size_t)o->epochs, sizeof *t->accuracies);
    if (!t->losses || !t->accuracies) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for the losses");
    return !vt_failed();
}

static void end(training *t)
{
    free(t->losses);
    free(t->accuracies);
    vt_loader_close(t->train_loader);
    vt_loader_close(t->test_loader);
    vt_dataset_close(t->train);
    vt_dataset_close(t->test);
    vt_optimizer_free(t->optimizer);
    classifier_free(t->net);
}

/* Which pictures each step trains, [steps, batch]: a loader of pictures whose labels are their numbers tells. */
static bool find_order(const training *t, int64_t *numbers, int64_t *order)
{
    vt_dataset numbered = *t->train;
    numbered.labels = numbers;
    numbered.classes = (int)numbered.count;
    for (int64_t i = 0; i < numbered.count; i++) numbers[i] = i;
    vt_loader *loader = open_train_loader(t, &numbered);
    for (int64_t epoch = 0; epoch < t->options->epochs; epoch++)
        for (vt_host_batch batch; vt_loader_next(loader, &batch); order += batch.count)
            memcpy(order, batch.labels, (size_t)batch.count * sizeof *order);
    vt_loader_close(loader);
    return !vt_failed();
}

static bool save(const training *t, const char *name, const void *data, vt_shape shape, vt_dtype dtype)
{
    VT_SCOPE;
    char path[PATH_SIZE];
    return path_join(path, t->options->start, name) && vt_npy_save(path, vt_from_data(data, shape, dtype));
}

static bool save_pictures(const training *t, const vt_dataset *d, const char *images, const char *labels)
{
    return save(t, images, d->images, VT_SHAPE(d->count, d->channels, d->height, d->width), VT_U8) &&
           save(t, labels, d->labels, VT_SHAPE(d->count), VT_I64);
}

static bool save_order(const training *t)
{
    const int64_t batch = t->options->batch;
    int64_t *numbers = calloc((size_t)t->train->count, sizeof *numbers);
    int64_t *order = calloc((size_t)(t->steps * batch), sizeof *order);
    if (!numbers || !order) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for the order");
    bool saved =
        !vt_failed() && find_order(t, numbers, order) && save(t, "order.npy", order, VT_SHAPE(t->steps, batch), VT_I64);
    free(numbers);
    free(order);
    return saved;
}

static bool save_start(const training *t)
{
    char path[PATH_SIZE];
    return save_pictures(t, t->train, "train_images.npy", "train_labels.npy") &&
           save_pictures(t, t->test, "test_images.npy", "test_labels.npy") && save_order(t) &&
           path_join(path, t->options->start, "model.safetensors") && vt_model_save(path, t->net->model);
}

/* -- Training ------------------------------------------------------------------------------------------------------ */

static vt_tensor train_step(const training *t, const vt_batch *batch, int64_t step)
{
    vt_tensor loss = vt_cross_entropy(classifier_forward(t->net, batch->images), batch->labels);
    vt_backward(loss);
    vt_optimizer_set_lr(t->optimizer, vt_cosine_lr(step, t->options->lr, t->steps));
    vt_optimizer_step(t->optimizer);
    return vt_keep(loss);
}

/* False at the end of an epoch. */
static bool train_next(training *t, vt_tensor *loss)
{
    VT_SCOPE;
    vt_batch batch;
    if (!vt_loader_next_tensors(t->train_loader, &batch)) return false;
    *loss = train_step(t, &batch, batch.epoch * t->steps_an_epoch + batch.index);
    return !vt_failed();
}

static void train_epoch(training *t, int64_t epoch)
{
    double *loss = t->losses + epoch * t->steps_an_epoch;
    vt_set_training(true);
    for (vt_tensor last; train_next(t, &last); vt_free(last)) *loss++ = vt_item(last);
}

static double test_accuracy(const training *t)
{
    double correct = 0;
    vt_set_training(false);
    for (bool more = true; more;) {
        VT_SCOPE;
        vt_batch batch;
        more = vt_loader_next_tensors(t->test_loader, &batch);
        if (more) correct += vt_item(vt_correct_count(classifier_forward(t->net, batch.images), batch.labels));
    }
    return correct / (double)t->test->count;
}

static bool train(training *t)
{
    for (int64_t epoch = 0; epoch < t->options->epochs && !vt_failed(); epoch++) {
        train_epoch(t, epoch);
        t->accuracies[epoch] = test_accuracy(t);
    }
    return !vt_failed();
}

/* -- Reporting ----------------------------------------------------------------------------------------------------- */

static json_t *reals(const double *values, int64_t count)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < count; i++) json_array_append_new(list, json_real(values[i]));
    return list;
}

static bool report(const training *t)
{
    const options *o = t->options;
    json_t *fields =
        json_pack("{ss sI sI sI sI sI so so}", "model", o->model, "parameters",
                  (json_int_t)vt_model_parameter_count(t->net->model), "batch", (json_int_t)o->batch, "epochs",
                  (json_int_t)o->epochs, "steps", (json_int_t)t->steps, "seed", (json_int_t)o->seed, "losses",
                  reals(t->losses, t->steps), "accuracies", reals(t->accuracies, o->epochs));
    if (json_dumpf(fields, stdout, JSON_REAL_PRECISION(9)) || puts("") < 0 || fflush(stdout))
        vt_error_raise(VT_ERROR_FILE, VT_HERE, "standard output cannot be written");
    json_decref(fields);
    return !vt_failed();
}

int main(int argc, char **argv)
{
    options o = { 0 };
    training t;
    command_line_parse(&line, argc, argv, &o);
    vt_set_threads((int)(o.threads ? o.threads : sysconf(_SC_NPROCESSORS_ONLN)));
    vt_seed((uint64_t)o.seed);
    bool done = init(&t, &o) && save_start(&t) && train(&t) && report(&t);
    end(&t);
    if (!done) vt_error_print(stderr);
    vt_shutdown();
    return !done;
}
