/* botnet.c - residual networks some of whose convolutions are attention. */
#include "botnet.h"
#include "layers/attend.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BOTTLENECK = 4 }; /* a block's channels over those within it */

/* -- Parameters ---------------------------------------------------------------------------------------------------- */

static conv_norm convolution(vt_path path, int64_t in, int64_t out, int kernel, int stride)
{
    conv_norm m = conv_norm_new(path, in, out, kernel, stride);
    conv_init_fan_out(path.model, &m.conv);
    return m;
}

/* Of rows by columns places, before a stride. */
static botnet_attention attention_new(vt_path block, int64_t channels, int64_t heads, int64_t rows, int64_t columns,
                                      int stride)
{
    vt_path path = vt_subpath(block, "self_attn");
    botnet_attention m = { .path = path, .heads = heads, .rows = rows, .pooled = stride > 1 };
    if (channels % heads) {
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "botnet: %lld channels do not divide into %lld heads",
                       (long long)channels, (long long)heads);
        return m;
    }
    m.qkv = conv_new(vt_subpath(path, "qkv"), channels, 3 * channels, 1, .no_bias = true);
    m.pos_embed = relative_logits_new(vt_subpath(path, "pos_embed"), rows, columns, channels / heads);
    m.post_attn = batch_norm_new(vt_subpath(block, "post_attn"), channels);
    return m;
}

static botnet_block block_new(vt_path path, const botnet_config *c, char kind, const botnet_stage *before, int64_t out,
                              int stride)
{
    const int64_t in = before->channels, within = out / BOTTLENECK;
    botnet_block b = { .path = path, .attends = kind == 'a', .projected = stride > 1 || in != out };
    if (b.projected) b.shortcut = convolution(vt_subpath(path, "shortcut"), in, out, 1, stride);
    b.conv1 = convolution(vt_subpath(path, "conv1_1x1"), in, within, 1, 1);
    if (b.attends)
        b.attn = attention_new(path, within, c->heads, before->rows, before->columns, stride);
    else
        b.conv2 = convolution(vt_subpath(path, "conv2_kxk"), within, within, 3, stride);
    b.conv3 = convolution(vt_subpath(path, "conv3_1x1"), within, out, 1, 1);
    return b;
}

/* What the stem, or the stage before, gives becomes the stage's own with its first block. `seen` counts the blocks of
 * all stages, for their drop path. */
static void stage_init(botnet *m, int s, const botnet_stage *before, int64_t *seen, int64_t blocks)
{
    const botnet_config *c = &m->config;
    botnet_stage *stage = &m->stages[s];
    stage->depth = (int64_t)strlen(c->blocks[s]);
    stage->blocks = vt_model_allocate(m->path.model, stage->depth, sizeof *stage->blocks);
    stage->rows = before->rows;
    stage->columns = before->columns;
    stage->channels = before->channels;
    for (int64_t i = 0; stage->blocks && i < stage->depth; i++) {
        const int stride = s > 0 && i == 0 ? 2 : 1;
        stage->blocks[i] =
            block_new(vt_subpath(m->path, "stages.%d.%d", s, (int)i), c, c->blocks[s][i], stage, c->width << s, stride);
        stage->blocks[i].drop_path = drop_path_at(c->common.drop_path, (*seen)++, blocks);
        stage->rows /= stride;
        stage->columns /= stride;
        stage->channels = c->width << s;
    }
}

/* Three convolutions that become wider, as timm's "tiered" stem. */
static botnet_stage stem_init(botnet *m)
{
    const botnet_config *c = &m->config;
    const int64_t widths[BOTNET_STEM] = { 3 * c->stem / 8, c->stem / 2, c->stem };
    const int stride = c->small_stem ? 1 : 4;
    int64_t in = c->common.channels;
    for (int i = 0; i < BOTNET_STEM; i++) {
        vt_path path = vt_subpath(m->path, "stem.conv%d", i + 1);
        m->stem[i] = convolution(path, in, widths[i], 3, i == 0 && !c->small_stem ? 2 : 1);
        in = widths[i];
    }
    return (botnet_stage){ .rows = c->common.height / stride, .columns = c->common.width / stride, .channels = in };
}

