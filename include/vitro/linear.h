/* linear.h - matrix products. */
#ifndef VITRO_LINEAR_H
#define VITRO_LINEAR_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_matmul_args {
    vt_site at_;
    vt_tensor a, b;
    vt_named_only named_only_;
    bool transpose_a, transpose_b; /* of the last two axes, without a copy */
} vt_matmul_args;
/* a [..., M, K] times b [..., K, N]: [..., M, N]. Leading axes broadcast. f32 or f64. A vector a [K] is one row, a
 * vector b [K] one column, for which the result has no axis: [..., N], [..., M], and a scalar of two vectors. */
VT_API vt_tensor vt_matmul_with(const vt_matmul_args *a);
#define vt_matmul(...)                                                                                                 \
    vt_matmul_with(VT_ARGS(vt_matmul_args, 2, "vt_matmul(a, b, .transpose_a .transpose_b)", __VA_ARGS__))

typedef struct vt_linear_args {
    vt_site at_;
    vt_tensor x, weight;
    vt_named_only named_only_;
    vt_tensor bias; /* [out]; left out: none */
} vt_linear_args;
/* x [..., in] times the transpose of weight [out, in], plus bias: [..., out]. f32 or f64. */
VT_API vt_tensor vt_linear_with(const vt_linear_args *a);
#define vt_linear(...) vt_linear_with(VT_ARGS(vt_linear_args, 2, "vt_linear(x, weight, .bias)", __VA_ARGS__))

#ifdef __cplusplus
}
#endif
#endif
