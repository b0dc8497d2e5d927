/* position.h - where in the picture a token is. */
#ifndef MODELS_LAYERS_POSITION_H
#define MODELS_LAYERS_POSITION_H

#include <vitro/vitro.h>

typedef enum position_kind {
    POSITION_LEARNED,    /* a vector for each token, the prefix's too */
    POSITION_LEARNED_2D, /* the sum of a vector for its row and one for its column; none for the prefix */
    POSITION_SIN_COS,    /* fixed, of row and column (Beyer et al. 2022); none for the prefix */
    POSITION_NONE
} position_kind;

typedef struct position {
    position_kind kind;
    int64_t rows, columns, prefix, dim;
    vt_tensor table, row, column;
} position;

/* For `prefix` tokens in front of rows x columns patches. Registers "pos_embed" [1, prefix + patches, dim], or
 * "pos_row" [1, rows, 1, dim] and "pos_column" [1, 1, columns, dim], normal of the deviation given and without weight
 * decay; or nothing. Errors: sin-cos of a dim that is no multiple of 4, or less than 8. */
position position_new(vt_path path, position_kind kind, int64_t rows, int64_t columns, int64_t prefix, int64_t dim,
                      double std);

/* x [B, prefix + patches, dim], with the positions added. */
vt_tensor position_add(const position *m, vt_tensor x);

#endif
