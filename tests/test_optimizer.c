/* test_optimizer.c - optimisers against PyTorch's algorithms written out, clipping, groups, state, schedules. */
#include "core/context.h"
#include "left_behind.h"
#include "refused.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vitro/vitro.h>

static void begin(void)
{
    vt_set_device("reference");
    vt_set_precision(VT_F64);
    vt_seed(1);
}

#define SUITE(name) TestSuite(name, .init = begin, .fini = expect_nothing_left)
SUITE(optimizer);
SUITE(groups);
SUITE(clipping);
SUITE(state);
SUITE(sums);
SUITE(schedule);

/* -- A model of one weight matrix and one bias, and its gradients written out -------------------------------------- */

enum { W = 6, B = 3, N = W + B };
static const double curvature[N] = { 1, -0.5, 2, 0.25, -3, 1.5, 0.5, -1, 4 };
static const double beginning[N] = { 0.5, -1, 2, -0.25, 3, 1, -2, 0.75, 1.25 };

typedef struct net {
    vt_model *model;
    vt_tensor w, b;
} net;

static net make_net(void)
{
    net n = { .model = vt_model_new() };
    n.w = vt_parameter(vt_root(n.model), "layer.weight", VT_SHAPE(2, 3), .value = 0);
    n.b = vt_parameter(vt_root(n.model), "layer.bias", VT_SHAPE(3), .value = 0);
    vt_write(n.w, beginning);
    vt_write(n.b, beginning + W);
    cr_assert(!vt_failed(), "%s", vt_error_message());
    return n;
}

/* sum(c p^2 / 2) of the tensor whose curvatures begin at `from` */
static vt_tensor energy(vt_tensor p, int from)
{
    vt_tensor c = vt_from_data(curvature + from, vt_shape_of(p), VT_F64);
    return vt_sum(vt_scale(vt_mul(c, vt_mul(p, p)), 0.5));
}

static vt_tensor loss_of(const net *n)
{
    return vt_add(energy(n->w, 0), energy(n->b, W));
}

static void train(const net *n, vt_optimizer *o, int steps)
{
    for (int i = 0; i < steps; i++) {
        VT_SCOPE;
        vt_backward(loss_of(n));
        vt_optimizer_step(o);
    }
    cr_assert(!vt_failed(), "%s", vt_error_message());
}

static void read_net(const net *n, double *p)
{
    cr_assert(vt_read(n->w, p, W, VT_F64) && vt_read(n->b, p + W, B, VT_F64), "%s", vt_error_message());
}

static void expect_net(int line, const net *n, const double *want)
{
    double got[N];
    read_net(n, got);
    for (int i = 0; i < N; i++)
        cr_assert(fabs(got[i] - want[i]) <= 1e-12 * fmax(1, fabs(want[i])), "line %d: element %d is %.17g, not %.17g",
                  line, i, got[i], want[i]);
}
#define EXPECT_NET(n, want) expect_net(__LINE__, n, want)

static void free_all(net *n, vt_optimizer *o)
{
    vt_optimizer_free(o);
    vt_model_free(n->model);
}

/* torch.optim.SGD, as its documentation has it */
static void plain_sgd(double *p, int steps, double lr, double momentum, double decay_w, double decay_b, bool nesterov)
{
    double buffer[N] = { 0 };
    for (int t = 1; t <= steps; t++) {
        for (int i = 0; i < N; i++) {
            double g = curvature[i] * p[i];
            g = g + (i < W ? decay_w : decay_b) * p[i];
            if (momentum != 0) {
                buffer[i] = t > 1 ? momentum * buffer[i] + g : g;
                g = nesterov ? g + momentum * buffer[i] : buffer[i];
            }
            p[i] = p[i] - lr * g;
        }
    }
}

typedef struct adam_settings {
    double lr, beta1, beta2, eps, decay_w, decay_b;
    bool decoupled, amsgrad;
} adam_settings;

/* torch.optim.Adam and AdamW, from update `first` of each element on */
static void plain_adam(double *p, double *m, double *v, int first, int steps, adam_settings s)
{
    double largest[N] = { 0 };
    for (int t = first; t < first + steps; t++) {
        for (int i = 0; i < N; i++) {
            double g = curvature[i] * p[i], decay = i < W ? s.decay_w : s.decay_b;
            if (s.decoupled)
                p[i] = p[i] - s.lr * decay * p[i];
            else
                g = g + decay * p[i];
            m[i] = s.beta1 * m[i] + (1 - s.beta1) * g;
            v[i] = s.beta2 * v[i] + (1 - s.beta2) * g * g;
            double m_hat = m[i] / (1 - pow(s.beta1, t)), v_hat = v[i] / (1 - pow(s.beta2, t));
            largest[i] = fmax(largest[i], v[i]);
            if (s.amsgrad) v_hat = largest[i] / (1 - pow(s.beta2, t));
            p[i] = p[i] - s.lr * m_hat / (sqrt(v_hat) + s.eps);
        }
    }
}

static void expect_adam(int line, net *n, vt_optimizer *o, adam_settings s)
{
    double p[N], m[N] = { 0 }, v[N] = { 0 };
    memcpy(p, beginning, sizeof p);
    plain_adam(p, m, v, 1, 7, s);
    train(n, o, 7);
    expect_net(line, n, p);
    free_all(n, o);
}

static void expect_sgd(int line, net *n, vt_optimizer *o, double lr, double momentum, double decay_w, double decay_b,
                       bool nesterov)
{
    double p[N];
    memcpy(p, beginning, sizeof p);
    plain_sgd(p, 7, lr, momentum, decay_w, decay_b, nesterov);
    train(n, o, 7);
    expect_net(line, n, p);
    free_all(n, o);
}

/* -- The algorithms ----------------------------------------------------------------------------------------------- */

Test(optimizer, sgd)
{
    net n = make_net();
    expect_sgd(__LINE__, &n, vt_sgd(n.model, .lr = 0.1), 0.1, 0, 0, 0, false);
    n = make_net();
    expect_sgd(__LINE__, &n, vt_sgd(n.model), 1e-3, 0, 0, 0, false);
    n = make_net();
    expect_sgd(__LINE__, &n, vt_sgd(n.model, .lr = 0.1, .weight_decay = 0.3), 0.1, 0, 0.3, 0, false);
    n = make_net();
    expect_sgd(__LINE__, &n, vt_sgd(n.model, .lr = 0.1, .weight_decay = 0.3, .decay_all = true), 0.1, 0, 0.3, 0.3,
               false);
}

