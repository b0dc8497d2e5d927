/* batch_size.h - --batch auto: the largest batch that memory has room for. */
#ifndef MODELS_PROGRAM_BATCH_SIZE_H
#define MODELS_PROGRAM_BATCH_SIZE_H

#include "program/options.h"
#include "program/pictures.h"

enum { LARGEST_FOUND_BATCH = 1024 };

/* Where the batch is VT_AUTO, sets it: of a run that is resumed, to what it began with; otherwise to the largest power
 * of two, LARGEST_FOUND_BATCH at most, of which training takes nine tenths of --memory, or of the memory that is free,
 * by two steps of a few pictures. False with an error: not even a batch of one has room; on a GPU, which does not tell
 * what is free, --memory is not given. */
bool batch_size_choose(options *o, const pictures *p);

#endif
