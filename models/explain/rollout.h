/* rollout.h - attention rollout (Abnar & Zuidema, "Quantifying attention flow in transformers", 2020): attention
 * followed through the layers down to the tokens of the first. */
#ifndef MODELS_EXPLAIN_ROLLOUT_H
#define MODELS_EXPLAIN_ROLLOUT_H

#include "explain/attention_map.h"

typedef struct rollout {
    int first, layers;   /* it goes through these */
    token_layout layout; /* of the tokens */
    int64_t tokens;
    double *values; /* [tokens, tokens]: row q says what token q behind the last layer is made of; it sums to 1 */
} rollout;

/* Of the last layers whose queries lie on one grid: of all layers, but for models of several stages. A layer's matrix
 * is the mean of its heads' maps, of which the lowest `discard` share of the values, from 0 up to 1, becomes 0, plus
 * the identity, for the connection around it, each row divided by its sum; the matrices are multiplied. A key of a
 * coarser grid stands for its tokens in equal shares. No layers give no tokens. False with an error where memory is
 * short. */
bool rollout_of(const attention_map *maps, int count, double discard, rollout *r);
void rollout_free(rollout *r);

/* The class token's row over the picture; without a class token the mean over the tokens. */
bool rollout_over_picture(const rollout *r, heat_map *map);

#endif
