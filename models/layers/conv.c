/* conv.c - two-dimensional convolution. */
#include "layers/conv.h"
#include <math.h>

conv conv_new(vt_path path, int64_t in, int64_t out, int64_t kernel, conv_options options)
{
    conv m = { .stride = options.stride, .padding = options.padding, .groups = options.groups };
    int64_t channels = in / (options.groups ? options.groups : 1);
    double bound = 1 / sqrt((double)(channels * kernel * kernel));
    m.weight = vt_parameter(path, "weight", VT_SHAPE(out, channels, kernel, kernel), VT_INIT_UNIFORM, bound);
    if (!options.no_bias) m.bias = vt_parameter(path, "bias", VT_SHAPE(out), VT_INIT_UNIFORM, bound);
    return m;
}

vt_tensor conv_forward(const conv *m, vt_tensor x)
{
    return vt_conv2d(x, m->weight, .bias = m->bias, .stride = m->stride, .padding = m->padding, .groups = m->groups);
}
