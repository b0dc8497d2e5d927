/* checkpoint.c - models, and whole training states, as safetensors files. */
#include "core/graph/refuse.h"
#include "core/base/error.h"
#include "core/base/entry.h"
#include "core/base/grow.h"
#include "core/tensor/handle.h"
#include "core/base/array.h"
#include "core/context.h"
#include "io/safetensors.h"
#include <vitro/checkpoint.h>
#include <vitro/tensor.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- The tensors of a file ----------------------------------------------------------------------------------------- */

/* A named tensor on its way between a file and the device. */
typedef struct item {
    char *name;
    vt_tensor tensor;
    void *data; /* in host memory, of the tensor's dtype */
} item;

typedef struct items {
    item *item;
    size_t count, capacity;
} items;

static void items_free(items *all)
{
    for (size_t i = 0; i < all->count; i++) {
        free(all->item[i].name);
        free(all->item[i].data);
    }
    free(all->item);
}

static bool out_of_memory(vt_site at)
{
    return raise_error(VT_ERROR_MEMORY, at, "checkpoint: out of memory");
}

static bool add_item(vt_site at, items *all, const char *prefix, const char *name, vt_tensor tensor)
{
    if (!grow(&all->item, all->count, &all->capacity, sizeof *all->item)) return out_of_memory(at);
    item *it = &all->item[all->count];
    *it = (item){ .tensor = tensor };
    if (asprintf(&it->name, "%s%s", prefix, name) < 0) return out_of_memory(at);
    all->count++;
    spec s;
    if (!spec_of(entry_get().call, at, it->name, tensor, &s)) return false;
    it->data = malloc((size_t)vt_shape_count(s.shape) * vt_dtype_size(s.dtype) + 1);
    return it->data || out_of_memory(at);
}

static bool add_model(vt_site at, items *all, const char *prefix, const vt_model *model)
{
    for (int i = 0; i < vt_model_size(model); i++) {
        vt_named_tensor e = vt_model_entry(model, i);
        if (!add_item(at, all, prefix, e.name, e.tensor)) return false;
    }
    return true;
}

static bool add_optimizer(vt_site at, items *all, const vt_optimizer *optimizer)
{
    for (int i = 0; i < vt_optimizer_state_size(optimizer); i++) {
        vt_named_tensor e = vt_optimizer_state_entry(optimizer, i);
        if (!add_item(at, all, "optimizer.", e.name, e.tensor)) return false;
    }
    return true;
}

static bool is_given(vt_site at, const char *call, const char *path, const vt_model *model)
{
    if (path && model) return true;
    refuse_call(call, at, VT_ERROR_ARGUMENT, path ? "there is no model" : "the path is NULL");
    return false;
}

static bool has_notes(vt_site at, const char *call, const vt_note *notes, int count)
{
    if (count < 0 || (!notes && count > 0)) {
        refuse_call(call, at, VT_ERROR_ARGUMENT, notes ? "%d notes; it is 0 or more" : "the list of %d notes is NULL",
                    count);
        return false;
    }
    for (int i = 0; i < count; i++) {
        if (notes[i].key) continue;
        refuse_call(call, at, VT_ERROR_ARGUMENT, "the key of note %d is NULL", i);
        return false;
    }
    return true;
}

static bool have_ends(vt_site at, const vt_note *notes, int count)
{
    for (int i = 0; i < count; i++) {
        if (memchr(notes[i].value, 0, sizeof notes[i].value)) continue;
        refuse_call("checkpoint_save", at, VT_ERROR_ARGUMENT, "the value of note \"%s\" has no end", notes[i].key);
        return false;
    }
    return true;
}

/* -- Saving -------------------------------------------------------------------------------------------------------- */

static bool save(vt_site at, const char *path, const items *all, const safetensors_note *notes, size_t note_count)
{
    safetensors_tensor *tensors = calloc(all->count + 1, sizeof *tensors);
    bool ok = tensors || out_of_memory(at);
    for (size_t i = 0; ok && i < all->count; i++) {
        const item *it = &all->item[i];
        tensors[i] = (safetensors_tensor){ it->name, vt_dtype_of(it->tensor), vt_shape_of(it->tensor), it->data };
        ok = vt_read_at(at, it->tensor, it->data, vt_count(it->tensor), tensors[i].dtype);
    }
    ok = ok && safetensors_write(at, path, tensors, all->count, notes, note_count);
    free(tensors);
    return ok;
}

