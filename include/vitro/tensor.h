/* tensor.h - data in and out of tensors. */
#ifndef VITRO_TENSOR_H
#define VITRO_TENSOR_H

#include <vitro/base.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A tensor with a copy of count = product(shape) elements, row-major, of the given dtype. Any byte of a bool but 0 is
 * true. Data of a dtype that tensors do not have is converted, exactly: f16 and bf16 to f32, i8, i16 and u16 to i32,
 * u32 to i64. */
VT_API vt_tensor vt_from_data_at(vt_site at, const void *data, vt_shape shape, vt_dtype dtype);
#define vt_from_data(data, shape, dtype) vt_from_data_at(VT_HERE, data, shape, dtype)

/* What a handle is. For an inert or stale handle: an error, and rank 0, extent 0, VT_DTYPE_DEFAULT. */
VT_API vt_shape vt_shape_of(vt_tensor x);
VT_API vt_dtype vt_dtype_of(vt_tensor x);
VT_API int vt_rank(vt_tensor x);
/* The extent along an axis; negative axes count from the last. */
VT_API int64_t vt_dim(vt_tensor x, int axis);
/* Product of the extents. */
VT_API int64_t vt_count(vt_tensor x);
/* False for the inert handle, for handles whose tensor has ended, and for those of another thread. Raises nothing. */
VT_API bool vt_is_live(vt_tensor x);

/* Computes x (and every effect recorded before) and copies it, row-major, converted to dtype, into data, which holds
 * `capacity` elements. VT_DTYPE_DEFAULT is x's own dtype. Conversions are those of vt_cast where tensors have the
 * dtype. To f16 and bf16 a number is rounded once, to the nearest, of two as near to the even one; infinities and NaN
 * stay what they are. To i8, i16, u16 and u32 it is truncated towards 0. Returns false with an error where the tensor
 * is larger, or cannot be computed, and where an element does not fit one of these: a finite one that would round to
 * infinity, an integer out of range, or NaN as an integer. */
VT_API bool vt_read_at(vt_site at, vt_tensor x, void *data, int64_t capacity, vt_dtype dtype);
#define vt_read(x, data, capacity, dtype) vt_read_at(VT_HERE, x, data, capacity, dtype)

/* The value of a tensor of one element. NaN with an error where it cannot be had. */
VT_API double vt_item_at(vt_site at, vt_tensor x);
#define vt_item(x) vt_item_at(VT_HERE, x)

/* Overwrites x at once with product(shape) elements of x's own dtype; x is a parameter, a buffer, a kept tensor or one
 * made by vt_from_data. What was recorded before runs first, and sees what x held before. */
VT_API bool vt_write_at(vt_site at, vt_tensor x, const void *data);
#define vt_write(x, data) vt_write_at(VT_HERE, x, data)

/* Prints "name: f32 [2, 3]  mean 0.1 std 1 min -2 max 2" and the values, elided in the middle of long axes. Where some
 * are not finite, the statistics are those of the others, and "  of 4 finite; 1 NaN, 1 infinite" stands behind them. */
VT_API void vt_print_at(vt_site at, FILE *stream, const char *name, vt_tensor x);
#define vt_print(x) vt_print_at(VT_HERE, stdout, #x, x)

#ifdef __cplusplus
}
#endif
#endif
