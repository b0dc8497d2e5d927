/* layer_scale.c - a branch times a learned number for each channel. */
#include "layers/layer_scale.h"

layer_scale layer_scale_new(vt_path path, int64_t dim, double begin)
{
    layer_scale m = { .gamma = { 0 } };
    if (begin != 0) m.gamma = vt_parameter(path, "gamma", VT_SHAPE(dim), VT_INIT_CONSTANT, begin);
    return m;
}

vt_tensor layer_scale_forward(const layer_scale *m, vt_tensor x)
{
    return m->gamma.id ? vt_mul(x, m->gamma) : x;
}
