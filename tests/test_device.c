/* test_device.c - whole training on a device, against the same on the reference backend: plans that are made, replayed
 * and launched as one, while learning rates, batches and their sizes change and results are read early, late or never.
 */
#include "left_behind.h"
#include "sanitized.h"
#include "tested_device.h"
#include "resnet.h"
#include "vit.h"
#include "zoo.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    CLASSES = 10,
    SIZE = 16,
    PICTURES = 15,
    BATCH = 4,
    BATCHES = 4,
    EPOCHS = SANITIZED ? 2 : 3,
    STEPS = EPOCHS * BATCHES,
    TESTED = 7
};

static void begin(void)
{
    setenv("VT_BF16", "emulate", 1);
    vt_set_training(true);
}

static void end(void)
{
    vt_set_precision(VT_F32);
    expect_nothing_left();
}

TestSuite(training, .init = begin, .fini = end);

/* -- A net and its pictures ---------------------------------------------------------------------------------------- */

/* The ViT has dropout, whose random numbers differ from step to step. */
static classifier *net_new(bool is_vit)
{
    const common_config common = {
        .height = SIZE, .width = SIZE, .channels = 3, .classes = CLASSES, .dropout = is_vit ? 0.1 : 0
    };
    const vit_config vit = { .common = common,
                             .patch_height = 4,
                             .patch_width = 4,
                             .dim = 24,
                             .depth = 2,
                             .mlp_dim = 48,
                             .heads = 3,
                             .token_std = 0.02,
                             .eps = 1e-6 };
    const resnet_config resnet = { .common = common, .width = 8, .depths = { 2, 1, 1, 1 }, .small_stem = true };
    return is_vit ? classifier_new_of(&vit_family, &vit) : classifier_new_of(&resnet_family, &resnet);
}

/* `count` of them from number `first` on, and another time others. */
typedef struct batch {
    vt_tensor images, labels;
} batch;

static batch make_batch(int first, int count, int time)
{
    enum { PIXELS = 3 * SIZE * SIZE };
    static float images[PICTURES * PIXELS];
    int64_t labels[PICTURES];
    for (int i = 0; i < count; i++) {
        int number = first + i;
        labels[i] = number % CLASSES;
        for (int k = 0; k < PIXELS; k++)
            images[i * PIXELS + k] = (float)sin(0.01 * (k % 97) * (number + 1) + 0.5 * number + 0.3 * time);
    }
    return (batch){ vt_from_data(images, VT_SHAPE(count, 3, SIZE, SIZE), VT_F32),
                    vt_from_data(labels, VT_SHAPE(count), VT_I64) };
}

/* -- Training ------------------------------------------------------------------------------------------------------ */

typedef enum reading { READ_EACH_STEP, READ_LATE } reading;

typedef struct course {
    double loss[STEPS], norm[STEPS]; /* of each step, and of its gradients */
    double tested[EPOCHS], correct[EPOCHS];
    double weights; /* the sum of their squares in the end */
} course;

typedef struct step_results {
    vt_tensor loss, norm;
} step_results;

static step_results train_step(const classifier *n, vt_optimizer *adamw, int step)
{
    VT_SCOPE;
    int index = step % BATCHES, first = index * BATCH, count = first + BATCH < PICTURES ? BATCH : PICTURES - first;
    batch b = make_batch(first, count, step);
    vt_tensor loss = vt_cross_entropy(classifier_forward(n, b.images), b.labels, .label_smoothing = 0.1);
    vt_backward(loss);
    vt_tensor norm = vt_clip_gradients(adamw, 1);
    vt_optimizer_set_lr(adamw, 2e-3 / (1 + step));
    vt_optimizer_step(adamw);
    return (step_results){ vt_keep(loss), vt_keep(norm) };
}

static void read_step(course *c, int step, step_results *r)
{
    c->loss[step] = vt_item(r->loss);
    c->norm[step] = vt_item(r->norm);
    vt_free(r->loss);
    vt_free(r->norm);
}

