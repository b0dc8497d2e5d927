/* cct.c - compact transformers. */
#include "cct.h"
#include "layers/drop_path.h"
#include "layers/patch_embedding.h"
#include "layers/tokens.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* -- Parameters ---------------------------------------------------------------------------------------------------- */

static bool tokenizer_init(cct *m)
{
    const cct_config *c = &m->config;
    const common_config *pictures = &c->common;
    const int kernel = c->kernel, half = kernel / 2;
    const vt_path path = vt_subpath(m->path, "tokenizer");
    patch_grid grid;
    if (c->patches && !patch_grid_init(&grid, pictures->height, pictures->width, kernel, kernel)) return false;
    if (c->patches)
        m->tokenizer = conv_tokenizer_new(path, pictures->channels, c->dim, kernel, .stride = kernel, .patches = true);
    else
        m->tokenizer = conv_tokenizer_new(path, pictures->channels, c->dim, kernel, .convs = c->convs,
                                          .stride = half > 2 ? half - 1 : 1, .padding = half > 1 ? half : 1);
    if (vt_failed()) return false;
    m->rows = conv_tokenizer_extent(&m->tokenizer, pictures->height);
    m->columns = conv_tokenizer_extent(&m->tokenizer, pictures->width);
    if (m->rows > 0 && m->columns > 0) return true;
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "cct: pictures of %lld by %lld pixels; both must be 1 or more",
                   (long long)pictures->height, (long long)pictures->width);
    return false;
}

static cct_block block_new(vt_path path, const cct_config *c, double drop_path)
{
    cct_block b = { .path = path, .dropout = c->common.dropout, .drop_path = drop_path };
    b.pre_norm = layer_norm_new(vt_subpath(path, "pre_norm"), c->dim, 1e-5);
    b.self_attn = attention_new(vt_subpath(path, "self_attn"), c->dim, c->heads, .dropout = c->common.attention_dropout,
                                .proj_dropout = c->common.dropout, .no_qkv_bias = true);
    b.linear1 = linear_new(vt_subpath(path, "linear1"), c->dim, c->mlp_dim);
    b.norm1 = layer_norm_new(vt_subpath(path, "norm1"), c->dim, 1e-5);
    b.linear2 = linear_new(vt_subpath(path, "linear2"), c->mlp_dim, c->dim);
    return b;
}

static bool blocks_init(cct *m, vt_path path)
{
    const cct_config *c = &m->config;
    if (c->depth < 1) {
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "cct: a depth of %lld; it must be 1 or more", (long long)c->depth);
        return false;
    }
    m->blocks = vt_model_allocate(path.model, c->depth, sizeof *m->blocks);
    for (int64_t i = 0; m->blocks && i < c->depth; i++) {
        double drop_path = drop_path_at(c->common.drop_path, i, c->depth);
        m->blocks[i] = block_new(vt_subpath(path, "blocks.%d", (int)i), c, drop_path);
    }
    return !vt_failed();
}

/* [1, count, dim]: at place p, sin and cos in turn of p / 10000^(2j / dim), j = 0, 1, ... (Vaswani et al. 2017). */
static vt_tensor sine_table(int64_t count, int64_t dim)
{
    vt_tensor wave = vt_exp(vt_scale(vt_arange(0, (double)((dim + 1) / 2)), -2 * log(10000) / (double)dim));
    vt_tensor angle = vt_mul(vt_reshape(vt_arange(0, (double)count), VT_SHAPE(count, 1)), wave);
    vt_tensor both = vt_stack(((vt_tensor[]){ vt_sin(angle), vt_cos(angle) }), 2, 2);
    return vt_slice(vt_reshape(both, VT_SHAPE(1, count, -1)), 2, 0, dim);
}

static void positions_init(cct *m, vt_path path)
{
    const cct_config *c = &m->config;
    const vt_grid grid = { 1, c->class_token, m->rows, m->columns };
    const int64_t count = c->class_token + m->rows * m->columns;
    if (!c->sine_positions) {
        m->positional_emb =
            vt_parameter(path, "positional_emb", VT_SHAPE(1, count, c->dim), VT_INIT_NORMAL, 0.2, .grid = grid);
        return;
    }
    VT_SCOPE;
    m->positional_emb = vt_buffer(path, "positional_emb", VT_SHAPE(1, count, c->dim), 0, VT_DTYPE_DEFAULT);
    vt_assign(m->positional_emb, sine_table(count, c->dim));
}

