/* torch_state.h - the tensors in what torch.save pickled: a state dict, or what has one in it. */
#ifndef VITRO_IO_TORCH_STATE_H
#define VITRO_IO_TORCH_STATE_H

#include "file.h"
#include "pickle.h"
#include "stored_tensor.h"

/* Where the elements of a storage are in the file. */
typedef struct torch_storage {
    uint64_t begin, size; /* in bytes */
} torch_storage;

/* What is asked for storages by their keys; false where there is none of that key. */
typedef struct torch_storages {
    bool (*find)(const void *container, const char *key, torch_storage *storage);
    const void *container;
} torch_storages;

bool torch_class_is_known(const char *name);

/* What a persistent id says: which storage, of what elements. */
typedef struct torch_reference {
    const char *key;
    vt_dtype dtype; /* VT_DTYPE_DEFAULT: not supported */
    const char *class_name;
    int64_t count; /* of elements */
} torch_reference;
bool torch_reference_read(vt_site at, const char *path, const pickle_value *outside, torch_reference *reference);

/* Lists the tensors of the dictionary that `part` says (dots go deeper; NULL: as vt_tensor_file_open does) in its
 * order. False with an error that names the tensor and what is wrong with it. */
bool torch_state_list(vt_site at, const input_file *file, const pickle_value *root, const char *part,
                      torch_storages storages, stored_tensors *all);

#endif