static bool blocks_fit(const botnet_config *c)
{
    for (int s = 0; s < BOTNET_MOST_STAGES && c->blocks[s]; s++)
        if (!*c->blocks[s] || c->blocks[s][strspn(c->blocks[s], "ca")]) {
            vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                           "botnet: blocks \"%s\" in stage %d; they must be c and a, and one or more", c->blocks[s], s);
            return false;
        }
    if (c->blocks[0] && c->stem >= 8 && c->width >= BOTTLENECK && c->heads > 0) return true;
    vt_error_raise(
        VT_ERROR_ARGUMENT, VT_HERE,
        "botnet: %s stages, %lld channels of the stem, %lld of the first stage and %lld heads; there must be "
        "some, 8, %d and 1, or more",
        c->blocks[0] ? "some" : "no", (long long)c->stem, (long long)c->width, (long long)c->heads, BOTTLENECK);
    return false;
}

static bool sizes_fit(const botnet_config *c)
{
    int64_t side = c->small_stem ? 1 : 4;
    if (!blocks_fit(c)) return false;
    for (int s = 1; s < BOTNET_MOST_STAGES && c->blocks[s]; s++) side *= 2;
    if (c->common.height >= side && c->common.width >= side && c->common.height % side == 0 &&
        c->common.width % side == 0)
        return true;
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                   "botnet: a picture of %lld by %lld pixels; both must be multiples of %lld",
                   (long long)c->common.height, (long long)c->common.width, (long long)side);
    return false;
}

/* Every block is its shortcut at first. */
static void init_weights(const botnet *m)
{
    vt_model *model = m->path.model;
    for (int s = 0; s < m->count; s++) {
        char qkv[64];
        snprintf(qkv, sizeof qkv, "stages.%d.*.self_attn.qkv.weight", s);
        vt_model_init(model, qkv, VT_INIT_NORMAL, 1 / sqrt((double)m->stages[s].channels / BOTTLENECK));
    }
    vt_model_init(model, "stages.*.conv3_1x1.bn.weight", VT_INIT_CONSTANT, 0);
    vt_model_init(model, "head.fc.weight", VT_INIT_NORMAL, 0.01);
    vt_model_init(model, "head.fc.bias", VT_INIT_CONSTANT, 0);
}

bool botnet_init(void *model, vt_path path, const void *config)
{
    botnet *m = model;
    const botnet_config *c = &m->config;
    m->config = *(const botnet_config *)config;
    m->path = path;
    if (!sizes_fit(c)) return false;
    int64_t seen = 0, blocks = 0;
    for (int s = 0; s < BOTNET_MOST_STAGES && c->blocks[s]; s++) blocks += (int64_t)strlen(c->blocks[s]);
    const botnet_stage stem = stem_init(m), *last = &stem;
    for (int s = 0; s < BOTNET_MOST_STAGES && c->blocks[s]; s++, m->count++) {
        stage_init(m, s, last, &seen, blocks);
        last = &m->stages[s];
    }
    m->head = linear_new(vt_subpath(path, "head.fc"), last->channels, c->common.classes);
    init_weights(m);
    return !vt_failed();
}

/* -- Forward ------------------------------------------------------------------------------------------------------- */

static vt_tensor activate(const botnet_config *c, vt_tensor x)
{
    return c->silu ? vt_silu(x) : vt_relu(x);
}

static vt_tensor attention_forward(const botnet_attention *m, vt_tensor x)
{
    vt_tensor part[3];
    vt_tensor qkv = vt_rearrange(conv_forward(&m->qkv, x), "b (t n d) h w -> t b n (h w) d", .t = 3, .n = m->heads);
    vt_unstack(qkv, 0, 3, part);
    vt_tensor y = attend(m->path, part[0], part[1], part[2], .bias = relative_logits_forward(&m->pos_embed, part[0]));
    y = vt_rearrange(y, "b (h w) c -> b c h w", .h = m->rows);
    return m->pooled ? vt_avg_pool2d(y, 2, .stride = 2) : y;
}

