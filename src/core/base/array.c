/* array.c - strided views of memory. */
#include "core/base/array.h"
#include "core/base/bf16.h"
#include "core/base/float16.h"
#include <math.h>
#include <string.h>

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

array array_channels_last(void *data, vt_dtype dtype, vt_shape shape)
{
    array a = array_contiguous(data, dtype, shape);
    if (shape.rank < 3) return a;
    int64_t stride = shape.dim[1];
    a.stride[1] = 1;
    for (int i = shape.rank - 1; i > 1; i--) {
        a.stride[i] = stride;
        stride *= shape.dim[i];
    }
    return a;
}

bool array_is_channels_last(const array *a)
{
    array packed = array_channels_last(NULL, a->dtype, a->shape);
    for (int i = 0; i < a->shape.rank; i++)
        if (a->shape.dim[i] != 1 && a->stride[i] != packed.stride[i]) return false;
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
    case VT_BF16: return (double)bf16_to_f32(((const uint16_t *)a->data)[offset]);
    case VT_F16: return (double)f16_to_f32(((const uint16_t *)a->data)[offset]);
    case VT_I8: return ((const int8_t *)a->data)[offset];
    case VT_I16: return ((const int16_t *)a->data)[offset];
    case VT_U16: return ((const uint16_t *)a->data)[offset];
    case VT_U32: return ((const uint32_t *)a->data)[offset];
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
    case VT_BF16: ((uint16_t *)a->data)[offset] = bf16_of_f64(value); break;
    case VT_F16: ((uint16_t *)a->data)[offset] = f16_of_f64(value); break;
    case VT_I8: ((int8_t *)a->data)[offset] = (int8_t)to_integer(value, INT8_MIN, INT8_MAX); break;
    case VT_I16: ((int16_t *)a->data)[offset] = (int16_t)to_integer(value, INT16_MIN, INT16_MAX); break;
    case VT_U16: ((uint16_t *)a->data)[offset] = (uint16_t)to_integer(value, 0, UINT16_MAX); break;
    case VT_U32: ((uint32_t *)a->data)[offset] = (uint32_t)to_integer(value, 0, UINT32_MAX); break;
    default: break;
    }
}

int64_t array_get_integer(const array *a, int64_t offset)
{
    switch (a->dtype) {
    case VT_I32: return ((const int32_t *)a->data)[offset];
    case VT_I64: return ((const int64_t *)a->data)[offset];
    case VT_U8:
    case VT_BOOL: return ((const uint8_t *)a->data)[offset];
    default: return to_integer(array_get(a, offset), -0x1p63, 0x1p63);
    }
}

/* The axes along which a copy walks, the last one fastest. */
typedef struct walk {
    int rank;
    int64_t extent[VT_MAX_RANK], to[VT_MAX_RANK], from[VT_MAX_RANK]; /* strides, in elements */
} walk;

/* Axes that chain in both arrays are one; those of extent 1 are none. */
static walk walk_of(const array *dst, const array *src)
{
    walk w = { .rank = 0 };
    for (int i = 0; i < dst->shape.rank; i++) {
        int64_t extent = dst->shape.dim[i], to = dst->stride[i], from = src->stride[i];
        int last = w.rank - 1;
        if (extent == 1) continue;
        if (last >= 0 && w.to[last] == to * extent && w.from[last] == from * extent) {
            w.extent[last] *= extent;
            w.to[last] = to;
            w.from[last] = from;
        } else {
            w.extent[w.rank] = extent;
            w.to[w.rank] = to;
            w.from[w.rank++] = from;
        }
    }
    return w;
}

/* Takes an axis out; returns its number of elements. */
static int64_t take_axis(walk *w, int axis, int64_t *to, int64_t *from)
{
    int64_t extent = w->extent[axis];
    *to = w->to[axis];
    *from = w->from[axis];
    for (int i = axis; i + 1 < w->rank; i++) {
        w->extent[i] = w->extent[i + 1];
        w->to[i] = w->to[i + 1];
        w->from[i] = w->from[i + 1];
    }
    w->rank--;
    return extent;
}

static void offsets_of(const walk *w, int64_t index, int64_t *to, int64_t *from)
{
    for (int i = w->rank - 1; i >= 0; i--) {
        int64_t coordinate = index % w->extent[i];
        index /= w->extent[i];
        *to += coordinate * w->to[i];
        *from += coordinate * w->from[i];
    }
}

/* A plane of two axes: `rows` along one, `columns` along the other. */
typedef struct plane {
    int64_t rows, columns, to_row, to_column, from_row, from_column;
} plane;

