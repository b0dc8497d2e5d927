/* run_report.h - what a training run leaves for people to look at, in its output folder. */
#ifndef MODELS_REPORT_RUN_REPORT_H
#define MODELS_REPORT_RUN_REPORT_H

#include "report/evaluation.h"
#include "report/settings.h"

typedef struct run_report {
    const char *folder;
    const pictures *pictures;
    json_t *settings;
} run_report;

/* Writes settings.json, and cuts the file of events to the epochs before the first. False with an error. */
bool run_report_begin(run_report *r, const options *o, const pictures *p, const classifier *net, int64_t first_epoch);
/* Adds the last row of the log to the file of events, and writes anew what follows from the test: confusion.csv and
 * per_class.csv; as .svg and .png confusion, per_class, calibration and mistakes; and report.html. False with an error,
 * and while one stands. */
bool run_report_epoch(const run_report *r, const vt_training_log *log, const evaluation *tested);
void run_report_free(run_report *r);

#endif
