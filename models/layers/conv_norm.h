/* conv_norm.h - convolution without a bias, then batch normalisation. */
#ifndef MODELS_LAYERS_CONV_NORM_H
#define MODELS_LAYERS_CONV_NORM_H

#include "layers/conv.h"
#include "layers/norm.h"

typedef struct conv_norm {
    conv conv;
    batch_norm bn;
} conv_norm;

/* Registers "conv" and "bn". The padding keeps the extents where the stride is 1; an odd kernel. */
conv_norm conv_norm_new(vt_path path, int64_t in, int64_t out, int kernel, int stride);

/* x [N, in, H, W] -> [N, out, H', W'] */
vt_tensor conv_norm_forward(const conv_norm *m, vt_tensor x);

#endif
