/* linear_gradient.c - the gradients of a linear layer's weight and bias, which read the same, at once. */
#include "ops/linear.h"
#include "ops/list.h"
#include "ops/reduce.h"
#include "passes/fuse.h"

/* The product that is the weight's gradient, where g is what reaches the layer; NULL where there is none. */
static instruction *product_of(const program *p, int g)
{
    for (int n = 0; n < p->count; n++) {
        instruction *i = &p->instructions[n];
        if (i->op != &op_matmul || i->in[0] != g) continue;
        const matmul_attributes *t = ATTRIBUTES(matmul_attributes, i);
        vt_shape x = p->terms[i->in[1]].spec.shape;
        if (t->transpose_a && !t->transpose_b && x.rank == 2 && x.dim[1] > 0) return i;
    }
    return NULL;
}

static void fuse_sum(program *p, instruction *sum)
{
    int g = sum->in[0];
    const reduce_attributes *t = ATTRIBUTES(reduce_attributes, sum);
    if (p->terms[g].spec.shape.rank != 2 || t->axes != 1 || t->keep) return;
    instruction *product = product_of(p, g);
    if (!product) return;
    replacement r = { .op = &op_linear_gradient, TERMS(g, product->in[1]), MAKES(product->out[0], sum->out[0]) };
    if (product < sum)
        program_fuse(p, &r, GROUP(product, sum));
    else
        program_fuse(p, &r, GROUP(sum, product));
}

void fuse_linear_gradient(program *p)
{
    fuse_each(p, &op_sum, fuse_sum);
}
