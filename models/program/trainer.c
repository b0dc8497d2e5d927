/* trainer.c - trains a classifier epoch by epoch. */
#include "program/trainer.h"
#include "program/clock.h"
#include "program/epoch_line.h"
#include "program/finetune.h"
#include "program/learning_rate.h"
#include "program/mix_batch.h"
#include "program/old_run.h"
#include "program/optimizers.h"
#include "program/resident_pictures.h"
#include "program/run_folder.h"
#include "report/mistake_maps.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const double CHECKPOINT_SECONDS = 60;
enum { TEST_BATCH = 250 };

/* What a limit of memory has room for in training has room in a test. */
static int64_t test_batch(const options *o)
{
    return o->memory > 0 && o->batch < TEST_BATCH ? o->batch : TEST_BATCH;
}

static void describe(trainer *t, const pictures *p)
{
    const vt_dataset *train = p->train;
    options_list_fixed(t->options, t->fixed, sizeof t->fixed);
    size_t used = strlen(t->fixed);
    snprintf(t->fixed + used, sizeof t->fixed - used,
             "\ntraining-pictures=%lld\ntest-pictures=%lld\nclass-names=%s..%s\nfingerprint-of-the-pictures=%" PRIx64,
             (long long)train->count, (long long)p->test->count, train->class_names[0],
             train->class_names[train->classes - 1], pictures_fingerprint(p));
}

/* The network with fresh weights or those of a file, and the optimiser. */
static bool make_net(trainer *t, const vt_dataset *train)
{
    const options *o = t->options;
    t->net = classifier_new(o->model, .classes = train->classes, .channels = train->channels,
                            .image_size = o->image_size, .drop_path = o->drop_path, .dropout = o->dropout);
    if (!t->net || (o->weights && !finetune_load(t->net, o, t->class_names, options_tell(o) ? stdout : NULL)))
        return false;
    t->optimizer = optimizer_make(t->net, o);
    return t->optimizer && finetune_set_rates(t->net, t->optimizer, o) && objective_init(&t->objective, o, t->net);
}

static void take_normalisation(preprocessing *how, const data_set *set)
{
    for (int c = 0; c < 3; c++) {
        how->mean[c] = (double)set->mean[c];
        how->std[c] = (double)set->std[c];
    }
}

/* Weights go on with the pictures that they know. Those of files are resized as a vt_dataset resizes them, and those in
 * memory as images_of_size does. */
static bool choose_preprocessing(trainer *t, const pictures *p)
{
    if (!t->options->weights)
        take_normalisation(&t->pictures, p->set);
    else if (!finetune_find_pictures(t->net, t->options, &t->pictures))
        return false;
    t->pictures.bilinear = p->train->images != NULL;
    return true;
}

static void open_loaders(trainer *t, const pictures *p)
{
    const options *o = t->options;
    float mean[3], std[3];
    for (int c = 0; c < 3; c++) {
        mean[c] = (float)t->pictures.mean[c];
        std[c] = (float)t->pictures.std[c];
    }
    /* A GPU is quicker than the host at making batches, of the same bits. */
    bool resident = strcmp(vt_device(), "cuda") == 0 && pictures_may_be_resident(p->train, p->test, o);
    /* What a network is to learn by heart comes as it is. */
    bool varied = o->overfit_batches == 0;
    if (!varied) t->few = *p->train;
    if (!varied) t->few.count = o->overfit_batches * o->batch;
    const vt_dataset *train = varied ? p->train : &t->few, *test = varied ? p->test : &t->few;
    t->train_loader =
        vt_loader_open(train, .batch = o->batch, .shuffle = varied, .augment = varied ? o->augment : NULL,
                       .repeats = varied ? (int)o->repeats : 1, .workers = (int)o->workers, .seed = (uint64_t)o->seed,
                       .drop_last = true, .mean = mean, .std = std, .resident = resident);
    t->test_loader = vt_loader_open(test, .batch = test_batch(o), .workers = (int)o->workers, .mean = mean, .std = std,
                                    .resident = resident);
}

static void check_sizes(const options *o, const vt_dataset *train)
{
    int64_t wanted = o->batch * (o->overfit_batches > 0 ? o->overfit_batches : o->accumulate);
    if (train->count < o->batch)
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "a batch of %lld is more than the %lld training pictures",
                       (long long)o->batch, (long long)train->count);
    if (train->count < wanted)
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "%lld batches of %lld are more than the %lld training pictures",
                       (long long)(wanted / o->batch), (long long)o->batch, (long long)train->count);
    if (o->overfit_batches > 0 && o->accumulate > o->overfit_batches)
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "--accumulate is %lld, of %lld batches that there are",
                       (long long)o->accumulate, (long long)o->overfit_batches);
}

/* What the folder has of a run from its beginning on. */
static bool begin_report(trainer *t, const pictures *p)
{
    const options *o = t->options;
    bool as_they_are = o->overfit_batches > 0; /* there is nothing to show */
    return (o->resume || old_run_remove(o, options_tell(o) ? stdout : NULL)) &&
           (o->resume || as_they_are || run_folder_show_pictures(p, o)) &&
           run_report_begin(&t->report, o, p, t->net, t->epoch + 1);
}

