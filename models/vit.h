/* vit.h - the vision transformer (Dosovitskiy et al., "An image is worth 16x16 words", 2021) in all its forms: of timm,
 * of vit-pytorch, with a distillation token (DeiT: Touvron et al. 2021), as DeiT III has it (Touvron et al. 2022), and
 * the simple one with fixed positions and no class token (Beyer et al., "Better plain ViT baselines", 2022). */
#ifndef MODELS_VIT_H
#define MODELS_VIT_H

#include "family.h"
#include "layers/attention.h"
#include "layers/layer_scale.h"
#include "layers/mlp.h"
#include "layers/norm.h"
#include "layers/patch_embedding.h"
#include "layers/position.h"

typedef struct vit_config {
    common_config common; /* dropout: behind the positions, in the MLP and behind the attention's projection */
    int64_t patch_height, patch_width;
    int64_t dim, depth, heads, mlp_dim;
    int64_t head_dim; /* 0: dim / heads */
    double eps;       /* of the norms: 1e-5 is PyTorch's, 1e-6 timm's */
    position_kind position;
    bool no_class_token;       /* then logits come from the mean of the patches */
    bool distilled;            /* a distillation token with a head of its own; logits are the mean of the two heads' */
    bool mean_of_patches;      /* logits come from the mean of the patches, whatever tokens there are */
    bool norm_after_mean;      /* the last norm is of the mean ("fc_norm"), not of the tokens ("norm") */
    bool positions_of_patches; /* the tokens in front have none, and are put there after the positions are added */
    bool normed_patches;       /* the patch embedding has norms before and after its projection */
    bool no_qkv_bias, no_proj_bias;
    bool no_proj_dropout; /* none behind the attention's projection */
    bool no_single_proj;  /* one head of dim channels is not projected */
    double layer_scale;   /* what the scales of the branches begin with; 0: there are none */
    double token_std;     /* of tokens and positions at first */
    enum vit_weights {
        VIT_WEIGHTS_TIMM,    /* matrices: truncated normal of deviation 0.02; biases 0 */
        VIT_WEIGHTS_PYTORCH, /* those of nn.Linear */
        VIT_WEIGHTS_MHA,     /* and in attention those of nn.MultiheadAttention */
        VIT_WEIGHTS_FLAX     /* of fan in and out as in big_vision; the head is 0 */
    } weights;
} vit_config;

typedef struct vit_block {
    vt_path path;
    layer_norm norm1, norm2;
    attention attn;
    mlp mlp;
    layer_scale ls1, ls2;
    double drop_path;
} vit_block;

/* Values by name: "patch_embed", "blocks.3", "blocks.3.norm1" (what its attention sees), "blocks.3.attn.weights",
 * "tokens" (after the last norm), "feature_map" [B, patches, dim], "cls_token" or "pooled" [B, dim], and of two heads
 * "logits_class" and "logits_distilled". */
typedef struct vit {
    vit_config config;
    vt_path path;
    vt_tensor cls_token, dist_token; /* [1, 1, dim] */
    position position;
    patch_embedding patch_embed;
    vit_block *blocks; /* [depth] */
    layer_norm norm;
    linear head, head_dist;
} vit;

bool vit_init(void *model, vt_path path, const void *config);
vt_tensor vit_forward(const void *model, vt_tensor images);
extern const naming vit_namings[];
extern const family vit_family;

#endif
