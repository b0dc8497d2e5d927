/* shape.h - ops that arrange elements in another way. Views take no memory and no time. */
#ifndef VITRO_SHAPE_H
#define VITRO_SHAPE_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- Views. Negative axes count from the last. --------------------------------------------------------------------- */

/* The same elements, row-major, with another shape of the same count; one extent may be -1: what is left. */
VT_API vt_tensor vt_reshape_at(vt_site at, vt_tensor x, vt_shape shape);
#define vt_reshape(x, shape) vt_reshape_at(VT_HERE, x, shape)

/* Axes first to last, both included, become one: vt_flatten(x, 1, -1) gives [b, c, h, w] the shape [b, c h w]. A scalar
 * becomes [1]. */
VT_API vt_tensor vt_flatten_at(vt_site at, vt_tensor x, int first, int last);
#define vt_flatten(x, first, last) vt_flatten_at(VT_HERE, x, first, last)

/* Without an axis of extent 1; any other extent is an error. */
VT_API vt_tensor vt_squeeze_at(vt_site at, vt_tensor x, int axis);
#define vt_squeeze(x, axis) vt_squeeze_at(VT_HERE, x, axis)

/* With a new axis of extent 1, which is `axis` of the result. */
VT_API vt_tensor vt_unsqueeze_at(vt_site at, vt_tensor x, int axis);
#define vt_unsqueeze(x, axis) vt_unsqueeze_at(VT_HERE, x, axis)

/* Axis i of the result is axis order[i] of x: vt_permute(x, VT_AXES(0, 2, 3, 1)). */
VT_API vt_tensor vt_permute_at(vt_site at, vt_tensor x, vt_axes order);
#define vt_permute(x, order) vt_permute_at(VT_HERE, x, order)

/* Axes a and b change places. */
VT_API vt_tensor vt_transpose_at(vt_site at, vt_tensor x, int a, int b);
#define vt_transpose(x, a, b) vt_transpose_at(VT_HERE, x, a, b)

/* x broadcast to a shape; an extent of -1 keeps x's. */
VT_API vt_tensor vt_expand_at(vt_site at, vt_tensor x, vt_shape shape);
#define vt_expand(x, shape) vt_expand_at(VT_HERE, x, shape)

/* The order of the elements reversed along each of the axes. */
VT_API vt_tensor vt_flip_at(vt_site at, vt_tensor x, vt_axes axes);
#define vt_flip(x, axes) vt_flip_at(VT_HERE, x, axes)

/* The end of an axis, however long. */
#define VT_END INT64_MAX

typedef struct vt_slice_args {
    vt_site at_;
    vt_tensor x;
    int axis;
    int64_t start, end;
    vt_named_only named_only_;
    int64_t step; /* 1 or more; vt_flip reverses */
} vt_slice_args;
#define VT_SLICE_DEFAULTS .step = 1
VT_API vt_slice_args vt_slice_defaults(void);
/* x[start:end:step] along an axis, as in Python: negative bounds count from the end, and bounds beyond the ends are the
 * ends; the result may be empty. Every second column but the first: vt_slice(x, -1, 1, VT_END, .step = 2). */
VT_API vt_tensor vt_slice_with(const vt_slice_args *a);
#define vt_slice(...)                                                                                                  \
    VT_CALL(vt_slice_with, vt_slice_args, VT_SLICE_DEFAULTS, 4, "vt_slice(x, axis, start, end, .step)", __VA_ARGS__)

/* The part at one index of an axis, without that axis. A negative index counts from the end; one out of range is an
 * error. */
VT_API vt_tensor vt_select_at(vt_site at, vt_tensor x, int axis, int64_t index);
#define vt_select(x, axis, index) vt_select_at(VT_HERE, x, axis, index)

/* `count` equal parts along an axis, which must divide. False, and inert parts, where it failed. The gradient of all
 * the parts is one concatenation, cheaper than that of as many slices: vt_tensor gate[2]; vt_chunk(x, -1, 2, gate); */
VT_API bool vt_chunk_at(vt_site at, vt_tensor x, int axis, int count, vt_tensor *parts);
#define vt_chunk(x, axis, count, parts) vt_chunk_at(VT_HERE, x, axis, count, parts)

