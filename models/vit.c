/* vit.c - the vision transformer. */
#include "vit.h"
#include "layers/drop_path.h"
#include <math.h>
#include <string.h>

/* -- Parameters ---------------------------------------------------------------------------------------------------- */

static vit_block block_new(vt_path path, const vit_config *c, double drop_path)
{
    const double dropout = c->common.dropout;
    const int64_t head_dim = c->head_dim ? c->head_dim : VT_AUTO;
    const bool single = c->heads == 1 && (c->head_dim == 0 || c->head_dim == c->dim);
    vit_block b = { .path = path, .drop_path = drop_path };
    b.norm1 = layer_norm_new(vt_subpath(path, "norm1"), c->dim, c->eps);
    b.attn = attention_new(vt_subpath(path, "attn"), c->dim, c->heads, .head_dim = head_dim,
                           .dropout = c->common.attention_dropout, .proj_dropout = c->no_proj_dropout ? 0 : dropout,
                           .no_qkv_bias = c->no_qkv_bias, .no_proj_bias = c->no_proj_bias,
                           .no_proj = c->no_single_proj && single);
    b.ls1 = layer_scale_new(vt_subpath(path, "ls1"), c->dim, c->layer_scale);
    b.norm2 = layer_norm_new(vt_subpath(path, "norm2"), c->dim, c->eps);
    b.mlp = mlp_new(vt_subpath(path, "mlp"), c->dim, c->mlp_dim, .dropout = dropout);
    b.ls2 = layer_scale_new(vt_subpath(path, "ls2"), c->dim, c->layer_scale);
    return b;
}

static vt_tensor token_new(vt_path path, const char *name, const vit_config *c)
{
    return vt_parameter(path, name, VT_SHAPE(1, 1, c->dim), VT_INIT_NORMAL, c->token_std, .no_decay = true);
}

static int64_t tokens_in_front(const vit_config *c)
{
    return !c->no_class_token + c->distilled;
}

/* Those of big_vision, which is written with Flax. */
static void init_weights_flax(vt_model *model, const vit_config *c)
{
    const double dim = (double)c->dim, mlp_dim = (double)c->mlp_dim;
    const double pixels = (double)(c->common.channels * c->patch_height * c->patch_width);
    const double std_of_truncated = 0.87962566103423978; /* of a unit normal distribution without what is beyond 2 */
    vt_model_init(model, "patch_embed.proj.weight", VT_INIT_TRUNCATED_NORMAL, sqrt(1 / pixels) / std_of_truncated);
    vt_model_init(model, "blocks.*.attn.{qkv,proj}.weight", VT_INIT_UNIFORM, sqrt(6 / (dim + dim)));
    vt_model_init(model, "blocks.*.mlp.{fc1,fc2}.weight", VT_INIT_UNIFORM, sqrt(6 / (dim + mlp_dim)));
    vt_model_init(model, "blocks.*.mlp.{fc1,fc2}.bias", VT_INIT_NORMAL, 1e-6);
    vt_model_init(model, "blocks.*.attn.{qkv,proj}.bias", VT_INIT_CONSTANT, 0);
    vt_model_init(model, "patch_embed.proj.bias", VT_INIT_CONSTANT, 0);
    vt_model_init(model, "head.*", VT_INIT_CONSTANT, 0);
}

/* The layers begin as PyTorch's do. */
static void init_weights(vt_model *model, const vit_config *c)
{
    if (c->weights == VIT_WEIGHTS_TIMM) {
        vt_model_init(model, "blocks.*.{attn.qkv,attn.proj,mlp.fc1,mlp.fc2}.weight", VT_INIT_NORMAL, 0.02);
        vt_model_init(model, "{head,head_dist}.weight", VT_INIT_NORMAL, 0.02);
        vt_model_init(model, "blocks.*.{attn.qkv,attn.proj,mlp.fc1,mlp.fc2}.bias", VT_INIT_CONSTANT, 0);
        vt_model_init(model, "{head,head_dist}.bias", VT_INIT_CONSTANT, 0);
    }
    if (c->weights == VIT_WEIGHTS_MHA) {
        vt_model_init(model, "blocks.*.attn.qkv.weight", VT_INIT_UNIFORM, sqrt(6 / (4.0 * (double)c->dim)));
        vt_model_init(model, "blocks.*.attn.{qkv,proj}.bias", VT_INIT_CONSTANT, 0);
    }
    if (c->weights == VIT_WEIGHTS_FLAX) init_weights_flax(model, c);
}

