/* model_load.c - a model's tensors from a file that has them, under the same names or others. */
#include "core/base/array.h"
#include "core/base/dtype.h"
#include "core/base/entry.h"
#include "core/base/error.h"
#include "core/graph/refuse.h"
#include "core/tensor/persist.h"
#include "train/fit.h"
#include "train/rename.h"
#include <vitro/checkpoint.h>
#include <vitro/tensor.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A tensor of the model. */
typedef struct target {
    vt_named_tensor entry;
    vt_dtype dtype;
    vt_shape shape;
    const renamed_tensor *from; /* NULL: it stays as it is */
    fit_kind fit;               /* how that is made to fit; FIT_NONE: it fits */
    void *data;                 /* what it is to hold ... */
    buffer *room;               /* ... where it will hold it; NULL where it is copied */
} target;

typedef struct loading {
    const vt_model_load_args *a;
    vt_tensor_file *file;
    arena memory;
    renamed_tensors renamed;
    bool *expected; /* of each of these, whether the model has it */
    target *targets;
    int count;
    int untold; /* of what does not fit, that there is no room for in the message */
    char message[400];
} loading;

static bool out_of_memory(const loading *l)
{
    return raise_error(VT_ERROR_MEMORY, l->a->at_, "model_load: out of memory");
}

/* -- What fits ----------------------------------------------------------------------------------------------------- */

/* A line of the report, and a few words of the message. */
static void complain(loading *l, const char *what, const char *line, const char *words)
{
    size_t used = strlen(l->message);
    if (l->a->report) fprintf(l->a->report, "%s: %s\n", what, line);
    if (used + strlen(words) + 3 > sizeof l->message)
        l->untold++;
    else
        snprintf(l->message + used, sizeof l->message - used, "%s%s", used ? ", " : "", words);
}

static void complain_of_missing(loading *l, const target *t)
{
    char line[512], words[320], shape[128];
    snprintf(line, sizeof line, "%s %s", t->entry.name, vt_shape_text(t->shape, shape));
    snprintf(words, sizeof words, "no %s", t->entry.name);
    complain(l, "missing", line, words);
}

/* "head.weight [10, 768], in the file [1000, 768]" */
static void describe(const target *t, const renamed_tensor *found, char line[640])
{
    char own[128], other[128];
    vt_shape_text(t->shape, own);
    vt_shape_text(found->shape, other);
    snprintf(line, 640, "%s %s, in the file %s", t->entry.name, own, other);
}

static void complain_of_shape(loading *l, const target *t, const renamed_tensor *found)
{
    char line[640], words[640], own[128], other[128];
    describe(t, found, line);
    snprintf(words, sizeof words, "%s %s instead of %s", t->entry.name, vt_shape_text(found->shape, other),
             vt_shape_text(t->shape, own));
    complain(l, "another shape", line, words);
}

static void complain_of_dtype(loading *l, const target *t, vt_dtype found)
{
    char line[320], words[320];
    const char *own = vt_dtype_name(t->dtype), *other = vt_dtype_name(found);
    snprintf(line, sizeof line, "%s %s, in the file %s", t->entry.name, own, other);
    snprintf(words, sizeof words, "%s of %s instead of %s", t->entry.name, other, own);
    complain(l, "another dtype", line, words);
}

static void complain_of_unexpected(loading *l, const renamed_tensor *found)
{
    char line[512], words[320], shape[128];
    snprintf(line, sizeof line, "%.255s %s", found->name, vt_shape_text(found->shape, shape));
    snprintf(words, sizeof words, "an unexpected %.255s", found->name);
    complain(l, "unexpected", line, words);
}

/* What is as it was asked for. */
static void tell(const loading *l, const char *what, const target *t, const renamed_tensor *found)
{
    char line[640];
    describe(t, found, line);
    if (l->a->report) fprintf(l->a->report, "%s: %s\n", what, line);
}

static bool matches(const char *glob, const target *t)
{
    return glob && vt_name_matches(t->entry.name, glob);
}

static bool is_reshaped(const renamed_tensor *found)
{
    return found->pieces[0].rule && found->pieces[0].rule->reshape;
}

static bool has_shape(const target *t, const renamed_tensor *found)
{
    return vt_shape_equal(t->shape, found->shape) ||
           (is_reshaped(found) && vt_shape_count(t->shape) == vt_shape_count(found->shape));
}

