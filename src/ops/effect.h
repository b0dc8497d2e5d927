/* effect.h - the ops of an update, and their attributes. Each takes every parameter of a group at once. */
#ifndef VITRO_OPS_EFFECT_H
#define VITRO_OPS_EFFECT_H

#include <vitro/base.h>

/* sgd: inputs p, g of each parameter in turn. sgd_momentum: p, g, m. bound.scalar: the learning rate.
 *     g += weight_decay p;  m = momentum m + g;  p -= lr (nesterov ? g + momentum m : m)   (without m: lr g) */
typedef struct sgd_attributes {
    double momentum, weight_decay;
    int64_t nesterov;
} sgd_attributes;

/* adam: inputs p, g, m, v of each parameter in turn. bound.scalar: the learning rate, and for update t the bias
 * corrections 1 - beta1^t and 1 - beta2^t. Kingma & Ba 2015; decoupled: Loshchilov & Hutter 2019.
 *     decoupled: p -= lr weight_decay p;  otherwise: g += weight_decay p
 *     m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
 *     p -= lr / correction1 * m / (sqrt(v) / sqrt(correction2) + eps) */
typedef struct adam_attributes {
    double beta1, beta2, eps, weight_decay;
    int64_t decoupled;
} adam_attributes;

enum { SGD_INPUTS = 2, SGD_MOMENTUM_INPUTS = 3, ADAM_INPUTS = 4 }; /* for each parameter */

void record_sgd(vt_site at, const vt_tensor *inputs, int count, const sgd_attributes *a, double lr);
/* update: its number, counted from 1 */
void record_adam(vt_site at, const vt_tensor *inputs, int count, const adam_attributes *a, double lr, int64_t update);

/* clip: inputs norm, x0, x1, ...; outputs min(1, max_norm / (norm + 1e-6)) x_i. */
typedef struct clip_attributes {
    double max_norm;
} clip_attributes;

/* sqrt(sum of the squares of every element of every tensor), a scalar of the first one's dtype. No gradient passes. */
vt_tensor record_global_norm(vt_site at, const vt_tensor *x, int count);
/* Fills out with count clipped tensors, or with inert ones. No gradient passes. */
bool record_clip(vt_site at, vt_tensor norm, const vt_tensor *x, int count, double max_norm, vt_tensor *out);

#endif
