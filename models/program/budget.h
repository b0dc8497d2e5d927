/* budget.h - how long a run may go on: epochs, time, and patience with tests that do not become better. */
#ifndef MODELS_PROGRAM_BUDGET_H
#define MODELS_PROGRAM_BUDGET_H

#include "program/options.h"

typedef struct budget {
    const options *options;
    double used_before;   /* seconds that the run took before this process continued it */
    double started;       /* on the monotonic clock */
    double test_seconds;  /* of the last test */
    double best_accuracy; /* of the tests so far; -1 where there was none */
    int64_t best_epoch;   /* counted from 1 */
} budget;

budget budget_begin(const options *o);

/* Seconds that the run has taken, in all processes. */
double budget_used(const budget *b);

/* Whether what time is left is for the test alone. */
bool budget_time_is_up(const budget *b);

/* How many updates there are to be in all, when `step` have been made of `planned`: as planned or, where the length of
 * the run is a time, at the pace so far. */
int64_t budget_updates(const budget *b, int64_t step, int64_t planned);

/* Notes the result of a test; whether it is the best so far. */
bool budget_note(budget *b, int64_t epoch, double accuracy);

/* Whether the run is over after so many epochs. */
bool budget_is_spent(const budget *b, int64_t epochs);
/* Why, where it is not for having trained all epochs: of less than `size` bytes, otherwise empty. */
void budget_reason(const budget *b, int64_t epochs, char *text, size_t size);

#endif