static bool is_convertible(vt_dtype from, vt_dtype to)
{
    return dtype_of_tensor(from) == to || (vt_dtype_is_float(from) && vt_dtype_is_float(to));
}

/* Whether what was found has the shape, or can be made to have it. */
static bool can_fit(const loading *l, target *t, const renamed_tensor *found)
{
    if (has_shape(t, found)) return true;
    if (!vt_dtype_is_float(t->dtype)) return false;
    t->fit = fit_find(l->a->resize ? &t->entry.grid : NULL, matches(l->a->channels, t), found->shape, t->shape);
    if (t->fit != FIT_NONE) tell(l, t->fit == FIT_GRID ? "resized" : "other channels", t, found);
    return t->fit != FIT_NONE;
}

static void find_source(loading *l, target *t)
{
    const renamed_tensor *found = renamed_find(&l->renamed, t->entry.name);
    const bool replaceable = matches(l->a->replaceable, t);
    if (!found) {
        if (!replaceable) complain_of_missing(l, t);
        return;
    }
    l->expected[found - l->renamed.tensors] = true;
    if (!can_fit(l, t, found)) {
        if (replaceable)
            tell(l, "replaced", t, found);
        else
            complain_of_shape(l, t, found);
        return;
    }
    for (int i = 0; i < found->count; i++) {
        vt_dtype dtype = found->pieces[i].source.dtype;
        if (is_convertible(dtype, t->dtype)) continue;
        complain_of_dtype(l, t, dtype);
        return;
    }
    t->from = found;
}

/* A head of another form, of which the model has no such tensor. */
static bool is_replaced(const loading *l, const renamed_tensor *found)
{
    return l->a->replaceable && vt_name_matches(found->name, l->a->replaceable);
}

static bool find_sources(loading *l)
{
    for (int i = 0; i < l->count; i++) find_source(l, &l->targets[i]);
    for (size_t i = 0; i < l->renamed.count; i++)
        if (!l->expected[i] && !is_replaced(l, &l->renamed.tensors[i]))
            complain_of_unexpected(l, &l->renamed.tensors[i]);
    if (!*l->message || l->a->partial) return true;
    char more[32] = "";
    if (l->untold) snprintf(more, sizeof more, " and %d more", l->untold);
    return raise_error(VT_ERROR_FILE, l->a->at_, "%s is not of this model: it has %s%s", l->a->path, l->message, more);
}

/* -- Elements ------------------------------------------------------------------------------------------------------ */

static void *element(const array *a, int64_t offset)
{
    return (char *)a->data + offset * (int64_t)vt_dtype_size(a->dtype);
}

/* What the rule takes of the elements in the file. */
static array piece_of(const rename_piece *piece, void *elements)
{
    const vt_name_rule *rule = piece->rule;
    int order[VT_MAX_RANK];
    array from = array_contiguous(elements, piece->source.dtype, piece->source.shape);
    if (!rule) return from;
    if (rule->slices > 0) {
        int axis = rename_axis(rule, from.shape);
        from.shape.dim[axis] /= rule->slices;
        from.data = element(&from, rule->slice * from.shape.dim[axis] * from.stride[axis]);
    }
    rename_order(rule, from.shape.rank, order);
    return array_permute(from, order);
}

/* Where a piece goes that begins at *begin along the axis that pieces stand behind one another on. */
static array place_for(const target *t, const rename_piece *piece, const array *from, int64_t *begin)
{
    array to = array_contiguous(t->data, t->dtype, t->from->shape);
    if (t->from->count == 1) return to;
    int axis = rename_axis(piece->rule, to.shape);
    to.data = element(&to, *begin * to.stride[axis]);
    to.shape.dim[axis] = from->shape.dim[axis];
    *begin += to.shape.dim[axis];
    return to;
}

static bool read_piece(const loading *l, const target *t, const rename_piece *piece, int64_t *begin)
{
    const vt_stored_tensor *source = &piece->source;
    size_t size = (size_t)vt_shape_count(source->shape) * vt_dtype_size(source->dtype);
    bool as_it_is = !piece->rule || (!piece->rule->slices && !piece->rule->axes.count);
    if (as_it_is && t->from->count == 1 && source->dtype == t->dtype)
        return vt_tensor_file_read_at(l->a->at_, l->file, source->name, t->data, size);
    void *elements = malloc(size + 1);
    if (!elements) return out_of_memory(l);
    bool fine = vt_tensor_file_read_at(l->a->at_, l->file, source->name, elements, size);
    array from = piece_of(piece, elements), to = place_for(t, piece, &from, begin);
    if (fine) array_copy(&to, &from);
    free(elements);
    return fine;
}

