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
    vt_named_only names_from_here_;
    bool transpose_a, transpose_b; /* of the last two axes, without a copy */
} vt_matmul_args;
/* a [..., M, K] times b [..., K, N]: [..., M, N]. Leading axes broadcast. f32 or f64. */
VT_API vt_tensor vt_matmul_with(const vt_matmul_args *a);
#define vt_matmul(...)                                                                                                 \
    vt_matmul_with(VT_ARGS(vt_matmul_args, 2, "vt_matmul(a, b, .transpose_a .transpose_b)", __VA_ARGS__))

#ifdef __cplusplus
}
#endif
#endif
