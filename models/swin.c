/* swin.c - the Swin transformer. */
#include "swin.h"
#include <stdio.h>
#include <string.h>

static const double EPS = 1e-5;

/* -- Parameters ---------------------------------------------------------------------------------------------------- */

static swin_block block_new(vt_path path, const swin_config *c, windows windows, int64_t dim, int64_t heads)
{
    const double dropout = c->common.dropout;
    swin_block b = { .path = path, .windows = windows };
    b.norm1 = layer_norm_new(vt_subpath(path, "norm1"), dim, EPS);
    b.attn = attention_new(vt_subpath(path, "attn"), dim, heads, .dropout = c->common.attention_dropout,
                           .proj_dropout = dropout, .no_qkv_bias = c->no_qkv_bias);
    b.position = relative_position_new(vt_subpath(path, "attn"), windows.height, windows.width, heads);
    b.norm2 = layer_norm_new(vt_subpath(path, "norm2"), dim, EPS);
    b.mlp = mlp_new(vt_subpath(path, "mlp"), dim, hidden_channels(dim, c->mlp_ratio), .dropout = dropout);
    return b;
}

/* `seen` counts the blocks of all stages, for their drop path. */
static void blocks_init(swin_stage *stage, const swin_config *c, int s, int64_t dim, int64_t *seen)
{
    const int64_t blocks = blocks_in_stages(c->depths, SWIN_MOST_STAGES);
    stage->blocks = vt_model_allocate(stage->path.model, stage->depth, sizeof *stage->blocks);
    for (int64_t i = 0; stage->blocks && i < stage->depth; i++) {
        windows windows = windows_of(stage->rows, stage->columns, c->windows[s], i % 2 == 1);
        stage->blocks[i] = block_new(vt_subpath(stage->path, "blocks.%d", (int)i), c, windows, dim, c->heads[s]);
        stage->blocks[i].drop_path = drop_path_at(c->common.drop_path, (*seen)++, blocks);
    }
}

static void stages_init(swin *m)
{
    const swin_config *c = &m->config;
    int64_t rows = m->patch_embed.grid.rows, columns = m->patch_embed.grid.columns, dim = c->dim, seen = 0;
    for (int s = 0; s < SWIN_MOST_STAGES && c->depths[s]; s++, m->count++) {
        swin_stage *stage = &m->stages[s];
        stage->path = vt_subpath(m->path, "layers.%d", s);
        stage->depth = c->depths[s];
        if (s > 0) {
            vt_path merge = vt_subpath(stage->path, "downsample");
            stage->merge_norm = layer_norm_new(vt_subpath(merge, "norm"), 4 * dim, EPS);
            stage->merge = linear_new(vt_subpath(merge, "reduction"), 4 * dim, 2 * dim, .no_bias = true);
            rows = (rows + 1) / 2;
            columns = (columns + 1) / 2;
            dim *= 2;
        }
        stage->rows = rows;
        stage->columns = columns;
        blocks_init(stage, c, s, dim, &seen);
    }
    m->norm = layer_norm_new(vt_subpath(m->path, "norm"), dim, EPS);
    m->head = linear_new(vt_subpath(m->path, "head.fc"), dim, c->common.classes);
}

static bool sizes_fit(const swin_config *c)
{
    for (int s = 0; s < SWIN_MOST_STAGES && (s == 0 || c->depths[s]); s++)
        if (c->windows[s] < 1 || c->depths[s] < 1) {
            vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                           "swin: windows of %lld tokens and %lld blocks in stage %d; both must be 1 or more",
                           (long long)c->windows[s], (long long)c->depths[s], s);
            return false;
        }
    return true;
}

/* The patch embedding begins as PyTorch's does. The originals truncate at 2, a hundred deviations away. */
static void init_weights(vt_model *model)
{
    vt_model_init(model, "layers.*.{qkv,proj,fc1,fc2,reduction}.weight", VT_INIT_NORMAL, 0.02);
    vt_model_init(model, "layers.*.{qkv,proj,fc1,fc2}.bias", VT_INIT_CONSTANT, 0);
    vt_model_init(model, "head.fc.weight", VT_INIT_NORMAL, 0.02);
    vt_model_init(model, "head.fc.bias", VT_INIT_CONSTANT, 0);
}

