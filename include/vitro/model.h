/* model.h - a model's parameters and buffers under their state-dict names. */
#ifndef VITRO_MODEL_H
#define VITRO_MODEL_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Owns named tensors. Modules are plain structs of the handles; the model is what is counted, optimised, saved. */
typedef struct vt_model vt_model;
VT_API vt_model *vt_model_new(void);
/* Ends every tensor of the model, and its memory. NULL is ignored. */
VT_API void vt_model_free(vt_model *model);
/* Memory for `count` structs of `size` bytes, all zero, that ends with the model: modules have nothing to free. NULL
 * with an error: the model is NULL, or memory is short. */
VT_API void *vt_model_allocate_at(vt_site at, vt_model *model, int64_t count, size_t size);
#define vt_model_allocate(model, count, size) vt_model_allocate_at(VT_HERE, model, count, size)

/* A place in a model: the prefix of the names registered there. */
typedef struct vt_path {
    vt_model *model;
    char prefix[192];
} vt_path;
VT_API vt_path vt_root(vt_model *model);
/* vt_subpath(p, "blocks.%d", i): names below get the prefix "blocks.3." */
VT_API vt_path vt_subpath(vt_path path, const char *format, ...) VT_PRINTF(2, 3);

/* How a parameter begins. */
typedef enum vt_init { VT_INIT_CONSTANT, VT_INIT_NORMAL, VT_INIT_TRUNCATED_NORMAL, VT_INIT_UNIFORM } vt_init;

/* How a parameter's axis is laid out over a picture or a window: `prefix` entries in front, such as a class token's,
 * then rows x columns, row by row; or a line of rows. */
typedef struct vt_grid {
    int axis;
    int64_t prefix;
    int64_t rows;    /* 0: it is laid out over nothing */
    int64_t columns; /* 0: it is a line, not a grid */
} vt_grid;

typedef struct vt_parameter_args {
    vt_site at_;
    vt_path path;
    const char *name;
    vt_shape shape;
    vt_init init;
    double value; /* the constant; the standard deviation (truncated at two of them); the bound either side of 0 */
    vt_named_only named_only_;
    bool no_decay; /* exempt from weight decay, whatever its shape, as timm's models exempt positions and tokens */
    vt_grid grid;  /* of positions: how they are resized on loading (vt_model_load) */
} vt_parameter_args;
/* Registers a trainable tensor of the context's precision. Its elements are drawn when they are first read, of the
 * random stream that it got here; until then it takes no memory. Errors: a name that is taken, empty or NULL; a kind of
 * initialisation that there is not; a path without a model; a grid whose extents do not make up its axis. */
VT_API vt_tensor vt_parameter_with(const vt_parameter_args *a);
#define vt_parameter(...)                                                                                              \
    vt_parameter_with(                                                                                                 \
        VT_ARGS(vt_parameter_args, 3, "vt_parameter(path, name, shape, init, value, .no_decay .grid)", __VA_ARGS__))
/* Registers a tensor that is saved with the model but not trained, filled with a value. VT_DTYPE_DEFAULT: the context's
 * precision. */
VT_API vt_tensor vt_buffer_at(vt_site at, vt_path path, const char *name, vt_shape shape, double value, vt_dtype dtype);
#define vt_buffer(path, name, shape, value, dtype) vt_buffer_at(VT_HERE, path, name, shape, value, dtype)

typedef struct vt_named_tensor {
    const char *name;
    vt_tensor tensor;
    bool is_parameter;
    bool no_decay; /* as registered */
    vt_grid grid;
    bool evaluated; /* vt_model_set_training put it into evaluation */
} vt_named_tensor;
/* Entries in the order of registration; a model that is NULL has none. An index that is out of range: no name, and the
 * inert tensor. */
VT_API int vt_model_size(const vt_model *model);
VT_API vt_named_tensor vt_model_entry(const vt_model *model, int index);
/* The tensor of that name; inert, and no error, where there is none. */
VT_API vt_tensor vt_model_find(const vt_model *model, const char *name);

/* Elements in parameters, and in buffers. */
VT_API int64_t vt_model_parameter_count(const vt_model *model);
VT_API int64_t vt_model_buffer_count(const vt_model *model);

/* Patterns describe whole names: * stands for any characters, dots too, ? for one, {qkv,mlp.*} for one of several
 * patterns, {0..5} for a number; NULL stands for every name. */
VT_API bool vt_name_matches(const char *name, const char *glob);

/* Marks every parameter whose name matches trainable, or frozen. Returns how many there were. Layers whose parameters
 * are frozen keep their running statistics, too. */
VT_API int vt_model_set_trainable(vt_model *model, const char *glob, bool trainable);

/* Modules all of whose parameters and buffers have names that match are in evaluation, even where vt_training() is
 * true; `training` true undoes that. Returns how many names match. */
VT_API int vt_model_set_training(vt_model *model, const char *glob, bool training);
/* Whether the module at the path is in training: vt_training(), and it was not put into evaluation. */
VT_API bool vt_path_training(vt_path path);

/* The mode of the module at a path up to the end of the block; a module's forward pass begins with it:
 *
 *     VT_MODE_OF(m->path);
 */
typedef struct vt_mode {
    bool training; /* what vt_training() was before */
} vt_mode;
VT_API vt_mode vt_mode_begin(vt_path path);
VT_API void vt_mode_end(vt_mode *mode);
#define VT_MODE_OF(path) vt_mode VT_CLEANUP_(vt_mode_end) VT_JOIN(vt_mode_, __LINE__) = vt_mode_begin(path)

/* Lets every parameter whose name matches begin anew, each with a random stream of its own; as with vt_write, what was
 * recorded before sees what it held before. Returns how many there were. So a family's rules of initialisation are said
 * in one place, behind the registration of its parameters. Errors: a kind of initialisation that there is not. */
VT_API int vt_model_init_at(vt_site at, vt_model *model, const char *glob, vt_init init, double value);
#define vt_model_init(model, glob, init, value) vt_model_init_at(VT_HERE, model, glob, init, value)

#ifdef __cplusplus
}
#endif
#endif
