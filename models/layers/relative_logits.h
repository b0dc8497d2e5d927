/* relative_logits.h - learned vectors for the rows and for the columns that a key is away from its query, times the
 * query: what attention over a picture adds to its logits (Shaw et al. 2018; Bello et al., "Attention augmented
 * convolutional networks", 2019). */
#ifndef MODELS_LAYERS_RELATIVE_LOGITS_H
#define MODELS_LAYERS_RELATIVE_LOGITS_H

#include <vitro/vitro.h>

typedef struct relative_logits {
    int64_t rows, columns;
    vt_tensor height_rel, width_rel; /* [2 rows - 1, dim], [2 columns - 1, dim], from the key furthest up or left */
} relative_logits;

/* Registers "height_rel" and "width_rel" for queries of dim channels, normal of deviation 1 / sqrt(dim). */
relative_logits relative_logits_new(vt_path path, int64_t rows, int64_t columns, int64_t dim);

/* q [B, heads, N, dim] for N = rows * columns -> [B, heads, N, N], a row for each query */
vt_tensor relative_logits_forward(const relative_logits *m, vt_tensor q);

#endif
