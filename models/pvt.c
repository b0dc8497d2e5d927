/* pvt.c - the pyramid vision transformer. */
#include "pvt.h"
#include "layers/tokens.h"
#include <stdio.h>
#include <string.h>

/* -- Parameters ---------------------------------------------------------------------------------------------------- */

static bool is_last(const pvt_config *c, int s)
{
    return s == PVT_MOST_STAGES - 1 || c->depths[s + 1] == 0;
}

static pvt_block block_new(vt_path path, const pvt_config *c, const pvt_stage *stage, int s)
{
    const double dropout = c->common.dropout;
    const int64_t dim = c->dims[s];
    pvt_block b = { .path = path };
    b.norm1 = layer_norm_new(vt_subpath(path, "norm1"), dim, c->eps);
    b.attn = spatial_reduction_new(vt_subpath(path, "attn"), dim, c->heads[s], stage->rows, stage->columns,
                                   .ratio = c->reductions[s], .eps = c->embedding_eps,
                                   .dropout = c->common.attention_dropout, .proj_dropout = dropout,
                                   .no_qkv_bias = c->no_qkv_bias);
    b.norm2 = layer_norm_new(vt_subpath(path, "norm2"), dim, c->eps);
    b.mlp = mlp_new(vt_subpath(path, "mlp"), dim, hidden_channels(dim, c->mlp_ratios[s]), .dropout = dropout);
    return b;
}

/* `seen` counts the blocks of all stages, for their drop path. */
static void blocks_init(pvt_stage *stage, const pvt_config *c, int s, int64_t *seen)
{
    const int64_t blocks = blocks_in_stages(c->depths, PVT_MOST_STAGES);
    stage->depth = c->depths[s];
    stage->blocks = vt_model_allocate(stage->path.model, stage->depth, sizeof *stage->blocks);
    for (int64_t i = 0; stage->blocks && i < stage->depth; i++) {
        stage->blocks[i] = block_new(vt_subpath(stage->path, "blocks.%d", (int)i), c, stage, s);
        stage->blocks[i].drop_path = drop_path_at(c->common.drop_path, (*seen)++, blocks);
    }
}

/* Of what the stage before gives, or of the picture. */
static void embed_init(pvt_stage *stage, const pvt *m, int s)
{
    const pvt_config *c = &m->config;
    const int64_t side = s == 0 ? c->patch : 2, in = s == 0 ? c->common.channels : c->dims[s - 1];
    vt_path path = s == 0 ? vt_subpath(m->path, "patch_embed") : vt_subpath(stage->path, "downsample");
    stage->rows = (s == 0 ? c->common.height : m->stages[s - 1].rows) / side;
    stage->columns = (s == 0 ? c->common.width : m->stages[s - 1].columns) / side;
    stage->embed = conv_embedding_new(path, in, c->dims[s], side, .stride = (int)side, .eps = c->embedding_eps);
    stage->position =
        position_new(stage->path, POSITION_LEARNED, stage->rows, stage->columns, is_last(c, s), c->dims[s], 0.02);
}

static bool sizes_fit(const pvt_config *c)
{
    int64_t side = c->patch;
    int s = 0;
    for (; s < PVT_MOST_STAGES && !is_last(c, s); s++) side *= 2;
    if (c->depths[0] < 1 || side < 1 || c->reductions[s] != 1) {
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                       "pvt: %lld blocks in the first stage, patches of %lld pixels, a reduction of %lld in the last "
                       "stage; they must be 1 or more, 1 or more, and 1",
                       (long long)c->depths[0], (long long)c->patch, (long long)c->reductions[s]);
        return false;
    }
    if (c->common.height % side || c->common.width % side || c->common.height < side || c->common.width < side) {
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                       "pvt: a picture of %lld by %lld pixels; both must be multiples of %lld",
                       (long long)c->common.height, (long long)c->common.width, (long long)side);
        return false;
    }
    return true;
}

/* transformers truncates at 2, a hundred deviations away. */
static void init_weights(vt_model *model)
{
    vt_model_init(model, "*.{proj,q,kv,sr,fc1,fc2}.weight", VT_INIT_NORMAL, 0.02);
    vt_model_init(model, "*.{proj,q,kv,sr,fc1,fc2}.bias", VT_INIT_CONSTANT, 0);
    vt_model_init(model, "head.weight", VT_INIT_NORMAL, 0.02);
    vt_model_init(model, "head.bias", VT_INIT_CONSTANT, 0);
}

