/* sentences.c - what the results of a comparison say, in words. */
#include "compare/sentences.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

double sentences_level(const plan *p)
{
    const int pairs = p->model_count * (p->model_count - 1) / 2;
    return pairs > 1 ? 0.05 / pairs : 0.05;
}

static int all_pictures(const results *r)
{
    return r->plan.fraction_count - 1;
}

/* Two models in a matching on a fraction. */
typedef struct pair {
    const char *better, *worse; /* by the mean; of equal ones as they were named */
    sample of_better, of_worse;
    t_test test;
    bool found; /* the difference is more than chance */
} pair;

static pair compare(const results *r, matching which, int fraction, int first, int second)
{
    const sample a = results_sample(r, which, fraction, first), b = results_sample(r, which, fraction, second);
    const bool turned = sample_mean(b) > sample_mean(a);
    pair p = { .better = r->plan.models[turned ? second : first].name,
               .worse = r->plan.models[turned ? first : second].name,
               .of_better = turned ? b : a,
               .of_worse = turned ? a : b };
    p.test = welch_test(p.of_better, p.of_worse);
    p.found = p.test.p < sentences_level(&r->plan);
    return p;
}

/* -- Costs --------------------------------------------------------------------------------------------------------- */

static void say_costs(FILE *out, const results *r)
{
    for (int i = 0; i < r->plan.model_count; i++) {
        const contestant *m = &r->plan.models[i];
        fprintf(out,
                "%s has %.2f M parameters, takes %.3f G multiply-accumulates a picture and trained %.4g pictures a "
                "second here",
                m->name, 1e-6 * (double)m->parameters, 1e-9 * (double)m->macs, r->speeds[i]);
        if (r->memory[i] > 0) fprintf(out, ", in %.4g MB of memory", 1e-6 * r->memory[i]);
        fprintf(out, ".\n");
    }
}

/* What was trained first is not counted in what is equal. */
static void say_prepared(FILE *out, const results *r)
{
    const planned_run run = plan_prepared_run(&r->plan);
    fprintf(out, "%s (%s) was trained first, for %lld epochs of %lld pictures", run.model->name, run.model->model,
            (long long)run.epochs, (long long)run.pictures);
    if (r->plan.halves)
        fprintf(out, " of the classes %s, and all others on the classes %s", r->plan.prepared_classes, r->plan.classes);
    fprintf(out, "; it is right about %.2f%% of its own test pictures. This is not counted below.\n",
            100 * r->prepared_accuracy);
}

/* -- Accuracies ---------------------------------------------------------------------------------------------------- */

static void say_accuracy(FILE *out, const char *name, sample s)
{
    fprintf(out, "%s is right about %.2f%%", name, 100 * sample_mean(s));
    if (s.count > 1) fprintf(out, " \302\261 %.2f", 100 * sample_deviation(s));
}

/* Where there is no p. */
static void say_unknown(FILE *out, int64_t seeds)
{
    fprintf(out, "%s: nothing can be said about chance.\n", seeds == 1 ? "one seed" : "the seeds do not vary");
}

static void say_verdict(FILE *out, const pair *p)
{
    const double points = 100 * p->test.difference;
    if (isnan(p->test.p))
        say_unknown(out, p->of_better.count);
    else if (p->found)
        fprintf(out, "%s is ahead by %.2f points, more than chance explains (Welch's t-test of %d seeds: p = %.2g).\n",
                p->better, points, p->of_better.count, p->test.p);
    else
        fprintf(out,
                "no difference was found that chance would not explain (%.2f points, Welch's t-test of %d seeds: p "
                "= %.2g).\n",
                points, p->of_better.count, p->test.p);
}

/* A model's part of what is equal but for whole epochs. */
static void say_share(FILE *out, const results *r, matching which, int model)
{
    const contestant *m = &r->plan.models[model];
    fprintf(out, "%lld epochs of %s: ", (long long)m->epochs[which], m->name);
    if (which == EQUAL_COMPUTE)
        fprintf(out, "%.3g tera multiply-accumulates", 1e-12 * results_compute(r, which, all_pictures(r), model));
    else
        fprintf(out, "%.3g s of training", r->outcomes[which][all_pictures(r)][model].seconds);
}

/* The number of the first matching that gives both models as many epochs as this one does: its runs are the same. */
static int first_alike(const plan *p, int number, int first, int second)
{
    const int64_t *a = p->models[first].epochs, *b = p->models[second].epochs;
    const matching which = p->matchings[number];
    int i = 0;
    while (a[p->matchings[i]] != a[which] || b[p->matchings[i]] != b[which]) i++;
    return i;
}

static void say_what_is_equal(FILE *out, const results *r, int number, int first, int second)
{
    const matching which = r->plan.matchings[number];
    fprintf(out, "At equal %s (", matching_name(which));
    if (which == EQUAL_EPOCHS)
        fprintf(out, "%lld", (long long)r->plan.epochs);
    else {
        say_share(out, r, which, first);
        fprintf(out, "; ");
        say_share(out, r, which, second);
    }
    fprintf(out, "), ");
    for (int i = number + 1; i < r->plan.matching_count; i++)
        if (first_alike(&r->plan, i, first, second) == number)
            fprintf(out, "which is equal %s as well, ", matching_name(r->plan.matchings[i]));
}

