/* ops_pointwise.c - an operation for each row of pointwise.def without options: of any numbers that it takes, unless
 * another file says more of it. So a new row is drawn from the day it is there. */
#include "call.h"

#define WEAK(name) extern const operation operation_##name __attribute__((weak));

#define UNARY_OP(name, dtypes, reference, kernel)                                                                      \
    WEAK(name)                                                                                                         \
    OPERATION(name, vt_##name(IN(0)), .in = { { dtypes } });
#define STEP_OP(name, reference, kernel)                                                                               \
    WEAK(name)                                                                                                         \
    OPERATION(name, vt_##name(IN(0)), .in = { { FLOATS } }, .flags = EXACT | STEPS);
#define SIGNED_NUMBERS NUMBERS
#define BINARY_OP(name, dtypes, reference, kernel)                                                                     \
    WEAK(name)                                                                                                         \
    OPERATION(name, vt_##name(IN(0), IN(1)), .in = { { dtypes }, { dtypes, .same = true, .broadcasts = true } });
#define BINARY_STEP_OP(name, dtypes, reference, kernel) BINARY_OP(name, dtypes, reference, kernel)
#define BITS                                            (INTEGERS | ONE(BOOLEAN))
#define INTEGER_OP(name, dtypes, kernel)                                                                               \
    WEAK(name)                                                                                                         \
    OPERATION(name, vt_##name(IN(0), IN(1)), .in = { { dtypes }, { dtypes, .same = true, .broadcasts = true } },       \
              .flags = EXACT);
#include "ops/pointwise.def"
