/* conv_position.h - where in the picture a token is, by its neighbours: a depth-wise convolution that is added to the
 * tokens (Chu et al., "Conditional positional encodings for vision transformers", 2021). */
#ifndef MODELS_LAYERS_CONV_POSITION_H
#define MODELS_LAYERS_CONV_POSITION_H

#include "layers/conv.h"

typedef struct conv_position {
    conv proj;
} conv_position;

/* Registers "proj", of 3x3. */
conv_position conv_position_new(vt_path path, int64_t dim);

/* x [B, 1 + tokens, dim], of which the first token stays as it is. */
vt_tensor conv_position_forward(const conv_position *m, vt_tensor x, int64_t rows);

#endif
