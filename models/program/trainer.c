/* trainer.c - trains a classifier epoch by epoch. */
#include "program/trainer.h"
#include "program/clock.h"
#include "program/epoch_line.h"
#include "program/finetune.h"
#include "program/mix_batch.h"
#include "program/run_folder.h"
#include <stdio.h>
#include <string.h>

static const double CHECKPOINT_SECONDS = 60;
static const double WARMUP_EPOCHS = 0.5;
static const double MAX_GRADIENT_NORM = 1;
static const double LABEL_SMOOTHING = 0.1;
enum { TEST_BATCH = 250 };

static void describe(trainer *t, const vt_dataset *train, const vt_dataset *test)
{
    options_recipe(t->options, t->recipe, sizeof t->recipe);
    size_t used = strlen(t->recipe);
    snprintf(t->recipe + used, sizeof t->recipe - used, " training-pictures=%lld test-pictures=%lld classes=%s..%s",
             (long long)train->count, (long long)test->count, train->class_names[0],
             train->class_names[train->classes - 1]);
}

/* The network with fresh weights or those of a file, and the optimiser. */
static bool make_net(trainer *t, const vt_dataset *train)
{
    const options *o = t->options;
    t->net =
        classifier_new(o->model, .classes = train->classes, .channels = train->channels, .image_size = o->image_size);
    if (!t->net || (o->weights && !finetune_load(t->net, o, options_tell(o) ? stdout : NULL))) return false;
    t->optimizer = vt_adamw(t->net->model, .lr = o->lr, .weight_decay = o->weight_decay);
    return t->optimizer && finetune_set_rates(t->net, t->optimizer, o);
}

/* Weights go on with the pictures that they know. */
static bool choose_normalisation(trainer *t, const data_set *set)
{
    if (t->options->weights) return finetune_find_pictures(t->net, t->options, &t->pictures);
    for (int c = 0; c < 3; c++) {
        t->pictures.mean[c] = (double)set->mean[c];
        t->pictures.std[c] = (double)set->std[c];
    }
    return true;
}

bool trainer_init(trainer *t, const options *o, const pictures *p)
{
    const vt_dataset *train = p->train, *test = p->test;
    *t = (trainer){ .options = o, .class_names = train->class_names, .saved_at = monotonic_seconds() };
    describe(t, train, test);
    if (train->count < o->batch)
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "a batch of %lld is more than the %lld training pictures",
                       (long long)o->batch, (long long)train->count);
    vt_seed((uint64_t)o->seed);
    if (!make_net(t, train)) return false;
    if (!choose_normalisation(t, p->set)) return false;
    float mean[3], std[3];
    for (int c = 0; c < 3; c++) {
        mean[c] = (float)t->pictures.mean[c];
        std[c] = (float)t->pictures.std[c];
    }
    /* A GPU is quicker than the host at making batches, of the same bits. */
    bool resident = strcmp(o->device, "cuda") == 0 && pictures_may_be_resident(p, o);
    t->train_loader = vt_loader_open(train, .batch = o->batch, .shuffle = true, .augment = o->augment,
                                     .repeats = (int)o->repeats, .workers = (int)o->workers, .seed = (uint64_t)o->seed,
                                     .drop_last = true, .mean = mean, .std = std, .resident = resident);
    t->test_loader = vt_loader_open(test, .batch = TEST_BATCH, .workers = (int)o->workers, .mean = mean, .std = std,
                                    .resident = resident);
    /* A run that has ended is left as it is. */
    return !vt_failed() && (!o->resume || run_folder_resume(t)) &&
           (t->epoch == o->epochs || run_report_begin(&t->report, o, p, t->net, t->epoch + 1));
}

void trainer_free(trainer *t)
{
    vt_loader_close(t->train_loader);
    vt_loader_close(t->test_loader);
    vt_optimizer_free(t->optimizer);
    run_report_free(&t->report);
    classifier_free(t->net);
}