/* The originals truncate at 2, ten deviations away or more. */
static void init_weights(vt_model *model, const conv_tokenizer *tokenizer)
{
    for (int i = 0; i < tokenizer->count; i++) {
        vt_shape s = vt_shape_of(tokenizer->convs[i].weight);
        char name[64];
        snprintf(name, sizeof name, "tokenizer.conv_layers.%d.0.weight", i);
        vt_model_init(model, name, VT_INIT_NORMAL, sqrt(2 / (double)(s.dim[1] * s.dim[2] * s.dim[3])));
    }
    vt_model_init(model, "classifier.blocks.*.{self_attn.qkv,self_attn.proj,linear?}.weight", VT_INIT_NORMAL, 0.02);
    vt_model_init(model, "classifier.blocks.*.{self_attn.qkv,self_attn.proj,linear?}.bias", VT_INIT_CONSTANT, 0);
    vt_model_init(model, "classifier.{fc,attention_pool}.weight", VT_INIT_NORMAL, 0.02);
    vt_model_init(model, "classifier.{fc,attention_pool}.bias", VT_INIT_CONSTANT, 0);
}

bool cct_init(void *model, vt_path path, const void *config)
{
    cct *m = model;
    const cct_config *c = &m->config;
    const vt_path classifier = vt_subpath(path, "classifier");
    m->config = *(const cct_config *)config;
    m->path = path;
    if (!tokenizer_init(m)) return false;
    if (c->class_token)
        m->class_emb = vt_parameter(classifier, "class_emb", VT_SHAPE(1, 1, c->dim), VT_INIT_CONSTANT, 0);
    else
        m->attention_pool = sequence_pooling_new(vt_subpath(classifier, "attention_pool"), c->dim);
    positions_init(m, classifier);
    if (!blocks_init(m, classifier)) return false;
    m->norm = layer_norm_new(vt_subpath(classifier, "norm"), c->dim, 1e-5);
    m->fc = linear_new(vt_subpath(classifier, "fc"), c->dim, c->common.classes);
    init_weights(path.model, &m->tokenizer);
    return !vt_failed();
}

/* -- Forward ------------------------------------------------------------------------------------------------------- */

/* The MLP's branch is added to what it was computed from, which has been normalised. */
static vt_tensor block_forward(const cct_block *b, vt_tensor x)
{
    VT_MODE_OF(b->path);
    vt_tensor normed = vt_named(b->path, "pre_norm", layer_norm_forward(&b->pre_norm, x));
    vt_tensor attended = attention_forward(&b->self_attn, normed);
    x = layer_norm_forward(&b->norm1, vt_add(x, vt_drop_path(attended, b->drop_path)));
    vt_tensor hidden = vt_dropout(vt_gelu(linear_forward(&b->linear1, x)), b->dropout);
    vt_tensor mixed = vt_dropout(linear_forward(&b->linear2, hidden), b->dropout);
    return vt_named(b->path, "", vt_add(x, vt_drop_path(mixed, b->drop_path)));
}

static vt_tensor embed(const cct *m, vt_tensor images)
{
    vt_tensor x = vt_named(m->path, "tokenizer", conv_tokenizer_forward(&m->tokenizer, images));
    if (m->config.class_token) x = tokens_behind_class(m->class_emb, x);
    return vt_dropout(vt_add(x, m->positional_emb), m->config.common.dropout);
}

vt_tensor cct_forward(const void *model, vt_tensor images)
{
    const cct *m = model;
    const bool class_token = m->config.class_token;
    if (!images_fit(&m->config.common, "cct", images)) return (vt_tensor){ 0 };
    vt_tensor x = embed(m, images);
    for (int64_t i = 0; i < m->config.depth; i++) {
        if (class_token && i == m->config.depth - 1) vt_named(m->path, "feature_map", x);
        x = block_forward(&m->blocks[i], x);
    }
    x = layer_norm_forward(&m->norm, x);
    if (class_token)
        x = vt_named(m->path, "cls_token", vt_select(x, 1, 0));
    else
        x = vt_named(m->path, "pooled",
                     sequence_pooling_forward(&m->attention_pool, vt_named(m->path, "feature_map", x)));
    return vt_named(m->path, "logits", linear_forward(&m->fc, x));
}

/* -- Variants ------------------------------------------------------------------------------------------------------ */

static bool layout(const void *model, const char *value, token_layout *layout)
{
    const cct *m = model;
    const int64_t prefix = m->config.class_token && strcmp(value, "tokenizer") != 0;
    *layout = (token_layout){
        prefix, m->rows, m->columns, .key_prefix = prefix, .key_rows = m->rows, .key_columns = m->columns
    };
    return true;
}

