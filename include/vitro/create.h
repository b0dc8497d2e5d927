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
    vt_named_only named_only_;
    vt_dtype dtype; /* VT_DTYPE_DEFAULT: the context's precision */
} vt_full_args;
/* Every element is value. */
VT_API vt_tensor vt_full_with(const vt_full_args *a);
#define vt_full(...) vt_full_with(VT_ARGS(vt_full_args, 2, "vt_full(shape, value, .dtype)", __VA_ARGS__))

/* A constant of rank 0, which broadcasts with everything. Its value is part of what is planned: a number that is
 * another in each step is better a leaf, vt_from_data(&number, VT_SCALAR, dtype). */
typedef struct vt_scalar_args {
    vt_site at_;
    double value;
    vt_named_only named_only_;
    vt_dtype dtype; /* VT_DTYPE_DEFAULT: the context's precision */
} vt_scalar_args;
VT_API vt_tensor vt_scalar_with(const vt_scalar_args *a);
#define vt_scalar(...) vt_scalar_with(VT_ARGS(vt_scalar_args, 1, "vt_scalar(value, .dtype)", __VA_ARGS__))

typedef struct vt_fill_args {
    vt_site at_;
    vt_shape shape;
    vt_named_only named_only_;
    vt_dtype dtype; /* VT_DTYPE_DEFAULT: the context's precision */
} vt_fill_args;
VT_API vt_tensor vt_zeros_with(const vt_fill_args *a);
VT_API vt_tensor vt_ones_with(const vt_fill_args *a);
#define vt_zeros(...) vt_zeros_with(VT_ARGS(vt_fill_args, 1, "vt_zeros(shape, .dtype)", __VA_ARGS__))
#define vt_ones(...)  vt_ones_with(VT_ARGS(vt_fill_args, 1, "vt_ones(shape, .dtype)", __VA_ARGS__))

typedef struct vt_integer_args {
    vt_site at_;
    int64_t value;
    vt_named_only named_only_;
    vt_dtype dtype; /* i32, i64 or u8; VT_DTYPE_DEFAULT: i64 */
} vt_integer_args;
/* As vt_scalar, of an integer, which double does not hold beyond 2^53: vt_add(x, vt_integer(1)). Error: a value that
 * does not fit the dtype. */
VT_API vt_tensor vt_integer_with(const vt_integer_args *a);
#define vt_integer(...) vt_integer_with(VT_ARGS(vt_integer_args, 1, "vt_integer(value, .dtype)", __VA_ARGS__))

typedef struct vt_like_args {
    vt_site at_;
    vt_tensor x;
    vt_named_only named_only_;
    vt_dtype dtype; /* VT_DTYPE_DEFAULT: that of x */
} vt_like_args;
/* Zeros and ones of the shape and dtype of x, any, which is not computed for it. */
VT_API vt_tensor vt_zeros_like_with(const vt_like_args *a);
VT_API vt_tensor vt_ones_like_with(const vt_like_args *a);
#define vt_zeros_like(...) vt_zeros_like_with(VT_ARGS(vt_like_args, 1, "vt_zeros_like(x, .dtype)", __VA_ARGS__))
#define vt_ones_like(...)  vt_ones_like_with(VT_ARGS(vt_like_args, 1, "vt_ones_like(x, .dtype)", __VA_ARGS__))

typedef struct vt_full_like_args {
    vt_site at_;
    vt_tensor x;
    double value;
    vt_named_only named_only_;
    vt_dtype dtype; /* VT_DTYPE_DEFAULT: that of x */
} vt_full_like_args;
/* The same of another value, converted as vt_cast does. */
VT_API vt_tensor vt_full_like_with(const vt_full_like_args *a);
#define vt_full_like(...)                                                                                              \
    vt_full_like_with(VT_ARGS(vt_full_like_args, 2, "vt_full_like(x, value, .dtype)", __VA_ARGS__))

typedef struct vt_arange_args {
    vt_site at_;
    double start, end;
    vt_named_only named_only_;
    double step;
    vt_dtype dtype; /* any but bool; VT_DTYPE_DEFAULT: the context's precision */
} vt_arange_args;
#define VT_ARANGE_DEFAULTS .step = 1
VT_API vt_arange_args vt_arange_defaults(void);
/* [n]: start, start + step, ... up to and without end; n = ceil((end - start) / step). Element i is start + i step,
 * rounded once. Errors: a step of 0, or that leads away from end; a bound or step that is not finite. */
