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

static void add_point(curve *c, int64_t epoch, double value, int64_t seeds)
{
    c->mean[epoch] += value / (double)seeds;
    c->low[epoch] = fmin(c->low[epoch], value);
    c->high[epoch] = fmax(c->high[epoch], value);
}

static void add_curves(results *r, matching which, int model, const vt_training_log *log)
{
    curve *accuracy = &r->curves[which][model], *loss = &r->losses[which][model];
    const int64_t epochs = (int64_t)log->count;
    if (!begin_curve(accuracy, epochs) || !begin_curve(loss, epochs)) return;
    for (int64_t i = 0; i < epochs; i++) {
        add_point(accuracy, i, log->epochs[i].test_accuracy, r->plan.seeds);
        add_point(loss, i, log->epochs[i].test_loss, r->plan.seeds);
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

/* What a run cost adds to what the model did. */
static void add_costs(results *r, int model, const vt_training_log *log, double work[2])
{
    for (size_t i = 0; i < log->count; i++) {
        work[0] += log->epochs[i].seconds * log->epochs[i].images_per_second;
        r->memory[model] = fmax(r->memory[model], log->epochs[i].peak_bytes);
    }
    work[1] += seconds_of(log);
}

/* Adds to the pictures and the seconds of the model's work, too. */
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
            add_costs(r, model, &log, work);
            if (all) add_curves(r, which, model, &log);
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
        r->memory[m] = NAN;
        for (int i = 0; i < p->matching_count; i++)
            for (int f = 0; f < p->fraction_count; f++) read_outcome(r, p->matchings[i], f, m, folder, work);
        r->speeds[m] = work[0] / work[1];
    }
    if (p->prepared.model) read_prepared(r, folder);
    if (!vt_failed()) return r;
    results_free(r);
    return NULL;
}

static void free_curve(curve *c)
{
    free(c->mean);
    free(c->low);
    free(c->high);
}

void results_free(results *r)
{
    if (!r) return;
    for (int which = 0; which < MATCHINGS; which++)
        for (int m = 0; m < MOST_MODELS; m++) {
            free_curve(&r->curves[which][m]);
            free_curve(&r->losses[which][m]);
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
