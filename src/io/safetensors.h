/* safetensors.h - tensors by name in one file, the format of Hugging Face's safetensors: a little-endian u64, the size
 * N of the header; N bytes of JSON; the elements, row-major, little-endian. */
#ifndef VITRO_IO_SAFETENSORS_H
#define VITRO_IO_SAFETENSORS_H

#include "file.h"

#include <vitro/base.h>

/* What the format allows a header to have. */
enum { SAFETENSORS_HEADER_LIMIT = 100000000 };

typedef struct safetensors_tensor {
    const char *name; /* UTF-8 */
    vt_dtype dtype;
    vt_shape shape;
    const void *data; /* row-major; may be NULL where the tensor is empty */
} safetensors_tensor;

typedef struct safetensors_note {
    const char *key, *value; /* UTF-8 */
} safetensors_note;

/* Replaces the file at once (see atomic_file). Tensors are listed in the given order; their elements are laid out in
 * that order too, those of wide types before those of narrow ones, so that every tensor is aligned. The same input
 * gives the same bytes. Errors: a name given twice, or one that is not UTF-8; a file that cannot be written. */
bool safetensors_write(vt_site at, const char *path, const safetensors_tensor *tensors, size_t tensor_count,
                       const safetensors_note *notes, size_t note_count);

/* An open file: its header has been read and found to obey every rule of the format. */
typedef struct safetensors safetensors;

typedef struct safetensors_entry {
    const char *name;      /* lives as long as the safetensors */
    const char *stored_as; /* the format's name of the type: "F32", "BF16", ... */
    vt_dtype stored_dtype; /* that type */
    vt_dtype dtype;        /* of the elements as they are loaded: vt_from_data has what becomes of others */
    vt_shape shape;
    uint64_t begin, end; /* the place of the elements, in bytes after the header */
} safetensors_entry;

/* NULL with an error that names the file, what is wrong with it and what it should be. */
safetensors *safetensors_open(vt_site at, const char *path);
/* The same of a file that is open, and stays open as long as the safetensors. */
safetensors *safetensors_parse(vt_site at, const input_file *file);
void safetensors_close(safetensors *file);

/* The entries, sorted by name. */
size_t safetensors_count(const safetensors *file);
const safetensors_entry *safetensors_entries(const safetensors *file);
/* NULL where the file has no such tensor. */
const safetensors_entry *safetensors_find(const safetensors *file, const char *name);
/* The value the file's __metadata__ has for the key; NULL where it has none. */
const char *safetensors_find_note(const safetensors *file, const char *key);

/* Where in the file the byte is that entries begin at 0 with. */
uint64_t safetensors_data_start(const safetensors *file);

/* Reads product(shape) elements of the entry's dtype into data. */
bool safetensors_load(vt_site at, const safetensors *file, const safetensors_entry *entry, void *data);

#endif
