/* create.h - tensors from nothing: constants, sequences, random numbers. */
#ifndef VITRO_CREATE_H
#define VITRO_CREATE_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_full_args {
    vt_site at_;
    vt_shape shape;
    double value;
    vt_named_only names_from_here_;
    vt_dtype dtype; /* VT_DTYPE_DEFAULT: the context's precision */
} vt_full_args;
/* Every element is value. */
VT_API vt_tensor vt_full_with(const vt_full_args *a);
#define vt_full(...) vt_full_with(VT_ARGS(vt_full_args, 2, "vt_full(shape, value, .dtype)", __VA_ARGS__))

typedef struct vt_uniform_args {
    vt_site at_;
    vt_shape shape;
    vt_named_only names_from_here_;
    double low, high; /* both 0: [0, 1) */
    vt_dtype dtype;   /* floating point; VT_DTYPE_DEFAULT: the context's precision */
} vt_uniform_args;
/* Uniform in [low, high): low + (high - low) u, u a multiple of 2^-24 with the same bits on every device. */
VT_API vt_tensor vt_uniform_with(const vt_uniform_args *a);
#define vt_uniform(...)                                                                                                \
    vt_uniform_with(VT_ARGS(vt_uniform_args, 1, "vt_uniform(shape, .low .high .dtype)", __VA_ARGS__))

typedef struct vt_normal_args {
    vt_site at_;
    vt_shape shape;
    vt_named_only names_from_here_;
    double mean, std; /* std 0: 1 */
    vt_dtype dtype;   /* floating point; VT_DTYPE_DEFAULT: the context's precision */
} vt_normal_args;
/* Normal: mean + std z, z = Φ⁻¹(u) by Wichura's AS 241 (1988), of one 32-bit word an element. */
VT_API vt_tensor vt_normal_with(const vt_normal_args *a);
#define vt_normal(...) vt_normal_with(VT_ARGS(vt_normal_args, 1, "vt_normal(shape, .mean .std .dtype)", __VA_ARGS__))
/* As vt_normal, with z truncated to [-2, 2]. */
VT_API vt_tensor vt_truncated_normal_with(const vt_normal_args *a);
#define vt_truncated_normal(...)                                                                                       \
    vt_truncated_normal_with(VT_ARGS(vt_normal_args, 1, "vt_truncated_normal(shape, .mean .std .dtype)", __VA_ARGS__))

#ifdef __cplusplus
}
#endif
#endif
