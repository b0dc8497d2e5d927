/* norm.c - layer, root-mean-square and batch normalisation with their parameters. */
#include "layers/norm.h"

layer_norm layer_norm_new(vt_path path, int64_t dim, double eps)
{
    layer_norm m = { .eps = eps };
    m.weight = vt_parameter(path, "weight", VT_SHAPE(dim), VT_INIT_CONSTANT, 1);
    m.bias = vt_parameter(path, "bias", VT_SHAPE(dim), VT_INIT_CONSTANT, 0);
    return m;
}

vt_tensor layer_norm_forward(const layer_norm *m, vt_tensor x)
{
    return vt_layer_norm(x, .weight = m->weight, .bias = m->bias, .eps = m->eps);
}

rms_norm rms_norm_new(vt_path path, int64_t dim, double eps)
{
    return (rms_norm){ .weight = vt_parameter(path, "weight", VT_SHAPE(dim), VT_INIT_CONSTANT, 1), .eps = eps };
}

vt_tensor rms_norm_forward(const rms_norm *m, vt_tensor x)
{
    return vt_rms_norm(x, .weight = m->weight, .eps = m->eps);
}

batch_norm batch_norm_new(vt_path path, int64_t channels)
{
    batch_norm m = { .path = path };
    m.weight = vt_parameter(path, "weight", VT_SHAPE(channels), VT_INIT_CONSTANT, 1);
    m.bias = vt_parameter(path, "bias", VT_SHAPE(channels), VT_INIT_CONSTANT, 0);
    m.running_mean = vt_buffer(path, "running_mean", VT_SHAPE(channels), 0, VT_DTYPE_DEFAULT);
    m.running_var = vt_buffer(path, "running_var", VT_SHAPE(channels), 1, VT_DTYPE_DEFAULT);
    m.num_batches_tracked = vt_buffer(path, "num_batches_tracked", VT_SCALAR, 0, VT_I64);
    return m;
}

vt_tensor batch_norm_forward(const batch_norm *m, vt_tensor x)
{
    VT_MODE_OF(m->path);
    if (!vt_trainable(m->weight)) vt_set_training(false);
    return vt_batch_norm(x, m->running_mean, m->running_var, .weight = m->weight, .bias = m->bias,
                         .num_batches_tracked = m->num_batches_tracked);
}
