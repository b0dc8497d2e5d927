/* mlp.c - the feed-forward half of a transformer block. */
#include "layers/mlp.h"

mlp mlp_new_with(const mlp_args *a)
{
    mlp m = { .dropout = a->dropout, .quick_gelu = a->quick_gelu };
    m.fc1 = linear_new(vt_subpath(a->path, "fc1"), a->dim, a->hidden);
    m.fc2 = linear_new(vt_subpath(a->path, "fc2"), a->hidden, a->dim);
    return m;
}

vt_tensor mlp_forward(const mlp *m, vt_tensor x)
{
    vt_tensor hidden = linear_forward(&m->fc1, x);
    hidden = m->quick_gelu ? vt_mul(hidden, vt_sigmoid(vt_scale(hidden, 1.702))) : vt_gelu(hidden);
    return vt_dropout(linear_forward(&m->fc2, vt_dropout(hidden, m->dropout)), m->dropout);
}
