/* linear.h - y = x Wᵀ + b. */
#ifndef MODELS_LAYERS_LINEAR_H
#define MODELS_LAYERS_LINEAR_H

#include <vitro/vitro.h>

typedef struct linear {
    vt_tensor weight, bias; /* [out, in], [out] or inert */
} linear;

typedef struct linear_options {
    double std; /* weight ~ truncated normal of this deviation, bias 0; 0: both uniform within 1/sqrt(in), as PyTorch */
    bool no_bias;
} linear_options;

/* Registers "weight" and "bias" under the path. */
linear linear_new(vt_path path, int64_t in, int64_t out, linear_options options);

/* x [..., in] -> [..., out] */
vt_tensor linear_forward(const linear *m, vt_tensor x);

#endif
