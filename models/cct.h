/* cct.h - compact transformers (Hassani et al., "Escaping the big data paradigm with compact transformers", 2021), with
 * the names of the authors: CCT, whose tokens come from convolutions; CVT, from patches, pooled like CCT's; and
 * ViT-Lite, from patches, with a class token. */
#ifndef MODELS_CCT_H
#define MODELS_CCT_H

#include "family.h"
#include "layers/attention.h"
#include "layers/conv_tokenizer.h"
#include "layers/norm.h"
#include "layers/sequence_pooling.h"

typedef struct cct_config {
    common_config common; /* dropout: behind the positions, the attention's projection, and in the MLP */
    int64_t dim, depth, heads, mlp_dim;
    int convs, kernel; /* of the tokenizer; 1 for patches, whose height and width the kernel is then */
    bool patches;
    bool class_token;    /* logits come from it, rather than from pooling the sequence */
    bool sine_positions; /* fixed ones of the place in the sequence, rather than learned ones */
} cct_config;

typedef struct cct_block {
    vt_path path;
    layer_norm pre_norm, norm1;
    attention self_attn;
    linear linear1, linear2;
    double dropout, drop_path;
} cct_block;

/* Values by name: "tokenizer" [B, tokens, dim], "classifier.blocks.3", "classifier.blocks.3.self_attn.weights",
 * "feature_map" [B, tokens, dim], "classifier.attention_pool.weights" [B, tokens], and "pooled" or "cls_token" [B,
 * dim].
 */
typedef struct cct {
    cct_config config;
    vt_path path;
    conv_tokenizer tokenizer;
    int64_t rows, columns;               /* of the tokenizer's tokens */
    vt_tensor class_emb, positional_emb; /* [1, 1, dim], [1, class token and tokens, dim] */
    cct_block *blocks;                   /* [depth] */
    layer_norm norm;
    sequence_pooling attention_pool;
    linear fc;
} cct;

bool cct_init(void *model, vt_path path, const void *config);
vt_tensor cct_forward(const void *model, vt_tensor images);
extern const family cct_family;

#endif
