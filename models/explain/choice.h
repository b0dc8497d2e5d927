/* choice.h - the layers and heads that are drawn. */
#ifndef MODELS_EXPLAIN_CHOICE_H
#define MODELS_EXPLAIN_CHOICE_H

#include "explain/results.h"

/* "1,3,6": layers, counted from 1. NULL: five, spread over the depth. Errors: no such list, no such layer. */
bool choose_layers(results *r, const char *asked);
/* "all", "mean" or "0,1,2", of the layers that were chosen before. Errors: no such list, a layer has no such head. */
bool choose_heads(results *r, const char *asked);

#endif
