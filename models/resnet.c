/* resnet.c - residual networks. */
#include "resnet.h"
#include "layers/drop_path.h"
#include <math.h>

enum { EXPANSION = 4 }; /* of a bottleneck's channels */

/* -- Parameters ---------------------------------------------------------------------------------------------------- */

static conv convolution(vt_path path, int64_t in, int64_t out, int kernel, int stride)
{
    return conv_new(path, in, out, kernel, .stride = stride, .padding = kernel / 2, .no_bias = true);
}

static void add_convolution(resnet_block *b, int64_t in, int64_t out, int kernel, int stride)
{
    int i = b->convs++;
    b->conv[i] = convolution(vt_subpath(b->path, "conv%d", i + 1), in, out, kernel, stride);
    b->bn[i] = batch_norm_new(vt_subpath(b->path, "bn%d", i + 1), out);
}

static resnet_block block_new(vt_path path, bool bottleneck, int64_t in, int64_t width, int stride)
{
    int64_t out = bottleneck ? EXPANSION * width : width;
    resnet_block b = { .path = path, .projected = stride != 1 || in != out };
    if (bottleneck) {
        add_convolution(&b, in, width, 1, 1);
        add_convolution(&b, width, width, 3, stride);
        add_convolution(&b, width, out, 1, 1);
    } else {
        add_convolution(&b, in, width, 3, stride);
        add_convolution(&b, width, out, 3, 1);
    }
    if (!b.projected) return b;
    b.downsample = convolution(vt_subpath(path, "downsample.0"), in, out, 1, stride);
    b.downsample_bn = batch_norm_new(vt_subpath(path, "downsample.1"), out);
    return b;
}

/* Returns the channels that come out of the stage; `seen` counts the blocks, for their drop path. */
static int64_t stage_init(resnet *m, int stage, int64_t in, int64_t *seen)
{
    const resnet_config *c = &m->config;
    const int64_t width = c->width << stage, depth = c->depths[stage];
    const int64_t blocks = blocks_in_stages(c->depths, RESNET_STAGES);
    m->blocks[stage] = vt_model_allocate(m->path.model, depth, sizeof *m->blocks[stage]);
    for (int64_t i = 0; m->blocks[stage] && i < depth; i++) {
        vt_path path = vt_subpath(m->path, "layer%d.%d", stage + 1, (int)i);
        resnet_block *b = &m->blocks[stage][i];
        *b = block_new(path, c->bottleneck, in, width, stage > 0 && i == 0 ? 2 : 1);
        b->drop_path = drop_path_at(c->common.drop_path, (*seen)++, blocks);
        in = c->bottleneck ? EXPANSION * width : width;
    }
    return in;
}

static bool sizes_fit(const resnet_config *c)
{
    for (int stage = 0; stage < RESNET_STAGES; stage++)
        if (c->depths[stage] < 1) {
            vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "resnet: stage %d has %lld blocks; it must be 1 or more",
                           stage + 1, (long long)c->depths[stage]);
            return false;
        }
    return true;
}

bool resnet_init(void *model, vt_path path, const void *config)
{
    resnet *m = model;
    const resnet_config *c = &m->config;
    m->config = *(const resnet_config *)config;
    m->path = path;
    if (!sizes_fit(c)) return false;
    m->conv1 = convolution(vt_subpath(path, "conv1"), c->common.channels, c->width, c->small_stem ? 3 : 7,
                           c->small_stem ? 1 : 2);
    m->bn1 = batch_norm_new(vt_subpath(path, "bn1"), c->width);
    int64_t channels = c->width, seen = 0;
    for (int stage = 0; stage < RESNET_STAGES; stage++) channels = stage_init(m, stage, channels, &seen);
    m->fc = linear_new(vt_subpath(path, "fc"), channels, c->common.classes);
    return !vt_failed();
}

/* -- Forward ------------------------------------------------------------------------------------------------------- */

