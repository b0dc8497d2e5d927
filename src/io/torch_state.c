/* torch_state.c - the tensors of a state dict, each of its numbers held against the file. */
#include "torch_state.h"
#include "extent.h"
#include "torch_class.h"
#include "unreadable.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool torch_class_is_known(const char *name)
{
    return torch_class_find(name) != NULL;
}

typedef struct reader {
    vt_site at;
    const input_file *file;
    torch_storages storages;
    stored_tensors *all;
    uint64_t looked_at; /* values, in search of the dictionary */
} reader;

/* A file that says the same thing very often in few bytes is not to keep a reader busy, nor to fill the memory. */
enum { MOST_LOOKED_AT = 1 << 24, MOST_TENSORS = 1 << 17, LONGEST_NAME = 1000 };

#define REFUSE(r, ...) unreadable((r)->at, (r)->file->path, __VA_ARGS__)

/* ---- dictionaries ---- */

/* What collections.OrderedDict was made of, as Python 2 wrote it, and what was set in it then. */
typedef struct dict {
    const pickle_value *pairs; /* NULL where there are none */
    const pickle_value *items;
} dict;

static bool is_sequence(const pickle_value *value)
{
    return value->kind == PICKLE_LIST || value->kind == PICKLE_TUPLE;
}

static torch_role role_of(const pickle_value *object)
{
    return object->kind == PICKLE_OBJECT ? torch_class_find(object->made_by)->role : TORCH_ANYTHING;
}

static bool is_dict(const pickle_value *value, dict *d)
{
    *d = (dict){ NULL, value };
    if (value->kind == PICKLE_DICT) return true;
    if (role_of(value) != TORCH_DICT) return false;
    const pickle_value *arguments = value->arguments;
    if (arguments->count > 0 && is_sequence(arguments->items[0])) d->pairs = arguments->items[0];
    return true;
}

static uint64_t pair_count(const dict *d)
{
    return d->pairs ? d->pairs->count : 0;
}

static uint64_t dict_size(const dict *d)
{
    return pair_count(d) + d->items->count / 2;
}

/* False for a pair that is none. */
static bool dict_get(const dict *d, uint64_t i, const pickle_value **key, const pickle_value **value)
{
    const pickle_value *const *item;
    if (i >= pair_count(d)) {
        item = d->items->items + 2 * (i - pair_count(d));
    } else {
        const pickle_value *pair = d->pairs->items[i];
        if (!is_sequence(pair) || pair->count != 2) return false;
        item = pair->items;
    }
    *key = item[0];
    *value = item[1];
    return true;
}

/* NULL where there is no such key. */
static const pickle_value *dict_find(const dict *d, const char *name)
{
    const pickle_value *key, *value;
    for (uint64_t i = 0; i < dict_size(d); i++)
        if (dict_get(d, i, &key, &value) && pickle_is_text(key, name)) return value;
    return NULL;
}

/* ---- tensors ---- */

/* The function that would make it, and its arguments. */
typedef struct rebuilt {
    torch_role role;
    const pickle_value *arguments;
} rebuilt;

/* A parameter of a parameter of a tensor is still one, but not without end. */
enum { DEEPEST = 8 };

static rebuilt of_subclass(const pickle_value *arguments)
{
    bool fits =
        arguments->count >= 3 && arguments->items[0]->kind == PICKLE_CLASS && arguments->items[2]->kind == PICKLE_TUPLE;
    if (!fits) return (rebuilt){ TORCH_ANYTHING, arguments };
    return (rebuilt){ torch_class_find(arguments->items[0]->bytes)->role, arguments->items[2] };
}

static bool is_tensor(const pickle_value *value, rebuilt *r)
{
    for (int depth = 0; depth < DEEPEST && value->kind == PICKLE_OBJECT; depth++) {
        *r = (rebuilt){ role_of(value), value->arguments };
        if (r->role == TORCH_SUBCLASS) *r = of_subclass(value->arguments);
        if (r->role == TORCH_TENSOR || r->role == TORCH_TYPED_TENSOR) return true;
        if (r->role != TORCH_PARAMETER || r->arguments->count == 0) return false;
        value = r->arguments->items[0];
    }
    return false;
}

static bool is_integer(const pickle_value *value)
{
    return value->kind == PICKLE_INTEGER && value->integer >= 0;
}