Test(optimizer, momentum)
{
    net n = make_net();
    expect_sgd(__LINE__, &n, vt_sgd(n.model, .lr = 0.1, .momentum = 0.9), 0.1, 0.9, 0, 0, false);
    n = make_net();
    vt_optimizer *o = vt_sgd(n.model, .lr = 0.1, .momentum = 0.9, .weight_decay = 0.3, .decay_all = true);
    expect_sgd(__LINE__, &n, o, 0.1, 0.9, 0.3, 0.3, false);
    n = make_net();
    o = vt_sgd(n.model, .lr = 0.1, .momentum = 0.8, .weight_decay = 0.3, .nesterov = true);
    expect_sgd(__LINE__, &n, o, 0.1, 0.8, 0.3, 0, true);
}

Test(optimizer, adam)
{
    net n = make_net();
    expect_adam(__LINE__, &n, vt_adam(n.model), (adam_settings){ 1e-3, 0.9, 0.999, 1e-8, 0, 0, false });
    n = make_net();
    vt_optimizer *o = vt_adam(n.model, .lr = 0.1, .beta1 = 0.5, .beta2 = 0.75, .eps = 0.25, .weight_decay = 0.3);
    expect_adam(__LINE__, &n, o, (adam_settings){ 0.1, 0.5, 0.75, 0.25, 0.3, 0, false });
    n = make_net();
    o = vt_adam(n.model, .lr = 0.1, .weight_decay = 0.3, .decay_all = true);
    expect_adam(__LINE__, &n, o, (adam_settings){ 0.1, 0.9, 0.999, 1e-8, 0.3, 0.3, false });
}

Test(optimizer, amsgrad)
{
    net n = make_net();
    vt_optimizer *o = vt_adam(n.model, .lr = 0.3, .beta1 = 0.5, .beta2 = 0.25, .amsgrad = true, .weight_decay = 0.3);
    adam_settings s = { 0.3, 0.5, 0.25, 1e-8, 0.3, 0, .amsgrad = true };
    expect_adam(__LINE__, &n, o, s);
    n = make_net();
    o = vt_adamw(n.model, .lr = 0.3, .beta1 = 0.5, .beta2 = 0.25, .amsgrad = true, .weight_decay = 0.3);
    s.decoupled = true;
    expect_adam(__LINE__, &n, o, s);
    n = make_net();
    o = vt_adam(n.model, .amsgrad = true);
    cr_assert(vt_optimizer_state_size(o) == 6);
    cr_assert(vt_optimizer_state_find(o, "max_exp_avg_sq.layer.weight").id);
    free_all(&n, o);
}

typedef struct rmsprop_settings {
    double lr, alpha, eps, decay_w, momentum;
    bool centered;
} rmsprop_settings;

/* torch.optim.RMSprop, as its documentation has it */
static void expect_rmsprop(int line, net *n, vt_optimizer *o, rmsprop_settings s)
{
    double p[N], square[N] = { 0 }, average[N] = { 0 }, buffer[N] = { 0 };
    memcpy(p, beginning, sizeof p);
    for (int t = 1; t <= 7; t++) {
        for (int i = 0; i < N; i++) {
            double g = curvature[i] * p[i] + (i < W ? s.decay_w : 0) * p[i];
            square[i] = s.alpha * square[i] + (1 - s.alpha) * g * g;
            double variance = square[i];
            if (s.centered) {
                average[i] = s.alpha * average[i] + (1 - s.alpha) * g;
                variance -= average[i] * average[i];
            }
            buffer[i] = s.momentum * buffer[i] + g / (sqrt(variance) + s.eps);
            p[i] -= s.lr * buffer[i];
        }
    }
    train(n, o, 7);
    expect_net(line, n, p);
    free_all(n, o);
}

Test(optimizer, rmsprop)
{
    net n = make_net();
    expect_rmsprop(__LINE__, &n, vt_rmsprop(n.model), (rmsprop_settings){ 1e-2, 0.99, 1e-8, 0, 0, false });
    n = make_net();
    vt_optimizer *o = vt_rmsprop(n.model, .lr = 0.1, .alpha = 0.5, .eps = 0.25, .weight_decay = 0.3);
    expect_rmsprop(__LINE__, &n, o, (rmsprop_settings){ 0.1, 0.5, 0.25, 0.3, 0, false });
    n = make_net();
    o = vt_rmsprop(n.model, .lr = 0.1, .momentum = 0.9);
    cr_assert(vt_optimizer_state_find(o, "momentum_buffer.layer.bias").id);
    expect_rmsprop(__LINE__, &n, o, (rmsprop_settings){ 0.1, 0.99, 1e-8, 0, 0.9, false });
    n = make_net();
    o = vt_rmsprop(n.model, .lr = 0.1, .centered = true, .alpha = 0.75, .eps = 0.5);
    expect_rmsprop(__LINE__, &n, o, (rmsprop_settings){ 0.1, 0.75, 0.5, 0, 0, true });
    n = make_net();
    o = vt_rmsprop(n.model, .lr = 0.1, .centered = true, .momentum = 0.5, .weight_decay = 0.3, .eps = 0.1);
    cr_assert(vt_optimizer_state_size(o) == 6 && vt_optimizer_state_find(o, "grad_avg.layer.bias").id);
    expect_rmsprop(__LINE__, &n, o, (rmsprop_settings){ 0.1, 0.99, 0.1, 0.3, 0.5, true });
}

Test(optimizer, adamw)
{
    net n = make_net();
    expect_adam(__LINE__, &n, vt_adamw(n.model), (adam_settings){ 1e-3, 0.9, 0.999, 1e-8, 0.01, 0, true });
    n = make_net();
    vt_optimizer *o = vt_adamw(n.model, .lr = 0.1, .beta1 = 0.5, .beta2 = 0.75, .eps = 0.25, .weight_decay = 0.3);
    expect_adam(__LINE__, &n, o, (adam_settings){ 0.1, 0.5, 0.75, 0.25, 0.3, 0, true });
    n = make_net();
    o = vt_adamw(n.model, .lr = 0.1, .weight_decay = 0.3, .decay_all = true);
    expect_adam(__LINE__, &n, o, (adam_settings){ 0.1, 0.9, 0.999, 1e-8, 0.3, 0.3, true });
}

/* Which parameters have Muon's state, and no second moment. */
static bool is_of_muon(vt_optimizer *o, const char *parameter)
{
    char name[64];
    snprintf(name, sizeof name, "momentum_buffer.%s", parameter);
    return vt_optimizer_state_find(o, name).id != 0;
}

