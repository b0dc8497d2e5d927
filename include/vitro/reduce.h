/* reduce.h - ops that reduce axes. */
#ifndef VITRO_REDUCE_H
#define VITRO_REDUCE_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_reduce_args {
    vt_site at_;
    vt_tensor x;
    vt_named_only names_from_here_;
    vt_axes axes; /* VT_AXES(1, -1); left out: every axis */
    bool keep;    /* reduced axes stay, with extent 1 */
} vt_reduce_args;

/* Sum over the axes, added up in f64; an empty sum is 0. Integers and bool sum to i64. */
VT_API vt_tensor vt_sum_with(const vt_reduce_args *a);
#define vt_sum(...) vt_sum_with(VT_ARGS(vt_reduce_args, 1, "vt_sum(x, .axes .keep)", __VA_ARGS__))

/* The opposite of broadcasting: sums x over the axes along which `shape` repeats, to exactly that shape. */
VT_API vt_tensor vt_sum_to_at(vt_site at, vt_tensor x, vt_shape shape);
#define vt_sum_to(x, shape) vt_sum_to_at(VT_HERE, x, shape)

#ifdef __cplusplus
}
#endif
#endif