bool swin_init(void *model, vt_path path, const void *config)
{
    swin *m = model;
    const swin_config *c = &m->config;
    patch_grid grid;
    m->config = *(const swin_config *)config;
    m->path = path;
    if (!sizes_fit(c) || !patch_grid_init(&grid, c->common.height, c->common.width, c->patch, c->patch)) return false;
    m->patch_embed = patch_embedding_new(vt_subpath(path, "patch_embed"), grid, c->common.channels, c->dim);
    m->patch_norm = layer_norm_new(vt_subpath(path, "patch_embed.norm"), c->dim, EPS);
    stages_init(m);
    init_weights(path.model);
    return !vt_failed();
}

/* -- Forward ------------------------------------------------------------------------------------------------------- */

/* `mask` is that of shifted windows, and inert in others. */
static vt_tensor attend_in_windows(const swin_block *b, vt_tensor x, vt_tensor mask)
{
    vt_tensor bias = relative_position_bias(&b->position);
    vt_tensor y = attention_forward_adjusted(&b->attn, windows_split(&b->windows, x), bias, mask);
    return windows_join(&b->windows, y);
}

static vt_tensor block_forward(const swin_block *b, vt_tensor x, vt_tensor mask)
{
    VT_MODE_OF(b->path);
    vt_tensor attended = attend_in_windows(b, layer_norm_forward(&b->norm1, x), mask);
    x = vt_add(x, vt_drop_path(attended, b->drop_path));
    vt_tensor mixed = mlp_forward(&b->mlp, layer_norm_forward(&b->norm2, x));
    return vt_named(b->path, "", vt_add(x, vt_drop_path(mixed, b->drop_path)));
}

/* The tokens of the stage before, of which each square of four becomes one; zeros fill up odd rows and columns. */
static vt_tensor merge_patches(const swin_stage *before, const swin_stage *stage, vt_tensor x)
{
    x = vt_rearrange(x, "b (h w) c -> b h w c", .h = before->rows);
    if (before->rows % 2 || before->columns % 2)
        x = vt_pad(x, VT_SHAPE(0, 0, 0), VT_SHAPE(before->rows % 2, before->columns % 2, 0));
    x = vt_rearrange(x, "b (h p) (w q) c -> b (h w) (q p c)", .p = 2, .q = 2);
    return linear_forward(&stage->merge, layer_norm_forward(&stage->merge_norm, x));
}

static vt_tensor stage_forward(const swin_stage *stage, vt_tensor x)
{
    vt_tensor mask = stage->depth > 1 ? windows_mask(&stage->blocks[1].windows) : VT_INERT;
    for (int64_t i = 0; i < stage->depth; i++) x = block_forward(&stage->blocks[i], x, i % 2 == 1 ? mask : VT_INERT);
    return x;
}

vt_tensor swin_forward(const void *model, vt_tensor images)
{
    const swin *m = model;
    vt_tensor x = layer_norm_forward(&m->patch_norm, patch_embedding_forward(&m->patch_embed, images));
    x = vt_dropout(vt_named(m->path, "patch_embed", x), m->config.common.dropout);
    for (int s = 0; s < m->count; s++) {
        if (s > 0) x = merge_patches(&m->stages[s - 1], &m->stages[s], x);
        x = stage_forward(&m->stages[s], x);
    }
    x = vt_named(m->path, "feature_map", layer_norm_forward(&m->norm, x));
    x = vt_named(m->path, "pooled", vt_mean(x, .axes = VT_AXES(1)));
    return vt_named(m->path, "logits", linear_forward(&m->head, x));
}

/* -- Variants ------------------------------------------------------------------------------------------------------ */

static bool layout(const void *model, const char *value, token_layout *layout)
{
    const swin *m = model;
    int stage = 0, block = 0;
    if (strcmp(value, "feature_map") == 0)
        stage = m->count - 1;
    else if (strcmp(value, "patch_embed") != 0 && sscanf(value, "layers.%d.blocks.%d", &stage, &block) != 2)
        return false;
    if (stage < 0 || stage >= m->count || block < 0 || block >= m->stages[stage].depth) return false;
    const swin_stage *at = &m->stages[stage];
    *layout =
        (token_layout){ .rows = at->rows, .columns = at->columns, .key_rows = at->rows, .key_columns = at->columns };
    if (!strstr(value, ".attn.")) return true;
    const windows *w = &at->blocks[block].windows;
    layout->window_rows = w->height;
    layout->window_columns = w->width;
    layout->shift_rows = w->shift_rows;
    layout->shift_columns = w->shift_columns;
    return true;
}

