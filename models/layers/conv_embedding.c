/* conv_embedding.c - tokens of windows that may overlap. */
#include "layers/conv_embedding.h"

conv_embedding conv_embedding_new_with(const conv_embedding_args *a)
{
    conv_embedding m;
    m.proj =
        conv_new(vt_subpath(a->path, "proj"), a->in, a->out, a->kernel, .stride = a->stride, .padding = a->padding);
    m.norm = layer_norm_new(vt_subpath(a->path, "norm"), a->out, a->eps);
    return m;
}

vt_tensor conv_embedding_forward(const conv_embedding *m, vt_tensor x)
{
    return layer_norm_forward(&m->norm, vt_rearrange(conv_forward(&m->proj, x), "b c h w -> b (h w) c"));
}
