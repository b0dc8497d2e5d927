/* cvt.c - the convolutional vision transformer. */
#include "cvt.h"
#include "layers/attend.h"
#include "layers/drop_path.h"
#include "layers/tokens.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* -- Parameters ---------------------------------------------------------------------------------------------------- */

static cvt_projection projection_new(vt_path path, char which, int64_t dim, int64_t kernel, int64_t stride,
                                     bool no_bias)
{
    const vt_path front = vt_subpath(path, "conv_proj_%c", which);
    cvt_projection m;
    m.conv = conv_new(vt_subpath(front, "conv"), dim, dim, kernel, .stride = (int)stride, .padding = (int)(kernel / 2),
                      .groups = (int)dim, .no_bias = true);
    m.bn = batch_norm_new(vt_subpath(front, "bn"), dim);
    m.linear = linear_new(vt_subpath(path, "proj_%c", which), dim, dim, .no_bias = no_bias);
    return m;
}

static cvt_attention attention_of_stage(vt_path path, const cvt_config *c, int i, const cvt_stage *stage)
{
    const int64_t dim = c->dims[i], kernel = c->qkv_kernels[i], stride = c->key_strides[i];
    cvt_attention m = { .path = path, .heads = c->heads[i], .rows = stage->rows, .columns = stage->columns };
    m.scale = 1 / sqrt((double)dim); /* not of the channels of a head */
    m.dropout = c->common.attention_dropout;
    m.proj_dropout = c->common.dropout;
    m.q = projection_new(path, 'q', dim, kernel, 1, c->no_qkv_bias[i]);
    m.k = projection_new(path, 'k', dim, kernel, stride, c->no_qkv_bias[i]);
    m.v = projection_new(path, 'v', dim, kernel, stride, c->no_qkv_bias[i]);
    m.proj = linear_new(vt_subpath(path, "proj"), dim, dim);
    return m;
}

static cvt_block block_new(vt_path path, const cvt_config *c, int i, const cvt_stage *stage)
{
    const int64_t dim = c->dims[i];
    cvt_block b = { .path = path };
    b.norm1 = layer_norm_new(vt_subpath(path, "norm1"), dim, 1e-5);
    b.attn = attention_of_stage(vt_subpath(path, "attn"), c, i, stage);
    b.norm2 = layer_norm_new(vt_subpath(path, "norm2"), dim, 1e-5);
    b.mlp = mlp_new(vt_subpath(path, "mlp"), dim, hidden_channels(dim, c->mlp_ratios[i]), .dropout = c->common.dropout,
                    .quick_gelu = !c->gelu);
    return b;
}

static bool blocks_fit(const cvt_config *c, int i)
{
    const int64_t kernel = c->qkv_kernels[i], stride = c->key_strides[i];
    if (c->depths[i] < 1 || c->heads[i] < 1 || c->dims[i] % c->heads[i]) {
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                       "cvt: stage %d has %lld blocks of %lld channels in %lld heads; it must have 1 or more of each, "
                       "and the heads must divide the channels",
                       i + 1, (long long)c->depths[i], (long long)c->dims[i], (long long)c->heads[i]);
        return false;
    }
    if (kernel > 0 && kernel % 2 == 1 && stride > 0) return true;
    vt_error_raise(
        VT_ERROR_ARGUMENT, VT_HERE,
        "cvt: the queries' and keys' convolutions of stage %d have kernels of %lld and strides of %lld; they "
        "must be odd, and 1 or more",
        i + 1, (long long)kernel, (long long)stride);
    return false;
}

static bool picture_fits(const cvt_config *c, int i, int64_t rows, int64_t columns)
{
    const int64_t least = c->kernels[i] - 2 * c->paddings[i];
    if (rows >= 1 && columns >= 1 && rows >= least && columns >= least) return true;
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "cvt: stage %d gets %lld by %lld; each must be %lld or more", i + 1,
                   (long long)rows, (long long)columns, (long long)(least > 1 ? least : 1));
    return false;
}

