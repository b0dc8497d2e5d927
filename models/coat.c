/* coat.c - the co-scale conv-attentional transformer. */
#include "coat.h"
#include "layers/tokens.h"
#include <math.h>
#include <stdio.h>

/* Of patches and of the positions there are PyTorch's norms, elsewhere timm's. */
#define PATCH_EPS 1e-5
#define EPS       1e-6

/* -- Parameters ---------------------------------------------------------------------------------------------------- */

static int64_t heads_of(const coat_config *c)
{
    return c->window_heads[0] + c->window_heads[1] + c->window_heads[2];
}

static int64_t patch_of(const coat_config *c, int scale)
{
    return scale == 0 ? c->patch : 2;
}

static bool scales_fit(const coat_config *c)
{
    const int64_t heads = heads_of(c);
    for (int i = 0; i < COAT_SCALES; i++)
        if (c->depths[i] < 1 || heads < 1 || c->dims[i] < 1 || c->dims[i] % heads) {
            vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                           "coat: scale %d has %lld blocks of %lld channels in %lld heads; it must have 1 or more of "
                           "each, and the heads must divide the channels",
                           i + 1, (long long)c->depths[i], (long long)c->dims[i], (long long)heads);
            return false;
        }
    for (int i = 2; i < COAT_SCALES && c->parallel_depth > 0; i++)
        if (c->dims[i] != c->dims[1] || c->mlp_ratios[i] != c->mlp_ratios[1]) {
            vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                           "coat: scale %d has %lld channels and %lld in its MLP; with parallel blocks they must be "
                           "those of scale 2: %lld and %lld",
                           i + 1, (long long)c->dims[i], (long long)hidden_channels(c->dims[i], c->mlp_ratios[i]),
                           (long long)c->dims[1], (long long)hidden_channels(c->dims[1], c->mlp_ratios[1]));
            return false;
        }
    return true;
}

static bool picture_fits(const coat_config *c)
{
    const int64_t height = c->common.height, width = c->common.width, multiple = c->patch << (COAT_SCALES - 1);
    if (height > 0 && width > 0 && multiple > 0 && height % multiple == 0 && width % multiple == 0) return true;
    vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE,
                   "coat: a picture of %lld by %lld pixels; both must be multiples of %lld, for patches of %lld",
                   (long long)height, (long long)width, (long long)multiple, (long long)c->patch);
    return false;
}

static factorized_attention attention_new_of(vt_path path, const coat_config *c, const coat_scale *scale, int64_t dim)
{
    return factorized_attention_new(path, dim, heads_of(c), scale->rows, &scale->crpe, c->common.dropout,
                                    c->no_qkv_bias);
}

static coat_serial_block serial_block_new(vt_path path, const coat_config *c, const coat_scale *scale, int i)
{
    const int64_t dim = c->dims[i];
    coat_serial_block b = { .path = path };
    b.norm1 = layer_norm_new(vt_subpath(path, "norm1"), dim, EPS);
    b.attention = attention_new_of(vt_subpath(path, "factoratt_crpe"), c, scale, dim);
    b.norm2 = layer_norm_new(vt_subpath(path, "norm2"), dim, EPS);
    b.mlp = mlp_new(vt_subpath(path, "mlp"), dim, hidden_channels(dim, c->mlp_ratios[i]), .dropout = c->common.dropout);
    return b;
}

