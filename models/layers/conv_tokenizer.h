/* conv_tokenizer.h - a picture as a sequence of tokens, by convolutions and pooling (Hassani et al., "Escaping the big
 * data paradigm with compact transformers", 2021). */
#ifndef MODELS_LAYERS_CONV_TOKENIZER_H
#define MODELS_LAYERS_CONV_TOKENIZER_H

#include "layers/conv.h"

enum { CONV_TOKENIZER_MOST = 4 };

typedef struct conv_tokenizer {
    conv convs[CONV_TOKENIZER_MOST];
    int count;
    bool patches;
} conv_tokenizer;

typedef struct conv_tokenizer_args {
    vt_site at_;
    vt_path path;
    int64_t channels, dim; /* of the pictures, of a token */
    int kernel;
    vt_named_only named_only_;
    int convs, stride, padding;
    int64_t hidden; /* channels between convolutions */
    bool patches;   /* one convolution, with a bias, and nothing behind it */
} conv_tokenizer_args;
#define CONV_TOKENIZER_DEFAULTS .convs = 1, .stride = 1, .padding = 0, .hidden = 64

/* Registers "conv_layers.0.0", "conv_layers.1.0" and so on. Errors: fewer than 1 or more than 4 convolutions. */
conv_tokenizer conv_tokenizer_new_with(const conv_tokenizer_args *a);
#define conv_tokenizer_new(...)                                                                                        \
    VT_CALL(conv_tokenizer_new_with, conv_tokenizer_args, CONV_TOKENIZER_DEFAULTS, 4,                                  \
            "conv_tokenizer_new(path, channels, dim, kernel, .convs .stride .padding .hidden .patches)", __VA_ARGS__)

/* How many rows of tokens pictures of that height have; columns alike, by their width. */
int64_t conv_tokenizer_extent(const conv_tokenizer *m, int64_t extent);

/* images [B, channels, height, width] -> [B, tokens, dim], row by row: convolution, ReLU, and maxima of 3x3 at every
 * second pixel, as often as there are convolutions. */
vt_tensor conv_tokenizer_forward(const conv_tokenizer *m, vt_tensor images);

#endif
