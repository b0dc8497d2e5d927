/* run_list.h - the training runs whose folders are in a folder. */
#ifndef MODELS_REPORT_RUN_LIST_H
#define MODELS_REPORT_RUN_LIST_H

#include <jansson.h>
#include <stdio.h>
#include <vitro/vitro.h>

typedef struct run {
    char *name; /* of its folder */
    vt_training_log log;
    json_t *settings; /* as settings_describe makes them; NULL: it left none */
    int64_t best;     /* the row of the highest test accuracy; -1: none was measured */
    char *differs;    /* options that other runs of the list have otherwise, "lr=0.001 seed=2" */
} run;

typedef struct run_list {
    run *runs; /* the best on the test first; of equal ones by name */
    int count;
} run_list;

/* Reads the folder's runs, and itself where it is one: what has a log.csv. Other folders in it, and runs that cannot be
 * read, are told of on `report` and passed over. False with an error: the folder cannot be read; memory is short. */
bool run_list_read(run_list *list, const char *folder, FILE *report);
void run_list_free(run_list *list);

/* What is told of a run: name, model, data, parameters, epochs (that were asked for), epochs_done, best_test_accuracy,
 * best_epoch, test_loss (at that epoch), seconds (of training), images_per_second (the median), differs, options (all).
 * Null where it is not known. */
json_t *run_describe(const run *r);
/* Seconds of training until the end of the first epoch whose test reaches the accuracy, 0 to 1; NaN: none does. */
double run_seconds_to(const run *r, double accuracy);
/* All of them, each with the rows of its log, too: log. */
json_t *run_list_json(const run_list *list);

#endif