/* Of what the scale before gave, rows x columns of so many channels. */
static void scale_init(coat *m, int i, int64_t in, int64_t rows, int64_t columns)
{
    const coat_config *c = &m->config;
    const vt_path path = m->path;
    const int64_t dim = c->dims[i], patch = patch_of(c, i);
    coat_scale *s = &m->scales[i];
    *s = (coat_scale){ .depth = c->depths[i], .rows = rows / patch, .columns = columns / patch };
    s->patch_embed = conv_embedding_new(vt_subpath(path, "patch_embed%d", i + 1), in, dim, patch, .stride = (int)patch,
                                        .eps = PATCH_EPS);
    char token[32];
    snprintf(token, sizeof token, "cls_token%d", i + 1);
    s->cls_token = vt_parameter(path, token, VT_SHAPE(1, 1, dim), VT_INIT_NORMAL, 0.02, .no_decay = true);
    s->cpe = conv_position_new(vt_subpath(path, "cpe%d", i + 1), dim);
    s->crpe = conv_relative_position_new(vt_subpath(path, "crpe%d", i + 1), dim / heads_of(c), c->window_heads);
    s->blocks = vt_model_allocate(path.model, s->depth, sizeof *s->blocks);
    for (int64_t k = 0; s->blocks && k < s->depth; k++)
        s->blocks[k] = serial_block_new(vt_subpath(path, "serial_blocks%d.%d", i + 1, (int)k), c, s, i);
}

static coat_parallel_block parallel_block_new(vt_path path, const coat *m)
{
    const coat_config *c = &m->config;
    const int64_t dim = c->dims[1];
    coat_parallel_block b = { .path = path };
    for (int i = 0; i < COAT_PARALLEL; i++) {
        b.norm1[i] = layer_norm_new(vt_subpath(path, "norm1%d", i + 2), dim, EPS);
        b.norm2[i] = layer_norm_new(vt_subpath(path, "norm2%d", i + 2), dim, EPS);
        b.attention[i] = attention_new_of(vt_subpath(path, "factoratt_crpe%d", i + 2), c, &m->scales[i + 1], dim);
    }
    b.mlp =
        mlp_new(vt_subpath(path, "mlp2"), dim, hidden_channels(dim, c->mlp_ratios[1]), .dropout = c->common.dropout);
    return b;
}

static void parallel_init(coat *m)
{
    const int64_t depth = m->config.parallel_depth;
    const vt_path aggregate = vt_subpath(m->path, "aggregate");
    const double bound = 1 / sqrt(COAT_PARALLEL);
    m->parallel = vt_model_allocate(m->path.model, depth, sizeof *m->parallel);
    for (int64_t k = 0; m->parallel && k < depth; k++)
        m->parallel[k] = parallel_block_new(vt_subpath(m->path, "parallel_blocks.%d", (int)k), m);
    m->aggregate_weight = vt_parameter(aggregate, "weight", VT_SHAPE(1, COAT_PARALLEL, 1), VT_INIT_UNIFORM, bound);
    m->aggregate_bias = vt_parameter(aggregate, "bias", VT_SHAPE(1), VT_INIT_UNIFORM, bound);
}

/* The originals truncate at 2, ten deviations away or more. */
static void init_weights(vt_model *model)
{
    vt_model_init(model, "*_blocks*.{qkv,proj,fc?}.weight", VT_INIT_NORMAL, 0.02);
    vt_model_init(model, "*_blocks*.{qkv,proj,fc?}.bias", VT_INIT_CONSTANT, 0);
    vt_model_init(model, "head.weight", VT_INIT_NORMAL, 0.02);
    vt_model_init(model, "head.bias", VT_INIT_CONSTANT, 0);
}

bool coat_init(void *model, vt_path path, const void *config)
{
    coat *m = model;
    const coat_config *c = &m->config;
    m->config = *(const coat_config *)config;
    m->path = path;
    if (!scales_fit(c) || !picture_fits(c)) return false;
    int64_t channels = c->common.channels, rows = c->common.height, columns = c->common.width;
    for (int i = 0; i < COAT_SCALES && !vt_failed(); i++) {
        scale_init(m, i, channels, rows, columns);
        channels = c->dims[i];
        rows = m->scales[i].rows;
        columns = m->scales[i].columns;
    }
    if (c->parallel_depth > 0) parallel_init(m);
    for (int i = c->parallel_depth > 0 ? 0 : COAT_PARALLEL - 1; i < COAT_PARALLEL; i++)
        m->norm[i] = layer_norm_new(vt_subpath(path, "norm%d", i + 2), channels, EPS);
    m->head = linear_new(vt_subpath(path, "head"), channels, c->common.classes);
    init_weights(path.model);
    return !vt_failed();
}

