/* optimizer.h - making an optimiser of a rule. */
#ifndef VITRO_TRAIN_OPTIMIZER_H
#define VITRO_TRAIN_OPTIMIZER_H

#include "ops/update.h"
#include <vitro/optimizer.h>

typedef struct optimizer_settings {
    const char *name; /* of the public function */
    vt_site at;
    const vt_model *model;
    double lr, weight_decay;
    bool decay_all;
    const update_rule *rule;
    const void *attributes; /* of the rule's type; the ratio of learning rates and the decay are filled in later */
} optimizer_settings;

/* NULL, with an error, where a setting does not fit or the model has no parameters. */
vt_optimizer *optimizer_new(const optimizer_settings *s);

#endif
