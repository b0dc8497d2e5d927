/* plots.h - the plots of a comparison. */
#ifndef MODELS_COMPARE_PLOTS_H
#define MODELS_COMPARE_PLOTS_H

#include "compare/results.h"

/* Draws to SVG and PNG files in the folder: loss and accuracy over training to training.*; accuracy over what is equal
 * to compare.*; where there are several fractions, accuracy over training pictures to data.*; and what was found by a
 * look to a file of its name. A build without cairo draws nothing. False with an error. */
bool plots_write(const results *r, const char *folder);

#endif