/* -- Forward ------------------------------------------------------------------------------------------------------- */

static vt_tensor serial_block_forward(const coat *m, const coat_scale *s, const coat_serial_block *b, vt_tensor x)
{
    VT_MODE_OF(b->path);
    const double drop_path = m->config.common.drop_path;
    x = conv_position_forward(&s->cpe, x, s->rows);
    vt_tensor normed = vt_named(b->path, "norm1", layer_norm_forward(&b->norm1, x));
    x = vt_add(x, vt_drop_path(factorized_attention_forward(&b->attention, normed), drop_path));
    vt_tensor mixed = mlp_forward(&b->mlp, layer_norm_forward(&b->norm2, x));
    return vt_named(b->path, "", vt_add(x, vt_drop_path(mixed, drop_path)));
}

/* x [B, C, H, W] -> [B, 1 + tokens, dim] */
static vt_tensor scale_forward(const coat *m, int i, vt_tensor x)
{
    const coat_scale *s = &m->scales[i];
    x = tokens_behind_class(s->cls_token, conv_embedding_forward(&s->patch_embed, x));
    for (int64_t k = 0; k < s->depth; k++) x = serial_block_forward(m, s, &s->blocks[k], x);
    return x;
}

/* x of one scale for another, of so many times the rows and columns; the class token as it is. */
static vt_tensor resize(vt_tensor x, int64_t rows, double times)
{
    if (times == 1) return x;
    return tokens_of_map(vt_interpolate(map_of_tokens(x, rows), .scale = times, .mode = VT_BILINEAR), x);
}

/* What all scales give to one of them. */
static vt_tensor gather(const coat *m, const vt_tensor *attended, int to)
{
    vt_tensor sum = attended[to];
    for (int from = 0; from < COAT_PARALLEL; from++)
        if (from != to) sum = vt_add(sum, resize(attended[from], m->scales[from + 1].rows, exp2((double)(from - to))));
    return sum;
}

static void parallel_block_forward(const coat *m, const coat_parallel_block *b, vt_tensor x[COAT_PARALLEL])
{
    VT_MODE_OF(b->path);
    const double drop_path = m->config.common.drop_path;
    vt_tensor attended[COAT_PARALLEL];
    for (int i = 0; i < COAT_PARALLEL; i++) {
        const coat_scale *s = &m->scales[i + 1];
        x[i] = conv_position_forward(&s->cpe, x[i], s->rows);
        vt_tensor normed = layer_norm_forward(&b->norm1[i], x[i]);
        vt_named(vt_subpath(b->path, "norm1%d", i + 2), "", normed);
        attended[i] = factorized_attention_forward(&b->attention[i], normed);
    }
    for (int i = 0; i < COAT_PARALLEL; i++) {
        x[i] = vt_add(x[i], vt_drop_path(gather(m, attended, i), drop_path));
        vt_tensor mixed = mlp_forward(&b->mlp, layer_norm_forward(&b->norm2[i], x[i]));
        x[i] = vt_named(vt_subpath(b->path, "scale%d", i + 2), "", vt_add(x[i], vt_drop_path(mixed, drop_path)));
    }
}

/* Of the class tokens of the last scales. */
static vt_tensor aggregate(const coat *m, const vt_tensor x[COAT_PARALLEL])
{
    vt_tensor class[COAT_PARALLEL];
    for (int i = 0; i < COAT_PARALLEL; i++) class[i] = vt_select(layer_norm_forward(&m->norm[i], x[i]), 1, 0);
    vt_tensor stacked = vt_stack(class, COAT_PARALLEL, 1);
    return vt_squeeze(vt_conv1d(stacked, m->aggregate_weight, .bias = m->aggregate_bias), 1);
}

