/* linear_gelu.c - GELU where the product that it follows writes its result, and its gradient where the product that it
 * follows does. */
#include "ops/elementwise.h"
#include "ops/linear.h"
#include "ops/list.h"
#include "passes/fuse.h"

static bool is_exact(const instruction *gelu)
{
    return !ATTRIBUTES(gelu_attributes, gelu)->tanh;
}

/* The gradient reads what GELU read, so that stays an output. */
static void fuse_forward(program *p, instruction *gelu)
{
    instruction *linear = program_producer(p, gelu->in[0], &op_linear);
    if (!linear || !is_exact(gelu)) return;
    int bias = linear->inputs > 2 ? linear->in[2] : NO_TERM;
    program_fuse(p,
                 &(replacement){ .op = &op_linear_gelu,
                                 TERMS(linear->in[0], linear->in[1], bias),
                                 MAKES(gelu->out[0], linear->out[0]) },
                 GROUP(linear, gelu));
}

/* g W, as rows, then seen with the shape of z. */
static void fuse_gradient(program *p, instruction *gelu)
{
    instruction *reshape = program_producer(p, gelu->in[0], &op_reshape);
    instruction *product = program_producer(p, reshape ? reshape->in[0] : gelu->in[0], &op_matmul);
    if (!product || !is_exact(gelu) || !are_alike(p, gelu->in[0], gelu->in[1])) return;
    if (!program_is_passing(p, gelu->in[0]) || !program_is_passing(p, product->out[0])) return;
    const matmul_attributes *t = ATTRIBUTES(matmul_attributes, product);
    const spec *g = &p->terms[product->in[0]].spec, *weight = &p->terms[product->in[1]].spec;
    if (t->transpose_a || t->transpose_b || g->shape.rank != 2 || weight->shape.rank != 2) return;
    replacement r = { .op = &op_matmul_gelu_gradient,
                      TERMS(product->in[0], product->in[1], gelu->in[1]),
                      MAKES(gelu->out[0]) };
    if (reshape)
        program_fuse(p, &r, GROUP(product, reshape, gelu));
    else
        program_fuse(p, &r, GROUP(product, gelu));
}

void fuse_linear_gelu(program *p)
{
    fuse_each(p, &op_gelu, fuse_forward);
}

void fuse_matmul_gelu_gradient(program *p)
{
    fuse_each(p, &op_gelu_gradient, fuse_gradient);
}
