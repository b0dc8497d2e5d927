/* runs_drawing.h - the curves of training runs over one another. */
#ifndef MODELS_REPORT_RUNS_DRAWING_H
#define MODELS_REPORT_RUNS_DRAWING_H

#include "report/run_list.h"

/* Draws test loss and test accuracy over the epochs to runs.svg and runs.png in the folder; a build without cairo draws
 * nothing. False with an error. */
bool runs_drawing_write(const char *folder, const run_list *list);

#endif
