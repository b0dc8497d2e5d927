/* linear.c - y = x Wᵀ + b. */
#include "layers/linear.h"
#include <math.h>

linear linear_new(vt_path path, int64_t in, int64_t out, linear_options options)
{
    double bound = 1 / sqrt((double)in);
    linear m = { 0 };
    if (options.std > 0)
        m.weight = vt_parameter(path, "weight", VT_SHAPE(out, in), VT_INIT_TRUNCATED_NORMAL, options.std);
    else
        m.weight = vt_parameter(path, "weight", VT_SHAPE(out, in), VT_INIT_UNIFORM, bound);
    if (options.no_bias) return m;
    if (options.std > 0)
        m.bias = vt_parameter(path, "bias", VT_SHAPE(out), VT_INIT_CONSTANT, 0);
    else
        m.bias = vt_parameter(path, "bias", VT_SHAPE(out), VT_INIT_UNIFORM, bound);
    return m;
}

vt_tensor linear_forward(const linear *m, vt_tensor x)
{
    return vt_linear(x, m->weight, .bias = m->bias);
}