/* As vt_chunk, with parts of the given sizes, which add up to the extent. */
VT_API bool vt_split_at(vt_site at, vt_tensor x, int axis, const int64_t *sizes, int count, vt_tensor *parts);
#define vt_split(x, axis, sizes, count, parts) vt_split_at(VT_HERE, x, axis, sizes, count, parts)

/* As vt_chunk with one part an element, without the axis: q, k and v of a packed projection are
 *     vt_unstack(qkv, 0, 3, parts); */
VT_API bool vt_unstack_at(vt_site at, vt_tensor x, int axis, int count, vt_tensor *parts);
#define vt_unstack(x, axis, count, parts) vt_unstack_at(VT_HERE, x, axis, count, parts)

/* -- Copies -------------------------------------------------------------------------------------------------------- */

/* Tensors one after another along an axis; their dtypes and all other extents are equal. */
VT_API vt_tensor vt_concat_at(vt_site at, const vt_tensor *tensors, int count, int axis);
#define vt_concat(tensors, count, axis) vt_concat_at(VT_HERE, tensors, count, axis)

/* Tensors of one shape side by side along a new axis, which is `axis` of the result. */
VT_API vt_tensor vt_stack_at(vt_site at, const vt_tensor *tensors, int count, int axis);
#define vt_stack(tensors, count, axis) vt_stack_at(VT_HERE, tensors, count, axis)

typedef enum vt_pad_mode {
    VT_PAD_CONSTANT,  /* 0 0 a b c 0 */
    VT_PAD_REFLECT,   /* c b a b c b: at most the extent less 1 on a side */
    VT_PAD_REPLICATE, /* a a a b c c */
    VT_PAD_CIRCULAR,  /* b c a b c a: at most the extent on a side */
} vt_pad_mode;

typedef struct vt_pad_args {
    vt_site at_;
    vt_tensor x;
    vt_shape before, after;
    vt_named_only named_only_;
    double value; /* of the new elements, in constant mode */
    vt_pad_mode mode;
} vt_pad_args;
#define VT_PAD_DEFAULTS .value = 0
VT_API vt_pad_args vt_pad_defaults(void);
/* New elements before the first and after the last, so many along each axis. The last number is for the last axis, and
 * leading axes may be left out: vt_pad(images, VT_SHAPE(4, 4), VT_SHAPE(4, 4)) pads height and width. */
VT_API vt_tensor vt_pad_with(const vt_pad_args *a);
#define vt_pad(...)                                                                                                    \
    VT_CALL(vt_pad_with, vt_pad_args, VT_PAD_DEFAULTS, 3, "vt_pad(x, before, after, .value .mode)", __VA_ARGS__)

/* Every element `shift` places further along an axis, and from the end back to the start. */
VT_API vt_tensor vt_roll_at(vt_site at, vt_tensor x, int64_t shift, int axis);
#define vt_roll(x, shift, axis) vt_roll_at(VT_HERE, x, shift, axis)

typedef struct vt_triangle_args {
    vt_site at_;
    vt_tensor x;
    vt_named_only named_only_;
    int64_t diagonal; /* the last one that stays; 0 is the main one, 1 the one above, -1 the one below */
} vt_triangle_args;
#define VT_TRIANGLE_DEFAULTS .diagonal = 0
VT_API vt_triangle_args vt_triangle_defaults(void);
/* The lower, the upper triangle of matrices x [..., rows, columns] of any dtype: element (i, j) stays where j - i is at
 * most, at least `diagonal`, and is 0 elsewhere, whatever it was. */
VT_API vt_tensor vt_tril_with(const vt_triangle_args *a);
VT_API vt_tensor vt_triu_with(const vt_triangle_args *a);
#define vt_tril(...)                                                                                                   \
    VT_CALL(vt_tril_with, vt_triangle_args, VT_TRIANGLE_DEFAULTS, 1, "vt_tril(x, .diagonal)", __VA_ARGS__)
#define vt_triu(...)                                                                                                   \
    VT_CALL(vt_triu_with, vt_triangle_args, VT_TRIANGLE_DEFAULTS, 1, "vt_triu(x, .diagonal)", __VA_ARGS__)

/* x, whole, so many times along each axis: vt_tile(x, VT_SHAPE(2, 1)) puts two x below each other. */
VT_API vt_tensor vt_tile_at(vt_site at, vt_tensor x, vt_shape times);
#define vt_tile(x, times) vt_tile_at(VT_HERE, x, times)

#ifdef __cplusplus
}
#endif
#endif
