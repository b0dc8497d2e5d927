/* pvt.h - the pyramid vision transformer (Wang et al., "Pyramid vision transformer: a versatile backbone for dense
 * prediction without convolutions", 2021). Its tensors have the names that timm gives those of version 2. */
#ifndef MODELS_PVT_H
#define MODELS_PVT_H

#include "family.h"
#include "layers/conv_embedding.h"
#include "layers/drop_path.h"
#include "layers/mlp.h"
#include "layers/norm.h"
#include "layers/position.h"
#include "layers/spatial_reduction.h"

enum { PVT_MOST_STAGES = 4 };

typedef struct pvt_config {
    common_config common; /* dropout: behind the positions, in the MLP and behind the attention's projection */
    int64_t patch;        /* side of the first stage's, in pixels; each further stage makes one token of four. 4 */
    int64_t depths[PVT_MOST_STAGES]; /* 0: there are no more stages */
    int64_t dims[PVT_MOST_STAGES], heads[PVT_MOST_STAGES];
    double mlp_ratios[PVT_MOST_STAGES];  /* of an MLP's hidden channels to the block's */
    int64_t reductions[PVT_MOST_STAGES]; /* a key stands for so many rows and columns; 1 in the last stage */
    bool no_qkv_bias;
    double eps;           /* of the blocks' norms and of the last */
    double embedding_eps; /* of the norms of embeddings and keys: 1e-6 in transformers, 1e-5 the authors' */
} pvt_config;

typedef struct pvt_block {
    vt_path path;
    layer_norm norm1, norm2;
    spatial_reduction attn;
    mlp mlp;
    double drop_path;
} pvt_block;

typedef struct pvt_stage {
    vt_path path;
    conv_embedding embed;
    position position;
    int64_t rows, columns; /* of tokens */
    pvt_block *blocks;
    int64_t depth;
} pvt_stage;

/* Values by name: "patch_embed" and "stages.1.blocks.0" [B, tokens, dim], in the last stage with the class token,
 * "stages.1.blocks.0.attn.weights" [B, heads, tokens, keys], "feature_map" [B, patches, dim] and "cls_token" [B, dim].
 */
typedef struct pvt {
    pvt_config config;
    vt_path path;
    pvt_stage stages[PVT_MOST_STAGES];
    int count;           /* of stages */
    vt_tensor cls_token; /* [1, 1, dim], of the last stage */
    layer_norm norm;
    linear head;
} pvt;

bool pvt_init(void *model, vt_path path, const void *config);
vt_tensor pvt_forward(const void *model, vt_tensor images);
extern const family pvt_family;

#endif
