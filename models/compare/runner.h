/* runner.h - trains what a plan says, each run in a folder of its own. */
#ifndef MODELS_COMPARE_RUNNER_H
#define MODELS_COMPARE_RUNNER_H

#include "compare/results.h"

/* Counts parameters and multiply-accumulates of the models, and the pictures that there are. False with an error. */
bool runner_count(plan *p, const options *o);
/* Measures how many pictures a second each model trains, by short runs in the folder's `speed`. False with an error, or
 * where a signal came. */
bool runner_measure(plan *p, const options *o);
/* Trains all runs in the folder's `runs`; those that are there are gone on with, or left as they are where they have
 * ended. False with an error, or where a signal came. */
bool runner_train(const plan *p, const options *o);
/* Measures what the findings' look wants to know of each network that was trained on all training pictures, as the
 * first matching has them. False with an error, or where a signal came. */
bool runner_look(results *r, const options *o);

#endif
