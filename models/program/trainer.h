/* trainer.h - trains a classifier epoch by epoch, tests it, and keeps what a later run needs to go on. */
#ifndef MODELS_PROGRAM_TRAINER_H
#define MODELS_PROGRAM_TRAINER_H

#include "program/budget.h"
#include "program/metrics.h"
#include "program/objective.h"
#include "program/pictures.h"
#include "report/run_report.h"
#include "zoo.h"

typedef struct trainer {
    const options *options;
    classifier *net;
    vt_optimizer *optimizer;
    objective objective;
    vt_dataset few; /* pictures to learn by heart; count 0: there are none */
    vt_loader *train_loader, *test_loader;
    preprocessing pictures; /* how they are normalised, and were resized */
    const char *const *class_names;
    char fixed[VT_NOTE_SIZE]; /* what decides what is learned: a run is resumed with the same alone. Device and threads
                               * are not in it, so that it may move to another machine */

    int64_t epoch, batch; /* the next to train; both from 0 */
    metrics metrics;      /* of this epoch so far */
    double learning_rate; /* of the last update; NaN: none since the program began */
    double seconds;       /* of training, this epoch so far */
    double peak_bytes;    /* that tensors held in training, since the epoch was begun or resumed; NaN: it was not */
    double saved_at;      /* on the monotonic clock */
    run_report report;
    budget budget;
} trainer;

/* Builds the network and all around it; where the options say resume, puts it back to where the checkpoint in the
 * output folder was saved. False with an error. */
bool trainer_init(trainer *t, const options *o, const pictures *p);
void trainer_free(trainer *t);

/* Whether the run is over. */
bool trainer_is_done(const trainer *t);

/* Trains one update, of the next epoch where this one has ended, and adds to the metrics. False with an error. */
bool trainer_update(trainer *t);

/* Trains until the run is over, writing log, weights, curves and checkpoint after each. Returns early, with a
 * checkpoint, where a signal asked for it. False with an error. */
bool trainer_run(trainer *t);

#endif
