/* linear.h - y = x Wᵀ + b. */
#ifndef MODELS_LAYERS_LINEAR_H
#define MODELS_LAYERS_LINEAR_H

#include <vitro/vitro.h>

typedef struct linear {
    vt_tensor weight, bias; /* [out, in], [out] or inert */
} linear;

typedef struct linear_args {
    vt_site at_;
    vt_path path;
    int64_t in, out;
    vt_named_only named_only_;
    double std; /* weight ~ truncated normal of this deviation, bias 0; VT_AUTO: both uniform within 1/sqrt(in), as
                 * PyTorch */
    bool no_bias;
} linear_args;
#define LINEAR_DEFAULTS .std = VT_AUTO

/* Registers "weight" and "bias" under the path. */
linear linear_new_with(const linear_args *a);
#define linear_new(...)                                                                                                \
    VT_CALL(linear_new_with, linear_args, LINEAR_DEFAULTS, 3, "linear_new(path, in, out, .std .no_bias)", __VA_ARGS__)

/* x [..., in] -> [..., out] */
vt_tensor linear_forward(const linear *m, vt_tensor x);

#endif