/* As the format's notes; NULL with an error. */
static safetensors_note *notes_of(vt_site at, const vt_metadata *metadata, size_t *count)
{
    for (*count = 0; metadata && metadata[*count].key; ++*count) {
        const char *key = metadata[*count].key;
        bool twice = false;
        for (size_t i = 0; i < *count; i++) twice |= strcmp(metadata[i].key, key) == 0;
        if (!twice && metadata[*count].value) continue;
        refuse_call("model_save", at, VT_ERROR_ARGUMENT, "the metadata has \"%s\" %s", key,
                    twice ? "twice" : "without a value");
        return NULL;
    }
    safetensors_note *notes = calloc(*count + 1, sizeof *notes);
    if (!notes) out_of_memory(at);
    for (size_t i = 0; notes && i < *count; i++) notes[i] = (safetensors_note){ metadata[i].key, metadata[i].value };
    return notes;
}

bool vt_model_save_with(const vt_model_save_args *a)
{
    NEED_ARGUMENTS("model_save", a, false);
    ENTER("model_save", a->at_);
    if (vt_failed() || !is_given(a->at_, "model_save", a->path, a->model)) return false;
    items all = { 0 };
    size_t count;
    safetensors_note *notes = notes_of(a->at_, a->metadata, &count);
    bool ok = notes && add_model(a->at_, &all, "", a->model) && save(a->at_, a->path, &all, notes, count);
    items_free(&all);
    free(notes);
    return ok;
}

/* Updates that each parameter has had, in the order of the model, and first those of the optimiser. */
static char *steps_text(const vt_model *model, const vt_optimizer *optimizer)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (!stream) return NULL;
    fprintf(stream, "%" PRId64, vt_optimizer_steps(optimizer, NULL));
    for (int i = 0; i < vt_model_size(model); i++)
        fprintf(stream, " %" PRId64, vt_optimizer_steps(optimizer, vt_model_entry(model, i).name));
    return fclose(stream) == 0 ? text : NULL;
}

/* The notes that every checkpoint has. */
enum { OWN_NOTES = 4 };
static const char *const own_keys[OWN_NOTES] = { "optimizer.steps", "random.seed", "random.stream", "device.choices" };

/* "cpu:" and what the device chose by timing: a run that goes on computes by the same algorithms. */
static char *choices_note(void)
{
    const backend *device = context_get()->device;
    char *choices = device->choices ? device->choices() : strdup(""), *note = NULL;
    if (choices && asprintf(&note, "%s:%s", device->name, choices) < 0) note = NULL;
    free(choices);
    return note;
}

/* On another device than the one that chose, they mean nothing. */
static bool restore_choices(const char *note)
{
    const backend *device = context_get()->device;
    size_t length = strlen(device->name);
    if (!device->restore_choices || strncmp(note, device->name, length) != 0 || note[length] != ':')
        return strchr(note, ':') != NULL;
    return device->restore_choices(note + length + 1);
}

bool vt_checkpoint_save_at(vt_site at, const char *path, const vt_model *model, vt_optimizer *optimizer,
                           const vt_note *notes, int count)
{
    ENTER("checkpoint_save", at);
    vt_flush();
    if (vt_failed() || !is_given(at, "checkpoint_save", path, model) ||
        !has_notes(at, "checkpoint_save", notes, count) || !have_ends(at, notes, count))
        return false;
    char seed[32], stream[32];
    vt_random_state random = vt_random_get();
    snprintf(seed, sizeof seed, "%" PRIu64, random.seed);
    snprintf(stream, sizeof stream, "%" PRIu64, random.stream);
    char *steps = steps_text(model, optimizer), *choices = choices_note();
    safetensors_note *all_notes = calloc((size_t)count + OWN_NOTES, sizeof *all_notes);
    bool ok = (steps && choices && all_notes) || out_of_memory(at);
    if (ok) {
        const char *const values[OWN_NOTES] = { steps, seed, stream, choices };
        for (int i = 0; i < OWN_NOTES; i++) all_notes[i] = (safetensors_note){ own_keys[i], values[i] };
        for (int i = 0; i < count; i++) all_notes[OWN_NOTES + i] = (safetensors_note){ notes[i].key, notes[i].value };
    }
    items all = { 0 };
    ok = ok && add_model(at, &all, "model.", model) && add_optimizer(at, &all, optimizer) &&
         save(at, path, &all, all_notes, (size_t)count + OWN_NOTES);
    items_free(&all);
    free(all_notes);
    free(choices);
    free(steps);
    return ok;
}

