/* named.h - intermediate values by name, such as the map of attention of block 3.
 *
 *     x = vt_named(path, "out", x);                                  in a module: under its path
 *
 *     vt_tensor logits = forward(&net, images);                      in a program: after the forward pass
 *     vt_tensor map = vt_model_value(model, "blocks.3.attn.weights");
 *     vt_read(map, ...);
 *
 * A name costs nothing: a value that has one is computed where it is read, or where what is read needs it, and in the
 * same way as without a name. */
#ifndef VITRO_NAMED_H
#define VITRO_NAMED_H

#include <vitro/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Names x, a result of an op, "<path><name>", or as the path itself (without its last dot) where the name is empty, and
 * returns it. It ends with its scope as ever; a later value of that name takes its place. x may still be given on, and
 * differentiated by. Unlike other results, it is not computed for being read by nothing. Errors: x inert or ended;
 * a name that is NULL or, with its path, longer than 255 characters; a path without a model. */
VT_API vt_tensor vt_named_at(vt_site at, vt_path path, const char *name, vt_tensor x);
#define vt_named(path, name, x) vt_named_at(VT_HERE, path, name, x)

/* The value of that name. Errors, and the inert tensor: no value has the name, with a list of those there are. To read
 * several, read the one that is computed last first, or vt_keep each. */
VT_API vt_tensor vt_model_value_at(vt_site at, const vt_model *model, const char *name);
#define vt_model_value(model, name) vt_model_value_at(VT_HERE, model, name)

/* How many values there are whose name matches the pattern (see vt_model_set_trainable; NULL: all), in the order in
 * which they were named; the first `capacity` of them go to `found`, which may be NULL where that is 0. Their names
 * belong to the model. */
VT_API int vt_model_values(const vt_model *model, const char *glob, vt_named_tensor *found, int capacity);

#ifdef __cplusplus
}
#endif
#endif
