/* residual_layer_norm.c - the sum of a residual connection together with the layer norm that reads it, and, on the way
 * back, the gradient of the norm together with the one that goes past it. */
#include "ops/list.h"
#include "passes/fuse.h"
#include <vitro/vitro.h>

/* -- The fused ops ------------------------------------------------------------------------------------------------ */

static bool is_like(const node *n, const char *what, const spec *x, const spec *like)
{
    char a[128], b[128];
    if (x->dtype == like->dtype && vt_shape_equal(x->shape, like->shape)) return true;
    return refuse(n, "%s is %s %s, it must be %s %s", what, vt_dtype_name(x->dtype), vt_shape_text(x->shape, a),
                  vt_dtype_name(like->dtype), vt_shape_text(like->shape, b));
}

static bool record_part(const node *n, const op *op, const vt_tensor *in, int inputs, int outputs, vt_tensor *out)
{
    return record_into(&(recording){ .op = op,
                                     .at = n->at,
                                     .inputs = inputs,
                                     .in = in,
                                     .attributes = n->attributes,
                                     .attributes_size = n->attributes_size,
                                     .outputs = outputs },
                       out);
}

/* Inputs: a, b, weight, bias. Outputs: those of the layer norm of a + b, and a + b. */
static bool infer_add_layer_norm(const node *n, const spec *in, spec *out)
{
    const spec norm[] = { in[0], in[2], in[3] };
    out[3] = in[0];
    return is_like(n, "b", &in[1], &in[0]) && op_layer_norm.infer(n, norm, out);
}

static void add_layer_norm_decompose(const node *n, vt_tensor *out)
{
    out[3] = vt_add(n->in[0], n->in[1]);
    record_part(n, &op_layer_norm, (vt_tensor[]){ out[3], n->in[2], n->in[3] }, 3, 0, out);
}

/* Inputs: g, x, mean, rstd, what is added to dx, weight. Outputs: those of layer_norm_gradient. */
static bool infer_gradient_add(const node *n, const spec *in, spec *out)
{
    return is_like(n, "what is added", &in[4], &in[1]) && op_layer_norm_gradient.infer(n, in, out);
}

static void layer_norm_gradient_add_decompose(const node *n, vt_tensor *out)
{
    const vt_tensor *in = n->in;
    record_part(n, &op_layer_norm_gradient, (vt_tensor[]){ in[0], in[1], in[2], in[3], in[5] }, 5, n->outputs, out);
    out[0] = vt_add(in[4], out[0]);
}

const op op_add_layer_norm = { OP_HEAD(add_layer_norm, 2, 4, 4), .decompose = add_layer_norm_decompose,
                               .infer = infer_add_layer_norm };
const op op_layer_norm_gradient_add = { OP_HEAD(layer_norm_gradient_add, 5, 6, 0),
                                        .decompose = layer_norm_gradient_add_decompose, .infer = infer_gradient_add };

/* -- The pass ------------------------------------------------------------------------------------------------------ */

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