/* The pictures as the network wants them: its precision, and its size where that is not the data's. */
static vt_tensor input_images(const trainer *t, const vt_batch *batch)
{
    vt_tensor images = vt_cast(batch->images, VT_DTYPE_DEFAULT);
    const common_config *c = t->net->config;
    if (c->height == vt_dim(images, 2) && c->width == vt_dim(images, 3)) return images;
    return vt_interpolate(images, .height = (int)c->height, .width = (int)c->width, .mode = VT_BILINEAR);
}

static double learning_rate(const trainer *t)
{
    int64_t batches = vt_loader_batches(t->train_loader);
    int64_t warmup = (int64_t)(WARMUP_EPOCHS * (double)batches);
    return vt_cosine_lr(t->epoch * batches + t->batch, t->options->lr, t->options->epochs * batches, .warmup = warmup);
}

/* False at the end of the epoch. */
static bool train_step(trainer *t)
{
    VT_SCOPE;
    vt_batch batch;
    if (!vt_loader_next_tensors(t->train_loader, &batch)) return false;
    vt_mixed mixed = mix_batch(t->options, t->epoch, input_images(t, &batch), batch.labels, t->net->config->classes);
    vt_tensor labels = batch.labels, logits = classifier_forward(t->net, mixed.images);
    vt_tensor loss = vt_cross_entropy(logits, mixed.targets, .label_smoothing = LABEL_SMOOTHING);
    vt_tensor correct = vt_correct_count(logits, labels);
    vt_backward(loss);
    vt_clip_gradients(t->optimizer, MAX_GRADIENT_NORM);
    vt_optimizer_set_lr(t->optimizer, learning_rate(t));
    vt_optimizer_step(t->optimizer);
    metrics_add(&t->metrics, loss, correct, batch.count);
    t->batch = batch.index + 1;
    return true;
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

/* Trains what is left of the epoch. False where an error or a signal ended it early. */
static bool train_epoch(trainer *t)
{
    const options *o = t->options;
    int64_t batches = vt_loader_batches(t->train_loader);
    if (t->batch == batches) return true; /* stopped during its test, and resumed */
    char label[64];
    snprintf(label, sizeof label, "epoch %lld/%lld", (long long)t->epoch + 1, (long long)o->epochs);
    stretch s = { .before = t->metrics.seen, .started = monotonic_seconds() - t->seconds };
    /* The bar is of what is left, or a resumed epoch would seem to have begun at great speed. */
    s.progress = vt_progress_begin(options_tell(o) ? stdout : NULL, label, batches * o->batch - s.before);
    vt_set_training(true);
    while (!vt_failed() && !vt_stop_requested() && train_step(t)) {
        if (vt_progress_is_due(&s.progress, t->batch * o->batch - s.before)) catch_up(t, &s);
        if (monotonic_seconds() - t->saved_at >= CHECKPOINT_SECONDS) save(t, &s);
    }
    catch_up(t, &s);
    vt_progress_end(&s.progress);
    return !vt_failed() && t->batch == batches;
}

/* False at the end of the pictures. */
static bool test_step(const trainer *t, evaluation *e)
{
    VT_SCOPE;
    vt_batch batch;
    if (!vt_loader_next_tensors(t->test_loader, &batch)) return false;
    evaluation_add(e, classifier_forward(t->net, input_images(t, &batch)));
    return true;
}

/* False where an error or a signal ended it early. */
static bool test(const trainer *t, evaluation *e)
{
    if (!evaluation_begin(e, t->report.pictures->test)) return false;
    vt_set_training(false);
    while (!vt_failed() && !vt_stop_requested() && test_step(t, e)) continue;
    return evaluation_finish(e) && !vt_stop_requested();
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
        .learning_rate = vt_optimizer_lr(t->optimizer),
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
    return run_folder_finish_epoch(t, &row, tested);
}

static bool finish_epoch(trainer *t)
{
    evaluation tested;
    bool done = test(t, &tested) && finish_tested_epoch(t, &tested);
    evaluation_free(&tested);
    return done;
}

bool trainer_run(trainer *t)
{
    while (t->epoch < t->options->epochs && !vt_stop_requested()) {
        vt_loader_seek(t->train_loader, t->epoch, t->batch);
        if (!train_epoch(t) || !finish_epoch(t)) break;
    }
    return !vt_failed() && (t->epoch == t->options->epochs || run_folder_checkpoint(t));
}
