#include "safetensors.h"
#include "core/base/array.h"
#include "core/base/dtype.h"
#include "extent.h"
#include "file.h"

#include <vitro/error.h>

#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "elements are read as they are in the file");

enum { LENGTH_BYTES = 8 };

struct safetensors {
    input_file own;         /* where it was opened by its path */
    const input_file *file; /* what is read */
    json_t *header;         /* owns the names and the metadata */
    uint64_t data_start, data_bytes;
    size_t count;
    safetensors_entry *entries;
};

typedef struct stored_type {
    const char *name;
    vt_dtype dtype;
} stored_type;

static const stored_type stored_types[] = {
    { "F32", VT_F32 }, { "F64", VT_F64 }, { "F16", VT_F16 }, { "BF16", VT_BF16 },
    { "I8", VT_I8 },   { "I16", VT_I16 }, { "I32", VT_I32 }, { "I64", VT_I64 },
    { "U8", VT_U8 },   { "U16", VT_U16 }, { "U32", VT_U32 }, { "BOOL", VT_BOOL },
};

static const stored_type *find_stored_type(const char *name)
{
    for (size_t i = 0; i < sizeof stored_types / sizeof *stored_types; i++)
        if (strcmp(stored_types[i].name, name) == 0) return &stored_types[i];
    return NULL;
}

