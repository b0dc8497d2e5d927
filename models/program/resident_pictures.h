/* resident_pictures.h - whether a device may hold all pictures, and make the batches of them. */
#ifndef MODELS_PROGRAM_RESIDENT_PICTURES_H
#define MODELS_PROGRAM_RESIDENT_PICTURES_H

#include "program/options.h"

/* Whether both sets are in memory, and the training set is augmented as a device does it: cropped and flipped, or not
 * at all. */
bool pictures_may_be_resident(const vt_dataset *train, const vt_dataset *test, const options *o);

#endif
