/* conv_norm.c - convolution, then batch normalisation. */
#include "layers/conv_norm.h"

conv_norm conv_norm_new(vt_path path, int64_t in, int64_t out, int kernel, int stride)
{
    conv_norm m;
    m.conv =
        conv_new(vt_subpath(path, "conv"), in, out, kernel, .stride = stride, .padding = kernel / 2, .no_bias = true);
    m.bn = batch_norm_new(vt_subpath(path, "bn"), out);
    return m;
}

vt_tensor conv_norm_forward(const conv_norm *m, vt_tensor x)
{
    return batch_norm_forward(&m->bn, conv_forward(&m->conv, x));
}
