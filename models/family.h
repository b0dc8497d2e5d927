/* family.h - what a family of models is, and its variants. Adding one: its source file, a line in zoo.c and one in
 * meson.build. */
#ifndef MODELS_FAMILY_H
#define MODELS_FAMILY_H

#include <vitro/vitro.h>

/* What every configuration begins with. */
typedef struct common_config {
    int64_t height, width, channels; /* of the pictures */
    int64_t classes;
    double dropout;           /* where the family has it */
    double attention_dropout; /* of the weights of attention, where the family has it */
    double drop_path;         /* of the last block's branches; grows linearly from 0 at the first (Huang et al. 2016) */
} common_config;

/* The hidden channels of an MLP: the ratio times the channels, without what is behind the point. An error where that is
 * less than 1. */
int64_t hidden_channels(int64_t channels, double ratio);

/* False with an error where pictures are not of the size and the channels that the configuration says. */
bool images_fit(const common_config *c, const char *family, vt_tensor images);

/* How pictures are made ready for a variant's published weights: the short side is resized to size / crop, the middle
 * is cut out, and each channel becomes (x - mean) / std of x in [0, 1]. */
typedef struct preprocessing {
    double mean[3], std[3], crop;
    bool bilinear; /* otherwise bicubic */
    bool squash;   /* both sides are resized to size / crop, whatever the picture's shape */
} preprocessing;
#define IMAGENET_MEAN .mean = { 0.485, 0.456, 0.406 }, .std = { 0.229, 0.224, 0.225 }
#define CIFAR_MEAN    .mean = { 0.4914, 0.4822, 0.4465 }, .std = { 0.2470, 0.2435, 0.2616 }
#define HALF_MEAN     .mean = { 0.5, 0.5, 0.5 }, .std = { 0.5, 0.5, 0.5 }

/* A configuration with a name: timm's where timm has it. */
typedef struct variant {
    const char *name, *summary;
    const void *config; /* of the family's type */
    preprocessing pictures;
} variant;

/* Whose names a published file has for a family's tensors. */
typedef struct naming {
    const char *name;          /* "Hugging Face" */
    const char *sign;          /* the name of a tensor that tells it from others */
    const vt_name_rule *rules; /* to the family's own names */
} naming;

/* Rows of its rules: the name here; left out; number `part_` of `parts_` that become one here. */
#define TO(from_, to_)                                                                                                 \
    {                                                                                                                  \
        .from = from_, .to = to_                                                                                       \
    }
#define DROP(from_)                                                                                                    \
    {                                                                                                                  \
        .from = from_                                                                                                  \
    }
#define PART(from_, to_, part_, parts_)                                                                                \
    {                                                                                                                  \
        .from = from_, .to = to_, .part = part_, .parts = parts_                                                       \
    }

/* Where the tokens of a value are in the picture, for pictures of it. */
typedef struct token_layout {
    int64_t prefix;                /* tokens in front of the picture's, such as the class token: of queries, keys */
    int64_t rows, columns;         /* of the picture's tokens, row by row behind the prefix */
    int64_t key_prefix;            /* of a map of attention: the same of its keys, */
    int64_t key_rows, key_columns; /* whose grid may be coarser */
    int64_t window_rows, window_columns; /* of a map of windows [B * windows, heads, N, N]; 0: it is of all tokens */
    int64_t shift_rows, shift_columns;   /* by how many the windows are moved down and right */
} token_layout;

typedef struct family {
    const char *name, *summary;
    size_t size, config_size; /* of a model's struct, which is zero at first, and of a configuration */
    /* Registers the parameters and fills the struct. False with an error where the sizes do not fit together. */
    bool (*init)(void *model, vt_path path, const void *config);
    /* images [B, channels, height, width] -> logits [B, classes] */
    vt_tensor (*forward)(const void *model, vt_tensor images);
    /* The number of blocks in a configuration; NULL where one number does not say it. */
    int64_t *(*depth)(void *config);
    /* A pattern of the names of values that Grad-CAM may look at: it takes the last. The logits have to depend on it:
     * on patches behind the last attention of a class token they do not. */
    const char *feature_map;
    const char *attention; /* a pattern of the names of maps of attention; NULL: there are none */
    /* A pattern of the names of weights of tokens [B, heads, tokens, channels], each channel's sum 1; NULL: there are
     * none. Attention that has them has no maps. */
    const char *token_weights;
    /* Where the tokens of the value of that name are, a map of attention or a feature map [B, tokens, dim]: false where
     * they have no place. NULL: all values are feature maps [B, C, H, W]. */
    bool (*layout)(const void *model, const char *value, token_layout *layout);
    const char *blocks;      /* a pattern of the paths of its blocks: "blocks.*" */
    const char *heads;       /* a pattern of the parameters that the number of classes is a size of: "head.*" */
    const char *input;       /* a pattern of the weights that the pictures' channels are axis 1 of */
    const naming *namings;   /* beside its own; ends with a row without a name. NULL: there are none */
    const variant *variants; /* ends with a row without a name */
} family;

#endif
