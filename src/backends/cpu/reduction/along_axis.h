/* along_axis.h - contiguous memory seen along one of its axes: [outer, length, inner]. */
#ifndef VITRO_BACKENDS_CPU_REDUCTION_ALONG_AXIS_H
#define VITRO_BACKENDS_CPU_REDUCTION_ALONG_AXIS_H

#include <vitro/base.h>

typedef struct along_axis {
    int64_t outer, length, inner;
} along_axis;

static inline along_axis along_axis_of(vt_shape shape, int64_t axis)
{
    along_axis a = { 1, shape.dim[axis], 1 };
    for (int i = 0; i < shape.rank; i++)
        if (i != axis) *(i < axis ? &a.outer : &a.inner) *= shape.dim[i];
    return a;
}

/* Columns [first, first + n) of one outer index: where inner > 1, neighbours are handled together. */
enum { COLUMN_BLOCK = 128 };

typedef struct column_block {
    int64_t offset, n; /* of the first element; columns */
} column_block;

static inline int64_t column_blocks(along_axis a)
{
    if (a.length == 0) return 0; /* however many empty columns there are */
    return a.outer * ((a.inner + COLUMN_BLOCK - 1) / COLUMN_BLOCK);
}

static inline column_block column_block_of(along_axis a, int64_t block)
{
    int64_t blocks = (a.inner + COLUMN_BLOCK - 1) / COLUMN_BLOCK, first = block % blocks * COLUMN_BLOCK;
    int64_t n = a.inner - first;
    return (column_block){ block / blocks * a.length * a.inner + first, n < COLUMN_BLOCK ? n : COLUMN_BLOCK };
}

/* Below this many elements, threads cost more than they bring. */
enum { SMALL_WORK = 1 << 15 };

static inline int64_t element_count(along_axis a)
{
    return a.outer * a.length * a.inner;
}

#endif