Test(optimizer, muon_takes_hidden_matrices)
{
    vt_model *model = vt_model_new();
    vt_path root = vt_root(model);
    vt_parameter(root, "fc.weight", VT_SHAPE(2, 3), .value = 1);
    vt_parameter(root, "conv.weight", VT_SHAPE(2, 3, 3, 3), .value = 1);
    vt_parameter(root, "head.weight", VT_SHAPE(2, 3), .value = 1);
    vt_parameter(root, "fc.bias", VT_SHAPE(3), .value = 1);
    vt_parameter(root, "depthwise.weight", VT_SHAPE(4, 1, 3, 3), .value = 1);
    vt_parameter(root, "cls_token", VT_SHAPE(1, 1, 4), .value = 1);
    vt_parameter(root, "pos_embed", VT_SHAPE(4, 4), .value = 1, .no_decay = true);
    vt_optimizer *o = vt_muon(model, .not_hidden = "head.*");
    cr_assert(is_of_muon(o, "fc.weight") && is_of_muon(o, "conv.weight"));
    cr_assert(vt_optimizer_state_size(o) == 2 + 5 * 2, "%d", vt_optimizer_state_size(o));
    cr_assert(vt_optimizer_state_find(o, "exp_avg_sq.head.weight").id && !is_of_muon(o, "head.weight"));
    vt_optimizer_free(o);
    vt_model_free(model);
}

/* Five iterations bring singular values near 1, whatever they were. */
Test(optimizer, a_step_of_muon_is_nearly_orthogonal)
{
    vt_model *model = vt_model_new();
    vt_tensor p = vt_parameter(vt_root(model), "w", VT_SHAPE(2, 2), .value = 0);
    vt_optimizer *o = vt_muon(model, .lr = 1, .weight_decay = 0, .scale = VT_MUON_ORIGINAL);
    {
        VT_SCOPE;
        const double slope[] = { 3, 4, -40, 30 }; /* singular values 5 and 50 */
        vt_backward(vt_sum(vt_mul(p, vt_from_data(slope, VT_SHAPE(2, 2), VT_F64))));
        vt_optimizer_step(o);
    }
    double x[4];
    cr_assert(vt_read(p, x, 4, VT_F64));
    double first = hypot(x[0], x[1]), second = hypot(x[2], x[3]);
    cr_assert(fabs(x[0] * x[2] + x[1] * x[3]) < 1e-12 * first * second);
    cr_assert(fabs(first - 1) < 0.35 && fabs(second - 1) < 0.35, "%g, %g", first, second);
    vt_optimizer_free(o);
    vt_model_free(model);
}

Test(optimizer, an_average_stands_in_and_is_put_back)
{
    net n = make_net();
    vt_optimizer *o = vt_schedule_free(n.model, .lr = 0.1);
    double trained[N], average[N], again[N];
    vt_optimizer_evaluate(o, true); /* nothing has been averaged yet */
    EXPECT_NET(&n, beginning);
    vt_optimizer_evaluate(o, false);
    train(&n, o, 3);
    read_net(&n, trained);
    vt_optimizer_evaluate(o, true);
    vt_optimizer_evaluate(o, true);
    read_net(&n, average);
    cr_assert(memcmp(trained, average, sizeof trained) != 0);
    {
        VT_SCOPE;
        vt_backward(loss_of(&n));
        vt_optimizer_step(o);
        REFUSED(VT_ERROR_ARGUMENT, "optimizer_step: averages stand in the parameters' places");
    }
    vt_optimizer_evaluate(o, false);
    read_net(&n, again);
    cr_assert(memcmp(trained, again, sizeof trained) == 0);
    vt_optimizer_evaluate(o, true);
    free_all(&n, o); /* with the average in its place */
    vt_optimizer_evaluate(NULL, true);
    REFUSED(VT_ERROR_ARGUMENT, "optimizer_evaluate: there is no optimiser");
}

/* The decay grows from 1/10 on: (1 + t) / (10 + t). */
Test(optimizer, keeps_an_average)
{
    net n = make_net();
    vt_tensor count = vt_buffer(vt_root(n.model), "count", VT_SCALAR, 3, VT_I64);
    vt_optimizer *o = vt_sgd(n.model, .lr = 0.1);
    vt_optimizer_keep_average(o, 0.2);
    double average[N], p[N], got[N];
    memcpy(average, beginning, sizeof average);
    for (int t = 1; t <= 4; t++) {
        train(&n, o, 1);
        read_net(&n, p);
        double share = 1 - fmin(0.2, (1.0 + t) / (10.0 + t));
        for (int i = 0; i < N; i++) average[i] += share * (p[i] - average[i]);
    }
    vt_optimizer_evaluate(o, true);
    EXPECT_NET(&n, average);
    cr_assert(vt_item(count) == 3);
    vt_optimizer_evaluate(o, false);
    read_net(&n, got);
    cr_assert(memcmp(p, got, sizeof p) == 0);
    cr_assert(vt_optimizer_state_find(o, "average.layer.weight").id && vt_optimizer_state_size(o) == 3);
    vt_optimizer_keep_average(o, 0.5);
    REFUSED(VT_ERROR_ARGUMENT, "optimizer_keep_average: this optimiser keeps an average already");
    vt_optimizer_free(o);
    o = vt_schedule_free(n.model);
    vt_optimizer_keep_average(o, 0.5);
    REFUSED(VT_ERROR_ARGUMENT, "optimizer_keep_average: this optimiser keeps an average already");
    vt_optimizer_free(o);
    o = vt_sgd(n.model);
    vt_optimizer_keep_average(o, 1);
    REFUSED(VT_ERROR_ARGUMENT, "optimizer_keep_average: decay is 1; it must be in [0, 1)");
    free_all(&n, o);
}

Test(optimizer, eager_gives_the_same_bits)
{
    double planned[N], eager[N];
    for (int i = 0; i < 2; i++) {
        net n = make_net();
        vt_optimizer *o = vt_adamw(n.model, .lr = 0.1);
        vt_set_eager(i);
        train(&n, o, 4);
        read_net(&n, i ? eager : planned);
        free_all(&n, o);
    }
    vt_set_eager(false);
    cr_assert(memcmp(planned, eager, sizeof eager) == 0);
}

