/* finetune.h - a network that is trained further: its weights, and what of it is trained how fast. */
#ifndef MODELS_PROGRAM_FINETUNE_H
#define MODELS_PROGRAM_FINETUNE_H

#include "program/options.h"
#include "zoo.h"

/* Loads the weights, which are made to fit where they differ in classes, picture size or channels: tells of each on
 * `report`, where that is not NULL. Where the file says that it is of other classes than those named, the head is new,
 * also where there are as many. Freezes what is to be frozen. False with an error: the file does not fit; a pattern
 * matches nothing. */
bool finetune_load(const classifier *net, const options *o, const char *const *class_names, FILE *report);

/* How the pictures are normalised that the weights know: as the file says, or as the variant's published weights want
 * it. False with an error where the file is damaged. */
bool finetune_find_pictures(const classifier *net, const options *o, preprocessing *pictures);

/* Gives the optimiser's parameters their learning rates. False with an error: "GLOB=X" is not that, or matches nothing.
 */
bool finetune_set_rates(const classifier *net, vt_optimizer *optimizer, const options *o);

#endif
