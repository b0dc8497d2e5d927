/* test_training.c - what training programs compute in a run: losses, learning rates, when it ends, and in what it
 * differs from another. */
#include "left_behind.h"
#include "program/budget.h"
#include "program/learning_rate.h"
#include "program/mix_batch.h"
#include "program/objective.h"
#include "program/option_differences.h"
#include "vit.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BATCH = 3, CLASSES = 4, SIZE = 8 };

static void begin(void)
{
    vt_set_device("reference");
    vt_set_precision(VT_F64);
    vt_seed(1);
}

TestSuite(objective, .init = begin, .fini = expect_nothing_left);

/* -- Losses -------------------------------------------------------------------------------------------------------- */

static const int64_t label[BATCH] = { 2, 0, 3 };

static classifier *network(bool distilled)
{
    vit_config c = { .common = { .height = SIZE, .width = SIZE, .channels = 3, .classes = CLASSES },
                     .patch_height = 4,
                     .patch_width = 4,
                     .eps = 1e-6,
                     .token_std = 0.5,
                     .dim = 8,
                     .depth = 1,
                     .heads = 2,
                     .mlp_dim = 8,
                     .distilled = distilled };
    classifier *net = classifier_new_of(&vit_family, &c);
    cr_assert(net, "%s", vt_error_message());
    vt_model_init(net->model, "*.weight", VT_INIT_NORMAL, 0.5);
    return net;
}

static options settings(void)
{
    return (options){ .loss = "cross-entropy", .distill = "hard", .distill_weight = 0.25, .temperature = 2 };
}

static void read_all(vt_tensor x, double *values)
{
    cr_assert(vt_read(x, values, BATCH * CLASSES, VT_F64), "%s", vt_error_message());
}

/* log softmax(x / t)[k] of a row */
static double log_probability(const double *row, double t, int k)
{
    double sum = 0;
    for (int i = 0; i < CLASSES; i++) sum += exp(row[i] / t);
    return row[k] / t - log(sum);
}

static double cross_entropy(const double *logits, const int64_t *wanted)
{
    double sum = 0;
    for (int i = 0; i < BATCH; i++) sum -= log_probability(logits + i * CLASSES, 1, (int)wanted[i]);
    return sum / BATCH;
}

static double soft_loss(const double *student, const double *teacher, double t)
{
    double sum = 0;
    for (int i = 0; i < BATCH * CLASSES; i++) {
        int row = i / CLASSES * CLASSES;
        double p = log_probability(teacher + row, t, i % CLASSES);
        sum += exp(p) * (p - log_probability(student + row, t, i % CLASSES));
    }
    return sum * t * t / BATCH;
}

typedef struct outcome {
    double loss;
    double logits[BATCH * CLASSES], of_class[BATCH * CLASSES], distilled[BATCH * CLASSES], teacher[BATCH * CLASSES];
    int64_t decided[BATCH]; /* by the teacher */
} outcome;

/* Of mixed pictures: labels of the class, and of the next one, in equal parts. */
static vt_tensor mixed_labels(void)
{
    double shares[BATCH * CLASSES] = { 0 };
    for (int i = 0; i < BATCH; i++) {
        shares[i * CLASSES + label[i]] = 0.5;
        shares[i * CLASSES + (label[i] + 1) % CLASSES] = 0.5;
    }
    return vt_from_data(shares, VT_SHAPE(BATCH, CLASSES), VT_F64);
}

static bool mixed;

static outcome loss_of(const options *o, bool distilled, bool taught)
{
    outcome r = { 0 };
    classifier *net = network(distilled), *teacher = network(false);
    objective m = { .options = o, .teacher = taught ? teacher : NULL };
    {
        VT_SCOPE;
        vt_set_training(true);
        vt_tensor images = vt_normal(VT_SHAPE(BATCH, 3, SIZE, SIZE)), logits = classifier_forward(net, images);
        vt_tensor labels = mixed ? mixed_labels() : vt_from_data(label, VT_SHAPE(BATCH), VT_I64);
        vt_tensor loss = objective_loss(&m, net, images, logits, labels);
        r.loss = vt_item(loss);
        read_all(logits, r.logits);
        if (distilled) read_all(vt_model_value(net->model, "logits_class"), r.of_class);
        if (distilled) read_all(vt_model_value(net->model, "logits_distilled"), r.distilled);
        vt_tensor decisions = classifier_forward(teacher, images);
        read_all(decisions, r.teacher);
        cr_assert(vt_read(vt_argmax(decisions, 1), r.decided, BATCH, VT_I64));
        vt_backward(loss);
        cr_assert(!vt_failed() && !vt_grad(vt_model_find(teacher->model, "head.weight")).id, "%s", vt_error_message());
        vt_set_training(false);
    }
    classifier_free(teacher);
    classifier_free(net);
    return r;
}

