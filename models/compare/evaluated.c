/* evaluated.c - what tests of several files of weights on the same pictures say. */
#include "compare/evaluate.h"
#include "compare/sentences.h"
#include <math.h>

int64_t evaluated_correct(const evaluated *e, int model)
{
    int64_t correct = 0;
    for (int64_t i = 0; i < e->pictures; i++) correct += e->right[model][i];
    return correct;
}

int64_t evaluated_alone(const evaluated *e, int first, int second)
{
    int64_t alone = 0;
    for (int64_t i = 0; i < e->pictures; i++) alone += e->right[first][i] && !e->right[second][i];
    return alone;
}

static void say_accuracy(FILE *out, const evaluated *e, int model)
{
    const double pictures = (double)e->pictures, share = (double)evaluated_correct(e, model) / pictures;
    fprintf(out, "%s is right about %.2f%% of the %lld test pictures, with a standard error of %.2f.\n",
            e->plan->models[model].name, 100 * share, (long long)e->pictures,
            100 * sqrt(share * (1 - share) / pictures));
}

static void say_pair(FILE *out, const evaluated *e, int first, int second)
{
    const bool turned = evaluated_correct(e, second) > evaluated_correct(e, first);
    const int better = turned ? second : first, worse = turned ? first : second;
    const char *a = e->plan->models[better].name, *b = e->plan->models[worse].name;
    const int64_t of_better = evaluated_alone(e, better, worse), of_worse = evaluated_alone(e, worse, better);
    const double p = mcnemar_test(of_better, of_worse);
    fprintf(out, "%s alone is right about %lld, and %s alone about %lld: ", a, (long long)of_better, b,
            (long long)of_worse);
    if (p < sentences_level(e->plan))
        fprintf(out, "%s is ahead, by more than chance explains (McNemar's exact test: p = %.2g).\n", a, p);
    else
        fprintf(out, "no difference was found that chance would not explain (McNemar's exact test: p = %.2g).\n", p);
}

void evaluated_say(FILE *out, const evaluated *e)
{
    for (int m = 0; m < e->plan->model_count; m++) say_accuracy(out, e, m);
    for (int i = 0; i < e->plan->model_count; i++)
        for (int j = i + 1; j < e->plan->model_count; j++) say_pair(out, e, i, j);
}
