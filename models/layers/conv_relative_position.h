/* conv_relative_position.h - what tokens at each distance mean to a query: depth-wise convolutions of the values, of
 * one window for some heads and of another for others (Xu et al., "Co-scale conv-attentional image transformers",
 * 2021). */
#ifndef MODELS_LAYERS_CONV_RELATIVE_POSITION_H
#define MODELS_LAYERS_CONV_RELATIVE_POSITION_H

#include "layers/conv.h"

enum { CONV_RELATIVE_POSITION_WINDOWS = 3 }; /* of 3x3, 5x5 and 7x7 */

typedef struct conv_relative_position {
    conv convs[CONV_RELATIVE_POSITION_WINDOWS];
    int64_t channels[CONV_RELATIVE_POSITION_WINDOWS];
    int count;
} conv_relative_position;

/* For so many heads of each window; a window without heads is left out. Registers "conv_list.0" and so on. */
conv_relative_position conv_relative_position_new(vt_path path, int64_t head_dim,
                                                  const int64_t heads[CONV_RELATIVE_POSITION_WINDOWS]);

/* q and v [B, heads, 1 + tokens, head_dim] -> the same shape, with zeros for the first token. */
vt_tensor conv_relative_position_forward(const conv_relative_position *m, vt_tensor q, vt_tensor v, int64_t rows);

#endif
