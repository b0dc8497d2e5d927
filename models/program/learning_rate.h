/* learning_rate.h - the learning rate of each update of a run. */
#ifndef MODELS_PROGRAM_LEARNING_RATE_H
#define MODELS_PROGRAM_LEARNING_RATE_H

#include "program/options.h"

/* As the command line has them. */
#define SCHEDULE_NAMES "constant|step|cosine|linear|one-cycle"

/* Of update `step`, from 0, of `total`, where an epoch has so many. */
double learning_rate(const options *o, int64_t step, int64_t total, int64_t epoch);

#endif
