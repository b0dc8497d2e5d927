/* lr_range_test.c - trains for a few updates with a learning rate that grows. */
#include "program/lr_range_test.h"
#include "program/json_text.h"
#include "report/lr_range.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* A loss of so many times the first has exploded. */
static const double TOO_LARGE = 4;

static bool is_too_large(const lr_range *r)
{
    const double loss = r->points[r->count - 1].loss;
    return !(loss < TOO_LARGE * fmax(r->points[0].loss, 1e-3));
}

/* The loss of an update's pictures, before it. */
static bool add_point(trainer *t, lr_range *r)
{
    t->metrics = (metrics){ 0 };
    if (!trainer_update(t)) return false;
    metrics_read(&t->metrics);
    r->points[r->count++] = (lr_point){ .rate = t->learning_rate, .loss = metrics_loss(&t->metrics) };
    r->ended_early = is_too_large(r);
    /* A loss that is no number has no place in a mean. */
    if (!isfinite(r->points[r->count - 1].loss)) r->count--;
    return !vt_failed();
}

static bool run(trainer *t, lr_range *r)
{
    const options *o = t->options;
    const int64_t pictures = o->batch * o->accumulate;
    vt_progress progress =
        vt_progress_begin(options_tell(o) ? stdout : NULL, "learning rates", o->lr_range_steps * pictures);
    for (int64_t i = 0; i < o->lr_range_steps && !r->ended_early && !vt_stop_requested() && add_point(t, r); i++)
        if (vt_progress_is_due(&progress, (i + 1) * pictures))
            vt_progress_update(&progress, (i + 1) * pictures, metrics_loss(&t->metrics), metrics_accuracy(&t->metrics));
    vt_progress_end(&progress);
    return !vt_failed();
}

static void tell(const options *o, const lr_range *r)
{
    if (o->json) {
        json_t *json = json_pack("{so ss}", "lr", json_of_number(r->suggestion), "reason", r->reason);
        json_dumpf(json, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
        printf("\n");
        json_decref(json);
    } else if (!o->quiet && isnan(r->suggestion)) {
        printf("no learning rate to suggest: %s\n", r->reason);
    } else if (!o->quiet) {
        printf("suggested: --lr %.2g, %s\n", r->suggestion, r->reason);
    }
}

static bool finish(const options *o, lr_range *r)
{
    lr_range_judge(r);
    if (!lr_range_write(r, o->out) || !lr_range_draw(r, o->out)) return false;
    tell(o, r);
    return true;
}

bool lr_range_test(trainer *t)
{
    const options *o = t->options;
    lr_range r = { .points = calloc((size_t)o->lr_range_steps, sizeof *r.points) };
    if (!r.points) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for %lld steps", (long long)o->lr_range_steps);
    bool ok = r.points && run(t, &r) && (vt_stop_requested() || finish(o, &r));
    free(r.points);
    return ok;
}
