/* drawings.h - an explanation in pictures. */
#ifndef MODELS_EXPLAIN_DRAWINGS_H
#define MODELS_EXPLAIN_DRAWINGS_H

#include "explain/results.h"

/* Writes picture.png, what the model sees; attention.png, the chosen layers and heads beside it, where there are maps;
 * explanation.png, beside it the rollout, the mask of the last layer and Grad-CAM, as far as there are. */
bool drawings_write(const results *r);

#endif
