/* sentences.h - what the results of a comparison say, in words. */
#ifndef MODELS_COMPARE_SENTENCES_H
#define MODELS_COMPARE_SENTENCES_H

#include "compare/results.h"

/* A line for each sentence; each follows from the numbers alone. To be freed by the caller; NULL with an error where
 * memory is short. */
char *sentences_of(const results *r);

/* A difference is more than chance where its p is below this: 0.05, shared by all pairs of models (Bonferroni). */
double sentences_level(const plan *p);

#endif
