/* test_loss.c - cross-entropy with weights of classes, against PyTorch's formula written out: weights are no part of
 * the kernels, so that the samples of tests/cases hold them to themselves. */
#include "left_behind.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <vitro/vitro.h>

enum { N = 7, C = 4, PIXELS = 3, ROWS = N * PIXELS };

TestSuite(loss, .fini = expect_nothing_left);

typedef struct problem {
    double logits[N * C * PIXELS], weight[C];
    int64_t labels[ROWS];
} problem;

static problem make_problem(void)
{
    problem p;
    for (int i = 0; i < N * C * PIXELS; i++) p.logits[i] = 3 * sin(i * 1.7);
    for (int k = 0; k < C; k++) p.weight[k] = 0.25 + 0.5 * k;
    for (int i = 0; i < ROWS; i++) p.labels[i] = i % 5 == 3 ? VT_IGNORE : i * i % C;
    return p;
}

static double logit(const problem *p, int row, int k)
{
    return p->logits[(row / PIXELS * C + k) * PIXELS + row % PIXELS];
}

/* (1 - s) w[y] nll[y] + s / C sum_k w[k] nll[k] of a row, 0 where its label is ignored */
static double loss_of_row(const problem *p, int row, double s)
{
    double sum = 0, smooth = 0;
    int64_t label = p->labels[row];
    if (label == VT_IGNORE) return 0;
    for (int k = 0; k < C; k++) sum += exp(logit(p, row, k));
    for (int k = 0; k < C; k++) smooth += p->weight[k] * (log(sum) - logit(p, row, k));
    return (1 - s) * p->weight[label] * (log(sum) - logit(p, row, (int)label)) + s / C * smooth;
}

static double weight_of_labels(const problem *p)
{
    double sum = 0;
    for (int i = 0; i < ROWS; i++) sum += p->labels[i] == VT_IGNORE ? 0 : p->weight[p->labels[i]];
    return sum;
}

static double mean_loss(const problem *p, double s)
{
    double sum = 0;
    for (int i = 0; i < ROWS; i++) sum += loss_of_row(p, i, s);
    return sum / weight_of_labels(p);
}

Test(loss, weights_of_classes)
{
    problem p = make_problem();
    vt_set_precision(VT_F64);
    for (double s = 0; s < 1; s += 0.3) {
        VT_SCOPE;
        double losses[ROWS], gradient[N * C * PIXELS];
        vt_tensor x = vt_from_data(p.logits, VT_SHAPE(N, C, PIXELS), VT_F64), g;
        vt_tensor labels = vt_from_data(p.labels, VT_SHAPE(N, PIXELS), VT_I64);
        vt_tensor weight = vt_from_data(p.weight, VT_SHAPE(C), VT_F64);
        vt_tensor mean = vt_cross_entropy(x, labels, .weight = weight, .label_smoothing = s);
        vt_tensor single =
            vt_cross_entropy(x, labels, .weight = weight, .label_smoothing = s, .reduction = VT_REDUCTION_NONE);
        vt_gradients(mean, VT_INERT, &x, 1, &g);
        cr_assert(fabs(vt_item(mean) - mean_loss(&p, s)) < 1e-13, "%g, not %g", vt_item(mean), mean_loss(&p, s));
        cr_assert(vt_read(single, losses, ROWS, VT_F64) && vt_read(g, gradient, N * C * PIXELS, VT_F64));
        for (int i = 0; i < ROWS; i++)
            cr_assert(fabs(losses[i] - loss_of_row(&p, i, s)) < 1e-13, "row %d is %g, not %g", i, losses[i],
                      loss_of_row(&p, i, s));
        for (int i = 0; i < N * C * PIXELS; i++) {
            problem above = p, below = p;
            above.logits[i] += 1e-5;
            below.logits[i] -= 1e-5;
            double want = (mean_loss(&above, s) - mean_loss(&below, s)) / 2e-5;
            cr_assert(fabs(gradient[i] - want) < 1e-9, "gradient %d is %g, not %g", i, gradient[i], want);
        }
    }
}

/* w p in the place of p; the mean is over the rows. */
Test(loss, weights_of_probabilities)
{
    problem p = make_problem();
    vt_set_precision(VT_F64);
    VT_SCOPE;
    double target[ROWS * C], sum = 0;
    for (int i = 0; i < ROWS * C; i++) target[i] = (i * 7 % 11) / 20.0;
    for (int row = 0; row < ROWS; row++) {
        double whole = 0;
        for (int k = 0; k < C; k++) whole += exp(p.logits[row * C + k]);
        for (int k = 0; k < C; k++) sum += p.weight[k] * target[row * C + k] * (log(whole) - p.logits[row * C + k]);
    }
    vt_tensor x = vt_from_data(p.logits, VT_SHAPE(ROWS, C), VT_F64),
              t = vt_from_data(target, VT_SHAPE(ROWS, C), VT_F64);
    double got = vt_item(vt_cross_entropy(x, t, .weight = vt_from_data(p.weight, VT_SHAPE(C), VT_F64)));
    cr_assert(fabs(got - sum / ROWS) < 1e-13, "%g, not %g", got, sum / ROWS);
}

Test(loss, weights_of_1_change_nothing)
{
    problem p = make_problem();
    vt_set_precision(VT_F64);
    VT_SCOPE;
    vt_tensor x = vt_from_data(p.logits, VT_SHAPE(N, C, PIXELS), VT_F64), one = vt_ones(VT_SHAPE(C));
    vt_tensor labels = vt_from_data(p.labels, VT_SHAPE(N, PIXELS), VT_I64);
    for (vt_reduction r = VT_REDUCTION_MEAN; r <= VT_REDUCTION_BATCH_MEAN; r++) {
        vt_tensor with = vt_cross_entropy(x, labels, .weight = one, .label_smoothing = 0.1, .reduction = r);
        vt_tensor without = vt_cross_entropy(x, labels, .label_smoothing = 0.1, .reduction = r);
        cr_assert(vt_item(vt_max(vt_abs(vt_sub(with, without)))) < 1e-13);
    }
}
