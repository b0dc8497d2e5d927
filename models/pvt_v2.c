/* pvt_v2.c - the pyramid vision transformer, version 2. */
#include "pvt_v2.h"
#include <stdio.h>
#include <string.h>

/* Those of the embeddings and of the keys have layer_norm's usual 1e-5. */
static const double EPS = 1e-6;

/* -- Parameters ---------------------------------------------------------------------------------------------------- */

static pvt_v2_block block_new(vt_path path, const pvt_v2_config *c, const pvt_v2_stage *stage, int s)
{
    const double dropout = c->common.dropout;
    const int64_t dim = c->dims[s];
    pvt_v2_block b = { .path = path };
    b.norm1 = layer_norm_new(vt_subpath(path, "norm1"), dim, EPS);
    b.attn =
        spatial_reduction_new(vt_subpath(path, "attn"), dim, c->heads[s], stage->rows, stage->columns,
                              .ratio = c->reductions[s], .pooled = c->linear, .dropout = c->common.attention_dropout,
                              .proj_dropout = dropout, .no_qkv_bias = c->no_qkv_bias);
    b.norm2 = layer_norm_new(vt_subpath(path, "norm2"), dim, EPS);
    b.mlp = depthwise_mlp_new(vt_subpath(path, "mlp"), dim, hidden_channels(dim, c->mlp_ratios[s]), .relu = c->linear,
                              .dropout = dropout);
    conv_init_fan_out(path.model, &b.attn.sr);
    conv_init_fan_out(path.model, &b.mlp.dwconv);
    return b;
}

/* `seen` counts the blocks of all stages, for their drop path. */
static void blocks_init(pvt_v2_stage *stage, const pvt_v2_config *c, int s, int64_t *seen)
{
    const int64_t blocks = blocks_in_stages(c->depths, PVT_V2_MOST_STAGES);
    stage->depth = c->depths[s];
    stage->blocks = vt_model_allocate(stage->path.model, stage->depth, sizeof *stage->blocks);
    for (int64_t i = 0; stage->blocks && i < stage->depth; i++) {
        stage->blocks[i] = block_new(vt_subpath(stage->path, "blocks.%d", (int)i), c, stage, s);
        stage->blocks[i].drop_path = drop_path_at(c->common.drop_path, (*seen)++, blocks);
    }
}

/* Of what the stage before gives, or of the picture. */
static void embed_init(pvt_v2_stage *stage, const pvt_v2 *m, int s)
{
    const pvt_v2_config *c = &m->config;
    const int stride = s == 0 ? (int)c->stride : 2, kernel = s == 0 ? 2 * stride - 1 : 3;
    const int64_t in = s == 0 ? c->common.channels : c->dims[s - 1];
    const int64_t rows = s == 0 ? c->common.height : m->stages[s - 1].rows;
    const int64_t columns = s == 0 ? c->common.width : m->stages[s - 1].columns;
    vt_path path = s == 0 ? vt_subpath(m->path, "patch_embed") : vt_subpath(stage->path, "downsample");
    stage->embed = conv_embedding_new(path, in, c->dims[s], kernel, .stride = stride, .padding = kernel / 2);
    conv_init_fan_out(path.model, &stage->embed.proj);
    stage->rows = conv_extent(rows, kernel, stride, kernel / 2);
    stage->columns = conv_extent(columns, kernel, stride, kernel / 2);
}

static bool sizes_fit(const pvt_v2_config *c)
{
    if (c->depths[0] > 0 && c->stride > 1) return true;
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                   "pvt_v2: %lld blocks in the first stage and a stride of %lld; they must be 1 and 2, or more",
                   (long long)c->depths[0], (long long)c->stride);
    return false;
}

/* Convolutions have begun with their blocks. The originals truncate at 2, a hundred deviations away. */
static void init_weights(vt_model *model)
{
    vt_model_init(model, "stages.*.{q,kv,attn.proj,fc1,fc2}.weight", VT_INIT_NORMAL, 0.02);
    vt_model_init(model, "stages.*.{q,kv,attn.proj,fc1,fc2}.bias", VT_INIT_CONSTANT, 0);
    vt_model_init(model, "head.weight", VT_INIT_NORMAL, 0.02);
    vt_model_init(model, "head.bias", VT_INIT_CONSTANT, 0);
}

