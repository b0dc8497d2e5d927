/* conv_embedding.h - tokens of windows that may overlap: a convolution and a norm (Wu et al., "CvT: Introducing
 * convolutions to vision transformers", 2021). */
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
    int64_t in, out, kernel;
    vt_named_only named_only_;
    int stride, padding;
    double eps; /* of the norm */
} conv_embedding_args;
#define CONV_EMBEDDING_DEFAULTS .stride = 1, .padding = 0, .eps = 1e-5

/* Registers "proj" and "norm". */
conv_embedding conv_embedding_new_with(const conv_embedding_args *a);
#define conv_embedding_new(...)                                                                                        \
    VT_CALL(conv_embedding_new_with, conv_embedding_args, CONV_EMBEDDING_DEFAULTS, 4,                                  \
            "conv_embedding_new(path, in, out, kernel, .stride .padding .eps)", __VA_ARGS__)

/* x [B, in, H, W] -> [B, H' W', out], row by row; conv_extent gives H' and W'. */
vt_tensor conv_embedding_forward(const conv_embedding *m, vt_tensor x);

#endif
