/* update.c - the ops by which optimisers update parameters. */
#include "ops/update.h"
#include "ops/list.h"
#include <vitro/vitro.h>
#include <math.h>
#include <stddef.h>

/* How many inputs belong to a parameter, by the op. */
static const int arrays_of[OP_COUNT] = {
#define RULE(name, type, scalars, states) [OP_ID_##name] = UPDATE_ARRAYS_##name,
#include "ops/update.def"
};

static bool infer_scalars(const node *n, const spec *in, int scalars)
{
    char a[128];
    if (n->inputs < scalars) return refuse(n, "%d inputs; what comes before the parameters are %d", n->inputs, scalars);
    for (int i = 0; i < scalars; i++)
        if (in[i].dtype != VT_F64 || in[i].shape.rank != 0)
            return refuse(n, "input %d is %s %s; it must be one number in f64", i, vt_dtype_name(in[i].dtype),
                          vt_shape_text(in[i].shape, a));
    return true;
}

static bool infer_update(const node *n, const spec *in, int scalars, int arrays)
{
    char a[128], b[128];
    if (!infer_scalars(n, in, scalars)) return false;
    for (int i = scalars; i < n->inputs; i++) {
        const spec *p = &in[i - (i - scalars) % arrays];
        if (!vt_dtype_is_float(p->dtype))
            return refuse(n, "a parameter is %s; it must be f32 or f64", vt_dtype_name(p->dtype));
        if (in[i].dtype != p->dtype || !vt_shape_equal(in[i].shape, p->shape))
            return refuse(n, "input %d is %s %s, its parameter %s %s", i, vt_dtype_name(in[i].dtype),
                          vt_shape_text(in[i].shape, a), vt_dtype_name(p->dtype), vt_shape_text(p->shape, b));
    }
    return (n->inputs - scalars) % arrays == 0 ||
           refuse(n, "%d inputs behind the numbers, %d belong to a parameter", n->inputs - scalars, arrays);
}

/* p - rate step; the rate is a scalar in f64 */
static void move(vt_tensor p, vt_tensor rate, vt_tensor step)
{
    vt_assign(p, vt_sub(p, vt_mul(step, vt_cast(rate, vt_dtype_of(p)))));
}

static vt_tensor with_decay(vt_tensor g, vt_tensor p, double weight_decay)
{
    return weight_decay == 0 ? g : vt_add(g, vt_scale(p, weight_decay));
}

static void sgd_decompose(const node *n, vt_tensor *out)
{
    const sgd_attributes *a = ATTRIBUTES(sgd_attributes, n);
    (void)out;
    vt_tensor rate = vt_scale(n->in[UPDATE_LR], a->lr_ratio);
    for (const vt_tensor *in = n->in + UPDATE_SCALARS_sgd; in < n->in + n->inputs; in += arrays_of[n->op->id]) {
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

static void adam_decompose(const node *n, vt_tensor *out)
{
    const adam_attributes *a = ATTRIBUTES(adam_attributes, n);
    (void)out;
    vt_tensor rate = vt_scale(n->in[UPDATE_LR], a->lr_ratio), shrinking = vt_scale(rate, a->weight_decay);
    vt_tensor corrected_rate = vt_div(rate, bias_correction(a->beta1, n->in[UPDATE_NUMBER]));
    vt_tensor correction2 = vt_sqrt(bias_correction(a->beta2, n->in[UPDATE_NUMBER]));
    for (const vt_tensor *in = n->in + UPDATE_SCALARS_adam; in < n->in + n->inputs; in += arrays_of[n->op->id]) {
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

/* An average of x, one step on. */
static vt_tensor averaged(vt_tensor average, vt_tensor x, double alpha)
{
    vt_tensor next = vt_add(vt_scale(average, alpha), vt_scale(x, 1 - alpha));
    vt_assign(average, next);
    return next;
}

static void rmsprop_decompose(const node *n, vt_tensor *out)
{
    const rmsprop_attributes *a = ATTRIBUTES(rmsprop_attributes, n);
    (void)out;
    vt_tensor rate = vt_scale(n->in[UPDATE_LR], a->lr_ratio);
    const int arrays = arrays_of[n->op->id];
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

/* -- The ops ------------------------------------------------------------------------------------------------------- */

#define STATE(name) name,
#define RULE(name_, type, scalars_, states_)                                                                           \
    _Static_assert(offsetof(type##_attributes, lr_ratio) == offsetof(update_attributes, lr_ratio) &&                   \
                       offsetof(type##_attributes, weight_decay) == offsetof(update_attributes, weight_decay),         \
                   #type "_attributes begin with update_attributes");                                                  \
    _Static_assert((scalars_) <= MOST_UPDATE_SCALARS && UPDATE_ARRAYS_##name_ - UPDATE_STATES <= MOST_UPDATE_STATES,   \
                   #name_ " has too many scalars or states");                                                          \
    static bool infer_##name_(const node *n, const spec *in, spec *out)                                                \
    {                                                                                                                  \
        (void)out;                                                                                                     \
        return infer_update(n, in, scalars_, UPDATE_ARRAYS_##name_);                                                   \
    }                                                                                                                  \
    /* Everything but the scalars and the gradients. */                                                                \
    static bool name_##_writes(int i)                                                                                  \
    {                                                                                                                  \
        return i >= (scalars_) && (i - (scalars_)) % UPDATE_ARRAYS_##name_ != UPDATE_G;                                \
    }                                                                                                                  \
    const op op_##name_ = { OP_HEAD(name_, 0, 0, 0), .infer = infer_##name_, .decompose = type##_decompose,            \
                            .writes = name_##_writes };                                                                \
    const update_rule rule_##name_ = { .op = &op_##name_,                                                              \
                                       .scalars = (scalars_),                                                          \
                                       .states = UPDATE_ARRAYS_##name_ - UPDATE_STATES,                                \
                                       .state_names = { states_ NULL },                                                \
                                       .attributes_size = sizeof(type##_attributes) };
#include "ops/update.def"

void record_update(vt_site at, const update_rule *rule, const vt_tensor *inputs, int count, const void *attributes)
{
    record(rule->op, at, .inputs = count, .in = inputs, .attributes = attributes,
           .attributes_size = rule->attributes_size);
}
