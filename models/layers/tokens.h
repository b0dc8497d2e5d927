/* tokens.h - pictures as sequences of tokens: a class token in front of them, and the map that they were. */
#ifndef MODELS_LAYERS_TOKENS_H
#define MODELS_LAYERS_TOKENS_H

#include <vitro/vitro.h>

/* x [B, N, dim], behind the token [1, 1, dim] -> [B, 1 + N, dim] */
vt_tensor tokens_behind_class(vt_tensor token, vt_tensor x);

/* x [B, 1 + rows * columns, dim], without the class token -> [B, dim, rows, columns] */
vt_tensor map_of_tokens(vt_tensor x, int64_t rows);

/* Back: map [B, dim, rows, columns], behind the class token of x [B, 1 + ..., dim] -> [B, 1 + rows * columns, dim] */
vt_tensor tokens_of_map(vt_tensor map, vt_tensor x);

#endif
