/* cvt.h - the convolutional vision transformer, CvT (Wu et al., "CvT: Introducing convolutions to vision transformers",
 * 2021), with the names of the authors. */
#ifndef MODELS_CVT_H
#define MODELS_CVT_H

#include "family.h"
#include "layers/conv.h"
#include "layers/conv_embedding.h"
#include "layers/mlp.h"
#include "layers/norm.h"

enum { CVT_STAGES = 3 };

typedef struct cvt_config {
    common_config common; /* dropout: in front of the blocks of a stage, behind the attention's projection, in the MLP;
                             drop_path: of the last stage, whose first block has none */
    int64_t kernels[CVT_STAGES], strides[CVT_STAGES], paddings[CVT_STAGES]; /* of the embeddings */
    int64_t dims[CVT_STAGES], depths[CVT_STAGES], heads[CVT_STAGES];
    int64_t qkv_kernels[CVT_STAGES]; /* of the depth-wise convolutions. 3 */
    int64_t key_strides[CVT_STAGES]; /* keys and values are of every so many rows and columns. 2 */
    double mlp_ratios[CVT_STAGES];   /* of an MLP's hidden channels to the block's. 4 */
    bool no_qkv_bias[CVT_STAGES];
    bool gelu; /* rather than the quick one */
} cvt_config;

/* A depth-wise convolution and a batch norm, in front of a linear projection. */
typedef struct cvt_projection {
    conv conv;
    batch_norm bn;
    linear linear;
} cvt_projection;

typedef struct cvt_attention {
    vt_path path;
    cvt_projection q, k, v;
    linear proj;
    int64_t heads, rows, columns;
    double scale, dropout, proj_dropout;
} cvt_attention;

typedef struct cvt_block {
    vt_path path;
    layer_norm norm1, norm2;
    cvt_attention attn;
    mlp mlp;
    double drop_path;
} cvt_block;

typedef struct cvt_stage {
    vt_path path;
    conv_embedding patch_embed;
    int64_t rows, columns; /* of its tokens */
    int64_t key_rows, key_columns;
    vt_tensor cls_token; /* [1, 1, dim] of the last stage, otherwise inert */
    cvt_block *blocks;
    int64_t depth;
} cvt_stage;

/* Values by name: "stage1.patch_embed" [B, tokens, dim], "stage1.blocks.0", "stage1.blocks.0.attn.weights", whose keys
 * are those of fewer rows and columns; "stage2.blocks.9.norm1" [B, 1 + tokens, dim], what the attention of a block of
 * the last stage sees; "cls_token". */
typedef struct cvt {
    cvt_config config;
    vt_path path;
    cvt_stage stages[CVT_STAGES];
    layer_norm norm;
    linear head;
} cvt;

bool cvt_init(void *model, vt_path path, const void *config);
vt_tensor cvt_forward(const void *model, vt_tensor images);
extern const family cvt_family;

#endif