/* -- Loading ------------------------------------------------------------------------------------------------------- */

/* Appends to a message that must fit into an error. */
static void complain(char *message, size_t size, const char *what, const char *name)
{
    size_t used = strlen(message);
    if (used + 1 < size) snprintf(message + used, size - used, "%s%s %s", used ? ", " : "", what, name);
}

static bool is_of(const safetensors_entry *e, vt_tensor x)
{
    vt_dtype dtype = vt_dtype_of(x);
    bool convertible = vt_dtype_is_float(e->dtype) && vt_dtype_is_float(dtype);
    return vt_shape_equal(e->shape, vt_shape_of(x)) && (e->dtype == dtype || convertible);
}

/* The file holds exactly these tensors. */
static bool fits(vt_site at, const char *path, const safetensors *file, const items *all)
{
    char message[400] = "", shape[128], line[256];
    size_t found = 0;
    for (size_t i = 0; i < all->count; i++) {
        const item *it = &all->item[i];
        const safetensors_entry *e = safetensors_find(file, it->name);
        found += e != NULL;
        if (!e) complain(message, sizeof message, "no", it->name);
        if (!e || is_of(e, it->tensor)) continue;
        snprintf(line, sizeof line, "%.120s %s", it->name, vt_shape_text(e->shape, shape));
        complain(message, sizeof message, "another", line);
    }
    for (size_t i = 0; found < safetensors_count(file) && i < safetensors_count(file); i++) {
        const char *name = safetensors_entries(file)[i].name;
        bool known = false;
        for (size_t k = 0; k < all->count && !known; k++) known = strcmp(all->item[k].name, name) == 0;
        if (!known) complain(message, sizeof message, "an unexpected", name);
    }
    if (!*message) return true;
    return raise_error(VT_ERROR_FILE, at, "%s is not of this model: it has %s", path, message);
}

/* The file's values, in the tensor's dtype, into the item's own memory. */
static bool fetch(vt_site at, const safetensors *file, item *it)
{
    const safetensors_entry *e = safetensors_find(file, it->name);
    vt_dtype dtype = vt_dtype_of(it->tensor);
    if (e->dtype == dtype) return safetensors_load(at, file, e, it->data);
    void *stored = malloc((size_t)vt_shape_count(e->shape) * vt_dtype_size(e->dtype) + 1);
    if (!stored) return out_of_memory(at);
    bool ok = safetensors_load(at, file, e, stored);
    array from = array_contiguous(stored, e->dtype, e->shape), to = array_contiguous(it->data, dtype, e->shape);
    if (ok) array_copy(&to, &from);
    free(stored);
    return ok;
}

/* Nothing is written before everything has been read. */
static bool load(vt_site at, const safetensors *file, items *all)
{
    for (size_t i = 0; i < all->count; i++)
        if (!fetch(at, file, &all->item[i])) return false;
    for (size_t i = 0; i < all->count; i++)
        if (!vt_write_at(at, all->item[i].tensor, all->item[i].data)) return false;
    return true;
}

static bool not_a_checkpoint(vt_site at, const char *path, const char *key)
{
    return raise_error(VT_ERROR_FILE, at, "%s is no checkpoint of this program: it has no note \"%s\"", path, key);
}

