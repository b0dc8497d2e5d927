/* vit.h - the vision transformer (Dosovitskiy et al., "An image is worth 16x16 words", 2021). */
#ifndef MODELS_VIT_H
#define MODELS_VIT_H

#include "layers/attention.h"
#include "layers/mlp.h"
#include "layers/norm.h"
#include "layers/patch_embedding.h"

typedef struct vit_config {
    int64_t image_size, patch_size, channels, classes;
    int64_t dim, depth, mlp_dim;
    int heads;
    double dropout;           /* after the position embedding, in the MLP and behind the attention's projection */
    double attention_dropout; /* of the attention weights */
    double drop_path;         /* of the last block's branches; grows linearly from 0 at the first (Huang et al. 2016) */
    double eps;               /* of the layer norms: 1e-5 is PyTorch's, 1e-6 timm's */
} vit_config;

typedef struct vit_block {
    layer_norm norm1, norm2;
    attention attn;
    mlp mlp;
    double drop_path;
} vit_block;

typedef struct vit {
    vit_config config;
    vt_tensor cls_token; /* [1, 1, dim] */
    vt_tensor pos_embed; /* [1, 1 + patches, dim] */
    patch_embedding patch_embed;
    vit_block *blocks; /* [depth] */
    layer_norm norm;
    linear head;
} vit;

/* Registers the parameters under timm's names. False with an error where the sizes do not fit together. */
bool vit_init(vit *m, vt_path path, const vit_config *config);
/* Frees what vit_init allocated; the parameters belong to the vt_model. */
void vit_free(vit *m);

/* images [B, channels, image_size, image_size] -> logits [B, classes]. Where `attention_maps` is not NULL, it has room
 * for `depth` tensors and gets each block's attention weights [B, heads, 1 + patches, 1 + patches]. */
vt_tensor vit_forward(const vit *m, vt_tensor images, vt_tensor *attention_maps);

/* Multiply-accumulates of the matrix products and the convolution, for one picture, forward. */
int64_t vit_macs(const vit_config *config);

#endif
