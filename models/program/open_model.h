/* open_model.h - a model with the weights of a file, to be used on pictures in colour. */
#ifndef MODELS_PROGRAM_OPEN_MODEL_H
#define MODELS_PROGRAM_OPEN_MODEL_H

#include "program/model_card.h"

/* The model of this name, or where it is NULL the one that the file says or else the first that it fits, with as many
 * classes as the file's head. Where it fits several, standard error gets their names. `part` is that of a file of
 * torch.save, or NULL. An image_size that is not VT_AUTO is the side of the pictures that it is to take, to which
 * position embeddings are resampled. `card` gets what the file says of the model, and outlives it. NULL with an error,
 * and an empty card. */
classifier *open_model(const char *weights, const char *part, const char *name, int64_t image_size, model_card *card);

#endif
