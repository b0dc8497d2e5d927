/* optimizers.h - the optimisers that programs train with, by name. */
#ifndef MODELS_PROGRAM_OPTIMIZERS_H
#define MODELS_PROGRAM_OPTIMIZERS_H

#include "program/options.h"
#include "zoo.h"

/* As the command line has them. */
#define OPTIMIZER_NAMES "sgd|adam|adamw|rmsprop|lion|lamb|muon|schedule-free"

typedef struct optimizer_kind {
    const char *name;
    double lr, lr_further; /* that suit it: of fresh weights, and of trained ones */
    double weight_decay;
    double momentum; /* VT_AUTO: it takes none */
    bool averages;   /* it keeps an average of the weights by itself, and takes no schedule */
    vt_optimizer *(*make)(const classifier *net, const options *o);
} optimizer_kind;

/* Of one of the names above. */
const optimizer_kind *optimizer_kind_of(const char *name);

/* The optimiser that the options ask for. NULL with an error. */
vt_optimizer *optimizer_make(const classifier *net, const options *o);

#endif
