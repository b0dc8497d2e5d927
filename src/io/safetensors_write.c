#include "safetensors.h"
#include "extent.h"
#include "file.h"

#include <vitro/error.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "elements are written as they are in memory");

enum { HEADER_ALIGNMENT = 8 };

static const char *stored_type_name(vt_dtype dtype)
{
    switch (dtype) {
    case VT_F32: return "F32";
    case VT_F64: return "F64";
    case VT_I32: return "I32";
    case VT_I64: return "I64";
    case VT_U8: return "U8";
    case VT_BOOL: return "BOOL";
    default: return NULL;
    }
}

static uint64_t tensor_bytes(const safetensors_tensor *tensor)
{
    uint64_t bytes = 0;
    extent_bytes(tensor->shape, vt_dtype_size(tensor->dtype), &bytes);
    return bytes;
}

/* ---- the header ---- */

static bool check_tensor(vt_site at, const char *path, const safetensors_tensor *tensor, const json_t *header)
{
    const char *trouble = NULL;
    uint64_t bytes;
    if (!stored_type_name(tensor->dtype))
        trouble = "has no dtype";
    else if (!extent_bytes(tensor->shape, vt_dtype_size(tensor->dtype), &bytes))
        trouble = "has an impossible shape";
    else if (bytes > 0 && !tensor->data)
        trouble = "has no data";
    else if (strcmp(tensor->name, "__metadata__") == 0)
        trouble = "has a name that the format reserves";
    else if (json_object_get(header, tensor->name))
        trouble = "is given twice";
    if (trouble) vt_error_raise(VT_ERROR_ARGUMENT, at, "cannot write %s: tensor '%s' %s", path, tensor->name, trouble);
    return !trouble;
}

static json_t *describe_shape(vt_shape shape)
{
    json_t *array = json_array();
    for (int axis = 0; axis < shape.rank; axis++)
        if (json_array_append_new(array, json_integer(shape.dim[axis])) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

/* NULL where memory ran out. */
static json_t *describe(const safetensors_tensor *tensor, uint64_t begin)
{
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", stored_type_name(tensor->dtype), "shape",
                     describe_shape(tensor->shape), "data_offsets", (json_int_t)begin,
                     (json_int_t)(begin + tensor_bytes(tensor)));
}

/* jansson refuses text that is not UTF-8 in the same way as it reports a lack of memory. */
static bool raise_text(vt_site at, const char *path, const char *name)
{
    vt_error_raise(VT_ERROR_ARGUMENT, at,
                   "cannot write %s: the key or the value of '%s' is not UTF-8, or there is no memory for it", path,
                   name);
    return false;
}

static bool add_notes(vt_site at, const char *path, json_t *header, const safetensors_note *notes, size_t count)
{
    if (count == 0) return true;
    json_t *metadata = json_object();
    if (json_object_set_new(header, "__metadata__", metadata) != 0) return raise_text(at, path, "__metadata__");
    for (size_t i = 0; i < count; i++)
        if (json_object_set_new(metadata, notes[i].key, json_string(notes[i].value)) != 0)
            return raise_text(at, path, notes[i].key);
    return true;
}

static bool add_tensors(vt_site at, const char *path, json_t *header, const safetensors_tensor *tensors, size_t count,
                        const uint64_t *begin)
{
    for (size_t i = 0; i < count; i++) {
        if (!check_tensor(at, path, &tensors[i], header)) return false;
        if (json_object_set_new(header, tensors[i].name, describe(&tensors[i], begin[i])) != 0)
            return raise_text(at, path, tensors[i].name);
    }
    return true;
}

/* The JSON text, padded with spaces; to be freed by the caller. It is measured first and then written to memory of that
 * size, because json_dumps of jansson 2.14 leaves out words where the memory it grows runs out. */
static char *header_text(const json_t *header, uint64_t *size)
{
    size_t length = json_dumpb(header, NULL, 0, JSON_COMPACT);
    *size = (length + HEADER_ALIGNMENT - 1) / HEADER_ALIGNMENT * HEADER_ALIGNMENT;
    char *text = length ? malloc((size_t)*size) : NULL;
    if (!text) return NULL;
    memset(text + length, ' ', (size_t)*size - length);
    if (json_dumpb(header, text, length, JSON_COMPACT) == length) return text;
    free(text);
    return NULL;
}

static char *make_header(vt_site at, const char *path, const safetensors_tensor *tensors, size_t tensor_count,
                         const uint64_t *begin, const safetensors_note *notes, size_t note_count, uint64_t *size)
{
    json_t *header = json_object();
    char *text = NULL;
    if (add_notes(at, path, header, notes, note_count) && add_tensors(at, path, header, tensors, tensor_count, begin)) {
        text = header_text(header, size);
        if (!text) vt_error_raise(VT_ERROR_MEMORY, at, "no memory for the header of %s", path);
    }
    json_decref(header);
    return text;
}

/* ---- the file ---- */

/* Wide elements first keeps every tensor aligned to its elements; PyTorch cannot view one that is not. */
static const size_t element_sizes[] = { 8, 4, 1 };
enum { ELEMENT_SIZES = sizeof element_sizes / sizeof *element_sizes };

static void lay_out(const safetensors_tensor *tensors, size_t count, uint64_t *begin)
{
    uint64_t end = 0;
    for (size_t size = 0; size < ELEMENT_SIZES; size++)
        for (size_t i = 0; i < count; i++) {
            if (vt_dtype_size(tensors[i].dtype) != element_sizes[size]) continue;
            begin[i] = end;
            end += tensor_bytes(&tensors[i]);
        }
}

static bool write_file(vt_site at, const char *path, const char *header, uint64_t header_size,
                       const safetensors_tensor *tensors, size_t count)
{
    atomic_file file;
    atomic_file_open(at, path, &file);
    atomic_file_write(&file, &header_size, sizeof header_size);
    atomic_file_write(&file, header, (size_t)header_size);
    for (size_t size = 0; size < ELEMENT_SIZES; size++)
        for (size_t i = 0; i < count; i++)
            if (vt_dtype_size(tensors[i].dtype) == element_sizes[size])
                atomic_file_write(&file, tensors[i].data, (size_t)tensor_bytes(&tensors[i]));
    return atomic_file_commit(&file);
}

bool safetensors_write(vt_site at, const char *path, const safetensors_tensor *tensors, size_t tensor_count,
                       const safetensors_note *notes, size_t note_count)
{
    uint64_t *begin = calloc(tensor_count + 1, sizeof *begin), header_size;
    if (!begin) {
        vt_error_raise(VT_ERROR_MEMORY, at, "no memory for the header of %s", path);
        return false;
    }
    lay_out(tensors, tensor_count, begin);
    char *header = make_header(at, path, tensors, tensor_count, begin, notes, note_count, &header_size);
    bool done = header && write_file(at, path, header, header_size, tensors, tensor_count);
    free(header);
    free(begin);
    return done;
}
