/* attention.c - multi-head self-attention. */
#include "layers/attention.h"

attention attention_new(vt_path path, int64_t dim, attention_options options)
{
    attention m = { .heads = options.heads, .dropout = options.dropout, .proj_dropout = options.proj_dropout };
    if (options.heads < 1 || dim % options.heads) {
        vt_error_raise(VT_ERROR_ARGUMENT, VT_HERE, "attention: %lld channels do not divide into %d heads",
                       (long long)dim, options.heads);
        return m;
    }
    linear_options qkv = { .std = options.std, .no_bias = options.no_qkv_bias };
    m.qkv = linear_new(vt_subpath(path, "qkv"), dim, 3 * dim, qkv);
    m.proj = linear_new(vt_subpath(path, "proj"), dim, dim, (linear_options){ .std = options.std });
    return m;
}

vt_tensor attention_forward(const attention *m, vt_tensor x, vt_tensor *weights)
{
    vt_tensor qkv = vt_rearrange(linear_forward(&m->qkv, x), "b n (t h d) -> t b h n d", .t = 3, .h = m->heads);
    vt_tensor part[3];
    vt_unstack(qkv, 0, 3, part);
    vt_tensor out = vt_attention(part[0], part[1], part[2], .dropout = m->dropout, .weights = weights);
    out = linear_forward(&m->proj, vt_rearrange(out, "b h n d -> b n (h d)"));
    return vt_dropout(out, m->proj_dropout);
}
