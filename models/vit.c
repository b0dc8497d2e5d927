/* vit.c - the vision transformer. */
#include "vit.h"
#include <stdlib.h>

static const double WEIGHT_STD = 0.02;

static vit_block block_new(vt_path path, const vit_config *c, double drop_path)
{
    vit_block b = { .drop_path = drop_path };
    b.norm1 = layer_norm_new(vt_subpath(path, "norm1"), c->dim, c->eps);
    b.attn = attention_new(vt_subpath(path, "attn"), c->dim, c->heads, .dropout = c->attention_dropout,
                           .proj_dropout = c->dropout, .std = WEIGHT_STD);
    b.norm2 = layer_norm_new(vt_subpath(path, "norm2"), c->dim, c->eps);
    b.mlp = mlp_new(vt_subpath(path, "mlp"), c->dim, c->mlp_dim, .dropout = c->dropout, .std = WEIGHT_STD);
    return b;
}

bool vit_init(vit *m, vt_path path, const vit_config *config)
{
    *m = (vit){ .config = *config };
    const vit_config *c = &m->config;
    if (c->depth < 1 || !(m->blocks = calloc((size_t)c->depth, sizeof *m->blocks))) {
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "vit: a depth of %lld", (long long)c->depth);
        return false;
    }
    m->patch_embed =
        patch_embedding_new(vt_subpath(path, "patch_embed"), c->image_size, c->patch_size, c->channels, c->dim);
    m->cls_token =
        vt_parameter(path, "cls_token", VT_SHAPE(1, 1, c->dim), VT_INIT_NORMAL, WEIGHT_STD, .no_decay = true);
    m->pos_embed = vt_parameter(path, "pos_embed", VT_SHAPE(1, 1 + m->patch_embed.patches, c->dim), VT_INIT_NORMAL,
                                WEIGHT_STD, .no_decay = true);
    for (int64_t i = 0; i < c->depth; i++) {
        double drop_path = c->depth > 1 ? c->drop_path * (double)i / (double)(c->depth - 1) : 0;
        m->blocks[i] = block_new(vt_subpath(path, "blocks.%d", (int)i), c, drop_path);
    }
    m->norm = layer_norm_new(vt_subpath(path, "norm"), c->dim, c->eps);
    m->head = linear_new(vt_subpath(path, "head"), c->dim, c->classes, .std = WEIGHT_STD);
    return !vt_failed();
}

void vit_free(vit *m)
{
    free(m->blocks);
    m->blocks = NULL;
}

static vt_tensor block_forward(const vit_block *b, vt_tensor x, vt_tensor *attention_map)
{
    vt_tensor attended = attention_forward(&b->attn, layer_norm_forward(&b->norm1, x), attention_map);
    x = vt_add(x, vt_drop_path(attended, b->drop_path));
    vt_tensor mixed = mlp_forward(&b->mlp, layer_norm_forward(&b->norm2, x));
    return vt_add(x, vt_drop_path(mixed, b->drop_path));
}

/* The class token in front of the patches, each with its place. */
static vt_tensor embed(const vit *m, vt_tensor images)
{
    vt_tensor patches = patch_embedding_forward(&m->patch_embed, images);
    vt_tensor cls = vt_expand(m->cls_token, VT_SHAPE(vt_dim(patches, 0), -1, -1));
    vt_tensor tokens = vt_concat(((vt_tensor[]){ cls, patches }), 2, 1);
    return vt_dropout(vt_add(tokens, m->pos_embed), m->config.dropout);
}

vt_tensor vit_forward(const vit *m, vt_tensor images, vt_tensor *attention_maps)
{
    vt_tensor x = embed(m, images);
    for (int64_t i = 0; i < m->config.depth; i++)
        x = block_forward(&m->blocks[i], x, attention_maps ? &attention_maps[i] : NULL);
    vt_tensor cls = vt_select(layer_norm_forward(&m->norm, x), 1, 0);
    return linear_forward(&m->head, cls);
}

int64_t vit_macs(const vit_config *c)
{
    int64_t side = c->image_size / c->patch_size, patches = side * side, tokens = 1 + patches;
    int64_t embedding = patches * c->channels * c->patch_size * c->patch_size * c->dim;
    int64_t projections = tokens * 4 * c->dim * c->dim;
    int64_t attention = 2 * tokens * tokens * c->dim;
    int64_t mlp = tokens * 2 * c->dim * c->mlp_dim;
    return embedding + c->depth * (projections + attention + mlp) + c->dim * c->classes;
}
