/* conv_tokenizer.c - a picture as a sequence of tokens, by convolutions and pooling. */
#include "layers/conv_tokenizer.h"

enum { POOL = 3, POOL_STRIDE = 2, POOL_PADDING = 1 };

conv_tokenizer conv_tokenizer_new_with(const conv_tokenizer_args *a)
{
    conv_tokenizer m = { .count = a->convs, .patches = a->patches };
    if (a->convs < 1 || a->convs > CONV_TOKENIZER_MOST) {
        vt_error_raise(VT_ERROR_ARGUMENT, a->at_, "conv tokenizer: %d convolutions; it must be 1 to %d", a->convs,
                       CONV_TOKENIZER_MOST);
        return (conv_tokenizer){ .count = 0 };
    }
    int64_t in = a->channels;
    for (int i = 0; i < a->convs; i++) {
        int64_t out = i == a->convs - 1 ? a->dim : a->hidden;
        m.convs[i] = conv_new(vt_subpath(a->path, "conv_layers.%d.0", i), in, out, a->kernel, .stride = a->stride,
                              .padding = a->padding, .no_bias = !a->patches);
        in = out;
    }
    return m;
}

int64_t conv_tokenizer_extent(const conv_tokenizer *m, int64_t extent)
{
    for (int i = 0; i < m->count; i++) {
        const conv *c = &m->convs[i];
        extent = conv_extent(extent, vt_dim(c->weight, 2), c->stride, c->padding);
        if (!m->patches) extent = conv_extent(extent, POOL, POOL_STRIDE, POOL_PADDING);
    }
    return extent;
}

vt_tensor conv_tokenizer_forward(const conv_tokenizer *m, vt_tensor images)
{
    vt_tensor x = images;
    for (int i = 0; i < m->count; i++) {
        x = conv_forward(&m->convs[i], x);
        if (!m->patches) x = vt_max_pool2d(vt_relu(x), POOL, .stride = POOL_STRIDE, .padding = POOL_PADDING);
    }
    return vt_rearrange(x, "b c h w -> b (h w) c");
}
