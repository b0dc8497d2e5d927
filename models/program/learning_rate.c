/* learning_rate.c - the learning rate of each update of a run. */
#include "program/learning_rate.h"
#include <math.h>
#include <string.h>

/* Updates in so many epochs, of which half an epoch may be. */
static int64_t updates_in(double epochs, int64_t epoch)
{
    return (int64_t)(epochs * (double)epoch);
}

static bool is(const char *schedule, const char *name)
{
    return strcmp(schedule, name) == 0;
}

/* Of a run whose length is a time, a part at most: it may have fewer epochs than the warm-up. */
static int64_t warmup_of(const options *o, int64_t total, int64_t epoch)
{
    int64_t warmup = updates_in(o->warmup, epoch);
    int64_t most = (int64_t)((is(o->schedule, "one-cycle") ? 0.3 : 0.1) * (double)total);
    return o->time > 0 && warmup > most ? most : warmup;
}

/* The schedule, from warm-up to the last update before the cool-down. */
static double scheduled(const options *o, int64_t step, int64_t total, int64_t epoch)
{
    int64_t warmup = warmup_of(o, total, epoch);
    if (is(o->schedule, "constant")) return vt_constant_lr(step, o->lr, .warmup = warmup);
    if (is(o->schedule, "cosine")) return vt_cosine_lr(step, o->lr, total, .warmup = warmup, .final = o->lr_final);
    if (is(o->schedule, "linear")) return vt_linear_lr(step, o->lr, total, .warmup = warmup, .final = o->lr_final);
    if (is(o->schedule, "one-cycle"))
        return vt_one_cycle_lr(step, o->lr, total, .rise = (double)warmup / (double)total);
    int64_t every = o->time > 0 ? total / 3 : updates_in(o->lr_step, epoch);
    return vt_step_lr(step, o->lr, every, .factor = o->lr_factor, .warmup = warmup);
}

/* As many times larger from each update to the next. */
static double of_the_range_test(const options *o, int64_t step)
{
    const double along = (double)step / (double)(o->lr_range_steps - 1);
    return o->lr_range_first * pow(o->lr_range_last / o->lr_range_first, along);
}

double learning_rate(const options *o, int64_t step, int64_t total, int64_t epoch)
{
    if (o->lr_range) return of_the_range_test(o, step);
    int64_t cooldown = updates_in(o->cooldown, epoch);
    if (o->time > 0 && cooldown > total / 2) cooldown = total / 2;
    int64_t begin = total - cooldown;
    if (cooldown == 0 || step < begin) return scheduled(o, step, begin, epoch);
    return vt_linear_lr(step - begin, scheduled(o, begin, begin, epoch), cooldown, .final = o->lr_final);
}
