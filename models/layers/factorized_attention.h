/* factorized_attention.h - attention whose cost grows with the number of tokens, not with its square: each channel of
 * the keys weighs the tokens, and queries mix the sums (Xu et al., "Co-scale conv-attentional image transformers",
 * 2021). There is no map of attention. */
#ifndef MODELS_LAYERS_FACTORIZED_ATTENTION_H
#define MODELS_LAYERS_FACTORIZED_ATTENTION_H

#include "layers/conv_relative_position.h"
#include "layers/linear.h"

typedef struct factorized_attention {
    vt_path path;
    linear qkv, proj;
    const conv_relative_position *crpe; /* not its own: all blocks of a scale have the same */
    int64_t heads, rows;                /* of the tokens */
    double dropout;
} factorized_attention;

/* Registers "qkv" and "proj"; dim is a multiple of the heads. `dropout` is behind the projection. */
factorized_attention factorized_attention_new(vt_path path, int64_t dim, int64_t heads, int64_t rows,
                                              const conv_relative_position *crpe, double dropout, bool no_qkv_bias);

/* x [B, 1 + tokens, dim] -> the same shape. Names the weights of the tokens [B, heads, 1 + tokens, dim / heads], which
 * sum to 1 over the tokens for each channel, "keys". */
vt_tensor factorized_attention_forward(const factorized_attention *m, vt_tensor x);

#endif
