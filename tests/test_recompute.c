/* test_recompute.c - what a limit of memory promises: a step that fits has the bits that it has without one, and one
 * that cannot fit says what the least is. */
#include "refused.h"
#include "tested_device.h"
#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>
#include <vitro/vitro.h>

enum { LAYERS = 12, ROWS = 64, WIDTH = 32, STEPS = 3, ALL = LAYERS * WIDTH * WIDTH };

/* What a training on a thread of its own, which has a context of its own, gave. */
typedef struct training {
    int64_t limit; /* given */
    enum statistics {
        NONE,
        OWN,    /* given: each layer keeps a running mean, which it reads, and then updates */
        OF_NORM /* given: each layer has a batch norm */
    } statistics;
    bool moved_alone; /* given: no norm moves its running statistics itself */
    double loss[STEPS];
    float weights[ALL], means[LAYERS * WIDTH];
    int64_t peak; /* bytes */
    char error[512];
} training;

typedef struct network {
    vt_model *model;
    vt_tensor weight[LAYERS], mean[LAYERS], var[LAYERS];
} network;

static void make(network *n)
{
    n->model = vt_model_new();
    for (int i = 0; i < LAYERS; i++) {
        vt_path path = vt_subpath(vt_root(n->model), "layers.%d", i);
        n->weight[i] = vt_parameter(path, "weight", VT_SHAPE(WIDTH, WIDTH), VT_INIT_NORMAL, 0.2);
        n->mean[i] = vt_buffer(path, "mean", VT_SHAPE(WIDTH), 0.5, VT_F32);
        n->var[i] = vt_buffer(path, "var", VT_SHAPE(WIDTH), 1, VT_F32);
    }
}

/* x + gelu(dropout(x) weight), or of its norm; with statistics of its own, less what the mean was before. */
static vt_tensor layer(const network *n, int i, vt_tensor x, enum statistics statistics)
{
    vt_tensor y = vt_matmul(vt_dropout(x, 0.1), n->weight[i]);
    if (statistics == OF_NORM) y = vt_batch_norm(y, n->mean[i], n->var[i]);
    y = vt_gelu(y);
    if (statistics == OWN) {
        vt_tensor now = vt_mean(vt_detach(y), .axes = VT_AXES(0));
        y = vt_tanh(vt_sub(y, n->mean[i]));
        vt_assign(n->mean[i], vt_add(vt_scale(n->mean[i], 0.9), vt_scale(now, 0.1)));
    }
    return vt_add(x, y);
}

static void step(training *t, const network *n, vt_optimizer *sgd, int number)
{
    VT_SCOPE;
    vt_tensor x = vt_normal(VT_SHAPE(ROWS, WIDTH), 0, 1);
    for (int i = 0; i < LAYERS; i++) x = layer(n, i, x, t->statistics);
    vt_tensor loss = vt_mean(vt_mul(x, x));
    vt_backward(loss);
    vt_optimizer_step(sgd);
    t->loss[number] = vt_item(loss);
}

static void *train(void *argument)
{
    training *t = argument;
    network n;
    vt_set_device(tested_device());
    vt_set_training(true);
    vt_seed(5);
    make(&n);
    vt_optimizer *sgd = vt_sgd(n.model, .lr = 0.01);
    vt_set_memory_limit(t->limit);
    vt_set_pass("batch_norm_tracking", !t->moved_alone);
    for (int i = 0; i < STEPS && !vt_failed(); i++) step(t, &n, sgd, i);
    for (int i = 0; i < LAYERS && !vt_failed(); i++) {
        vt_read(n.weight[i], t->weights + (ptrdiff_t)i * WIDTH * WIDTH, (int64_t)WIDTH * WIDTH, VT_F32);
        vt_read(n.mean[i], t->means + (ptrdiff_t)i * WIDTH, WIDTH, VT_F32);
    }
    if (vt_failed()) strncpy(t->error, vt_error_message(), sizeof t->error - 1);
    t->peak = vt_statistics_get().peak_bytes;
    vt_optimizer_free(sgd);
    vt_model_free(n.model);
    vt_shutdown();
    return NULL;
}

static training trained(training t)
{
    pthread_t thread;
    cr_assert(pthread_create(&thread, NULL, train, &t) == 0 && pthread_join(thread, NULL) == 0);
    return t;
}

static training train_within(int64_t limit, enum statistics statistics)
{
    return trained((training){ .limit = limit, .statistics = statistics });
}

static void expect_same(const training *a, const training *b)
{
    cr_assert(!*a->error, "%s", a->error);
    cr_assert(!*b->error, "%s", b->error);
    cr_assert(memcmp(a->loss, b->loss, sizeof a->loss) == 0, "losses %.9g and %.9g", a->loss[STEPS - 1],
              b->loss[STEPS - 1]);
    cr_assert(memcmp(a->weights, b->weights, sizeof a->weights) == 0);
    cr_assert(memcmp(a->means, b->means, sizeof a->means) == 0);
}

Test(recompute, less_memory_gives_the_same_bits)
{
    const training any = train_within(0, NONE), least = train_within(VT_AUTO, NONE);
    expect_same(&any, &least);
    cr_assert((double)least.peak < 0.75 * (double)any.peak, "%lld bytes and %lld", (long long)least.peak,
              (long long)any.peak);
}

Test(recompute, a_limit_is_kept)
{
    const training any = train_within(0, NONE), least = train_within(VT_AUTO, NONE);
    for (int part = 1; part <= 3; part++) {
        const int64_t limit = least.peak + (any.peak - least.peak) * part / 4;
        const training within = train_within(limit, NONE);
        expect_same(&any, &within);
        cr_assert(within.peak <= limit, "%lld of %lld bytes", (long long)within.peak, (long long)limit);
    }
}

/* What was computed from a tensor that has been overwritten since is not computed again. */
Test(recompute, what_is_overwritten_is_not_read_again)
{
    const training any = train_within(0, OWN), least = train_within(VT_AUTO, OWN);
    expect_same(&any, &least);
    cr_assert(least.peak <= any.peak);
}

/* A norm is computed again like any other op, and the running statistics that it moves are moved once. */
Test(recompute, norms_are_computed_again_and_their_effects_are_not)
{
    const training any = train_within(0, OF_NORM), least = train_within(VT_AUTO, OF_NORM);
    const training alone = trained((training){ .limit = VT_AUTO, .statistics = OF_NORM, .moved_alone = true });
    expect_same(&any, &least);
    expect_same(&any, &alone);
    cr_assert(least.peak < any.peak && least.peak == alone.peak, "%lld bytes, %lld and %lld", (long long)any.peak,
              (long long)least.peak, (long long)alone.peak);
}

Test(recompute, a_step_that_cannot_fit_says_what_the_least_is)
{
    const training none = train_within(1000, NONE);
    cr_assert(strstr(none.error, "a step takes at least"), "%s", none.error);
    cr_assert(strstr(none.error, "the limit is 0.0 MB"), "%s", none.error);
}

Test(recompute, a_limit_below_0_is_refused)
{
    vt_set_memory_limit(-1);
    REFUSED(VT_ERROR_ARGUMENT, "a memory limit of -1 bytes");
    vt_set_memory_limit(5000000);
    cr_assert(vt_memory_limit() == 5000000);
    vt_set_memory_limit(VT_AUTO);
    cr_assert(vt_memory_limit() == VT_AUTO);
    vt_set_memory_limit(0);
}
