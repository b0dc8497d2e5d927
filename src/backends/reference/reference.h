/* reference.h - the f64 oracle: one plain function an op, over contiguous arrays of double. */
#ifndef VITRO_BACKENDS_REFERENCE_H
#define VITRO_BACKENDS_REFERENCE_H

#include "ops/list.h"

/* What a reference kernel sees. Every tensor is row-major doubles, whatever its dtype; an absent optional input is
 * NULL. What an op with an effect writes into in[i] is stored back. */
typedef struct reference_call {
    const void *attributes;
    const bound *bound;
    int inputs, outputs;
    double **in, **out;
    const vt_shape *in_shape, *out_shape;
    const vt_dtype *in_dtype, *out_dtype;
    vt_site at; /* for errors that only the data shows: refuse_call() and return */
} reference_call;

#define OP(name) void reference_##name(const reference_call *c);
#define VIEW(name)
#define GRADIENT(name)
#define FUNCTION(name)
#include "ops/ops.def"

/* Where the element with row-major number `index` of a result of shape `to` is in an input of shape `from` that is
 * broadcast to it. */
int64_t broadcast_index(vt_shape from, vt_shape to, int64_t index);

/* The product of the extents of axes first to last - 1. */
int64_t extent_product(vt_shape shape, int first, int last);

#endif
