/* tensor_file.h - files of named tensors, read without a model: safetensors, and what PyTorch's torch.save wrote. */
#ifndef VITRO_TENSOR_FILE_H
#define VITRO_TENSOR_FILE_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An open file. What is in it has been looked up and checked; elements are read when they are asked for. */
typedef struct vt_tensor_file vt_tensor_file;

typedef struct vt_tensor_file_args {
    vt_site at_;
    const char *path;
    vt_named_only named_only_;
    const char *part; /* of torch.save's: keys with dots between them, "model_ema"; NULL: as below */
} vt_tensor_file_args;
/* Opens a file and recognises by its first bytes what it is, whatever its name ends with:
 *
 * - safetensors;
 * - a zip file of torch.save (PyTorch 1.6 and later), whose entries are stored as they are;
 * - what torch.save wrote before that.
 *
 * Of a file of torch.save nothing is ever run: of the pickle's opcodes and classes those are known that tensors in
 * dictionaries consist of, and what training programs put beside them (numbers, texts, lists, argparse.Namespace,
 * NumPy's scalars), which is passed over. All others are refused by name. Where the dictionary has other dictionaries
 * in it, the tensors are those of the first of "state_dict_ema", "model_ema", "state_dict", "model",
 * "model_state_dict", "net", "module" and "weights" that has any; else its own; else those of the only one that has
 * any. Where all names begin with "module." or "_orig_mod.", as those of DataParallel and torch.compile do, they are
 * listed without it.
 *
 * NULL with an error that names the file, what is wrong with it, and where there is one, a way out. */
VT_API vt_tensor_file *vt_tensor_file_open_with(const vt_tensor_file_args *a);
#define vt_tensor_file_open(...)                                                                                       \
    vt_tensor_file_open_with(VT_ARGS(vt_tensor_file_args, 1, "vt_tensor_file_open(path, .part)", __VA_ARGS__))
/* NULL is ignored. */
VT_API void vt_tensor_file_close(vt_tensor_file *file);

/* A tensor as it is in the file. */
typedef struct vt_stored_tensor {
    const char *name; /* lives as long as the file is open */
    vt_dtype dtype;   /* of its elements there, which may be one of data alone */
    vt_shape shape;
} vt_stored_tensor;
/* Tensors in the order of the file: of torch.save that of the dictionary, of safetensors that of the names. A file that
 * is NULL has none. An index that is out of range: no name, and a dtype of VT_DTYPE_DEFAULT. */
VT_API int vt_tensor_file_size(const vt_tensor_file *file);
VT_API vt_stored_tensor vt_tensor_file_entry(const vt_tensor_file *file, int index);
/* The index of a name; -1, and no error, where there is none. */
VT_API int vt_tensor_file_find(const vt_tensor_file *file, const char *name);

/* The text that a safetensors file has for the key in its __metadata__; it lives as long as the file is open. NULL, and
 * no error, where there is none, as in files of torch.save. */
VT_API const char *vt_tensor_file_metadata(const vt_tensor_file *file, const char *key);

/* The tensor of that name, converted as vt_from_data does where tensors have no such dtype. Inert with an error that
 * names the file where it has no such tensor, or has become shorter since it was opened. */
VT_API vt_tensor vt_tensor_file_load_at(vt_site at, const vt_tensor_file *file, const char *name);
#define vt_tensor_file_load(file, name) vt_tensor_file_load_at(VT_HERE, file, name)

/* Its elements as they are in the file, row-major, into memory of `capacity` bytes. False with an error as above, and
 * where they are more. */
VT_API bool vt_tensor_file_read_at(vt_site at, const vt_tensor_file *file, const char *name, void *data,
                                   size_t capacity);
#define vt_tensor_file_read(file, name, data, capacity) vt_tensor_file_read_at(VT_HERE, file, name, data, capacity)

#ifdef __cplusplus
}
#endif
#endif