/* Of what the stage before gave, rows x columns. */
static bool stage_init(cvt *m, int i, int64_t in, int64_t rows, int64_t columns)
{
    const cvt_config *c = &m->config;
    const int64_t dim = c->dims[i];
    cvt_stage *s = &m->stages[i];
    if (!blocks_fit(c, i) || !picture_fits(c, i, rows, columns)) return false;
    *s = (cvt_stage){ .path = vt_subpath(m->path, "stage%d", i), .depth = c->depths[i] };
    s->patch_embed = conv_embedding_new(vt_subpath(s->path, "patch_embed"), in, dim, c->kernels[i],
                                        .stride = (int)c->strides[i], .padding = (int)c->paddings[i]);
    s->rows = conv_extent(rows, c->kernels[i], c->strides[i], c->paddings[i]);
    s->columns = conv_extent(columns, c->kernels[i], c->strides[i], c->paddings[i]);
    s->key_rows = conv_extent(s->rows, c->qkv_kernels[i], c->key_strides[i], c->qkv_kernels[i] / 2);
    s->key_columns = conv_extent(s->columns, c->qkv_kernels[i], c->key_strides[i], c->qkv_kernels[i] / 2);
    if (i == CVT_STAGES - 1)
        s->cls_token = vt_parameter(s->path, "cls_token", VT_SHAPE(1, 1, dim), VT_INIT_NORMAL, 0.02, .no_decay = true);
    s->blocks = vt_model_allocate(m->path.model, s->depth, sizeof *s->blocks);
    for (int64_t k = 0; s->blocks && k < s->depth; k++)
        s->blocks[k] = block_new(vt_subpath(s->path, "blocks.%d", (int)k), c, i, s);
    return !vt_failed();
}

static void drop_paths_init(const cvt_stage *last, double drop_path)
{
    for (int64_t k = 0; k < last->depth; k++) last->blocks[k].drop_path = drop_path_at(drop_path, k, last->depth);
}

/* The originals truncate at 2, ten deviations away or more. */
static void init_weights(vt_model *model)
{
    vt_model_init(model, "stage?.blocks.*.{attn.proj,attn.proj_?,mlp.fc?}.weight", VT_INIT_NORMAL, 0.02);
    vt_model_init(model, "stage?.blocks.*.{attn.proj,attn.proj_?,mlp.fc?}.bias", VT_INIT_CONSTANT, 0);
    vt_model_init(model, "head.weight", VT_INIT_NORMAL, 0.02);
}

bool cvt_init(void *model, vt_path path, const void *config)
{
    cvt *m = model;
    const cvt_config *c = &m->config;
    m->config = *(const cvt_config *)config;
    m->path = path;
    int64_t channels = c->common.channels, rows = c->common.height, columns = c->common.width;
    for (int i = 0; i < CVT_STAGES; i++) {
        if (!stage_init(m, i, channels, rows, columns)) return false;
        channels = c->dims[i];
        rows = m->stages[i].rows;
        columns = m->stages[i].columns;
    }
    drop_paths_init(&m->stages[CVT_STAGES - 1], c->common.drop_path);
    m->norm = layer_norm_new(vt_subpath(path, "norm"), channels, 1e-5);
    m->head = linear_new(vt_subpath(path, "head"), channels, c->common.classes);
    init_weights(path.model);
    return !vt_failed();
}

/* -- Forward ------------------------------------------------------------------------------------------------------- */

/* map [B, dim, rows, columns], behind the class token, which may be inert -> [B, heads, class token and tokens, dim /
 * heads] */
static vt_tensor project(const cvt_projection *m, vt_tensor map, vt_tensor class, int64_t heads)
{
    vt_tensor x = batch_norm_forward(&m->bn, conv_forward(&m->conv, map));
    x = vt_rearrange(x, "b c h w -> b (h w) c");
    if (class.id) x = vt_concat(((vt_tensor[]){ class, x }), 2, 1);
    return vt_rearrange(linear_forward(&m->linear, x), "b n (h d) -> b h n d", .h = heads);
}

