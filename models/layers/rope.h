/* rope.h - rotary positions (Su et al., "RoFormer", 2021) of places in a grid: pairs of channels are rotated by angles
 * that grow with the row in the first half of the channels, and with the column in the second. */
#ifndef MODELS_LAYERS_ROPE_H
#define MODELS_LAYERS_ROPE_H

#include <vitro/vitro.h>

/* The angles of rows x columns places, row by row, for vectors of `dim` channels: [places, dim / 2]. From pair to pair
 * they fall from 1 a row towards 1 / theta. dim is a multiple of 4. */
vt_tensor rope_angles(int64_t rows, int64_t columns, int64_t dim, double theta, vt_dtype dtype);

/* x [..., places, dim] with channels 2i and 2i + 1 of each place rotated by its angle i; angles [places, dim / 2]. */
vt_tensor rope_rotate(vt_tensor x, vt_tensor angles);

#endif
