/* batch_norm_relu.c - batch norm together with the ReLU that reads it, with or without the sum of a shortcut between,
 * and the gradients of both. */
#include "ops/list.h"
#include "passes/fuse.h"

static int optional_input(const instruction *i, int k)
{
    return k < i->inputs ? i->in[k] : NO_TERM;
}

/* relu(batch_norm(x)), or relu(batch_norm(x) + shortcut): of two norms in the sum, the one that comes last is taken. */
static void fuse_forward(program *p, instruction *relu)
{
    instruction *norm = program_producer(p, relu->in[0], &op_batch_norm), *add = NULL;
    if (norm) {
        if (relu->in[0] != norm->out[0] || !program_is_passing(p, norm->out[0])) return;
        program_fuse(p,
                     &(replacement){ .op = &op_batch_norm_relu,
                                     AS(norm),
                                     TERMS(norm->in[0], optional_input(norm, 1), optional_input(norm, 2)),
                                     MAKES(relu->out[0], norm->out[1], norm->out[2]) },
                     GROUP(norm, relu));
        return;
    }
    add = program_producer(p, relu->in[0], &op_add);
    if (!add || !program_is_passing(p, add->out[0]) || !are_alike(p, add->in[0], add->in[1])) return;
    for (int own = 1; own >= 0; own--) {
        int y = add->in[own], shortcut = add->in[1 - own];
        norm = program_producer(p, y, &op_batch_norm);
        if (!norm || y != norm->out[0] || !program_is_passing(p, y)) continue;
        replacement r = { .op = &op_batch_norm_add_relu,
                          AS(norm),
                          TERMS(norm->in[0], shortcut, optional_input(norm, 1), optional_input(norm, 2)),
                          MAKES(relu->out[0], norm->out[1], norm->out[2]) };
        if (program_fuse(p, &r, GROUP(norm, add, relu))) return;
    }
}

/* The forward op that gave y, if it is that of the norm whose gradient is taken. */
static const instruction *forward_of(const program *p, const instruction *gradient, int y, const op *op)
{
    const instruction *forward = program_producer(p, y, op);
    return forward && forward->out[0] == y && forward->in[0] == gradient->in[1] ? forward : NULL;
}

static bool fuse_plain_gradient(program *p, instruction *relu, instruction *norm)
{
    int y = relu->in[1], weight = optional_input(norm, 4);
    const instruction *forward = forward_of(p, norm, y, &op_batch_norm_relu);
    if (!forward || !program_is_passing(p, relu->out[0]) || !are_alike(p, relu->in[0], norm->in[1])) return false;
    replacement r = { .op = &op_batch_norm_relu_gradient,
                      AS(norm),
                      TERMS(relu->in[0], norm->in[1], norm->in[2], norm->in[3], weight, optional_input(forward, 2)),
                      .outputs = norm->outputs,
                      .out = norm->out };
    return program_fuse(p, &r, GROUP(relu, norm));
}

/* Where the gradient comes as a sum of two, that is taken in too. */
static void fuse_shortcut_gradient(program *p, instruction *relu, instruction *norm)
{
    instruction *add = program_producer(p, relu->in[0], &op_add);
    int y = relu->in[1], weight = optional_input(norm, 4), dx = norm->out[0];
    if (!are_alike(p, relu->in[0], norm->in[1])) return;
    replacement r = { .op = &op_batch_norm_add_relu_gradient,
                      AS(norm),
                      TERMS(relu->in[0], norm->in[1], norm->in[2], norm->in[3], y, weight, NO_TERM),
                      .outputs = norm->outputs + 1,
                      .out = norm->outputs > 1 ? (int[]){ dx, relu->out[0], norm->out[1], norm->out[2] }
                                               : (int[]){ dx, relu->out[0] } };
    if (add && program_is_passing(p, add->out[0]) && are_alike(p, add->in[0], add->in[1])) {
        replacement sum = r;
        sum.in = (int[]){ add->in[0], norm->in[1], norm->in[2], norm->in[3], y, weight, add->in[1] };
        if (program_fuse(p, &sum, GROUP(add, relu, norm))) return;
    }
    program_fuse(p, &r, GROUP(relu, norm));
}

static void fuse_gradient(program *p, instruction *norm)
{
    instruction *relu = program_producer(p, norm->in[0], &op_relu_gradient);
    if (relu && !fuse_plain_gradient(p, relu, norm)) fuse_shortcut_gradient(p, relu, norm);
}

void fuse_batch_norm_relu(program *p)
{
    fuse_each(p, &op_relu, fuse_forward);
    fuse_each(p, &op_batch_norm_gradient, fuse_gradient);
}
