/* pvt_v2.h - the pyramid vision transformer, version 2 (Wang et al., "PVT v2: improved baselines with pyramid vision
 * transformer", 2022), with timm's names. */
#ifndef MODELS_PVT_V2_H
#define MODELS_PVT_V2_H

#include "family.h"
#include "layers/conv_embedding.h"
#include "layers/depthwise_mlp.h"
#include "layers/drop_path.h"
#include "layers/norm.h"
#include "layers/spatial_reduction.h"

enum { PVT_V2_MOST_STAGES = 4 };

typedef struct pvt_v2_config {
    common_config common;               /* dropout: in the MLP and behind the attention's projection */
    int64_t stride;                     /* of the first embedding, whose windows are of 2 stride - 1 pixels. 4 */
    int64_t depths[PVT_V2_MOST_STAGES]; /* 0: there are no more stages */
    int64_t dims[PVT_V2_MOST_STAGES], heads[PVT_V2_MOST_STAGES];
    double mlp_ratios[PVT_V2_MOST_STAGES];  /* of an MLP's hidden channels to the block's */
    int64_t reductions[PVT_V2_MOST_STAGES]; /* a key stands for so many rows and columns */
    bool linear;                            /* keys of 7 by 7 means in all stages, and a ReLU in the MLP: "li" */
    bool no_qkv_bias;
} pvt_v2_config;

typedef struct pvt_v2_block {
    vt_path path;
    layer_norm norm1, norm2;
    spatial_reduction attn;
    depthwise_mlp mlp;
    double drop_path;
} pvt_v2_block;

typedef struct pvt_v2_stage {
    vt_path path;
    conv_embedding embed;
    int64_t rows, columns; /* of tokens */
    pvt_v2_block *blocks;
    int64_t depth;
    layer_norm norm;
} pvt_v2_stage;

/* Values by name: "patch_embed" and "stages.1.blocks.0" [B, tokens, dim], "stages.1.blocks.0.attn.weights" [B, heads,
 * tokens, keys], "feature_map" [B, tokens, dim] and "pooled" [B, dim]. */
typedef struct pvt_v2 {
    pvt_v2_config config;
    vt_path path;
    pvt_v2_stage stages[PVT_V2_MOST_STAGES];
    int count; /* of stages */
    linear head;
} pvt_v2;

bool pvt_v2_init(void *model, vt_path path, const void *config);
vt_tensor pvt_v2_forward(const void *model, vt_tensor images);
extern const family pvt_v2_family;

#endif
