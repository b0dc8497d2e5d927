/* results_json.c - the results of a comparison as compare.json has them. */
#include "compare/results.h"
#include "compare/sentences.h"
#include "program/json_text.h"
#include <stdlib.h>
#include <string.h>

static json_t *numbers(const double *values, int64_t count)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < count; i++) json_array_append_new(list, json_of_number(values[i]));
    return list;
}

static json_t *models_json(const results *r)
{
    json_t *list = json_array();
    for (int i = 0; i < r->plan.model_count; i++) {
        const contestant *m = &r->plan.models[i];
        json_array_append_new(list,
                              json_pack("{ss ss sI sI so so}", "name", m->name, "model", m->model, "parameters",
                                        (json_int_t)m->parameters, "macs", (json_int_t)m->macs, "images_per_second",
                                        json_of_number(r->speeds[i]), "peak_bytes", json_of_number(r->memory[i])));
    }
    return list;
}

static json_t *outcome_json(const results *r, matching which, int fraction, int model)
{
    const planned_run run = plan_run(&r->plan, which, fraction, model, 0);
    const outcome *o = &r->outcomes[which][fraction][model];
    const sample s = results_sample(r, which, fraction, model);
    return json_pack("{ss ss sf sI sI so so so so so}", "model", run.model->name, "equal", matching_name(which),
                     "fraction", r->plan.fractions[fraction], "pictures", (json_int_t)run.pictures, "epochs",
                     (json_int_t)run.epochs, "compute_macs", json_of_number(results_compute(r, which, fraction, model)),
                     "seconds", json_of_number(o->seconds), "accuracy", json_of_number(sample_mean(s)), "deviation",
                     json_of_number(sample_deviation(s)), "accuracies", numbers(o->accuracies, r->plan.seeds));
}

static json_t *test_json(const results *r, matching which, int fraction, int first, int second)
{
    const t_test t = welch_test(results_sample(r, which, fraction, first), results_sample(r, which, fraction, second));
    return json_pack("{ss ss ss sf so so so so}", "first", r->plan.models[first].name, "second",
                     r->plan.models[second].name, "equal", matching_name(which), "fraction",
                     r->plan.fractions[fraction], "difference", json_of_number(t.difference), "t", json_of_number(t.t),
                     "freedom", json_of_number(t.freedom), "p", json_of_number(t.p));
}

static json_t *curve_json(const results *r, matching which, int model)
{
    const curve *c = &r->curves[which][model], *loss = &r->losses[which][model];
    return json_pack("{ss ss so so so so}", "model", r->plan.models[model].name, "equal", matching_name(which),
                     "accuracy", numbers(c->mean, c->epochs), "low", numbers(c->low, c->epochs), "high",
                     numbers(c->high, c->epochs), "loss", numbers(loss->mean, loss->epochs));
}

/* A measure of a model at each place. */
static json_t *measure_json(const findings *f, int model, int measure)
{
    json_t *mean = json_array(), *deviation = json_array();
    for (int place = 0; place < findings_of(f, model, 0)->places; place++) {
        double values[MOST_SEEDS];
        const sample s = findings_sample(f, model, measure, place, values);
        json_array_append_new(mean, json_of_number(sample_mean(s)));
        json_array_append_new(deviation, json_of_number(sample_deviation(s)));
    }
    return json_pack("{ss ss so so so}", "model", f->plan->models[model].name, "measure",
                     f->look->measures[measure].name, "along",
                     numbers(findings_of(f, model, 0)->along, findings_of(f, model, 0)->places), "mean", mean,
                     "deviation", deviation);
}

static json_t *findings_json(const findings *f)
{
    if (!f->look) return json_null();
    json_t *measures = json_array(), *found = json_array();
    for (int i = 0; i < f->look->measure_count; i++) {
        json_array_append_new(measures, json_pack("{ss ss sb}", "name", f->look->measures[i].name, "title",
                                                  f->look->measures[i].title, "percent", f->look->measures[i].percent));
        for (int m = 0; m < f->plan->model_count; m++) json_array_append_new(found, measure_json(f, m, i));
    }
    return json_pack("{ss so so}", "along", f->look->along, "measures", measures, "found", found);
}

static json_t *prepared_json(const results *r)
{
    const planned_run run = plan_prepared_run(&r->plan);
    if (!run.model->model) return json_null();
    return json_pack("{ss ss sI sI so}", "name", run.model->name, "model", run.model->model, "epochs",
                     (json_int_t)run.epochs, "pictures", (json_int_t)run.pictures, "accuracy",
                     json_of_number(r->prepared_accuracy));
}

static json_t *sentences_json(const results *r)
{
    char *text = sentences_of(r);
    json_t *list = text ? json_of_lines(text) : json_array();
    free(text);
    return list;
}

static void add_outcomes(const results *r, matching which, int fraction, json_t *outcomes, json_t *tests)
{
    for (int m = 0; m < r->plan.model_count; m++) {
        json_array_append_new(outcomes, outcome_json(r, which, fraction, m));
        for (int other = m + 1; other < r->plan.model_count; other++)
            json_array_append_new(tests, test_json(r, which, fraction, m, other));
    }
}

json_t *results_json(const results *r)
{
    json_t *outcomes = json_array(), *tests = json_array(), *curves = json_array();
    for (int i = 0; i < r->plan.matching_count; i++) {
        const matching which = r->plan.matchings[i];
        for (int f = 0; f < r->plan.fraction_count; f++) add_outcomes(r, which, f, outcomes, tests);
        for (int m = 0; m < r->plan.model_count; m++) json_array_append_new(curves, curve_json(r, which, m));
    }
    return json_pack("{ss? so so sI sI sI sI so so so so so}", "title", r->plan.title, "prepared", prepared_json(r),
                     "models", models_json(r), "first_seed", (json_int_t)r->plan.first_seed, "seeds",
                     (json_int_t)r->plan.seeds, "training_pictures", (json_int_t)r->plan.training_pictures,
                     "test_pictures", (json_int_t)r->plan.test_pictures, "outcomes", outcomes, "tests", tests, "curves",
                     curves, "findings", findings_json(&r->findings), "sentences", sentences_json(r));
}
