/* passes.c - every pass, in the order in which they run. Those that fuse go from the larger pattern to the smaller. */
#include "passes/fuse.h"

const pass passes[] = {
    { "common_subexpressions", pass_common_subexpressions, true },
    { "dead_code", pass_dead_code, true },
    { "batch_norm_relu", fuse_batch_norm_relu, false },
    { "add_relu", fuse_add_relu, false },
    { "residual_layer_norm", fuse_residual_layer_norm, false },
    { "linear_gelu", fuse_linear_gelu, false },
    { "matmul_gelu_gradient", fuse_matmul_gelu_gradient, false },
    { "elementwise_chain", fuse_elementwise_chain, false },
    { "in_place", NULL, false }, /* an elementwise op writes over an input that ends there */
    { "write_parts", NULL,
      false }, /* what is concatenated or reshaped is written where it ends up in the first place */
    { 0 },
};
