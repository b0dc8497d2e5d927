/* patch_embedding.h - a picture as a sequence of patch vectors (Dosovitskiy et al. 2021). */
#ifndef MODELS_LAYERS_PATCH_EMBEDDING_H
#define MODELS_LAYERS_PATCH_EMBEDDING_H

#include "layers/linear.h"
#include "layers/norm.h"

/* How a picture divides into patches. */
typedef struct patch_grid {
    int64_t height, width; /* of the picture */
    int64_t patch_height, patch_width;
    int64_t rows, columns; /* of patches */
} patch_grid;

/* False with an error where the picture does not divide into such patches. */
bool patch_grid_init(patch_grid *grid, int64_t height, int64_t width, int64_t patch_height, int64_t patch_width);

typedef struct patch_embedding {
    patch_grid grid;
    bool normed;          /* of pixels that are normed before and after they are projected: */
    layer_norm pixels;    /* [patch height * patch width * channels] */
    linear proj;          /* otherwise of the shape of a convolution's, [dim, channels, patch height, patch width] */
    layer_norm projected; /* [dim] */
} patch_embedding;

typedef struct patch_embedding_args {
    vt_site at_;
    vt_path path;
    patch_grid grid;
    int64_t channels, dim;
    vt_named_only named_only_;
    bool normed; /* LayerNorm, Linear, LayerNorm of pixels whose channels are last, as vit-pytorch has it */
    double eps;  /* of these norms */
} patch_embedding_args;
#define PATCH_EMBEDDING_DEFAULTS .eps = 1e-5

/* Registers "proj", and where it is normed "pixels" and "projected". */
patch_embedding patch_embedding_new_with(const patch_embedding_args *a);
#define patch_embedding_new(...)                                                                                       \
    VT_CALL(patch_embedding_new_with, patch_embedding_args, PATCH_EMBEDDING_DEFAULTS, 4,                               \
            "patch_embedding_new(path, grid, channels, dim, .normed .eps)", __VA_ARGS__)

/* images [B, channels, height, width] -> [B, patches, dim], the patches row by row. Pictures of another size are an
 * error. */
vt_tensor patch_embedding_forward(const patch_embedding *m, vt_tensor images);

#endif
