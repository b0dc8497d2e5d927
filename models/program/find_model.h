/* find_model.h - which models of the zoo a file of weights is for. */
#ifndef MODELS_PROGRAM_FIND_MODEL_H
#define MODELS_PROGRAM_FIND_MODEL_H

#include "zoo.h"

enum { MOST_FITS = 64 };

typedef struct found_models {
    int64_t classes; /* of the head in the file; VT_AUTO: it has none by a name that the zoo knows */
    int fits;        /* models of which all tensors, and no others, are in the file; in the order of the zoo */
    const variant *fit[MOST_FITS];
    const naming *naming;            /* whose names the file has for those of the first; NULL: the zoo's own */
    const variant *nearest;          /* of which most tensors are in the file; NULL: there is none of any */
    int nearest_found, nearest_size; /* how many, and of how many */
} found_models;

/* Compares an open file with all models. `path` and `part` are what it was opened with. False with an error. */
bool find_models(const vt_tensor_file *file, const char *path, const char *part, found_models *found);

/* The name of the model that the file says it is of (model_card.h), else of the first that it fits; where it fits
 * several, standard error gets their names. NULL with an error: there is none. */
const char *choose_model(const vt_tensor_file *file, const char *path, const char *part);

/* How many outputs the head in a file has; VT_AUTO: it has none by a name that the zoo knows. */
int64_t classes_in(const vt_tensor_file *file);

#endif
