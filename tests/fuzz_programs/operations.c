/* operations.c - every operation: an op of the library that has none does not link. */
#include "program.h"
#include <stddef.h>

/* The fused gradients are met by differentiating. */
#define OP(name)       extern const operation operation_##name;
#define VIEW(name)     OP(name)
#define FUNCTION(name) OP(name)
#define FUSED(name)    OP(name)
#define GRADIENT(name)
#include "ops/ops.def"

#define OTHERS(X)                                                                                                      \
    X(leaf)                                                                                                            \
    X(trainable)                                                                                                       \
    X(write)                                                                                                           \
    X(read)                                                                                                            \
    X(keep)                                                                                                            \
    X(free)                                                                                                            \
    X(flush)                                                                                                           \
    X(scope_begin)                                                                                                     \
    X(scope_end)                                                                                                       \
    X(close_scope)                                                                                                     \
    X(block)                                                                                                           \
    X(set_training)                                                                                                    \
    X(set_eager)                                                                                                       \
    X(set_precision)                                                                                                   \
    X(set_threads)                                                                                                     \
    X(set_pass)                                                                                                        \
    X(adamw)                                                                                                           \
    X(step)                                                                                                            \
    X(update)                                                                                                          \
    X(training_step)                                                                                                   \
    X(gradients_of)
#define DECLARE(name) extern const operation operation_##name;
OTHERS(DECLARE)

const operation *const operations[] = {
#define OP(name)       &operation_##name,
#define VIEW(name)     OP(name)
#define FUNCTION(name) OP(name)
#define FUSED(name)    OP(name)
#define GRADIENT(name)
#include "ops/ops.def"
#define LIST(name) &operation_##name,
    OTHERS(LIST) NULL
};