bool trainer_init(trainer *t, const options *o, const pictures *p)
{
    *t = (trainer){ .options = o,
                    .class_names = p->train->class_names,
                    .saved_at = monotonic_seconds(),
                    .budget = budget_begin(o),
                    .learning_rate = NAN,
                    .peak_bytes = NAN };
    describe(t, p);
    check_sizes(o, p->train);
    vt_seed((uint64_t)o->seed);
    if (!make_net(t, p->train) || !choose_preprocessing(t, p)) return false;
    open_loaders(t, p);
    /* A run that has ended is left as it is. */
    return !vt_failed() && (!o->resume || run_folder_resume(t)) &&
           (o->lr_range || trainer_is_done(t) || begin_report(t, p));
}

void trainer_free(trainer *t)
{
    vt_loader_close(t->train_loader);
    vt_loader_close(t->test_loader);
    vt_optimizer_free(t->optimizer);
    run_report_free(&t->report);
    objective_free(&t->objective);
    classifier_free(t->net);
}

/* The pictures in the network's precision. */
static vt_tensor input_images(const vt_batch *batch)
{
    return vt_cast(batch->images, VT_DTYPE_DEFAULT);
}

static vt_tensor logits_of(const trainer *t, vt_tensor images)
{
    return classifier_forward(t->net, images_of_size(t->net, images));
}

/* Updates of an epoch, and the batches that they take: those that are left over make none. */
static int64_t updates_an_epoch(const trainer *t)
{
    return vt_loader_batches(t->train_loader) / t->options->accumulate;
}

static int64_t batches_an_epoch(const trainer *t)
{
    return updates_an_epoch(t) * t->options->accumulate;
}

/* Of the gradients that there are. */
static void update(trainer *t)
{
    const options *o = t->options;
    int64_t epoch = updates_an_epoch(t), step = t->epoch * epoch + t->batch / o->accumulate;
    if (o->clip_value > 0) vt_clip_gradient_values(t->optimizer, o->clip_value);
    if (o->clip > 0) vt_clip_gradients(t->optimizer, o->clip);
    int64_t total = budget_updates(&t->budget, step, o->epochs * epoch);
    t->learning_rate = learning_rate(o, step, total, epoch);
    vt_optimizer_set_lr(t->optimizer, t->learning_rate);
    vt_optimizer_step(t->optimizer);
}

/* False at the end of the epoch. */
static bool train_batch(trainer *t, bool is_last)
{
    VT_SCOPE;
    vt_batch batch;
    if (!vt_loader_next_tensors(t->train_loader, &batch)) return false;
    vt_mixed mixed = mix_batch(t->options, &batch, input_images(&batch), t->net->config->classes);
    vt_tensor labels = batch.labels, logits = logits_of(t, mixed.images);
    vt_tensor loss = objective_loss(&t->objective, t->net, mixed.images, logits, mixed.targets);
    vt_tensor correct = vt_correct_count(logits, labels);
    vt_backward(loss);
    if (t->options->accumulate > 1) vt_accumulate_gradients(t->optimizer, 1 / (double)t->options->accumulate);
    if (is_last) update(t);
    metrics_add(&t->metrics, loss, correct, batch.count);
    t->batch = batch.index + 1;
    return true;
}

/* All batches of an update: in between, there is nothing that could be saved. False at the end of the epoch. */
static bool train_step(trainer *t)
{
    if (t->batch == batches_an_epoch(t)) return false;
    for (int64_t i = 1; i <= t->options->accumulate && !vt_failed(); i++)
        if (!train_batch(t, i == t->options->accumulate)) return false;
    return true;
}

bool trainer_update(trainer *t)
{
    if (t->batch == batches_an_epoch(t)) {
        t->epoch++;
        t->batch = 0;
    }
    if (t->batch == 0) vt_loader_seek(t->train_loader, t->epoch, 0);
    vt_set_training(true);
    return train_step(t) && !vt_failed();
}

/* A part of an epoch that is trained without a stop. */
typedef struct stretch {
    vt_progress progress;
    int64_t before; /* pictures that the epoch had seen when it began */
    double started;
} stretch;

/* Waits for the device to come as far as the program. */
static void catch_up(trainer *t, stretch *s)
{
    metrics_read(&t->metrics);
    t->seconds = monotonic_seconds() - s->started;
    if (!vt_failed() && t->metrics.seen > 0)
        vt_progress_update(&s->progress, t->metrics.seen - s->before, metrics_loss(&t->metrics),
                           metrics_accuracy(&t->metrics));
}

static void save(trainer *t, stretch *s)
{
    catch_up(t, s);
    run_folder_checkpoint(t);
    t->saved_at = monotonic_seconds();
}

