/* rules.c - the optimisers that there are: their options, and by which rule of ops/update.def they update. */
#include "core/graph/refuse.h"
#include "train/optimizer.h"
#include <math.h>

/* What is kept of an average. */
static bool is_share(const char *call, vt_site at, const char *what, double value)
{
    return number_fits(value >= 0 && value < 1, call, at, what, value, "in [0, 1)");
}

static bool is_eps(const char *call, vt_site at, double eps)
{
    return number_fits(eps >= 0 && isfinite(eps), call, at, "eps", eps, "finite, 0 or more");
}

/* The options that every optimiser has. */
#define COMMON(a)                                                                                                      \
    .at = (a)->at_, .model = (a)->model, .lr = (a)->lr, .weight_decay = (a)->weight_decay, .decay_all = (a)->decay_all

vt_optimizer *vt_sgd_with(const vt_sgd_args *a)
{
    NEED_ARGUMENTS("sgd", a, NULL);
    if (!is_share("sgd", a->at_, "momentum", a->momentum)) return NULL;
    if (a->nesterov && a->momentum == 0) {
        refuse_call("sgd", a->at_, VT_ERROR_ARGUMENT, "nesterov takes momentum");
        return NULL;
    }
    return optimizer_new(&(optimizer_settings){
        .name = "sgd",
        COMMON(a),
        .rule = a->momentum > 0 ? &rule_sgd_momentum : &rule_sgd,
        .attributes = &(sgd_attributes){ .momentum = a->momentum, .nesterov = a->nesterov },
    });
}

static vt_optimizer *make_adam(const char *name, const vt_adam_args *a, bool decoupled)
{
    if (!is_share(name, a->at_, "beta1", a->beta1) || !is_share(name, a->at_, "beta2", a->beta2) ||
        !is_eps(name, a->at_, a->eps))
        return NULL;
    return optimizer_new(&(optimizer_settings){
        .name = name,
        COMMON(a),
        .rule = a->amsgrad ? &rule_amsgrad : &rule_adam,
        .attributes = &(adam_attributes){ .beta1 = a->beta1, .beta2 = a->beta2, .eps = a->eps, .decoupled = decoupled },
    });
}

vt_optimizer *vt_adam_with(const vt_adam_args *a)
{
    NEED_ARGUMENTS("adam", a, NULL);
    return make_adam("adam", a, false);
}

vt_optimizer *vt_adamw_with(const vt_adam_args *a)
{
    NEED_ARGUMENTS("adamw", a, NULL);
    return make_adam("adamw", a, true);
}

vt_optimizer *vt_rmsprop_with(const vt_rmsprop_args *a)
{
    NEED_ARGUMENTS("rmsprop", a, NULL);
    if (!is_share("rmsprop", a->at_, "alpha", a->alpha) || !is_share("rmsprop", a->at_, "momentum", a->momentum) ||
        !is_eps("rmsprop", a->at_, a->eps))
        return NULL;
    return optimizer_new(&(optimizer_settings){
        .name = "rmsprop",
        COMMON(a),
        .rule = a->centered       ? a->momentum > 0 ? &rule_rmsprop_centered_momentum : &rule_rmsprop_centered
                : a->momentum > 0 ? &rule_rmsprop_momentum
                                  : &rule_rmsprop,
        .attributes =
            &(rmsprop_attributes){ .alpha = a->alpha, .eps = a->eps, .momentum = a->momentum, .centered = a->centered },
    });
}