/* A batch of another size, which takes another plan and, being larger, more memory. */
static void test_net(const classifier *n, course *c, int epoch)
{
    VT_SCOPE;
    vt_set_training(false);
    batch b = make_batch(0, TESTED, 0);
    vt_tensor logits = classifier_forward(n, b.images);
    vt_tensor loss = vt_cross_entropy(logits, b.labels), correct = vt_correct_count(logits, b.labels);
    c->tested[epoch] = vt_item(loss);
    c->correct[epoch] = vt_item(correct);
    vt_set_training(true);
}

static double sum_of_squares(const vt_model *model)
{
    double sum = 0;
    for (int i = 0; i < vt_model_size(model); i++) {
        vt_tensor x = vt_model_entry(model, i).tensor;
        double *values = calloc((size_t)vt_count(x) + 1, sizeof *values);
        cr_assert(values && vt_read(x, values, vt_count(x), VT_F64), "%s", vt_error_message());
        for (int64_t k = 0; k < vt_count(x); k++) sum += values[k] * values[k];
        free(values);
    }
    return sum;
}

static course train_for(int epochs, const char *device, bool is_vit, vt_dtype precision, reading reading)
{
    course c = { .weights = 0 };
    step_results results[STEPS];
    vt_set_precision(VT_F32); /* which every device has */
    vt_set_device(device);
    vt_set_precision(precision);
    vt_seed(3);
    classifier *n = net_new(is_vit);
    cr_assert(n, "%s: %s", device, vt_error_message());
    vt_optimizer *adamw = vt_adamw(n->model, .lr = 2e-3, .weight_decay = 0.05);
    int steps = epochs * BATCHES;
    for (int step = 0; step < steps; step++) {
        results[step] = train_step(n, adamw, step);
        if (reading == READ_EACH_STEP) read_step(&c, step, &results[step]);
        if ((step + 1) % BATCHES == 0) test_net(n, &c, step / BATCHES);
    }
    for (int step = 0; reading == READ_LATE && step < steps; step++) read_step(&c, step, &results[step]);
    c.weights = sum_of_squares(n->model);
    cr_assert(!vt_failed(), "%s: %s", device, vt_error_message());
    vt_optimizer_free(adamw);
    classifier_free(n);
    return c;
}

static course train(const char *device, bool is_vit, vt_dtype precision, reading reading)
{
    return train_for(EPOCHS, device, is_vit, precision, reading);
}

/* -- Comparison ---------------------------------------------------------------------------------------------------- */

/* Steps up to which each number is to be within the limit, relative to it. */
static void expect_close(const course *got, const course *want, int steps, double limit)
{
    for (int i = 0; i < steps; i++) {
        cr_assert(fabs(got->loss[i] - want->loss[i]) <= limit * want->loss[i], "step %d: loss %.9g, reference %.9g", i,
                  got->loss[i], want->loss[i]);
        cr_assert(fabs(got->norm[i] - want->norm[i]) <= 10 * limit * want->norm[i],
                  "step %d: norm of the gradients %.9g, reference %.9g", i, got->norm[i], want->norm[i]);
    }
    for (int i = 0; i < steps / BATCHES; i++)
        cr_assert(fabs(got->tested[i] - want->tested[i]) <= limit * want->tested[i],
                  "epoch %d: tested %.9g, reference %.9g", i, got->tested[i], want->tested[i]);
    cr_assert(fabs(got->weights - want->weights) <= limit * want->weights, "weights %.9g, reference %.9g", got->weights,
              want->weights);
}

Test(training, of_a_vit)
{
    course want = train("reference", true, VT_F32, READ_EACH_STEP);
    course got = train(tested_device(), true, VT_F32, READ_EACH_STEP);
    expect_close(&got, &want, STEPS, 1e-4);
    cr_assert(want.loss[0] > want.loss[STEPS - 1], "it learns nothing");
}

/* A ReLU that rounding flips takes the two apart, in so narrow a net by percents. */
Test(training, of_a_resnet)
{
    course want = train("reference", false, VT_F32, READ_EACH_STEP);
    course got = train(tested_device(), false, VT_F32, READ_EACH_STEP);
    expect_close(&got, &want, 3, 1e-4);
    expect_close(&got, &want, STEPS, 0.05);
}