static void say_matching(FILE *out, const results *r, int number, int first, int second)
{
    const pair p = compare(r, r->plan.matchings[number], all_pictures(r), first, second);
    say_what_is_equal(out, r, number, first, second);
    say_accuracy(out, p.better, p.of_better);
    fprintf(out, " of the test pictures, and ");
    say_accuracy(out, p.worse, p.of_worse);
    fprintf(out, ": ");
    say_verdict(out, &p);
}

/* Who is ahead where this, that and another thing is equal. */
static void say_each_lead(FILE *out, const pair *pairs, const matching *of, int count)
{
    fprintf(out, "Which is ahead depends on what is equal: ");
    for (int i = 0; i < count; i++)
        fprintf(out, "%s%s at equal %s", i ? ", " : "", pairs[i].better, matching_name(of[i]));
    fprintf(out, ".\n");
}

static void say_together(FILE *out, const results *r, int first, int second)
{
    pair pairs[MATCHINGS];
    matching of[MATCHINGS];
    int count = 0;
    bool agree = true;
    for (int i = 0; i < r->plan.matching_count; i++) {
        const matching which = r->plan.matchings[i];
        if (first_alike(&r->plan, i, first, second) != i) continue;
        pairs[count] = compare(r, which, all_pictures(r), first, second);
        if (!pairs[count].found) return;
        agree = agree && pairs[count].better == pairs[0].better;
        of[count++] = which;
    }
    if (!agree)
        say_each_lead(out, pairs, of, count);
    else if (count > 1)
        fprintf(out, "%s is ahead of %s %s.\n", pairs[0].better, pairs[0].worse,
                count == 2 ? "either way" : "in all three ways");
}

/* -- Data ---------------------------------------------------------------------------------------------------------- */

/* By how much the first is ahead, seed by seed. */
static sample gaps(const results *r, int fraction, int first, int second, double values[MOST_SEEDS])
{
    const outcome *of = r->outcomes[r->plan.matchings[0]][fraction];
    for (int64_t s = 0; s < r->plan.seeds; s++) values[s] = of[first].accuracies[s] - of[second].accuracies[s];
    return (sample){ values, (int)r->plan.seeds };
}

static int64_t pictures_of(const results *r, int fraction)
{
    return plan_run(&r->plan, r->plan.matchings[0], fraction, 0, 0).pictures;
}

static void say_change(FILE *out, const results *r, t_test change, double few, double many)
{
    if (isnan(change.p))
        say_unknown(out, r->plan.seeds);
    else if (change.p >= sentences_level(&r->plan))
        fprintf(out, "no change of the gap was found that chance would not explain (p = %.2g).\n", change.p);
    else if (few * many < 0)
        fprintf(out, "the order turns round as data grow (p = %.2g).\n", change.p);
    else
        fprintf(out, "the gap %s as data grow (p = %.2g).\n", fabs(many) < fabs(few) ? "closes" : "widens", change.p);
}

static void say_data(FILE *out, const results *r, int first, int second)
{
    double of_few[MOST_SEEDS], of_all[MOST_SEEDS];
    const pair leading = compare(r, r->plan.matchings[0], all_pictures(r), first, second);
    const bool turned = leading.better != r->plan.models[first].name;
    const int a = turned ? second : first, b = turned ? first : second;
    const sample few = gaps(r, 0, a, b, of_few), all = gaps(r, all_pictures(r), a, b, of_all);
    fprintf(out, "At equal %s, the lead of %s over %s is %.2f points on %lld training pictures and %.2f on %lld: ",
            matching_name(r->plan.matchings[0]), leading.better, leading.worse, 100 * sample_mean(few),
            (long long)pictures_of(r, 0), 100 * sample_mean(all), (long long)pictures_of(r, all_pictures(r)));
    say_change(out, r, welch_test(all, few), sample_mean(few), sample_mean(all));
}

/* -- What the figures are worth ------------------------------------------------------------------------------------ */

static void say_limits(FILE *out, const results *r)
{
    const double share = sample_mean(results_sample(r, r->plan.matchings[0], all_pictures(r), 0)),
                 pictures = (double)r->plan.test_pictures;
    fprintf(out,
            "The test has %lld pictures: which they are moves an accuracy of %.0f%% by %.2f points (standard "
            "error), which the spread of the seeds does not tell.\n",
            (long long)r->plan.test_pictures, 100 * share, 100 * sqrt(share * (1 - share) / pictures));
    if (r->plan.model_count > 2)
        fprintf(out, "There are %d pairs of models: a difference counts where p is below %.2g.\n",
                r->plan.model_count * (r->plan.model_count - 1) / 2, sentences_level(&r->plan));
}

static void say_pair(FILE *out, const results *r, int first, int second)
{
    for (int i = 0; i < r->plan.matching_count; i++)
        if (first_alike(&r->plan, i, first, second) == i) say_matching(out, r, i, first, second);
    say_together(out, r, first, second);
    if (r->plan.fraction_count > 1) say_data(out, r, first, second);
}

char *sentences_of(const results *r)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out) {
        say_costs(out, r);
        if (r->plan.prepared.model) say_prepared(out, r);
        for (int i = 0; i < r->plan.model_count; i++)
            for (int j = i + 1; j < r->plan.model_count; j++) say_pair(out, r, i, j);
        if (r->findings.look) r->findings.look->say(out, &r->findings);
        say_limits(out, r);
    }
    if (out && fclose(out) == 0) return text;
    free(text);
    vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for the words of a comparison");
    return NULL;
}
