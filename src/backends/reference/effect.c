/* effect.c - reference kernels of ops that overwrite tensors, and of what belongs to an update. */
#include "backends/reference/reference.h"
#include "ops/effect.h"
#include "ops/update.h"
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

void reference_sgd(const reference_call *c)
{
    const sgd_attributes *a = c->attributes;
    double rate = a->lr_ratio * *c->in[UPDATE_LR];
    for (int k = UPDATE_SCALARS_sgd; k < c->inputs; k += UPDATE_ARRAYS_sgd) {
        double *p = c->in[k + UPDATE_P], *g = c->in[k + UPDATE_G];
        int64_t count = vt_shape_count(c->in_shape[k]);
        for (int64_t i = 0; i < count; i++) p[i] -= rate * (g[i] + a->weight_decay * p[i]);
    }
}

void reference_sgd_momentum(const reference_call *c)
{
    const sgd_attributes *a = c->attributes;
    double rate = a->lr_ratio * *c->in[UPDATE_LR];
    for (int k = UPDATE_SCALARS_sgd_momentum; k < c->inputs; k += UPDATE_ARRAYS_sgd_momentum) {
        double *p = c->in[k + UPDATE_P], *g = c->in[k + UPDATE_G], *m = c->in[k + SGD_M];
        int64_t count = vt_shape_count(c->in_shape[k]);
        for (int64_t i = 0; i < count; i++) {
            double gradient = g[i] + a->weight_decay * p[i];
            m[i] = a->momentum * m[i] + gradient;
            p[i] -= rate * (a->nesterov ? gradient + a->momentum * m[i] : m[i]);
        }
    }
}

static void adam(const reference_call *c, int arrays)
{
    const adam_attributes *a = c->attributes;
    double rate = a->lr_ratio * *c->in[UPDATE_LR], t = *c->in[UPDATE_NUMBER];
    double correction1 = 1 - pow(a->beta1, t), correction2 = 1 - pow(a->beta2, t);
    for (int k = UPDATE_SCALARS_adam; k < c->inputs; k += arrays) {
        double *p = c->in[k + UPDATE_P], *g = c->in[k + UPDATE_G], *m = c->in[k + ADAM_M], *v = c->in[k + ADAM_V];
        double *most = arrays == UPDATE_ARRAYS_amsgrad ? c->in[k + AMSGRAD_MAX_V] : v;
        int64_t count = vt_shape_count(c->in_shape[k]);
        for (int64_t i = 0; i < count; i++) {
            double gradient = a->decoupled ? g[i] : g[i] + a->weight_decay * p[i];
            if (a->decoupled) p[i] -= rate * a->weight_decay * p[i];
            m[i] = a->beta1 * m[i] + (1 - a->beta1) * gradient;
            v[i] = a->beta2 * v[i] + (1 - a->beta2) * gradient * gradient;
            most[i] = fmax(most[i], v[i]);
            p[i] -= rate * (m[i] / correction1) / (sqrt(most[i] / correction2) + a->eps);
        }
    }
}

void reference_adam(const reference_call *c)
{
    adam(c, UPDATE_ARRAYS_adam);
}

void reference_amsgrad(const reference_call *c)
{
    adam(c, UPDATE_ARRAYS_amsgrad);
}

/* The averages and the momentum that are left out are NULL. */
static void rmsprop_element(const rmsprop_attributes *a, double rate, double *p, double g, double *v, double *average,
                            double *m)
{
    g += a->weight_decay * *p;
    *v = a->alpha * *v + (1 - a->alpha) * g * g;
    if (average) *average = a->alpha * *average + (1 - a->alpha) * g;
    double variance = average ? fmax(0, *v - *average * *average) : *v, step = g / (sqrt(variance) + a->eps);
    if (m) *m = step += a->momentum * *m;
    *p -= rate * step;
}

static void rmsprop(const reference_call *c, int centered, int momentum)
{
    const rmsprop_attributes *a = c->attributes;
    double rate = a->lr_ratio * *c->in[UPDATE_LR];
    for (int k = UPDATE_SCALARS_rmsprop; k < c->inputs; k += UPDATE_ARRAYS_rmsprop + centered + momentum)
        for (int64_t i = 0; i < vt_shape_count(c->in_shape[k]); i++)
            rmsprop_element(a, rate, &c->in[k + UPDATE_P][i], c->in[k + UPDATE_G][i], &c->in[k + RMSPROP_V][i],
                            centered ? &c->in[k + RMSPROP_MEAN_G][i] : NULL,
                            momentum ? &c->in[k + RMSPROP_M(centered)][i] : NULL);
}

void reference_rmsprop(const reference_call *c)
{
    rmsprop(c, 0, 0);
}

void reference_rmsprop_momentum(const reference_call *c)
{
    rmsprop(c, 0, 1);
}

void reference_rmsprop_centered(const reference_call *c)
{
    rmsprop(c, 1, 0);
}

void reference_rmsprop_centered_momentum(const reference_call *c)
{
    rmsprop(c, 1, 1);
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
