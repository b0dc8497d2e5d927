/* mix_batch.h - batches whose pictures are mixed with each other, as the options say. */
#ifndef MODELS_PROGRAM_MIX_BATCH_H
#define MODELS_PROGRAM_MIX_BATCH_H

#include "program/options.h"

/* Whether pictures of an epoch, counted from 0, are mixed. */
bool mixes_batches(const options *o, int64_t epoch);

/* Pictures and targets for the loss: the labels themselves where nothing is to be mixed, and otherwise probabilities.
 * What is drawn is a function of the options' seed, and of the batch's epoch and index, alone. The images are those of
 * the batch in the network's precision. */
vt_mixed mix_batch(const options *o, const vt_batch *batch, vt_tensor images, int64_t classes);

#endif
