/* update_rules.c - the rules of optimisers in simpler ops. */
#include "ops/list.h"
#include "ops/newton_schulz.h"
#include "ops/update.h"
#include <vitro/vitro.h>
#include <math.h>

/* p - rate step; the rate is a scalar in f64 */
static void move(vt_tensor p, vt_tensor rate, vt_tensor step)
{
    vt_assign(p, vt_sub(p, vt_mul(step, vt_cast(rate, vt_dtype_of(p)))));
}

static vt_tensor with_decay(vt_tensor g, vt_tensor p, double weight_decay)
{
    return weight_decay == 0 ? g : vt_add(g, vt_scale(p, weight_decay));
}

void sgd_decompose(const node *n, vt_tensor *out)
{
    const sgd_attributes *a = ATTRIBUTES(sgd_attributes, n);
    (void)out;
    vt_tensor rate = vt_scale(n->in[UPDATE_LR], a->lr_ratio);
    for (const vt_tensor *in = n->in + UPDATE_SCALARS_sgd; in < n->in + n->inputs; in += update_arrays_of(n->op)) {
        vt_tensor g = with_decay(in[UPDATE_G], in[UPDATE_P], a->weight_decay), step = g;
        if (n->op == &op_sgd_momentum) {
            vt_tensor m = vt_add(vt_scale(in[SGD_M], a->momentum), g);
            vt_assign(in[SGD_M], m);
            step = a->nesterov ? vt_add(g, vt_scale(m, a->momentum)) : m;
        }
        move(in[UPDATE_P], rate, step);
    }
}

/* 1 - beta^t, by which a mean that began at zero is too small; in f64, where little of it cancels */
static vt_tensor bias_correction(double beta, vt_tensor t)
{
    return vt_affine(vt_exp(vt_scale(t, log(beta))), -1, 1);
}

void adam_decompose(const node *n, vt_tensor *out)
{
    const adam_attributes *a = ATTRIBUTES(adam_attributes, n);
    (void)out;
    vt_tensor rate = vt_scale(n->in[UPDATE_LR], a->lr_ratio), shrinking = vt_scale(rate, a->weight_decay);
    vt_tensor corrected_rate = vt_div(rate, bias_correction(a->beta1, n->in[UPDATE_NUMBER]));
    vt_tensor correction2 = vt_sqrt(bias_correction(a->beta2, n->in[UPDATE_NUMBER]));
    for (const vt_tensor *in = n->in + UPDATE_SCALARS_adam; in < n->in + n->inputs; in += update_arrays_of(n->op)) {
        vt_tensor p = in[UPDATE_P], g = in[UPDATE_G];
        if (a->decoupled)
            move(p, shrinking, p);
        else
            g = with_decay(g, p, a->weight_decay);
        vt_tensor m = vt_add(vt_scale(in[ADAM_M], a->beta1), vt_scale(g, 1 - a->beta1));
        vt_tensor v = vt_add(vt_scale(in[ADAM_V], a->beta2), vt_scale(vt_square(g), 1 - a->beta2));
        vt_assign(in[ADAM_M], m);
        vt_assign(in[ADAM_V], v);
        if (n->op == &op_amsgrad) vt_assign(in[AMSGRAD_MAX_V], v = vt_maximum(in[AMSGRAD_MAX_V], v));
        vt_tensor root = vt_div(vt_sqrt(v), vt_cast(correction2, vt_dtype_of(p)));
        move(p, corrected_rate, vt_div(m, vt_shift(root, a->eps)));
    }
}

static vt_tensor mixed(vt_tensor average, vt_tensor x, double alpha)
{
    return vt_add(vt_scale(average, alpha), vt_scale(x, 1 - alpha));
}

/* An average of x, one step on. */
static vt_tensor averaged(vt_tensor average, vt_tensor x, double alpha)
{
    vt_tensor next = mixed(average, x, alpha);
    vt_assign(average, next);
    return next;
}

void rmsprop_decompose(const node *n, vt_tensor *out)
{
    const rmsprop_attributes *a = ATTRIBUTES(rmsprop_attributes, n);
    (void)out;
    vt_tensor rate = vt_scale(n->in[UPDATE_LR], a->lr_ratio);
    const int arrays = update_arrays_of(n->op);
    for (const vt_tensor *in = n->in + UPDATE_SCALARS_rmsprop; in < n->in + n->inputs; in += arrays) {
        vt_tensor g = with_decay(in[UPDATE_G], in[UPDATE_P], a->weight_decay),
                  v = averaged(in[RMSPROP_V], vt_square(g), a->alpha);
        if (a->centered) v = vt_clamp(vt_sub(v, vt_square(averaged(in[RMSPROP_MEAN_G], g, a->alpha))), 0, INFINITY);
        vt_tensor step = vt_div(g, vt_shift(vt_sqrt(v), a->eps));
        if (a->momentum > 0) {
            vt_tensor m = in[RMSPROP_M(a->centered != 0)];
            step = vt_add(vt_scale(m, a->momentum), step);
            vt_assign(m, step);
        }
        move(in[UPDATE_P], rate, step);
    }
}

