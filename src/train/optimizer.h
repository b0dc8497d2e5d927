/* optimizer.h - an optimiser: rules, and what it keeps of each parameter. */
#ifndef VITRO_TRAIN_OPTIMIZER_H
#define VITRO_TRAIN_OPTIMIZER_H

#include "ops/update.h"
#include <vitro/optimizer.h>

/* By what parameters are updated. */
typedef struct method {
    const update_rule *rule;
    any_update_attributes attributes; /* the ratio of learning rates and the decay are filled in for each update */
} method;

/* What an optimiser keeps of one parameter. */
typedef struct slot {
    const char *name; /* the model's */
    vt_tensor parameter;
    method *method;
    bool decays; /* also where the optimiser does not decay all */
    double lr_ratio, weight_decay;
    char *state_name[MOST_UPDATE_STATES];
    vt_tensor state[MOST_UPDATE_STATES]; /* inert until made */
    int64_t steps;
    bool due;          /* in the update being recorded */
    vt_tensor trained; /* what is trained, while the average stands in the parameter's place; otherwise inert */
} slot;

/* What an optimiser keeps of all updates, where a rule averages them: f64, of rank 0. */
enum { LARGEST_LR, WEIGHT_SUM, OPTIMIZER_NUMBERS };

struct vt_optimizer {
    method methods[2]; /* of most parameters, and of hidden matrices where there is one of their own */
    double initial_lr, lr, weight_decay;
    bool decay_all;
    int64_t steps;
    slot *slots;
    int count;
    vt_tensor *tensors;                   /* the inputs of an op: room for the most that one has of every parameter */
    vt_tensor numbers[OPTIMIZER_NUMBERS]; /* inert where no rule averages */
    bool evaluates;                       /* averages stand in the parameters' places */
};

typedef struct optimizer_settings {
    const char *name; /* of the public function */
    vt_site at;
    const vt_model *model;
    double lr, weight_decay;
    bool decay_all;
    const update_rule *rule;
    const void *attributes;         /* of the rule's type */
    const update_rule *matrix_rule; /* of hidden matrices; NULL: the same */
    const void *matrix_attributes;
    const char *not_hidden; /* a pattern of matrices that the first rule takes; NULL: none */
} optimizer_settings;

/* NULL, with an error, where a setting does not fit or the model has no parameters. */
vt_optimizer *optimizer_new(const optimizer_settings *s);

/* False, with an error, where there is no optimiser. */
bool optimizer_is_there(const vt_optimizer *o, const char *call, vt_site at);

/* Makes a state of a slot where it is not there yet: zeros, or a copy of the parameter as it is now. */
bool optimizer_make_state(slot *s, int state);

#endif