bool pvt_v2_init(void *model, vt_path path, const void *config)
{
    pvt_v2 *m = model;
    const pvt_v2_config *c = &m->config;
    m->config = *(const pvt_v2_config *)config;
    m->path = path;
    if (!sizes_fit(c)) return false;
    int64_t seen = 0;
    for (int s = 0; s < PVT_V2_MOST_STAGES && c->depths[s]; s++, m->count++) {
        pvt_v2_stage *stage = &m->stages[s];
        stage->path = vt_subpath(path, "stages.%d", s);
        embed_init(stage, m, s);
        blocks_init(stage, c, s, &seen);
        stage->norm = layer_norm_new(vt_subpath(stage->path, "norm"), c->dims[s], EPS);
    }
    m->head = linear_new(vt_subpath(path, "head"), c->dims[m->count - 1], c->common.classes);
    init_weights(path.model);
    return !vt_failed();
}

/* -- Forward ------------------------------------------------------------------------------------------------------- */

static vt_tensor block_forward(const pvt_v2_block *b, vt_tensor x, int64_t rows)
{
    VT_MODE_OF(b->path);
    vt_tensor attended = spatial_reduction_forward(&b->attn, layer_norm_forward(&b->norm1, x));
    x = vt_add(x, vt_drop_path(attended, b->drop_path));
    vt_tensor mixed = depthwise_mlp_forward(&b->mlp, layer_norm_forward(&b->norm2, x), rows);
    return vt_named(b->path, "", vt_add(x, vt_drop_path(mixed, b->drop_path)));
}

static vt_tensor blocks_forward(const pvt_v2_stage *stage, vt_tensor x)
{
    for (int64_t i = 0; i < stage->depth; i++) x = block_forward(&stage->blocks[i], x, stage->rows);
    return layer_norm_forward(&stage->norm, x);
}

vt_tensor pvt_v2_forward(const void *model, vt_tensor images)
{
    const pvt_v2 *m = model;
    if (!images_fit(&m->config.common, "pvt_v2", images)) return (vt_tensor){ 0 };
    vt_tensor x = images;
    for (int s = 0; s < m->count; s++) {
        if (s > 0) x = vt_rearrange(x, "b (h w) c -> b c h w", .h = m->stages[s - 1].rows);
        x = conv_embedding_forward(&m->stages[s].embed, x);
        if (s == 0) vt_named(m->path, "patch_embed", x);
        x = blocks_forward(&m->stages[s], x);
    }
    vt_named(m->path, "feature_map", x);
    x = vt_named(m->path, "pooled", vt_mean(x, .axes = VT_AXES(1)));
    return vt_named(m->path, "logits", linear_forward(&m->head, x));
}

/* -- Others' names ------------------------------------------------------------------------------------------------- */

