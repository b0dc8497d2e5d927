/* resnet.h - residual networks (He et al., "Deep residual learning", 2016), with torchvision's names and layout. */
#ifndef MODELS_RESNET_H
#define MODELS_RESNET_H

#include "family.h"
#include "layers/conv.h"
#include "layers/linear.h"
#include "layers/norm.h"

enum { RESNET_STAGES = 4 };

typedef struct resnet_config {
    common_config common; /* dropout: in front of the head */
    int64_t width;        /* of the first stage; doubles with each. 64 */
    int64_t depths[RESNET_STAGES];
    bool bottleneck; /* blocks of three convolutions, of which the second strides, rather than two */
    bool small_stem; /* a 3x3 convolution of stride 1, for small pictures, rather than 7x7 and pooling of stride 2 each
                      */
} resnet_config;

typedef struct resnet_block {
    vt_path path;
    conv conv[3], downsample;
    batch_norm bn[3], downsample_bn;
    int convs;
    bool projected; /* the shortcut is a 1x1 convolution: the shape changes */
    double drop_path;
} resnet_block;

/* Values by name: "stem", "layer3.1", "feature_map" [B, C, H', W'] and "pooled" [B, C]. */
typedef struct resnet {
    resnet_config config;
    vt_path path;
    conv conv1;
    batch_norm bn1;
    resnet_block *blocks[RESNET_STAGES];
    linear fc;
} resnet;

bool resnet_init(void *model, vt_path path, const void *config);
vt_tensor resnet_forward(const void *model, vt_tensor images);
extern const family resnet_family;

#endif
