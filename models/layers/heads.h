/* heads.h - what one projection gives, as the heads of queries, keys and values. */
#ifndef MODELS_LAYERS_HEADS_H
#define MODELS_LAYERS_HEADS_H

#include <vitro/vitro.h>

/* x [..., N, parts * heads * d] -> that many tensors [..., heads, N, d] */
void split_heads(vt_tensor x, int64_t heads, int parts, vt_tensor *part);

#endif