vt_tensor coat_forward(const void *model, vt_tensor images)
{
    const coat *m = model;
    const int64_t depth = m->config.parallel_depth;
    vt_tensor x[COAT_SCALES];
    if (!images_fit(&m->config.common, "coat", images)) return (vt_tensor){ 0 };
    for (int i = 0; i < COAT_SCALES; i++)
        x[i] = scale_forward(m, i, i == 0 ? images : map_of_tokens(x[i - 1], m->scales[i - 1].rows));
    for (int64_t k = 0; k < depth; k++) parallel_block_forward(m, &m->parallel[k], x + 1);
    vt_tensor class = depth > 0 ? aggregate(m, x + 1)
                                : vt_select(layer_norm_forward(&m->norm[COAT_PARALLEL - 1], x[COAT_SCALES - 1]), 1, 0);
    return vt_named(m->path, "logits", linear_forward(&m->head, vt_named(m->path, "cls_token", class)));
}

/* -- Others' names ------------------------------------------------------------------------------------------------- */

/* Files have what blocks share once, or under the names of all that share it; the authors' also norms that nothing
 * uses. */
#define SHARED                                                                                                         \
    DROP("serial_blocks*.*.cpe.*"), DROP("serial_blocks*.*.factoratt_crpe.crpe.*"),                                    \
        DROP("parallel_blocks.*.factoratt_crpe?.crpe.*"), DROP("parallel_blocks.*.mlp{3,4}.*")
#define OF_FIRST_BLOCKS                                                                                                \
    { .from = "serial_blocks*.0.cpe.*", .to = "cpe*.*" },                                                              \
    {                                                                                                                  \
        .from = "serial_blocks*.0.factoratt_crpe.crpe.*", .to = "crpe*.*"                                              \
    }

static const vt_name_rule all_names[] = { SHARED, DROP("norm1.*"), { 0 } };
static const vt_name_rule all_names_lite[] = { SHARED, DROP("norm{1,2,3}.*"), { 0 } };
static const vt_name_rule blocks_names[] = { OF_FIRST_BLOCKS, SHARED, DROP("norm1.*"), { 0 } };
static const vt_name_rule blocks_names_lite[] = { OF_FIRST_BLOCKS, SHARED, DROP("norm{1,2,3}.*"), { 0 } };

#define OWN   "crpe1.conv_list.0.weight"
#define BLOCK "serial_blocks1.0.factoratt_crpe.crpe.conv_list.0.weight"
static const naming namings[] = { { "timm", OWN, all_names }, { "timm", BLOCK, blocks_names }, { 0 } };
static const naming namings_lite[] = { { "timm", OWN, all_names_lite }, { "timm", BLOCK, blocks_names_lite }, { 0 } };

/* -- Variants ------------------------------------------------------------------------------------------------------ */

static bool layout(const void *model, const char *value, token_layout *layout)
{
    const coat *m = model;
    int scale = 0, block;
    if (sscanf(value, "serial_blocks%d", &scale) != 1 &&
        sscanf(value, "parallel_blocks.%d.scale%d", &block, &scale) != 2 &&
        sscanf(value, "parallel_blocks.%d.norm1%d", &block, &scale) != 2 &&
        sscanf(value, "parallel_blocks.%d.factoratt_crpe%d", &block, &scale) != 2)
        return false;
    if (scale < 1 || scale > COAT_SCALES) return false;
    const coat_scale *s = &m->scales[scale - 1];
    *layout = (token_layout){ .prefix = 1, .rows = s->rows, .columns = s->columns };
    return true;
}

#define CONFIG(size, classes_, ...)                                                                                    \
    .config = &(const coat_config)                                                                                     \
    {                                                                                                                  \
        .common = { .height = size, .width = size, .channels = 3, .classes = classes_ }, __VA_ARGS__                   \
    }
