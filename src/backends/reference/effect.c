/* effect.c - reference kernels of ops that overwrite tensors, and of clipping. */
#include "backends/reference/reference.h"
#include "ops/effect.h"
#include <math.h>

void reference_assign(const reference_call *c)
{
    int64_t count = vt_shape_count(c->in_shape[ASSIGN_TARGET]);
    for (int64_t i = 0; i < count; i++) {
        if (c->in[ASSIGN_TARGET])
            c->in[ASSIGN_TARGET][i] = c->in[ASSIGN_VALUE][i];
        else
            c->whole_in[ASSIGN_TARGET][i] = c->whole_in[ASSIGN_VALUE][i];
    }
}

void reference_global_norm(const reference_call *c)
{
    double sum = 0;
    for (int k = 0; k < c->inputs; k++)
        for (int64_t i = 0; i < vt_shape_count(c->in_shape[k]); i++) sum += c->in[k][i] * c->in[k][i];
    c->out[0][0] = sqrt(sum);
}

void reference_clip(const reference_call *c)
{
    const clip_attributes *a = c->attributes;
    double scale = a->max_norm / (c->in[CLIP_NORM][0] + 1e-6);
    if (scale > 1) scale = 1;
    for (int k = 0; k < c->outputs; k++)
        for (int64_t i = 0; i < vt_shape_count(c->out_shape[k]); i++) c->out[k][i] = scale * c->in[CLIP_TENSORS + k][i];
}
