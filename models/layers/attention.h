/* attention.h - multi-head self-attention (Vaswani et al. 2017) with q, k and v in one projection. */
#ifndef MODELS_LAYERS_ATTENTION_H
#define MODELS_LAYERS_ATTENTION_H

#include "layers/linear.h"

typedef struct attention {
    vt_path path;
    linear qkv;  /* rows q | k | v, the heads of each contiguous */
    linear proj; /* absent where the result is not projected */
    int64_t heads;
    double dropout, proj_dropout;
} attention;

typedef struct attention_args {
    vt_site at_;
    vt_path path;
    int64_t dim, heads;
    vt_named_only named_only_;
    int64_t head_dim;    /* channels of a head; VT_AUTO: dim / heads */
    double dropout;      /* of the attention weights */
    double proj_dropout; /* of the result */
    bool no_qkv_bias, no_proj_bias, no_proj;
} attention_args;
#define ATTENTION_DEFAULTS .head_dim = VT_AUTO, .dropout = 0, .proj_dropout = 0

/* Registers "qkv" and "proj". Errors: dim is no multiple of the heads, where head_dim does not say otherwise; without a
 * projection the heads must have dim channels together. */
attention attention_new_with(const attention_args *a);
#define attention_new(...)                                                                                             \
    VT_CALL(attention_new_with, attention_args, ATTENTION_DEFAULTS, 3,                                                 \
            "attention_new(path, dim, heads, .head_dim .dropout .proj_dropout .no_qkv_bias .no_proj_bias "             \
            ".no_proj)",                                                                                               \
            __VA_ARGS__)

/* x [B..., N, dim] -> [B..., N, dim]. Names the attention weights [B, heads, N, N] "weights", with the axes of B as
 * one: each row sums to 1. */
vt_tensor attention_forward(const attention *m, vt_tensor x);
/* The same with a bias that is added to the logits, and a mask that is false where a query does not see a key; both
 * broadcast to [B..., heads, N, N], and either may be inert. */
vt_tensor attention_forward_adjusted(const attention *m, vt_tensor x, vt_tensor bias, vt_tensor mask);

#endif
