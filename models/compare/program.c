/* program.c - a program that compares models. */
#include "compare/program.h"
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
    if (o->batch == VT_AUTO) o->batch = o->quick ? 16 : 64;
    if (o->epochs == VT_AUTO && o->time == 0) o->time = o->quick ? 600 : 1800;
    return true;
}

/* What was measured takes its part of the time; the end of it is left for what cannot be foreseen. */
static bool choose_size(plan *p, const options *o)
{
    const double began = monotonic_seconds(), used = 0.9;
    if (o->time == 0) {
        plan_set_epochs(p, o->epochs);
        return true;
    }
    return runner_measure(p, o) && plan_fit(p, used * (o->time - (monotonic_seconds() - began)), o->batch);
}

static bool choose_plan(plan *p, const options *o)
{
    if (!plan_begin(p, o) || !output_folder_prepare(o->out) || !output_folder_claim(o->out) || !runner_count(p, o))
        return false;
    if (o->resume) return plan_read(p, o);
    if (!plan_is_there(o->out)) return choose_size(p, o) && plan_write(p, o);
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                   "there is a comparison in %s: --resume continues it, and another --out begins another", o->out);
    return false;
}

static bool compare(const options *o)
{
    plan p;
    results *r = NULL;
    bool ok = choose_plan(&p, o);
    if (ok && options_tell(o)) plan_describe(&p);
    ok = ok && runner_train(&p, o) && (r = results_read(&p, o->out)) && show_results(r, o);
    results_free(r);
    if (!ok && vt_stop_requested() && !vt_failed() && options_tell(o))
        printf(plan_is_there(o->out) ? "stopped; the same command with --resume continues\n"
                                     : "stopped before it began\n");
    return !vt_failed();
}

int comparison_program(const command_line *line, argument_list models, int argc, char **argv)
{
    const options given = options_parse(line, argc, argv);
    options o = given;
    o.given = &given;
    if (o.models.count == 0) o.models = models;
    setvbuf(stdout, NULL, _IOLBF, 0); /* a pipe gets each line at once, too */
    vt_stop_on_signals();
    if (o.quiet && o.json) options_contradict("--quiet prints nothing, and --json the results: one of them");
    vt_set_device(o.device);
    vt_set_precision(o.precision);
    vt_set_threads((int)o.threads);
    const bool ok = !vt_failed() && complete(&o) && compare(&o);
    return ok ? vt_stop_exit_code() : failure_report();
}
