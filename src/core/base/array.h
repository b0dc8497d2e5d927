/* array.h - a strided n-dimensional array in memory: what a kernel sees of a tensor. */
#ifndef VITRO_CORE_BASE_ARRAY_H
#define VITRO_CORE_BASE_ARRAY_H

#include <vitro/base.h>

typedef struct array {
    void *data; /* the first element; NULL where an optional input is absent */
    vt_dtype dtype;
    vt_shape shape;
    int64_t stride[VT_MAX_RANK]; /* in elements; 0 along a broadcast axis */
} array;

/* Row-major strides over data. */
array array_contiguous(void *data, vt_dtype dtype, vt_shape shape);
bool array_is_contiguous(const array *a);
/* [N, C, ...] over data in the order [N, ..., C]. */
array array_channels_last(void *data, vt_dtype dtype, vt_shape shape);
bool array_is_channels_last(const array *a);
/* Offset, in elements, of the element with row-major number `index`. */
int64_t array_offset(const array *a, int64_t index);
/* a with the given axis order: out axis i is a's axis order[i]. */
array array_permute(array a, const int *order);
/* a seen with a larger shape, aligned at the last axis, stride 0 where it repeats. The shapes must be compatible. */
array array_broadcast(array a, vt_shape shape);
/* a seen with another shape of the same count; false where that needs a copy. */
bool array_reshape(array a, vt_shape shape, array *out);

/* Element access by byte type, for code where clarity counts more than speed. Double holds 53 bits of an i64, an
 * integer all of them; it is cut off behind the point. */
double array_get(const array *a, int64_t offset);
int64_t array_get_integer(const array *a, int64_t offset);
void array_set(array *a, int64_t offset, double value);
/* Copies src to dst, of equal shapes, converting the dtype as vt_cast does. Host memory only. Returns true: it is the
 * `copy` of backends in host memory. */
bool array_copy(array *dst, const array *src);

#endif
