/* reference.h - the oracle: one plain function an op, over contiguous arrays of double and of i64. */
#ifndef VITRO_BACKENDS_REFERENCE_H
#define VITRO_BACKENDS_REFERENCE_H

#include "ops/list.h"

/* What a reference kernel sees. A tensor of floating point is row-major doubles, in[i] or out[i]; one of integers or
 * bools is row-major i64, whole_in[i] or whole_out[i]. The other of the two is NULL, and both are where an optional
 * input is absent. What an op with an effect writes into in[i] or whole_in[i] is stored back. */
typedef struct reference_call {
    const void *attributes;
    const bound *bound;
    int inputs, outputs;
    double **in, **out;
    int64_t **whole_in, **whole_out;
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

/* Element `from` of an input becomes element `to` of an output, whatever their dtype. */
void move_element(const reference_call *c, int output, int64_t to, int input, int64_t from);
/* A number becomes element i of an output, converted to its dtype as vt_cast does. */
void set_element(const reference_call *c, int output, int64_t i, double value);

/* What is left of an integer that does not fit its dtype. */
int64_t wrapped(uint64_t value, vt_dtype dtype);

/* The product of the extents of axes first to last - 1. */
int64_t extent_product(vt_shape shape, int first, int last);

#endif
