/* spatial_reduction.h - attention whose keys and values are of a coarser picture than the queries (Wang et al.,
 * "Pyramid vision transformer", 2021), or of one of a fixed size (the linear attention of PVT v2, 2022). */
#ifndef MODELS_LAYERS_SPATIAL_REDUCTION_H
#define MODELS_LAYERS_SPATIAL_REDUCTION_H

#include "layers/conv.h"
#include "layers/linear.h"
#include "layers/norm.h"

typedef struct spatial_reduction {
    vt_path path;
    linear q, kv, proj;
    conv sr; /* with its norm; absent where keys are as many as queries */
    layer_norm norm;
    int64_t heads, rows;
    int64_t key_rows, key_columns;
    bool pooled;
    double dropout, proj_dropout;
} spatial_reduction;

typedef struct spatial_reduction_args {
    vt_site at_;
    vt_path path;
    int64_t dim, heads, rows, columns; /* rows and columns of the queries */
    vt_named_only named_only_;
    int64_t ratio;  /* a key stands for so many rows and columns of queries */
    bool pooled;    /* keys of 7 by 7 means, whatever the ratio */
    double eps;     /* of the keys' norm */
    double dropout; /* of the attention weights */
    double proj_dropout;
    bool no_qkv_bias;
} spatial_reduction_args;
#define SPATIAL_REDUCTION_DEFAULTS .ratio = 1, .eps = 1e-5, .dropout = 0, .proj_dropout = 0

/* Registers "q", "kv" [2 dim, dim], "proj" and, where there are fewer keys than queries, "sr" [dim, dim, ratio, ratio]
 * and "norm". Errors: dim is no multiple of the heads; a ratio that is more than the rows or the columns, or less than
 * 1. */
spatial_reduction spatial_reduction_new_with(const spatial_reduction_args *a);
#define spatial_reduction_new(...)                                                                                     \
    VT_CALL(spatial_reduction_new_with, spatial_reduction_args, SPATIAL_REDUCTION_DEFAULTS, 5,                         \
            "spatial_reduction_new(path, dim, heads, rows, columns, .ratio .pooled .eps .dropout .proj_dropout "       \
            ".no_qkv_bias)",                                                                                           \
            __VA_ARGS__)

/* x [B, rows * columns, dim] -> the same shape; where keys are as many as queries, any number of tokens. Names the
 * attention weights [B, heads, rows * columns, key rows * key columns] "weights": each row sums to 1. */
vt_tensor spatial_reduction_forward(const spatial_reduction *m, vt_tensor x);

#endif
