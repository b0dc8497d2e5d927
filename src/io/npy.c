#include "npy.h"
#include "extent.h"
#include "file.h"
#include "core/base/error.h"

#include <vitro/error.h>

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "elements are in the file as they are in memory");

static const char magic[6] = "\x93NUMPY";

enum {
    VERSION_1_PREFIX = 10, /* magic, two bytes of version, u16 header length */
    VERSION_2_PREFIX = 12, /* the same with a u32 */
    ALIGNMENT = 64,        /* of the elements within the file */
    HEADER_LIMIT = 10000,  /* NumPy's own */
};

typedef struct element_type {
    const char *description;
    vt_dtype dtype;
} element_type;

static const element_type element_types[] = {
    { "<f4", VT_F32 }, { "<f8", VT_F64 }, { "<i4", VT_I32 }, { "<i8", VT_I64 }, { "|u1", VT_U8 },  { "|b1", VT_BOOL },
    { "<f2", VT_F16 }, { "|i1", VT_I8 },  { "<i2", VT_I16 }, { "<u2", VT_U16 }, { "<u4", VT_U32 },
};

static bool VT_PRINTF(3, 4) refuse(vt_site at, const char *path, const char *format, ...)
{
    char prefix[1024];
    va_list arguments;
    snprintf(prefix, sizeof prefix, "%s is not a .npy file that can be read: ", path);
    va_start(arguments, format);
    raise_error_list(VT_ERROR_FILE, at, prefix, format, arguments);
    va_end(arguments);
    return false;
}

/* ---- the header: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } ---- */

typedef struct description {
    char type[16];
    bool has_type, has_order, has_shape;
    bool fortran_order;
    vt_shape shape;
} description;

static const char *skip_spaces(const char *text)
{
    while (isspace((unsigned char)*text)) text++;
    return text;
}

/* Past the spaces and the symbol; NULL where something else stands there, or where text is NULL already. */
static const char *skip_symbol(const char *text, const char *symbol)
{
    if (!text) return NULL;
    text = skip_spaces(text);
    size_t length = strlen(symbol);
    return strncmp(text, symbol, length) == 0 ? text + length : NULL;
}

/* A quoted word without escapes. */
static const char *parse_word(const char *text, char *word, size_t capacity)
{
    text = skip_spaces(text);
    char quote = *text++;
    if (quote != '\'' && quote != '"') return NULL;
    const char *end = strchr(text, quote);
    if (!end || (size_t)(end - text) >= capacity) return NULL;
    *(char *)mempcpy(word, text, (size_t)(end - text)) = 0;
    return end + 1;
}

static const char *parse_truth(const char *text, bool *truth)
{
    const char *yes = skip_symbol(text, "True");
    *truth = yes != NULL;
    return yes ? yes : skip_symbol(text, "False");
}

static const char *parse_extent(const char *text, int64_t *extent)
{
    *extent = 0;
    text = skip_spaces(text);
    if (!isdigit((unsigned char)*text)) return NULL;
    for (; isdigit((unsigned char)*text); text++)
        if (__builtin_mul_overflow(*extent, 10, extent) || __builtin_add_overflow(*extent, *text - '0', extent))
            return NULL;
    return text;
}

/* (), (2,), (2, 3) or (2, 3,) */
static const char *parse_shape(const char *text, vt_shape *shape)
{
    *shape = (vt_shape){ .rank = 0 };
    text = skip_symbol(text, "(");
    while (text && !skip_symbol(text, ")")) {
        if (shape->rank == VT_MAX_RANK) return NULL;
        text = parse_extent(text, &shape->dim[shape->rank++]);
        const char *comma = skip_symbol(text, ",");
        if (!comma && (shape->rank == 1 || !skip_symbol(text, ")"))) return NULL;
        text = comma ? comma : text;
    }
    return skip_symbol(text, ")");
}

static const char *parse_item(const char *text, description *out)
{
    char key[16];
    text = parse_word(text, key, sizeof key);
    text = skip_symbol(text, ":");
    if (!text) return NULL;
    if (strcmp(key, "descr") == 0 && !out->has_type) {
        out->has_type = true;
        return parse_word(text, out->type, sizeof out->type);
    }
    if (strcmp(key, "fortran_order") == 0 && !out->has_order) {
        out->has_order = true;
        return parse_truth(text, &out->fortran_order);
    }
    if (strcmp(key, "shape") == 0 && !out->has_shape) {
        out->has_shape = true;
        return parse_shape(text, &out->shape);
    }
    return NULL;
}