/* An epoch may be cut short by the time, but not before its first update: there would be nothing to report. */
static bool is_out_of_time(const trainer *t)
{
    return t->metrics.seen + t->metrics.unread_count > 0 && budget_time_is_up(&t->budget);
}

/* Trains what is left of the epoch. False where an error or a signal ended it early. */
static bool train_epoch(trainer *t)
{
    const options *o = t->options;
    int64_t batches = batches_an_epoch(t);
    if (t->batch == batches) return true; /* stopped during its test, and resumed */
    char label[64];
    snprintf(label, sizeof label, o->time > 0 ? "epoch %lld" : "epoch %lld/%lld", (long long)t->epoch + 1,
             (long long)o->epochs);
    vt_statistics_reset_peak();
    stretch s = { .before = t->metrics.seen, .started = monotonic_seconds() - t->seconds };
    /* The bar is of what is left, or a resumed epoch would seem to have begun at great speed. */
    s.progress = vt_progress_begin(options_tell(o) ? stdout : NULL, label, batches * o->batch - s.before);
    vt_set_training(true);
    while (!vt_failed() && !vt_stop_requested() && !is_out_of_time(t) && train_step(t)) {
        if (vt_progress_is_due(&s.progress, t->batch * o->batch - s.before)) catch_up(t, &s);
        if (monotonic_seconds() - t->saved_at >= CHECKPOINT_SECONDS) save(t, &s);
    }
    catch_up(t, &s);
    t->peak_bytes = (double)vt_statistics_get().peak_bytes;
    vt_progress_end(&s.progress);
    return !vt_failed() && (t->batch == batches || is_out_of_time(t));
}

/* False at the end of the pictures. */
static bool test_step(const trainer *t, evaluation *e)
{
    VT_SCOPE;
    vt_batch batch;
    if (!vt_loader_next_tensors(t->test_loader, &batch)) return false;
    vt_tensor images = input_images(&batch), mirrored = VT_INERT;
    vt_tensor logits = logits_of(t, images);
    if (t->options->test_flip) mirrored = logits_of(t, vt_flip(images, VT_AXES(3)));
    evaluation_add(e, logits, mirrored);
    return true;
}

/* False where an error or a signal ended it early. */
static bool test(const trainer *t, evaluation *e)
{
    if (!evaluation_begin(e, t->few.count > 0 ? &t->few : t->report.pictures->test)) return false;
    vt_set_training(false);
    while (!vt_failed() && !vt_stop_requested() && test_step(t, e)) continue;
    return evaluation_finish(e) && !vt_stop_requested() && mistake_maps_add(e, t->net, &t->pictures);
}

/* Of the average of the weights, where there is one. False where an error or a signal ended it early. */
static bool test_average(trainer *t, evaluation *e)
{
    double began = monotonic_seconds();
    vt_optimizer_evaluate(t->optimizer, true);
    bool done = test(t, e);
    vt_optimizer_evaluate(t->optimizer, false);
    t->budget.test_seconds = monotonic_seconds() - began;
    return done && !vt_failed();
}

static vt_epoch row_of(const trainer *t, const evaluation *tested)
{
    return (vt_epoch){
        .epoch = t->epoch + 1,
        .train_loss = metrics_loss(&t->metrics),
        .train_accuracy = metrics_accuracy(&t->metrics),
        .test_loss = evaluation_loss(tested),
        .test_accuracy = evaluation_accuracy(tested),
        .seconds = t->seconds,
        .images_per_second = (double)t->metrics.seen / t->seconds,
        .test_top5 = evaluation_top_accuracy(tested),
        .test_calibration_error = evaluation_calibration_error(tested),
        .learning_rate = t->learning_rate,
        .test_flip_accuracy = evaluation_flip_accuracy(tested),
        .peak_bytes = t->peak_bytes,
    };
}

/* What is left of the epoch when it has been trained. */
static bool finish_tested_epoch(trainer *t, const evaluation *tested)
{
    const vt_epoch row = row_of(t, tested);
    epoch_line_print(stdout, t->options, &row);
    t->epoch++;
    t->batch = 0;
    t->metrics = (metrics){ 0 };
    t->seconds = 0;
    return run_folder_finish_epoch(t, &row, tested, budget_note(&t->budget, row.epoch, row.test_accuracy));
}

static bool finish_epoch(trainer *t)
{
    evaluation tested;
    bool done = test_average(t, &tested) && finish_tested_epoch(t, &tested);
    evaluation_free(&tested);
    return done;
}

/* Where there is a part of an epoch, it has yet to be tested. */
bool trainer_is_done(const trainer *t)
{
    return t->batch == 0 && budget_is_spent(&t->budget, t->epoch);
}

bool trainer_run(trainer *t)
{
    while (!trainer_is_done(t) && !vt_stop_requested()) {
        vt_loader_seek(t->train_loader, t->epoch, t->batch);
        if (!train_epoch(t) || !finish_epoch(t)) break;
    }
    return !vt_failed() && (trainer_is_done(t) || run_folder_checkpoint(t));
}
