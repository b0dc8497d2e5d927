/* resnet.c - ResNet-18 for CIFAR. */
#include "resnet.h"

static conv conv3x3(vt_path path, int64_t in, int64_t out, int stride)
{
    return conv_new(path, in, out, 3, .stride = stride, .padding = 1, .no_bias = true);
}

static resnet_block block_new(vt_path path, int64_t in, int64_t out, int stride)
{
    resnet_block b = { .projected = stride != 1 || in != out };
    b.conv1 = conv3x3(vt_subpath(path, "conv1"), in, out, stride);
    b.bn1 = batch_norm_new(vt_subpath(path, "bn1"), out);
    b.conv2 = conv3x3(vt_subpath(path, "conv2"), out, out, 1);
    b.bn2 = batch_norm_new(vt_subpath(path, "bn2"), out);
    if (!b.projected) return b;
    b.shortcut = conv_new(vt_subpath(path, "shortcut.0"), in, out, 1, .stride = stride, .no_bias = true);
    b.shortcut_bn = batch_norm_new(vt_subpath(path, "shortcut.1"), out);
    return b;
}

bool resnet_init(resnet *m, vt_path path, const resnet_config *config)
{
    int64_t in = config->width;
    m->conv1 = conv3x3(vt_subpath(path, "conv1"), config->channels, in, 1);
    m->bn1 = batch_norm_new(vt_subpath(path, "bn1"), in);
    for (int stage = 0; stage < RESNET_STAGES; stage++) {
        int64_t out = config->width << stage;
        for (int i = 0; i < RESNET_BLOCKS; i++) {
            int stride = stage > 0 && i == 0 ? 2 : 1;
            m->blocks[stage][i] = block_new(vt_subpath(path, "layer%d.%d", stage + 1, i), in, out, stride);
            in = out;
        }
    }
    m->head = linear_new(vt_subpath(path, "linear"), in, config->classes);
    return !vt_failed();
}

static vt_tensor block_forward(const resnet_block *b, vt_tensor x)
{
    vt_tensor y = vt_relu(batch_norm_forward(&b->bn1, conv_forward(&b->conv1, x)));
    y = batch_norm_forward(&b->bn2, conv_forward(&b->conv2, y));
    vt_tensor shortcut = b->projected ? batch_norm_forward(&b->shortcut_bn, conv_forward(&b->shortcut, x)) : x;
    return vt_relu(vt_add(y, shortcut));
}

vt_tensor resnet_forward(const resnet *m, vt_tensor images)
{
    vt_tensor x = vt_relu(batch_norm_forward(&m->bn1, conv_forward(&m->conv1, images)));
    for (int stage = 0; stage < RESNET_STAGES; stage++)
        for (int i = 0; i < RESNET_BLOCKS; i++) x = block_forward(&m->blocks[stage][i], x);
    return linear_forward(&m->head, vt_mean(x, .axes = VT_AXES(2, 3)));
}

int64_t resnet_macs(const resnet *m, int64_t image_size)
{
    int64_t side = image_size, macs = side * side * vt_count(m->conv1.weight);
    for (int stage = 0; stage < RESNET_STAGES; stage++) {
        if (stage > 0) side = (side + 1) / 2;
        for (int i = 0; i < RESNET_BLOCKS; i++) {
            const resnet_block *b = &m->blocks[stage][i];
            int64_t weights = vt_count(b->conv1.weight) + vt_count(b->conv2.weight);
            if (b->projected) weights += vt_count(b->shortcut.weight);
            macs += side * side * weights;
        }
    }
    return macs + vt_count(m->head.weight);
}
