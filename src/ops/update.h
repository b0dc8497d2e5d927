/* update.h - the ops by which optimisers update parameters, a row of update.def each, and their attributes. Each takes
 * every parameter of a group at once. What changes from update to update is an input of rank 0, f64, before those of
 * the parameters. In the formulas, rate = lr_ratio lr. */
#ifndef VITRO_OPS_UPDATE_H
#define VITRO_OPS_UPDATE_H

#include "core/graph/op.h"

/* What the attributes of every rule begin with. */
typedef struct update_attributes {
    double lr_ratio, weight_decay;
} update_attributes;

/* sgd: of each parameter p, g; sgd_momentum: p, g, m.
 *     g += weight_decay p;  m = momentum m + g;  p -= rate (nesterov ? g + momentum m : m)   (without m: rate g) */
typedef struct sgd_attributes {
    double lr_ratio, weight_decay, momentum;
    int64_t nesterov;
} sgd_attributes;

/* adam: of each parameter p, g, m, v; t is the number of the update, counted from 1. Kingma & Ba 2015; decoupled:
 * Loshchilov & Hutter 2019.
 *     decoupled: p -= rate weight_decay p;  otherwise: g += weight_decay p
 *     m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
 *     p -= rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
 * amsgrad, Reddi et al. 2018: behind v also max_v, max_v = max(max_v, v), which the last line then reads as v. */
typedef struct adam_attributes {
    double lr_ratio, weight_decay, beta1, beta2, eps;
    int64_t decoupled;
} adam_attributes;

/* rmsprop: of each parameter p, g, v; centered: behind v also mean_g; momentum: at last also m.
 *     g += weight_decay p;  v = alpha v + (1 - alpha) g^2;  mean_g = alpha mean_g + (1 - alpha) g
 *     step = g / (sqrt(max(0, v - mean_g^2)) + eps)   (mean_g is 0 where it is left out)
 *     m = momentum m + step;  p -= rate m   (without m: rate step) */
typedef struct rmsprop_attributes {
    double lr_ratio, weight_decay, alpha, eps, momentum;
    int64_t centered;
} rmsprop_attributes;

/* lion: of each parameter p, g, m. Chen et al. 2023.
 *     p -= rate weight_decay p;  p -= rate sign(beta1 m + (1 - beta1) g);  m = beta2 m + (1 - beta2) g */
typedef struct lion_attributes {
    double lr_ratio, weight_decay, beta1, beta2;
} lion_attributes;

/* lamb: of each parameter p, g, m, v; t is the number of the update. You et al. 2020.
 *     m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
 *     step = m / (1 - beta1^t) / (sqrt(v) / sqrt(1 - beta2^t) + eps) + weight_decay p
 *     p -= rate trust step
 * trust is |p| / |step|, or 1 where one of them is 0, and where neither weights decay nor always_adapt is set. */
typedef struct lamb_attributes {
    double lr_ratio, weight_decay, beta1, beta2, eps;
    int64_t always_adapt;
} lamb_attributes;

/* muon: of each parameter p, g, m, which have two axes or more, all behind the first taken as one. Jordan et al. 2024.
 *     p -= rate weight_decay p;  m = momentum m + (1 - momentum) g
 *     p -= rate scale orthogonal(nesterov ? momentum m + (1 - momentum) g : m)
 * orthogonal(x) is `iterations` times x = 3.4445 x + (-4.7750 a + 2.0315 a a) x, a = x x^T, from x / max(|x|, eps) on,
 * transposed where that makes a smaller. scale is 0.2 sqrt(max(rows, columns)) where it matches AdamW, and
 * sqrt(max(1, rows / columns)) where not. */
typedef struct muon_attributes {
    double lr_ratio, weight_decay, momentum, eps;
    int64_t nesterov, iterations, match_adamw;
} muon_attributes;

/* schedule_free: of each parameter p, g, z, v; t is the number of the update, share its share in the average. Defazio
 * et al. 2024, whose y is p.
 *     v = beta2 v + (1 - beta2) g^2;  step = g / (sqrt(v / (1 - beta2^t)) + eps) + weight_decay p
 *     p += share (z - p);  p += rate (beta1 (1 - share) - 1) step;  z -= rate step */
typedef struct schedule_free_attributes {
    double lr_ratio, weight_decay, beta1, beta2, eps;
} schedule_free_attributes;

/* The inputs: first the scalars, then so many arrays of each parameter, all of its shape: itself, its gradient, and
 * what the optimiser keeps of it. */
enum { UPDATE_LR, UPDATE_NUMBER, UPDATE_SHARE };
enum { UPDATE_P, UPDATE_G, UPDATE_STATES };
enum { SGD_M = UPDATE_STATES };
enum { ADAM_M = UPDATE_STATES, ADAM_V, AMSGRAD_MAX_V };
enum { RMSPROP_V = UPDATE_STATES, RMSPROP_MEAN_G };
#define RMSPROP_M(centered) (RMSPROP_V + 1 + (centered)) /* centered: 0 or 1 */
enum { LION_M = UPDATE_STATES };
enum { LAMB_M = UPDATE_STATES, LAMB_V };
enum { MUON_M = UPDATE_STATES };
enum { SCHEDULE_FREE_Z = UPDATE_STATES, SCHEDULE_FREE_V };
enum { MOST_UPDATE_SCALARS = 3, MOST_UPDATE_STATES = 3 };
enum update_inputs {
#define STATE(name) +1
#define COPY(name)  +1
#define RULE(name, type, scalars, states)                                                                              \
    UPDATE_SCALARS_##name = (scalars), UPDATE_ARRAYS_##name = UPDATE_STATES states,
#include "ops/update.def"
};

/* What is kept of a parameter. */
typedef struct update_state {
    const char *name;
    bool is_copy; /* begins as a copy of the parameter, otherwise as zeros */
} update_state;

/* A row, as an optimiser reads it. */
typedef struct update_rule {
    const op *op;
    int scalars, states;
    update_state state[MOST_UPDATE_STATES + 1]; /* behind them one without a name */
    size_t attributes_size;
} update_rule;

#define RULE(name, type, scalars, states) extern const update_rule rule_##name;
#include "ops/update.def"

/* The attributes of any rule. */
typedef union any_update_attributes {
    update_attributes all;
#define RULE(name, type, scalars, states) type##_attributes name;
#include "ops/update.def"
} any_update_attributes;

/* The decompositions. */
#define RULE(name, type, scalars, states) void type##_decompose(const node *n, vt_tensor *out);
#include "ops/update.def"

/* How many inputs belong to a parameter, by the op of a rule. */
int update_arrays_of(const op *op);

/* Records an update: `count` inputs in all, and attributes of the rule's type. */
void record_update(vt_site at, const update_rule *rule, const vt_tensor *inputs, int count, const void *attributes);

#endif
