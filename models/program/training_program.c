/* training_program.c - a program that trains a classifier, from its command line to its exit code. */
#include "program/training_program.h"
#include "program/batch_size.h"
#include "program/failure.h"
#include "program/find_model.h"
#include "program/lr_range_test.h"
#include "program/option_needs.h"
#include "program/output_folder.h"
#include "program/pictures.h"
#include "program/run_folder.h"
#include "program/trainer.h"

/* Weights to go on with tell the model, where it is not named. */
static bool choose_by_weights(options *o)
{
    if (!o->weights || o->model) return true;
    vt_tensor_file *file = vt_tensor_file_open(o->weights, .part = o->part);
    if (file) o->model = choose_model(file, o->weights, o->part);
    vt_tensor_file_close(file);
    return o->model != NULL;
}

static void report(const trainer *t)
{
    char reason[128];
    budget_reason(&t->budget, t->epoch, reason, sizeof reason);
    if (!trainer_is_done(t))
        printf("stopped in epoch %lld; the same command with --resume continues\n", (long long)t->epoch + 1);
    else if (*reason)
        printf("%s\n", reason);
    if (trainer_is_done(t)) run_folder_report(t->options->out);
}

static bool train(options *o, const pictures *p)
{
    trainer t;
    pictures_choose_options(p, o);
    if (!batch_size_choose(o, p)) return false;
    bool ok = trainer_init(&t, o, p);
    if (ok && options_tell(o)) {
        printf("%s, %lld parameters, on %s: %lld training and %lld test pictures\n", o->model,
               (long long)vt_model_parameter_count(t.net->model), vt_device(), (long long)p->train->count,
               (long long)p->test->count);
        pictures_describe(p);
    }
    ok = ok && (o->lr_range ? lr_range_test(&t) : trainer_run(&t));
    if (ok && options_tell(o) && !o->lr_range) report(&t);
    trainer_free(&t);
    return ok;
}

int training_program(const command_line *line, int argc, char **argv)
{
    const options given = options_parse(line, argc, argv);
    options o = given;
    o.given = &given;
    setvbuf(stdout, NULL, _IOLBF, 0); /* a pipe gets each line at once, too */
    vt_stop_on_signals();
    if (o.quiet && o.json)
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "--quiet prints nothing, and --json a line an epoch: one of them");
    vt_set_device(o.device);
    vt_set_precision(o.precision);
    vt_set_threads((int)o.threads);
    vt_set_memory_limit(o.checkpoint_activations ? VT_AUTO : (int64_t)o.memory);
    pictures p = { 0 };
    bool ok = !vt_failed() && options_complete(&o) && option_needs_are_met(&o) && choose_by_weights(&o) &&
              output_folder_prepare(o.out) && output_folder_claim(o.out) && pictures_open(&p, &o) &&
              option_needs_are_met_by(&o, p.set) && train(&o, &p);
    pictures_close(&p);
    return ok ? vt_stop_exit_code() : failure_report();
}
