/* recipe.c - options of training runs that are known by a name. */
#include "program/recipe.h"
#include <string.h>

static bool is_path(const char *name)
{
    const size_t length = strlen(name);
    return strchr(name, '/') || (length >= 5 && strcmp(name + length - 5, ".json") == 0);
}

static const char *text_of(const char *name)
{
    const shipped_recipe *s = shipped_recipes;
    while (s->name && strcmp(s->name, name) != 0) s++;
    return s->text;
}

static void say_which_there_are(recipe *r, const char *name)
{
    const size_t size = sizeof r->problem;
    size_t used = (size_t)snprintf(r->problem, size, "there is no recipe \"%.256s\"; there are", name);
    for (const shipped_recipe *s = shipped_recipes; s->name && used < size; s++)
        used += (size_t)snprintf(r->problem + used, size - used, "%s %s", s == shipped_recipes ? "" : ",", s->name);
    if (used < size) snprintf(r->problem + used, size - used, ", and files, whose names have a / or end in .json");
}

/* Takes what the recipe says about itself out of it. */
static bool take_about(recipe *r)
{
    if (!json_is_object(r->values)) {
        snprintf(r->problem, sizeof r->problem, "%s has no object of options and their values", r->file);
        return false;
    }
    const json_t *about = json_object_get(r->values, "about");
    if (about && (!json_is_string(about) || strchr(json_string_value(about), '\n'))) {
        snprintf(r->problem, sizeof r->problem, "%s: about must be a line of text", r->file);
        return false;
    }
    json_object_del(r->values, "about");
    return true;
}

void recipe_read(recipe *r, const char *name)
{
    json_error_t error;
    const bool path = is_path(name);
    const char *text = path ? NULL : text_of(name);
    *r = (recipe){ 0 };
    snprintf(r->file, sizeof r->file, path ? "%s" : "%s.json", name);
    if (!path && !text) {
        say_which_there_are(r, name);
        return;
    }
    r->values =
        path ? json_load_file(name, JSON_REJECT_DUPLICATES, &error) : json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!r->values && error.line > 0)
        snprintf(r->problem, sizeof r->problem, "%s, line %d: %s", r->file, error.line, error.text);
    else if (!r->values)
        snprintf(r->problem, sizeof r->problem, "%s", error.text);
    else if (!take_about(r))
        recipe_free(r);
}

void recipe_free(recipe *r)
{
    json_decref(r->values);
    r->values = NULL;
}

void recipes_list(FILE *stream)
{
    fputs("Recipes:", stream);
    for (const shipped_recipe *s = shipped_recipes; s->name; s++) {
        json_t *json = json_loads(s->text, 0, NULL);
        const char *about = json_string_value(json_object_get(json, "about"));
        fprintf(stream, "\n  %-18s %s", s->name, about ? about : "");
        json_decref(json);
    }
}
