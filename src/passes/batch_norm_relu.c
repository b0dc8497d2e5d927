/* batch_norm_relu.c - batch norm together with the ReLU that reads it, with or without the sum of a shortcut between,
 * and the gradients of both. */
#include "ops/list.h"
#include "ops/normalization.h"
#include "passes/fuse.h"
#include <vitro/vitro.h>

/* -- The fused ops ------------------------------------------------------------------------------------------------ */

static bool infer_fused(const node *n, const spec *in, spec *out)
{
    return op_batch_norm.infer(n, in, out);
}

static bool infer_fused_gradient(const node *n, const spec *in, spec *out)
{
    return op_batch_norm_gradient.infer(n, in, out);
}

static vt_tensor normalized_by(const node *n, vt_tensor x, vt_tensor weight, vt_tensor bias, vt_tensor *out)
{
    record_into(&(recording){ .op = &op_batch_norm,
                              .at = n->at,
                              INPUTS(x, weight, bias),
                              .attributes = n->attributes,
                              .attributes_size = n->attributes_size },
                out);
    return out[NORM_Y];
}

/* relu(batch_norm(x)) */
static void batch_norm_relu_decompose(const node *n, vt_tensor *out)
{
    out[NORM_Y] = vt_relu(normalized_by(n, n->in[NORM_X], n->in[NORM_WEIGHT], n->in[NORM_BIAS], out));
}

/* relu(batch_norm(x) + shortcut) */
static void batch_norm_add_relu_decompose(const node *n, vt_tensor *out)
{
    vt_tensor weight = n->in[BATCH_NORM_ADD_RELU_WEIGHT], bias = n->in[BATCH_NORM_ADD_RELU_BIAS];
    vt_tensor y = normalized_by(n, n->in[BATCH_NORM_ADD_RELU_X], weight, bias, out);
    out[NORM_Y] = vt_relu(vt_add(y, n->in[BATCH_NORM_ADD_RELU_SHORTCUT]));
}

/* The gradient of the norm, given that of what came out of it. */
static void own_gradient(const node *n, vt_tensor g, vt_tensor weight, int outputs, vt_tensor *out)
{
    record_into(
        &(recording){ .op = &op_batch_norm_gradient,
                      .at = n->at,
                      INPUTS(g, n->in[NORM_GRADIENT_X], n->in[NORM_GRADIENT_MEAN], n->in[NORM_GRADIENT_VAR], weight),
                      .attributes = n->attributes,
                      .attributes_size = n->attributes_size,
                      .outputs = outputs },
        out);
}

static void batch_norm_relu_gradient_decompose(const node *n, vt_tensor *out)
{
    vt_tensor forward[3], weight = n->in[NORM_GRADIENT_WEIGHT], bias = n->in[NORM_GRADIENT_BIAS];
    vt_tensor y = vt_relu(normalized_by(n, n->in[NORM_GRADIENT_X], weight, bias, forward));
    own_gradient(n, record(&op_relu_gradient, n->at, INPUTS(n->in[NORM_GRADIENT_G], y)), weight, n->outputs, out);
}

static void batch_norm_add_relu_gradient_decompose(const node *n, vt_tensor *out)
{
    vt_tensor own[3], g = n->in[NORM_GRADIENT_G], more_g = n->in[ADD_RELU_GRADIENT_MORE_G];
    if (more_g.id) g = vt_add(g, more_g);
    out[ADD_RELU_DSHORTCUT] = record(&op_relu_gradient, n->at, INPUTS(g, n->in[ADD_RELU_GRADIENT_Y]));
    own_gradient(n, out[ADD_RELU_DSHORTCUT], n->in[ADD_RELU_GRADIENT_WEIGHT], n->outputs - 1, own);
    out[ADD_RELU_DX] = own[NORM_DX];
    if (n->outputs <= ADD_RELU_DWEIGHT) return;
    out[ADD_RELU_DWEIGHT] = own[NORM_DWEIGHT];
    out[ADD_RELU_DBIAS] = own[NORM_DBIAS];
}

static bool infer_shortcut_gradient(const node *n, const spec *in, spec *out)
{
    infer_fused_gradient(n, in, out);
    out[ADD_RELU_DSHORTCUT] = in[NORM_GRADIENT_X];
    return true;
}

const op op_batch_norm_relu = { OP_HEAD(batch_norm_relu, 1, 3, 3), .decompose = batch_norm_relu_decompose,
                                .infer = infer_fused };
const op op_batch_norm_add_relu = { OP_HEAD(batch_norm_add_relu, 2, 4, 3), .decompose = batch_norm_add_relu_decompose,
                                    .infer = infer_fused };
const op op_batch_norm_relu_gradient = { OP_HEAD(batch_norm_relu_gradient, 4, 6, 0),
                                         .decompose = batch_norm_relu_gradient_decompose,
                                         .infer = infer_fused_gradient };
const op op_batch_norm_add_relu_gradient = { OP_HEAD(batch_norm_add_relu_gradient, 5, 7, 0),
                                             .decompose = batch_norm_add_relu_gradient_decompose,
                                             .infer = infer_shortcut_gradient };