static void expect(double got, double want)
{
    cr_assert(fabs(got - want) < 1e-12 * fmax(1, fabs(want)), "%.17g, not %.17g", got, want);
}

Test(objective, labels)
{
    options o = settings();
    outcome r = loss_of(&o, false, false);
    expect(r.loss, cross_entropy(r.logits, label));
}

/* timm's BinaryCrossEntropy with smoothing 0.2: targets are 0.85 and 0.05. */
Test(objective, of_each_class_apart)
{
    options o = settings();
    o.loss = "bce";
    o.label_smoothing = 0.2;
    outcome r = loss_of(&o, false, false);
    double sum = 0;
    for (int i = 0; i < BATCH * CLASSES; i++) {
        double target = label[i / CLASSES] == i % CLASSES ? 0.85 : 0.05;
        sum += log1p(exp(r.logits[i])) - target * r.logits[i];
    }
    expect(r.loss, sum / (BATCH * CLASSES));
}

Test(objective, labels_of_mixed_pictures)
{
    options o = settings();
    mixed = true;
    outcome r = loss_of(&o, false, false);
    const int64_t next[BATCH] = { 3, 1, 0 };
    expect(r.loss, (cross_entropy(r.logits, label) + cross_entropy(r.logits, next)) / 2);
    o.loss = "bce";
    r = loss_of(&o, false, false);
    double sum = 0;
    for (int i = 0; i < BATCH * CLASSES; i++) {
        bool is_of = label[i / CLASSES] == i % CLASSES || next[i / CLASSES] == i % CLASSES;
        sum += log1p(exp(r.logits[i])) - (is_of ? 0.5 : 0) * r.logits[i];
    }
    expect(r.loss, sum / (BATCH * CLASSES));
    mixed = false;
}

Test(objective, a_hard_teacher)
{
    options o = settings();
    outcome r = loss_of(&o, false, true);
    expect(r.loss, 0.75 * cross_entropy(r.logits, label) + 0.25 * cross_entropy(r.logits, r.decided));
}

Test(objective, a_soft_teacher)
{
    options o = settings();
    o.distill = "soft";
    outcome r = loss_of(&o, false, true);
    expect(r.loss, 0.75 * cross_entropy(r.logits, label) + 0.25 * soft_loss(r.logits, r.teacher, 2));
}

Test(objective, a_distillation_token_has_the_teachers_label)
{
    options o = settings();
    outcome r = loss_of(&o, true, true);
    expect(r.loss, 0.75 * cross_entropy(r.of_class, label) + 0.25 * cross_entropy(r.distilled, r.decided));
}

/* -- Learning rates ------------------------------------------------------------------------------------------------ */

static options rates(const char *schedule)
{
    return (options){ .schedule = schedule, .lr = 0.5, .warmup = 1, .epochs = 10, .lr_step = 4, .lr_factor = 0.1 };
}

Test(learning_rate, is_the_schedules)
{
    options cosine = rates("cosine"), linear = rates("linear"), constant = rates("constant"), step = rates("step"),
            cycle = rates("one-cycle");
    for (int64_t s = 0; s < 200; s++) {
        expect(learning_rate(&cosine, s, 200, 20), vt_cosine_lr(s, 0.5, 200, .warmup = 20));
        expect(learning_rate(&linear, s, 200, 20), vt_linear_lr(s, 0.5, 200, .warmup = 20));
        expect(learning_rate(&constant, s, 200, 20), vt_constant_lr(s, 0.5, .warmup = 20));
        expect(learning_rate(&step, s, 200, 20), vt_step_lr(s, 0.5, 80, .warmup = 20));
        expect(learning_rate(&cycle, s, 200, 20), vt_one_cycle_lr(s, 0.5, 200, .rise = 0.1));
    }
}

Test(learning_rate, cools_down_from_what_the_schedule_ended_with)
{
    options constant = rates("constant"), cosine = rates("cosine");
    constant.cooldown = 2;
    constant.lr_final = 0.1;
    expect(learning_rate(&constant, 159, 200, 20), 0.5);
    expect(learning_rate(&constant, 160, 200, 20), 0.5);
    expect(learning_rate(&constant, 180, 200, 20), 0.3);
    expect(learning_rate(&constant, 200, 200, 20), 0.1);
    cosine.cooldown = 2;
    cosine.lr_final = 0.01;
    expect(learning_rate(&cosine, 90, 200, 20), 0.255);
    expect(learning_rate(&cosine, 180, 200, 20), 0.01);
}

