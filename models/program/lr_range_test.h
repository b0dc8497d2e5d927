/* lr_range_test.h - trains for a few updates with a learning rate that grows, to find one that is good. */
#ifndef MODELS_PROGRAM_LR_RANGE_TEST_H
#define MODELS_PROGRAM_LR_RANGE_TEST_H

#include "program/trainer.h"

/* Of a fresh trainer, whose options say so. Writes lr_range.csv, .svg and .png into the output folder, and says on
 * stdout what it suggests and why. Nothing of what it trained is kept. Returns early, and writes nothing, where a
 * signal asked for it. False with an error. */
bool lr_range_test(trainer *t);

#endif