static void *allocate(const target *t, vt_shape shape)
{
    return malloc((size_t)vt_shape_count(shape) * vt_dtype_size(t->dtype) + 1);
}

/* Memory for what the tensor is to hold. */
static void *allocate_room(target *t)
{
    context *c = context_get();
    t->room = value_room(c, value_of(c, t->entry.tensor));
    if (t->room) return t->room->data;
    return vt_failed() ? NULL : allocate(t, t->shape);
}

/* In place of what was read, that of the model's shape. */
static bool fit(const loading *l, target *t)
{
    void *fitted = allocate_room(t);
    if (!fitted) return out_of_memory(l);
    bool fine = fit_elements(l->a->at_, t->fit, &t->entry.grid, t->dtype, t->from->shape, t->data, t->shape, fitted);
    free(t->data);
    t->data = fitted;
    return fine;
}

static bool read_target(const loading *l, target *t)
{
    int64_t begin = 0;
    t->data = t->fit == FIT_NONE ? allocate_room(t) : allocate(t, t->from->shape);
    if (!t->data) return out_of_memory(l);
    for (int i = 0; i < t->from->count; i++)
        if (!read_piece(l, t, &t->from->pieces[i], &begin)) return false;
    return t->fit == FIT_NONE || fit(l, t);
}

static void forget(target *t)
{
    if (!t->room) free(t->data);
    buffer_release(context_get(), t->room);
    t->room = NULL;
    t->data = NULL;
}

static void write_target(const loading *l, target *t)
{
    if (t->room) {
        value_move_in(value_of(context_get(), t->entry.tensor), t->room);
        t->data = t->room = NULL;
    } else {
        vt_write_at(l->a->at_, t->entry.tensor, t->data);
    }
    forget(t);
}

/* Nothing is written before everything has been read; what has been written is not kept twice. What was recorded
 * before sees what the model held before. */
static bool load(loading *l)
{
    vt_flush();
    for (int i = 0; i < l->count; i++)
        if (l->targets[i].from && !read_target(l, &l->targets[i])) return false;
    for (int i = 0; i < l->count && !vt_failed(); i++)
        if (l->targets[i].from) write_target(l, &l->targets[i]);
    return !vt_failed();
}

/* -- The call ------------------------------------------------------------------------------------------------------ */

static bool list_targets(loading *l)
{
    l->count = vt_model_size(l->a->model);
    l->targets = calloc((size_t)l->count + 1, sizeof *l->targets);
    l->expected = calloc(l->renamed.count + 1, sizeof *l->expected);
    if (!l->targets || !l->expected) return out_of_memory(l);
    for (int i = 0; i < l->count; i++) {
        vt_named_tensor entry = vt_model_entry(l->a->model, i);
        l->targets[i] =
            (target){ .entry = entry, .dtype = vt_dtype_of(entry.tensor), .shape = vt_shape_of(entry.tensor) };
    }
    return !vt_failed();
}

bool vt_model_load_with(const vt_model_load_args *a)
{
    NEED_ARGUMENTS("model_load", a, false);
    ENTER("model_load", a->at_);
    if (vt_failed()) return false;
    if (!a->path || !a->model) {
        refuse_call("model_load", a->at_, VT_ERROR_ARGUMENT, a->path ? "there is no model" : "the path is NULL");
        return false;
    }
    loading l = { .a = a, .memory = { .block_size = 1 << 14 } };
    l.file = vt_tensor_file_open_with(&(vt_tensor_file_args){ .at_ = a->at_, .path = a->path, .part = a->part });
    bool fine = l.file && rename_tensors(a->at_, a->path, l.file, a->rules, &l.memory, &l.renamed) &&
                list_targets(&l) && find_sources(&l) && load(&l);
    for (int i = 0; l.targets && i < l.count; i++) forget(&l.targets[i]);
    free(l.targets);
    free(l.expected);
    arena_free(&l.memory);
    vt_tensor_file_close(l.file);
    return fine;
}
