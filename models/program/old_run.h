/* old_run.h - a run whose folder another begins in. */
#ifndef MODELS_PROGRAM_OLD_RUN_H
#define MODELS_PROGRAM_OLD_RUN_H

#include "program/options.h"
#include <stdio.h>

/* Removes the files of a run that was in the output folder, and nothing else, so that none is taken for one of the run
 * that begins. Tells so where there was one and `report` is not NULL. False with an error: the run that begins reads
 * one of them, or a file cannot be removed. */
bool old_run_remove(const options *o, FILE *report);

#endif
