/* schedule.c - learning rates as pure functions of the step. */
#include "core/graph/refuse.h"
#include <vitro/schedule.h>
#include <math.h>

static double warm_up(int64_t step, double lr, int64_t warmup, double start)
{
    return start + (lr - start) * (double)(step + 1) / (double)warmup;
}

double vt_constant_lr_with(const vt_constant_lr_args *a)
{
    NEED_ARGUMENTS("constant_lr", a, 0);
    return a->step < a->warmup ? warm_up(a->step, a->lr, a->warmup, a->start) : a->lr;
}

/* The part of the way from the end of the warm-up to `total`. */
static double progress(const vt_decay_lr_args *a)
{
    if (a->step >= a->total) return 1;
    return ((double)a->step - (double)a->warmup) / ((double)a->total - (double)a->warmup);
}

/* From one value to another while t goes from 0 to 1. */
static double half_cosine(double from, double to, double t)
{
    return to + (from - to) * (1 + cos(acos(-1) * t)) / 2;
}

double vt_cosine_lr_with(const vt_decay_lr_args *a)
{
    NEED_ARGUMENTS("cosine_lr", a, 0);
    if (a->step < a->warmup) return warm_up(a->step, a->lr, a->warmup, a->start);
    return half_cosine(a->lr, a->final, progress(a));
}

double vt_linear_lr_with(const vt_decay_lr_args *a)
{
    NEED_ARGUMENTS("linear_lr", a, 0);
    if (a->step < a->warmup) return warm_up(a->step, a->lr, a->warmup, a->start);
    return a->lr + (a->final - a->lr) * progress(a);
}

double vt_step_lr_with(const vt_step_lr_args *a)
{
    NEED_ARGUMENTS("step_lr", a, 0);
    if (a->step < a->warmup) return warm_up(a->step, a->lr, a->warmup, a->start);
    double times = a->every > 0 ? (double)(a->step / a->every) : 0;
    return a->lr * pow(a->factor, times);
}

double vt_one_cycle_lr_with(const vt_one_cycle_lr_args *a)
{
    NEED_ARGUMENTS("one_cycle_lr", a, 0);
    double first = a->lr / a->division, step = (double)a->step, last = (double)a->total - 1;
    double highest = a->rise * (double)a->total - 1;
    if (step >= last) return first / a->fall;
    if (step < highest) return half_cosine(first, a->lr, step / highest);
    return half_cosine(a->lr, first / a->fall, (step - highest) / (last - highest));
}