static bool blocks_init(vit *m, vt_path path)
{
    const vit_config *c = &m->config;
    if (c->depth < 1) {
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "vit: a depth of %lld; it must be 1 or more", (long long)c->depth);
        return false;
    }
    m->blocks = vt_model_allocate(path.model, c->depth, sizeof *m->blocks);
    for (int64_t i = 0; m->blocks && i < c->depth; i++) {
        double drop_path = drop_path_at(c->common.drop_path, i, c->depth);
        m->blocks[i] = block_new(vt_subpath(path, "blocks.%d", (int)i), c, drop_path);
    }
    return !vt_failed();
}

bool vit_init(void *model, vt_path path, const void *config)
{
    vit *m = model;
    const vit_config *c = &m->config;
    patch_grid grid;
    m->config = *(const vit_config *)config;
    m->path = path;
    if (!patch_grid_init(&grid, c->common.height, c->common.width, c->patch_height, c->patch_width)) return false;
    m->patch_embed = patch_embedding_new(vt_subpath(path, "patch_embed"), grid, c->common.channels, c->dim,
                                         .normed = c->normed_patches, .eps = c->eps);
    if (!c->no_class_token) m->cls_token = token_new(path, "cls_token", c);
    if (c->distilled) m->dist_token = token_new(path, "dist_token", c);
    m->position = position_new(path, c->position, grid.rows, grid.columns,
                               c->positions_of_patches ? 0 : tokens_in_front(c), c->dim, c->token_std);
    if (!blocks_init(m, path)) return false;
    m->norm = layer_norm_new(vt_subpath(path, c->norm_after_mean ? "fc_norm" : "norm"), c->dim, c->eps);
    m->head = linear_new(vt_subpath(path, "head"), c->dim, c->common.classes);
    if (c->distilled) m->head_dist = linear_new(vt_subpath(path, "head_dist"), c->dim, c->common.classes);
    init_weights(path.model, c);
    return !vt_failed();
}

/* -- Forward ------------------------------------------------------------------------------------------------------- */

static vt_tensor block_forward(const vit_block *b, vt_tensor x)
{
    VT_MODE_OF(b->path);
    vt_tensor normed = vt_named(b->path, "norm1", layer_norm_forward(&b->norm1, x));
    vt_tensor attended = attention_forward(&b->attn, normed);
    x = vt_add(x, vt_drop_path(layer_scale_forward(&b->ls1, attended), b->drop_path));
    vt_tensor mixed = mlp_forward(&b->mlp, layer_norm_forward(&b->norm2, x));
    x = vt_add(x, vt_drop_path(layer_scale_forward(&b->ls2, mixed), b->drop_path));
    return vt_named(b->path, "", x);
}

/* The tokens that are no patches, in front of x. */
static vt_tensor put_in_front(const vit *m, vt_tensor x)
{
    vt_shape each = VT_SHAPE(vt_dim(x, 0), 1, m->config.dim);
    vt_tensor parts[3];
    int count = 0;
    if (m->cls_token.id) parts[count++] = vt_expand(m->cls_token, each);
    if (m->dist_token.id) parts[count++] = vt_expand(m->dist_token, each);
    parts[count++] = x;
    return count > 1 ? vt_concat(parts, count, 1) : x;
}

static vt_tensor embed(const vit *m, vt_tensor images)
{
    vt_tensor x = vt_named(m->path, "patch_embed", patch_embedding_forward(&m->patch_embed, images));
    if (m->config.positions_of_patches)
        x = put_in_front(m, position_add(&m->position, x));
    else
        x = position_add(&m->position, put_in_front(m, x));
    return vt_dropout(x, m->config.common.dropout);
}

static vt_tensor patches_of(const vit *m, vt_tensor x)
{
    int64_t first = tokens_in_front(&m->config);
    return first ? vt_slice(x, 1, first, vt_dim(x, 1)) : x;
}

static vt_tensor head_of_token(const vit *m, const linear *head, const char *logits, vt_tensor x, int token)
{
    return vt_named(m->path, logits, linear_forward(head, vt_select(x, 1, token)));
}

static vt_tensor classify(const vit *m, vt_tensor x)
{
    const vit_config *c = &m->config;
    if (c->distilled) {
        vt_tensor class = head_of_token(m, &m->head, "logits_class", x, 0);
        vt_tensor distilled = head_of_token(m, &m->head_dist, "logits_distilled", x, 1);
        return vt_scale(vt_add(class, distilled), 0.5);
    }
    if (!c->mean_of_patches && !c->no_class_token)
        return linear_forward(&m->head, vt_named(m->path, "cls_token", vt_select(x, 1, 0)));
    vt_tensor pooled = vt_named(m->path, "pooled", vt_mean(patches_of(m, x), .axes = VT_AXES(1)));
    if (c->norm_after_mean) pooled = layer_norm_forward(&m->norm, pooled);
    return linear_forward(&m->head, pooled);
}