#define STAGE(number, stage)                                                                                           \
    TO("block" #number ".*.mlp.dwconv.dwconv.*", "stages." #stage ".blocks.*.mlp.dwconv.*"),                           \
        TO("block" #number ".*", "stages." #stage ".blocks.*"), TO("norm" #number ".*", "stages." #stage ".norm.*")

static const vt_name_rule authors[] = {
    TO("patch_embed1.*", "patch_embed.*"),
    TO("patch_embed2.*", "stages.1.downsample.*"),
    TO("patch_embed3.*", "stages.2.downsample.*"),
    TO("patch_embed4.*", "stages.3.downsample.*"),
    STAGE(1, 0),
    STAGE(2, 1),
    STAGE(3, 2),
    STAGE(4, 3),
    { 0 },
};

#define LAYER             "pvt_v2.encoder.layers.*."
#define BLOCK             LAYER "blocks.*."
#define HALF(from, which) PART(from, "stages.*.blocks.*.attn.kv.*", which, 2)

static const vt_name_rule hugging_face[] = {
    TO("pvt_v2.encoder.layers.0.patch_embedding.proj.*", "patch_embed.proj.*"),
    TO("pvt_v2.encoder.layers.0.patch_embedding.layer_norm.*", "patch_embed.norm.*"),
    TO(LAYER "patch_embedding.proj.*", "stages.*.downsample.proj.*"),
    TO(LAYER "patch_embedding.layer_norm.*", "stages.*.downsample.norm.*"),
    HALF(BLOCK "attention.key.*", 0),
    HALF(BLOCK "attention.value.*", 1),
    TO(BLOCK "attention.query.*", "stages.*.blocks.*.attn.q.*"),
    TO(BLOCK "attention.proj.*", "stages.*.blocks.*.attn.proj.*"),
    TO(BLOCK "attention.spatial_reduction.*", "stages.*.blocks.*.attn.sr.*"),
    TO(BLOCK "attention.layer_norm.*", "stages.*.blocks.*.attn.norm.*"),
    TO(BLOCK "layer_norm_*.*", "stages.*.blocks.*.norm*.*"),
    TO(BLOCK "mlp.dwconv.dwconv.*", "stages.*.blocks.*.mlp.dwconv.*"),
    TO(BLOCK "mlp.dense*.*", "stages.*.blocks.*.mlp.fc*.*"),
    TO(LAYER "layer_norm.*", "stages.*.norm.*"),
    TO("classifier.*", "head.*"),
    { 0 },
};

static const naming namings[] = {
    { "the authors", "patch_embed1.proj.weight", authors },
    { "Hugging Face", "pvt_v2.encoder.layers.0.patch_embedding.proj.weight", hugging_face },
    { 0 },
};

/* -- Variants ------------------------------------------------------------------------------------------------------ */

static bool layout(const void *model, const char *value, token_layout *layout)
{
    const pvt_v2 *m = model;
    int s = 0, block = 0;
    if (strcmp(value, "feature_map") == 0)
        s = m->count - 1;
    else if (strcmp(value, "patch_embed") != 0 && sscanf(value, "stages.%d.blocks.%d", &s, &block) != 2)
        return false;
    if (s < 0 || s >= m->count || block < 0 || block >= m->stages[s].depth) return false;
    const pvt_v2_stage *stage = &m->stages[s];
    const spatial_reduction *attn = &stage->blocks[block].attn;
    *layout = (token_layout){
        .rows = stage->rows, .columns = stage->columns, .key_rows = attn->key_rows, .key_columns = attn->key_columns
    };
    return true;
}

#define CONFIG(size, stride_, ...)                                                                                     \
    .config = &(const pvt_v2_config)                                                                                   \
    {                                                                                                                  \
        .common.height = size, .common.width = size, .common.channels = 3, .common.classes = size == 32 ? 10 : 1000,   \
        .stride = stride_, __VA_ARGS__                                                                                 \
    }
#define NANO                                                                                                           \
    .depths = { 2, 2, 2 }, .dims = { 32, 64, 128 }, .heads = { 1, 2, 4 }, .mlp_ratios = { 8, 8, 4 },                   \
    .reductions = { 4, 2, 1 }
#define PYRAMID .heads = { 1, 2, 5, 8 }, .reductions = { 8, 4, 2, 1 }
#define NARROW  PYRAMID, .dims = { 32, 64, 160, 256 }, .mlp_ratios = { 8, 8, 4, 4 }
#define WIDE    PYRAMID, .dims = { 64, 128, 320, 512 }, .mlp_ratios = { 8, 8, 4, 4 }
#define OF_32   .pictures = { CIFAR_MEAN, .crop = 1 }
#define OF_224  .pictures = { IMAGENET_MEAN, .crop = 0.9 }

static const variant variants[] = {
    { "pvt_v2_nano_32", "PVT v2 of 6 blocks for 32 px", CONFIG(32, 2, NANO), OF_32 },
    { "pvt_v2_b0", "PVT v2-B0", CONFIG(224, 4, NARROW, .depths = { 2, 2, 2, 2 }), OF_224 },
    { "pvt_v2_b1", "PVT v2-B1", CONFIG(224, 4, WIDE, .depths = { 2, 2, 2, 2 }), OF_224 },
    { "pvt_v2_b2", "PVT v2-B2", CONFIG(224, 4, WIDE, .depths = { 3, 4, 6, 3 }), OF_224 },
    { "pvt_v2_b2_li", "PVT v2-B2 with keys of 7 by 7 means",
      CONFIG(224, 4, WIDE, .depths = { 3, 4, 6, 3 }, .linear = true), OF_224 },
    { "pvt_v2_b3", "PVT v2-B3", CONFIG(224, 4, WIDE, .depths = { 3, 4, 18, 3 }), OF_224 },
    { "pvt_v2_b4", "PVT v2-B4", CONFIG(224, 4, WIDE, .depths = { 3, 8, 27, 3 }), OF_224 },
    { "pvt_v2_b5", "PVT v2-B5",
      CONFIG(224, 4, PYRAMID, .dims = { 64, 128, 320, 512 }, .mlp_ratios = { 4, 4, 4, 4 }, .depths = { 3, 6, 40, 3 }),
      OF_224 },
    { 0 },
};

const family pvt_v2_family = {
    .name = "pvt_v2",
    .summary = "A pyramid whose attention has fewer keys than queries, and convolutions in its MLPs (Wang et al. 2022)",
    .size = sizeof(pvt_v2),
    .config_size = sizeof(pvt_v2_config),
    .init = pvt_v2_init,
    .forward = pvt_v2_forward,
    .feature_map = "feature_map",
    .attention = "stages.*.attn.weights",
    .layout = layout,
    .blocks = "stages.*.blocks.*",
    .heads = "head.*",
    .input = "patch_embed.proj.weight",
    .namings = namings,
    .variants = variants,
};