static bool parse_description(const char *text, description *out)
{
    *out = (description){ .has_type = false };
    text = skip_symbol(text, "{");
    while (text && !skip_symbol(text, "}")) {
        text = parse_item(text, out);
        const char *comma = skip_symbol(text, ",");
        if (!comma && !skip_symbol(text, "}")) return false;
        text = comma ? comma : text;
    }
    text = skip_symbol(text, "}");
    return text && !*skip_spaces(text) && out->has_type && out->has_order && out->has_shape;
}

static bool find_type(vt_site at, const char *path, const char *type, vt_dtype *dtype)
{
    for (size_t i = 0; i < sizeof element_types / sizeof *element_types; i++)
        if (strcmp(element_types[i].description, type) == 0) {
            *dtype = element_types[i].dtype;
            return true;
        }
    if (type[0] == '>')
        return refuse(at, path, "its elements are big-endian (%s), and little-endian ones are supported", type);
    if (strchr(type, 'O')) return refuse(at, path, "its elements are pickled Python objects (%s)", type);
    return refuse(at, path, "its elements are %s, and f2 to f8, i1 to i8, u1 to u4 and b1 are supported", type);
}

static bool read_prefix(vt_site at, const input_file *file, size_t *prefix, size_t *length)
{
    unsigned char start[VERSION_2_PREFIX] = { 0 };
    size_t available = file->size < sizeof start ? (size_t)file->size : sizeof start;
    if (!input_file_read(at, file, 0, start, available)) return false;
    if (memcmp(start, magic, sizeof magic) != 0) return refuse(at, file->path, "it does not begin with \\x93NUMPY");
    if (file->size < VERSION_1_PREFIX)
        return refuse(at, file->path, "it is truncated: it has %" PRIu64 " bytes", file->size);
    int version = start[6];
    if (version < 1 || version > 3 || start[7] != 0)
        return refuse(at, file->path, "it is of version %d.%d, and 1.0, 2.0 and 3.0 are supported", version, start[7]);
    *prefix = version == 1 ? VERSION_1_PREFIX : VERSION_2_PREFIX;
    *length = start[8] | (size_t)start[9] << 8;
    if (version > 1) *length |= (size_t)start[10] << 16 | (size_t)start[11] << 24;
    if (*length > HEADER_LIMIT)
        return refuse(at, file->path, "its header has %zu bytes, and %d are the most", *length, HEADER_LIMIT);
    if (file->size < *prefix + *length)
        return refuse(at, file->path, "it is truncated: it has %" PRIu64 " bytes, and its header alone has %zu",
                      file->size, *prefix + *length);
    return true;
}

static bool read_description(vt_site at, const input_file *file, description *out, uint64_t *data_start)
{
    char text[HEADER_LIMIT + 1];
    size_t prefix = 0, length = 0;
    if (!read_prefix(at, file, &prefix, &length)) return false;
    if (!input_file_read(at, file, prefix, text, length)) return false;
    text[length] = 0;
    *data_start = prefix + length;
    if (strlen(text) == length && parse_description(text, out)) return true;
    return refuse(at, file->path,
                  "its header should be {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } with at most %d "
                  "axes, but is %.100s",
                  VT_MAX_RANK, text);
}

/* ---- elements ---- */

static bool check_size(vt_site at, const input_file *file, uint64_t data_start, const npy_array *array, uint64_t *bytes)
{
    char shape[128];
    vt_shape_text(array->shape, shape);
    uint64_t given = file->size - data_start;
    if (!extent_bytes(array->shape, vt_dtype_size(array->dtype), bytes))
        return refuse(at, file->path, "the size of its %s %s overflows", vt_dtype_name(array->dtype), shape);
    return *bytes == given ||
           refuse(at, file->path, "it %s: its %s %s takes %" PRIu64 " bytes, but %" PRIu64 " follow the header",
                  given < *bytes ? "is truncated" : "is too long", vt_dtype_name(array->dtype), shape, *bytes, given);
}

/* Where the element that follows in row-major order lies in Fortran's order, in which the first axis varies fastest. */
static size_t next_fortran_offset(vt_shape shape, int64_t *index, size_t offset)
{
    size_t stride = 1;
    for (int axis = 0; axis < shape.rank - 1; axis++) stride *= (size_t)shape.dim[axis];
    for (int axis = shape.rank - 1; axis >= 0; axis--) {
        size_t extent = (size_t)shape.dim[axis];
        if (++index[axis] < shape.dim[axis]) return offset + stride;
        index[axis] = 0;
        offset -= stride * (extent - 1);
        if (axis > 0) stride /= (size_t)shape.dim[axis - 1];
    }
    return offset;
}

