/* mlp.c - the feed-forward half of a transformer block. */
#include "layers/mlp.h"

mlp mlp_new(vt_path path, int64_t dim, int64_t hidden, double dropout, double std)
{
    mlp m = { .dropout = dropout };
    m.fc1 = linear_new(vt_subpath(path, "fc1"), dim, hidden, (linear_options){ .std = std });
    m.fc2 = linear_new(vt_subpath(path, "fc2"), hidden, dim, (linear_options){ .std = std });
    return m;
}

vt_tensor mlp_forward(const mlp *m, vt_tensor x)
{
    x = vt_dropout(vt_gelu(linear_forward(&m->fc1, x)), m->dropout);
    return vt_dropout(linear_forward(&m->fc2, x), m->dropout);
}