static vt_tensor attention_of_maps(const cvt_attention *m, vt_tensor x)
{
    const int64_t tokens = m->rows * m->columns, prefix = vt_dim(x, 1) - tokens;
    vt_tensor class = prefix ? vt_slice(x, 1, 0, prefix) : (vt_tensor){ 0 };
    vt_tensor map = vt_rearrange(vt_slice(x, 1, prefix, VT_END), "b (h w) c -> b c h w", .h = m->rows);
    vt_tensor y = attend(m->path, project(&m->q, map, class, m->heads), project(&m->k, map, class, m->heads),
                         project(&m->v, map, class, m->heads), .scale = m->scale, .dropout = m->dropout);
    return vt_dropout(linear_forward(&m->proj, y), m->proj_dropout);
}

static vt_tensor block_forward(const cvt_block *b, vt_tensor x)
{
    VT_MODE_OF(b->path);
    vt_tensor normed = vt_named(b->path, "norm1", layer_norm_forward(&b->norm1, x));
    vt_tensor attended = attention_of_maps(&b->attn, normed);
    x = vt_add(x, vt_drop_path(attended, b->drop_path));
    vt_tensor mixed = mlp_forward(&b->mlp, layer_norm_forward(&b->norm2, x));
    return vt_named(b->path, "", vt_add(x, vt_drop_path(mixed, b->drop_path)));
}

/* x [B, C, H, W] -> [B, class token and tokens, dim] */
static vt_tensor stage_forward(const cvt *m, const cvt_stage *s, vt_tensor x)
{
    x = vt_named(s->path, "patch_embed", conv_embedding_forward(&s->patch_embed, x));
    if (s->cls_token.id) x = tokens_behind_class(s->cls_token, x);
    x = vt_dropout(x, m->config.common.dropout);
    for (int64_t k = 0; k < s->depth; k++) x = block_forward(&s->blocks[k], x);
    return x;
}

vt_tensor cvt_forward(const void *model, vt_tensor images)
{
    const cvt *m = model;
    if (!images_fit(&m->config.common, "cvt", images)) return (vt_tensor){ 0 };
    vt_tensor x = images;
    for (int i = 0; i < CVT_STAGES; i++) {
        if (i > 0) x = vt_rearrange(x, "b (h w) c -> b c h w", .h = m->stages[i - 1].rows);
        x = stage_forward(m, &m->stages[i], x);
    }
    x = vt_named(m->path, "cls_token", layer_norm_forward(&m->norm, vt_select(x, 1, 0)));
    return vt_named(m->path, "logits", linear_forward(&m->head, x));
}

/* -- Others' names ------------------------------------------------------------------------------------------------- */

#define HF_LAYER  "cvt.encoder.stages.*.layers.*."
#define HF_CONV   HF_LAYER "attention.attention.convolution_projection_"
#define HF_LINEAR HF_LAYER "attention.attention.projection_"
#define CONV_PROJECTION(from_, which)                                                                                  \
    { .from = HF_CONV from_ ".convolution_projection.convolution.*",                                                   \
      .to = "stage*.blocks.*.attn.conv_proj_" which ".conv.*" },                                                       \
        { .from = HF_CONV from_ ".convolution_projection.normalization.*",                                             \
          .to = "stage*.blocks.*.attn.conv_proj_" which ".bn.*" },                                                     \
    {                                                                                                                  \
        .from = HF_LINEAR from_ ".*", .to = "stage*.blocks.*.attn.proj_" which ".*"                                    \
    }

static const vt_name_rule hugging_face[] = {
    { .from = "cvt.encoder.stages.*.cls_token", .to = "stage*.cls_token" },
    { .from = "cvt.encoder.stages.*.embedding.convolution_embeddings.projection.*", .to = "stage*.patch_embed.proj.*" },
    { .from = "cvt.encoder.stages.*.embedding.convolution_embeddings.normalization.*",
      .to = "stage*.patch_embed.norm.*" },
    CONV_PROJECTION("query", "q"),
    CONV_PROJECTION("key", "k"),
    CONV_PROJECTION("value", "v"),
    { .from = HF_LAYER "attention.output.dense.*", .to = "stage*.blocks.*.attn.proj.*" },
    { .from = HF_LAYER "layernorm_before.*", .to = "stage*.blocks.*.norm1.*" },
    { .from = HF_LAYER "layernorm_after.*", .to = "stage*.blocks.*.norm2.*" },
    { .from = HF_LAYER "intermediate.dense.*", .to = "stage*.blocks.*.mlp.fc1.*" },
    { .from = HF_LAYER "output.dense.*", .to = "stage*.blocks.*.mlp.fc2.*" },
    { .from = "layernorm.*", .to = "norm.*" },
    { .from = "classifier.*", .to = "head.*" },
    { 0 },
};
static const naming namings[] = {
    { "Hugging Face", "cvt.encoder.stages.0.embedding.convolution_embeddings.projection.weight", hugging_face },
    { 0 },
};