/* Nothing is computed while the step is recorded; everything is when its scope ends. */
/* Warm-up begins at 0: what is planned there holds for every learning rate and step to come. */
Test(optimizer, an_update_that_decomposes_is_planned_once)
{
    const char *const rules[] = { "sgd", "momentum", "adam", "adamw", "lion", "lamb", "muon", "schedule-free" };
    for (int i = 0; i < 8; i++) {
        double got[2][N];
        for (int decomposed = 0; decomposed < 2; decomposed++) {
            context_get()->force_decompose = decomposed;
            net n = make_net();
            vt_optimizer *o = i == 0   ? vt_sgd(n.model)
                              : i == 1 ? vt_sgd(n.model, .momentum = 0.9, .nesterov = true, .weight_decay = 0.1)
                              : i == 2 ? vt_adam(n.model, .weight_decay = 0.1)
                              : i == 3 ? vt_adamw(n.model, .weight_decay = 0.1)
                              : i == 4 ? vt_lion(n.model, .weight_decay = 0.1)
                              : i == 5 ? vt_lamb(n.model, .weight_decay = 0.1)
                              : i == 6 ? vt_muon(n.model, .weight_decay = 0.1)
                                       : vt_schedule_free(n.model, .weight_decay = 0.1);
            int64_t misses = 0;
            for (int step = 0; step < 4; step++) {
                vt_optimizer_set_lr(o, step == 0 ? 0 : 1.0 / (1 + step));
                train(&n, o, 1);
                /* Schedule-free AdamW copies what it finds at its first update, and is planned from the second on. */
                if (step <= (i == 7)) misses = vt_statistics_get().plan_misses;
            }
            cr_assert(vt_statistics_get().plan_misses == misses, "%s, %d: planned again", rules[i], decomposed);
            read_net(&n, got[decomposed]);
            free_all(&n, o);
        }
        for (int k = 0; k < N; k++)
            cr_assert(fabs(got[1][k] - got[0][k]) <= 1e-12 * fmax(1, fabs(got[0][k])),
                      "%s: element %d is %.17g decomposed, %.17g by its kernel", rules[i], k, got[1][k], got[0][k]);
    }
    context_get()->force_decompose = false;
}

/* What a later vt_optimizer_set_lr says holds for later updates alone. */
Test(optimizer, an_update_reads_the_learning_rate_when_it_is_recorded)
{
    net n = make_net();
    vt_optimizer *o = vt_sgd(n.model, .lr = 0.5);
    {
        VT_SCOPE;
        vt_backward(loss_of(&n));
        vt_optimizer_step(o);
        vt_optimizer_set_lr(o, 100);
    }
    double want[N];
    for (int i = 0; i < N; i++) want[i] = beginning[i] - 0.5 * curvature[i] * beginning[i];
    EXPECT_NET(&n, want);
    free_all(&n, o);
}

Test(optimizer, an_update_is_recorded)
{
    net n = make_net();
    vt_optimizer *o = vt_sgd(n.model, .lr = 0.1);
    {
        VT_SCOPE;
        int64_t before = vt_statistics_get().nodes_run;
        vt_backward(loss_of(&n));
        vt_optimizer_step(o);
        cr_assert(vt_statistics_get().nodes_run == before);
    }
    double p[N];
    memcpy(p, beginning, sizeof p);
    plain_sgd(p, 1, 0.1, 0, 0, 0, false);
    EXPECT_NET(&n, p);
    cr_assert(vt_statistics_get().nodes_recomputed == 0);
    free_all(&n, o);
}

Test(optimizer, frozen_and_unused_parameters_keep_their_bits)
{
    net n = make_net();
    vt_set_trainable(n.b, false);
    vt_optimizer *o = vt_adamw(n.model, .lr = 0.1, .decay_all = true);
    double got[N];
    train(&n, o, 3);
    read_net(&n, got);
    cr_assert(memcmp(got + W, beginning + W, B * sizeof *got) == 0 && got[0] != beginning[0]);
    cr_assert(vt_optimizer_steps(o, "layer.bias") == 0 && vt_optimizer_steps(o, "layer.weight") == 3);
    {
        VT_SCOPE;
        vt_set_trainable(n.b, true);
        vt_backward(energy(n.b, W)); /* the weight has no gradient here */
        vt_optimizer_step(o);
    }
    double after[N];
    read_net(&n, after);
    cr_assert(memcmp(got, after, W * sizeof *got) == 0 && after[W] != beginning[W]);
    cr_assert(vt_optimizer_steps(o, "layer.bias") == 1 && vt_optimizer_steps(o, "layer.weight") == 3);
    cr_assert(vt_optimizer_steps(o, NULL) == 4 && vt_optimizer_steps(o, "no such") == -1);
    free_all(&n, o);
}

/* Each parameter's averages are corrected by its own count, as in PyTorch. */
Test(optimizer, a_parameter_thawed_late)
{
    net n = make_net();
    vt_set_trainable(n.b, false);
    vt_optimizer *o = vt_adam(n.model, .lr = 0.1);
    train(&n, o, 5);
    vt_set_trainable(n.b, true);
    train(&n, o, 4);
    adam_settings s = { 0.1, 0.9, 0.999, 1e-8, 0, 0, false };
    double p[N], weight[N], m[N] = { 0 }, v[N] = { 0 };
    memcpy(weight, beginning, sizeof p);
    plain_adam(weight, m, v, 1, 9, s);
    memset(m, 0, sizeof m);
    memset(v, 0, sizeof v);
    memcpy(p, beginning, sizeof p);
    plain_adam(p, m, v, 1, 4, s);
    memcpy(p, weight, W * sizeof *p);
    EXPECT_NET(&n, p);
    free_all(&n, o);
}

Test(optimizer, refuses_a_step_without_gradients)
{
    net n = make_net();
    vt_optimizer *o = vt_sgd(n.model);
    vt_optimizer_step(o);
    REFUSED(VT_ERROR_GRADIENT, "optimizer_step: no trainable parameter has a gradient; vt_backward gives them until");
    {
        VT_SCOPE;
        vt_backward(loss_of(&n));
    }
    vt_optimizer_step(o);
    REFUSED(VT_ERROR_GRADIENT, "optimizer_step: no trainable parameter has a gradient");
    vt_clip_gradients(o, 1);
    REFUSED(VT_ERROR_GRADIENT, "clip_gradients: no trainable parameter has a gradient");
    cr_assert(vt_optimizer_steps(o, NULL) == 0);
    free_all(&n, o);
}