bool pvt_init(void *model, vt_path path, const void *config)
{
    pvt *m = model;
    const pvt_config *c = &m->config;
    m->config = *(const pvt_config *)config;
    m->path = path;
    if (!sizes_fit(c)) return false;
    int64_t seen = 0, dim = 0;
    for (int s = 0; s < PVT_MOST_STAGES && c->depths[s]; s++, m->count++) {
        m->stages[s].path = vt_subpath(path, "stages.%d", s);
        embed_init(&m->stages[s], m, s);
        blocks_init(&m->stages[s], c, s, &seen);
        dim = c->dims[s];
    }
    m->cls_token = vt_parameter(path, "cls_token", VT_SHAPE(1, 1, dim), VT_INIT_NORMAL, 0.02, .no_decay = true);
    m->norm = layer_norm_new(vt_subpath(path, "norm"), dim, c->eps);
    m->head = linear_new(vt_subpath(path, "head"), dim, c->common.classes);
    init_weights(path.model);
    return !vt_failed();
}

/* -- Forward ------------------------------------------------------------------------------------------------------- */

static vt_tensor block_forward(const pvt_block *b, vt_tensor x)
{
    VT_MODE_OF(b->path);
    vt_tensor normed = vt_named(b->path, "norm1", layer_norm_forward(&b->norm1, x));
    x = vt_add(x, vt_drop_path(spatial_reduction_forward(&b->attn, normed), b->drop_path));
    vt_tensor mixed = mlp_forward(&b->mlp, layer_norm_forward(&b->norm2, x));
    return vt_named(b->path, "", vt_add(x, vt_drop_path(mixed, b->drop_path)));
}

static vt_tensor embed(const pvt *m, int s, vt_tensor x)
{
    const pvt_stage *stage = &m->stages[s];
    if (s > 0) x = vt_rearrange(x, "b (h w) c -> b c h w", .h = m->stages[s - 1].rows);
    x = conv_embedding_forward(&stage->embed, x);
    if (s == 0) vt_named(m->path, "patch_embed", x);
    if (s == m->count - 1) x = tokens_behind_class(m->cls_token, x);
    return vt_dropout(position_add(&stage->position, x), m->config.common.dropout);
}

vt_tensor pvt_forward(const void *model, vt_tensor images)
{
    const pvt *m = model;
    if (!images_fit(&m->config.common, "pvt", images)) return (vt_tensor){ 0 };
    vt_tensor x = images;
    for (int s = 0; s < m->count; s++) {
        x = embed(m, s, x);
        for (int64_t i = 0; i < m->stages[s].depth; i++) x = block_forward(&m->stages[s].blocks[i], x);
    }
    x = layer_norm_forward(&m->norm, x);
    vt_named(m->path, "feature_map", vt_slice(x, 1, 1, VT_END));
    x = vt_named(m->path, "cls_token", vt_select(x, 1, 0));
    return vt_named(m->path, "logits", linear_forward(&m->head, x));
}

/* -- Others' names ------------------------------------------------------------------------------------------------- */

static const vt_name_rule authors[] = {
    TO("patch_embed1.*", "patch_embed.*"),
    TO("patch_embed2.*", "stages.1.downsample.*"),
    TO("patch_embed3.*", "stages.2.downsample.*"),
    TO("patch_embed4.*", "stages.3.downsample.*"),
    TO("block1.*", "stages.0.blocks.*"),
    TO("block2.*", "stages.1.blocks.*"),
    TO("block3.*", "stages.2.blocks.*"),
    TO("block4.*", "stages.3.blocks.*"),
    TO("pos_embed1", "stages.0.pos_embed"),
    TO("pos_embed2", "stages.1.pos_embed"),
    TO("pos_embed3", "stages.2.pos_embed"),
    TO("pos_embed4", "stages.3.pos_embed"),
    { 0 },
};

/* Whose keys and values are one projection here. */
#define HALF(from, which) PART(from, "stages.*.blocks.*.attn.kv.*", which, 2)
#define EMBEDDING         "pvt.encoder.patch_embeddings."
#define BLOCK             "pvt.encoder.block.*.*."

