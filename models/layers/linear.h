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
    bool no_bias;
} linear_args;

/* Registers "weight" and "bias" under the path, both uniform within 1/sqrt(in) as PyTorch begins them. */
linear linear_new_with(const linear_args *a);
#define linear_new(...) linear_new_with(VT_ARGS(linear_args, 3, "linear_new(path, in, out, .no_bias)", __VA_ARGS__))

/* x [..., in] -> [..., out] */
vt_tensor linear_forward(const linear *m, vt_tensor x);

#endif
