/* mlp.h - the feed-forward half of a transformer block. */
#ifndef MODELS_LAYERS_MLP_H
#define MODELS_LAYERS_MLP_H

#include "layers/linear.h"

typedef struct mlp {
    linear fc1, fc2;
    double dropout;
    bool quick_gelu;
} mlp;

typedef struct mlp_args {
    vt_site at_;
    vt_path path;
    int64_t dim, hidden;
    vt_named_only named_only_;
    double dropout;
    bool quick_gelu; /* x sigmoid(1.702 x) in place of GELU: Hendrycks and Gimpel 2016 */
} mlp_args;
#define MLP_DEFAULTS .dropout = 0

/* Registers "fc1" [hidden, dim] and "fc2" [dim, hidden]. */
mlp mlp_new_with(const mlp_args *a);
#define mlp_new(...)                                                                                                   \
    VT_CALL(mlp_new_with, mlp_args, MLP_DEFAULTS, 3, "mlp_new(path, dim, hidden, .dropout .quick_gelu)", __VA_ARGS__)

/* x [..., dim]: fc1, GELU or the quick one, dropout, fc2, dropout. */
vt_tensor mlp_forward(const mlp *m, vt_tensor x);

#endif
