/* ceit.c - the convolution-enhanced image transformer. */
#include "ceit.h"
#include "layers/drop_path.h"
#include "layers/tokens.h"
#include <string.h>

enum { POOL = 3, POOL_STRIDE = 2, POOL_PADDING = 1 };
#define EPS 1e-6

/* -- Parameters ---------------------------------------------------------------------------------------------------- */

/* Rows of tokens, or columns, of pictures of that height, or width. */
static int64_t tokens_of(const ceit_config *c, int64_t extent)
{
    extent = conv_extent(extent, c->stem_kernel, c->stem_stride, c->stem_kernel / 2);
    return conv_extent(extent, POOL, POOL_STRIDE, POOL_PADDING) / c->patch;
}

static bool sizes_fit(const ceit_config *c)
{
    const int64_t height = c->common.height, width = c->common.width;
    if (c->depth < 1) {
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "ceit: a depth of %lld; it must be 1 or more", (long long)c->depth);
        return false;
    }
    if (tokens_of(c, height) >= 1 && tokens_of(c, width) >= 1) return true;
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                   "ceit: a picture of %lld by %lld pixels has no patch of %lld behind the stem; %lld by %lld has one",
                   (long long)height, (long long)width, (long long)c->patch,
                   (long long)(c->patch * c->stem_stride * POOL_STRIDE),
                   (long long)(c->patch * c->stem_stride * POOL_STRIDE));
    return false;
}

static void tokens_init(ceit *m)
{
    const ceit_config *c = &m->config;
    const vt_path tokens = vt_subpath(m->path, "i2t");
    m->rows = tokens_of(c, c->common.height);
    m->columns = tokens_of(c, c->common.width);
    m->stem = conv_norm_new(vt_subpath(tokens, "backbone"), c->common.channels, c->stem_channels, c->stem_kernel,
                            c->stem_stride);
    m->proj = conv_new(vt_subpath(tokens, "proj"), c->stem_channels, c->dim, c->patch, .stride = (int)c->patch);
    m->cls_token = vt_parameter(m->path, "cls_token", VT_SHAPE(1, 1, c->dim), VT_INIT_NORMAL, 0.02, .no_decay = true);
    m->position = position_new(m->path, POSITION_LEARNED, m->rows, m->columns, 1, c->dim, 0.02);
    m->pos_layer_embed = vt_parameter(m->path, "pos_layer_embed", VT_SHAPE(1, c->depth, c->dim), VT_INIT_CONSTANT, 0);
}

static ceit_leff leff_new(vt_path path, int64_t dim, int64_t hidden)
{
    ceit_leff m;
    m.conv1 = conv_new(vt_subpath(path, "conv1"), dim, hidden, 1);
    m.conv2 = conv_new(vt_subpath(path, "conv2"), hidden, hidden, 3, .padding = 1, .groups = (int)hidden);
    m.conv3 = conv_new(vt_subpath(path, "conv3"), hidden, dim, 1);
    m.bn1 = batch_norm_new(vt_subpath(path, "bn1"), hidden);
    m.bn2 = batch_norm_new(vt_subpath(path, "bn2"), hidden);
    m.bn3 = batch_norm_new(vt_subpath(path, "bn3"), dim);
    return m;
}

static attention attention_new_of(vt_path path, const ceit_config *c)
{
    return attention_new(vt_subpath(path, "attn"), c->dim, c->heads, .proj_dropout = c->common.dropout,
                         .no_qkv_bias = c->no_qkv_bias);
}

static ceit_block block_new(vt_path path, const ceit_config *c, double drop_path)
{
    ceit_block b = { .path = path, .drop_path = drop_path };
    b.norm1 = layer_norm_new(vt_subpath(path, "norm1"), c->dim, EPS);
    b.attn = attention_new_of(path, c);
    b.norm2 = layer_norm_new(vt_subpath(path, "norm2"), c->dim, EPS);
    b.leff = leff_new(vt_subpath(path, "leff"), c->dim, c->mlp_dim);
    return b;
}

