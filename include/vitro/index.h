/* index.h - ops that pick and place elements by index. Indices are i64 or i32 and count from 0; one that is negative or
 * beyond the extent is an error when the op is computed, naming the index and the extent. */
#ifndef VITRO_INDEX_H
#define VITRO_INDEX_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Element by element along an axis: out[i][j][k] = x[i][index[i][j][k]][k] for axis 1. index has the shape of x except
 * along the axis, and gives the result its shape. */
VT_API vt_tensor vt_gather_at(vt_site at, vt_tensor x, int axis, vt_tensor index);
#define vt_gather(x, axis, index) vt_gather_at(VT_HERE, x, axis, index)

/* x with the elements of source added where index says: out[i][index[i][j][k]][k] += source[i][j][k] for axis 1. index
 * and source have the shape of x except along the axis. Elements that meet are added up in f64. */
VT_API vt_tensor vt_scatter_add_at(vt_site at, vt_tensor x, int axis, vt_tensor index, vt_tensor source);
#define vt_scatter_add(x, axis, index, source) vt_scatter_add_at(VT_HERE, x, axis, index, source)

/* The slices of x along an axis that index [n] names, in its order: vt_index_select(x, 0, order) shuffles rows. */
VT_API vt_tensor vt_index_select_at(vt_site at, vt_tensor x, int axis, vt_tensor index);
#define vt_index_select(x, axis, index) vt_index_select_at(VT_HERE, x, axis, index)

/* x with slice j of source added to the slice that index[j] names, along an axis. source has the shape of x, with n of
 * index [n] along the axis. Slices that meet are added up in f64. */
VT_API vt_tensor vt_index_add_at(vt_site at, vt_tensor x, int axis, vt_tensor index, vt_tensor source);
#define vt_index_add(x, axis, index, source) vt_index_add_at(VT_HERE, x, axis, index, source)

/* The rows of weight [vocabulary, d] that ids of any shape name: [ids..., d]. */
VT_API vt_tensor vt_embedding_at(vt_site at, vt_tensor weight, vt_tensor ids);
#define vt_embedding(weight, ids) vt_embedding_at(VT_HERE, weight, ids)

typedef struct vt_one_hot_args {
    vt_site at_;
    vt_tensor ids;
    int64_t classes;
    vt_named_only names_from_here_;
    vt_dtype dtype; /* VT_DTYPE_DEFAULT: the context's precision */
} vt_one_hot_args;
/* [ids..., classes]: 1 at each id's place, 0 elsewhere. */
VT_API vt_tensor vt_one_hot_with(const vt_one_hot_args *a);
#define vt_one_hot(...) vt_one_hot_with(VT_ARGS(vt_one_hot_args, 2, "vt_one_hot(ids, classes, .dtype)", __VA_ARGS__))

typedef struct vt_topk_args {
    vt_site at_;
    vt_tensor x;
    int64_t k;
    int axis;
    vt_named_only names_from_here_;
    bool smallest;      /* the k smallest in place of the largest */
    vt_tensor *indices; /* where to put the i64 indices along the axis; NULL: nowhere */
} vt_topk_args;
/* The k largest elements along an axis, the largest first; of equal ones that with the lower index. NaN counts as
 * larger than any number. The gradient goes to the elements that were taken. */
VT_API vt_tensor vt_topk_with(const vt_topk_args *a);
#define vt_topk(...) vt_topk_with(VT_ARGS(vt_topk_args, 3, "vt_topk(x, k, axis, .smallest .indices)", __VA_ARGS__))

#ifdef __cplusplus
}
#endif
#endif
