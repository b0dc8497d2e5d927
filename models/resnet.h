/* resnet.h - residual networks (He et al., "Deep residual learning", 2016) in the form for CIFAR's 32-pixel pictures.
 */
#ifndef MODELS_RESNET_H
#define MODELS_RESNET_H

#include "layers/conv.h"
#include "layers/linear.h"
#include "layers/norm.h"

enum { RESNET_STAGES = 4, RESNET_BLOCKS = 2 };

typedef struct resnet_block {
    conv conv1, conv2, shortcut;
    batch_norm bn1, bn2, shortcut_bn;
    bool projected; /* the shortcut is a 1×1 convolution: the shape changes */
} resnet_block;

/* ResNet-18: a 3×3 stem of stride 1, four stages of two basic blocks, global average pooling. */
typedef struct resnet {
    conv conv1;
    batch_norm bn1;
    resnet_block blocks[RESNET_STAGES][RESNET_BLOCKS];
    linear head;
} resnet;

typedef struct resnet_config {
    int64_t channels, classes;
    int64_t width; /* of the first stage; doubles with each. ResNet-18 has 64 */
} resnet_config;

/* Registers the parameters under the names of the common CIFAR code: conv1, bn1, layer1.0.conv1, ..., linear. */
bool resnet_init(resnet *m, vt_path path, const resnet_config *config);

/* images [B, channels, H, W] -> logits [B, classes]. */
vt_tensor resnet_forward(const resnet *m, vt_tensor images);

/* Multiply-accumulates of the convolutions and the head, for one picture of that size, forward. */
int64_t resnet_macs(const resnet *m, int64_t image_size);

#endif
