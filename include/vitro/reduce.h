/* reduce.h - ops that reduce axes, and running sums, products and extremes. Long sums are added up in f64, or in parts,
 * so that the result is as good as its dtype. NaN goes through all of them. */
#ifndef VITRO_REDUCE_H
#define VITRO_REDUCE_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_reduce_args {
    vt_site at_;
    vt_tensor x;
    vt_named_only named_only_;
    vt_axes axes; /* VT_AXES(1, -1); a count of VT_AUTO: every axis */
    bool keep;    /* reduced axes stay, with extent 1 */
} vt_reduce_args;
#define VT_REDUCE_DEFAULTS .axes = { .count = VT_AUTO }
VT_API vt_reduce_args vt_reduce_defaults(void);

/* Sum over the axes; an empty sum is 0. Integers and bool sum to i64. */
VT_API vt_tensor vt_sum_with(const vt_reduce_args *a);
#define vt_sum(...) VT_CALL(vt_sum_with, vt_reduce_args, VT_REDUCE_DEFAULTS, 1, "vt_sum(x, .axes .keep)", __VA_ARGS__)

/* Arithmetic mean, of f32 or f64; of nothing: NaN. */
VT_API vt_tensor vt_mean_with(const vt_reduce_args *a);
#define vt_mean(...)                                                                                                   \
    VT_CALL(vt_mean_with, vt_reduce_args, VT_REDUCE_DEFAULTS, 1, "vt_mean(x, .axes .keep)", __VA_ARGS__)

/* Product; an empty one is 1. Integers and bool multiply to i64. The gradient is right where elements are zero. */
VT_API vt_tensor vt_prod_with(const vt_reduce_args *a);
#define vt_prod(...)                                                                                                   \
    VT_CALL(vt_prod_with, vt_reduce_args, VT_REDUCE_DEFAULTS, 1, "vt_prod(x, .axes .keep)", __VA_ARGS__)

/* The largest and the smallest element, of x's dtype; NaN where there is one. Equal ones share the gradient evenly.
 * Error: axes that hold no element. */
VT_API vt_tensor vt_max_with(const vt_reduce_args *a);
VT_API vt_tensor vt_min_with(const vt_reduce_args *a);
#define vt_max(...) VT_CALL(vt_max_with, vt_reduce_args, VT_REDUCE_DEFAULTS, 1, "vt_max(x, .axes .keep)", __VA_ARGS__)
#define vt_min(...) VT_CALL(vt_min_with, vt_reduce_args, VT_REDUCE_DEFAULTS, 1, "vt_min(x, .axes .keep)", __VA_ARGS__)

/* Whether any element, whether every element of a bool tensor is true; of nothing: false, true. */
VT_API vt_tensor vt_any_with(const vt_reduce_args *a);
VT_API vt_tensor vt_all_with(const vt_reduce_args *a);
#define vt_any(...) VT_CALL(vt_any_with, vt_reduce_args, VT_REDUCE_DEFAULTS, 1, "vt_any(x, .axes .keep)", __VA_ARGS__)
#define vt_all(...) VT_CALL(vt_all_with, vt_reduce_args, VT_REDUCE_DEFAULTS, 1, "vt_all(x, .axes .keep)", __VA_ARGS__)

/* log Σ e^x, of f32 or f64, without overflow. Where all of x is -inf, or there is none, it is -inf with gradient 0. */
VT_API vt_tensor vt_logsumexp_with(const vt_reduce_args *a);
#define vt_logsumexp(...)                                                                                              \
    VT_CALL(vt_logsumexp_with, vt_reduce_args, VT_REDUCE_DEFAULTS, 1, "vt_logsumexp(x, .axes .keep)", __VA_ARGS__)

typedef struct vt_var_args {
    vt_site at_;
    vt_tensor x;
    vt_named_only named_only_;
    vt_axes axes;  /* a count of VT_AUTO: every axis */
    bool keep;     /* reduced axes stay, with extent 1 */
    bool unbiased; /* divide by n - 1 (Bessel), of n elements, in place of n */
} vt_var_args;
#define VT_VAR_DEFAULTS .axes = { .count = VT_AUTO }
VT_API vt_var_args vt_var_defaults(void);

/* Variance and standard deviation, of f32 or f64, in two passes: Σ (x - mean)² / n. NaN where the divisor is 0. The
 * gradient of a standard deviation that is 0 is 0. */
