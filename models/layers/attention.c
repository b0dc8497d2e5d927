/* attention.c - multi-head self-attention. */
#include "layers/attention.h"
#include "layers/attend.h"
#include "layers/heads.h"

attention attention_new_with(const attention_args *a)
{
    attention m = { .path = a->path, .heads = a->heads, .dropout = a->dropout, .proj_dropout = a->proj_dropout };
    const bool divides = a->heads > 0 && a->dim % a->heads == 0, is_auto = a->head_dim == VT_AUTO;
    const int64_t inner = is_auto ? a->dim : a->heads * a->head_dim;
    if (a->heads < 1 || (is_auto && !divides)) {
        vt_error_raise(VT_ERROR_ARGUMENT, a->at_, "attention: %lld channels do not divide into %lld heads",
                       (long long)a->dim, (long long)a->heads);
        return m;
    }
    if (a->no_proj && inner != a->dim) {
        vt_error_raise(VT_ERROR_ARGUMENT, a->at_,
                       "attention: without a projection %lld heads of %lld channels would have to be %lld channels",
                       (long long)a->heads, (long long)(inner / a->heads), (long long)a->dim);
        return m;
    }
    m.qkv = linear_new(vt_subpath(a->path, "qkv"), a->dim, 3 * inner, .no_bias = a->no_qkv_bias);
    if (!a->no_proj) m.proj = linear_new(vt_subpath(a->path, "proj"), inner, a->dim, .no_bias = a->no_proj_bias);
    return m;
}

vt_tensor attention_forward(const attention *m, vt_tensor x)
{
    return attention_forward_adjusted(m, x, VT_INERT, VT_INERT);
}

vt_tensor attention_forward_adjusted(const attention *m, vt_tensor x, vt_tensor bias, vt_tensor mask)
{
    vt_tensor part[3];
    split_heads(linear_forward(&m->qkv, x), m->heads, 3, part);
    vt_tensor y = attend(m->path, part[0], part[1], part[2], .bias = bias, .mask = mask, .dropout = m->dropout);
    return m->proj.weight.id ? vt_dropout(linear_forward(&m->proj, y), m->proj_dropout) : y;
}
