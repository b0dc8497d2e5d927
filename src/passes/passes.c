/* passes.c - every pass, in the order in which they run. Those that fuse go from the larger pattern to the smaller. */
#include "core/plan/elimination.h"
#include "passes/passes.h"
#include "passes/fuse.h"

const pass passes[] = {
    { "common_subexpressions", pass_common_subexpressions, true },
    { "dead_code", pass_dead_code, true },
    { "attention_gradient", fuse_attention_gradient, false },
    { "batch_norm_folding", fuse_batch_norm_folding, false },
    { "batch_norm_relu", fuse_batch_norm_relu, false },
    { "add_relu", fuse_add_relu, false },
    { "residual_layer_norm", fuse_residual_layer_norm, false },
    { "convolution_gradients", fuse_convolution_gradients, false },
    { "linear_gelu", fuse_linear_gelu, false },
    { "matmul_gelu_gradient", fuse_matmul_gelu_gradient, false },
    { "elementwise_chain", fuse_elementwise_chain, false },
    { 0 },
};
