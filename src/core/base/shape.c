/* shape.c - shapes as text and numbers. */
#include "core/base/shape.h"
#include <stdio.h>
#include <string.h>

/* No machine has as many elements, and their bytes, of any dtype, are still a number. */
static const int64_t MAX_COUNT = (int64_t)1 << 48;

/* Of a rank that no shape has, the axes that there are. */
static int rank_of(vt_shape shape)
{
    return shape.rank < VT_MAX_RANK ? shape.rank : VT_MAX_RANK;
}

int64_t vt_shape_count(vt_shape shape)
{
    int64_t count = 1;
    bool fits = true;
    for (int i = 0; i < rank_of(shape); i++) {
        if (shape.dim[i] == 0) return 0;
        fits &= !__builtin_mul_overflow(count, shape.dim[i], &count);
    }
    return fits ? count : INT64_MAX;
}

bool vt_shape_equal(vt_shape a, vt_shape b)
{
    if (a.rank != b.rank) return false;
    for (int i = 0; i < rank_of(a); i++)
        if (a.dim[i] != b.dim[i]) return false;
    return true;
}

const char *vt_shape_text(vt_shape shape, char text[128])
{
    if (!text) return "";
    size_t used = (size_t)snprintf(text, 128, "[");
    for (int i = 0; i < rank_of(shape) && used < 120; i++)
        used += (size_t)snprintf(text + used, 128 - used, i ? ", %lld" : "%lld", (long long)shape.dim[i]);
    if (used > 126) used = 126;
    memcpy(text + used, "]", 2);
    return text;
}

int axis_resolve(int64_t axis, int rank)
{
    if (axis < -rank || axis >= rank) return -1;
    return (int)(axis < 0 ? axis + rank : axis);
}

bool shape_is_valid(vt_shape shape)
{
    int64_t count = 1;
    if (shape.rank < 0 || shape.rank > VT_MAX_RANK) return false;
    for (int i = 0; i < shape.rank; i++) {
        if (shape.dim[i] < 0) return false;
        /* Of an empty shape the others count too, so that products of some of the extents are numbers. */
        int64_t extent = shape.dim[i] ? shape.dim[i] : 1;
        if (__builtin_mul_overflow(count, extent, &count) || count > MAX_COUNT) return false;
    }
    return true;
}

bool shape_broadcast(vt_shape a, vt_shape b, vt_shape *out)
{
    vt_shape shape = { .rank = a.rank > b.rank ? a.rank : b.rank };
    for (int i = 1; i <= shape.rank; i++) {
        int64_t m = i <= a.rank ? a.dim[a.rank - i] : 1;
        int64_t n = i <= b.rank ? b.dim[b.rank - i] : 1;
        if (m != n && m != 1 && n != 1) return false;
        shape.dim[shape.rank - i] = m == 1 ? n : m;
    }
    *out = shape;
    return true;
}
