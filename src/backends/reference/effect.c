/* effect.c - reference kernels of ops that overwrite tensors, and of what belongs to an update. */
#include "backends/reference/reference.h"
#include "ops/effect.h"
#include <math.h>

void reference_assign(const reference_call *c)
{
    int64_t count = vt_shape_count(c->in_shape[0]);
    for (int64_t i = 0; i < count; i++) c->in[0][i] = c->in[1][i];
}

void reference_sgd(const reference_call *c)
{
    const sgd_attributes *a = c->attributes;
    for (int k = 0; k < c->inputs; k += SGD_INPUTS) {
        double *p = c->in[k], *g = c->in[k + 1];
        int64_t count = vt_shape_count(c->in_shape[k]);
        for (int64_t i = 0; i < count; i++) p[i] -= c->bound->scalar[0] * (g[i] + a->weight_decay * p[i]);
    }
}

void reference_sgd_momentum(const reference_call *c)
{
    const sgd_attributes *a = c->attributes;
    for (int k = 0; k < c->inputs; k += SGD_MOMENTUM_INPUTS) {
        double *p = c->in[k], *g = c->in[k + 1], *m = c->in[k + 2];
        int64_t count = vt_shape_count(c->in_shape[k]);
        for (int64_t i = 0; i < count; i++) {
            double gradient = g[i] + a->weight_decay * p[i];
            m[i] = a->momentum * m[i] + gradient;
            p[i] -= c->bound->scalar[0] * (a->nesterov ? gradient + a->momentum * m[i] : m[i]);
        }
    }
}

void reference_adam(const reference_call *c)
{
    const adam_attributes *a = c->attributes;
    double lr = c->bound->scalar[0], correction1 = c->bound->scalar[1], correction2 = c->bound->scalar[2];
    for (int k = 0; k < c->inputs; k += ADAM_INPUTS) {
        double *p = c->in[k], *g = c->in[k + 1], *m = c->in[k + 2], *v = c->in[k + 3];
        int64_t count = vt_shape_count(c->in_shape[k]);
        for (int64_t i = 0; i < count; i++) {
            double gradient = a->decoupled ? g[i] : g[i] + a->weight_decay * p[i];
            if (a->decoupled) p[i] -= lr * a->weight_decay * p[i];
            m[i] = a->beta1 * m[i] + (1 - a->beta1) * gradient;
            v[i] = a->beta2 * v[i] + (1 - a->beta2) * gradient * gradient;
            p[i] -= lr * (m[i] / correction1) / (sqrt(v[i] / correction2) + a->eps);
        }
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
    double scale = a->max_norm / (c->in[0][0] + 1e-6);
    if (scale > 1) scale = 1;
    for (int k = 0; k < c->outputs; k++)
        for (int64_t i = 0; i < vt_shape_count(c->out_shape[k]); i++) c->out[k][i] = scale * c->in[k + 1][i];
}