/* The elements of a plane, converted. */
#define COPY_PLANE(name, to_type, from_type, convert)                                                                  \
    static void name(to_type *restrict to, const from_type *restrict from, const plane *p)                             \
    {                                                                                                                  \
        if (p->to_column == 1 && p->from_column == 1)                                                                  \
            for (int64_t i = 0; i < p->rows; i++)                                                                      \
                for (int64_t j = 0; j < p->columns; j++) to[i * p->to_row + j] = convert(from[i * p->from_row + j]);   \
        else                                                                                                           \
            for (int64_t i = 0; i < p->rows; i++)                                                                      \
                for (int64_t j = 0; j < p->columns; j++)                                                               \
                    to[i * p->to_row + j * p->to_column] = convert(from[i * p->from_row + j * p->from_column]);        \
    }
#define AS_IT_IS(x) (x)
COPY_PLANE(copy_plane_1, uint8_t, uint8_t, AS_IT_IS)
COPY_PLANE(copy_plane_2, uint16_t, uint16_t, AS_IT_IS)
COPY_PLANE(copy_plane_4, uint32_t, uint32_t, AS_IT_IS)
COPY_PLANE(copy_plane_8, uint64_t, uint64_t, AS_IT_IS)
COPY_PLANE(narrow_plane, uint16_t, float, bf16_of_f32)
COPY_PLANE(widen_plane, float, uint16_t, bf16_to_f32)

static void convert_plane(array *dst, int64_t to, const array *src, int64_t from, const plane *p)
{
    for (int64_t i = 0; i < p->rows; i++)
        for (int64_t j = 0; j < p->columns; j++)
            array_set(dst, to + i * p->to_row + j * p->to_column,
                      array_get(src, from + i * p->from_row + j * p->from_column));
}

/* Elements of one dtype move as they are: i64 does not pass through double, which holds 53 bits only. */
static void copy_plane(array *dst, int64_t to, const array *src, int64_t from, const plane *p)
{
    int64_t to_size = (int64_t)vt_dtype_size(dst->dtype), from_size = (int64_t)vt_dtype_size(src->dtype);
    void *out = (char *)dst->data + to * to_size;
    const void *in = (const char *)src->data + from * from_size;
    if (dst->dtype == VT_BF16 && src->dtype == VT_F32)
        narrow_plane(out, in, p);
    else if (dst->dtype == VT_F32 && src->dtype == VT_BF16)
        widen_plane(out, in, p);
    else if (dst->dtype != src->dtype)
        convert_plane(dst, to, src, from, p);
    else if (to_size == 1)
        copy_plane_1(out, in, p);
    else if (to_size == 2)
        copy_plane_2(out, in, p);
    else if (to_size == 4)
        copy_plane_4(out, in, p);
    else
        copy_plane_8(out, in, p);
}

/* The axis that the copy takes together with the last one. Where the source runs along another axis than the
 * destination, that is the one: tiles of both then stay in the cache. */
static int second_axis(const walk *w)
{
    for (int i = 0; i < w->rank - 1; i++)
        if (w->from[i] == 1 && w->from[w->rank - 1] != 1) return i;
    return w->rank - 2;
}

enum { TILE = 32, LONG_TILE = 1 << 14, WORTH_THREADS = 1 << 16 };

static int64_t tiles_of(int64_t extent, int64_t tile)
{
    return (extent + tile - 1) / tile;
}

static plane tile_of(plane p, int64_t tile, int64_t high, int64_t wide, int64_t *to, int64_t *from)
{
    int64_t across = tiles_of(p.columns, wide), row = tile / across * high, column = tile % across * wide;
    *to += row * p.to_row + column * p.to_column;
    *from += row * p.from_row + column * p.from_column;
    p.rows = p.rows - row < high ? p.rows - row : high;
    p.columns = p.columns - column < wide ? p.columns - column : wide;
    return p;
}

bool array_copy(array *dst, const array *src)
{
    int64_t count = vt_shape_count(dst->shape);
    walk w = walk_of(dst, src);
    plane whole = { .rows = 1, .columns = 1 };
    if (count == 0) return true;
    int second = second_axis(&w);
    if (w.rank > 0) whole.columns = take_axis(&w, w.rank - 1, &whole.to_column, &whole.from_column);
    if (second >= 0) whole.rows = take_axis(&w, second, &whole.to_row, &whole.from_row);
    int64_t wide = whole.from_column == 1 ? LONG_TILE : TILE;
    int64_t tiles = tiles_of(whole.rows, TILE) * tiles_of(whole.columns, wide);
    int64_t planes = count / (whole.rows * whole.columns);
#pragma omp parallel for if (count > WORTH_THREADS)
    for (int64_t i = 0; i < planes * tiles; i++) {
        int64_t to = 0, from = 0;
        offsets_of(&w, i / tiles, &to, &from);
        plane tile = tile_of(whole, i % tiles, TILE, wide, &to, &from);
        copy_plane(dst, to, src, from, &tile);
    }
    return true;
}
