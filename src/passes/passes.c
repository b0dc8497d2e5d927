/* passes.c - every pass, in the order in which they run. Those that fuse go from the larger pattern to the smaller. */
#include "core/plan/elimination.h"
#include "passes/passes.h"
#include "passes/fuse.h"

const pass passes[] = {
    { "common_subexpressions", pass_common_subexpressions, PASS_AGAIN },
    { "dead_code", pass_dead_code, PASS_AGAIN },
    { "attention_gradient", fuse_attention_gradient, PASS_ONCE },
    { "batch_norm_folding", fuse_batch_norm_folding, PASS_ONCE },
    { "batch_norm_relu", fuse_batch_norm_relu, PASS_ONCE },
    { "batch_norm_tracking", fuse_batch_norm_tracking, PASS_WITHOUT_LIMIT },
    { "add_relu", fuse_add_relu, PASS_ONCE },
    { "residual_layer_norm", fuse_residual_layer_norm, PASS_ONCE },
    { "convolution_gradients", fuse_convolution_gradients, PASS_ONCE },
    { "linear_gelu", fuse_linear_gelu, PASS_ONCE },
    { "matmul_gelu_gradient", fuse_matmul_gelu_gradient, PASS_ONCE },
    { "elementwise_chain", fuse_elementwise_chain, PASS_ONCE },
    { 0 },
};
