/* relative_position.h - a learned number for each head and each place of a key as seen from its query, for the logits
 * of attention within a window (Liu et al., "Swin transformer", 2021). */
#ifndef MODELS_LAYERS_RELATIVE_POSITION_H
#define MODELS_LAYERS_RELATIVE_POSITION_H

#include <vitro/vitro.h>

typedef struct relative_position {
    int64_t rows, columns; /* of the window */
    vt_tensor table;       /* [(2 rows - 1) * (2 columns - 1), heads] */
} relative_position;

/* Registers "relative_position_bias_table", normal of deviation 0.02 and without weight decay. */
relative_position relative_position_new(vt_path path, int64_t rows, int64_t columns, int64_t heads);

/* What is added to the logits: [heads, N, N] for N = rows * columns. */
vt_tensor relative_position_bias(const relative_position *m);

#endif