#define OF_32(...)                                                                                                     \
    CONFIG(32, 10, .patch = 2, .window_heads = { 1, 2, 1 }, __VA_ARGS__), .pictures = { CIFAR_MEAN, .crop = 1 }
#define PUBLISHED(...) .patch = 4, .window_heads = { 2, 3, 3 }, __VA_ARGS__
#define OF_224(...)    CONFIG(224, 1000, PUBLISHED(__VA_ARGS__)), .pictures = { IMAGENET_MEAN, .crop = 0.9 }
#define OF_384(...)    CONFIG(384, 1000, PUBLISHED(__VA_ARGS__)), .pictures = { IMAGENET_MEAN, .crop = 1, .squash = true }
#define EACH_4         .mlp_ratios = { 4, 4, 4, 4 }
#define LITE           .mlp_ratios = { 8, 8, 4, 4 }
#define COAT           EACH_4, .depths = { 2, 2, 2, 2 }, .parallel_depth = 6
#define LITE_MEDIUM    EACH_4, .dims = { 128, 256, 320, 512 }, .depths = { 3, 6, 10, 8 }

static const variant variants[] = {
    { "coat_nano_32", "CoaT of 4 serial and 2 parallel blocks for 32 px",
      OF_32(EACH_4, .dims = { 48, 64, 64, 64 }, .depths = { 1, 1, 1, 1 }, .parallel_depth = 2) },
    { "coat_tiny", "CoaT Tiny", OF_224(COAT, .dims = { 152, 152, 152, 152 }) },
    { "coat_mini", "CoaT Mini", OF_224(COAT, .dims = { 152, 216, 216, 216 }) },
    { "coat_small", "CoaT Small", OF_224(COAT, .dims = { 152, 320, 320, 320 }) },
    { 0 },
};

static const variant variants_lite[] = {
    { "coat_lite_nano_32", "CoaT-Lite of 6 blocks for 32 px",
      OF_32(EACH_4, .dims = { 32, 64, 96, 128 }, .depths = { 1, 1, 2, 2 }) },
    { "coat_lite_tiny", "CoaT-Lite Tiny", OF_224(LITE, .dims = { 64, 128, 256, 320 }, .depths = { 2, 2, 2, 2 }) },
    { "coat_lite_mini", "CoaT-Lite Mini", OF_224(LITE, .dims = { 64, 128, 320, 512 }, .depths = { 2, 2, 2, 2 }) },
    { "coat_lite_small", "CoaT-Lite Small", OF_224(LITE, .dims = { 64, 128, 320, 512 }, .depths = { 3, 4, 6, 3 }) },
    { "coat_lite_medium", "CoaT-Lite Medium", OF_224(LITE_MEDIUM) },
    { "coat_lite_medium_384", "CoaT-Lite Medium at 384 px, of squashed pictures", OF_384(LITE_MEDIUM) },
    { 0 },
};

#define OF_EITHER                                                                                                      \
    .size = sizeof(coat), .config_size = sizeof(coat_config), .init = coat_init, .forward = coat_forward,              \
    .token_weights = "*.keys", .layout = layout, .blocks = "{serial_blocks?,parallel_blocks}.*", .heads = "head.*",    \
    .input = "patch_embed1.proj.weight"

const family coat_family = {
    .name = "coat",
    .summary = "CoaT: four scales, factorised attention, positions by convolution (Xu et al. 2021)",
    OF_EITHER,
    .feature_map = "parallel_blocks.*.norm14",
    .namings = namings,
    .variants = variants,
};

/* A family of its own, since the authors' files have norms that it does not use, and CoaT does. */
const family coat_lite_family = {
    .name = "coat_lite",
    .summary = "CoaT-Lite: CoaT without blocks that work on several scales (Xu et al. 2021)",
    OF_EITHER,
    .feature_map = "serial_blocks4.*.norm1",
    .namings = namings_lite,
    .variants = variants_lite,
};
