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
    vt_tensor sum;     /* of gradients since the last update; inert until made */
    bool has_sum;      /* since the last update */
    vt_tensor trained; /* what is trained, while the average stands in the parameter's place; otherwise inert */
} slot;

/* What an optimiser keeps of all updates, where a rule averages them: f64, of rank 0. */
enum { LARGEST_LR, WEIGHT_SUM, OPTIMIZER_NUMBERS };

/* An average of one parameter or buffer. */
typedef struct averaged {
    vt_tensor source;
    char *state_name;
    vt_tensor average;
    vt_tensor trained; /* what is trained, while the average stands in its place; otherwise inert */
} averaged;

struct vt_optimizer {
    const vt_model *model;
    method methods[2]; /* of most parameters, and of hidden matrices where there is one of their own */
    double initial_lr, lr, weight_decay;
    bool decay_all;
    int64_t steps;
    slot *slots;
    int count;
    vt_tensor *tensors;                   /* the inputs of an op: room for the most that one has of every parameter */
    vt_tensor numbers[OPTIMIZER_NUMBERS]; /* inert where no rule averages */
    double decay;                         /* of averages */
    averaged *averages;                   /* of everything in the model; NULL: none are kept */
    int average_count;
    bool evaluates; /* averages stand in the places of what is trained */
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

/* Makes a tensor of zeros that outlives all scopes, where it is not there yet. */
bool optimizer_make_zeros(vt_tensor *made, vt_tensor like);
/* Makes a state of a slot where it is not there yet: zeros, or a copy of the parameter as it is now. */
bool optimizer_make_state(slot *s, int state);

/* Moves the averages, where there are any, behind an update. */
void averages_update(vt_optimizer *o, vt_site at);
void averages_free(vt_optimizer *o);

/* Marks what an update takes; returns how much that is. Error: nothing. */
int optimizer_mark_due(vt_optimizer *o, const char *call, vt_site at);
/* The gradient of a parameter that is trained, as it was recorded; inert where there is none. */
vt_tensor slot_gradient(const slot *s);

#endif
