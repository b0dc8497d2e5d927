/* sequence_pooling.h - a sequence as a mean of its tokens whose weights are learned (Hassani et al. 2021). */
#ifndef MODELS_LAYERS_SEQUENCE_POOLING_H
#define MODELS_LAYERS_SEQUENCE_POOLING_H

#include "layers/linear.h"

typedef struct sequence_pooling {
    vt_path path;
    linear score; /* [1, dim] */
} sequence_pooling;

/* Registers "weight" and "bias". */
sequence_pooling sequence_pooling_new(vt_path path, int64_t dim);

/* x [B, N, dim] -> [B, dim]. Names the tokens' weights [B, N], which sum to 1, "weights". */
vt_tensor sequence_pooling_forward(const sequence_pooling *m, vt_tensor x);

#endif
