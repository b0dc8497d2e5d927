/* plan.c - which runs a comparison of models is made of. */
#include "compare/plan.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *matching_name(matching which)
{
    static const char *const names[MATCHINGS] = { "epochs", "compute", "time" };
    return names[which];
}

/* -- What the options say ------------------------------------------------------------------------------------------ */

static int in_rising_order(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static bool refuse_fractions(const char *text)
{
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                   "--fractions is \"%s\"; it must be at most %d different numbers above 0 and at most 1, such as "
                   "0.1,0.5,1",
                   text, MOST_FRACTIONS);
    return false;
}

static bool read_fractions(plan *p, const char *text)
{
    const char *at = text;
    do {
        char *end;
        const double fraction = strtod(at, &end);
        if (end == at || (*end && *end != ',') || !(fraction > 0 && fraction <= 1) ||
            p->fraction_count == MOST_FRACTIONS)
            return refuse_fractions(text);
        p->fractions[p->fraction_count++] = fraction;
        at = *end ? end + 1 : NULL;
    } while (at);
    qsort(p->fractions, (size_t)p->fraction_count, sizeof *p->fractions, in_rising_order);
    for (int i = 1; i < p->fraction_count; i++)
        if (p->fractions[i] == p->fractions[i - 1]) return refuse_fractions(text);
    return true;
}

static bool refuse_matchings(const char *text)
{
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                   "--equal is \"%s\"; it must be some of epochs, compute and time, each once, such as epochs,time",
                   text);
    return false;
}

/* MATCHINGS where there is none of a name that is so long. */
static matching matching_of(const char *name, size_t length)
{
    matching which = 0;
    while (which < MATCHINGS &&
           (strlen(matching_name(which)) != length || strncmp(matching_name(which), name, length) != 0))
        which++;
    return which;
}

static bool read_matchings(plan *p, const char *text)
{
    bool asked[MATCHINGS] = { false };
    for (const char *at = text; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        const matching which = matching_of(at, strcspn(at, ","));
        if (which == MATCHINGS || asked[which]) return refuse_matchings(text);
        asked[which] = true;
    }
    for (matching which = 0; which < MATCHINGS; which++)
        if (asked[which]) p->matchings[p->matching_count++] = which;
    return true;
}

bool plan_begin(plan *p, const options *o)
{
    *p = (plan){ .first_seed = o->seed, .seeds = o->seeds };
    return read_fractions(p, o->fractions) && read_matchings(p, o->equal);
}

/* -- How much ------------------------------------------------------------------------------------------------------ */

/* What a picture costs a model, of what is equal. */
static double cost_of(const contestant *m, matching which)
{
    return which == EQUAL_EPOCHS ? 1 : which == EQUAL_COMPUTE ? (double)m->macs : 1 / m->pictures_a_second;
}

static void match(plan *p, matching which)
{
    double most = 0;
    for (int i = 0; i < p->model_count; i++) most = fmax(most, cost_of(&p->models[i], which));
    for (int i = 0; i < p->model_count; i++)
        p->models[i].epochs[which] = llround((double)p->epochs * most / cost_of(&p->models[i], which));
}

void plan_set_epochs(plan *p, int64_t epochs)
{
    p->epochs = epochs;
    for (int i = 0; i < p->matching_count; i++) match(p, p->matchings[i]);
}

bool plan_has_equal_time(const plan *p)
{
    return p->matchings[p->matching_count - 1] == EQUAL_TIME;
}

/* A pass without gradients, of a test or a teacher, is about a third of the work of a training step. */
static const double FORWARD = 1 / 3.0;

/* Seconds that a model trains on a picture. */
static double seconds_a_picture(const plan *p, const contestant *m)
{
    const bool taught = p->prepared.model && m->distill && strcmp(m->distill, "none") != 0;
    return 1 / m->pictures_a_second + (taught ? FORWARD / p->prepared.pictures_a_second : 0);
}

/* The same of a model's runs in all matchings, for each epoch of the plan. */
static double seconds_of_matchings(const plan *p, int model)
{
    double epochs = 0;
    for (int i = 0; i < p->matching_count; i++)
        if (!plan_is_shared(p, p->matchings[i], model))
            epochs += (double)p->models[model].epochs[p->matchings[i]] / (double)p->epochs;
    return epochs * seconds_a_picture(p, &p->models[model]);
}

/* Seconds that all runs take together, for each picture of an epoch, with tests of as many pictures. */
static double seconds_of_all(const plan *p)
{
    double of_seed = 0, parts = 0;
    for (int m = 0; m < p->model_count; m++) of_seed += seconds_of_matchings(p, m);
    for (int i = 0; i < p->fraction_count; i++) parts += p->fractions[i] + FORWARD;
    const double prepared = p->prepared.model ? (1 + FORWARD) * seconds_a_picture(p, &p->prepared) : 0;
    return of_seed * (double)p->seeds * parts + prepared;
}

bool plan_fit(plan *p, double seconds, int64_t batch)
{
    enum { LEAST_EPOCHS = 5 };
    plan_set_epochs(p, LEAST_EPOCHS);
    const double passes = fmax(0, seconds) / seconds_of_all(p);
    const int64_t pictures = (int64_t)(passes / LEAST_EPOCHS);
    if (pictures < p->training_pictures) p->training_pictures = pictures;
    if (p->training_pictures < p->test_pictures) p->test_pictures = p->training_pictures;
    if ((double)p->training_pictures * p->fractions[0] >= (double)batch) {
        plan_set_epochs(p, (int64_t)fmax(LEAST_EPOCHS, passes / (double)p->training_pictures));
        return true;
    }
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                   "the time is too short: in %d epochs there would be %lld training pictures, and a fraction of %g of "
                   "them is less than a batch of %lld; give more --time, fewer --seeds, or a smaller --batch",
                   LEAST_EPOCHS, (long long)p->training_pictures, p->fractions[0], (long long)batch);
    return false;
}

/* -- Runs ---------------------------------------------------------------------------------------------------------- */

planned_run plan_run(const plan *p, matching which, int fraction, int model, int64_t seed)
{
    return (planned_run){
        .model = &p->models[model],
        .epochs = p->models[model].epochs[which],
        .pictures = llround(p->fractions[fraction] * (double)p->training_pictures),
        .seed = p->first_seed + seed,
    };
}

planned_run plan_prepared_run(const plan *p)
{
    return (planned_run){ &p->prepared, p->epochs, p->training_pictures, p->first_seed };
}

void plan_halve_classes(plan *p, int classes)
{
    snprintf(p->prepared_classes, sizeof p->prepared_classes, "0:%d", classes / 2 - 1);
    snprintf(p->classes, sizeof p->classes, "%d:%d", classes / 2, classes - 1);
}

bool plan_is_shared(const plan *p, matching which, int model)
{
    const int64_t *epochs = p->models[model].epochs;
    for (int i = 0; p->matchings[i] != which; i++)
        if (epochs[p->matchings[i]] == epochs[which]) return true;
    return false;
}

void plan_run_name(const planned_run *r, char *name, size_t size)
{
    snprintf(name, size, "%s-%" PRId64 "-epochs-%" PRId64 "-pictures-seed-%" PRId64, r->model->name, r->epochs,
             r->pictures, r->seed);
    for (char *at = name; *at; at++)
        if (*at == '/') *at = '_'; /* of the name of a file */
}

const char *plan_run_folder(char path[PATH_SIZE], const char *comparison, const planned_run *r)
{
    char name[256], below[264];
    plan_run_name(r, name, sizeof name);
    snprintf(below, sizeof below, "runs/%s", name);
    return path_join(path, comparison, below);
}
