/* program.c - a program that compares models. */
#include "compare/program.h"
#include "compare/evaluate.h"
#include "compare/plan.h"
#include "compare/results.h"
#include "compare/runner.h"
#include "compare/show.h"
#include "program/clock.h"
#include "program/failure.h"
#include "program/output_folder.h"
#include <stdio.h>

/* What is left out, but for what suits each run. */
static bool complete(options *o)
{
    if (o->epochs != VT_AUTO && o->quick)
        return options_contradict("--quick decides how many epochs there are: leave --epochs out");
    if (o->epochs != VT_AUTO && o->time > 0)
        return options_contradict("--time decides how many epochs there are: leave --epochs out");
    if (o->quick && o->time > 0) return options_contradict("--quick is --time 10m: give one of them");
    if (o->epochs == 0 && o->resume)
        return options_contradict("--epochs 0 trains nothing that --resume could go on with");
    if (!o->equal) o->equal = "epochs,compute";
    if (!o->fractions) o->fractions = "1";
    if (o->batch == VT_AUTO) o->batch = o->quick ? 16 : 64;
    if (o->epochs == VT_AUTO && o->time == 0) o->time = o->quick ? 600 : 1800;
    return true;
}

/* What was measured takes its part of the time; the end of it is left for what cannot be foreseen. */
static bool choose_size(plan *p, const options *o)
{
    const double began = monotonic_seconds(), used = 0.9;
    if ((o->time > 0 || plan_has_equal_time(p)) && !runner_measure(p, o)) return false;
    if (o->time > 0) return plan_fit(p, used * (o->time - (monotonic_seconds() - began)), o->batch);
    plan_set_epochs(p, o->epochs);
    return true;
}

/* Those of an experiment, where there is one. */
static bool name_models(plan *p, const experiment *e, const options *o)
{
    if (!e) return plan_add_models(p, o);
    p->title = e->title;
    for (const contestant *m = e->models; m->name; m++) p->models[p->model_count++] = *m;
    if (!e->teaches || !o->teacher) p->prepared = e->prepared;
    p->halves = e->halves;
    if (e->halves && o->classes)
        return options_contradict("%s halves the classes itself: leave --classes out", e->name);
    return true;
}

static bool choose_plan(plan *p, const experiment *e, const options *o)
{
    if (!plan_begin(p, o) || !name_models(p, e, o) || !output_folder_prepare(o->out) || !output_folder_claim(o->out) ||
        !runner_count(p, o))
        return false;
    if (o->resume) return plan_read(p, o);
    if (!plan_is_there(o->out)) return choose_size(p, o) && plan_write(p, o);
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                   "there is a comparison in %s: --resume continues it, and another --out begins another", o->out);
    return false;
}

/* Has a look at what was trained, where the experiment wants one, and shows what it came to. */
static bool conclude(const plan *p, const experiment *e, const options *o)
{
    results *r = results_read(p, o->out);
    const bool ok = r && (!e || !e->look || (findings_begin(&r->findings, e->look, &r->plan) && runner_look(r, o))) &&
                    show_results(r, o);
    results_free(r);
    return ok;
}

/* Without training. */
static bool evaluate_files(const options *o)
{
    plan p = { 0 };
    return plan_add_models(&p, o) && output_folder_prepare(o->out) && output_folder_claim(o->out) && evaluate(&p, o);
}

static bool compare(const experiment *e, const options *o)
{
    if (!e && o->epochs == 0) return evaluate_files(o) || !vt_failed();
    plan p;
    bool ok = choose_plan(&p, e, o);
    if (ok && options_tell(o)) plan_describe(&p);
    ok = ok && runner_train(&p, o) && conclude(&p, e, o);
    if (!ok && vt_stop_requested() && !vt_failed() && options_tell(o))
        printf(plan_is_there(o->out) ? "stopped; the same command with --resume continues\n"
                                     : "stopped before it began\n");
    return !vt_failed();
}

/* `o` may differ from what it is given by, in what was left out there. */
static int run(const experiment *e, options *o)
{
    setvbuf(stdout, NULL, _IOLBF, 0); /* a pipe gets each line at once, too */
    vt_stop_on_signals();
    if (o->quiet && o->json) options_contradict("--quiet prints nothing, and --json the results: one of them");
    vt_set_device(o->device);
    vt_set_precision(o->precision);
    vt_set_threads((int)o->threads);
    const bool ok = !vt_failed() && complete(o) && compare(e, o);
    return ok ? vt_stop_exit_code() : failure_report();
}

int comparison_program(const command_line *line, argument_list models, int argc, char **argv)
{
    const options given = options_parse(line, argc, argv);
    options o = given;
    o.given = &given;
    if (o.models.count == 0) o.models = models;
    return run(NULL, &o);
}

int experiment_program(const experiment *e, const options *given)
{
    options o = *given;
    o.given = given;
    if (o.epochs == 0) options_contradict("--epochs is 0; an experiment trains for 1 or more");
    if (o.epochs == VT_AUTO && o.time == 0) o.quick = true;
    if (!o.equal) o.equal = e->equal ? e->equal : "epochs";
    if (!o.fractions) o.fractions = e->fractions;
    return run(e, &o);
}
