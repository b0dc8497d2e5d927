/* residual_layer_norm.c - the sum of a residual connection together with the layer norm that reads it, and, on the way
 * back, the gradient of the norm together with the one that goes past it. */
#include "ops/list.h"
#include "passes/fuse.h"

static void fuse_forward(program *p, instruction *norm)
{
    instruction *add = program_producer(p, norm->in[0], &op_add);
    if (!add || !are_alike(p, add->in[0], add->in[1]) || !are_alike(p, add->in[0], add->out[0])) return;
    int weight = norm->inputs > 1 ? norm->in[1] : NO_TERM, bias = norm->inputs > 2 ? norm->in[2] : NO_TERM;
    program_fuse(p,
                 &(replacement){ .op = &op_add_layer_norm,
                                 AS(norm),
                                 TERMS(add->in[0], add->in[1], weight, bias),
                                 MAKES(norm->out[0], norm->out[1], norm->out[2], add->out[0]) },
                 GROUP(add, norm));
}

static void fuse_gradient(program *p, instruction *add)
{
    for (int own = 0; own < 2; own++) {
        instruction *norm = program_producer(p, add->in[own], &op_layer_norm_gradient);
        if (!norm || add->in[own] != norm->out[0] || !program_is_passing(p, norm->out[0])) continue;
        int other = add->in[1 - own], weight = norm->inputs > 4 ? norm->in[4] : NO_TERM;
        if (!are_alike(p, other, norm->out[0])) continue;
        replacement r = { .op = &op_layer_norm_gradient_add,
                          AS(norm),
                          TERMS(norm->in[0], norm->in[1], norm->in[2], norm->in[3], other, weight),
                          .outputs = norm->outputs,
                          .out = norm->outputs > 1 ? (int[]){ add->out[0], norm->out[1], norm->out[2] }
                                                   : (int[]){ add->out[0] } };
        if (program_fuse(p, &r, GROUP(norm, add))) return;
    }
}

void fuse_residual_layer_norm(program *p)
{
    fuse_each(p, &op_layer_norm, fuse_forward);
    fuse_each(p, &op_add, fuse_gradient);
}
