/* vit5.c - ViT-5. */
#include "vit5.h"
#include "layers/attend.h"
#include "layers/heads.h"
#include "layers/rope.h"
#include <math.h>
#include <string.h>

#define EPS             1e-6
#define THETA           10000
#define REGISTERS_THETA 100

/* -- Parameters ---------------------------------------------------------------------------------------------------- */

/* Registers have places in a square. */
static int64_t register_rows(const vit5_config *c)
{
    return (int64_t)lround(sqrt((double)c->registers));
}

static bool sizes_fit(const vit5_config *c)
{
    if (c->depth < 1) {
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "vit5: a depth of %lld; it must be 1 or more", (long long)c->depth);
        return false;
    }
    if (c->heads < 1 || c->dim % (4 * c->heads)) {
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                       "vit5: %lld channels in %lld heads; each head must have 4, 8, 12, ... of them",
                       (long long)c->dim, (long long)c->heads);
        return false;
    }
    if (c->registers >= 0 && register_rows(c) * register_rows(c) == c->registers) return true;
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "vit5: %lld registers; it must be a square number: 0, 1, 4, 9, ...",
                   (long long)c->registers);
    return false;
}

static layer_scale scale_new(vt_path path, const char *name, const vit5_config *c)
{
    return (layer_scale){ .gamma = vt_parameter(path, name, VT_SHAPE(c->dim), VT_INIT_CONSTANT, c->layer_scale) };
}

static vit5_attention attention_new_of(vt_path path, const vit5_config *c)
{
    vit5_attention m = { .path = path, .heads = c->heads };
    m.qkv = linear_new(vt_subpath(path, "qkv"), c->dim, 3 * c->dim, .no_bias = true);
    m.proj = linear_new(vt_subpath(path, "proj"), c->dim, c->dim);
    m.q_norm = rms_norm_new(vt_subpath(path, "q_norm"), c->dim / c->heads, EPS);
    m.k_norm = rms_norm_new(vt_subpath(path, "k_norm"), c->dim / c->heads, EPS);
    return m;
}

static vit5_block block_new(vt_path path, const vit5_config *c)
{
    vit5_block b = { .path = path };
    b.norm1 = rms_norm_new(vt_subpath(path, "norm1"), c->dim, EPS);
    b.attn = attention_new_of(vt_subpath(path, "attn"), c);
    b.norm2 = rms_norm_new(vt_subpath(path, "norm2"), c->dim, EPS);
    b.mlp = mlp_new(vt_subpath(path, "mlp"), c->dim, c->mlp_dim);
    b.gamma_1 = scale_new(path, "gamma_1", c);
    b.gamma_2 = scale_new(path, "gamma_2", c);
    return b;
}

static vt_tensor token_new(vt_path path, const char *name, int64_t count, int64_t dim)
{
    return vt_parameter(path, name, VT_SHAPE(1, count, dim), VT_INIT_NORMAL, 0.02, .no_decay = true);
}

/* The originals truncate at 2, ten deviations away or more. */
static void init_weights(vt_model *model)
{
    vt_model_init(model, "blocks.*.{attn.qkv,attn.proj,mlp.fc?}.weight", VT_INIT_NORMAL, 0.02);
    vt_model_init(model, "blocks.*.{attn.qkv,attn.proj,mlp.fc?}.bias", VT_INIT_CONSTANT, 0);
    vt_model_init(model, "head.weight", VT_INIT_NORMAL, 0.02);
    vt_model_init(model, "head.bias", VT_INIT_CONSTANT, 0);
}

