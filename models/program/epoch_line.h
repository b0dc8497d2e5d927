/* epoch_line.h - what a training program prints of an epoch. */
#ifndef MODELS_PROGRAM_EPOCH_LINE_H
#define MODELS_PROGRAM_EPOCH_LINE_H

#include "program/options.h"
#include <stdio.h>

/* A line of at most 79 characters for people, or of JSON where the options ask for that; nothing where they ask for
 * quiet. */
void epoch_line_print(FILE *stream, const options *o, const vt_epoch *e);

#endif