bool torch_reference_read(vt_site at, const char *path, const pickle_value *outside, torch_reference *reference)
{
    const pickle_value *id = outside->kind == PICKLE_OUTSIDE ? outside->arguments : outside;
    const pickle_value *const *part = id->items;
    bool fits = outside != id && id->kind == PICKLE_TUPLE && id->count >= 5 && pickle_is_text(part[0], "storage") &&
                part[1]->kind == PICKLE_CLASS && part[2]->kind == PICKLE_TEXT && is_integer(part[4]);
    const torch_class *class = fits ? torch_class_find(part[1]->bytes) : NULL;
    if (!fits || class->role != TORCH_STORAGE)
        return unreadable(at, path,
                          "what stands in the place of a storage is not ('storage', its class, its key, a "
                          "device, its number of elements)");
    if (id->count > 5 && part[5]->kind != PICKLE_NONE)
        return unreadable(at, path,
                          "storage %s is a part of another, as PyTorch before 0.4 wrote it: load it in Python "
                          "and save it again",
                          part[2]->bytes);
    *reference = (torch_reference){ part[2]->bytes, class->dtype, class->name, part[4]->integer };
    return true;
}

/* A tuple of numbers, or torch.Size of one. */
static bool read_numbers(const pickle_value *value, int64_t number[VT_MAX_RANK], uint64_t *count)
{
    if (role_of(value) == TORCH_SIZE && value->arguments->count == 1) value = value->arguments->items[0];
    if (!is_sequence(value)) return false;
    *count = value->count;
    for (uint64_t i = 0; i < value->count && i < VT_MAX_RANK; i++) {
        if (!is_integer(value->items[i])) return false;
        number[i] = value->items[i]->integer;
    }
    return true;
}

static bool read_shape(const reader *r, const pickle_value *const *part, stored_tensor *tensor)
{
    uint64_t rank, strides;
    if (!read_numbers(part[2], tensor->shape.dim, &rank))
        return REFUSE(r, "the shape of tensor '%s' is not a tuple of integers that are 0 or more", tensor->name);
    if (rank > VT_MAX_RANK)
        return REFUSE(r, "tensor '%s' has %" PRIu64 " axes, and %d are supported", tensor->name, rank, VT_MAX_RANK);
    tensor->shape.rank = (int)rank;
    if (!read_numbers(part[3], tensor->stride, &strides) || strides != rank)
        return REFUSE(r, "the strides of tensor '%s' are not a tuple of %" PRIu64 " integers that are 0 or more",
                      tensor->name, rank);
    return true;
}

static bool read_dtype(const reader *r, const rebuilt *t, const torch_reference *storage, stored_tensor *tensor)
{
    const char *name = storage->class_name;
    tensor->dtype = storage->dtype;
    if (t->role == TORCH_TYPED_TENSOR) {
        const pickle_value *own = t->arguments->count > 6 ? t->arguments->items[6] : NULL;
        const torch_class *class = own && own->kind == PICKLE_CLASS ? torch_class_find(own->bytes) : NULL;
        if (!class || class->role != TORCH_DTYPE) return REFUSE(r, "tensor '%s' has no dtype", tensor->name);
        name = class->name;
        tensor->dtype = class->dtype;
    }
    return tensor->dtype ||
           REFUSE(r, "tensor '%s' is of %s; f32, f64, f16, bf16, i8 to i64, u8 to u32 and bool are supported",
                  tensor->name, name);
}

static bool find_storage(const reader *r, const torch_reference *reference, const char *name, torch_storage *storage)
{
    uint64_t bytes;
    if (!r->storages.find(r->storages.container, reference->key, storage))
        return REFUSE(r, "tensor '%s' is in storage %s, which the file has not", name, reference->key);
    size_t size = reference->dtype ? vt_dtype_size(reference->dtype) : 0;
    vt_shape shape = { 1, { reference->count } };
    if (size == 0 || (extent_bytes(shape, size, &bytes) && bytes == storage->size)) return true;
    return REFUSE(r, "storage %s of tensor '%s' has %" PRIu64 " bytes, and should have %" PRId64 " elements of %zu",
                  reference->key, name, storage->size, reference->count, size);
}

