/* zoo.h - every model by name. */
#ifndef MODELS_ZOO_H
#define MODELS_ZOO_H

#include "family.h"

/* A model that classifies pictures, with its parameters. */
typedef struct classifier {
    const char *name; /* of its variant, or of its family */
    const family *family;
    const preprocessing *pictures; /* of its variant; NULL: it is none */
    vt_model *model;               /* owns the memory of this struct, too */
    common_config *config;         /* of the family's type */
    void *layers;                  /* the family's struct */
} classifier;

/* What is to differ from the named variant; VT_AUTO leaves it as it is. */
typedef struct classifier_args {
    vt_site at_;
    const char *name;
    vt_named_only named_only_;
    int64_t classes, channels;
    int64_t image_size, height, width; /* of pictures: square ones, or each side */
    int64_t depth;                     /* of a family that has one */
    double dropout, attention_dropout, drop_path;
} classifier_args;
#define CLASSIFIER_DEFAULTS                                                                                            \
    .classes = VT_AUTO, .channels = VT_AUTO, .image_size = VT_AUTO, .height = VT_AUTO, .width = VT_AUTO,               \
    .depth = VT_AUTO, .dropout = VT_AUTO, .attention_dropout = VT_AUTO, .drop_path = VT_AUTO

/* Builds the named variant with fresh parameters of the context's precision, drawn when they are first read. NULL with
 * an error: there is none of this name (the message has those that are nearest), or an option does not fit it. */
classifier *classifier_new_with(const classifier_args *a);
#define classifier_new(...)                                                                                            \
    VT_CALL(classifier_new_with, classifier_args, CLASSIFIER_DEFAULTS, 1,                                              \
            "classifier_new(name, .classes .channels .image_size .height .width .depth .dropout .attention_dropout "   \
            ".drop_path)",                                                                                             \
            __VA_ARGS__)
/* Of a configuration of one's own. */
classifier *classifier_new_of(const family *family, const void *config);
void classifier_free(classifier *m);

/* images [B, channels, height, width] -> logits [B, classes] */
vt_tensor classifier_forward(const classifier *m, vt_tensor images);
/* Of a forward pass on one picture: counted by recording it. */
vt_cost classifier_cost(const classifier *m);

typedef struct classifier_load_args {
    vt_site at_;
    const classifier *net;
    const char *path;
    vt_named_only named_only_;
    const char *part; /* of a file of torch.save, as for vt_tensor_file_open */
    bool adapt;       /* to pictures of another size or of other channels, and to other classes, with a new head then */
    bool partial;     /* what does not fit is left as it is, which is no error then */
    FILE *report;     /* is told of each tensor that does not fit; NULL: nobody is */
} classifier_load_args;
/* Loads weights from a file of timm's, or by other names that the family knows: see vt_model_load. */
bool classifier_load_with(const classifier_load_args *a);
#define classifier_load(...)                                                                                           \
    classifier_load_with(                                                                                              \
        VT_ARGS(classifier_load_args, 2, "classifier_load(net, path, .part .adapt .partial .report)", __VA_ARGS__))
/* Whose names the file has; NULL: the family's own, or names that it does not know. */
const naming *family_naming(const family *family, const vt_tensor_file *file);

/* The variants of all families, in order; NULL past the last. `family`, where it is not NULL, gets the variant's. */
const variant *zoo_variant(int index, const family **family);
/* The variant of a name; NULL where there is none. */
const variant *zoo_find(const char *name, const family **family);
/* The names of variants that are nearest to a name, nearest first: "a, b, c", of less than `size` bytes. */
void zoo_list_nearest(const char *name, char *text, size_t size);

#endif