bool vit5_init(void *model, vt_path path, const void *config)
{
    vit5 *m = model;
    const vit5_config *c = &m->config;
    patch_grid grid;
    m->config = *(const vit5_config *)config;
    m->path = path;
    if (!sizes_fit(c) || !patch_grid_init(&grid, c->common.height, c->common.width, c->patch, c->patch)) return false;
    m->patch_embed = patch_embedding_new(vt_subpath(path, "patch_embed"), grid, c->common.channels, c->dim);
    m->cls_token = token_new(path, "cls_token", 1, c->dim);
    if (c->registers) m->reg_token = token_new(path, "reg_token", c->registers, c->dim);
    m->position = position_new(path, POSITION_LEARNED, grid.rows, grid.columns, 0, c->dim, 0.02);
    m->blocks = vt_model_allocate(path.model, c->depth, sizeof *m->blocks);
    for (int64_t i = 0; m->blocks && i < c->depth; i++)
        m->blocks[i] = block_new(vt_subpath(path, "blocks.%d", (int)i), c);
    m->norm = rms_norm_new(vt_subpath(path, "norm"), c->dim, EPS);
    m->head = linear_new(vt_subpath(path, "head"), c->dim, c->common.classes);
    init_weights(path.model);
    return !vt_failed();
}

/* -- Forward ------------------------------------------------------------------------------------------------------- */

/* Class token, registers, patches. The authors have the registers last, which gives the same. */
static vt_tensor embed(const vit5 *m, vt_tensor images)
{
    vt_tensor x = vt_named(m->path, "patch_embed", patch_embedding_forward(&m->patch_embed, images));
    const int64_t batch = vt_dim(x, 0), dim = m->config.dim;
    vt_tensor parts[3];
    int count = 0;
    parts[count++] = vt_expand(m->cls_token, VT_SHAPE(batch, 1, dim));
    if (m->reg_token.id) parts[count++] = vt_expand(m->reg_token, VT_SHAPE(batch, m->config.registers, dim));
    parts[count++] = position_add(&m->position, x);
    return vt_concat(parts, count, 1);
}

/* Of all tokens, in their order: [tokens, channels of a head / 2]. The class token is not rotated. */
static vt_tensor angles_of(const vit5 *m, vt_dtype dtype)
{
    const int64_t head_dim = m->config.dim / m->config.heads, side = register_rows(&m->config);
    const patch_grid *grid = &m->patch_embed.grid;
    vt_tensor parts[3];
    int count = 0;
    parts[count++] = vt_zeros(VT_SHAPE(1, head_dim / 2), .dtype = dtype);
    if (side) parts[count++] = rope_angles(side, side, head_dim, REGISTERS_THETA, dtype);
    parts[count++] = rope_angles(grid->rows, grid->columns, head_dim, THETA, dtype);
    return vt_concat(parts, count, 0);
}

static vt_tensor attention_of(const vit5_attention *m, vt_tensor x, vt_tensor angles)
{
    vt_tensor part[3];
    split_heads(linear_forward(&m->qkv, x), m->heads, 3, part);
    vt_tensor q = rope_rotate(rms_norm_forward(&m->q_norm, part[0]), angles);
    vt_tensor k = rope_rotate(rms_norm_forward(&m->k_norm, part[1]), angles);
    return linear_forward(&m->proj, attend(m->path, q, k, part[2]));
}

static vt_tensor block_forward(const vit5_block *b, vt_tensor x, vt_tensor angles, double drop_path)
{
    VT_MODE_OF(b->path);
    vt_tensor normed = vt_named(b->path, "norm1", rms_norm_forward(&b->norm1, x));
    vt_tensor attended = attention_of(&b->attn, normed, angles);
    x = vt_add(x, vt_drop_path(layer_scale_forward(&b->gamma_1, attended), drop_path));
    vt_tensor mixed = mlp_forward(&b->mlp, rms_norm_forward(&b->norm2, x));
    return vt_named(b->path, "", vt_add(x, vt_drop_path(layer_scale_forward(&b->gamma_2, mixed), drop_path)));
}