/* The elements that the strides reach, from the first to behind the last; false where that is no number. */
static bool reach(const stored_tensor *tensor, int64_t offset, int64_t *end)
{
    *end = offset;
    for (int axis = 0; axis < tensor->shape.rank; axis++) {
        int64_t way;
        if (__builtin_mul_overflow(tensor->shape.dim[axis] - 1, tensor->stride[axis], &way)) return false;
        if (__builtin_add_overflow(*end, way, end)) return false;
    }
    return !__builtin_add_overflow(*end, 1, end);
}

/* Every element lies in the storage. A view that repeats elements may have more than the storage has, but what a file
 * makes a reader allocate is bounded by what the file has. */
static bool check_view(const reader *r, const stored_tensor *tensor, int64_t offset, const torch_storage *storage)
{
    char shape[128];
    size_t size = vt_dtype_size(tensor->dtype);
    uint64_t bytes, elements = storage->size / size;
    int64_t end;
    vt_shape_text(tensor->shape, shape);
    if (!extent_bytes(tensor->shape, size, &bytes))
        return REFUSE(r, "the size of tensor '%s', %s %s, overflows", tensor->name, vt_dtype_name(tensor->dtype),
                      shape);
    if (bytes == 0) return true;
    if (!reach(tensor, offset, &end) || (uint64_t)end > elements)
        return REFUSE(
            r, "tensor '%s', %s %s from element %" PRId64 " on, reaches beyond its storage of %" PRIu64 " elements",
            tensor->name, vt_dtype_name(tensor->dtype), shape, offset, elements);
    return bytes / size <= r->file->size ||
           REFUSE(
               r,
               "tensor '%s', %s, repeats elements until they are more than the file has bytes: save its contiguous()",
               tensor->name, shape);
}

static bool list_tensor(const reader *r, const char *name, const rebuilt *t)
{
    stored_tensor tensor = { .name = (char *)name };
    const pickle_value *const *part = t->arguments->items;
    torch_reference reference;
    torch_storage storage;
    if (t->arguments->count < 4)
        return REFUSE(r, "tensor '%s' is made of less than a storage, an offset, a shape and strides", name);
    if (!torch_reference_read(r->at, r->file->path, part[0], &reference) || !read_dtype(r, t, &reference, &tensor) ||
        !find_storage(r, &reference, name, &storage) || !read_shape(r, part, &tensor))
        return false;
    if (!is_integer(part[1])) return REFUSE(r, "the offset of tensor '%s' is not an integer that is 0 or more", name);
    uint64_t metadata = t->role == TORCH_TYPED_TENSOR ? 7 : 6;
    if (t->arguments->count > metadata && part[metadata]->kind == PICKLE_DICT && part[metadata]->count > 0)
        return REFUSE(r, "tensor '%s' is a view of the negative or the conjugate: save its resolve_neg()", name);
    if (!check_view(r, &tensor, part[1]->integer, &storage)) return false;
    /* Where there are no elements, the offset may lie anywhere. */
    tensor.begin = storage.begin;
    if (vt_shape_count(tensor.shape) > 0) tensor.begin += (uint64_t)part[1]->integer * vt_dtype_size(tensor.dtype);
    return stored_tensors_add(r->at, r->all, tensor);
}

/* ---- which dictionary ---- */

static bool holds_tensors(reader *r, const dict *d)
{
    const pickle_value *key, *value;
    rebuilt t;
    for (uint64_t i = 0; i < dict_size(d) && r->looked_at++ < MOST_LOOKED_AT; i++)
        if (dict_get(d, i, &key, &value) && is_tensor(value, &t)) return true;
    return false;
}

/* Under what names training programs keep a state dict, those of moving averages first, as timm has it. */
static const char *const usual_parts[] = { "state_dict_ema",   "model_ema", "state_dict", "model",
                                           "model_state_dict", "net",       "module",     "weights" };

static bool find_usual_part(reader *r, const dict *d, dict *part)
{
    for (size_t i = 0; i < sizeof usual_parts / sizeof *usual_parts; i++) {
        const pickle_value *value = dict_find(d, usual_parts[i]);
        if (value && is_dict(value, part) && holds_tensors(r, part)) return true;
    }
    return false;
}

