/* conv.h - two-dimensional convolution. */
#ifndef MODELS_LAYERS_CONV_H
#define MODELS_LAYERS_CONV_H

#include <vitro/vitro.h>

typedef struct conv {
    vt_tensor weight, bias; /* [out, in / groups, kernel, kernel], [out] or inert */
    int stride, padding, groups;
} conv;

typedef struct conv_args {
    vt_site at_;
    vt_path path;
    int64_t in, out, kernel;
    vt_named_only named_only_;
    int stride, padding, groups;
    bool no_bias;
} conv_args;
#define CONV_DEFAULTS .stride = 1, .padding = 0, .groups = 1

/* Registers "weight" and "bias", uniform within 1/sqrt(fan in) as PyTorch begins them. */
conv conv_new_with(const conv_args *a);
#define conv_new(...)                                                                                                  \
    VT_CALL(conv_new_with, conv_args, CONV_DEFAULTS, 4,                                                                \
            "conv_new(path, in, out, kernel, .stride .padding .groups .no_bias)", __VA_ARGS__)

/* Lets a convolution of the model begin normal of deviation sqrt(2 / fan out), and its bias 0 (He et al. 2015), where
 * fan out is kernel * kernel * out / groups. */
void conv_init_fan_out(vt_model *model, const conv *m);

/* x [N, in, H, W] -> [N, out, H', W'] */
vt_tensor conv_forward(const conv *m, vt_tensor x);

/* What a window of that extent and stride makes of an extent that is padded on both sides: of a convolution, or of
 * pooling. */
int64_t conv_extent(int64_t extent, int64_t kernel, int64_t stride, int64_t padding);

#endif
