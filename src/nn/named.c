/* named.c - intermediate values by name. */
#include "core/base/entry.h"
#include "core/base/error.h"
#include "core/base/grow.h"
#include "core/context.h"
#include "core/graph/refuse.h"
#include "core/tensor/handle.h"
#include "nn/glob.h"
#include "nn/model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 256 };

static bool has_name(const vt_model *model, int i, const char *name)
{
    return i < model->value_count && strcmp(model->values[i].name, name) == 0;
}

static named_value *add_value(vt_model *model, const char *name)
{
    if (!grow(&model->values, (size_t)model->value_count, &model->value_capacity, sizeof *model->values)) return NULL;
    char *owned = strdup(name);
    if (!owned) return NULL;
    model->next_value = model->value_count;
    model->values[model->value_count] = (named_value){ .name = owned };
    return &model->values[model->value_count++];
}

static named_value *value_named(vt_model *model, const char *name)
{
    if (!has_name(model, model->next_value, name))
        for (model->next_value = 0; model->next_value < model->value_count; model->next_value++)
            if (has_name(model, model->next_value, name)) break;
    return model->next_value < model->value_count ? &model->values[model->next_value] : add_value(model, name);
}

/* The path with the name behind it; without its last dot where there is none. */
static bool full_name(vt_path path, const char *name, char full[NAME_SIZE])
{
    size_t before = strnlen(path.prefix, sizeof path.prefix), length = before + strlen(name);
    if (before == sizeof path.prefix || length >= NAME_SIZE) return false;
    memcpy(full, path.prefix, before);
    strcpy(full + before, name);
    if (!*name && length > 0) full[length - 1] = 0;
    return true;
}

vt_tensor vt_named_at(vt_site at, vt_path path, const char *name, vt_tensor x)
{
    ENTER("named", at);
    spec s;
    char full[NAME_SIZE];
    if (vt_failed() || !spec_of("named", at, "x", x, &s)) return VT_INERT;
    if (!name) return refuse_call("named", at, VT_ERROR_ARGUMENT, "the name is NULL");
    if (!path.model) return refuse_call("named", at, VT_ERROR_ARGUMENT, "\"%s\" has no model to belong to", name);
    if (!full_name(path, name, full)) return refuse_call("named", at, VT_ERROR_ARGUMENT, "the name is too long");
    named_value *named = value_named(path.model, full);
    if (!named) return refuse_call("named", at, VT_ERROR_MEMORY, "out of memory for \"%s\"", full);
    named->tensor = x;
    path.model->next_value++;
    value_of(context_get(), x)->weak = true;
    return x;
}

static bool is_there(const named_value *v)
{
    return value_held(context_get(), v->tensor) != NULL;
}

int vt_model_values(const vt_model *model, const char *glob, vt_named_tensor *found, int capacity)
{
    int count = 0;
    for (int i = 0; model && i < model->value_count; i++) {
        const named_value *v = &model->values[i];
        if (!is_there(v) || (glob && !glob_matches(glob, v->name))) continue;
        if (found && count < capacity) found[count] = (vt_named_tensor){ .name = v->name, .tensor = v->tensor };
        count++;
    }
    return count;
}

/* ": a, b, c", or that there are none. */
static const char *list_values(const vt_model *model, char *text, size_t size)
{
    size_t used = 0;
    snprintf(text, size, "; nothing has been named in the scopes under way");
    for (int i = 0; model && i < model->value_count && used + 4 < size; i++) {
        if (!is_there(&model->values[i])) continue;
        int added = snprintf(text + used, size - used, "%s%s", used ? ", " : "; there are ", model->values[i].name);
        used += added > 0 ? (size_t)added : 0;
    }
    return text;
}

vt_tensor vt_model_value_at(vt_site at, const vt_model *model, const char *name)
{
    char names[1024];
    if (vt_failed()) return VT_INERT;
    if (!name) return refuse_call("model_value", at, VT_ERROR_ARGUMENT, "the name is NULL");
    for (int i = 0; model && i < model->value_count; i++)
        if (has_name(model, i, name) && is_there(&model->values[i])) return model->values[i].tensor;
    return refuse_call("model_value", at, VT_ERROR_ARGUMENT, "no value is named \"%s\"%s", name,
                       list_values(model, names, sizeof names));
}