Test(optimizer, refuses_settings)
{
    net n = make_net();
    cr_assert(!vt_sgd(n.model, .lr = -1));
    REFUSED(VT_ERROR_ARGUMENT, "sgd: lr is -1; it must be finite, 0 or more  at ");
    cr_assert(!vt_sgd(n.model, .momentum = 1));
    REFUSED(VT_ERROR_ARGUMENT, "sgd: momentum is 1; it must be in [0, 1)");
    cr_assert(!vt_sgd(n.model, .nesterov = true));
    REFUSED(VT_ERROR_ARGUMENT, "sgd: nesterov takes momentum");
    cr_assert(!vt_adam(n.model, .beta2 = 1.5));
    REFUSED(VT_ERROR_ARGUMENT, "adam: beta2 is 1.5");
    cr_assert(!vt_adamw(n.model, .weight_decay = NAN));
    REFUSED(VT_ERROR_ARGUMENT, "adamw: weight_decay is nan");
    cr_assert(!vt_adamw(n.model, .eps = INFINITY));
    REFUSED(VT_ERROR_ARGUMENT, "adamw: eps is inf");
    cr_assert(!vt_rmsprop(n.model, .alpha = 1));
    REFUSED(VT_ERROR_ARGUMENT, "rmsprop: alpha is 1; it must be in [0, 1)");
    cr_assert(!vt_rmsprop(n.model, .momentum = -0.5));
    REFUSED(VT_ERROR_ARGUMENT, "rmsprop: momentum is -0.5");
    cr_assert(!vt_lion(n.model, .beta1 = 1));
    REFUSED(VT_ERROR_ARGUMENT, "lion: beta1 is 1; it must be in [0, 1)");
    cr_assert(!vt_lamb(n.model, .eps = -1));
    REFUSED(VT_ERROR_ARGUMENT, "lamb: eps is -1");
    cr_assert(!vt_muon(n.model, .iterations = 0));
    REFUSED(VT_ERROR_ARGUMENT, "muon: iterations is 0; it must be 1 to 100");
    cr_assert(!vt_muon(n.model, .scale = (vt_muon_scale)7));
    REFUSED(VT_ERROR_ARGUMENT, "muon: scale is 7");
    cr_assert(!vt_schedule_free(n.model, .beta1 = 0));
    REFUSED(VT_ERROR_ARGUMENT, "schedule_free: beta1 is 0; it must be in (0, 1)");
    cr_assert(!vt_adamw(NULL));
    REFUSED(VT_ERROR_ARGUMENT, "adamw: there is no model  at ");
    vt_optimizer_step(NULL);
    REFUSED(VT_ERROR_ARGUMENT, "optimizer_step: there is no optimiser");
    vt_optimizer *o = vt_sgd(n.model);
    vt_optimizer_set_lr(o, NAN);
    REFUSED(VT_ERROR_ARGUMENT, "optimizer_set_lr: lr is nan");
    cr_assert(vt_optimizer_lr(o) == 1e-3);
    free_all(&n, o);
    vt_optimizer_free(NULL);
}

/* Elements far more than one thread's share, of sizes that do not divide evenly. */
static void train_large(int threads, float *out, int64_t count)
{
    vt_set_threads(threads);
    vt_seed(3);
    vt_model *model = vt_model_new();
    const int64_t sizes[] = { 70001, 3, 0, 29989 };
    vt_tensor p[4], directions[4];
    VT_SCOPE;
    for (int i = 0; i < 4; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%d", i);
        p[i] = vt_parameter(vt_root(model), name, VT_SHAPE(sizes[i], 1), VT_INIT_NORMAL, 1);
        double *data = calloc((size_t)sizes[i] + 1, sizeof *data);
        for (int64_t k = 0; k < sizes[i]; k++) data[k] = sin((double)(k * k % 1009));
        float *single = calloc((size_t)sizes[i] + 1, sizeof *single);
        for (int64_t k = 0; k < sizes[i]; k++) single[k] = (float)data[k];
        directions[i] = vt_from_data(single, VT_SHAPE(sizes[i], 1), VT_F32);
        free(single);
        free(data);
    }
    vt_optimizer *o = vt_adamw(model, .lr = 0.1, .weight_decay = 0.3);
    vt_optimizer *sgd = vt_sgd(model, .lr = 0.1, .momentum = 0.9, .nesterov = true);
    for (int step = 0; step < 3; step++) {
        VT_SCOPE;
        for (int i = 0; i < 4; i++) value_of(context_get(), p[i])->gradient = vt_mul(directions[i], p[i]);
        vt_tensor norm = vt_clip_gradients(o, 0.5);
        vt_optimizer_step(step == 2 ? sgd : o);
        out[step] = (float)vt_item(norm);
    }
    for (int64_t i = 0, at = 3; i < 4; at += sizes[i++])
        cr_assert(vt_read(p[i], out + at, count - at, VT_F32), "%s", vt_error_message());
    vt_optimizer_free(sgd);
    vt_optimizer_free(o);
    vt_model_free(model);
}

Test(optimizer, any_number_of_threads_gives_the_same_bits)
{
    enum { COUNT = 3 + 70001 + 3 + 29989 };
    static float one[COUNT], other[COUNT];
    vt_set_device("cpu");
    vt_set_precision(VT_F32);
    train_large(1, one, COUNT);
    cr_assert(one[0] > 100 && one[3] != 0);
    for (int threads = 2; threads <= 7; threads += 1) {
        train_large(threads, other, COUNT);
        cr_assert(memcmp(one, other, sizeof one) == 0, "%d threads", threads);
    }
}

/* -- Which parameters decay, and groups --------------------------------------------------------------------------- */

static vt_tensor add_parameter(vt_model *model, const char *name, vt_shape shape)
{
    return vt_parameter(vt_root(model), name, shape, .value = 1);
}

static double first_of(vt_tensor x)
{
    double values[16];
    cr_assert(vt_read(x, values, 16, VT_F64), "%s", vt_error_message());
    return values[0];
}

/* A step with a gradient of nothing but zeros: what is left of a parameter of ones is the decay. */
static void step_with_zeros(vt_model *model, vt_optimizer *o)
{
    VT_SCOPE;
    vt_tensor loss = vt_full(VT_SCALAR, 0);
    for (int i = 0; i < vt_model_size(model); i++)
        loss = vt_add(loss, vt_sum(vt_scale(vt_model_entry(model, i).tensor, 0)));
    vt_backward(loss);
    vt_optimizer_step(o);
    cr_assert(!vt_failed(), "%s", vt_error_message());
}

