/* linear.c - y = x Wᵀ + b. */
#include "layers/linear.h"
#include <math.h>

linear linear_new_with(const linear_args *a)
{
    double bound = 1 / sqrt((double)a->in);
    linear m = { .weight = vt_parameter_with(&(vt_parameter_args){
                     .at_ = a->at_, a->path, "weight", VT_SHAPE(a->out, a->in), VT_INIT_UNIFORM, bound }) };
    if (!a->no_bias)
        m.bias = vt_parameter_with(
            &(vt_parameter_args){ .at_ = a->at_, a->path, "bias", VT_SHAPE(a->out), VT_INIT_UNIFORM, bound });
    return m;
}

vt_tensor linear_forward(const linear *m, vt_tensor x)
{
    return vt_linear(x, m->weight, .bias = m->bias);
}
