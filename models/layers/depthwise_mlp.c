/* depthwise_mlp.c - a feed-forward layer with a depth-wise convolution. */
#include "layers/depthwise_mlp.h"

depthwise_mlp depthwise_mlp_new_with(const depthwise_mlp_args *a)
{
    depthwise_mlp m = { .relu = a->relu, .dropout = a->dropout };
    m.fc1 = linear_new(vt_subpath(a->path, "fc1"), a->dim, a->hidden);
    m.dwconv = conv_new(vt_subpath(a->path, "dwconv"), a->hidden, a->hidden, 3, .padding = 1, .groups = (int)a->hidden);
    m.fc2 = linear_new(vt_subpath(a->path, "fc2"), a->hidden, a->dim);
    return m;
}

vt_tensor depthwise_mlp_forward(const depthwise_mlp *m, vt_tensor x, int64_t rows)
{
    x = linear_forward(&m->fc1, x);
    if (m->relu) x = vt_relu(x);
    x = conv_forward(&m->dwconv, vt_rearrange(x, "b (h w) c -> b c h w", .h = rows));
    x = vt_rearrange(x, "b c h w -> b (h w) c");
    x = vt_dropout(vt_gelu(x), m->dropout);
    return vt_dropout(linear_forward(&m->fc2, x), m->dropout);
}