static ceit_lca lca_new(vt_path path, const ceit_config *c)
{
    ceit_lca m;
    m.norm1 = layer_norm_new(vt_subpath(path, "norm1"), c->dim, EPS);
    m.attn = attention_new_of(path, c);
    m.norm2 = layer_norm_new(vt_subpath(path, "norm2"), c->dim, EPS);
    m.feedforward = mlp_new(vt_subpath(path, "feedforward"), c->dim, c->mlp_dim, .dropout = c->common.dropout);
    return m;
}

static void blocks_init(ceit *m)
{
    const ceit_config *c = &m->config;
    m->blocks = vt_model_allocate(m->path.model, c->depth, sizeof *m->blocks);
    for (int64_t i = 0; m->blocks && i < c->depth; i++)
        m->blocks[i] =
            block_new(vt_subpath(m->path, "blocks.%d", (int)i), c, drop_path_at(c->common.drop_path, i, c->depth));
}

/* The originals truncate at 2, ten deviations away or more. */
static void init_weights(vt_model *model)
{
    vt_model_init(model, "blocks.*.attn.{qkv,proj}.weight", VT_INIT_NORMAL, 0.02);
    vt_model_init(model, "blocks.*.attn.{qkv,proj}.bias", VT_INIT_CONSTANT, 0);
    vt_model_init(model, "lca.{attn.qkv,attn.proj,feedforward.fc?}.weight", VT_INIT_NORMAL, 0.02);
    vt_model_init(model, "lca.{attn.qkv,attn.proj,feedforward.fc?}.bias", VT_INIT_CONSTANT, 0);
    vt_model_init(model, "head.weight", VT_INIT_NORMAL, 0.02);
    vt_model_init(model, "head.bias", VT_INIT_CONSTANT, 0);
}

bool ceit_init(void *model, vt_path path, const void *config)
{
    ceit *m = model;
    m->config = *(const ceit_config *)config;
    m->path = path;
    if (!sizes_fit(&m->config)) return false;
    tokens_init(m);
    blocks_init(m);
    m->lca = lca_new(vt_subpath(path, "lca"), &m->config);
    m->norm = layer_norm_new(vt_subpath(path, "norm"), m->config.dim, EPS);
    m->head = linear_new(vt_subpath(path, "head"), m->config.dim, m->config.common.classes);
    init_weights(path.model);
    return !vt_failed();
}

/* -- Forward ------------------------------------------------------------------------------------------------------- */

/* There is no activation between the batch norm and the pooling. */
static vt_tensor embed(const ceit *m, vt_tensor images)
{
    vt_tensor x = conv_norm_forward(&m->stem, images);
    x = vt_named(m->path, "stem", vt_max_pool2d(x, POOL, .stride = POOL_STRIDE, .padding = POOL_PADDING));
    x = vt_rearrange(conv_forward(&m->proj, x), "b c h w -> b (h w) c");
    x = position_add(&m->position, tokens_behind_class(m->cls_token, x));
    return vt_dropout(x, m->config.common.dropout);
}

static vt_tensor leff_forward(const ceit_leff *m, vt_tensor x, int64_t rows)
{
    vt_tensor map = vt_gelu(batch_norm_forward(&m->bn1, conv_forward(&m->conv1, map_of_tokens(x, rows))));
    map = vt_gelu(batch_norm_forward(&m->bn2, conv_forward(&m->conv2, map)));
    return tokens_of_map(batch_norm_forward(&m->bn3, conv_forward(&m->conv3, map)), x);
}

static vt_tensor block_forward(const ceit *m, const ceit_block *b, vt_tensor x)
{
    VT_MODE_OF(b->path);
    vt_tensor normed = vt_named(b->path, "norm1", layer_norm_forward(&b->norm1, x));
    x = vt_add(x, vt_drop_path(attention_forward(&b->attn, normed), b->drop_path));
    vt_tensor mixed = leff_forward(&b->leff, layer_norm_forward(&b->norm2, x), m->rows);
    return vt_named(b->path, "", vt_add(x, vt_drop_path(mixed, b->drop_path)));
}

