/* results.h - what the runs of a comparison came to. */
#ifndef MODELS_COMPARE_RESULTS_H
#define MODELS_COMPARE_RESULTS_H

#include "compare/look.h"
#include "compare/plan.h"
#include "compare/statistics.h"
#include <jansson.h>

/* Of a model on a fraction of the pictures: of the test after the last epoch, since the best of several tests would be
 * chosen by the test. */
typedef struct outcome {
    double accuracies[MOST_SEEDS]; /* 0 to 1 */
    double seconds;                /* of training, the mean of the seeds */
} outcome;

/* What a test gives after each epoch, of all training pictures: the mean of the seeds, the lowest and the highest. */
typedef struct curve {
    int64_t epochs;
    double *mean, *low, *high;
} curve;

typedef struct results {
    plan plan;
    outcome outcomes[MATCHINGS][MOST_FRACTIONS][MOST_MODELS];
    curve curves[MATCHINGS][MOST_MODELS]; /* of accuracy */
    curve losses[MATCHINGS][MOST_MODELS];
    double prepared_accuracy;   /* of the network that was prepared, on its own test pictures */
    double speeds[MOST_MODELS]; /* training pictures a second, in all runs */
    double memory[MOST_MODELS]; /* the most bytes that tensors held in training, in any run; NaN: no log has it */
    findings findings;          /* of a look at what was trained; look NULL: there is none */
} results;

/* Reads the logs of the runs in the folder. NULL with an error. */
results *results_read(const plan *p, const char *folder);
void results_free(results *r);

sample results_sample(const results *r, matching which, int fraction, int model);
/* Multiply-accumulates of the forward passes of a run's training. */
double results_compute(const results *r, matching which, int fraction, int model);

/* models, fractions, seeds, outcomes, tests of pairs, curves, findings (null: none) and sentences, as compare.json has
 * them. */
json_t *results_json(const results *r);

#endif