#define CONFIG(size, patch_, ...)                                                                                      \
    .config = &(const swin_config)                                                                                     \
    {                                                                                                                  \
        .common.height = size, .common.width = size, .common.channels = 3, .common.classes = size == 32 ? 10 : 1000,   \
        .common.drop_path = 0.1, .patch = patch_, .mlp_ratio = 4, __VA_ARGS__                                          \
    }
#define NANO     .dim = 32, .depths = { 2, 4, 2 }, .heads = { 2, 4, 8 }, .windows = { 4, 4, 4 }
#define TINY     .dim = 96, .depths = { 2, 2, 6, 2 }, .heads = { 3, 6, 12, 24 }
#define SMALL    .dim = 96, .depths = { 2, 2, 18, 2 }, .heads = { 3, 6, 12, 24 }
#define BASE     .dim = 128, .depths = { 2, 2, 18, 2 }, .heads = { 4, 8, 16, 32 }
#define LARGE    .dim = 192, .depths = { 2, 2, 18, 2 }, .heads = { 6, 12, 24, 48 }
#define TINY_S3  TINY, .windows = { 7, 7, 14, 7 }
#define SMALL_S3 SMALL, .windows = { 14, 14, 14, 7 }
#define BASE_S3  .dim = 96, .depths = { 2, 2, 30, 2 }, .heads = { 3, 6, 12, 24 }, .windows = { 7, 7, 14, 7 }
#define EACH(n)  .windows = { n, n, n, n }
#define OF_32    .pictures = { CIFAR_MEAN, .crop = 1 }
#define OF_224   .pictures = { IMAGENET_MEAN, .crop = 0.9 }
#define OF_384   .pictures = { IMAGENET_MEAN, .crop = 1 }

static const variant variants[] = {
    { "swin_nano_patch2_window4_32", "Swin of 8 blocks for 32 px", CONFIG(32, 2, NANO), OF_32 },
    { "swin_tiny_patch4_window7_224", "Swin-T", CONFIG(224, 4, TINY, EACH(7)), OF_224 },
    { "swin_small_patch4_window7_224", "Swin-S", CONFIG(224, 4, SMALL, EACH(7)), OF_224 },
    { "swin_base_patch4_window7_224", "Swin-B", CONFIG(224, 4, BASE, EACH(7)), OF_224 },
    { "swin_base_patch4_window12_384", "Swin-B for 384 px", CONFIG(384, 4, BASE, EACH(12)), OF_384 },
    { "swin_large_patch4_window7_224", "Swin-L", CONFIG(224, 4, LARGE, EACH(7)), OF_224 },
    { "swin_large_patch4_window12_384", "Swin-L for 384 px", CONFIG(384, 4, LARGE, EACH(12)), OF_384 },
    { "swin_s3_tiny_224", "Swin-S3-T, whose windows were searched for", CONFIG(224, 4, TINY_S3), OF_224 },
    { "swin_s3_small_224", "Swin-S3-S", CONFIG(224, 4, SMALL_S3), OF_224 },
    { "swin_s3_base_224", "Swin-S3-B", CONFIG(224, 4, BASE_S3), OF_224 },
    { 0 },
};

const family swin_family = {
    .name = "swin",
    .summary = "Attention in windows that are shifted from block to block, in four stages (Liu et al. 2021)",
    .size = sizeof(swin),
    .config_size = sizeof(swin_config),
    .init = swin_init,
    .forward = swin_forward,
    .feature_map = "feature_map",
    .attention = "layers.*.attn.weights",
    .layout = layout,
    .blocks = "layers.*.blocks.*",
    .heads = "head.fc.*",
    .input = "patch_embed.proj.weight",
    .namings = swin_namings,
    .variants = variants,
};
