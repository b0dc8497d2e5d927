/* results.c - what the runs of a comparison came to. */
#include "compare/results.h"
#include <math.h>
#include <stdlib.h>

/* -- Reading ------------------------------------------------------------------------------------------------------- */

static bool begin_curve(curve *c, int64_t epochs)
{
    if (c->mean) return true;
    *c = (curve){ epochs, calloc((size_t)epochs, sizeof *c->mean), calloc((size_t)epochs, sizeof *c->low),
                  calloc((size_t)epochs, sizeof *c->high) };
    if (!c->mean || !c->low || !c->high) {
        vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for the results of a comparison");
        return false;
    }
    for (int64_t i = 0; i < epochs; i++) {
        c->low[i] = INFINITY;
        c->high[i] = -INFINITY;
    }
    return true;
}

static void add_to_curve(curve *c, const vt_training_log *log, int64_t seeds)
{
    for (int64_t i = 0; i < c->epochs; i++) {
        const double accuracy = log->epochs[i].test_accuracy;
        c->mean[i] += accuracy / (double)seeds;
        c->low[i] = fmin(c->low[i], accuracy);
        c->high[i] = fmax(c->high[i], accuracy);
    }
}

static double seconds_of(const vt_training_log *log)
{
    double seconds = 0;
    for (size_t i = 0; i < log->count; i++) seconds += log->epochs[i].seconds;
    return seconds;
}

static bool read_log(const planned_run *r, const char *folder, vt_training_log *log)
{
    char of_run[PATH_SIZE], path[PATH_SIZE];
    if (!plan_run_folder(of_run, folder, r) || !path_join(path, of_run, "log.csv") || !vt_training_log_read(path, log))
        return false;
    if ((int64_t)log->count == r->epochs) return true;
    vt_error_raise(VT_ERROR_FILE, VT_HERE, "%s has %zu epochs, but should have %lld", path, log->count,
                   (long long)r->epochs);
    return false;
}

/* Adds to the speed's pictures and seconds, too. */
static bool read_outcome(results *r, matching which, int fraction, int model, const char *folder, double work[2])
{
    outcome *out = &r->outcomes[which][fraction][model];
    const bool all = fraction == r->plan.fraction_count - 1;
    for (int64_t seed = 0; seed < r->plan.seeds && !vt_failed(); seed++) {
        const planned_run run = plan_run(&r->plan, which, fraction, model, seed);
        vt_training_log log = { 0 };
        if (read_log(&run, folder, &log)) {
            out->accuracies[seed] = log.epochs[log.count - 1].test_accuracy;
            out->seconds += seconds_of(&log) / (double)r->plan.seeds;
            for (size_t i = 0; i < log.count; i++) work[0] += log.epochs[i].seconds * log.epochs[i].images_per_second;
            work[1] += seconds_of(&log);
            if (all && begin_curve(&r->curves[which][model], run.epochs))
                add_to_curve(&r->curves[which][model], &log, r->plan.seeds);
        }
        vt_training_log_free(&log);
    }
    return !vt_failed();
}

static void read_prepared(results *r, const char *folder)
{
    const planned_run run = plan_prepared_run(&r->plan);
    vt_training_log log = { 0 };
    if (read_log(&run, folder, &log)) r->prepared_accuracy = log.epochs[log.count - 1].test_accuracy;
    vt_training_log_free(&log);
}

results *results_read(const plan *p, const char *folder)
{
    results *r = calloc(1, sizeof *r);
    if (!r) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for the results of a comparison");
    if (!r) return NULL;
    r->plan = *p;
    for (int m = 0; m < p->model_count; m++) {
        double work[2] = { 0, 0 };
        for (int i = 0; i < p->matching_count; i++)
            for (int f = 0; f < p->fraction_count; f++) read_outcome(r, p->matchings[i], f, m, folder, work);
        r->speeds[m] = work[0] / work[1];
    }
    if (p->prepared.model) read_prepared(r, folder);
    if (!vt_failed()) return r;
    results_free(r);
    return NULL;
}

void results_free(results *r)
{
    if (!r) return;
    for (int which = 0; which < MATCHINGS; which++)
        for (int m = 0; m < MOST_MODELS; m++) {
            free(r->curves[which][m].mean);
            free(r->curves[which][m].low);
            free(r->curves[which][m].high);
        }
    findings_free(&r->findings);
    free(r);
}

/* -- Figures ------------------------------------------------------------------------------------------------------- */

sample results_sample(const results *r, matching which, int fraction, int model)
{
    return (sample){ r->outcomes[which][fraction][model].accuracies, (int)r->plan.seeds };
}

double results_compute(const results *r, matching which, int fraction, int model)
{
    const planned_run run = plan_run(&r->plan, which, fraction, model, 0);
    return (double)run.epochs * (double)run.pictures * (double)run.model->macs;
}
