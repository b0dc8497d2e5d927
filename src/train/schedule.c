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

double vt_cosine_lr_with(const vt_decay_lr_args *a)
{
    NEED_ARGUMENTS("cosine_lr", a, 0);
    if (a->step < a->warmup) return warm_up(a->step, a->lr, a->warmup, a->start);
    return a->final + (a->lr - a->final) * (1 + cos(acos(-1) * progress(a))) / 2;
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