static void transpose(const npy_array *array, const char *fortran, size_t count)
{
    size_t size = vt_dtype_size(array->dtype), offset = 0;
    int64_t index[VT_MAX_RANK] = { 0 };
    for (size_t i = 0; i < count; i++) {
        memcpy((char *)array->data + i * size, fortran + offset * size, size);
        offset = next_fortran_offset(array->shape, index, offset);
    }
}

static bool out_of_memory(vt_site at, const input_file *file, uint64_t bytes)
{
    vt_error_raise(VT_ERROR_MEMORY, at, "no memory for the %" PRIu64 " bytes of %s", bytes, file->path);
    return false;
}

static bool to_row_major(vt_site at, const input_file *file, npy_array *array, uint64_t bytes)
{
    char *fortran = array->data;
    array->data = malloc((size_t)bytes + 1);
    if (array->data) transpose(array, fortran, (size_t)bytes / vt_dtype_size(array->dtype));
    free(fortran);
    return array->data || out_of_memory(at, file, bytes);
}

static bool read_elements(vt_site at, const input_file *file, uint64_t data_start, const description *header,
                          npy_array *array)
{
    uint64_t bytes;
    if (!find_type(at, file->path, header->type, &array->dtype)) return false;
    array->shape = header->shape;
    if (!check_size(at, file, data_start, array, &bytes)) return false;
    array->data = malloc((size_t)bytes + 1);
    if (!array->data) return out_of_memory(at, file, bytes);
    if (!input_file_read(at, file, data_start, array->data, (size_t)bytes)) return false;
    if (array->dtype == VT_BOOL && !check_booleans(at, file->path, "the array", array->data, (size_t)bytes))
        return false;
    return !header->fortran_order || to_row_major(at, file, array, bytes);
}

/* ---- the interface ---- */

bool npy_load(vt_site at, const char *path, npy_array *array)
{
    *array = (npy_array){ .data = NULL };
    input_file file;
    description header;
    uint64_t data_start;
    if (!input_file_open(at, path, &file)) return false;
    bool done =
        read_description(at, &file, &header, &data_start) && read_elements(at, &file, data_start, &header, array);
    input_file_close(&file);
    if (!done) npy_free(array);
    return done;
}

void npy_free(npy_array *array)
{
    free(array->data);
    *array = (npy_array){ .data = NULL };
}

static const char *describe_type(vt_dtype dtype)
{
    for (size_t i = 0; i < sizeof element_types / sizeof *element_types; i++)
        if (element_types[i].dtype == dtype) return element_types[i].description;
    return NULL;
}

/* "(2, 3)", and "(2,)" as Python writes a tuple of one. */
static void shape_tuple(vt_shape shape, char *text, size_t capacity)
{
    size_t used = (size_t)snprintf(text, capacity, "(");
    for (int axis = 0; axis < shape.rank; axis++)
        used += (size_t)snprintf(text + used, capacity - used, "%s%" PRId64, axis ? ", " : "", shape.dim[axis]);
    snprintf(text + used, capacity - used, shape.rank == 1 ? ",)" : ")");
}

/* The whole of the file before the elements; its size, a multiple of ALIGNMENT. */
static size_t make_header(char *header, size_t capacity, vt_shape shape, const char *type)
{
    char tuple[VT_MAX_RANK * 24];
    shape_tuple(shape, tuple, sizeof tuple);
    int text = snprintf(header + VERSION_1_PREFIX, capacity - VERSION_1_PREFIX,
                        "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", type, tuple);
    size_t used = VERSION_1_PREFIX + (size_t)text;
    size_t size = (used + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT, length = size - VERSION_1_PREFIX;
    memcpy(header, magic, sizeof magic);
    header[6] = 1;
    header[7] = 0;
    header[8] = (char)(length & 0xff);
    header[9] = (char)(length >> 8);
    memset(header + used, ' ', size - used);
    header[size - 1] = '\n';
    return size;
}

bool npy_save(vt_site at, const char *path, const void *data, vt_shape shape, vt_dtype dtype)
{
    char header[8 * ALIGNMENT];
    uint64_t bytes;
    const char *type = describe_type(dtype);
    if (!type || !extent_bytes(shape, vt_dtype_size(dtype), &bytes)) {
        vt_error_raise(VT_ERROR_ARGUMENT, at, "cannot write %s: its dtype or shape is not one of an array", path);
        return false;
    }
    atomic_file file;
    atomic_file_open(at, path, &file);
    atomic_file_write(&file, header, make_header(header, sizeof header, shape, type));
    atomic_file_write(&file, data, (size_t)bytes);
    return atomic_file_commit(&file);
}
