/* token_weights.h - what attention without a map of queries and keys weighs the tokens by. */
#ifndef MODELS_EXPLAIN_TOKEN_WEIGHTS_H
#define MODELS_EXPLAIN_TOKEN_WEIGHTS_H

#include "explain/heat_map.h"
#include "zoo.h"

/* Of the last value that matches the family's `token_weights`, the mean of heads and channels, at each token's place.
 * Without values where the family has none. `name`, the value's, lives as long as the model. False with an error. */
bool token_weights(const classifier *net, heat_map *map, const char **name);

#endif