vt_tensor vit5_forward(const void *model, vt_tensor images)
{
    const vit5 *m = model;
    const common_config *common = &m->config.common;
    vt_tensor x = embed(m, images), angles = angles_of(m, vt_dtype_of(x));
    for (int64_t i = 0; i < m->config.depth; i++) x = block_forward(&m->blocks[i], x, angles, common->drop_path);
    vt_tensor class = vt_named(m->path, "cls_token", vt_select(rms_norm_forward(&m->norm, x), 1, 0));
    return vt_named(m->path, "logits", linear_forward(&m->head, vt_dropout(class, common->dropout)));
}

/* -- Others' names ------------------------------------------------------------------------------------------------- */

/* The authors' files have the speeds of rotation, which follow from the sizes. */
static const vt_name_rule with_speeds[] = {
    { .from = "blocks.*.attn.rope.freqs" },
    { .from = "blocks.*.attn.rope_reg.freqs" },
    { 0 },
};
static const naming namings[] = { { "the authors", "blocks.0.attn.rope.freqs", with_speeds }, { 0 } };

/* -- Variants ------------------------------------------------------------------------------------------------------ */

static bool layout(const void *model, const char *value, token_layout *layout)
{
    const vit5 *m = model;
    const patch_grid *grid = &m->patch_embed.grid;
    const int64_t prefix = strcmp(value, "patch_embed") == 0 ? 0 : 1 + m->config.registers;
    *layout = (token_layout){
        prefix, grid->rows, grid->columns, .key_prefix = prefix, .key_rows = grid->rows, .key_columns = grid->columns
    };
    return true;
}

static int64_t *depth(void *config)
{
    return &((vit5_config *)config)->depth;
}

#define CONFIG(size, classes_, patch_, ...)                                                                            \
    .config = &(const vit5_config)                                                                                     \
    {                                                                                                                  \
        .common = { .height = size, .width = size, .channels = 3, .classes = classes_ }, .patch = patch_,              \
        .registers = 4, .layer_scale = 1e-4, __VA_ARGS__                                                               \
    }
#define NANO   .depth = 6, .dim = 128, .mlp_dim = 256, .heads = 4
#define SMALL  .depth = 12, .dim = 384, .mlp_dim = 1536, .heads = 6
#define BASE   .depth = 12, .dim = 768, .mlp_dim = 3072, .heads = 12
#define LARGE  .depth = 24, .dim = 1024, .mlp_dim = 4096, .heads = 16
#define XLARGE .depth = 28, .dim = 1152, .mlp_dim = 4608, .heads = 16
#define OF_32  .pictures = { CIFAR_MEAN, .crop = 1 }
#define OF_224 .pictures = { IMAGENET_MEAN, .crop = 1 }

static const variant variants[] = {
    { "vit5_nano_patch4_32", "ViT-5 of 6 layers for 32 px", CONFIG(32, 10, 4, NANO), OF_32 },
    { "vit5_small_patch16_224", "ViT-5-Small", CONFIG(224, 1000, 16, SMALL), OF_224 },
    { "vit5_base_patch16_224", "ViT-5-Base", CONFIG(224, 1000, 16, BASE), OF_224 },
    { "vit5_base_patch16_384", "ViT-5-Base at 384 px", CONFIG(384, 1000, 16, BASE), OF_224 },
    { "vit5_large_patch16_224", "ViT-5-Large", CONFIG(224, 1000, 16, LARGE), OF_224 },
    { "vit5_xlarge_patch16_224", "ViT-5-XLarge", CONFIG(224, 1000, 16, XLARGE), OF_224 },
    { 0 },
};

const family vit5_family = {
    .name = "vit5",
    .summary = "ViT-5: RMSNorm, normed queries and keys, rotary positions, registers, LayerScale (Wang et al. 2026)",
    .size = sizeof(vit5),
    .config_size = sizeof(vit5_config),
    .init = vit5_init,
    .forward = vit5_forward,
    .depth = depth,
    .feature_map = "blocks.*.norm1",
    .attention = "blocks.*.attn.weights",
    .layout = layout,
    .blocks = "blocks.*",
    .heads = "head.*",
    .input = "patch_embed.proj.weight",
    .namings = namings,
    .variants = variants,
};
