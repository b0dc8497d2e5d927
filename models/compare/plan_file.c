/* plan_file.c - plan.json: what a comparison was begun with, for going on with it. */
#include "compare/plan.h"
#include "program/json_file.h"
#include "program/option_differences.h"
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char PLAN[] = "plan.json";

static json_t *models_json(const plan *p)
{
    json_t *models = json_array();
    for (int i = 0; i < p->model_count; i++)
        json_array_append_new(models, json_pack("{ss sf}", "name", p->models[i].name, "pictures_a_second",
                                                p->models[i].pictures_a_second));
    return models;
}

static const char *fingerprint_text(const plan *p, char text[17])
{
    snprintf(text, 17, "%016" PRIx64, p->fingerprint);
    return text;
}

bool plan_write(const plan *p, const options *o)
{
    char fixed[VT_NOTE_SIZE], fingerprint[17];
    options_list_fixed(o, fixed, sizeof fixed);
    json_t *json =
        json_pack("{so ss sI sI sI ss}", "models", models_json(p), "options", fixed, "epochs", (json_int_t)p->epochs,
                  "training_pictures", (json_int_t)p->training_pictures, "test_pictures", (json_int_t)p->test_pictures,
                  "fingerprint_of_the_pictures", fingerprint_text(p, fingerprint));
    const bool written = json_file_write(json, o->out, PLAN, 17);
    json_decref(json);
    return written;
}

static bool refuse(const char *path, const char *why)
{
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "%s is of a comparison %s; it is resumed with what it began with", path,
                   why);
    return false;
}

static bool refuse_options(const char *path, const char *saved, const char *wanted)
{
    char differences[DIFFERENCES_SIZE], why[DIFFERENCES_SIZE + 8];
    option_differences(saved, wanted, differences, sizeof differences);
    snprintf(why, sizeof why, "with %s", differences);
    return refuse(path, why);
}

static bool take_models(plan *p, const char *path, const json_t *models)
{
    if (json_array_size(models) != (size_t)p->model_count) return refuse(path, "of other models");
    for (int i = 0; i < p->model_count; i++) {
        const json_t *m = json_array_get(models, (size_t)i);
        const char *name = json_string_value(json_object_get(m, "name"));
        if (!name || strcmp(name, p->models[i].name) != 0) return refuse(path, "of other models");
        p->models[i].pictures_a_second = json_number_value(json_object_get(m, "pictures_a_second"));
    }
    return true;
}

static bool take(plan *p, const options *o, const char *path, const json_t *json)
{
    char fixed[VT_NOTE_SIZE], fingerprint[17];
    const char *saved = json_string_value(json_object_get(json, "options")),
               *pictures = json_string_value(json_object_get(json, "fingerprint_of_the_pictures"));
    const int64_t epochs = json_integer_value(json_object_get(json, "epochs"));
    p->training_pictures = json_integer_value(json_object_get(json, "training_pictures"));
    p->test_pictures = json_integer_value(json_object_get(json, "test_pictures"));
    if (!saved || !pictures || epochs < 1 || p->training_pictures < 1 || p->test_pictures < 1) {
        vt_error_raise(VT_ERROR_FILE, VT_HERE, "%s is damaged, or no plan of a comparison", path);
        return false;
    }
    options_list_fixed(o, fixed, sizeof fixed);
    if (strcmp(saved, fixed) != 0) return refuse_options(path, saved, fixed);
    if (strcmp(pictures, fingerprint_text(p, fingerprint)) != 0) return refuse(path, "on other pictures");
    if (!take_models(p, path, json_object_get(json, "models"))) return false;
    plan_set_epochs(p, epochs);
    return true;
}

bool plan_is_there(const char *folder)
{
    return path_exists(folder, PLAN);
}

bool plan_read(plan *p, const options *o)
{
    char path[PATH_SIZE];
    json_error_t error;
    if (!path_join(path, o->out, PLAN)) return false;
    if (!plan_is_there(o->out)) {
        vt_error_raise(VT_ERROR_FILE, VT_HERE, "there is nothing to resume: no %s; leave --resume out to begin", path);
        return false;
    }
    json_t *json = json_load_file(path, 0, &error);
    const bool ok = take(p, o, path, json);
    json_decref(json);
    return ok;
}
