/* model.c - the registry of a model's tensors. */
#include "core/graph/refuse.h"
#include "core/tensor/persist.h"
#include "core/base/error.h"
#include "core/base/entry.h"
#include "core/base/grow.h"
#include "core/context.h"
#include "core/run/run.h"
#include "nn/glob.h"
#include "nn/model.h"
#include <vitro/vitro.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Memory that ends with a model. */
typedef struct model_memory {
    _Alignas(16) struct model_memory *next;
} model_memory;

vt_model *vt_model_new(void)
{
    vt_model *model = calloc(1, sizeof *model);
    if (!model) raise_error(VT_ERROR_MEMORY, (vt_site){ 0 }, "out of memory for a model");
    return model;
}

void vt_model_free(vt_model *model)
{
    if (!model) return;
    for (int i = 0; i < model->count; i++) {
        vt_free(model->entries[i].tensor);
        free((char *)model->entries[i].name);
    }
    for (int i = 0; i < model->value_count; i++) free(model->values[i].name);
    for (model_memory *m = model->memory, *next; m; m = next) {
        next = m->next;
        free(m);
    }
    free(model->entries);
    free(model->values);
    free(model);
}

void *vt_model_allocate_at(vt_site at, vt_model *model, int64_t count, size_t size)
{
    if (vt_failed()) return NULL;
    if (!model || count < 0) {
        refuse_call("model_allocate", at, VT_ERROR_ARGUMENT, "%s", model ? "count is negative" : "model is NULL");
        return NULL;
    }
    bool fits = !size || (uint64_t)count <= (SIZE_MAX / 2) / size;
    model_memory *m = fits ? calloc(1, sizeof *m + (size_t)count * size) : NULL;
    if (!m) {
        refuse_call("model_allocate", at, VT_ERROR_MEMORY, "out of memory for %lld times %zu bytes", (long long)count,
                    size);
        return NULL;
    }
    m->next = model->memory;
    model->memory = m;
    return m + 1;
}

vt_path vt_root(vt_model *model)
{
    return (vt_path){ .model = model };
}

vt_path vt_subpath(vt_path path, const char *format, ...)
{
    size_t used = strnlen(path.prefix, sizeof path.prefix), room = sizeof path.prefix - used;
    if (!format || room == 0) {
        raise_error(VT_ERROR_ARGUMENT, (vt_site){ 0 },
                    format ? "subpath: the path's prefix has no end" : "subpath: format is NULL");
        return (vt_path){ .model = path.model };
    }
    va_list list;
    va_start(list, format);
    int added = vsnprintf(path.prefix + used, room, format, list);
    va_end(list);
    if (added < 0 || (size_t)added + 2 > room)
        raise_error(VT_ERROR_ARGUMENT, (vt_site){ 0 }, "subpath: a name of more than %zu characters",
                    sizeof path.prefix);
    else
        memcpy(path.prefix + used + added, ".", 2);
    return path;
}

static bool add_entry(vt_model *model, vt_named_tensor entry)
{
    if (!grow(&model->entries, (size_t)model->count, &model->capacity, sizeof entry)) return false;
    model->entries[model->count++] = entry;
    return true;
}

static vt_tensor drawn(const vt_parameter_args *a, vt_dtype dtype)
{
    switch (a->init) {
    case VT_INIT_NORMAL: return vt_normal(a->shape, .std = a->value, .dtype = dtype);
    case VT_INIT_TRUNCATED_NORMAL: return vt_truncated_normal(a->shape, .std = a->value, .dtype = dtype);
    case VT_INIT_UNIFORM: return vt_uniform(a->shape, .low = -a->value, .high = a->value, .dtype = dtype);
    default: return vt_full(a->shape, a->value, .dtype = dtype);
    }
}

/* A tensor that outlives every scope, with the values drawn. */
static value *new_tensor(context *c, const vt_parameter_args *a, vt_dtype dtype)
{
    if (!frame_push(c)) return NULL;
    value *v = value_persist(c, drawn(a, dtype));
    frame_pop(c);
    return v;
}

static bool grid_fits(const vt_grid *g, vt_shape shape)
{
    int64_t count;
    if (g->rows == 0) return true;
    return g->axis >= 0 && g->axis < shape.rank && g->prefix >= 0 && g->rows > 0 && g->columns >= 0 &&
           !__builtin_mul_overflow(g->rows, g->columns ? g->columns : 1, &count) &&
           !__builtin_add_overflow(count, g->prefix, &count) && count == shape.dim[g->axis];
}

