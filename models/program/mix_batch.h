/* mix_batch.h - batches whose pictures are mixed with each other, as the options say. */
#ifndef MODELS_PROGRAM_MIX_BATCH_H
#define MODELS_PROGRAM_MIX_BATCH_H

#include "program/options.h"

/* Pictures and targets for the loss: the labels themselves where nothing is to be mixed, and otherwise probabilities.
 */
vt_mixed mix_batch(const options *o, int64_t epoch, vt_tensor images, vt_tensor labels, int64_t classes);

#endif
