/* mlp.c - the feed-forward half of a transformer block. */
#include "layers/mlp.h"

mlp mlp_new_with(const mlp_args *a)
{
    mlp m = { .dropout = a->dropout };
    m.fc1 = linear_new(vt_subpath(a->path, "fc1"), a->dim, a->hidden);
    m.fc2 = linear_new(vt_subpath(a->path, "fc2"), a->hidden, a->dim);
    return m;
}

vt_tensor mlp_forward(const mlp *m, vt_tensor x)
{
    x = vt_dropout(vt_gelu(linear_forward(&m->fc1, x)), m->dropout);
    return vt_dropout(linear_forward(&m->fc2, x), m->dropout);
}
