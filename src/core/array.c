/* array.c - strided views of memory. */
#include "core/array.h"
#include <math.h>

array array_contiguous(void *data, vt_dtype dtype, vt_shape shape)
{
    array a = { .data = data, .dtype = dtype, .shape = shape };
    int64_t stride = 1;
    for (int i = shape.rank - 1; i >= 0; i--) {
        a.stride[i] = stride;
        stride *= shape.dim[i];
    }
    return a;
}

bool array_is_contiguous(const array *a)
{
    int64_t stride = 1;
    for (int i = a->shape.rank - 1; i >= 0; i--) {
        if (a->shape.dim[i] != 1 && a->stride[i] != stride) return false;
        stride *= a->shape.dim[i];
    }
    return true;
}

int64_t array_offset(const array *a, int64_t index)
{
    int64_t offset = 0;
    for (int i = a->shape.rank - 1; i >= 0; i--) {
        offset += index % a->shape.dim[i] * a->stride[i];
        index /= a->shape.dim[i];
    }
    return offset;
}

array array_permute(array a, const int *order)
{
    array out = a;
    for (int i = 0; i < a.shape.rank; i++) {
        out.shape.dim[i] = a.shape.dim[order[i]];
        out.stride[i] = a.stride[order[i]];
    }
    return out;
}

array array_broadcast(array a, vt_shape shape)
{
    array out = { .data = a.data, .dtype = a.dtype, .shape = shape };
    int lead = shape.rank - a.shape.rank;
    for (int i = lead; i < shape.rank; i++)
        out.stride[i] = a.shape.dim[i - lead] == 1 && shape.dim[i] != 1 ? 0 : a.stride[i - lead];
    return out;
}

/* Walks both shapes from the last axis: a run of input axes whose strides chain is split into a run of output axes. */
bool array_reshape(array a, vt_shape shape, array *out)
{
    *out = array_contiguous(a.data, a.dtype, shape);
    if (array_is_contiguous(&a) || vt_shape_count(shape) == 0) return true;
    int i = a.shape.rank - 1, o = shape.rank - 1;
    while (i >= 0) {
        int64_t stride = a.stride[i], run = a.shape.dim[i];
        for (; i > 0 && (a.shape.dim[i - 1] == 1 || run == 1 || a.stride[i - 1] == stride * run); i--) {
            if (run == 1) stride = a.stride[i - 1];
            run *= a.shape.dim[i - 1];
        }
        i--;
        for (; o >= 0 && (run > 1 || shape.dim[o] == 1); o--) {
            if (run % shape.dim[o]) return false;
            out->stride[o] = stride;
            stride *= shape.dim[o];
            run /= shape.dim[o];
        }
        if (run != 1) return false;
    }
    return true;
}

double array_get(const array *a, int64_t offset)
{
    switch (a->dtype) {
    case VT_F32: return (double)((const float *)a->data)[offset];
    case VT_F64: return ((const double *)a->data)[offset];
    case VT_I32: return ((const int32_t *)a->data)[offset];
    case VT_I64: return (double)((const int64_t *)a->data)[offset];
    case VT_U8:
    case VT_BOOL: return ((const uint8_t *)a->data)[offset];
    default: return NAN;
    }
}

/* Out-of-range values saturate and NaN becomes 0, so that the result does not depend on the machine. */
static int64_t to_integer(double value, double low, double high)
{
    if (isnan(value)) return 0;
    if (value <= low) return (int64_t)low;
    return value >= high ? (high >= 0x1p63 ? INT64_MAX : (int64_t)high) : (int64_t)value;
}

void array_set(array *a, int64_t offset, double value)
{
    switch (a->dtype) {
    case VT_F32: ((float *)a->data)[offset] = (float)value; break;
    case VT_F64: ((double *)a->data)[offset] = value; break;
    case VT_I32: ((int32_t *)a->data)[offset] = (int32_t)to_integer(value, INT32_MIN, INT32_MAX); break;
    case VT_I64: ((int64_t *)a->data)[offset] = to_integer(value, -0x1p63, 0x1p63); break;
    case VT_U8: ((uint8_t *)a->data)[offset] = (uint8_t)to_integer(value, 0, UINT8_MAX); break;
    case VT_BOOL: ((uint8_t *)a->data)[offset] = value != 0; break;
    default: break;
    }
}

/* i64 does not pass through double, which holds 53 bits only. */
static void copy_element(array *dst, int64_t to, const array *src, int64_t from)
{
    if (src->dtype == VT_I64 && dst->dtype == VT_I64)
        ((int64_t *)dst->data)[to] = ((const int64_t *)src->data)[from];
    else
        array_set(dst, to, array_get(src, from));
}

#define COPY_ROW(type)                                                                                                 \
    for (int64_t i = 0; i < n; i++)                                                                                    \
    ((type *)dst->data)[to + i * dst_stride] = ((const type *)src->data)[from + i * src_stride]

/* One run along the last axis; the common sizes without a conversion. */
static void copy_row(array *dst, int64_t to, int64_t dst_stride, const array *src, int64_t from, int64_t src_stride,
                     int64_t n)
{
    size_t size = dst->dtype == src->dtype ? vt_dtype_size(dst->dtype) : 0;
    if (size == 4)
        COPY_ROW(uint32_t);
    else if (size == 8)
        COPY_ROW(uint64_t);
    else if (size == 1)
        COPY_ROW(uint8_t);
    else
        for (int64_t i = 0; i < n; i++) copy_element(dst, to + i * dst_stride, src, from + i * src_stride);
}

void array_copy(array *dst, const array *src)
{
    int rank = dst->shape.rank;
    int64_t n = rank ? dst->shape.dim[rank - 1] : 1, rows = n ? vt_shape_count(dst->shape) / n : 0;
    int64_t dst_stride = rank ? dst->stride[rank - 1] : 1, src_stride = rank ? src->stride[rank - 1] : 1;
#pragma omp parallel for if (rows * n > 1 << 16)
    for (int64_t row = 0; row < rows; row++)
        copy_row(dst, array_offset(dst, row * n), dst_stride, src, array_offset(src, row * n), src_stride, n);
}
