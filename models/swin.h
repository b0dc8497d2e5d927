/* swin.h - the Swin transformer (Liu et al., "Swin transformer: hierarchical vision transformer using shifted windows",
 * 2021), with timm's names. */
#ifndef MODELS_SWIN_H
#define MODELS_SWIN_H

#include "family.h"
#include "layers/attention.h"
#include "layers/drop_path.h"
#include "layers/mlp.h"
#include "layers/norm.h"
#include "layers/patch_embedding.h"
#include "layers/relative_position.h"
#include "layers/window.h"

enum { SWIN_MOST_STAGES = 4 };

typedef struct swin_config {
    common_config common; /* dropout: behind the patch embedding, in the MLP and behind the attention's projection */
    int64_t patch;        /* side, in pixels */
    int64_t dim;          /* of the first stage; doubles with each */
    double mlp_ratio;     /* of an MLP's hidden channels to the block's. 4 */
    int64_t depths[SWIN_MOST_STAGES], heads[SWIN_MOST_STAGES]; /* a depth of 0: there are no more stages */
    int64_t windows[SWIN_MOST_STAGES];                         /* sides, in tokens */
    bool no_qkv_bias;
} swin_config;

typedef struct swin_block {
    vt_path path;
    windows windows; /* shifted in every second block */
    layer_norm norm1, norm2;
    attention attn;
    relative_position position;
    mlp mlp;
    double drop_path;
} swin_block;

typedef struct swin_stage {
    vt_path path;
    int64_t rows, columns; /* of tokens */
    layer_norm merge_norm; /* in front of all stages but the first four tokens become one */
    linear merge;
    swin_block *blocks;
    int64_t depth;
} swin_stage;

/* Values by name: "patch_embed" and "layers.1.blocks.0" [B, tokens, dim], "layers.1.blocks.0.attn.weights" [B *
 * windows, heads, N, N], "feature_map" [B, tokens, dim] and "pooled" [B, dim]. */
typedef struct swin {
    swin_config config;
    vt_path path;
    patch_embedding patch_embed;
    layer_norm patch_norm;
    swin_stage stages[SWIN_MOST_STAGES];
    int count; /* of stages */
    layer_norm norm;
    linear head;
} swin;

bool swin_init(void *model, vt_path path, const void *config);
vt_tensor swin_forward(const void *model, vt_tensor images);
extern const naming swin_namings[];
extern const family swin_family;

#endif