/* An epoch of 1000 updates would never end its warm-up in 100. */
Test(learning_rate, fits_into_a_time)
{
    options o = rates("cosine");
    o.time = 60;
    o.cooldown = 1;
    expect(learning_rate(&o, 0, 100, 1000), 0.1);
    expect(learning_rate(&o, 50, 100, 1000), 0);
    o.cooldown = 0;
    expect(learning_rate(&o, 10, 100, 1000), 0.5);
    expect(learning_rate(&o, 55, 100, 1000), 0.25);
}

/* -- The end of a run ---------------------------------------------------------------------------------------------- */

Test(budget, is_of_epochs_and_patience)
{
    options o = { .epochs = 10, .patience = 2 };
    budget b = budget_begin(&o);
    cr_assert(!budget_is_spent(&b, 0) && budget_note(&b, 1, 0.25) && budget_note(&b, 2, 0.5));
    cr_assert(!budget_note(&b, 3, 0.5) && !budget_is_spent(&b, 3));
    cr_assert(!budget_note(&b, 4, 0.375) && budget_is_spent(&b, 4));
    o.patience = VT_AUTO;
    cr_assert(!budget_is_spent(&b, 9) && budget_is_spent(&b, 10));
}

Test(budget, is_of_time)
{
    options o = { .epochs = 1000, .patience = VT_AUTO, .time = 100 };
    budget b = budget_begin(&o);
    cr_assert(!budget_time_is_up(&b) && budget_updates(&b, 0, 5000) == 5000);
    b.used_before = 50;
    int64_t updates = budget_updates(&b, 10, 5000);
    cr_assert(updates >= 18 && updates <= 20, "%d", (int)updates);
    b.test_seconds = 50;
    cr_assert(budget_time_is_up(&b) && budget_is_spent(&b, 1) && !budget_is_spent(&b, 0));
    cr_assert(budget_updates(&b, 10, 5000) == 11);
}

/* -- Mixing -------------------------------------------------------------------------------------------------------- */

TestSuite(mixing, .init = begin, .fini = expect_nothing_left);

/* Pictures of one pixel, of a batch of an epoch, as they are mixed. */
static void mix(int64_t seed, int64_t epoch, int64_t index, double result[BATCH])
{
    VT_SCOPE;
    static const double pixel[BATCH] = { 1, 2, 4 };
    const options o = {
        .seed = seed, .mixup = 1, .cutmix = 0, .mix_probability = 1, .cutmix_odds = 0.5, .mix_epochs = VT_AUTO
    };
    const vt_batch batch = {
        .labels = vt_from_data(label, VT_SHAPE(BATCH), VT_I64), .count = BATCH, .epoch = epoch, .index = index
    };
    vt_tensor images = vt_from_data(pixel, VT_SHAPE(BATCH, 1, 1, 1), VT_F64);
    cr_assert(vt_read(mix_batch(&o, &batch, images, CLASSES).images, result, BATCH, VT_F64), "%s", vt_error_message());
}

Test(mixing, is_a_function_of_the_seed_the_epoch_and_the_batch_alone)
{
    double first[BATCH], again[BATCH];
    mix(1, 2, 3, first);
    cr_assert(first[0] > 1 && first[0] < 4 && first[1] == 2);
    vt_seed(9);
    vt_random_set((vt_random_state){ 9, 77 });
    mix(1, 2, 3, again);
    cr_assert(memcmp(first, again, sizeof first) == 0);
    cr_assert(vt_random_get().seed == 9 && vt_random_get().stream == 77, "it moves the random state");
    static const int64_t other[][3] = { { 2, 2, 3 }, { 1, 1, 3 }, { 1, 2, 4 }, { 1, 3, 2 } };
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        mix(other[i][0], other[i][1], other[i][2], again);
        cr_assert(again[0] != first[0], "%zu", i);
    }
}

/* -- What a run differs in ----------------------------------------------------------------------------------------- */

static void expect_differences(const char *before, const char *now, const char *wanted)
{
    char text[48];
    option_differences(before, now, text, sizeof text);
    cr_assert_str_eq(text, wanted);
}

Test(differences, are_what_an_option_was_and_what_it_is)
{
    expect_differences("epochs=10\nlr=0.1\nema=0", "epochs=20\nlr=0.1\nema=0.9", "epochs=10, now 20; ema=0, now 0.9");
    expect_differences("epochs=10\nlr=0.1", "epochs=10\nlr=0.1", "");
}

Test(differences, are_options_of_one_program_alone)
{
    expect_differences("freeze=x\nlr=1", "lr=1", "freeze=x, now left out");
    expect_differences("lr=1", "lr=1\nfreeze=x", "freeze=left out, now x");
}

Test(differences, are_names_alone_where_there_is_no_room)
{
    expect_differences("augment=crop:4,flip,erase\nlr=0.1\nseed=1", "augment=crop:4,flip,jitter\nlr=0.1\nseed=2",
                       "augment; seed");
}
