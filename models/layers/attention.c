/* attention.c - multi-head self-attention. */
#include "layers/attention.h"

attention attention_new_with(const attention_args *a)
{
    attention m = { .heads = a->heads, .dropout = a->dropout, .proj_dropout = a->proj_dropout };
    if (a->heads < 1 || a->dim % a->heads) {
        vt_error_raise(VT_ERROR_ARGUMENT, a->at_, "attention: %lld channels do not divide into %d heads",
                       (long long)a->dim, a->heads);
        return m;
    }
    m.qkv = linear_new(vt_subpath(a->path, "qkv"), a->dim, 3 * a->dim, .std = a->std, .no_bias = a->no_qkv_bias);
    m.proj = linear_new(vt_subpath(a->path, "proj"), a->dim, a->dim, .std = a->std);
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