void lion_decompose(const node *n, vt_tensor *out)
{
    const lion_attributes *a = ATTRIBUTES(lion_attributes, n);
    (void)out;
    vt_tensor rate = vt_scale(n->in[UPDATE_LR], a->lr_ratio), shrinking = vt_scale(rate, a->weight_decay);
    for (const vt_tensor *in = n->in + UPDATE_SCALARS_lion; in < n->in + n->inputs; in += UPDATE_ARRAYS_lion) {
        vt_tensor p = in[UPDATE_P], g = in[UPDATE_G], direction = vt_sign(mixed(in[LION_M], g, a->beta1));
        averaged(in[LION_M], g, a->beta2);
        if (a->weight_decay > 0) move(p, shrinking, p);
        move(p, rate, direction);
    }
}

static vt_tensor root_of_squares(vt_tensor x)
{
    return vt_sqrt(vt_sum(vt_square(x)));
}

/* |p| / |step|, or 1 where one of them is 0 */
static vt_tensor trust_ratio(vt_tensor p, vt_tensor step)
{
    vt_tensor of_p = root_of_squares(p), of_step = root_of_squares(step);
    vt_tensor one = vt_full_like(of_p, 1), both = vt_greater(vt_mul(of_p, of_step), vt_full_like(of_p, 0));
    return vt_where(both, vt_div(of_p, vt_where(both, of_step, one)), one);
}

void lamb_decompose(const node *n, vt_tensor *out)
{
    const lamb_attributes *a = ATTRIBUTES(lamb_attributes, n);
    (void)out;
    vt_tensor rate = vt_scale(n->in[UPDATE_LR], a->lr_ratio);
    vt_tensor correction1 = bias_correction(a->beta1, n->in[UPDATE_NUMBER]);
    vt_tensor correction2 = vt_sqrt(bias_correction(a->beta2, n->in[UPDATE_NUMBER]));
    for (const vt_tensor *in = n->in + UPDATE_SCALARS_lamb; in < n->in + n->inputs; in += UPDATE_ARRAYS_lamb) {
        vt_tensor p = in[UPDATE_P], g = in[UPDATE_G];
        vt_tensor m = averaged(in[LAMB_M], g, a->beta1), v = averaged(in[LAMB_V], vt_square(g), a->beta2);
        vt_tensor root = vt_div(vt_sqrt(v), vt_cast(correction2, vt_dtype_of(p)));
        vt_tensor step = vt_div(vt_div(m, vt_cast(correction1, vt_dtype_of(p))), vt_shift(root, a->eps));
        step = with_decay(step, p, a->weight_decay);
        if (a->weight_decay > 0 || a->always_adapt) step = vt_mul(step, trust_ratio(p, step));
        move(p, rate, step);
    }
}

static double muon_scale(vt_tensor matrix, bool match_adamw)
{
    double rows = (double)vt_dim(matrix, 0), columns = (double)vt_dim(matrix, 1);
    return match_adamw ? 0.2 * sqrt(fmax(rows, columns)) : sqrt(fmax(1, rows / columns));
}

void muon_decompose(const node *n, vt_tensor *out)
{
    const muon_attributes *a = ATTRIBUTES(muon_attributes, n);
    (void)out;
    vt_tensor rate = vt_scale(n->in[UPDATE_LR], a->lr_ratio), shrinking = vt_scale(rate, a->weight_decay);
    for (const vt_tensor *in = n->in + UPDATE_SCALARS_muon; in < n->in + n->inputs; in += UPDATE_ARRAYS_muon) {
        vt_tensor p = in[UPDATE_P], g = in[UPDATE_G], m = averaged(in[MUON_M], g, a->momentum);
        vt_tensor direction = vt_flatten(a->nesterov ? mixed(m, g, a->momentum) : m, 1, -1);
        vt_tensor step =
            vt_scale(newton_schulz(direction, a->iterations, a->eps), muon_scale(direction, a->match_adamw));
        if (a->weight_decay > 0) move(p, shrinking, p);
        move(p, rate, vt_reshape(step, vt_shape_of(p)));
    }
}

void schedule_free_decompose(const node *n, vt_tensor *out)
{
    const schedule_free_attributes *a = ATTRIBUTES(schedule_free_attributes, n);
    (void)out;
    vt_tensor rate = vt_scale(n->in[UPDATE_LR], a->lr_ratio), share = n->in[UPDATE_SHARE];
    vt_tensor backwards = vt_mul(rate, vt_affine(share, a->beta1, 1 - a->beta1)); /* rate (1 - beta1 (1 - share)) */
    vt_tensor correction = bias_correction(a->beta2, n->in[UPDATE_NUMBER]);
    const int arrays = UPDATE_ARRAYS_schedule_free;
    for (const vt_tensor *in = n->in + UPDATE_SCALARS_schedule_free; in < n->in + n->inputs; in += arrays) {
        vt_tensor p = in[UPDATE_P], g = in[UPDATE_G], z = in[SCHEDULE_FREE_Z];
        vt_tensor v = averaged(in[SCHEDULE_FREE_V], vt_square(g), a->beta2);
        vt_tensor root = vt_sqrt(vt_div(v, vt_cast(correction, vt_dtype_of(p))));
        vt_tensor step = with_decay(vt_div(g, vt_shift(root, a->eps)), p, a->weight_decay);
        move(p, share, vt_sub(p, z));
        move(p, backwards, step);
        move(z, rate, step);
    }
}
