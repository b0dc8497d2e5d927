/* add_relu.c - a sum together with the ReLU that alone reads it, and a sum of gradients with the ReLU's gradient. */
#include "ops/infer.h"
#include "passes/fuse.h"
#include <vitro/vitro.h>

/* The ReLU of a sum, and its gradient where that too comes as a sum: what a residual block ends with, and begins with
 * on the way back. */
static void add_relu_decompose(const node *n, vt_tensor *out)
{
    out[0] = vt_relu(vt_add(n->in[0], n->in[1]));
}

/* a and b [...], gradients, and y [...], what the ReLU made -> dx [...] */
static void add_relu_gradient_decompose(const node *n, vt_tensor *out)
{
    vt_tensor a = n->in[0], b = n->in[1], y = n->in[2];
    out[0] = record(&op_relu_gradient, n->at, INPUTS(vt_add(a, b), y));
}

const op op_add_relu = { OP_HEAD(add_relu, 2, 2, 1), .infer = infer_float_pair, .decompose = add_relu_decompose };
const op op_add_relu_gradient = { OP_HEAD(add_relu_gradient, 3, 3, 1), .infer = infer_float_pair,
                                  .decompose = add_relu_gradient_decompose };

static instruction *passing_sum(const program *p, int term)
{
    instruction *add = program_producer(p, term, &op_add);
    bool plain = add && program_is_passing(p, term) && are_alike(p, add->in[0], add->in[1]);
    return plain && vt_dtype_is_float(p->terms[term].spec.dtype) ? add : NULL;
}

static void fuse_forward(program *p, instruction *relu)
{
    instruction *add = passing_sum(p, relu->in[0]);
    if (!add) return;
    program_fuse(p, &(replacement){ .op = &op_add_relu, TERMS(add->in[0], add->in[1]), MAKES(relu->out[0]) },
                 GROUP(add, relu));
}

static void fuse_gradient(program *p, instruction *relu)
{
    instruction *add = passing_sum(p, relu->in[0]);
    if (!add || !are_alike(p, relu->in[0], relu->in[1])) return;
    program_fuse(
        p,
        &(replacement){ .op = &op_add_relu_gradient, TERMS(add->in[0], add->in[1], relu->in[1]), MAKES(relu->out[0]) },
        GROUP(add, relu));
}

void fuse_add_relu(program *p)
{
    fuse_each(p, &op_relu, fuse_forward);
    fuse_each(p, &op_relu_gradient, fuse_gradient);
}
