/* pointwise.c - the ops that pointwise.def lists, and the public functions of those without options. */
#include "ops/pointwise.h"
#include "ops/infer.h"
#include <vitro/vitro.h>

/* 0, and not nothing: a loss that passes through a step has gradients. */
static void step_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    (void)g;
    dx[0] = vt_zeros_like(n->in[0]);
}

/* -- Ops ----------------------------------------------------------------------------------------------------------- */

#define INFER_1_FLOATS         infer_float
#define INFER_1_NUMBERS        infer_number
#define INFER_2_FLOATS         infer_float_pair
#define INFER_2_NUMBERS        infer_number_pair
#define INFER_2_SIGNED_NUMBERS infer_number_pair
#define INFER_2_INTEGERS       infer_integer_pair
#define INFER_2_BITS           infer_bits_pair

#define UNARY_OP(name, dtypes, reference, kernel)                                                                      \
    const op op_##name = { OP_HEAD(name, 1, 1, 1), .chainable = true, .infer = INFER_1_##dtypes, .vjp = name##_vjp };
#define STEP_OP(name, reference, kernel)                                                                               \
    const op op_##name = { OP_HEAD(name, 1, 1, 1), .chainable = true, .infer = infer_float, .vjp = step_vjp };
#define OPTION_OP(name, words, reference, kernel)                                                                      \
    const op op_##name = { OP_HEAD(name, 1, 1, 1), .chainable = true, .infer = infer_float, .vjp = name##_vjp,         \
                           .unbounded = (1u << (words)) - 1 };
#define BINARY_OP(name, dtypes, reference, kernel)                                                                     \
    const op op_##name = { OP_HEAD(name, 2, 2, 1), .chainable = true, .infer = INFER_2_##dtypes, .vjp = name##_vjp };
#define BINARY_STEP_OP(name, dtypes, reference, kernel)                                                                \
    const op op_##name = { OP_HEAD(name, 2, 2, 1), .chainable = true, .infer = INFER_2_##dtypes, .constant = true };
#define INTEGER_OP(name, dtypes, kernel)                                                                               \
    const op op_##name = { OP_HEAD(name, 2, 2, 1), .infer = INFER_2_##dtypes, .constant = true };
#define GRADIENT_OP(name, inputs, kernel)                                                                              \
    const op op_##name = { OP_HEAD(name, inputs, inputs, 1), .chainable = true, .infer = infer_float_pair,             \
                           .decompose = name##_decompose };
#include "ops/pointwise.def"

/* -- Functions ----------------------------------------------------------------------------------------------------- */

#define UNARY_OP(name, dtypes, reference, kernel)       UNARY_FUNCTION(name)
#define STEP_OP(name, reference, kernel)                UNARY_FUNCTION(name)
#define BINARY_OP(name, dtypes, reference, kernel)      BINARY_FUNCTION(name)
#define BINARY_STEP_OP(name, dtypes, reference, kernel) BINARY_FUNCTION(name)
#define INTEGER_OP(name, dtypes, kernel)                BINARY_FUNCTION(name)
#include "ops/pointwise.def"