bool vt_checkpoint_notes_at(vt_site at, const char *path, vt_note *notes, int count)
{
    if (vt_failed() || !has_notes(at, "checkpoint_notes", notes, count)) return false;
    safetensors *file = safetensors_open(at, path);
    bool ok = file != NULL;
    for (int i = 0; ok && i < count; i++) {
        const char *value = safetensors_find_note(file, notes[i].key);
        ok = value || not_a_checkpoint(at, path, notes[i].key);
        if (ok) snprintf(notes[i].value, sizeof notes[i].value, "%s", value);
    }
    safetensors_close(file);
    return ok;
}

/* A number without a sign, all of the text up to `end`; NULL, or where the next begins. */
static const char *parse_number(const char *text, char end, uint64_t *number)
{
    char *rest;
    if (*text < '0' || *text > '9') return NULL;
    errno = 0;
    *number = strtoull(text, &rest, 10);
    if (errno || *rest != end) return NULL;
    return end ? rest + 1 : rest;
}

/* What steps_text wrote; sets the counts of an optimiser, NULL: only checks. */
static bool parse_steps(const char *text, const vt_model *model, vt_optimizer *optimizer)
{
    int size = vt_model_size(model);
    for (int i = -1; i < size; i++) {
        vt_named_tensor e = vt_model_entry(model, i);
        char end = i == size - 1 ? 0 : ' ';
        uint64_t steps = 0;
        if (i >= 0 && !e.is_parameter) /* -1 */
            text = *text == '-' ? parse_number(text + 1, end, &steps) : NULL;
        else
            text = parse_number(text, end, &steps);
        if (!text || steps > INT64_MAX) return false;
        if (optimizer && (i < 0 || e.is_parameter))
            vt_optimizer_set_steps(optimizer, i < 0 ? NULL : e.name, (int64_t)steps);
    }
    return true;
}

static bool find_own_notes(vt_site at, const char *path, const safetensors *file, const char *values[OWN_NOTES])
{
    for (int i = 0; i < OWN_NOTES; i++) {
        values[i] = safetensors_find_note(file, own_keys[i]);
        if (!values[i]) return not_a_checkpoint(at, path, own_keys[i]);
    }
    return true;
}

static bool parse_own_notes(vt_site at, const char *path, const char *const values[OWN_NOTES], const vt_model *model,
                            vt_random_state *random)
{
    const bool valid[OWN_NOTES] = { parse_steps(values[0], model, NULL),
                                    parse_number(values[1], 0, &random->seed) != NULL,
                                    parse_number(values[2], 0, &random->stream) != NULL, restore_choices(values[3]) };
    for (int i = 0; i < OWN_NOTES; i++)
        if (!valid[i])
            return raise_error(VT_ERROR_FILE, at, "%s is damaged: its note \"%s\" is \"%.200s\"", path, own_keys[i],
                               values[i]);
    return true;
}

/* State that the optimiser makes only when it first needs it, and the file has. */
static bool make_state(const safetensors *file, vt_optimizer *optimizer)
{
    static const char prefix[] = "optimizer.";
    for (size_t i = 0; i < safetensors_count(file); i++) {
        const char *name = safetensors_entries(file)[i].name;
        if (strncmp(name, prefix, sizeof prefix - 1) == 0) vt_optimizer_state_find(optimizer, name + sizeof prefix - 1);
    }
    return !vt_failed();
}

bool vt_checkpoint_load_at(vt_site at, const char *path, vt_model *model, vt_optimizer *optimizer)
{
    ENTER("checkpoint_load", at);
    if (vt_failed() || !is_given(at, "checkpoint_load", path, model)) return false;
    items all = { 0 };
    safetensors *file = safetensors_open(at, path);
    const char *values[OWN_NOTES];
    vt_random_state random;
    bool ok = file && find_own_notes(at, path, file, values) && make_state(file, optimizer) &&
              add_model(at, &all, "model.", model) && add_optimizer(at, &all, optimizer) &&
              fits(at, path, file, &all) && parse_own_notes(at, path, values, model, &random) && load(at, file, &all);
    if (ok) {
        parse_steps(values[0], model, optimizer);
        vt_random_set(random);
    }
    items_free(&all);
    safetensors_close(file);
    return ok;
}
