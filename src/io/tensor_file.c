/* tensor_file.c - files of named tensors: which format it is, and elements from wherever they are in the file. */
#include "core/base/array.h"
#include "core/base/entry.h"
#include "core/graph/refuse.h"
#include "extent.h"
#include "file.h"
#include "safetensors.h"
#include "stored_tensor.h"
#include "torch_file.h"
#include "unreadable.h"
#include <vitro/tensor.h>
#include <vitro/tensor_file.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct vt_tensor_file {
    input_file file;
    stored_tensors all;
    int *by_name;        /* indices, sorted by the names they stand for */
    safetensors *header; /* NULL: it is of another format */
};

/* ---- formats ---- */

static bool list_safetensors(vt_site at, vt_tensor_file *f)
{
    safetensors *s = f->header = safetensors_parse(at, &f->file);
    bool fine = s != NULL;
    for (size_t i = 0; fine && i < safetensors_count(s); i++) {
        const safetensors_entry *entry = &safetensors_entries(s)[i];
        stored_tensor tensor = { .name = (char *)entry->name, .dtype = entry->stored_dtype, .shape = entry->shape };
        stored_tensor_be_contiguous(&tensor);
        tensor.begin = safetensors_data_start(s) + entry->begin;
        fine = stored_tensors_add(at, &f->all, tensor);
    }
    return fine;
}

/* What people have in the place of a file of tensors. */
static const struct {
    size_t offset;
    const char *bytes, *what;
} others[] = {
    { 0, "version https://git-lfs", "it is a pointer of Git LFS: the file itself has not been downloaded" },
    { 0, "<!DOCTYPE", "it is a web page, not what was to be downloaded" },
    { 0, "<!doctype", "it is a web page, not what was to be downloaded" },
    { 0, "<html", "it is a web page, not what was to be downloaded" },
    { 0, "\x93NUMPY", "it is a .npy file, which vt_npy_load reads" },
    { 0, "\x89HDF", "it is an HDF5 file, as Keras writes them" },
    { 0, "GGUF", "it is a GGUF file" },
    { 0, "\x1f\x8b", "it is compressed by gzip: unpack it" },
    { 257, "ustar", "it is a tar file, as PyTorch before 0.2 wrote them: load it in Python and save it again" },
};

static bool is_at(const char *head, size_t size, size_t offset, const char *bytes)
{
    size_t length = strlen(bytes);
    return offset + length <= size && memcmp(head + offset, bytes, length) == 0;
}

static bool list_tensors(vt_site at, vt_tensor_file *f, const char *part)
{
    const input_file *file = &f->file;
    char head[512];
    size_t size = file->size < sizeof head ? (size_t)file->size : sizeof head;
    if (!input_file_read(at, file, 0, head, size)) return false;
    if (is_at(head, size, 0, "PK\3\4") || is_at(head, size, 0, "PK\5\6"))
        return torch_zip_list(at, file, part, &f->all);
    if (size >= 2 && head[0] == '\x80' && head[1] >= 2 && head[1] <= 5)
        return torch_legacy_list(at, file, part, &f->all);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (is_at(head, size, others[i].offset, others[i].bytes))
            return unreadable(at, file->path, "%s", others[i].what);
    if (!is_at(head, size, 8, "{"))
        return unreadable(at, file->path, "it is neither a safetensors file nor one of PyTorch's torch.save");
    if (part)
        return unreadable(at, file->path,
                          "it is a safetensors file, which has no part \"%.200s\": parts are of files of "
                          "torch.save",
                          part);
    return list_safetensors(at, f);
}

/* ---- opening ---- */

static int compare_names(const void *a, const void *b, void *all)
{
    const stored_tensor *tensor = all;
    return strcmp(tensor[*(const int *)a].name, tensor[*(const int *)b].name);
}

static bool sort_names(vt_site at, vt_tensor_file *f)
{
    if (f->all.count > INT_MAX / 2) return unreadable(at, f->file.path, "it has %zu tensors", f->all.count);
    int count = (int)f->all.count;
    f->by_name = malloc(((size_t)count + 1) * sizeof *f->by_name);
    if (!f->by_name) {
        vt_error_raise(VT_ERROR_MEMORY, at, "no memory for the names of %s", f->file.path);
        return false;
    }
    for (int i = 0; i < count; i++) f->by_name[i] = i;
    qsort_r(f->by_name, (size_t)count, sizeof *f->by_name, compare_names, f->all.tensor);
    for (int i = 1; i < count; i++)
        if (compare_names(&f->by_name[i - 1], &f->by_name[i], f->all.tensor) == 0)
            return unreadable(at, f->file.path, "it has tensor '%s' twice", f->all.tensor[f->by_name[i]].name);
    return true;
}

vt_tensor_file *vt_tensor_file_open_with(const vt_tensor_file_args *a)
{
    NEED_ARGUMENTS("tensor_file_open", a, NULL);
    if (vt_failed()) return NULL;
    vt_tensor_file *f = calloc(1, sizeof *f);
    if (!f) {
        vt_error_raise(VT_ERROR_MEMORY, a->at_, "no memory to open a file of tensors");
        return NULL;
    }
    if (input_file_open(a->at_, a->path, &f->file) && list_tensors(a->at_, f, a->part) && sort_names(a->at_, f))
        return f;
    vt_tensor_file_close(f);
    return NULL;
}

