/* spatial_reduction.c - attention whose keys and values are of a coarser picture than the queries. */
#include "layers/spatial_reduction.h"
#include "layers/attend.h"
#include "layers/heads.h"

enum { POOLED = 7 };

static bool sizes_fit(const spatial_reduction_args *a)
{
    if (a->heads < 1 || a->dim % a->heads) {
        vt_error_raise(VT_ERROR_ARGUMENT, a->at_, "spatial reduction: %lld channels do not divide into %lld heads",
                       (long long)a->dim, (long long)a->heads);
        return false;
    }
    if (!a->pooled && (a->ratio < 1 || a->ratio > a->rows || a->ratio > a->columns)) {
        vt_error_raise(VT_ERROR_ARGUMENT, a->at_,
                       "spatial reduction: %lld by %lld tokens cannot be reduced %lld times each way",
                       (long long)a->rows, (long long)a->columns, (long long)a->ratio);
        return false;
    }
    return true;
}

spatial_reduction spatial_reduction_new_with(const spatial_reduction_args *a)
{
    spatial_reduction m = { .path = a->path, .heads = a->heads, .rows = a->rows, .pooled = a->pooled };
    m.dropout = a->dropout;
    m.proj_dropout = a->proj_dropout;
    if (!sizes_fit(a)) return m;
    const int64_t ratio = a->pooled ? 1 : a->ratio;
    m.key_rows = a->pooled ? POOLED : a->rows / ratio;
    m.key_columns = a->pooled ? POOLED : a->columns / ratio;
    m.q = linear_new(vt_subpath(a->path, "q"), a->dim, a->dim, .no_bias = a->no_qkv_bias);
    m.kv = linear_new(vt_subpath(a->path, "kv"), a->dim, 2 * a->dim, .no_bias = a->no_qkv_bias);
    m.proj = linear_new(vt_subpath(a->path, "proj"), a->dim, a->dim);
    if (!a->pooled && ratio == 1) return m;
    m.sr = conv_new(vt_subpath(a->path, "sr"), a->dim, a->dim, ratio, .stride = (int)ratio);
    m.norm = layer_norm_new(vt_subpath(a->path, "norm"), a->dim, a->eps);
    return m;
}

/* What keys and values are made of: [B, keys, dim] */
static vt_tensor reduce(const spatial_reduction *m, vt_tensor x)
{
    if (!m->sr.weight.id) return x;
    x = vt_rearrange(x, "b (h w) c -> b c h w", .h = m->rows);
    if (m->pooled) x = vt_adaptive_avg_pool2d(x, POOLED, POOLED);
    x = layer_norm_forward(&m->norm, vt_rearrange(conv_forward(&m->sr, x), "b c h w -> b (h w) c"));
    return m->pooled ? vt_gelu(x) : x;
}

vt_tensor spatial_reduction_forward(const spatial_reduction *m, vt_tensor x)
{
    vt_tensor q = vt_rearrange(linear_forward(&m->q, x), "b n (h d) -> b h n d", .h = m->heads), kv[2];
    split_heads(linear_forward(&m->kv, reduce(m, x)), m->heads, 2, kv);
    vt_tensor y = attend(m->path, q, kv[0], kv[1], .dropout = m->dropout);
    return vt_dropout(linear_forward(&m->proj, y), m->proj_dropout);
}