static int64_t *depth(void *config)
{
    return &((cct_config *)config)->depth;
}

#define CONFIG(size, classes_, ...)                                                                                    \
    .config = &(const cct_config)                                                                                      \
    {                                                                                                                  \
        .common = { .height = size,                                                                                    \
                    .width = size,                                                                                     \
                    .channels = 3,                                                                                     \
                    .classes = classes_,                                                                               \
                    .attention_dropout = 0.1,                                                                          \
                    .drop_path = 0.1 },                                                                                \
        __VA_ARGS__                                                                                                    \
    }
#define OF_32(...)      CONFIG(32, 10, __VA_ARGS__), .pictures = { CIFAR_MEAN, .crop = 1 }
#define OF_FLOWERS(...) CONFIG(224, 102, __VA_ARGS__), .pictures = { FLOWERS_MEAN, .crop = 1 }
#define FLOWERS_MEAN    .mean = { 0.4353, 0.3773, 0.2872 }, .std = { 0.2966, 0.2455, 0.2698 }
#define TINY(layers)    .depth = layers, .dim = 128, .heads = 2, .mlp_dim = 128
#define SMALL(layers)   .depth = layers, .dim = 256, .heads = 4, .mlp_dim = 512
#define LARGE(layers)   .depth = layers, .dim = 384, .heads = 6, .mlp_dim = 1152
#define CONVS(k, n)     .kernel = k, .convs = n
#define CVT             .kernel = 4, .patches = true
#define VIT_LITE        CVT, .class_token = true
#define SINE            .sine_positions = true

static const variant variants[] = {
    { "cct_2_3x2_32", "CCT of 2 layers, two convolutions of 3x3", OF_32(TINY(2), CONVS(3, 2)) },
    { "cct_4_3x2_32", "CCT-4/3x2", OF_32(TINY(4), CONVS(3, 2)) },
    { "cct_6_3x1_32", "CCT-6/3x1", OF_32(SMALL(6), CONVS(3, 1)) },
    { "cct_6_3x2_32", "CCT-6/3x2", OF_32(SMALL(6), CONVS(3, 2)) },
    { "cct_7_3x1_32", "CCT-7/3x1", OF_32(SMALL(7), CONVS(3, 1)) },
    { "cct_7_3x1_32_sine", "CCT-7/3x1 with fixed positions", OF_32(SMALL(7), CONVS(3, 1), SINE) },
    { "cct_7_3x2_32", "CCT-7/3x2", OF_32(SMALL(7), CONVS(3, 2)) },
    { "cvt_2_4_32", "CVT of 2 layers", OF_32(TINY(2), CVT) },
    { "cvt_7_4_32", "CVT-7/4", OF_32(SMALL(7), CVT) },
    { "vit_lite_2_4_32", "ViT-Lite of 2 layers", OF_32(TINY(2), VIT_LITE) },
    { "vit_lite_7_4_32", "ViT-Lite-7/4", OF_32(SMALL(7), VIT_LITE) },
    { "cct_7_7x2_224", "CCT-7/7x2, for the 102 flowers", OF_FLOWERS(SMALL(7), CONVS(7, 2)) },
    { "cct_7_7x2_224_sine", "CCT-7/7x2 with fixed positions", OF_FLOWERS(SMALL(7), CONVS(7, 2), SINE) },
    { "cct_14_7x2_224", "CCT-14/7x2", CONFIG(224, 1000, LARGE(14), CONVS(7, 2)),
      .pictures = { IMAGENET_MEAN, .crop = 0.9 } },
    { "cct_14_7x2_384", "CCT-14/7x2 at 384 px", CONFIG(384, 1000, LARGE(14), CONVS(7, 2)),
      .pictures = { IMAGENET_MEAN, .crop = 0.9 } },
    { 0 },
};

const family cct_family = {
    .name = "cct",
    .summary = "Compact transformers for small data: convolutions in front, the sequence pooled (Hassani et al. 2021)",
    .size = sizeof(cct),
    .config_size = sizeof(cct_config),
    .init = cct_init,
    .forward = cct_forward,
    .depth = depth,
    .feature_map = "classifier.blocks.*.pre_norm",
    .attention = "classifier.blocks.*.self_attn.weights",
    .layout = layout,
    .blocks = "classifier.blocks.*",
    .heads = "classifier.fc.*",
    .input = "tokenizer.conv_layers.0.0.weight",
    .variants = variants,
};
