/* patch_embedding.h - a picture as a sequence of patch vectors (Dosovitskiy et al. 2021). */
#ifndef MODELS_LAYERS_PATCH_EMBEDDING_H
#define MODELS_LAYERS_PATCH_EMBEDDING_H

#include "layers/conv.h"

typedef struct patch_embedding {
    conv proj; /* kernel and stride are the patch */
    int64_t patches;
} patch_embedding;

/* Registers "proj". The picture must divide into patches: an error otherwise. */
patch_embedding patch_embedding_new(vt_path path, int64_t image_size, int64_t patch_size, int64_t channels,
                                    int64_t dim);

/* images [B, channels, H, W] -> [B, patches, dim], the patches row by row. */
vt_tensor patch_embedding_forward(const patch_embedding *m, vt_tensor images);

#endif
