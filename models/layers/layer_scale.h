/* layer_scale.h - a branch times a learned number for each channel (Touvron et al., "Going deeper with image
 * transformers", 2021). */
#ifndef MODELS_LAYERS_LAYER_SCALE_H
#define MODELS_LAYERS_LAYER_SCALE_H

#include <vitro/vitro.h>

typedef struct layer_scale {
    vt_tensor gamma; /* [dim]; inert where there is none */
} layer_scale;

/* Registers "gamma"; nothing where `begin`, what it is at first, is 0. */
layer_scale layer_scale_new(vt_path path, int64_t dim, double begin);

/* x [..., dim] */
vt_tensor layer_scale_forward(const layer_scale *m, vt_tensor x);

#endif
