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
    int64_t (*macs)(const struct classifier *m);
    union {
        vit vit;
        resnet resnet;
    };
    void (*free_layers)(struct classifier *m);
} classifier;

/* What is to differ from the named model; 0 leaves it as it is. */
typedef struct classifier_options {
    int64_t classes, image_size;
    int64_t depth; /* of a ViT */
    bool no_dropout;
} classifier_options;

/* Builds the named model with fresh parameters of the context's precision. NULL with an error: there is none of this
 * name (the message lists those there are), or an option does not fit it. */
classifier *classifier_new(const char *name, classifier_options options);
void classifier_free(classifier *m);

/* images [B, 3, image_size, image_size] -> logits [B, classes] */
vt_tensor classifier_forward(const classifier *m, vt_tensor images);
/* Multiply-accumulates of the matrix products and convolutions, for one picture, forward. */
int64_t classifier_macs(const classifier *m);

/* The names, in the order of the table; NULL past the last. */
const char *classifier_name(int index);
/* A line about it. */
const char *classifier_summary(int index);

#endif
