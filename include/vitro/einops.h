/* einops.h - rearranging, repeating and reducing axes by name, in the notation of einops (Rogozhnikov 2022):
 *
 *     vt_rearrange(x, "b n (t h d) -> t b h n d", .t = 3, .h = heads)
 *     vt_rearrange(images, "b c (h p1) (w p2) -> b (h w) (p1 p2 c)", .p1 = 16, .p2 = 16)
 *     vt_repeat(token, "1 d -> b 1 d", .b = batch)
 *     vt_reduce(x, "b c h w -> b c", VT_REDUCE_MEAN)
 *
 * A side of the pattern names the axes in order. Parentheses join several into one, the first varying slowest; "1" and
 * "()" are an axis of extent 1; "..." is any number of axes; a number is an axis of that extent without a name. A name
 * is a letter, and then letters, digits and "_". At most one axis in a pair of parentheses on the left may be of
 * unknown size; the sizes of the others are given as .h = 8, or, for names of another form than those below, as .sizes
 * = (vt_axis_size[]){ { "head", 8 }, { 0 } } A pattern may make up to 8 axes. What does not fit is refused with the
 * pattern and the place. */
#ifndef VITRO_EINOPS_H
#define VITRO_EINOPS_H

#include <vitro/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vt_axis_size {
    const char *name; /* NULL ends a list */
    int64_t size;
} vt_axis_size;

/* The size of the axis of that name; VT_AUTO: not given. */
#define VT_AXIS_SIZES_                                                                                                 \
    int64_t a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z;                              \
    int64_t b1, b2, c1, c2, d1, d2, h1, h2, n1, n2, p1, p2, w1, w2;                                                    \
    const vt_axis_size *sizes /* of other names */
#define VT_AXIS_SIZES_LEFT_OUT_                                                                                        \
    .a = VT_AUTO, .b = VT_AUTO, .c = VT_AUTO, .d = VT_AUTO, .e = VT_AUTO, .f = VT_AUTO, .g = VT_AUTO, .h = VT_AUTO,    \
    .i = VT_AUTO, .j = VT_AUTO, .k = VT_AUTO, .l = VT_AUTO, .m = VT_AUTO, .n = VT_AUTO, .o = VT_AUTO, .p = VT_AUTO,    \
    .q = VT_AUTO, .r = VT_AUTO, .s = VT_AUTO, .t = VT_AUTO, .u = VT_AUTO, .v = VT_AUTO, .w = VT_AUTO, .x = VT_AUTO,    \
    .y = VT_AUTO, .z = VT_AUTO, .b1 = VT_AUTO, .b2 = VT_AUTO, .c1 = VT_AUTO, .c2 = VT_AUTO, .d1 = VT_AUTO,             \
    .d2 = VT_AUTO, .h1 = VT_AUTO, .h2 = VT_AUTO, .n1 = VT_AUTO, .n2 = VT_AUTO, .p1 = VT_AUTO, .p2 = VT_AUTO,           \
    .w1 = VT_AUTO, .w2 = VT_AUTO

typedef struct vt_rearrange_args {
    vt_site at_;
    vt_tensor tensor;
    const char *pattern;
    vt_named_only named_only_;
    VT_AXIS_SIZES_;
} vt_rearrange_args;
#define VT_REARRANGE_DEFAULTS VT_AXIS_SIZES_LEFT_OUT_
VT_API vt_rearrange_args vt_rearrange_defaults(void);

/* The axes in another order, joined and split in another way; every axis is on both sides. A view where the memory
 * allows. */
VT_API vt_tensor vt_rearrange_with(const vt_rearrange_args *a);
#define vt_rearrange(...)                                                                                              \
    VT_CALL(vt_rearrange_with, vt_rearrange_args, VT_REARRANGE_DEFAULTS, 2,                                            \
            "vt_rearrange(x, pattern, .a .b ... .sizes)", __VA_ARGS__)

/* As vt_rearrange, with new axes on the right side, along which x repeats; their sizes are given. */
VT_API vt_tensor vt_repeat_with(const vt_rearrange_args *a);
#define vt_repeat(...)                                                                                                 \
    VT_CALL(vt_repeat_with, vt_rearrange_args, VT_REARRANGE_DEFAULTS, 2, "vt_repeat(x, pattern, .a .b ... .sizes)",    \
            __VA_ARGS__)

typedef enum vt_reduce_kind {
    VT_REDUCE_SUM,
    VT_REDUCE_MEAN,
    VT_REDUCE_MAX,
    VT_REDUCE_MIN,
    VT_REDUCE_PROD,
} vt_reduce_kind;

typedef struct vt_reduce_pattern_args {
    vt_site at_;
    vt_tensor tensor;
    const char *pattern;
    vt_reduce_kind kind;
    vt_named_only named_only_;
    VT_AXIS_SIZES_;
} vt_reduce_pattern_args;
#define VT_REDUCE_PATTERN_DEFAULTS VT_AXIS_SIZES_LEFT_OUT_
VT_API vt_reduce_pattern_args vt_reduce_pattern_defaults(void);

/* As vt_rearrange; the axes that are on the left side only are reduced by vt_sum, vt_mean, vt_max, vt_min or vt_prod.
 * Pooling by two: vt_reduce(x, "b c (h 2) (w 2) -> b c h w", VT_REDUCE_MAX). */
VT_API vt_tensor vt_reduce_with(const vt_reduce_pattern_args *a);
#define vt_reduce(...)                                                                                                 \
    VT_CALL(vt_reduce_with, vt_reduce_pattern_args, VT_REDUCE_PATTERN_DEFAULTS, 3,                                     \
            "vt_reduce(x, pattern, kind, .a .b ... .sizes)", __VA_ARGS__)

/* Sums of products in Einstein's notation, as in NumPy, PyTorch and ONNX:
 *
 *     vt_einsum("bhqd,bhkd->bhqk", q, k)       the logits of attention
 *     vt_einsum("i,j->ij", a, b)               an outer product
 *     vt_einsum("...ii->...i", x)              diagonals of matrices
 *
 * A letter names an axis, of each operand in order. The result is the product of all operands, summed over the letters
 * that are not on the right side. Without "->" the result has the letters that stand in the pattern once, in
 * alphabetical order with capitals first, behind the axes of "...". A letter that an operand has twice is its diagonal.
 * "..." is any number of axes, aligned at the last; where the right side lacks it they are summed over. An axis of
 * extent 1 broadcasts to that of the same name in another operand. Spaces mean nothing.
 *
 * Operands, at most 32, are all f32 or all f64. Two at a time are multiplied, those first that take the fewest
 * multiplications, as one product of matrices (vt_matmul; vt_mul where nothing is summed), so that the memory beside is
 * that of the products on the way. What does not fit is refused with the pattern and the place. */
VT_API vt_tensor vt_einsum_at(vt_site at, const char *pattern, const vt_tensor *tensors, int count);
#define vt_einsum(pattern, ...)                                                                                        \
    vt_einsum_at(VT_HERE, pattern, (vt_tensor[]){ __VA_ARGS__ },                                                       \
                 (int)(sizeof((vt_tensor[]){ __VA_ARGS__ }) / sizeof(vt_tensor)))
/* The same, of operands in an array. */
#define vt_einsum_list(pattern, tensors, count) vt_einsum_at(VT_HERE, pattern, tensors, count)

#ifdef __cplusplus
}
#endif
#endif