/* Writes the names of those that hold tensors into text, and how many they are. */
static int find_parts(reader *r, const dict *d, dict *part, char *text, size_t size)
{
    int found = 0;
    size_t used = 0;
    const pickle_value *key, *value;
    dict candidate;
    *text = 0;
    for (uint64_t i = 0; i < dict_size(d); i++) {
        if (!dict_get(d, i, &key, &value) || key->kind != PICKLE_TEXT) continue;
        if (!is_dict(value, &candidate) || !holds_tensors(r, &candidate)) continue;
        *part = candidate;
        if (used < size)
            used += (size_t)snprintf(text + used, size - used, "%s\"%.60s\"", found ? ", " : "", key->bytes);
        found++;
    }
    return found;
}

static bool choose_part(reader *r, const dict *root, dict *part)
{
    char names[400];
    if (find_usual_part(r, root, part)) return true;
    *part = *root;
    if (holds_tensors(r, root)) return true;
    int found = find_parts(r, root, part, names, sizeof names);
    if (found == 0) return REFUSE(r, "there are no tensors in its dictionary, nor in the dictionaries of that");
    return found == 1 ||
           REFUSE(r, "tensors are in several parts of it, and .part is to say in which to look: %s", names);
}

static bool find_part(reader *r, const dict *root, const char *path, dict *part)
{
    *part = *root;
    for (const char *end; *path; path = *end ? end + 1 : end) {
        char name[256];
        end = strchrnul(path, '.');
        snprintf(name, sizeof name, "%.*s", (int)(end - path), path);
        const pickle_value *value = dict_find(part, name);
        if (!value) return REFUSE(r, "it has no part \"%s\"", name);
        if (!is_dict(value, part)) return REFUSE(r, "its part \"%s\" is no dictionary", name);
    }
    return holds_tensors(r, part) || REFUSE(r, "there are no tensors in that part of it");
}

static bool check_name(const reader *r, const pickle_value *key)
{
    if (key->kind != PICKLE_TEXT) return REFUSE(r, "a tensor is there under a key that is no text");
    if (key->count > LONGEST_NAME)
        return REFUSE(r, "the name of a tensor has %" PRIu64 " bytes, and %d are the most", key->count, LONGEST_NAME);
    for (uint64_t i = 0; i < key->count; i++) {
        unsigned char c = (unsigned char)key->bytes[i];
        if (c >= ' ' && c != 0x7f) continue;
        return REFUSE(r, "the name of a tensor has byte 0x%02x in it, which is no character, behind \"%.*s\"", c,
                      (int)i, key->bytes);
    }
    return true;
}

static bool list_dict(const reader *r, const dict *d)
{
    const pickle_value *key, *value;
    rebuilt t;
    for (uint64_t i = 0; i < dict_size(d); i++) {
        if (!dict_get(d, i, &key, &value) || !is_tensor(value, &t)) continue;
        if (r->all->count == MOST_TENSORS) return REFUSE(r, "it has more than %d tensors", MOST_TENSORS);
        if (!check_name(r, key) || !list_tensor(r, key->bytes, &t)) return false;
    }
    return true;
}

/* What torch.nn.DataParallel and torch.compile put before every name. */
static const char *const wrappers[] = { "module.", "_orig_mod." };

static bool strip(stored_tensors *all, const char *prefix)
{
    size_t length = strlen(prefix);
    for (size_t i = 0; i < all->count; i++)
        if (strncmp(all->tensor[i].name, prefix, length) != 0 || !all->tensor[i].name[length]) return false;
    for (size_t i = 0; i < all->count; i++) {
        char *name = all->tensor[i].name;
        memmove(name, name + length, strlen(name + length) + 1);
    }
    return all->count > 0;
}

static void strip_wrappers(stored_tensors *all)
{
    while (strip(all, wrappers[0]) || strip(all, wrappers[1])) {
    }
}

bool torch_state_list(vt_site at, const input_file *file, const pickle_value *root, const char *part,
                      torch_storages storages, stored_tensors *all)
{
    reader r = { .at = at, .file = file, .storages = storages, .all = all };
    dict whole, chosen;
    if (!is_dict(root, &whole))
        return REFUSE(
            &r, "what it holds is no dictionary of tensors: save a state dict, torch.save(model.state_dict(), path)");
    if (!(part ? find_part(&r, &whole, part, &chosen) : choose_part(&r, &whole, &chosen))) return false;
    if (!list_dict(&r, &chosen)) return false;
    strip_wrappers(all);
    return true;
}