VT_API vt_tensor vt_var_with(const vt_var_args *a);
VT_API vt_tensor vt_std_with(const vt_var_args *a);
#define vt_var(...)                                                                                                    \
    VT_CALL(vt_var_with, vt_var_args, VT_VAR_DEFAULTS, 1, "vt_var(x, .axes .keep .unbiased)", __VA_ARGS__)
#define vt_std(...)                                                                                                    \
    VT_CALL(vt_std_with, vt_var_args, VT_VAR_DEFAULTS, 1, "vt_std(x, .axes .keep .unbiased)", __VA_ARGS__)

typedef struct vt_norm_args {
    vt_site at_;
    vt_tensor x;
    vt_named_only named_only_;
    vt_axes axes; /* a count of VT_AUTO: every axis */
    bool keep;    /* reduced axes stay, with extent 1 */
    int order;    /* 1: Σ |x|; 2: sqrt(Σ x²) */
} vt_norm_args;
#define VT_NORM_DEFAULTS .axes = { .count = VT_AUTO }, .order = 2
VT_API vt_norm_args vt_norm_defaults(void);

/* Vector norm, of f32 or f64. The gradient of a norm that is 0 is 0. */
VT_API vt_tensor vt_norm_with(const vt_norm_args *a);
#define vt_norm(...)                                                                                                   \
    VT_CALL(vt_norm_with, vt_norm_args, VT_NORM_DEFAULTS, 1, "vt_norm(x, .axes .keep .order)", __VA_ARGS__)

typedef struct vt_arg_args {
    vt_site at_;
    vt_tensor x;
    int axis;
    vt_named_only named_only_;
    bool keep; /* the axis stays, with extent 1 */
} vt_arg_args;

/* Where along the axis the largest, the smallest element is: i64, the first of equal ones, or of the NaNs. Error: an
 * axis of extent 0. */
VT_API vt_tensor vt_argmax_with(const vt_arg_args *a);
VT_API vt_tensor vt_argmin_with(const vt_arg_args *a);
#define vt_argmax(...) vt_argmax_with(VT_ARGS(vt_arg_args, 2, "vt_argmax(x, axis, .keep)", __VA_ARGS__))
#define vt_argmin(...) vt_argmin_with(VT_ARGS(vt_arg_args, 2, "vt_argmin(x, axis, .keep)", __VA_ARGS__))

typedef struct vt_cumsum_args {
    vt_site at_;
    vt_tensor x;
    int axis;
    vt_named_only named_only_;
    bool reverse; /* from the last element to the first */
} vt_cumsum_args;

/* Running sum along the axis, each element included in its own. Integers and bool sum to i64. */
VT_API vt_tensor vt_cumsum_with(const vt_cumsum_args *a);
#define vt_cumsum(...) vt_cumsum_with(VT_ARGS(vt_cumsum_args, 2, "vt_cumsum(x, axis, .reverse)", __VA_ARGS__))

/* Running product along the axis, as vt_cumsum is the running sum. Integers and bool multiply to i64. The gradient is
 * right where elements are zero: dx[i] is the product before x[i] times s[i], with s[i] = g[i] + x[i + 1] s[i + 1]. */
VT_API vt_tensor vt_cumprod_with(const vt_cumsum_args *a);
#define vt_cumprod(...) vt_cumprod_with(VT_ARGS(vt_cumsum_args, 2, "vt_cumprod(x, axis, .reverse)", __VA_ARGS__))

typedef struct vt_cumulative_args {
    vt_site at_;
    vt_tensor x;
    int axis;
    vt_named_only named_only_;
    vt_tensor *indices; /* where to put the i64 places along the axis that the results are from; NULL: nowhere */
} vt_cumulative_args;

/* The largest, the smallest element so far along the axis, of x's dtype: the first of equal ones, or of the NaNs. The
 * gradient goes to the elements that were taken. */
VT_API vt_tensor vt_cummax_with(const vt_cumulative_args *a);
VT_API vt_tensor vt_cummin_with(const vt_cumulative_args *a);
#define vt_cummax(...) vt_cummax_with(VT_ARGS(vt_cumulative_args, 2, "vt_cummax(x, axis, .indices)", __VA_ARGS__))
#define vt_cummin(...) vt_cummin_with(VT_ARGS(vt_cumulative_args, 2, "vt_cummin(x, axis, .indices)", __VA_ARGS__))

/* The opposite of broadcasting: sums x over the axes along which `shape` repeats, to exactly that shape. */
VT_API vt_tensor vt_sum_to_at(vt_site at, vt_tensor x, vt_shape shape);
#define vt_sum_to(x, shape) vt_sum_to_at(VT_HERE, x, shape)

#ifdef __cplusplus
}
#endif
#endif