static vt_tensor register_tensor(const vt_parameter_args *a, vt_dtype dtype, bool is_parameter)
{
    const char *call = is_parameter ? "parameter" : "buffer", *name = a->name;
    const vt_site at = a->at_;
    ENTER(call, at);
    context *c = context_get();
    char full[256];
    if (vt_failed()) return VT_INERT;
    if (!name || !*name) return refuse_call(call, at, VT_ERROR_ARGUMENT, "the name is %s", name ? "empty" : "NULL");
    if (!memchr(a->path.prefix, 0, sizeof a->path.prefix))
        return refuse_call(call, at, VT_ERROR_ARGUMENT, "\"%s\": the path's prefix has no end", name);
    if (!a->path.model) return refuse_call(call, at, VT_ERROR_ARGUMENT, "\"%s\" has no model to belong to", name);
    if ((int)a->init < 0 || a->init > VT_INIT_UNIFORM)
        return refuse_call(call, at, VT_ERROR_ARGUMENT, "\"%s\": its initialisation is %d, which is no VT_INIT_...",
                           name, (int)a->init);
    if (!grid_fits(&a->grid, a->shape))
        return refuse_call(call, at, VT_ERROR_ARGUMENT,
                           "\"%s\": %lld entries, then a grid of %lld by %lld, are not what its axis %d has", name,
                           (long long)a->grid.prefix, (long long)a->grid.rows, (long long)a->grid.columns,
                           a->grid.axis);
    if (snprintf(full, sizeof full, "%s%s", a->path.prefix, name) >= (int)sizeof full)
        return refuse_call(call, at, VT_ERROR_ARGUMENT, "the name \"%s...\" is too long", full);
    if (vt_model_find(a->path.model, full).id)
        return refuse_call(call, at, VT_ERROR_ARGUMENT, "the name \"%s\" is taken", full);
    value *v = new_tensor(c, a, dtype);
    if (!v) return VT_INERT;
    char *owned = strdup(full);
    if (!owned ||
        !add_entry(a->path.model, (vt_named_tensor){ owned, v->handle, is_parameter, a->no_decay, a->grid, false })) {
        free(owned);
        value_end(c, v);
        return refuse_call(call, at, VT_ERROR_MEMORY, "out of memory for \"%s\"", full);
    }
    v->trainable = v->needs_gradient = is_parameter;
    return v->handle;
}

vt_tensor vt_parameter_with(const vt_parameter_args *a)
{
    NEED_ARGUMENTS("parameter", a, VT_INERT);
    return register_tensor(a, VT_DTYPE_DEFAULT, true);
}

vt_tensor vt_buffer_at(vt_site at, vt_path path, const char *name, vt_shape shape, double value, vt_dtype dtype)
{
    return register_tensor(&(vt_parameter_args){ .at_ = at, path, name, shape, VT_INIT_CONSTANT, value }, dtype, false);
}

int vt_model_size(const vt_model *model)
{
    return model ? model->count : 0;
}

vt_named_tensor vt_model_entry(const vt_model *model, int index)
{
    return index >= 0 && index < vt_model_size(model) ? model->entries[index] : (vt_named_tensor){ .name = "" };
}

vt_tensor vt_model_find(const vt_model *model, const char *name)
{
    for (int i = 0; name && i < vt_model_size(model); i++)
        if (strcmp(model->entries[i].name, name) == 0) return model->entries[i].tensor;
    return VT_INERT;
}

static int64_t count_elements(const vt_model *model, bool parameters)
{
    int64_t count = 0;
    for (int i = 0; i < vt_model_size(model); i++)
        if (model->entries[i].is_parameter == parameters) count += vt_count(model->entries[i].tensor);
    return count;
}

int64_t vt_model_parameter_count(const vt_model *model)
{
    return count_elements(model, true);
}

int64_t vt_model_buffer_count(const vt_model *model)
{
    return count_elements(model, false);
}

bool vt_name_matches(const char *name, const char *glob)
{
    return name && (!glob || glob_matches(glob, name));
}

static bool is_chosen(const vt_named_tensor *e, const char *glob)
{
    return e->is_parameter && vt_name_matches(e->name, glob);
}

int vt_model_set_trainable(vt_model *model, const char *glob, bool trainable)
{
    int found = 0;
    for (int i = 0; i < vt_model_size(model); i++) {
        if (!is_chosen(&model->entries[i], glob)) continue;
        vt_set_trainable(model->entries[i].tensor, trainable);
        found++;
    }
    return found;
}

static bool draw_again(context *c, vt_tensor x, vt_init init, double init_value)
{
    value *v = value_of(c, x);
    if (!v || !frame_push(c)) return false;
    const vt_parameter_args as = { .shape = v->spec.shape, .init = init, .value = init_value };
    bool ok = value_renew(c, v, drawn(&as, v->spec.dtype));
    frame_pop(c);
    return ok;
}

int vt_model_init_at(vt_site at, vt_model *model, const char *glob, vt_init init, double value)
{
    ENTER("model_init", at);
    context *c = context_get();
    int found = 0;
    if (vt_failed()) return 0;
    if ((int)init < 0 || init > VT_INIT_UNIFORM) {
        refuse_call("model_init", at, VT_ERROR_ARGUMENT, "init is %d, which is no VT_INIT_...", (int)init);
        return 0;
    }
    if (!run(c, NULL, 0, RUN_EVERYTHING)) return 0; /* what was recorded before sees what they held before */
    for (int i = 0; i < vt_model_size(model); i++) {
        if (!is_chosen(&model->entries[i], glob)) continue;
        if (!draw_again(c, model->entries[i].tensor, init, value)) return found;
        found++;
    }
    return found;
}