static vt_tensor block_forward(const botnet *m, const botnet_block *b, vt_tensor x)
{
    VT_MODE_OF(b->path);
    const botnet_config *c = &m->config;
    vt_tensor y = activate(c, conv_norm_forward(&b->conv1, x));
    if (b->attends)
        y = batch_norm_forward(&b->attn.post_attn, attention_forward(&b->attn, y));
    else
        y = conv_norm_forward(&b->conv2, y);
    y = vt_drop_path(conv_norm_forward(&b->conv3, activate(c, y)), b->drop_path);
    vt_tensor shortcut = b->projected ? conv_norm_forward(&b->shortcut, x) : x;
    return vt_named(b->path, "", activate(c, vt_add(y, shortcut)));
}

static vt_tensor stem_forward(const botnet *m, vt_tensor x)
{
    for (int i = 0; i < BOTNET_STEM; i++) x = activate(&m->config, conv_norm_forward(&m->stem[i], x));
    if (!m->config.small_stem) x = vt_max_pool2d(x, 3, .stride = 2, .padding = 1);
    return vt_named(m->path, "stem", x);
}

vt_tensor botnet_forward(const void *model, vt_tensor images)
{
    const botnet *m = model;
    if (!images_fit(&m->config.common, "botnet", images)) return (vt_tensor){ 0 };
    vt_tensor x = stem_forward(m, images);
    for (int s = 0; s < m->count; s++)
        for (int64_t i = 0; i < m->stages[s].depth; i++) x = block_forward(m, &m->stages[s].blocks[i], x);
    vt_named(m->path, "feature_map", x);
    x = vt_named(m->path, "pooled", vt_mean(x, .axes = VT_AXES(2, 3)));
    return vt_named(m->path, "logits", linear_forward(&m->head, vt_dropout(x, m->config.common.dropout)));
}

/* -- Variants ------------------------------------------------------------------------------------------------------ */

static bool layout(const void *model, const char *value, token_layout *layout)
{
    const botnet *m = model;
    int s = 0, i = 0;
    if (strcmp(value, "feature_map") == 0)
        s = m->count - 1;
    else if (sscanf(value, "stages.%d.%d", &s, &i) != 2)
        return false;
    if (s < 0 || s >= m->count || i < 0 || i >= m->stages[s].depth) return false;
    const botnet_stage *stage = &m->stages[s];
    const bool is_pooled = strstr(value, ".self_attn.") && stage->blocks[i].attn.pooled;
    *layout = (token_layout){ .rows = stage->rows << is_pooled, .columns = stage->columns << is_pooled };
    layout->key_rows = layout->rows;
    layout->key_columns = layout->columns;
    return true;
}

#define CONFIG(size, ...)                                                                                              \
    .config = &(const botnet_config)                                                                                   \
    {                                                                                                                  \
        .common.height = size, .common.width = size, .common.channels = 3, .common.classes = size == 32 ? 10 : 1000,   \
        .heads = 4, __VA_ARGS__                                                                                        \
    }
#define OF_32  .pictures = { CIFAR_MEAN, .crop = 1 }
#define OF_256 .pictures = { IMAGENET_MEAN, .crop = 0.95 }

static const variant variants[] = {
    { "botnet_nano_32", "BoTNet of 6 blocks for 32 px",
      CONFIG(32, .stem = 32, .small_stem = true, .width = 64, .blocks = { "c", "c", "ca", "aa" }), OF_32 },
    { "botnet26t_256", "BoTNet-26 with a stem of three convolutions",
      CONFIG(256, .stem = 64, .width = 256, .blocks = { "cc", "cc", "ca", "aa" }), OF_256 },
    { "botnet50ts_256", "BoTNet-50 with a stem of three convolutions and SiLU",
      CONFIG(256, .stem = 64, .width = 256, .blocks = { "ccc", "ccca", "cacaca", "cac" }, .silu = true), OF_256 },
    { 0 },
};

const family botnet_family = {
    .name = "botnet",
    .summary = "Residual networks some of whose 3x3 convolutions are attention (Srinivas et al. 2021)",
    .size = sizeof(botnet),
    .config_size = sizeof(botnet_config),
    .init = botnet_init,
    .forward = botnet_forward,
    .feature_map = "feature_map",
    .attention = "stages.*.self_attn.weights",
    .layout = layout,
    .blocks = "stages.*.*",
    .heads = "head.fc.*",
    .input = "stem.conv1.conv.weight",
    .variants = variants,
};
