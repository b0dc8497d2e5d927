/* conv.h - two-dimensional convolution. */
#ifndef MODELS_LAYERS_CONV_H
#define MODELS_LAYERS_CONV_H

#include <vitro/vitro.h>

typedef struct conv {
    vt_tensor weight, bias; /* [out, in / groups, kernel, kernel], [out] or inert */
    int stride, padding, groups;
} conv;

typedef struct conv_options {
    int stride, padding, groups; /* 0: 1, 0, 1 */
    bool no_bias;
} conv_options;

/* Registers "weight" and "bias", uniform within 1/sqrt(fan in) as PyTorch begins them. */
conv conv_new(vt_path path, int64_t in, int64_t out, int64_t kernel, conv_options options);

/* x [N, in, H, W] -> [N, out, H', W'] */
vt_tensor conv_forward(const conv *m, vt_tensor x);

#endif
