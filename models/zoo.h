/* zoo.h - every model by name. */
#ifndef MODELS_ZOO_H
#define MODELS_ZOO_H

#include "resnet.h"
#include "vit.h"

/* A model that classifies pictures, with its parameters. */
typedef struct classifier {
    const char *name;
    vt_model *model;
    int64_t image_size, classes;
    vt_tensor (*forward)(const struct classifier *m, vt_tensor images);
    union {
        vit vit;
        resnet resnet;
    };
    void (*free_layers)(struct classifier *m);
} classifier;

/* Builds the named model with fresh parameters of the context's precision. NULL with an error that lists the names
 * where there is none of this one. classes 0: the model's own number. */
classifier *classifier_new(const char *name, int64_t classes);
void classifier_free(classifier *m);

/* images [B, 3, image_size, image_size] -> logits [B, classes] */
vt_tensor classifier_forward(const classifier *m, vt_tensor images);

/* The names, in the order of the table; NULL past the last. */
const char *classifier_name(int index);
/* A line about it. */
const char *classifier_summary(int index);

#endif
