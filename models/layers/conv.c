/* conv.c - two-dimensional convolution. */
#include "layers/conv.h"
#include <math.h>

conv conv_new_with(const conv_args *a)
{
    conv m = { .stride = a->stride, .padding = a->padding, .groups = a->groups };
    if (a->groups < 1 || a->in % a->groups) {
        vt_error_raise(VT_ERROR_ARGUMENT, a->at_, "conv: %lld channels do not divide into %d groups", (long long)a->in,
                       a->groups);
        return m;
    }
    int64_t channels = a->in / a->groups;
    double bound = 1 / sqrt((double)(channels * a->kernel * a->kernel));
    vt_shape shape = VT_SHAPE(a->out, channels, a->kernel, a->kernel);
    vt_parameter_args weight = { .at_ = a->at_, a->path, "weight", shape, VT_INIT_UNIFORM, bound };
    vt_parameter_args bias = { .at_ = a->at_, a->path, "bias", VT_SHAPE(a->out), VT_INIT_UNIFORM, bound };
    m.weight = vt_parameter_with(&weight);
    if (!a->no_bias) m.bias = vt_parameter_with(&bias);
    return m;
}

void conv_init_fan_out(vt_model *model, const conv *m)
{
    if (!m->weight.id) return;
    vt_shape shape = vt_shape_of(m->weight);
    int64_t fan_out = shape.dim[0] / m->groups * shape.dim[2] * shape.dim[3];
    for (int i = 0; i < vt_model_size(model); i++) {
        vt_named_tensor e = vt_model_entry(model, i);
        if (e.tensor.id == m->weight.id) vt_model_init(model, e.name, VT_INIT_NORMAL, sqrt(2 / (double)fan_out));
        if (m->bias.id && e.tensor.id == m->bias.id) vt_model_init(model, e.name, VT_INIT_CONSTANT, 0);
    }
}

vt_tensor conv_forward(const conv *m, vt_tensor x)
{
    return vt_conv2d(x, m->weight, .bias = m->bias, .stride = m->stride, .padding = m->padding, .groups = m->groups);
}

int64_t conv_extent(int64_t extent, int64_t kernel, int64_t stride, int64_t padding)
{
    const int64_t room = extent + 2 * padding - kernel;
    return room < 0 ? 0 : room / stride + 1;
}
