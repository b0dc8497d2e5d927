/* model_card.h - what a file of weights says of its model, so that nobody has to say it again: which one it is, of
 * which pictures, and what its classes are called. */
#ifndef MODELS_PROGRAM_MODEL_CARD_H
#define MODELS_PROGRAM_MODEL_CARD_H

#include "zoo.h"
#include <jansson.h>

/* All of it belongs to `text`, which is NULL where a file says nothing. */
typedef struct model_card {
    json_t *text;
    const char *model; /* the variant's name */
    int64_t image_size, channels;
    preprocessing pictures;
    json_t *class_names; /* an array of strings */
} model_card;

/* vt_model_save with a card in the file's metadata. Pictures are normalised and resized as `pictures` says; the classes
 * are as many as the model's. */
bool model_card_save(const char *path, const classifier *m, const preprocessing *pictures,
                     const char *const *class_names);

/* An empty card where the file has none. False with an error that names the file where it has one that is damaged. */
bool model_card_read(const vt_tensor_file *file, const char *path, model_card *card);
/* Whether it is the card of the named variant: what it says goes for that alone. */
bool model_card_is_of(const model_card *card, const char *name);
void model_card_free(model_card *card);

#endif
