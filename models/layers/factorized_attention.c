/* factorized_attention.c - attention whose cost grows with the number of tokens. */
#include "layers/factorized_attention.h"
#include "layers/heads.h"
#include <math.h>

factorized_attention factorized_attention_new(vt_path path, int64_t dim, int64_t heads, int64_t rows,
                                              const conv_relative_position *crpe, double dropout, bool no_qkv_bias)
{
    factorized_attention m = { .path = path, .crpe = crpe, .heads = heads, .rows = rows, .dropout = dropout };
    m.qkv = linear_new(vt_subpath(path, "qkv"), dim, 3 * dim, .no_bias = no_qkv_bias);
    m.proj = linear_new(vt_subpath(path, "proj"), dim, dim);
    return m;
}

vt_tensor factorized_attention_forward(const factorized_attention *m, vt_tensor x)
{
    vt_tensor part[3];
    split_heads(linear_forward(&m->qkv, x), m->heads, 3, part);
    vt_tensor q = part[0], v = part[2], keys = vt_named(m->path, "keys", vt_softmax(part[1], 2));
    vt_tensor sums = vt_matmul(q, vt_matmul(keys, v, .transpose_a = true));
    vt_tensor near = conv_relative_position_forward(m->crpe, q, v, m->rows);
    vt_tensor y = vt_add(vt_scale(sums, 1 / sqrt((double)vt_dim(q, 3))), near);
    return vt_dropout(linear_forward(&m->proj, vt_rearrange(y, "b h n d -> b n (h d)")), m->dropout);
}
