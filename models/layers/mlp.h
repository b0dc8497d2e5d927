/* mlp.h - the feed-forward half of a transformer block. */
#ifndef MODELS_LAYERS_MLP_H
#define MODELS_LAYERS_MLP_H

#include "layers/linear.h"

typedef struct mlp {
    linear fc1, fc2;
    double dropout;
} mlp;

typedef struct mlp_args {
    vt_site at_;
    vt_path path;
    int64_t dim, hidden;
    vt_named_only named_only_;
    double dropout;
} mlp_args;
#define MLP_DEFAULTS .dropout = 0

/* Registers "fc1" [hidden, dim] and "fc2" [dim, hidden]. */
mlp mlp_new_with(const mlp_args *a);
#define mlp_new(...)                                                                                                   \
    VT_CALL(mlp_new_with, mlp_args, MLP_DEFAULTS, 3, "mlp_new(path, dim, hidden, .dropout)", __VA_ARGS__)

/* x [..., dim]: fc1, GELU, dropout, fc2, dropout. */
vt_tensor mlp_forward(const mlp *m, vt_tensor x);

#endif
