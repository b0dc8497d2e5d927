/* index.h - ops that pick, place and sort elements by index. Indices are i64 or i32 and count from 0; one that is
 * negative or beyond the extent is an error when the op is computed, naming the index and the extent. */
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

typedef enum vt_scatter_kind {
    VT_SCATTER_SET,
    VT_SCATTER_ADD,
    VT_SCATTER_MUL,
    VT_SCATTER_MAX,
    VT_SCATTER_MIN,
} vt_scatter_kind;

typedef struct vt_scatter_args {
    vt_site at_;
    vt_tensor x;
    int axis;
    vt_tensor index, source;
    vt_named_only named_only_;
    vt_scatter_kind kind;
} vt_scatter_args;
/* As vt_scatter_add, but what an element of source meets at its place in x it replaces, or is added to, multiplied
 * with, or compared to: the larger or the smaller stays, a NaN before any number. Where several go to one place, the
 * last along the axis replaces, and products, in f64, and extremes are of all of them and what x had. x and source have
 * one dtype: any to replace or compare; f32, f64, i32 and i64 to add or multiply. Gradients: what was replaced gets 0;
 * equal extremes share evenly; those of products are right where elements are zero, but take memory that grows with the
 * square of index's extent along the axis. */
VT_API vt_tensor vt_scatter_with(const vt_scatter_args *a);
#define vt_scatter(...)                                                                                                \
    vt_scatter_with(VT_ARGS(vt_scatter_args, 4, "vt_scatter(x, axis, index, source, .kind)", __VA_ARGS__))

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
    vt_named_only named_only_;
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
    vt_named_only named_only_;
    bool smallest;      /* the k smallest in place of the largest */
    vt_tensor *indices; /* where to put the i64 indices along the axis; NULL: nowhere */
} vt_topk_args;
/* The k largest elements along an axis, the largest first; of equal ones that with the lower index. NaN counts as
 * larger than any number. The gradient goes to the elements that were taken. */
VT_API vt_tensor vt_topk_with(const vt_topk_args *a);
#define vt_topk(...) vt_topk_with(VT_ARGS(vt_topk_args, 3, "vt_topk(x, k, axis, .smallest .indices)", __VA_ARGS__))

typedef struct vt_sort_args {
    vt_site at_;
    vt_tensor x;
    int axis;
    vt_named_only named_only_;
    bool descending;
    vt_tensor *indices; /* where to put the i64 indices along the axis; NULL: nowhere */
} vt_sort_args;
/* The elements along an axis in ascending order. Equal ones stay in their order, either way, and NaN counts as larger
 * than any number. The gradient goes back to where the elements were. */
VT_API vt_tensor vt_sort_with(const vt_sort_args *a);
#define vt_sort(...) vt_sort_with(VT_ARGS(vt_sort_args, 2, "vt_sort(x, axis, .descending .indices)", __VA_ARGS__))

typedef struct vt_argsort_args {
    vt_site at_;
    vt_tensor x;
    int axis;
    vt_named_only named_only_;
    bool descending;
} vt_argsort_args;
/* The indices, i64, that vt_gather makes vt_sort's result of. */
VT_API vt_tensor vt_argsort_with(const vt_argsort_args *a);
#define vt_argsort(...) vt_argsort_with(VT_ARGS(vt_argsort_args, 2, "vt_argsort(x, axis, .descending)", __VA_ARGS__))

/* -- Results whose shape follows from values. These compute what they look at when they are called, as vt_read does, so
 * that the shape is known; each new shape makes a new plan of what follows. ------------------------------------------
 */

/* The places of the elements of x, of any dtype, that are not 0 or false: i64 [found, rank of x], in row-major order.
 */
VT_API vt_tensor vt_nonzero_at(vt_site at, vt_tensor x);
#define vt_nonzero(x) vt_nonzero_at(VT_HERE, x)

/* The elements of x where mask, a bool tensor, is true, in row-major order: [found]. The two broadcast. The gradient
 * goes to the elements that were taken; mask is what is computed at the call. */
VT_API vt_tensor vt_masked_select_at(vt_site at, vt_tensor x, vt_tensor mask);
#define vt_masked_select(x, mask) vt_masked_select_at(VT_HERE, x, mask)

typedef struct vt_unique_args {
    vt_site at_;
    vt_tensor x;
    vt_named_only named_only_;
    vt_tensor *inverse; /* where to put the place of each element of x in the result, i64 of x's shape; NULL: nowhere */
    vt_tensor *counts;  /* where to put how often each is in x, i64 [found]; NULL: nowhere */
} vt_unique_args;
/* The different elements of x, of any shape and dtype, in ascending order: [found]. NaN is equal to itself here, and
 * last. The gradient goes to the first in x of those that are equal. */
VT_API vt_tensor vt_unique_with(const vt_unique_args *a);
#define vt_unique(...) vt_unique_with(VT_ARGS(vt_unique_args, 1, "vt_unique(x, .inverse .counts)", __VA_ARGS__))

#ifdef __cplusplus
}
#endif
#endif
