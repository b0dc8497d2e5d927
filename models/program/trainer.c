/* trainer.c - trains a classifier epoch by epoch. */
#include "program/trainer.h"
#include "program/run_folder.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

static const double CHECKPOINT_SECONDS = 60;
static const double WARMUP_EPOCHS = 0.5;
static const double MAX_GRADIENT_NORM = 1;
static const double LABEL_SMOOTHING = 0.1;
enum { TEST_BATCH = 250 };

static double monotonic_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void describe(trainer *t, const vt_dataset *train, const vt_dataset *test)
{
    const options *o = t->options;
    snprintf(t->recipe, sizeof t->recipe,
             "model=%s precision=%s epochs=%d batch=%lld lr=%.17g weight-decay=%.17g seed=%llu training-pictures=%lld "
             "test-pictures=%lld classes=%s..%s",
             o->model, vt_dtype_name(o->precision), o->epochs, (long long)o->batch, o->lr, o->weight_decay,
             (unsigned long long)o->seed, (long long)train->count, (long long)test->count, train->class_names[0],
             train->class_names[train->classes - 1]);
}

bool trainer_init(trainer *t, const options *o, const vt_dataset *train, const vt_dataset *test)
{
    *t = (trainer){ .options = o, .saved_at = monotonic_seconds() };
    describe(t, train, test);
    if (train->count < o->batch)
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "a batch of %lld is more than the %lld training pictures",
                       (long long)o->batch, (long long)train->count);
    vt_seed(o->seed);
    t->net = classifier_new(o->model, train->classes);
    if (!t->net) return false;
    t->optimizer = o->weight_decay > 0 ? vt_adamw(t->net->model, .lr = o->lr, .weight_decay = o->weight_decay)
                                       : vt_adam(t->net->model, .lr = o->lr);
    t->train_loader =
        vt_loader_open(train, .batch = o->batch, .shuffle = true, .augment = true, .seed = o->seed, .drop_last = true);
    t->test_loader = vt_loader_open(test, .batch = TEST_BATCH);
    return !vt_failed() && (!o->resume || run_folder_resume(t));
}

void trainer_free(trainer *t)
{
    vt_loader_close(t->train_loader);
    vt_loader_close(t->test_loader);
    vt_optimizer_free(t->optimizer);
    classifier_free(t->net);
}

/* The pictures as the network wants them: its precision, and its size where that is not the data's. */
static vt_tensor input_images(const trainer *t, const vt_host_batch *batch)
{
    vt_shape shape = VT_SHAPE(batch->count, batch->channels, batch->height, batch->width);
    vt_tensor images = vt_cast(vt_from_data(batch->images, shape, VT_F32), t->options->precision);
    int size = (int)t->net->image_size;
    if (size == batch->height && size == batch->width) return images;
    return vt_interpolate(images, .height = size, .width = size, .mode = VT_BILINEAR);
}

static void count(metrics *m, vt_tensor loss, vt_tensor correct, int64_t pictures)
{
    m->loss_sum += vt_item(loss) * (double)pictures;
    m->correct += (int64_t)vt_item(correct);
    m->seen += pictures;
}

static double mean_loss(const metrics *m)
{
    return m->loss_sum / (double)m->seen;
}

static double accuracy(const metrics *m)
{
    return (double)m->correct / (double)m->seen;
}

static double learning_rate(const trainer *t)
{
    int64_t batches = vt_loader_batches(t->train_loader);
    int64_t warmup = (int64_t)(WARMUP_EPOCHS * (double)batches);
    return vt_cosine_lr(t->epoch * batches + t->batch, t->options->lr, t->options->epochs * batches, .warmup = warmup);
}

