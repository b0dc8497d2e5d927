/* open_model.h - a model with the weights of a file, to be used on pictures in colour. */
#ifndef MODELS_PROGRAM_OPEN_MODEL_H
#define MODELS_PROGRAM_OPEN_MODEL_H

#include "zoo.h"

/* The model of this name, or where it is NULL the first that the file fits, with as many classes as the file's head.
 * Where it fits several, standard error gets their names. `part` is that of a file of torch.save, or NULL. An
 * image_size that is not VT_AUTO is the side of the pictures that it is to take, to which position embeddings are
 * resampled. NULL with an error. */
classifier *open_model(const char *weights, const char *part, const char *name, int64_t image_size);

#endif
