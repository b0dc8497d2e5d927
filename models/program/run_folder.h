/* run_folder.h - what a training run leaves in its output folder: log, weights, curves, and the checkpoint. */
#ifndef MODELS_PROGRAM_RUN_FOLDER_H
#define MODELS_PROGRAM_RUN_FOLDER_H

#include "program/trainer.h"

/* Saves checkpoint.safetensors: weights, optimiser, random state, place in the data. The old one stays until the new
 * one is complete. */
bool run_folder_checkpoint(const trainer *t);
/* The batch of the run whose checkpoint the folder has. False with an error: none there, a damaged one. */
bool run_folder_batch(const char *folder, int64_t *batch);
/* Puts a fresh trainer back to its checkpoint. Error: none there, one of other options, a damaged one. */
bool run_folder_resume(trainer *t);

/* Adds the row to log.csv, redraws curves.svg and curves.png, reports the test, saves the weights, also as
 * model-best.safetensors where they are the best so far, the checkpoint, and that of the epoch where a history of them
 * is kept. */
bool run_folder_finish_epoch(const trainer *t, const vt_epoch *row, const evaluation *tested, bool is_best);

/* The epoch of a file of this history, "checkpoint-12.safetensors"; -1: the name is of no such file. */
int64_t run_folder_epoch_of(const char *name);

/* Writes pictures.png, the first pictures of a run as training gets them; a build without libpng writes none. False
 * with an error. */
bool run_folder_show_pictures(const pictures *p, const options *o);

/* Prints which results the folder has. */
void run_folder_report(const char *folder);

#endif