static void train_step(trainer *t, const vt_host_batch *batch)
{
    VT_SCOPE;
    vt_tensor labels = vt_from_data(batch->labels, VT_SHAPE(batch->count), VT_I64);
    vt_tensor logits = classifier_forward(t->net, input_images(t, batch));
    vt_tensor loss = vt_cross_entropy(logits, labels, .label_smoothing = LABEL_SMOOTHING);
    vt_tensor correct = vt_correct(logits, labels);
    vt_backward(loss);
    vt_clip_gradients(t->optimizer, MAX_GRADIENT_NORM);
    vt_optimizer_set_lr(t->optimizer, learning_rate(t));
    vt_optimizer_step(t->optimizer);
    count(&t->metrics, loss, correct, batch->count);
    t->batch = batch->index + 1;
}

/* Trains what is left of the epoch. False where an error or a signal ended it early. */
static bool train_epoch(trainer *t)
{
    const options *o = t->options;
    int64_t batches = vt_loader_batches(t->train_loader), before = t->metrics.seen;
    if (t->batch == batches) return true; /* stopped during its test, and resumed */
    char label[64];
    snprintf(label, sizeof label, "epoch %lld/%d", (long long)t->epoch + 1, o->epochs);
    /* The bar is of what is left, or a resumed epoch would seem to have begun at great speed. */
    vt_progress progress = vt_progress_begin(stdout, label, batches * o->batch - before);
    double started = monotonic_seconds() - t->seconds;
    vt_set_training(true);
    vt_host_batch batch;
    while (!vt_failed() && !vt_stop_requested() && vt_loader_next(t->train_loader, &batch)) {
        train_step(t, &batch);
        t->seconds = monotonic_seconds() - started;
        if (vt_failed()) break;
        vt_progress_update(&progress, t->metrics.seen - before, mean_loss(&t->metrics), accuracy(&t->metrics));
        if (monotonic_seconds() - t->saved_at < CHECKPOINT_SECONDS) continue;
        run_folder_checkpoint(t);
        t->saved_at = monotonic_seconds();
    }
    vt_progress_end(&progress);
    return !vt_failed() && t->batch == batches;
}

/* False where an error or a signal ended it early. */
static bool test(const trainer *t, metrics *m)
{
    *m = (metrics){ 0 };
    vt_set_training(false);
    vt_host_batch batch;
    while (!vt_failed() && !vt_stop_requested() && vt_loader_next(t->test_loader, &batch)) {
        VT_SCOPE;
        vt_tensor labels = vt_from_data(batch.labels, VT_SHAPE(batch.count), VT_I64);
        vt_tensor logits = classifier_forward(t->net, input_images(t, &batch));
        count(m, vt_cross_entropy(logits, labels), vt_correct(logits, labels), batch.count);
    }
    return !vt_failed() && !vt_stop_requested();
}

static bool finish_epoch(trainer *t)
{
    metrics tested;
    if (!test(t, &tested)) return false;
    vt_epoch row = {
        .epoch = t->epoch + 1,
        .train_loss = mean_loss(&t->metrics),
        .train_accuracy = accuracy(&t->metrics),
        .test_loss = mean_loss(&tested),
        .test_accuracy = accuracy(&tested),
        .seconds = t->seconds,
        .images_per_second = (double)t->metrics.seen / t->seconds,
    };
    printf("epoch %lld: train loss %.4f accuracy %.2f%%, test loss %.4f accuracy %.2f%%, %.0f images/s\n",
           (long long)row.epoch, row.train_loss, 100 * row.train_accuracy, row.test_loss, 100 * row.test_accuracy,
           row.images_per_second);
    t->epoch++;
    t->batch = 0;
    t->metrics = (metrics){ 0 };
    t->seconds = 0;
    return run_folder_finish_epoch(t, &row);
}

bool trainer_run(trainer *t)
{
    while (t->epoch < t->options->epochs && !vt_stop_requested()) {
        vt_loader_seek(t->train_loader, t->epoch, t->batch);
        if (!train_epoch(t) || !finish_epoch(t)) break;
    }
    return !vt_failed() && (t->epoch == t->options->epochs || run_folder_checkpoint(t));
}
