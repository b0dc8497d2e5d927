/* infer.h - what the files of ops on each element share: checks, and the common parts of an op. */
#ifndef VITRO_OPS_INFER_H
#define VITRO_OPS_INFER_H

#include "ops/list.h"

/* The public functions of ops without options. */
#define UNARY_FUNCTION(name)                                                                                           \
    vt_tensor vt_##name##_at(vt_site at, vt_tensor x)                                                                  \
    {                                                                                                                  \
        return record(&op_##name, at, INPUTS(x));                                                                      \
    }
#define BINARY_FUNCTION(name)                                                                                          \
    vt_tensor vt_##name##_at(vt_site at, vt_tensor a, vt_tensor b)                                                     \
    {                                                                                                                  \
        return record(&op_##name, at, INPUTS(a, b));                                                                   \
    }

/* One input x: the output is like it. */
bool infer_float(const node *n, const spec *in, spec *out);
bool infer_number(const node *n, const spec *in, spec *out);
bool infer_logical(const node *n, const spec *in, spec *out);

/* Two inputs a and b of one dtype, broadcast. */
bool infer_float_pair(const node *n, const spec *in, spec *out);
bool infer_number_pair(const node *n, const spec *in, spec *out);
bool infer_integer_pair(const node *n, const spec *in, spec *out);
bool infer_bits_pair(const node *n, const spec *in, spec *out); /* integers or bool */
bool infer_logical_pair(const node *n, const spec *in, spec *out);
bool infer_comparison(const node *n, const spec *in, spec *out);

/* The shape of in[first] and in[first + 1], which are called a and b, broadcast; their dtypes must be equal. */
bool infer_pair(const node *n, const spec *in, int first, spec *out);

/* A constant of rank 0 and of x's dtype, to broadcast. */
vt_tensor constant_like(vt_tensor x, double value);

#endif
