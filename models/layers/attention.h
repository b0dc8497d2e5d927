/* attention.h - multi-head self-attention (Vaswani et al. 2017) with q, k and v in one projection. */
#ifndef MODELS_LAYERS_ATTENTION_H
#define MODELS_LAYERS_ATTENTION_H

#include "layers/linear.h"

typedef struct attention {
    linear qkv, proj; /* rows q | k | v, the heads of each contiguous */
    int heads;
    double dropout, proj_dropout;
} attention;

typedef struct attention_args {
    vt_site at_;
    vt_path path;
    int64_t dim;
    int heads;
    vt_named_only named_only_;
    double dropout;      /* of the attention weights */
    double proj_dropout; /* of the result */
    bool no_qkv_bias;
    double std; /* of the weights at the beginning: see linear_args */
} attention_args;
#define ATTENTION_DEFAULTS .dropout = 0, .proj_dropout = 0, .std = VT_AUTO

/* Registers "qkv" and "proj". dim must be a multiple of the heads: an error otherwise. */
attention attention_new_with(const attention_args *a);
#define attention_new(...)                                                                                             \
    VT_CALL(attention_new_with, attention_args, ATTENTION_DEFAULTS, 3,                                                 \
            "attention_new(path, dim, heads, .dropout .proj_dropout .no_qkv_bias .std)", __VA_ARGS__)

/* x [B, N, dim] -> [B, N, dim]. Where `weights` is not NULL it gets the attention weights [B, heads, N, N], before
 * dropout: each row sums to 1. */
vt_tensor attention_forward(const attention *m, vt_tensor x, vt_tensor *weights);

#endif
