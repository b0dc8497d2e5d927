/* lr_range.c - what a learning-rate range test says. */
#include "report/lr_range.h"
#include "program/whole_file.h"
#include <math.h>
#include <stdio.h>

enum { FEWEST = 10 };
static const double BELOW_THE_LEAST = 3, LEAST_FALL = 0.03;

/* How many points on either side a smooth loss is a mean of, where there are as many. */
static int64_t reach_of(const lr_range *r)
{
    return r->count / 20 + 1;
}

/* As many on either side: a loss that falls along a line is not shifted. */
static double mean_around(const lr_range *r, int64_t i)
{
    const int64_t before = i, behind = r->count - 1 - i, nearer = before < behind ? before : behind;
    const int64_t reach = nearer < reach_of(r) ? nearer : reach_of(r);
    double sum = 0;
    for (int64_t k = i - reach; k <= i + reach; k++) sum += r->points[k].loss;
    return sum / (double)(2 * reach + 1);
}

static int64_t least_of(const lr_range *r)
{
    const int64_t last = r->count - 1 - reach_of(r);
    int64_t least = reach_of(r);
    for (int64_t i = least; i <= last; i++)
        if (r->points[i].smooth < r->points[least].smooth) least = i;
    return least;
}

/* Where the loss falls most from `reach` points before to as many behind. */
static int64_t steepest_before(const lr_range *r, int64_t least)
{
    const int64_t reach = reach_of(r);
    int64_t steepest = reach;
    double most = -INFINITY;
    for (int64_t i = reach; i <= least; i++) {
        const double fall = r->points[i - reach].smooth - r->points[i + reach].smooth;
        if (fall > most) most = fall, steepest = i;
    }
    return steepest;
}

static void judge_least(lr_range *r, int64_t least)
{
    const lr_point *at = &r->points[least], *first = &r->points[reach_of(r)];
    char *text = r->reason;
    const size_t size = sizeof r->reason;
    if (!(at->smooth < (1 - LEAST_FALL) * first->smooth)) {
        snprintf(text, size, "the loss hardly falls, from %.4g to %.4g: try other rates, or more steps", first->smooth,
                 at->smooth);
    } else if (!r->ended_early && least >= r->count - 1 - 2 * reach_of(r)) {
        snprintf(text, size, "the loss still falls at %.2g: try larger rates, too", r->points[r->count - 1].rate);
    } else {
        r->suggestion = at->rate / BELOW_THE_LEAST;
        snprintf(text, size,
                 "a third of %.2g, where the loss is least: %.4g, from %.4g at first; it falls fastest at %.2g",
                 at->rate, at->smooth, first->smooth, r->points[steepest_before(r, least)].rate);
    }
}

void lr_range_judge(lr_range *r)
{
    for (int64_t i = 0; i < r->count; i++) r->points[i].smooth = mean_around(r, i);
    r->suggestion = NAN;
    if (r->count < FEWEST)
        snprintf(r->reason, sizeof r->reason, "the loss became too large after %lld steps: try smaller rates",
                 (long long)r->count);
    else
        judge_least(r, least_of(r));
}

bool lr_range_write(const lr_range *r, const char *folder)
{
    whole_file f;
    FILE *stream = whole_file_open(&f, folder, "lr_range.csv");
    if (!stream) return false;
    fputs("step,learning_rate,loss,smooth_loss\n", stream);
    for (int64_t i = 0; i < r->count; i++)
        fprintf(stream, "%lld,%.9g,%.9g,%.9g\n", (long long)i + 1, r->points[i].rate, r->points[i].loss,
                r->points[i].smooth);
    return whole_file_close(&f);
}
