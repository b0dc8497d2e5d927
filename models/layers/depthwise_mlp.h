/* depthwise_mlp.h - the feed-forward half of a transformer block with a depth-wise convolution between its layers,
 * which tells tokens where they are (Wang et al., "PVT v2", 2022). */
#ifndef MODELS_LAYERS_DEPTHWISE_MLP_H
#define MODELS_LAYERS_DEPTHWISE_MLP_H

#include "layers/conv.h"
#include "layers/linear.h"

typedef struct depthwise_mlp {
    linear fc1, fc2;
    conv dwconv;
    bool relu;
    double dropout;
} depthwise_mlp;

typedef struct depthwise_mlp_args {
    vt_site at_;
    vt_path path;
    int64_t dim, hidden;
    vt_named_only named_only_;
    bool relu; /* in front of the convolution too */
    double dropout;
} depthwise_mlp_args;
#define DEPTHWISE_MLP_DEFAULTS .dropout = 0

/* Registers "fc1" [hidden, dim], "dwconv" [hidden, 1, 3, 3] and "fc2" [dim, hidden]. */
depthwise_mlp depthwise_mlp_new_with(const depthwise_mlp_args *a);
#define depthwise_mlp_new(...)                                                                                         \
    VT_CALL(depthwise_mlp_new_with, depthwise_mlp_args, DEPTHWISE_MLP_DEFAULTS, 3,                                     \
            "depthwise_mlp_new(path, dim, hidden, .relu .dropout)", __VA_ARGS__)

/* x [B, tokens, dim], the tokens those of so many rows: fc1, 3x3 depth-wise convolution, GELU, dropout, fc2, dropout.
 */
vt_tensor depthwise_mlp_forward(const depthwise_mlp *m, vt_tensor x, int64_t rows);

#endif
