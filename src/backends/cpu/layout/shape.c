/* shape.c - padding: whole rows are copied. */
#include "backends/cpu/kernels.h"
#include "ops/shape.h"
#include <string.h>

enum { WORTH_THREADS = 1 << 17 }; /* bytes */

static int64_t product(vt_shape shape, int first, int last)
{
    int64_t result = 1;
    for (int i = first; i < last; i++) result *= shape.dim[i];
    return result;
}

/* A padded tensor as rows: the axes before the last one that is padded number the rows, that axis gives a row its
 * chunks, and what lies behind it is the chunk. */
typedef struct padding {
    const pad_attributes *attributes;
    vt_shape from, to;
    int axis;          /* the last padded one; -1: none is */
    size_t size;       /* of an element, in bytes */
    size_t chunk;      /* bytes */
    const void *value; /* of a new element, in 8 bytes */
    const char *data;  /* of the input */
} padding;

#define FILL(type)                                                                                                     \
    for (size_t i = 0; i < bytes / sizeof(type); i++) ((type *)(void *)to)[i] = *(const type *)p->value

static void fill(char *to, size_t bytes, const padding *p)
{
    if (memcmp(p->value, (const char[8]){ 0 }, sizeof p->value) == 0)
        memset(to, 0, bytes);
    else if (p->size == 4)
        FILL(uint32_t);
    else if (p->size == 8)
        FILL(uint64_t);
    else
        FILL(uint8_t);
}

/* The row of the input that goes to this row of the output; -1: it is all new. */
static int64_t source_row(const padding *p, int64_t row)
{
    const pad_attributes *a = p->attributes;
    int64_t source = 0, stride = 1;
    for (int i = p->axis - 1; i >= 0; i--) {
        int64_t place = row % p->to.dim[i] - a->before[i], step = a->between[i] + 1;
        row /= p->to.dim[i];
        if (place < 0 || place % step || place / step >= p->from.dim[i]) return -1;
        source += place / step * stride;
        stride *= p->from.dim[i];
    }
    return source;
}

static void pad_row(const padding *p, char *to, int64_t source)
{
    size_t extent = (size_t)p->from.dim[p->axis], before = (size_t)p->attributes->before[p->axis];
    size_t step = (size_t)p->attributes->between[p->axis] + 1, whole = (size_t)p->to.dim[p->axis] * p->chunk;
    if (source < 0 || extent == 0) {
        fill(to, whole, p);
        return;
    }
    const char *from = p->data + (size_t)source * extent * p->chunk;
    size_t end = (before + (extent - 1) * step + 1) * p->chunk;
    fill(to, before * p->chunk, p);
    fill(to + end, whole - end, p);
    to += before * p->chunk;
    if (step == 1) {
        memcpy(to, from, extent * p->chunk);
        return;
    }
    fill(to, end - before * p->chunk, p);
    for (size_t i = 0; i < extent; i++) memcpy(to + i * step * p->chunk, from + i * p->chunk, p->chunk);
}

static bool pad(const kernel_call *call)
{
    const pad_attributes *a = call->attributes;
    array *out = &call->out[0];
    uint64_t bits = 0;
    array value = array_contiguous(&bits, out->dtype, VT_SCALAR);
    array_set(&value, 0, a->value);
    padding p = { a, call->in[0].shape, out->shape, -1, vt_dtype_size(out->dtype), 0, &bits, call->in[0].data };
    for (int i = 0; i < p.to.rank; i++)
        if (p.to.dim[i] != p.from.dim[i]) p.axis = i;
    if (vt_shape_count(p.to) == 0) return true;
    if (p.axis < 0) {
        memcpy(out->data, p.data, (size_t)vt_shape_count(p.to) * p.size);
        return true;
    }
    p.chunk = (size_t)product(p.to, p.axis + 1, p.to.rank) * p.size;
    int64_t rows = product(p.to, 0, p.axis);
    size_t bytes = (size_t)p.to.dim[p.axis] * p.chunk;
#pragma omp parallel for if (rows * (int64_t)bytes > WORTH_THREADS)
    for (int64_t row = 0; row < rows; row++) pad_row(&p, (char *)out->data + (size_t)row * bytes, source_row(&p, row));
    return true;
}

const kernel_row cpu_shape_kernels[] = {
    { &op_pad, { .run = pad } },
    { 0 },
};
