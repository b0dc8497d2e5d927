/* effect.h - the ops of an update, and their attributes. Each takes every parameter of a group at once. What changes
 * from update to update is an input of rank 0, f64, before those of the parameters. */
#ifndef VITRO_OPS_EFFECT_H
#define VITRO_OPS_EFFECT_H

#include <vitro/base.h>

/* sgd: inputs lr, then p, g of each parameter in turn. sgd_momentum: lr, then p, g, m.
 *     rate = lr_ratio lr
 *     g += weight_decay p;  m = momentum m + g;  p -= rate (nesterov ? g + momentum m : m)   (without m: rate g) */
typedef struct sgd_attributes {
    double lr_ratio, momentum, weight_decay;
    int64_t nesterov;
} sgd_attributes;

/* adam: inputs lr, t (the number of the update, counted from 1), then p, g, m, v of each parameter in turn.
 * Kingma & Ba 2015; decoupled: Loshchilov & Hutter 2019.
 *     rate = lr_ratio lr
 *     decoupled: p -= rate weight_decay p;  otherwise: g += weight_decay p
 *     m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
 *     p -= rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
 * amsgrad, Reddi et al. 2018: behind v also w, w = max(w, v), which stands in the place of v in the last line. */
typedef struct adam_attributes {
    double lr_ratio, beta1, beta2, eps, weight_decay;
    int64_t decoupled;
} adam_attributes;

/* rmsprop: inputs lr, then p, g, v of each parameter in turn; centered: behind v also a; momentum: at last also m.
 *     rate = lr_ratio lr;  g += weight_decay p
 *     v = alpha v + (1 - alpha) g^2;  a = alpha a + (1 - alpha) g
 *     step = g / (sqrt(max(0, v - a^2)) + eps)   (a is 0 where it is left out)
 *     m = momentum m + step;  p -= rate m   (without m: rate step) */
typedef struct rmsprop_attributes {
    double lr_ratio, alpha, eps, weight_decay, momentum;
    int64_t centered;
} rmsprop_attributes;

/* Inputs: first the scalars of the update, then so many arrays of each parameter. */
enum { UPDATE_LR, UPDATE_NUMBER };
enum { SGD_SCALARS = 1, SGD_MOMENTUM_SCALARS = 1, ADAM_SCALARS = 2, RMSPROP_SCALARS = 1 };
enum { SGD_ARRAYS = 2, SGD_MOMENTUM_ARRAYS = 3, ADAM_ARRAYS = 4, AMSGRAD_ARRAYS = 5, RMSPROP_ARRAYS = 3 };
enum { MOST_UPDATE_SCALARS = 2, MOST_UPDATE_ARRAYS = 5 };

/* Of an update: `count` inputs in all. */
void record_sgd(vt_site at, const vt_tensor *inputs, int count, const sgd_attributes *a);
void record_adam(vt_site at, const vt_tensor *inputs, int count, const adam_attributes *a, bool amsgrad);
void record_rmsprop(vt_site at, const vt_tensor *inputs, int count, const rmsprop_attributes *a);

/* clip: inputs norm, x0, x1, ...; outputs min(1, max_norm / (norm + 1e-6)) x_i. */
typedef struct clip_attributes {
    double max_norm;
} clip_attributes;

/* sqrt(sum of the squares of every element of every tensor), a scalar of the first one's dtype. No gradient passes. */
vt_tensor record_global_norm(vt_site at, const vt_tensor *x, int count);
/* Fills out with count clipped tensors, or with inert ones. No gradient passes. */
bool record_clip(vt_site at, vt_tensor norm, const vt_tensor *x, int count, double max_norm, vt_tensor *out);

#endif
