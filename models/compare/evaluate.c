/* evaluate.c - which of several files of weights is better on the same test pictures. */
#include "compare/evaluate.h"
#include "compare/statistics.h"
#include "compare/trained.h"
#include "program/csv_text.h"
#include "program/json_file.h"
#include "program/json_text.h"
#include "program/objective.h"
#include "program/whole_file.h"
#include <stdlib.h>

enum { BATCH = 250 };

/* -- Testing ------------------------------------------------------------------------------------------------------- */

/* False at the end of the pictures. */
static bool test_batch(const trained *t, uint8_t *right)
{
    VT_SCOPE;
    vt_batch batch;
    int64_t said[BATCH], labels[BATCH];
    if (!vt_loader_next_tensors(t->test, &batch)) return false;
    vt_tensor images = images_of_size(t->net, vt_cast(batch.images, VT_DTYPE_DEFAULT));
    vt_tensor classes = vt_argmax(classifier_forward(t->net, images), 1);
    if (!vt_read(classes, said, batch.count, VT_I64) || !vt_read(batch.labels, labels, batch.count, VT_I64))
        return false;
    for (int64_t i = 0; i < batch.count; i++) right[batch.index * BATCH + i] = said[i] == labels[i];
    return true;
}

/* Room for what each model is right about: all are tested on equally many pictures. */
static bool begin_test(evaluated *e, int model, int64_t count)
{
    const contestant *c = &e->plan->models[model];
    if (model == 0) e->pictures = count;
    if (count != e->pictures) {
        vt_error_raise(VT_ERROR_FILE, VT_HERE, "there were %lld pictures to test %s on, and there are %lld for %s",
                       (long long)e->pictures, e->plan->models[0].name, (long long)count, c->name);
        return false;
    }
    e->right[model] = calloc((size_t)count, 1);
    if (!e->right[model]) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for a test of %s", c->name);
    return e->right[model] != NULL;
}

static bool test_model(evaluated *e, int model, const options *o)
{
    const contestant *c = &e->plan->models[model];
    trained t;
    if (!c->weights) return options_contradict("--epochs 0 trains nothing, and %s has no weights to test", c->name);
    if (!trained_open(&t, c->weights, c->model, o, BATCH)) return false;
    bool more = begin_test(e, model, t.pictures.test->count);
    while (more && !vt_stop_requested()) more = test_batch(&t, e->right[model]);
    trained_close(&t);
    return !vt_failed() && !vt_stop_requested();
}

static bool test_all(evaluated *e, const options *o)
{
    for (int m = 0; m < e->plan->model_count; m++)
        if (!test_model(e, m, o)) return false;
    return true;
}

/* -- Results ------------------------------------------------------------------------------------------------------- */

static bool write_csv(const evaluated *e, const char *folder)
{
    whole_file f;
    FILE *stream = whole_file_open(&f, folder, "evaluate.csv");
    if (!stream) return false;
    fputs("model,weights,pictures,correct,accuracy\n", stream);
    for (int m = 0; m < e->plan->model_count; m++) {
        const int64_t correct = evaluated_correct(e, m);
        fprintf(stream, "%s,", e->plan->models[m].model);
        csv_print_text(stream, e->plan->models[m].weights);
        fprintf(stream, ",%lld,%lld,%.9g\n", (long long)e->pictures, (long long)correct,
                (double)correct / (double)e->pictures);
    }
    return whole_file_close(&f);
}

static json_t *pair_json(const evaluated *e, int first, int second)
{
    const int64_t a = evaluated_alone(e, first, second), b = evaluated_alone(e, second, first);
    return json_pack("{ss ss sI sI sf}", "first", e->plan->models[first].name, "second", e->plan->models[second].name,
                     "first_alone", (json_int_t)a, "second_alone", (json_int_t)b, "p", mcnemar_test(a, b));
}

/* Takes the sentences apart. */
static json_t *results_of(const evaluated *e, char *text)
{
    json_t *models = json_array(), *tests = json_array();
    for (int m = 0; m < e->plan->model_count; m++) {
        json_array_append_new(models,
                              json_pack("{ss ss sI}", "model", e->plan->models[m].model, "weights",
                                        e->plan->models[m].weights, "correct", (json_int_t)evaluated_correct(e, m)));
        for (int other = m + 1; other < e->plan->model_count; other++)
            json_array_append_new(tests, pair_json(e, m, other));
    }
    return json_pack("{sI so so so}", "pictures", (json_int_t)e->pictures, "models", models, "tests", tests,
                     "sentences", json_of_lines(text));
}

static char *words_of(const evaluated *e)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out) evaluated_say(out, e);
    if (out && fclose(out) == 0) return text;
    vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for the words of a comparison");
    return text;
}

static bool show(const evaluated *e, const options *o)
{
    char *text = words_of(e);
    if (text && options_tell(o)) fputs(text, stdout);
    json_t *json = text ? results_of(e, text) : NULL;
    if (json && o->json) json_print(json);
    const bool ok = text && write_csv(e, o->out) && json_file_write(json, o->out, "evaluate.json", 9);
    if (ok && options_tell(o)) printf("\nresults: %s/evaluate.csv %s/evaluate.json\n", o->out, o->out);
    json_decref(json);
    free(text);
    return ok && !vt_failed();
}

bool evaluate(const plan *p, const options *o)
{
    evaluated e = { .plan = p };
    const bool ok = test_all(&e, o) && show(&e, o);
    for (int m = 0; m < p->model_count; m++) free(e.right[m]);
    return ok;
}