static bool VT_PRINTF(3, 4) refuse(vt_site at, const safetensors *file, const char *format, ...)
{
    char reason[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    vt_error_raise(VT_ERROR_FILE, at, "%s is not a safetensors file that can be read: %s", file->file->path, reason);
    return false;
}

static bool out_of_memory(vt_site at, const safetensors *file)
{
    vt_error_raise(VT_ERROR_MEMORY, at, "no memory to read the header of %s", file->file->path);
    return false;
}

/* ---- the header ---- */

static bool parse_header(vt_site at, safetensors *file, const char *text, size_t size)
{
    if (text[0] != '{')
        return refuse(at, file, "its header begins with byte 0x%02x, not with '{'", (unsigned char)*text);
    json_error_t error;
    file->header = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (file->header) return true;
    /* Where memory runs out, jansson 2.14 says nothing at all. */
    if (json_error_code(&error) == json_error_out_of_memory || !*error.text) return out_of_memory(at, file);
    return refuse(at, file, "its header is not JSON as it should be: %s (byte %d)", error.text, error.position);
}

static bool check_header_size(vt_site at, const safetensors *file, uint64_t size)
{
    if (size > SAFETENSORS_HEADER_LIMIT)
        return refuse(at, file, "its header has %llu bytes, and %d are the most it may have", (unsigned long long)size,
                      SAFETENSORS_HEADER_LIMIT);
    if (size > file->file->size - LENGTH_BYTES)
        return refuse(at, file, "its header has %llu bytes, and the file ends after %llu of them",
                      (unsigned long long)size, (unsigned long long)(file->file->size - LENGTH_BYTES));
    return size >= 2 ||
           refuse(at, file, "its header has %llu bytes, and the shortest, {}, has 2", (unsigned long long)size);
}

static bool read_header(vt_site at, safetensors *file)
{
    if (file->file->size < LENGTH_BYTES)
        return refuse(at, file, "it has %llu bytes, and the size of the header alone takes %d",
                      (unsigned long long)file->file->size, LENGTH_BYTES);
    uint64_t size;
    if (!input_file_read(at, file->file, 0, &size, sizeof size)) return false;
    if (!check_header_size(at, file, size)) return false;
    file->data_start = LENGTH_BYTES + size;
    file->data_bytes = file->file->size - file->data_start;

    char *text = malloc((size_t)size);
    if (!text) return out_of_memory(at, file);
    bool done =
        input_file_read(at, file->file, LENGTH_BYTES, text, (size_t)size) && parse_header(at, file, text, (size_t)size);
    free(text);
    return done;
}

/* ---- entries ---- */

static bool parse_type(vt_site at, const safetensors *file, safetensors_entry *entry, const json_t *value)
{
    if (!json_is_string(value)) return refuse(at, file, "tensor '%s' has no string \"dtype\"", entry->name);
    const stored_type *type = find_stored_type(json_string_value(value));
    if (!type)
        return refuse(at, file,
                      "tensor '%s' has dtype %s; F32, F64, F16, BF16, I8 to I64, U8 to U32 and BOOL are supported",
                      entry->name, json_string_value(value));
    entry->stored_as = type->name;
    entry->stored_dtype = type->dtype;
    entry->dtype = dtype_of_tensor(type->dtype);
    return true;
}

static bool parse_shape(vt_site at, const safetensors *file, safetensors_entry *entry, const json_t *value)
{
    if (!json_is_array(value)) return refuse(at, file, "tensor '%s' has no array \"shape\"", entry->name);
    size_t rank = json_array_size(value);
    if (rank > VT_MAX_RANK)
        return refuse(at, file, "tensor '%s' has %zu axes, and %d are supported", entry->name, rank, VT_MAX_RANK);
    entry->shape = (vt_shape){ .rank = (int)rank };
    for (size_t axis = 0; axis < rank; axis++) {
        const json_t *extent = json_array_get(value, axis);
        if (!json_is_integer(extent) || json_integer_value(extent) < 0)
            return refuse(at, file, "extent %zu in the shape of tensor '%s' is not an integer that is 0 or more", axis,
                          entry->name);
        entry->shape.dim[axis] = json_integer_value(extent);
    }
    return true;
}

static bool parse_offsets(vt_site at, const safetensors *file, safetensors_entry *entry, const json_t *value)
{
    const json_t *begin = json_array_get(value, 0), *end = json_array_get(value, 1);
    if (json_array_size(value) != 2 || !json_is_integer(begin) || !json_is_integer(end))
        return refuse(at, file, "tensor '%s' has no \"data_offsets\" of two integers", entry->name);
    long long from = json_integer_value(begin), to = json_integer_value(end);
    if (from < 0 || to < from || (uint64_t)to > file->data_bytes)
        return refuse(at, file,
                      "tensor '%s' has data_offsets [%lld, %lld], not a range in the file's %llu bytes of data",
                      entry->name, from, to, (unsigned long long)file->data_bytes);
    entry->begin = (uint64_t)from;
    entry->end = (uint64_t)to;
    return true;
}

static bool check_extent(vt_site at, const safetensors *file, const safetensors_entry *entry)
{
    char shape[128];
    vt_shape_text(entry->shape, shape);
    uint64_t bytes, given = entry->end - entry->begin;
    if (!extent_bytes(entry->shape, vt_dtype_size(entry->stored_dtype), &bytes))
        return refuse(at, file, "the size of tensor '%s', %s %s, overflows", entry->name, entry->stored_as, shape);
    return bytes == given || refuse(at, file, "tensor '%s' is %s %s, which takes %llu bytes, but has %llu", entry->name,
                                    entry->stored_as, shape, (unsigned long long)bytes, (unsigned long long)given);
}

static bool parse_entry(vt_site at, const safetensors *file, safetensors_entry *entry, const json_t *value)
{
    if (!json_is_object(value))
        return refuse(at, file, "tensor '%s' is described by something that is not an object", entry->name);
    return parse_type(at, file, entry, json_object_get(value, "dtype")) &&
           parse_shape(at, file, entry, json_object_get(value, "shape")) &&
           parse_offsets(at, file, entry, json_object_get(value, "data_offsets")) && check_extent(at, file, entry);
}

static bool check_metadata(vt_site at, const safetensors *file, json_t *metadata)
{
    if (!json_is_object(metadata)) return refuse(at, file, "its __metadata__ is not an object");
    const char *key;
    json_t *value;
    json_object_foreach(metadata, key, value) if (!json_is_string(value)) return refuse(
        at, file, "'%s' in its __metadata__ is not a string", key);
    return true;
}

static bool parse_entries(vt_site at, safetensors *file)
{
    file->entries = calloc(json_object_size(file->header) + 1, sizeof *file->entries);
    if (!file->entries) return out_of_memory(at, file);
    const char *name;
    json_t *value;
    json_object_foreach(file->header, name, value)
    {
        if (strcmp(name, "__metadata__") == 0) {
            if (!check_metadata(at, file, value)) return false;
            continue;
        }
        safetensors_entry *entry = &file->entries[file->count++];
        entry->name = name;
        if (!parse_entry(at, file, entry, value)) return false;
    }
    return true;
}

/* ---- the layout ---- */

/* Empty tensors come before the one that begins at the same place. */
static int by_place(const void *a, const void *b)
{
    const safetensors_entry *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static int by_name(const void *a, const void *b)
{
    const safetensors_entry *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static bool check_layout(vt_site at, safetensors *file)
{
    qsort(file->entries, file->count, sizeof *file->entries, by_place);
    uint64_t end = 0;
    for (size_t i = 0; i < file->count; i++) {
        const safetensors_entry *entry = &file->entries[i];
        if (entry->begin != end)
            return refuse(at, file,
                          "tensor '%s' begins at byte %llu of the data, %s the one before it, which ends at %llu",
                          entry->name, (unsigned long long)entry->begin,
                          entry->begin < end ? "inside" : "leaving a hole behind", (unsigned long long)end);
        end = entry->end;
    }
    if (end != file->data_bytes)
        return refuse(at, file, "its tensors end at byte %llu of the data, but it has %llu", (unsigned long long)end,
                      (unsigned long long)file->data_bytes);
    return true;
}

/* ---- the interface ---- */

static safetensors *new_safetensors(vt_site at, const char *path)
{
    safetensors *file = calloc(1, sizeof *file);
    if (!file) vt_error_raise(VT_ERROR_MEMORY, at, "no memory to read %s", path);
    if (file) file->own.descriptor = -1;
    return file;
}

/* The file where it is as it should be; else NULL, and the file is closed. */
static safetensors *check(vt_site at, safetensors *file)
{
    if (read_header(at, file) && parse_entries(at, file) && check_layout(at, file)) {
        qsort(file->entries, file->count, sizeof *file->entries, by_name);
        return file;
    }
    safetensors_close(file);
    return NULL;
}

safetensors *safetensors_open(vt_site at, const char *path)
{
    safetensors *file = new_safetensors(at, path);
    if (!file) return NULL;
    if (!input_file_open(at, path, &file->own)) {
        safetensors_close(file);
        return NULL;
    }
    file->file = &file->own;
    return check(at, file);
}

safetensors *safetensors_parse(vt_site at, const input_file *open)
{
    safetensors *file = new_safetensors(at, open->path);
    if (!file) return NULL;
    file->file = open;
    return check(at, file);
}

void safetensors_close(safetensors *file)
{
    if (!file) return;
    input_file_close(&file->own);
    json_decref(file->header);
    free(file->entries);
    free(file);
}

size_t safetensors_count(const safetensors *file)
{
    return file->count;
}

const safetensors_entry *safetensors_entries(const safetensors *file)
{
    return file->entries;
}

const safetensors_entry *safetensors_find(const safetensors *file, const char *name)
{
    safetensors_entry key = { .name = name };
    return bsearch(&key, file->entries, file->count, sizeof *file->entries, by_name);
}

const char *safetensors_find_note(const safetensors *file, const char *key)
{
    return json_string_value(json_object_get(json_object_get(file->header, "__metadata__"), key));
}

uint64_t safetensors_data_start(const safetensors *file)
{
    return file->data_start;
}

/* ---- elements ---- */

/* What tensors do not have is read into the upper part of the array and widened from its start on, so that no element
 * overwrites one that is still to be read. */
static bool load_widened(vt_site at, const safetensors *file, const safetensors_entry *entry, vt_dtype stored,
                         void *data)
{
    size_t bytes = (size_t)(entry->end - entry->begin), count = bytes / vt_dtype_size(stored);
    char *narrow = (char *)data + count * vt_dtype_size(entry->dtype) - bytes;
    if (!input_file_read(at, file->file, file->data_start + entry->begin, narrow, bytes)) return false;
    array from = { .data = narrow, .dtype = stored }, to = { .data = data, .dtype = entry->dtype };
    for (int64_t i = 0; i < (int64_t)count; i++) array_set(&to, i, array_get(&from, i));
    return true;
}

bool safetensors_load(vt_site at, const safetensors *file, const safetensors_entry *entry, void *data)
{
    size_t bytes = (size_t)(entry->end - entry->begin);
    if (entry->stored_dtype != entry->dtype) return load_widened(at, file, entry, entry->stored_dtype, data);
    return input_file_read(at, file->file, file->data_start + entry->begin, data, bytes) &&
           (entry->dtype != VT_BOOL || check_booleans(at, file->file->path, entry->name, data, bytes));
}
