/* coat.h - the co-scale conv-attentional transformer, CoaT and CoaT-Lite (Xu et al., "Co-scale conv-attentional image
 * transformers", 2021), with timm's names. */
#ifndef MODELS_COAT_H
#define MODELS_COAT_H

#include "family.h"
#include "layers/conv_embedding.h"
#include "layers/conv_position.h"
#include "layers/factorized_attention.h"
#include "layers/mlp.h"
#include "layers/norm.h"

enum { COAT_SCALES = 4, COAT_PARALLEL = 3 }; /* parallel blocks are of the last scales */

typedef struct coat_config {
    common_config common; /* dropout: behind the attention's projection, and in the MLP; drop_path: of all blocks */
    int64_t patch;        /* height and width of the first scale's; those of the others are 2 */
    int64_t dims[COAT_SCALES], depths[COAT_SCALES];
    double mlp_ratios[COAT_SCALES]; /* of an MLP's hidden channels to the block's */
    bool no_qkv_bias;
    int64_t parallel_depth; /* 0: CoaT-Lite. Otherwise the dims and ratios of the last scales are the same */
    int64_t window_heads[CONV_RELATIVE_POSITION_WINDOWS]; /* of all heads, so many have windows of 3, 5 and 7 */
} coat_config;

typedef struct coat_serial_block {
    vt_path path;
    layer_norm norm1, norm2;
    factorized_attention attention;
    mlp mlp;
} coat_serial_block;

typedef struct coat_scale {
    conv_embedding patch_embed;
    vt_tensor cls_token; /* [1, 1, dim] */
    conv_position cpe;
    conv_relative_position crpe; /* of all its blocks */
    coat_serial_block *blocks;
    int64_t depth, rows, columns;
} coat_scale;

typedef struct coat_parallel_block {
    vt_path path;
    layer_norm norm1[COAT_PARALLEL], norm2[COAT_PARALLEL];
    factorized_attention attention[COAT_PARALLEL];
    mlp mlp; /* of all scales */
} coat_parallel_block;

/* Values by name: "serial_blocks2.0" [B, 1 + tokens, dim], "parallel_blocks.5.scale3"; "serial_blocks2.0.norm1"
 * and "parallel_blocks.5.norm13", what their attention sees; "cls_token" [B, dim]. There are no maps of attention, but
 * "serial_blocks2.0.factoratt_crpe.keys" [B, heads, 1 + tokens, channels]: what each channel weighs the tokens by. */
typedef struct coat {
    coat_config config;
    vt_path path;
    coat_scale scales[COAT_SCALES];
    coat_parallel_block *parallel; /* [parallel_depth] */
    layer_norm norm[COAT_PARALLEL];
    vt_tensor aggregate_weight, aggregate_bias; /* [1, 3, 1], [1]: of the class tokens of the last scales */
    linear head;
} coat;

bool coat_init(void *model, vt_path path, const void *config);
vt_tensor coat_forward(const void *model, vt_tensor images);
extern const family coat_family, coat_lite_family;

#endif
