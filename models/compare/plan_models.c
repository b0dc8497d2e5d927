/* plan_models.c - the models that a command line names for a comparison: of the zoo, or files of weights. */
#include "compare/plan.h"
#include "program/find_model.h"
#include <jansson.h>
#include <string.h>
#include <unistd.h>

static bool refuse_model(const char *name)
{
    char nearest[256] = "";
    zoo_list_nearest(name, nearest, sizeof nearest);
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                   "there is no model \"%s\" and no file of weights; the nearest names are %s", name, nearest);
    return false;
}

/* The one that a file of weights is of. NULL with an error. */
static const char *model_of_file(const char *path)
{
    vt_tensor_file *file = vt_tensor_file_open(path);
    const char *model = file ? choose_model(file, path, NULL) : NULL;
    vt_tensor_file_close(file);
    return model;
}

/* As files of JSON have it. */
static bool is_utf8(const char *name)
{
    json_t *text = json_string(name);
    json_decref(text);
    if (!text)
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "the name %s is not UTF-8, as that of a file to compare must be",
                       name);
    return text != NULL;
}

static bool find_contestant(contestant *c, const char *name)
{
    enum { LONGEST = 150 }; /* it is part of the names of folders */
    *c = (contestant){ .name = name, .model = name };
    if (zoo_find(name, NULL)) return true;
    if (strlen(name) > LONGEST) {
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "the name %s is too long; it must be of at most %d bytes", name,
                       LONGEST);
        return false;
    }
    if (access(name, F_OK) != 0) return refuse_model(name);
    if (!is_utf8(name)) return false;
    c->weights = name;
    c->model = model_of_file(name);
    return c->model != NULL;
}

static bool share_folders(const contestant *a, const contestant *b)
{
    char first[256], second[256];
    plan_run_name(&(planned_run){ .model = a }, first, sizeof first);
    plan_run_name(&(planned_run){ .model = b }, second, sizeof second);
    return strcmp(first, second) == 0;
}

static bool add_model(plan *p, const char *name)
{
    contestant c;
    if (!find_contestant(&c, name)) return false;
    for (int i = 0; i < p->model_count; i++)
        if (strcmp(p->models[i].name, name) == 0)
            vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "%s is named twice; a comparison is of different models", name);
        else if (share_folders(&p->models[i], &c))
            vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                           "runs of %s and of %s would be in the same folders, of whose names / is not a part: rename "
                           "one of the files",
                           p->models[i].name, name);
    if (p->model_count == MOST_MODELS)
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "%s is one model too many; at most %d are compared", name,
                       MOST_MODELS);
    if (!vt_failed()) p->models[p->model_count++] = c;
    return !vt_failed();
}

bool plan_add_models(plan *p, const options *o)
{
    for (int i = 0; i < o->models.count; i++)
        if (!add_model(p, o->models.texts[i])) return false;
    if (p->model_count < 2)
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "a comparison is of two models or more: what is %s compared with?",
                       o->models.texts[0]);
    return !vt_failed();
}