vt_tensor vit_forward(const void *model, vt_tensor images)
{
    const vit *m = model;
    vt_tensor x = embed(m, images);
    for (int64_t i = 0; i < m->config.depth; i++) x = block_forward(&m->blocks[i], x);
    if (!m->config.norm_after_mean) x = layer_norm_forward(&m->norm, x);
    vt_named(m->path, "tokens", x);
    vt_named(m->path, "feature_map", patches_of(m, x));
    return vt_named(m->path, "logits", classify(m, x));
}

/* -- Variants ------------------------------------------------------------------------------------------------------ */

static bool layout(const void *model, const char *value, token_layout *layout)
{
    const vit *m = model;
    const patch_grid *grid = &m->patch_embed.grid;
    const bool patches = strcmp(value, "feature_map") == 0 || strcmp(value, "patch_embed") == 0;
    const int64_t prefix = patches ? 0 : tokens_in_front(&m->config);
    *layout = (token_layout){
        prefix, grid->rows, grid->columns, .key_prefix = prefix, .key_rows = grid->rows, .key_columns = grid->columns
    };
    return true;
}

static int64_t *depth(void *config)
{
    return &((vit_config *)config)->depth;
}

#define CONFIG(size, patch, ...)                                                                                       \
    .config = &(const vit_config)                                                                                      \
    {                                                                                                                  \
        .common.height = size, .common.width = size, .common.channels = 3, .common.classes = size == 32 ? 10 : 1000,   \
        .patch_height = patch, .patch_width = patch, __VA_ARGS__                                                       \
    }
#define TINY      .depth = 12, .dim = 192, .mlp_dim = 768, .heads = 3
#define SMALL     .depth = 12, .dim = 384, .mlp_dim = 1536, .heads = 6
#define BASE      .depth = 12, .dim = 768, .mlp_dim = 3072, .heads = 12
#define LARGE     .depth = 24, .dim = 1024, .mlp_dim = 4096, .heads = 16
#define HUGE_SIZE .depth = 32, .dim = 1280, .mlp_dim = 5120, .heads = 16
#define TIMM      .eps = 1e-6, .token_std = 0.02
#define TUTORIAL  .eps = 1e-5, .token_std = 1, .common.dropout = 0.1
#define AUGREG    TIMM, .common.dropout = 0.1
#define DISTILLED TIMM, .distilled = true
#define DEIT3     TIMM, .positions_of_patches = true, .layer_scale = 1e-6
#define SIMPLE    .eps = 1e-6, .position = POSITION_SIN_COS, .no_class_token = true, .weights = VIT_WEIGHTS_FLAX
#define NANO      .depth = 6, .dim = 128, .mlp_dim = 256, .heads = 4, TIMM
#define OF_32     .pictures = { CIFAR_MEAN, .crop = 1 }
#define OF_224    .pictures = { HALF_MEAN, .crop = 0.9 }
#define OF_SIMPLE .pictures = { HALF_MEAN, .crop = 0.875, .bilinear = true }
#define OF_DEIT   .pictures = { IMAGENET_MEAN, .crop = 0.9 }
#define OF_DEIT3  .pictures = { IMAGENET_MEAN, .crop = 1 }

