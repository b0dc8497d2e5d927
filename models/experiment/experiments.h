/* experiments.h - the experiments that vitro experiment has. */
#ifndef MODELS_EXPERIMENT_EXPERIMENTS_H
#define MODELS_EXPERIMENT_EXPERIMENTS_H

#include "compare/experiment.h"

/* In the order in which they are listed; NULL past the last. */
const experiment *experiment_at(int number);
/* NULL with an error that has the nearest names. */
const experiment *experiment_find(const char *name);

extern const look jigsaw_look, depth_look;

#endif