static vt_tensor block_forward(const resnet_block *b, vt_tensor x)
{
    VT_MODE_OF(b->path);
    vt_tensor y = x;
    for (int i = 0; i < b->convs; i++) {
        y = batch_norm_forward(&b->bn[i], conv_forward(&b->conv[i], y));
        if (i < b->convs - 1) y = vt_relu(y);
    }
    vt_tensor shortcut = b->projected ? batch_norm_forward(&b->downsample_bn, conv_forward(&b->downsample, x)) : x;
    return vt_named(b->path, "", vt_relu(vt_add(vt_drop_path(y, b->drop_path), shortcut)));
}

static vt_tensor stem(const resnet *m, vt_tensor images)
{
    vt_tensor x = vt_relu(batch_norm_forward(&m->bn1, conv_forward(&m->conv1, images)));
    if (!m->config.small_stem) x = vt_max_pool2d(x, 3, .stride = 2, .padding = 1);
    return vt_named(m->path, "stem", x);
}

vt_tensor resnet_forward(const void *model, vt_tensor images)
{
    const resnet *m = model;
    vt_tensor x = stem(m, images);
    for (int stage = 0; stage < RESNET_STAGES; stage++)
        for (int64_t i = 0; i < m->config.depths[stage]; i++) x = block_forward(&m->blocks[stage][i], x);
    vt_named(m->path, "feature_map", x);
    x = vt_named(m->path, "pooled", vt_mean(x, .axes = VT_AXES(2, 3)));
    return vt_named(m->path, "logits", linear_forward(&m->fc, vt_dropout(x, m->config.common.dropout)));
}

/* -- Others' names ------------------------------------------------------------------------------------------------- */

/* Of the usual code for CIFAR. */
static const vt_name_rule cifar[] = {
    { .from = "layer*.shortcut.*", .to = "layer*.downsample.*" },
    { .from = "linear.*", .to = "fc.*" },
    { 0 },
};
static const naming namings[] = { { "the usual code for CIFAR", "linear.weight", cifar }, { 0 } };

/* -- Variants ------------------------------------------------------------------------------------------------------ */

#define CONFIG(size, classes_, ...)                                                                                    \
    .config = &(const resnet_config)                                                                                   \
    {                                                                                                                  \
        .common.height = size, .common.width = size, .common.channels = 3, .common.classes = classes_, __VA_ARGS__     \
    }
#define OF_32(width_, ...)                                                                                             \
    CONFIG(32, 10, .small_stem = true, .width = width_, __VA_ARGS__), .pictures = { CIFAR_MEAN, .crop = 1 }
#define OF_224(...)                                                                                                    \
    CONFIG(224, 1000, .width = 64, __VA_ARGS__), .pictures = { IMAGENET_MEAN, .crop = 0.875, .bilinear = true }

static const variant variants[] = {
    { "resnet_nano_32", "ResNet-18 with a 3x3 stem and half its channels, for 32 px",
      OF_32(32, .depths = { 2, 2, 2, 2 }) },
    { "resnet18_cifar", "ResNet-18 with a 3x3 stem, for 32 px", OF_32(64, .depths = { 2, 2, 2, 2 }) },
    { "resnet34_cifar", "ResNet-34 with a 3x3 stem, for 32 px", OF_32(64, .depths = { 3, 4, 6, 3 }) },
    { "resnet50_cifar", "ResNet-50 with a 3x3 stem, for 32 px",
      OF_32(64, .depths = { 3, 4, 6, 3 }, .bottleneck = true) },
    { "resnet18", "ResNet-18", OF_224(.depths = { 2, 2, 2, 2 }) },
    { "resnet34", "ResNet-34", OF_224(.depths = { 3, 4, 6, 3 }) },
    { "resnet50", "ResNet-50", OF_224(.depths = { 3, 4, 6, 3 }, .bottleneck = true) },
    { "resnet101", "ResNet-101", OF_224(.depths = { 3, 4, 23, 3 }, .bottleneck = true) },
    { 0 },
};

const family resnet_family = {
    .name = "resnet",
    .summary = "Residual networks: the baseline (He et al. 2016)",
    .size = sizeof(resnet),
    .config_size = sizeof(resnet_config),
    .init = resnet_init,
    .forward = resnet_forward,
    .feature_map = "feature_map",
    .blocks = "layer?.*",
    .heads = "fc.*",
    .input = "conv1.weight",
    .namings = namings,
    .variants = variants,
};