Test(groups, weight_decay_takes_two_axes_and_no_exemption)
{
    const struct {
        const char *name;
        vt_shape shape;
        bool no_decay, decays;
    } cases[] = {
        { "fc.weight", VT_SHAPE(2, 2), false, true },
        { "conv.weight", VT_SHAPE(2, 1, 1, 1), false, true },
        { "fc.bias", VT_SHAPE(2), false, false },
        { "scale", VT_SCALAR, false, false },
        { "pos_embed", VT_SHAPE(1, 2, 2), true, false },
        { "table", VT_SHAPE(2, 2), true, false },
        { "slope", VT_SHAPE(2), true, false },
        { "cls_token", VT_SHAPE(1, 1, 2), false, true }, /* a name says nothing */
    };
    enum { COUNT = sizeof cases / sizeof *cases };
    for (int all = 0; all < 2; all++) {
        vt_model *model = vt_model_new();
        vt_tensor p[COUNT];
        for (int i = 0; i < COUNT; i++) {
            p[i] =
                vt_parameter(vt_root(model), cases[i].name, cases[i].shape, .value = 1, .no_decay = cases[i].no_decay);
            cr_assert(vt_model_entry(model, i).no_decay == cases[i].no_decay);
        }
        vt_optimizer *o = vt_adamw(model, .lr = 0.5, .weight_decay = 0.5, .decay_all = all);
        step_with_zeros(model, o);
        for (int i = 0; i < COUNT; i++)
            cr_assert(first_of(p[i]) == (all || cases[i].decays ? 0.75 : 1), "%s", cases[i].name);
        cr_assert(vt_optimizer_group(o, NULL, .weight_decay = 1) == COUNT); /* a group's decay passes by the same */
        step_with_zeros(model, o);
        for (int i = 0; i < COUNT; i++)
            cr_assert(first_of(p[i]) == (all || cases[i].decays ? 0.375 : 1), "%s", cases[i].name);
        vt_optimizer_free(o);
        vt_model_free(model);
    }
}

static bool is_matrix(const char *name, vt_tensor parameter, void *user)
{
    ++*(int *)user;
    return vt_rank(parameter) == 2 && strcmp(name, "head.other") != 0;
}

Test(groups, have_their_own_settings)
{
    vt_model *model = vt_model_new();
    vt_tensor body = add_parameter(model, "body.weight", VT_SHAPE(2, 2));
    vt_tensor head = add_parameter(model, "head.weight", VT_SHAPE(2, 2));
    vt_tensor bias = add_parameter(model, "head.bias", VT_SHAPE(2));
    vt_tensor other = add_parameter(model, "head.other", VT_SHAPE(2, 2));
    vt_optimizer *o = vt_adamw(model, .lr = 0.5, .weight_decay = 0.5);
    int asked = 0;
    cr_assert(vt_optimizer_group(o, "head.*", .lr = 0.25) == 3);
    cr_assert(vt_optimizer_group(o, "head.*", .weight_decay = 1, .lr = 0.125, .select = is_matrix, .user = &asked) ==
              1);
    cr_assert(asked == 3);
    step_with_zeros(model, o);
    cr_assert(first_of(body) == 1 - 0.25 && first_of(other) == 1 - 0.125);
    cr_assert(first_of(head) == 1 - 0.125 && first_of(bias) == 1);
    vt_optimizer_set_lr(o, 1); /* doubles the others, too */
    cr_assert(vt_optimizer_lr(o) == 1);
    step_with_zeros(model, o);
    cr_assert(first_of(body) == 0.75 * 0.5 && first_of(other) == 0.875 * 0.75);
    cr_assert(first_of(head) == 0.875 * 0.75 && first_of(bias) == 1);
    cr_assert(vt_optimizer_group(o, NULL, .weight_decay = 0) == 4);
    step_with_zeros(model, o);
    cr_assert(first_of(body) == 0.75 * 0.5 && first_of(head) == 0.875 * 0.75);
    cr_assert(vt_optimizer_group(o, "head.bias", .decay_all = true) == 1);
    step_with_zeros(model, o);
    cr_assert(first_of(bias) == 0.5);
    cr_assert(vt_optimizer_group(o, "tail.*", .lr = 1) == 0);
    REFUSED(VT_ERROR_ARGUMENT, "optimizer_group: no parameter has a name that matches \"tail.*\"");
    cr_assert(vt_optimizer_group(o, "head.*", .lr = -1) == 0);
    REFUSED(VT_ERROR_ARGUMENT, "optimizer_group: lr is -1");
    vt_optimizer_free(o);
    vt_model_free(model);
}

/* -- Clipping ----------------------------------------------------------------------------------------------------- */

static double plain_norm(void)
{
    double sum = 0;
    for (int i = 0; i < N; i++) sum += curvature[i] * beginning[i] * curvature[i] * beginning[i];
    return sqrt(sum);
}

Test(clipping, scales_what_the_update_takes)
{
    net n = make_net();
    vt_optimizer *o = vt_sgd(n.model, .lr = 0.1);
    {
        VT_SCOPE;
        vt_backward(loss_of(&n));
        vt_tensor norm = vt_clip_gradients(o, 0.5);
        vt_optimizer_step(o);
        cr_assert(fabs(vt_item(norm) - plain_norm()) < 1e-12);
    }
    double p[N], scale = 0.5 / (plain_norm() + 1e-6);
    for (int i = 0; i < N; i++) p[i] = beginning[i] - 0.1 * scale * curvature[i] * beginning[i];
    EXPECT_NET(&n, p);
    free_all(&n, o);
}

Test(clipping, shows_in_vt_grad)
{
    net n = make_net();
    vt_optimizer *o = vt_sgd(n.model, .lr = 0.1);
    vt_set_trainable(n.b, false);
    {
        VT_SCOPE;
        vt_backward(loss_of(&n));
        double norm = vt_item(vt_clip_gradients(o, 0.5));
        cr_assert(fabs(first_of(vt_grad(n.w)) - 0.5 * 0.5 / (norm + 1e-6)) < 1e-15);
        cr_assert(norm < plain_norm() && !vt_grad(n.b).id);
        cr_assert(fabs(vt_item(vt_clip_gradients(o, INFINITY)) - 0.5) < 1e-6);
    }
    free_all(&n, o);
}

