/* elementwise.c - reference kernels of ops on each element. */
#include "backends/reference/reference.h"
#include <math.h>

#define UNARY(name, expression)                                                                                        \
    void reference_##name(const reference_call *c)                                                                     \
    {                                                                                                                  \
        int64_t count = vt_shape_count(c->out_shape[0]);                                                               \
        for (int64_t i = 0; i < count; i++) {                                                                          \
            double x = c->in[0][i];                                                                                    \
            c->out[0][i] = expression;                                                                                 \
        }                                                                                                              \
    }

#define BINARY(name, expression)                                                                                       \
    void reference_##name(const reference_call *c)                                                                     \
    {                                                                                                                  \
        int64_t count = vt_shape_count(c->out_shape[0]);                                                               \
        for (int64_t i = 0; i < count; i++) {                                                                          \
            double a = c->in[0][broadcast_index(c->in_shape[0], c->out_shape[0], i)];                                  \
            double b = c->in[1][broadcast_index(c->in_shape[1], c->out_shape[0], i)];                                  \
            c->out[0][i] = expression;                                                                                 \
        }                                                                                                              \
    }

BINARY(add, a + b)
BINARY(mul, a *b)
UNARY(exp, exp(x))