/* -- The pass ------------------------------------------------------------------------------------------------------ */

/* relu(batch_norm(x)), or relu(batch_norm(x) + shortcut): of two norms in the sum, the one that comes last is taken. */
static void fuse_forward(program *p, instruction *relu)
{
    instruction *norm = program_producer(p, relu->in[0], &op_batch_norm), *add = NULL;
    if (norm) {
        if (relu->in[0] != norm->out[NORM_Y] || !program_is_passing(p, norm->out[NORM_Y])) return;
        program_fuse(
            p,
            &(replacement){ .op = &op_batch_norm_relu,
                            AS(norm),
                            TERMS(norm->in[NORM_X], optional_input(norm, NORM_WEIGHT), optional_input(norm, NORM_BIAS)),
                            MAKES(relu->out[0], norm->out[NORM_MEAN], norm->out[NORM_VAR]) },
            GROUP(norm, relu));
        return;
    }
    add = program_producer(p, relu->in[0], &op_add);
    if (!add || !program_is_passing(p, add->out[0]) || !are_alike(p, add->in[0], add->in[1])) return;
    for (int own = 1; own >= 0; own--) {
        int y = add->in[own], shortcut = add->in[1 - own];
        norm = program_producer(p, y, &op_batch_norm);
        if (!norm || y != norm->out[NORM_Y] || !program_is_passing(p, y)) continue;
        replacement r = { .op = &op_batch_norm_add_relu,
                          AS(norm),
                          TERMS(norm->in[NORM_X], shortcut, optional_input(norm, NORM_WEIGHT),
                                optional_input(norm, NORM_BIAS)),
                          MAKES(relu->out[0], norm->out[NORM_MEAN], norm->out[NORM_VAR]) };
        if (program_fuse(p, &r, GROUP(norm, add, relu))) return;
    }
}

/* The forward op that gave y, if it is that of the norm whose gradient is taken. */
static const instruction *forward_of(const program *p, const instruction *gradient, int y, const op *op)
{
    const instruction *forward = program_producer(p, y, op);
    return forward && forward->out[NORM_Y] == y && forward->in[NORM_X] == gradient->in[NORM_GRADIENT_X] ? forward
                                                                                                        : NULL;
}

static bool fuse_plain_gradient(program *p, instruction *relu, instruction *norm)
{
    int y = relu->in[1], x = norm->in[NORM_GRADIENT_X], weight = optional_input(norm, NORM_GRADIENT_WEIGHT);
    const instruction *forward = forward_of(p, norm, y, &op_batch_norm_relu);
    if (!forward || !program_is_passing(p, relu->out[0]) || !are_alike(p, relu->in[0], x)) return false;
    if (!program_can_move(p, forward, norm)) return false; /* the bias is read there once more */
    replacement r = { .op = &op_batch_norm_relu_gradient,
                      AS(norm),
                      TERMS(relu->in[0], x, norm->in[NORM_GRADIENT_MEAN], norm->in[NORM_GRADIENT_VAR], weight,
                            optional_input(forward, NORM_BIAS)),
                      .outputs = norm->outputs,
                      .out = norm->out };
    return program_fuse(p, &r, GROUP(relu, norm));
}

/* Where the gradient comes as a sum of two, that is taken in too. */
static void fuse_shortcut_gradient(program *p, instruction *relu, instruction *norm)
{
    instruction *add = program_producer(p, relu->in[0], &op_add);
    int y = relu->in[1], x = norm->in[NORM_GRADIENT_X], weight = optional_input(norm, NORM_GRADIENT_WEIGHT);
    int mean = norm->in[NORM_GRADIENT_MEAN], var = norm->in[NORM_GRADIENT_VAR], dx = norm->out[NORM_DX];
    if (!are_alike(p, relu->in[0], x)) return;
    replacement r = { .op = &op_batch_norm_add_relu_gradient,
                      AS(norm),
                      TERMS(relu->in[0], x, mean, var, y, weight, NO_TERM),
                      .outputs = norm->outputs + 1,
                      .out = norm->outputs > 1
                                 ? (int[]){ dx, relu->out[0], norm->out[NORM_DWEIGHT], norm->out[NORM_DBIAS] }
                                 : (int[]){ dx, relu->out[0] } };
    if (add && program_is_passing(p, add->out[0]) && are_alike(p, add->in[0], add->in[1])) {
        replacement sum = r;
        sum.in = (int[]){ add->in[0], x, mean, var, y, weight, add->in[1] };
        if (program_fuse(p, &sum, GROUP(add, relu, norm))) return;
    }
    program_fuse(p, &r, GROUP(relu, norm));
}

static void fuse_gradient(program *p, instruction *norm)
{
    instruction *relu = program_producer(p, norm->in[NORM_GRADIENT_G], &op_relu_gradient);
    if (relu && !fuse_plain_gradient(p, relu, norm)) fuse_shortcut_gradient(p, relu, norm);
}

void fuse_batch_norm_relu(program *p)
{
    fuse_each(p, &op_relu, fuse_forward);
    fuse_each(p, &op_batch_norm_gradient, fuse_gradient);
}
