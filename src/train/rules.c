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

vt_optimizer *vt_lion_with(const vt_lion_args *a)
{
    NEED_ARGUMENTS("lion", a, NULL);
    if (!is_share("lion", a->at_, "beta1", a->beta1) || !is_share("lion", a->at_, "beta2", a->beta2)) return NULL;
    return optimizer_new(&(optimizer_settings){
        .name = "lion",
        COMMON(a),
        .rule = &rule_lion,
        .attributes = &(lion_attributes){ .beta1 = a->beta1, .beta2 = a->beta2 },
    });
}

vt_optimizer *vt_lamb_with(const vt_lamb_args *a)
{
    NEED_ARGUMENTS("lamb", a, NULL);
    if (!is_share("lamb", a->at_, "beta1", a->beta1) || !is_share("lamb", a->at_, "beta2", a->beta2) ||
        !is_eps("lamb", a->at_, a->eps))
        return NULL;
    return optimizer_new(&(optimizer_settings){
        .name = "lamb",
        COMMON(a),
        .rule = &rule_lamb,
        .attributes =
            &(lamb_attributes){ .beta1 = a->beta1, .beta2 = a->beta2, .eps = a->eps, .always_adapt = a->always_adapt },
    });
}

static bool muon_fits(const vt_muon_args *a)
{
    enum { MOST_ITERATIONS = 100 };
    return is_share("muon", a->at_, "momentum", a->momentum) && is_share("muon", a->at_, "beta1", a->beta1) &&
           is_share("muon", a->at_, "beta2", a->beta2) && is_eps("muon", a->at_, a->eps) &&
           number_fits(a->iterations >= 1 && a->iterations <= MOST_ITERATIONS, "muon", a->at_, "iterations",
                       (double)a->iterations, "1 to 100") &&
           number_fits(a->scale == VT_MUON_MATCH_ADAMW || a->scale == VT_MUON_ORIGINAL, "muon", a->at_, "scale",
                       (double)a->scale, "one of vt_muon_scale");
}

vt_optimizer *vt_muon_with(const vt_muon_args *a)
{
    NEED_ARGUMENTS("muon", a, NULL);
    if (!muon_fits(a)) return NULL;
    return optimizer_new(&(optimizer_settings){
        .name = "muon",
        COMMON(a),
        .rule = &rule_adam,
        .attributes = &(adam_attributes){ .beta1 = a->beta1, .beta2 = a->beta2, .eps = a->eps, .decoupled = true },
        .matrix_rule = &rule_muon,
        .matrix_attributes = &(muon_attributes){ .momentum = a->momentum,
                                                 .eps = 1e-7,
                                                 .nesterov = !a->plain_momentum,
                                                 .iterations = a->iterations,
                                                 .match_adamw = a->scale == VT_MUON_MATCH_ADAMW },
        .not_hidden = a->not_hidden,
    });
}

vt_optimizer *vt_schedule_free_with(const vt_schedule_free_args *a)
{
    NEED_ARGUMENTS("schedule_free", a, NULL);
    if (!number_fits(a->beta1 > 0 && a->beta1 < 1, "schedule_free", a->at_, "beta1", a->beta1, "in (0, 1)") ||
        !is_share("schedule_free", a->at_, "beta2", a->beta2) || !is_eps("schedule_free", a->at_, a->eps))
        return NULL;
    return optimizer_new(&(optimizer_settings){
        .name = "schedule_free",
        COMMON(a),
        .rule = &rule_schedule_free,
        .attributes = &(schedule_free_attributes){ .beta1 = a->beta1, .beta2 = a->beta2, .eps = a->eps },
    });
}
