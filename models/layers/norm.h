/* norm.h - layer, root-mean-square and batch normalisation with their parameters. */
#ifndef MODELS_LAYERS_NORM_H
#define MODELS_LAYERS_NORM_H

#include <vitro/vitro.h>

typedef struct layer_norm {
    vt_tensor weight, bias; /* [dim] */
    double eps;
} layer_norm;

/* Registers "weight" (ones) and "bias" (zeros). eps is the model family's: a wrong one changes every logit. */
layer_norm layer_norm_new(vt_path path, int64_t dim, double eps);

/* x [..., dim], normalised over the last axis. */
vt_tensor layer_norm_forward(const layer_norm *m, vt_tensor x);

typedef struct rms_norm {
    vt_tensor weight; /* [dim] */
    double eps;
} rms_norm;

/* Registers "weight" (ones). */
rms_norm rms_norm_new(vt_path path, int64_t dim, double eps);

/* x [..., dim], divided by its root mean square over the last axis. */
vt_tensor rms_norm_forward(const rms_norm *m, vt_tensor x);

typedef struct batch_norm {
    vt_path path;
    vt_tensor weight, bias, running_mean, running_var; /* [channels] */
    vt_tensor num_batches_tracked;                     /* i64 []: kept, as PyTorch keeps it, and used by nothing */
} batch_norm;

/* Registers "weight" (ones), "bias" (zeros), and the buffers "running_mean" (zeros), "running_var" (ones) and
 * "num_batches_tracked" (0). */
batch_norm batch_norm_new(vt_path path, int64_t channels);

/* x [N, channels, ...]; updates the running statistics in training, unless its weight is frozen: then it computes as in
 * evaluation. */
vt_tensor batch_norm_forward(const batch_norm *m, vt_tensor x);

#endif