static const variant variants[] = {
    { "vit_nano_patch4_32", "ViT of 6 layers for 32 px: two CPU minutes train it", CONFIG(32, 4, NANO), OF_32 },
    { "vit_nano_patch2_32", "the same of patches of 2", CONFIG(32, 2, NANO), OF_32 },
    { "vit_nano_patch8_32", "the same of patches of 8", CONFIG(32, 8, NANO), OF_32 },
    { "vit_nano_patch4_32_gap", "the same without a class token: the mean of the patches is classified",
      CONFIG(32, 4, NANO, .no_class_token = true), OF_32 },
    { "vit_nano_patch4_32_no_position", "the same without positions", CONFIG(32, 4, NANO, .position = POSITION_NONE),
      OF_32 },
    { "vit_nano_patch4_32_position_2d", "the same with a learned position for each row and each column",
      CONFIG(32, 4, NANO, .position = POSITION_LEARNED_2D), OF_32 },
    { "vit_nano_patch4_32_sin_cos", "the same with fixed positions", CONFIG(32, 4, NANO, .position = POSITION_SIN_COS),
      OF_32 },
    { "vit_tiny_patch4_32", "ViT-Tiny for 32 px", CONFIG(32, 4, TINY, AUGREG), OF_32 },
    { "vit_tiny_patch2_32", "ViT-Tiny for 32 px, of patches of 2", CONFIG(32, 2, TINY, AUGREG), OF_32 },
    { "vit_tiny_patch16_224", "ViT-Ti/16", CONFIG(224, 16, TINY, AUGREG), OF_224 },
    { "vit_small_patch16_224", "ViT-S/16", CONFIG(224, 16, SMALL, AUGREG), OF_224 },
    { "vit_base_patch16_224", "ViT-B/16", CONFIG(224, 16, BASE, AUGREG), OF_224 },
    { "vit_base_patch32_224", "ViT-B/32", CONFIG(224, 32, BASE, AUGREG), OF_224 },
    { "vit_large_patch16_224", "ViT-L/16", CONFIG(224, 16, LARGE, AUGREG), OF_224 },
    { "vit_huge_patch14_224", "ViT-H/14", CONFIG(224, 14, HUGE_SIZE, AUGREG), OF_224 },
    { "vit_base_patch16_224_normed_patches",
      "ViT-B/16 as vit-pytorch has it: norms in the patch embedding, q, k, v without bias",
      CONFIG(224, 16, BASE, TUTORIAL, .head_dim = 64, .normed_patches = true, .no_qkv_bias = true,
             .no_single_proj = true, .weights = VIT_WEIGHTS_PYTORCH),
      OF_224 },
    { "vit_base_patch16_224_mha", "ViT-B/16 on nn.MultiheadAttention: no dropout behind the attention",
      CONFIG(224, 16, BASE, TUTORIAL, .no_proj_dropout = true, .weights = VIT_WEIGHTS_MHA), OF_224 },
    { "simple_vit_nano_patch4_32", "Simple ViT of 6 layers for 32 px",
      CONFIG(32, 4, .depth = 6, .dim = 128, .mlp_dim = 256, .heads = 4, SIMPLE), OF_32 },
    { "simple_vit_small_patch16_224", "ViT-S/16 with fixed positions and the mean of the patches, without dropout",
      CONFIG(224, 16, SMALL, SIMPLE), OF_SIMPLE },
    { "simple_vit_small_patch16_224_normed_patches",
      "the same as vit-pytorch has it: norms in the patch embedding, attention without biases",
      CONFIG(224, 16, SMALL, .eps = 1e-5, .position = POSITION_SIN_COS, .no_class_token = true, .head_dim = 64,
             .normed_patches = true, .no_qkv_bias = true, .no_proj_bias = true, .weights = VIT_WEIGHTS_PYTORCH),
      OF_SIMPLE },
    { "deit_nano_distilled_patch4_32", "DeiT of 6 layers for 32 px, with a distillation token",
      CONFIG(32, 4, NANO, .distilled = true), OF_32 },
    { "deit_tiny_patch16_224", "DeiT-Ti", CONFIG(224, 16, TINY, TIMM), OF_DEIT },
    { "deit_small_patch16_224", "DeiT-S", CONFIG(224, 16, SMALL, TIMM), OF_DEIT },
    { "deit_base_patch16_224", "DeiT-B", CONFIG(224, 16, BASE, TIMM), OF_DEIT },
    { "deit_tiny_distilled_patch16_224", "DeiT-Ti with a distillation token", CONFIG(224, 16, TINY, DISTILLED),
      OF_DEIT },
    { "deit_small_distilled_patch16_224", "DeiT-S with a distillation token", CONFIG(224, 16, SMALL, DISTILLED),
      OF_DEIT },
    { "deit_base_distilled_patch16_224", "DeiT-B with a distillation token", CONFIG(224, 16, BASE, DISTILLED),
      OF_DEIT },
    { "deit3_small_patch16_224", "DeiT III-S: positions of the patches alone, LayerScale",
      CONFIG(224, 16, SMALL, DEIT3), OF_DEIT3 },
    { "deit3_base_patch16_224", "DeiT III-B", CONFIG(224, 16, BASE, DEIT3), OF_DEIT3 },
    { "deit3_large_patch16_224", "DeiT III-L", CONFIG(224, 16, LARGE, DEIT3), OF_DEIT3 },
    { "deit3_huge_patch14_224", "DeiT III-H", CONFIG(224, 14, HUGE_SIZE, DEIT3), OF_DEIT3 },
    { 0 },
};

const family vit_family = {
    .name = "vit",
    .summary =
        "Vision transformers: a picture is a sequence of patches (Dosovitskiy et al. 2021), and DeiT (Touvron et al.)",
    .size = sizeof(vit),
    .config_size = sizeof(vit_config),
    .init = vit_init,
    .forward = vit_forward,
    .depth = depth,
    .feature_map = "blocks.*.norm1",
    .attention = "blocks.*.attn.weights",
    .layout = layout,
    .blocks = "blocks.*",
    .heads = "{head,head_dist}.*",
    .input = "patch_embed.proj.weight",
    .namings = vit_namings,
    .variants = variants,
};