static const vt_name_rule hugging_face[] = {
    TO(EMBEDDING "0.projection.*", "patch_embed.proj.*"),
    TO(EMBEDDING "0.layer_norm.*", "patch_embed.norm.*"),
    TO(EMBEDDING "*.projection.*", "stages.*.downsample.proj.*"),
    TO(EMBEDDING "*.layer_norm.*", "stages.*.downsample.norm.*"),
    TO(EMBEDDING "*.position_embeddings", "stages.*.pos_embed"),
    TO(EMBEDDING "?.cls_token", "cls_token"),
    HALF(BLOCK "attention.self.key.*", 0),
    HALF(BLOCK "attention.self.value.*", 1),
    TO(BLOCK "attention.self.query.*", "stages.*.blocks.*.attn.q.*"),
    TO(BLOCK "attention.self.sequence_reduction.*", "stages.*.blocks.*.attn.sr.*"),
    TO(BLOCK "attention.self.layer_norm.*", "stages.*.blocks.*.attn.norm.*"),
    TO(BLOCK "attention.output.dense.*", "stages.*.blocks.*.attn.proj.*"),
    TO(BLOCK "layer_norm_*.*", "stages.*.blocks.*.norm*.*"),
    TO(BLOCK "mlp.dense*.*", "stages.*.blocks.*.mlp.fc*.*"),
    TO("pvt.encoder.layer_norm.*", "norm.*"),
    TO("classifier.*", "head.*"),
    { 0 },
};

static const naming namings[] = {
    { "the authors", "patch_embed1.proj.weight", authors },
    { "Hugging Face", "pvt.encoder.patch_embeddings.0.projection.weight", hugging_face },
    { 0 },
};

/* -- Variants ------------------------------------------------------------------------------------------------------ */

static bool layout(const void *model, const char *value, token_layout *layout)
{
    const pvt *m = model;
    int s = 0, block = 0;
    const bool is_block = sscanf(value, "stages.%d.blocks.%d", &s, &block) == 2;
    if (strcmp(value, "feature_map") == 0)
        s = m->count - 1;
    else if (!is_block && strcmp(value, "patch_embed") != 0)
        return false;
    if (s < 0 || s >= m->count || block < 0 || block >= m->stages[s].depth) return false;
    const pvt_stage *stage = &m->stages[s];
    const spatial_reduction *attn = &stage->blocks[block].attn;
    const int64_t prefix = is_block && s == m->count - 1;
    *layout = (token_layout){ prefix,
                              stage->rows,
                              stage->columns,
                              .key_prefix = prefix,
                              .key_rows = attn->key_rows,
                              .key_columns = attn->key_columns };
    return true;
}

#define CONFIG(size, patch_, ...)                                                                                      \
    .config = &(const pvt_config)                                                                                      \
    {                                                                                                                  \
        .common.height = size, .common.width = size, .common.channels = 3, .common.classes = size == 32 ? 10 : 1000,   \
        .patch = patch_, .eps = 1e-6, .embedding_eps = 1e-6, __VA_ARGS__                                               \
    }
#define NANO                                                                                                           \
    .depths = { 2, 2, 2 }, .dims = { 32, 64, 128 }, .heads = { 1, 2, 4 }, .mlp_ratios = { 8, 8, 4 },                   \
    .reductions = { 4, 2, 1 }
#define PYRAMID                                                                                                        \
    .dims = { 64, 128, 320, 512 }, .heads = { 1, 2, 5, 8 }, .mlp_ratios = { 8, 8, 4, 4 }, .reductions = { 8, 4, 2, 1 }
#define OF_32  .pictures = { CIFAR_MEAN, .crop = 1 }
#define OF_224 .pictures = { IMAGENET_MEAN, .crop = 0.9 }

static const variant variants[] = {
    { "pvt_nano_32", "PVT of 6 blocks for 32 px", CONFIG(32, 2, NANO), OF_32 },
    { "pvt_tiny", "PVT-T", CONFIG(224, 4, PYRAMID, .depths = { 2, 2, 2, 2 }), OF_224 },
    { "pvt_small", "PVT-S", CONFIG(224, 4, PYRAMID, .depths = { 3, 4, 6, 3 }), OF_224 },
    { "pvt_medium", "PVT-M", CONFIG(224, 4, PYRAMID, .depths = { 3, 4, 18, 3 }), OF_224 },
    { "pvt_large", "PVT-L", CONFIG(224, 4, PYRAMID, .depths = { 3, 8, 27, 3 }), OF_224 },
    { 0 },
};

const family pvt_family = {
    .name = "pvt",
    .summary = "A pyramid of four stages whose attention has fewer keys than queries (Wang et al. 2021)",
    .size = sizeof(pvt),
    .config_size = sizeof(pvt_config),
    .init = pvt_init,
    .forward = pvt_forward,
    .feature_map = "stages.*.norm1",
    .attention = "stages.*.attn.weights",
    .layout = layout,
    .blocks = "stages.*.blocks.*",
    .heads = "head.*",
    .input = "patch_embed.proj.weight",
    .namings = namings,
    .variants = variants,
};
