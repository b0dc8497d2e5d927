/* vit5.h - ViT-5, the vision transformer with what was learned since (Wang et al., "ViT-5: Vision transformers for the
 * mid-2020s", 2026), with the names of the authors: RMSNorm, also of queries and keys; rotary positions beside learned
 * ones; register tokens, which have rotary positions of their own (Darcet et al. 2024); LayerScale. */
#ifndef MODELS_VIT5_H
#define MODELS_VIT5_H

#include "family.h"
#include "layers/layer_scale.h"
#include "layers/mlp.h"
#include "layers/norm.h"
#include "layers/patch_embedding.h"
#include "layers/position.h"

typedef struct vit5_config {
    common_config common; /* dropout: in front of the head; drop_path: of all blocks */
    int64_t patch;        /* height and width */
    int64_t dim, depth, heads, mlp_dim;
    int64_t registers;  /* a square number: 0, 1, 4, 9, ... */
    double layer_scale; /* what the scales of the branches begin with */
} vit5_config;

typedef struct vit5_attention {
    vt_path path;
    linear qkv, proj;
    rms_norm q_norm, k_norm; /* of the channels of a head */
    int64_t heads;
} vit5_attention;

typedef struct vit5_block {
    vt_path path;
    rms_norm norm1, norm2;
    vit5_attention attn;
    mlp mlp;
    layer_scale gamma_1, gamma_2;
} vit5_block;

/* Values by name: "patch_embed" [B, patches, dim], "blocks.3" [B, 1 + registers + patches, dim],
 * "blocks.3.norm1", what its attention sees, "blocks.3.attn.weights", and "cls_token" [B, dim]. */
typedef struct vit5 {
    vit5_config config;
    vt_path path;
    patch_embedding patch_embed;
    vt_tensor cls_token, reg_token; /* [1, 1, dim], [1, registers, dim] */
    position position;              /* of the patches */
    vit5_block *blocks;             /* [depth] */
    rms_norm norm;
    linear head;
} vit5;

bool vit5_init(void *model, vt_path path, const void *config);
vt_tensor vit5_forward(const void *model, vt_tensor images);
extern const family vit5_family;

#endif
