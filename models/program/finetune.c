/* finetune.c - a network that is trained further. */
#include "program/finetune.h"
#include "layer_decay.h"
#include "program/model_card.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What was made to fit is told where everything fits; otherwise the error says what does not. */
static bool load(const classifier *net, const options *o, FILE *report)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    bool fine = classifier_load(net, o->weights, .part = o->part, .adapt = true, .report = memory);
    if (memory) fclose(memory);
    if (fine && text && report) fputs(text, report);
    free(text);
    return fine;
}

static int trainable_parameters(const vt_model *model)
{
    int count = 0;
    for (int i = 0; i < vt_model_size(model); i++) count += vt_trainable(vt_model_entry(model, i).tensor);
    return count;
}

static bool freeze(const classifier *net, const char *glob)
{
    if (vt_model_set_trainable(net->model, glob, false) == 0)
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "--freeze: no parameter of %s has a name that matches \"%s\"",
                       net->name, glob);
    else if (trainable_parameters(net->model) == 0)
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "--freeze: \"%s\" leaves nothing of %s to train", glob, net->name);
    return !vt_failed();
}

/* Whether the file says that it knows as many classes, but others. */
static bool knows_others(const model_card *card, const char *const *class_names, int64_t classes)
{
    if ((int64_t)json_array_size(card->class_names) != classes) return false;
    for (int64_t i = 0; i < classes; i++)
        if (strcmp(json_string_value(json_array_get(card->class_names, (size_t)i)), class_names[i]) != 0) return true;
    return false;
}

/* The head becomes that of a network with fresh weights. */
static bool renew_head(const classifier *net, FILE *report)
{
    classifier *fresh = classifier_new_of(net->family, net->config);
    for (int i = 0; fresh && i < vt_model_size(fresh->model) && !vt_failed(); i++) {
        const vt_named_tensor e = vt_model_entry(fresh->model, i);
        if (!vt_name_matches(e.name, net->family->heads)) continue;
        vt_assign(vt_model_find(net->model, e.name), e.tensor);
        if (!vt_failed() && report) fprintf(report, "replaced: %s, which knows other classes\n", e.name);
    }
    vt_flush(); /* before what it reads ends */
    classifier_free(fresh);
    return !vt_failed();
}

static bool fit_head(const classifier *net, const options *o, const char *const *class_names, FILE *report)
{
    model_card card = { 0 };
    vt_tensor_file *file = vt_tensor_file_open(o->weights, .part = o->part);
    bool ok = file && model_card_read(file, o->weights, &card);
    if (ok && card.text && knows_others(&card, class_names, net->config->classes)) ok = renew_head(net, report);
    model_card_free(&card);
    vt_tensor_file_close(file);
    return ok;
}

bool finetune_load(const classifier *net, const options *o, const char *const *class_names, FILE *report)
{
    return load(net, o, report) && fit_head(net, o, class_names, report) && (!*o->freeze || freeze(net, o->freeze));
}

bool finetune_find_pictures(const classifier *net, const options *o, preprocessing *pictures)
{
    model_card card = { 0 };
    vt_tensor_file *file = vt_tensor_file_open(o->weights, .part = o->part);
    const bool read = file && model_card_read(file, o->weights, &card);
    *pictures = card.text ? card.pictures : *net->pictures;
    model_card_free(&card);
    vt_tensor_file_close(file);
    return read;
}

static bool matches_any(const vt_model *model, const char *glob)
{
    for (int i = 0; i < vt_model_size(model); i++) {
        vt_named_tensor e = vt_model_entry(model, i);
        if (e.is_parameter && vt_name_matches(e.name, glob)) return true;
    }
    return false;
}

/* "blocks.*=1e-5" */
static bool set_rate(const classifier *net, vt_optimizer *optimizer, char *text)
{
    char *equals = strrchr(text, '='), *end = NULL;
    double lr = equals ? strtod(equals + 1, &end) : 0;
    if (!equals || end == equals + 1 || end[strspn(end, " ")] || !(lr >= 0)) {
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "--lr-of: \"%s\" is not a pattern, = and a learning rate", text);
        return false;
    }
    *equals = 0;
    text += strspn(text, " ");
    if (!matches_any(net->model, text)) {
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "--lr-of: no parameter of %s has a name that matches \"%s\"",
                       net->name, text);
        return false;
    }
    return vt_optimizer_group(optimizer, text, .lr = lr) > 0;
}

bool finetune_set_rates(const classifier *net, vt_optimizer *optimizer, const options *o)
{
    if (o->layer_decay < 1 && !classifier_decay_layers(net, optimizer, o->lr, o->layer_decay)) return false;
    char *rates = strdup(o->rates), *rest = NULL;
    for (char *one = strtok_r(rates, ";", &rest); one && !vt_failed(); one = strtok_r(NULL, ";", &rest))
        set_rate(net, optimizer, one);
    free(rates);
    return !vt_failed();
}