VT_API vt_tensor vt_arange_with(const vt_arange_args *a);
#define vt_arange(...)                                                                                                 \
    VT_CALL(vt_arange_with, vt_arange_args, VT_ARANGE_DEFAULTS, 2, "vt_arange(start, end, .step .dtype)", __VA_ARGS__)

typedef struct vt_linspace_args {
    vt_site at_;
    double start, end;
    int64_t count;
    vt_named_only named_only_;
    vt_dtype dtype; /* floating point; VT_DTYPE_DEFAULT: the context's precision */
} vt_linspace_args;
/* [count]: evenly spaced from start to end, both of them exact; start alone where count is 1. Errors: a bound that is
 * not finite; a negative count. */
VT_API vt_tensor vt_linspace_with(const vt_linspace_args *a);
#define vt_linspace(...)                                                                                               \
    vt_linspace_with(VT_ARGS(vt_linspace_args, 3, "vt_linspace(start, end, count, .dtype)", __VA_ARGS__))

typedef struct vt_eye_args {
    vt_site at_;
    int64_t rows;
    vt_named_only named_only_;
    int64_t columns; /* VT_AUTO: as many as rows */
    vt_dtype dtype;  /* VT_DTYPE_DEFAULT: the context's precision */
} vt_eye_args;
#define VT_EYE_DEFAULTS .columns = VT_AUTO
VT_API vt_eye_args vt_eye_defaults(void);
/* [rows, columns]: 1 on the diagonal, 0 elsewhere. */
VT_API vt_tensor vt_eye_with(const vt_eye_args *a);
#define vt_eye(...) VT_CALL(vt_eye_with, vt_eye_args, VT_EYE_DEFAULTS, 1, "vt_eye(rows, .columns .dtype)", __VA_ARGS__)

typedef struct vt_uniform_args {
    vt_site at_;
    vt_shape shape;
    vt_named_only named_only_;
    double low, high;
    vt_dtype dtype; /* floating point; VT_DTYPE_DEFAULT: the context's precision */
} vt_uniform_args;
#define VT_UNIFORM_DEFAULTS .low = 0, .high = 1
VT_API vt_uniform_args vt_uniform_defaults(void);
/* Uniform in [low, high): low + (high - low) u, u a multiple of 2^-24 with the same bits on every device. */
VT_API vt_tensor vt_uniform_with(const vt_uniform_args *a);
#define vt_uniform(...)                                                                                                \
    VT_CALL(vt_uniform_with, vt_uniform_args, VT_UNIFORM_DEFAULTS, 1, "vt_uniform(shape, .low .high .dtype)",          \
            __VA_ARGS__)

typedef struct vt_normal_args {
    vt_site at_;
    vt_shape shape;
    vt_named_only named_only_;
    double mean, std;
    vt_dtype dtype; /* floating point; VT_DTYPE_DEFAULT: the context's precision */
} vt_normal_args;
#define VT_NORMAL_DEFAULTS .mean = 0, .std = 1
VT_API vt_normal_args vt_normal_defaults(void);
/* Normal: mean + std z, z = Φ⁻¹(u) by Wichura's AS 241 (1988), of one 32-bit word an element. */
VT_API vt_tensor vt_normal_with(const vt_normal_args *a);
#define vt_normal(...)                                                                                                 \
    VT_CALL(vt_normal_with, vt_normal_args, VT_NORMAL_DEFAULTS, 1, "vt_normal(shape, .mean .std .dtype)", __VA_ARGS__)
/* As vt_normal, with z truncated to [-2, 2]. */
VT_API vt_tensor vt_truncated_normal_with(const vt_normal_args *a);
#define vt_truncated_normal(...)                                                                                       \
    VT_CALL(vt_truncated_normal_with, vt_normal_args, VT_NORMAL_DEFAULTS, 1,                                           \
            "vt_truncated_normal(shape, .mean .std .dtype)", __VA_ARGS__)

typedef struct vt_bernoulli_args {
    vt_site at_;
    vt_shape shape;
    double p;
    vt_named_only named_only_;
    vt_dtype dtype; /* any; VT_DTYPE_DEFAULT: the context's precision */
} vt_bernoulli_args;
/* 1 with probability p, 0 otherwise: 1 where the uniform number of the element is below p. Error: p outside [0, 1]. */
VT_API vt_tensor vt_bernoulli_with(const vt_bernoulli_args *a);
#define vt_bernoulli(...)                                                                                              \
    vt_bernoulli_with(VT_ARGS(vt_bernoulli_args, 2, "vt_bernoulli(shape, p, .dtype)", __VA_ARGS__))

#ifdef __cplusplus
}
#endif
#endif