void vt_tensor_file_close(vt_tensor_file *file)
{
    if (!file) return;
    input_file_close(&file->file);
    stored_tensors_free(&file->all);
    safetensors_close(file->header);
    free(file->by_name);
    free(file);
}

/* ---- what is there ---- */

int vt_tensor_file_size(const vt_tensor_file *file)
{
    return file ? (int)file->all.count : 0;
}

vt_stored_tensor vt_tensor_file_entry(const vt_tensor_file *file, int index)
{
    if (index < 0 || index >= vt_tensor_file_size(file)) return (vt_stored_tensor){ .name = "" };
    const stored_tensor *tensor = &file->all.tensor[index];
    return (vt_stored_tensor){ tensor->name, tensor->dtype, tensor->shape };
}

int vt_tensor_file_find(const vt_tensor_file *file, const char *name)
{
    int low = 0, high = name ? vt_tensor_file_size(file) : 0;
    while (low < high) {
        int middle = (low + high) / 2, index = file->by_name[middle];
        int order = strcmp(name, file->all.tensor[index].name);
        if (order == 0) return index;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

const char *vt_tensor_file_metadata(const vt_tensor_file *file, const char *key)
{
    return file && file->header && key ? safetensors_find_note(file->header, key) : NULL;
}

/* ---- elements ---- */

/* Elements between which others lie: all that lie between the first and the last are read, and of them those are taken.
 * They are within a storage, which the file has. */
static bool gather(vt_site at, const input_file *file, const stored_tensor *tensor, void *data)
{
    size_t size = vt_dtype_size(tensor->dtype), span = 1;
    array to = array_contiguous(data, tensor->dtype, tensor->shape), from = to;
    for (int axis = 0; axis < tensor->shape.rank; axis++)
        span += (size_t)((tensor->shape.dim[axis] - 1) * tensor->stride[axis]);
    memcpy(from.stride, tensor->stride, sizeof from.stride);
    from.data = malloc(span * size);
    if (!from.data) {
        vt_error_raise(VT_ERROR_MEMORY, at, "no memory to read %s of %s", tensor->name, file->path);
        return false;
    }
    bool fine = input_file_read(at, file, tensor->begin, from.data, span * size);
    if (fine) array_copy(&to, &from);
    free(from.data);
    return fine;
}

static size_t bytes_of(const stored_tensor *tensor)
{
    return (size_t)vt_shape_count(tensor->shape) * vt_dtype_size(tensor->dtype);
}

static bool read_elements(vt_site at, const input_file *file, const stored_tensor *tensor, void *data)
{
    size_t size = bytes_of(tensor);
    if (size == 0) return true;
    bool fine = stored_tensor_is_contiguous(tensor) ? input_file_read(at, file, tensor->begin, data, size)
                                                    : gather(at, file, tensor, data);
    return fine && (tensor->dtype != VT_BOOL || check_booleans(at, file->path, tensor->name, data, size));
}

static const stored_tensor *find(vt_site at, const char *call, const vt_tensor_file *file, const char *name)
{
    if (!file || !name) {
        refuse_call(call, at, VT_ERROR_ARGUMENT, file ? "the name is NULL" : "the file is NULL");
        return NULL;
    }
    int index = vt_tensor_file_find(file, name);
    if (index < 0) refuse_call(call, at, VT_ERROR_ARGUMENT, "%s has no tensor \"%s\"", file->file.path, name);
    return index < 0 ? NULL : &file->all.tensor[index];
}

vt_tensor vt_tensor_file_load_at(vt_site at, const vt_tensor_file *file, const char *name)
{
    ENTER("tensor_file_load", at);
    const stored_tensor *tensor = vt_failed() ? NULL : find(at, "tensor_file_load", file, name);
    if (!tensor) return VT_INERT;
    void *data = malloc(bytes_of(tensor) + 1);
    if (!data) return refuse_call("tensor_file_load", at, VT_ERROR_MEMORY, "no memory for \"%s\"", name);
    vt_tensor x = { 0 };
    if (read_elements(at, &file->file, tensor, data)) x = vt_from_data_at(at, data, tensor->shape, tensor->dtype);
    free(data);
    return x;
}

bool vt_tensor_file_read_at(vt_site at, const vt_tensor_file *file, const char *name, void *data, size_t capacity)
{
    const stored_tensor *tensor = vt_failed() ? NULL : find(at, "tensor_file_read", file, name);
    if (!tensor) return false;
    if (!data || bytes_of(tensor) > capacity) {
        refuse_call("tensor_file_read", at, VT_ERROR_ARGUMENT,
                    data ? "\"%s\" has %zu bytes, and there is room for %zu" : "the memory for \"%s\" is NULL", name,
                    bytes_of(tensor), capacity);
        return false;
    }
    return read_elements(at, &file->file, tensor, data);
}
