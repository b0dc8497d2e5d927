/* ceit.h - the convolution-enhanced image transformer, CeiT (Yuan et al., "Incorporating convolution designs into
 * visual transformers", 2021), with the names of the authors. */
#ifndef MODELS_CEIT_H
#define MODELS_CEIT_H

#include "family.h"
#include "layers/attention.h"
#include "layers/conv_norm.h"
#include "layers/mlp.h"
#include "layers/norm.h"
#include "layers/position.h"

typedef struct ceit_config {
    common_config common; /* dropout: behind the positions, the attention's projection, and in the last block's MLP */
    int stem_kernel, stem_stride; /* of the convolution in front; pooling of stride 2 follows */
    int64_t stem_channels, patch; /* height and width, of what the stem gives */
    int64_t dim, depth, heads, mlp_dim;
    bool no_qkv_bias;
} ceit_config;

/* An MLP that sees each token's neighbours, by a depth-wise convolution in its middle; the class token passes by. */
typedef struct ceit_leff {
    conv conv1, conv2, conv3;
    batch_norm bn1, bn2, bn3;
} ceit_leff;

typedef struct ceit_block {
    vt_path path;
    layer_norm norm1, norm2;
    attention attn;
    ceit_leff leff;
    double drop_path;
} ceit_block;

/* Attention over what the class token was behind each block. */
typedef struct ceit_lca {
    layer_norm norm1, norm2;
    attention attn;
    mlp feedforward;
} ceit_lca;

/* Values by name: "stem" [B, C, H', W'], "blocks.3", "blocks.3.norm1" [B, 1 + tokens, dim], what its attention sees,
 * "blocks.3.attn.weights"; "cls_tokens" [B, depth, dim], "lca.attn.weights" [B, heads, depth, depth], and "cls_token".
 */
typedef struct ceit {
    ceit_config config;
    vt_path path;
    conv_norm stem;
    conv proj;
    int64_t rows, columns; /* of the tokens */
    vt_tensor cls_token;   /* [1, 1, dim] */
    position position;
    ceit_block *blocks;        /* [depth] */
    vt_tensor pos_layer_embed; /* [1, depth, dim] */
    ceit_lca lca;
    layer_norm norm;
    linear head;
} ceit;

bool ceit_init(void *model, vt_path path, const void *config);
vt_tensor ceit_forward(const void *model, vt_tensor images);
extern const family ceit_family;

#endif