/* The reference rounds nothing to bf16. */
Test(training, of_a_vit_in_bf16)
{
    course want = train("reference", true, VT_F32, READ_EACH_STEP);
    course got = train(tested_device(), true, VT_BF16, READ_EACH_STEP);
    expect_close(&got, &want, STEPS, 0.02);
}

/* Of the first step alone: rounding moves the norm of so small a ResNet's gradients by up to 13 %, and the first
 * update, in which each weight moves by the sign of its gradient, carries that on. */
Test(training, of_a_resnet_in_bf16)
{
    course want = train_for(1, "reference", false, VT_F32, READ_EACH_STEP);
    course got = train_for(1, tested_device(), false, VT_BF16, READ_EACH_STEP);
    expect_close(&got, &want, 1, 0.02);
}

static void expect_same_bits(bool is_vit, vt_dtype precision)
{
    course each = train(tested_device(), is_vit, precision, READ_EACH_STEP);
    course late = train(tested_device(), is_vit, precision, READ_LATE);
    cr_assert(memcmp(&each, &late, sizeof each) == 0, "%s, %s: another run, read late, has other bits",
              is_vit ? "ViT" : "ResNet", vt_dtype_name(precision));
}

/* Both nets and both precisions. */
Test(training, gives_the_same_bits_whenever_it_is_read)
{
    expect_same_bits(true, VT_BF16);
    expect_same_bits(false, VT_F32);
}

/* One by one, what is launched as one gives no more than rounding's difference. */
Test(training, eagerly_gives_the_same)
{
    course want = train(tested_device(), true, VT_F32, READ_EACH_STEP);
    vt_set_eager(true);
    course got = train(tested_device(), true, VT_F32, READ_EACH_STEP);
    vt_set_eager(false);
    expect_close(&got, &want, STEPS, 1e-4);
}

/* -- Launching as one ---------------------------------------------------------------------------------------------- */

static int count_text(const char *text, const char *wanted)
{
    int count = 0;
    for (; (text = strstr(text, wanted)); text++) count++;
    return count;
}

/* What VT_LOG=plan tells meanwhile. */
static const char *log_of(void (*work)(int), int argument)
{
    static char text[1 << 20];
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    cr_assert(file && saved >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
    setenv("VT_LOG", "plan", 1);
    work(argument);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    unsetenv("VT_LOG");
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    return text;
}

/* Where no op may run on the host (VT_STRICT=1): one that does cannot be part of it. */
static void skip_unless_launched(void)
{
    const char *strict = getenv("VT_STRICT");
    if (strcmp(tested_device(), "cuda") != 0 || !strict || strict[0] != '1')
        cr_skip_test("of a GPU, and where all ops run on it");
}

static void train_both(int unused)
{
    (void)unused;
    train(tested_device(), true, VT_F32, READ_LATE);
    train(tested_device(), false, VT_F32, READ_LATE);
}

Test(training, becomes_launches_of_whole_steps)
{
    skip_unless_launched();
    const char *text = log_of(train_both, 0);
    cr_assert(count_text(text, "steps are now launched as one") >= 2, "%s", text);
    cr_assert(!strstr(text, "cannot be launched as one"), "%s", text);
}

/* Of a shape that no other number of runs has. */
static void run_small_plan(int runs)
{
    vt_set_device(tested_device());
    for (int i = 0; i < runs; i++) {
        VT_SCOPE;
        vt_tensor x = vt_full(VT_SHAPE(runs, 5), 0.5);
        double sum = vt_item(vt_sum(vt_softmax(vt_matmul(x, vt_transpose(x, 0, 1)), 1)));
        cr_assert(fabs(sum - runs) <= 1e-5, "%g, not %d", sum, runs);
    }
}

Test(launching, begins_with_the_third_run)
{
    skip_unless_launched();
    const char *text = log_of(run_small_plan, 2);
    cr_assert(count_text(text, "launched as one") == 0, "%s", text);
    text = log_of(run_small_plan, 3);
    cr_assert(count_text(text, "steps are now launched as one") == 1, "%s", text);
}
