/* runner.c - trains what a plan says. */
#include "compare/runner.h"
#include "compare/trained.h"
#include "program/optimizers.h"
#include "program/option_needs.h"
#include "program/output_folder.h"
#include "program/path.h"
#include "program/trainer.h"
#include <stdio.h>
#include <string.h>

enum { SPEED_BATCHES = 8, SPEED_EPOCHS = 2, SPEED_TESTS = 64 };

/* -- One run ------------------------------------------------------------------------------------------------------- */

/* What a run begins with, or learns from: `prepared` are the weights that were prepared. */
static void choose_beginning(options *o, const contestant *m, const char *prepared)
{
    if (m->weights || m->further) o->weights = m->further ? prepared : m->weights;
    if (!m->distill) return;
    if (strcmp(m->distill, "none") == 0) {
        o->teacher = NULL;
        return;
    }
    o->distill = m->distill;
    if (prepared) o->teacher = prepared;
}

/* The options that the programs of training would be given for the run. One learning rate is for all, whatever their
 * weights begin with. */
static options options_of(const plan *p, const options *all, const planned_run *r, const char *prepared,
                          const char *folder)
{
    options o = *all->given;
    const char *classes = r->model == &p->prepared ? p->prepared_classes : p->classes;
    o.model = r->model->model;
    o.epochs = r->epochs;
    o.batch = all->batch;
    o.train_limit = r->pictures;
    o.test_limit = p->test_pictures;
    o.seed = r->seed;
    o.time = 0;
    o.out = folder;
    o.quiet = all->quiet || all->json;
    o.json = false;
    o.resume = all->resume && path_exists(folder, "checkpoint.safetensors");
    if (*classes) o.classes = classes;
    if (o.lr == VT_AUTO) o.lr = optimizer_kind_of(o.optimizer)->lr;
    choose_beginning(&o, r->model, prepared);
    o.line = o.weights ? &finetuning_line : &training_line;
    return o;
}

static bool train_on(options *o, const pictures *p)
{
    trainer t;
    pictures_choose_options(p, o);
    const bool ok = trainer_init(&t, o, p) && trainer_run(&t) && trainer_is_done(&t);
    trainer_free(&t);
    return ok;
}

/* The weights that were prepared, in `path`; NULL where none are, or with an error. */
static const char *find_prepared(char path[PATH_SIZE], const plan *p, const options *all)
{
    char folder[PATH_SIZE];
    const planned_run r = plan_prepared_run(p);
    if (!p->prepared.model || !plan_run_folder(folder, all->out, &r)) return NULL;
    return path_join(path, folder, "model.safetensors");
}

/* The folder of the comparison is claimed, and with it those of its runs. */
static bool prepare_folder(const char *folder)
{
    if (!output_folder_prepare(folder)) return false;
    output_folder_tidy(folder);
    return true;
}

/* What an experiment learns from is not what the command line has. */
static bool agree(options *o, const contestant *m)
{
    return options_complete(o) && (m->distill || option_needs_are_met(o));
}

/* Whether it has ended. */
static bool train(const plan *p, const options *all, const planned_run *r, const char *folder)
{
    char prepared[PATH_SIZE];
    const options given = options_of(p, all, r, find_prepared(prepared, p, all), folder);
    options o = given;
    o.given = &given;
    pictures opened = { 0 };
    const bool ok = !vt_failed() && agree(&o, r->model) && prepare_folder(folder) && pictures_open(&opened, &o) &&
                    option_needs_are_met_by(&o, opened.set) && train_on(&o, &opened);
    pictures_close(&opened);
    return ok;
}

/* -- Before the runs ----------------------------------------------------------------------------------------------- */

static bool count_costs(contestant *m, const options *o, const vt_dataset *set)
{
    classifier *net =
        classifier_new(m->model, .classes = set->classes, .channels = set->channels, .image_size = o->image_size);
    if (net) {
        m->parameters = vt_model_parameter_count(net->model);
        m->macs = classifier_cost(net).multiply_accumulates;
    }
    classifier_free(net);
    return !vt_failed();
}

/* Of all classes, where they are still to be halved. */
static bool count_classes(plan *p, options *o)
{
    pictures all = { 0 };
    const bool ok = pictures_open(&all, o);
    if (ok) plan_halve_classes(p, all.train->classes);
    pictures_close(&all);
    o->classes = p->classes;
    return ok;
}