Test(clipping, leaves_small_gradients_alone)
{
    net n = make_net();
    vt_optimizer *o = vt_sgd(n.model, .lr = 0.1);
    {
        VT_SCOPE;
        vt_backward(loss_of(&n));
        double before[W], after[W];
        vt_read(vt_grad(n.w), before, W, VT_F64);
        vt_clip_gradients(o, 1e3);
        vt_read(vt_grad(n.w), after, W, VT_F64);
        cr_assert(memcmp(before, after, sizeof before) == 0);
        vt_tensor g = vt_grad(n.w);
        vt_clip_gradients(o, INFINITY);
        cr_assert(vt_grad(n.w).id == g.id, "an infinite limit only measures");
        vt_clip_gradients(o, 0);
        REFUSED(VT_ERROR_ARGUMENT, "clip_gradients: max_norm is 0; it must be positive");
        vt_clip_gradients(o, NAN);
        REFUSED(VT_ERROR_ARGUMENT, "clip_gradients: max_norm is nan");
    }
    free_all(&n, o);
}

Test(clipping, bounds_each_element)
{
    net n = make_net();
    vt_optimizer *o = vt_sgd(n.model, .lr = 1);
    {
        VT_SCOPE;
        vt_backward(loss_of(&n));
        vt_clip_gradient_values(o, 0.75);
        vt_optimizer_step(o);
        cr_assert(first_of(vt_grad(n.w)) == 0.5);
    }
    double p[N];
    for (int i = 0; i < N; i++) p[i] = beginning[i] - fmax(-0.75, fmin(0.75, curvature[i] * beginning[i]));
    EXPECT_NET(&n, p);
    vt_clip_gradient_values(o, 1);
    REFUSED(VT_ERROR_GRADIENT, "clip_gradient_values: no trainable parameter has a gradient");
    {
        VT_SCOPE;
        vt_backward(loss_of(&n));
        vt_clip_gradient_values(o, 0);
        REFUSED(VT_ERROR_ARGUMENT, "clip_gradient_values: limit is 0; it must be positive");
    }
    free_all(&n, o);
}

/* -- Sums of gradients -------------------------------------------------------------------------------------------- */

/* A part of the loss: its share of the whole is 1/4, 1/2, 1/4. */
static const double shares[3] = { 0.25, 0.5, 0.25 };

static void accumulate_three(const net *n, vt_optimizer *o)
{
    for (int part = 0; part < 3; part++) {
        VT_SCOPE;
        vt_backward(loss_of(n));
        vt_accumulate_gradients(o, shares[part]);
        if (part < 2) continue;
        vt_clip_gradients(o, 0.5);
        vt_optimizer_step(o);
    }
}

Test(sums, make_the_update_of_all_parts)
{
    net parts = make_net(), whole = make_net();
    vt_optimizer *o = vt_adamw(parts.model, .lr = 0.1), *once = vt_adamw(whole.model, .lr = 0.1);
    for (int step = 0; step < 3; step++) {
        accumulate_three(&parts, o);
        VT_SCOPE;
        vt_backward(loss_of(&whole));
        vt_clip_gradients(once, 0.5);
        vt_optimizer_step(once);
    }
    double want[N];
    read_net(&whole, want);
    EXPECT_NET(&parts, want);
    cr_assert(vt_optimizer_steps(o, NULL) == 3 && vt_optimizer_steps(o, "layer.bias") == 3);
    free_all(&parts, o);
    free_all(&whole, once);
}

/* The bias has a gradient in the first part alone, and the update takes it. */
Test(sums, keep_what_a_part_has_no_gradient_of)
{
    net n = make_net();
    vt_optimizer *o = vt_sgd(n.model, .lr = 0.1);
    for (int part = 0; part < 2; part++) {
        VT_SCOPE;
        vt_backward(part ? energy(n.w, 0) : energy(n.b, W));
        vt_accumulate_gradients(o, 1);
        if (part == 1) vt_optimizer_step(o);
    }
    double p[N];
    for (int i = 0; i < N; i++) p[i] = beginning[i] - 0.1 * curvature[i] * beginning[i];
    EXPECT_NET(&n, p);
    free_all(&n, o);
}

Test(sums, refuse)
{
    net n = make_net();
    vt_optimizer *o = vt_sgd(n.model);
    vt_accumulate_gradients(o, 1);
    REFUSED(VT_ERROR_GRADIENT, "accumulate_gradients: no trainable parameter has a gradient");
    VT_SCOPE;
    vt_backward(loss_of(&n));
    vt_accumulate_gradients(o, NAN);
    REFUSED(VT_ERROR_ARGUMENT, "accumulate_gradients: weight is nan; it must be finite");
    vt_accumulate_gradients(NULL, 1);
    REFUSED(VT_ERROR_ARGUMENT, "accumulate_gradients: there is no optimiser");
    free_all(&n, o);
}

/* -- State -------------------------------------------------------------------------------------------------------- */

Test(state, has_names)
{
    net n = make_net();
    vt_set_trainable(n.b, false);
    vt_optimizer *adam = vt_adam(n.model), *sgd = vt_sgd(n.model), *momentum = vt_sgd(n.model, .momentum = 0.9);
    cr_assert(vt_optimizer_state_size(adam) == 2 && vt_optimizer_state_size(sgd) == 0);
    cr_assert(vt_optimizer_state_size(momentum) == 1);
    cr_expect_str_eq(vt_optimizer_state_entry(adam, 0).name, "exp_avg.layer.weight");
    cr_expect_str_eq(vt_optimizer_state_entry(adam, 1).name, "exp_avg_sq.layer.weight");
    cr_expect_str_eq(vt_optimizer_state_entry(momentum, 0).name, "momentum_buffer.layer.weight");
    cr_expect_str_eq(vt_optimizer_state_entry(momentum, 1).name, "");
    vt_tensor made = vt_optimizer_state_find(adam, "exp_avg.layer.bias");
    cr_assert(made.id && vt_count(made) == B && vt_optimizer_state_size(adam) == 3);
    cr_assert(vt_optimizer_state_find(adam, "exp_avg.layer.bias").id == made.id);
    cr_assert(!vt_optimizer_state_find(adam, "momentum_buffer.layer.bias").id && !vt_failed());
    cr_assert(!vt_optimizer_state_find(sgd, "exp_avg.layer.bias").id);
    cr_assert(!vt_optimizer_set_steps(adam, "no such", 3) && vt_optimizer_set_steps(adam, NULL, 3));
    cr_assert(!vt_optimizer_set_steps(adam, NULL, -1));
    REFUSED(VT_ERROR_ARGUMENT, "optimizer_set_steps: steps is -1");
    cr_assert(!vt_optimizer_set_steps(adam, NULL, INT64_MAX));
    REFUSED(VT_ERROR_ARGUMENT, "optimizer_set_steps: steps is 9223372036854775807");
    cr_assert(vt_optimizer_steps(adam, NULL) == 3);
    vt_optimizer_free(momentum);
    vt_optimizer_free(sgd);
    free_all(&n, adam);
}

