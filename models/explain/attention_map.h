/* attention_map.h - a layer's map of attention, whatever its tokens are: all of the picture, windows of it, or keys on
 * a coarser grid. */
#ifndef MODELS_EXPLAIN_ATTENTION_MAP_H
#define MODELS_EXPLAIN_ATTENTION_MAP_H

#include "explain/heat_map.h"
#include "family.h"

typedef struct attention_map {
    const char *name; /* of the model's value, to which it belongs */
    token_layout layout;
    int64_t heads;
    int64_t windows;       /* 1 where it is of all tokens */
    int64_t queries, keys; /* of a window */
    double *values;        /* [windows, heads, queries, keys] */
} attention_map;

enum { MEAN_OF_HEADS = -1 }; /* in place of the number of a head */

/* Reads the map of one picture, [1, heads, N, M], or [windows, heads, N, N]. An error names a value whose shape is not
 * what its layout says. */
bool attention_map_read(attention_map *m, const char *name, vt_tensor value, const token_layout *layout);
void attention_map_free(attention_map *m);

/* Tokens in front and those of the picture: as queries, and as keys. */
int64_t attention_map_tokens(const attention_map *m);
int64_t attention_map_keys(const attention_map *m);

/* What a query attends to: row [keys], which sums to 1. It is 0 outside of the query's window. */
void attention_map_row(const attention_map *m, int64_t head, int64_t query, double *row);
/* That of the class token; where there is none, the mean over the queries. */
void attention_map_class_row(const attention_map *m, int64_t head, double *row);
/* The part of it that is over the picture, [key_rows, key_columns]. False with an error where memory is short. */
bool attention_map_over_picture(const attention_map *m, int64_t head, heat_map *map);

typedef struct attention_statistics {
    double entropy;    /* of the class token's row, in nats; without a class token the mean over the queries */
    double distance;   /* in pixels, from patches to the patches that they attend to: the mean of all pairs, weighted
                        * with the attention, between centres (Dosovitskiy et al. 2021, figure 7) */
    double patch_mean; /* of the class token's row over the picture's patches */
} attention_statistics;

/* Of a head, or of the mean of the heads, in a picture of that size. False with an error where memory is short. */
bool attention_map_measure(const attention_map *m, int64_t head, int64_t height, int64_t width,
                           attention_statistics *statistics);

#endif