bool runner_count(plan *p, const options *o)
{
    options first = *o;
    pictures all = { 0 };
    first.model = p->models[0].model;
    bool ok = (!p->halves || count_classes(p, &first)) && pictures_open(&all, &first);
    if (ok) {
        p->training_pictures = all.train->count;
        p->test_pictures = all.test->count;
        p->fingerprint = pictures_fingerprint(&all);
        ok = !vt_failed();
    }
    for (int i = 0; i < p->model_count && ok; i++) ok = count_costs(&p->models[i], o, all.train);
    if (ok && p->prepared.model) ok = count_costs(&p->prepared, o, all.train);
    pictures_close(&all);
    return ok;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The first epoch chooses how to compute; the last is as those of a longer run. */
static bool read_speed(contestant *m, const char *folder)
{
    char path[PATH_SIZE];
    vt_training_log log = { 0 };
    if (path_join(path, folder, "log.csv") && vt_training_log_read(path, &log) && log.count > 0)
        m->pictures_a_second = log.epochs[log.count - 1].images_per_second;
    vt_training_log_free(&log);
    return !vt_failed();
}

/* Without what it would begin with, which is not there yet. */
static bool measure(const plan *p, contestant *m, const options *o)
{
    char name[256], below[264], folder[PATH_SIZE];
    options quietly = *o;
    plan of_few = *p;
    const contestant alone = { .name = m->name, .model = m->model, .weights = m->weights, .distill = "none" };
    const planned_run r = { &alone, SPEED_EPOCHS, least(p->training_pictures, SPEED_BATCHES * o->batch), o->seed };
    quietly.quiet = true;
    of_few.test_pictures = least(p->test_pictures, SPEED_TESTS);
    plan_run_name(&r, name, sizeof name);
    snprintf(below, sizeof below, "speed/%s", name);
    return path_join(folder, o->out, below) && train(&of_few, &quietly, &r, folder) && read_speed(m, folder);
}

static bool measure_and_tell(const plan *p, contestant *m, const options *o)
{
    if (!measure(p, m, o)) return false;
    if (options_tell(o)) printf("%s: %.1f img/s\n", m->name, m->pictures_a_second);
    return true;
}

bool runner_measure(plan *p, const options *o)
{
    if (options_tell(o)) printf("measuring how fast each model is\n");
    for (int i = 0; i < p->model_count; i++)
        if (!measure_and_tell(p, &p->models[i], o)) return false;
    return !p->prepared.model || measure_and_tell(p, &p->prepared, o);
}

/* -- All runs ------------------------------------------------------------------------------------------------------ */

static int64_t count_runs(const plan *p)
{
    int64_t count = 0;
    for (int i = 0; i < p->matching_count; i++)
        for (int m = 0; m < p->model_count; m++) count += !plan_is_shared(p, p->matchings[i], m);
    return count * p->fraction_count * p->seeds + (p->prepared.model != NULL);
}

static bool train_next(const plan *p, const options *o, const planned_run *r, int64_t number)
{
    char name[256], folder[PATH_SIZE];
    plan_run_name(r, name, sizeof name);
    if (options_tell(o)) printf("run %lld of %lld: %s\n", (long long)number, (long long)count_runs(p), name);
    return plan_run_folder(folder, o->out, r) && train(p, o, r, folder);
}

/* Seed by seed, so that what is there of a comparison that is stopped is of all models. */
bool runner_train(const plan *p, const options *o)
{
    int64_t number = 0;
    const planned_run prepared = plan_prepared_run(p);
    if (p->prepared.model && !train_next(p, o, &prepared, ++number)) return false;
    for (int64_t seed = 0; seed < p->seeds; seed++)
        for (int fraction = 0; fraction < p->fraction_count; fraction++)
            for (int i = 0; i < p->matching_count; i++)
                for (int m = 0; m < p->model_count; m++) {
                    const planned_run r = plan_run(p, p->matchings[i], fraction, m, seed);
                    if (!plan_is_shared(p, p->matchings[i], m) && !train_next(p, o, &r, ++number)) return false;
                }
    return true;
}

/* -- A look at what was trained ------------------------------------------------------------------------------------ */

/* The weights that a run has ended with. */
static bool measure_run(const look *look, const options *o, const planned_run *r, measured *m)
{
    char folder[PATH_SIZE], path[PATH_SIZE];
    trained t;
    if (!plan_run_folder(folder, o->out, r) || !path_join(path, folder, "model.safetensors") ||
        !trained_open(&t, path, r->model->model, o, look->batch))
        return false;
    const bool measured = look->measure(m, t.net, t.test);
    trained_close(&t);
    return measured;
}

bool runner_look(results *r, const options *o)
{
    const plan *p = &r->plan;
    options all = *o;
    all.test_limit = p->test_pictures;
    if (*p->classes) all.classes = p->classes;
    for (int m = 0; m < p->model_count; m++)
        for (int64_t seed = 0; seed < p->seeds; seed++) {
            const planned_run run = plan_run(p, p->matchings[0], p->fraction_count - 1, m, seed);
            if (vt_stop_requested() || !measure_run(r->findings.look, &all, &run, findings_of(&r->findings, m, seed)))
                return false;
        }
    return true;
}