static void copy_state(const net *from, vt_optimizer *a, const net *to, vt_optimizer *b)
{
    double values[N];
    read_net(from, values);
    vt_write(to->w, values);
    vt_write(to->b, values + W);
    for (int i = 0; i < vt_optimizer_state_size(a); i++) {
        vt_named_tensor entry = vt_optimizer_state_entry(a, i);
        vt_read(entry.tensor, values, N, VT_F64);
        vt_write(vt_optimizer_state_find(b, entry.name), values);
    }
    const char *const names[] = { "layer.weight", "layer.bias", NULL };
    for (int i = 0; i < 3; i++) vt_optimizer_set_steps(b, names[i], vt_optimizer_steps(a, names[i]));
    cr_assert(!vt_failed(), "%s", vt_error_message());
}

static vt_optimizer *optimizer_of_kind(int kind, vt_model *model)
{
    switch (kind) {
    case 0: return vt_sgd(model, .lr = 0.1, .momentum = 0.9);
    case 1: return vt_adamw(model, .lr = 0.1);
    case 2: return vt_rmsprop(model, .lr = 0.1, .centered = true, .momentum = 0.9);
    case 3: return vt_lion(model, .lr = 0.1);
    case 4: return vt_lamb(model, .lr = 0.1);
    case 5: return vt_muon(model, .lr = 0.1);
    default: return vt_schedule_free(model, .lr = 0.1);
    }
}

Test(state, copied_it_continues_with_the_same_bits)
{
    for (int kind = 0; kind < 7; kind++) {
        net n = make_net(), resumed = make_net();
        vt_optimizer *a = optimizer_of_kind(kind, n.model), *b = optimizer_of_kind(kind, resumed.model);
        train(&n, a, 2);
        copy_state(&n, a, &resumed, b);
        train(&n, a, 2);
        train(&resumed, b, 2);
        double one[N], other[N];
        read_net(&n, one);
        read_net(&resumed, other);
        cr_assert(memcmp(one, other, sizeof one) == 0, "kind %d", kind);
        free_all(&n, a);
        free_all(&resumed, b);
    }
}

/* -- Schedules ---------------------------------------------------------------------------------------------------- */

static void expect_lr(int line, double got, double want)
{
    cr_assert(fabs(got - want) < 1e-15, "line %d: %.17g, not %.17g", line, got, want);
}
#define EXPECT_LR(got, want) expect_lr(__LINE__, got, want)

Test(schedule, constant)
{
    EXPECT_LR(vt_constant_lr(0, 0.5), 0.5);
    EXPECT_LR(vt_constant_lr(1000000, 0.5), 0.5);
    EXPECT_LR(vt_constant_lr(0, 0.5, .warmup = 5), 0.1);
    EXPECT_LR(vt_constant_lr(3, 0.5, .warmup = 5), 0.4);
    EXPECT_LR(vt_constant_lr(4, 0.5, .warmup = 5), 0.5);
    EXPECT_LR(vt_constant_lr(5, 0.5, .warmup = 5), 0.5);
    EXPECT_LR(vt_constant_lr(0, 0.5, .warmup = 4, .start = 0.1), 0.2);
}

Test(schedule, cosine)
{
    EXPECT_LR(vt_cosine_lr(0, 0.5, 100), 0.5);
    EXPECT_LR(vt_cosine_lr(50, 0.5, 100), 0.25);
    EXPECT_LR(vt_cosine_lr(25, 0.5, 100), 0.25 * (1 + sqrt(0.5)));
    EXPECT_LR(vt_cosine_lr(100, 0.5, 100), 0);
    EXPECT_LR(vt_cosine_lr(200, 0.5, 100, .final = 0.01), 0.01);
    EXPECT_LR(vt_cosine_lr(0, 0.5, 100, .warmup = 20), 0.025);
    EXPECT_LR(vt_cosine_lr(19, 0.5, 100, .warmup = 20), 0.5);
    EXPECT_LR(vt_cosine_lr(20, 0.5, 100, .warmup = 20), 0.5);
    EXPECT_LR(vt_cosine_lr(60, 0.5, 100, .warmup = 20, .final = 0.1), 0.3);
    EXPECT_LR(vt_cosine_lr(0, 0.5, 0, .final = 0.1), 0.1);
    EXPECT_LR(vt_cosine_lr(5, 0.5, 5, .warmup = 5, .final = 0.1), 0.1);
}

Test(schedule, linear)
{
    EXPECT_LR(vt_linear_lr(0, 0.5, 100), 0.5);
    EXPECT_LR(vt_linear_lr(25, 0.5, 100), 0.375);
    EXPECT_LR(vt_linear_lr(100, 0.5, 100, .final = 0.1), 0.1);
    EXPECT_LR(vt_linear_lr(60, 0.5, 100, .warmup = 20, .final = 0.1), 0.3);
}

Test(schedule, steps)
{
    EXPECT_LR(vt_step_lr(0, 0.5, 30), 0.5);
    EXPECT_LR(vt_step_lr(29, 0.5, 30), 0.5);
    EXPECT_LR(vt_step_lr(30, 0.5, 30), 0.05);
    EXPECT_LR(vt_step_lr(60, 0.5, 30, .factor = 0.5), 0.125);
    EXPECT_LR(vt_step_lr(1, 0.5, 30, .warmup = 4), 0.25);
    EXPECT_LR(vt_step_lr(7, 0.5, 0), 0.5);
}

Test(schedule, one_cycle)
{
    EXPECT_LR(vt_one_cycle_lr(0, 0.5, 100), 0.02);
    EXPECT_LR(vt_one_cycle_lr(29, 0.5, 100), 0.5);
    EXPECT_LR(vt_one_cycle_lr(64, 0.5, 100), (0.5 + 0.02 / 1e4) / 2);
    EXPECT_LR(vt_one_cycle_lr(99, 0.5, 100), 0.02 / 1e4);
    EXPECT_LR(vt_one_cycle_lr(1000, 0.5, 100), 0.02 / 1e4);
    EXPECT_LR(vt_one_cycle_lr(0, 0.5, 1), 0.02 / 1e4);
    EXPECT_LR(vt_one_cycle_lr(0, 0.5, 2, .rise = 0.5), 0.5);
}
