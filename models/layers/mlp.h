/* mlp.h - the feed-forward half of a transformer block. */
#ifndef MODELS_LAYERS_MLP_H
#define MODELS_LAYERS_MLP_H

#include "layers/linear.h"

typedef struct mlp {
    linear fc1, fc2;
    double dropout;
} mlp;

/* Registers "fc1" [hidden, dim] and "fc2" [dim, hidden]. */
mlp mlp_new(vt_path path, int64_t dim, int64_t hidden, double dropout, double std);

/* x [..., dim]: fc1, GELU, dropout, fc2, dropout. */
vt_tensor mlp_forward(const mlp *m, vt_tensor x);

#endif