/* -- Variants ------------------------------------------------------------------------------------------------------ */

static bool layout(const void *model, const char *value, token_layout *layout)
{
    const cvt *m = model;
    int stage = CVT_STAGES - 1;
    sscanf(value, "stage%d", &stage);
    if (stage < 0 || stage >= CVT_STAGES) return false;
    const cvt_stage *s = &m->stages[stage];
    const int64_t prefix = s->cls_token.id && !strstr(value, "patch_embed");
    *layout = (token_layout){
        prefix, s->rows, s->columns, .key_prefix = prefix, .key_rows = s->key_rows, .key_columns = s->key_columns
    };
    return true;
}

#define CONFIG(size, classes_, ...)                                                                                    \
    .config = &(const cvt_config)                                                                                      \
    {                                                                                                                  \
        .common = { .height = size, .width = size, .channels = 3, .classes = classes_, .drop_path = 0.1 },             \
        .paddings = { 2, 1, 1 }, .qkv_kernels = { 3, 3, 3 }, .key_strides = { 2, 2, 2 }, .mlp_ratios = { 4, 4, 4 },    \
        __VA_ARGS__                                                                                                    \
    }
#define PUBLISHED(size, ...) CONFIG(size, 1000, .kernels = { 7, 3, 3 }, .strides = { 4, 2, 2 }, __VA_ARGS__)
#define NARROW               .dims = { 64, 192, 384 }, .heads = { 1, 3, 6 }
#define WIDE                 .dims = { 192, 768, 1024 }, .heads = { 3, 12, 16 }
#define NANO                                                                                                           \
    .kernels = { 5, 3, 3 }, .strides = { 2, 2, 2 }, .dims = { 32, 64, 128 }, .depths = { 1, 1, 4 }, .heads = { 1, 2, 4 }
#define OF_32  .pictures = { CIFAR_MEAN, .crop = 1 }
#define OF_224 .pictures = { IMAGENET_MEAN, .crop = 0.875 }
#define OF_384 .pictures = { IMAGENET_MEAN, .crop = 1 }

static const variant variants[] = {
    { "cvt_nano_32", "CvT of 6 layers for 32 px", CONFIG(32, 10, NANO), OF_32 },
    { "cvt_13", "CvT-13", PUBLISHED(224, NARROW, .depths = { 1, 2, 10 }), OF_224 },
    { "cvt_21", "CvT-21", PUBLISHED(224, NARROW, .depths = { 1, 4, 16 }), OF_224 },
    { "cvt_13_384", "CvT-13 at 384 px", PUBLISHED(384, NARROW, .depths = { 1, 2, 10 }), OF_384 },
    { "cvt_21_384", "CvT-21 at 384 px", PUBLISHED(384, NARROW, .depths = { 1, 4, 16 }), OF_384 },
    { "cvt_w24_384", "CvT-W24 at 384 px", PUBLISHED(384, WIDE, .depths = { 2, 2, 20 }), OF_384 },
    { 0 },
};

const family cvt_family = {
    .name = "cvt",
    .summary = "CvT: queries, keys and values come from depth-wise convolutions, in three stages (Wu et al. 2021)",
    .size = sizeof(cvt),
    .config_size = sizeof(cvt_config),
    .init = cvt_init,
    .forward = cvt_forward,
    .feature_map = "stage2.blocks.*.norm1",
    .attention = "stage?.blocks.*.attn.weights",
    .layout = layout,
    .blocks = "stage?.blocks.*",
    .heads = "head.*",
    .input = "stage0.patch_embed.proj.weight",
    .namings = namings,
    .variants = variants,
};