/* x [B, depth, dim], the class token behind each block -> [B, dim], of the last. */
static vt_tensor lca_forward(const ceit_lca *m, vt_tensor x)
{
    x = vt_add(x, attention_forward(&m->attn, layer_norm_forward(&m->norm1, x)));
    x = vt_select(x, 1, -1);
    return vt_add(x, mlp_forward(&m->feedforward, layer_norm_forward(&m->norm2, x)));
}

vt_tensor ceit_forward(const void *model, vt_tensor images)
{
    const ceit *m = model;
    const int64_t depth = m->config.depth;
    if (!images_fit(&m->config.common, "ceit", images)) return (vt_tensor){ 0 };
    vt_tensor x = embed(m, images), seen = { 0 };
    for (int64_t i = 0; i < depth; i++) {
        x = block_forward(m, &m->blocks[i], x);
        vt_tensor class = vt_slice(x, 1, 0, 1);
        seen = i == 0 ? class : vt_concat(((vt_tensor[]){ seen, class }), 2, 1);
    }
    seen = vt_named(m->path, "cls_tokens", seen);
    x = layer_norm_forward(&m->norm, lca_forward(&m->lca, vt_add(seen, m->pos_layer_embed)));
    return vt_named(m->path, "logits", linear_forward(&m->head, vt_named(m->path, "cls_token", x)));
}

/* -- Variants ------------------------------------------------------------------------------------------------------ */

static bool layout(const void *model, const char *value, token_layout *layout)
{
    const ceit *m = model;
    if (strncmp(value, "blocks.", 7) != 0) return false;
    *layout = (token_layout){ 1, m->rows, m->columns, .key_prefix = 1, .key_rows = m->rows, .key_columns = m->columns };
    return true;
}

static int64_t *depth(void *config)
{
    return &((ceit_config *)config)->depth;
}

#define CONFIG(size, classes_, ...)                                                                                    \
    .config = &(const ceit_config)                                                                                     \
    {                                                                                                                  \
        .common = { .height = size, .width = size, .channels = 3, .classes = classes_ }, __VA_ARGS__                   \
    }
#define PUBLISHED(size, ...)                                                                                           \
    CONFIG(size, 1000, .stem_kernel = 7, .stem_stride = 2, .stem_channels = 64, .patch = 4, .depth = 12, __VA_ARGS__), \
        .pictures = { IMAGENET_MEAN, .crop = 0.875 }
#define NANO  .stem_kernel = 3, .stem_stride = 1, .stem_channels = 32, .patch = 2, .depth = 6, .dim = 96, .mlp_dim = 384
#define TINY  .dim = 192, .heads = 3, .mlp_dim = 768
#define SMALL .dim = 384, .heads = 6, .mlp_dim = 1536
#define BASE  .dim = 768, .heads = 12, .mlp_dim = 3072

static const variant variants[] = {
    { "ceit_nano_32", "CeiT of 6 layers for 32 px", CONFIG(32, 10, NANO, .heads = 3),
      .pictures = { CIFAR_MEAN, .crop = 1 } },
    { "ceit_tiny_patch16_224", "CeiT-T", PUBLISHED(224, TINY) },
    { "ceit_small_patch16_224", "CeiT-S", PUBLISHED(224, SMALL) },
    { "ceit_base_patch16_224", "CeiT-B", PUBLISHED(224, BASE) },
    { "ceit_tiny_patch16_384", "CeiT-T at 384 px", PUBLISHED(384, TINY) },
    { "ceit_small_patch16_384", "CeiT-S at 384 px", PUBLISHED(384, SMALL) },
    { 0 },
};

const family ceit_family = {
    .name = "ceit",
    .summary =
        "CeiT: a convolution in front and in each MLP, attention over the layers' class tokens (Yuan et al. 2021)",
    .size = sizeof(ceit),
    .config_size = sizeof(ceit_config),
    .init = ceit_init,
    .forward = ceit_forward,
    .depth = depth,
    .feature_map = "blocks.*.norm1",
    .attention = "blocks.*.attn.weights",
    .layout = layout,
    .blocks = "blocks.*",
    .heads = "head.*",
    .input = "i2t.backbone.conv.weight",
    .variants = variants,
};
