/* conv_embedding.h - a picture, or the feature map of a stage before, as a sequence of vectors of windows, which may
 * overlap, normed. */
#ifndef MODELS_LAYERS_CONV_EMBEDDING_H
#define MODELS_LAYERS_CONV_EMBEDDING_H

#include "layers/conv.h"
#include "layers/norm.h"

typedef struct conv_embedding {
    conv proj;
    layer_norm norm;
} conv_embedding;

typedef struct conv_embedding_args {
    vt_site at_;
    vt_path path;
    int64_t in, dim, kernel;
    vt_named_only named_only_;
    int stride, padding;
    double eps; /* of the norm */
} conv_embedding_args;
#define CONV_EMBEDDING_DEFAULTS .stride = 1, .padding = 0, .eps = 1e-5

/* Registers "proj" and "norm". */
conv_embedding conv_embedding_new_with(const conv_embedding_args *a);
#define conv_embedding_new(...)                                                                                        \
    VT_CALL(conv_embedding_new_with, conv_embedding_args, CONV_EMBEDDING_DEFAULTS, 4,                                  \
            "conv_embedding_new(path, in, dim, kernel, .stride .padding .eps)", __VA_ARGS__)

/* x [B, in, H, W] -> [B, H' * W', dim], row by row, with H' and W' those of the convolution. */
vt_tensor conv_embedding_forward(const conv_embedding *m, vt_tensor x);

#endif
