/* linear.c - y = x Wᵀ + b. */
#include "layers/linear.h"
#include <math.h>

linear linear_new_with(const linear_args *a)
{
    vt_init uniform = { VT_INIT_UNIFORM, 1 / sqrt((double)a->in) }, normal = { VT_INIT_TRUNCATED_NORMAL, a->std };
    vt_init zero = { VT_INIT_CONSTANT, 0 };
    bool is_auto = a->std == VT_AUTO;
    linear m = { 0 };
    m.weight = vt_parameter_at(a->at_, a->path, "weight", VT_SHAPE(a->out, a->in), is_auto ? uniform : normal);
    if (!a->no_bias) m.bias = vt_parameter_at(a->at_, a->path, "bias", VT_SHAPE(a->out), is_auto ? uniform : zero);
    return m;
}

vt_tensor linear_forward(const linear *m, vt_tensor x)
{
    return vt_linear(x, m->weight, .bias = m->bias);
}
