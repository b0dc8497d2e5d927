/* residual_layer_norm.c - the sum of a residual connection together with the layer norm that reads it, and, on the way
 * back, the gradient of the norm together with the one that goes past it. */
#include "ops/list.h"
#include "ops/normalization.h"
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

static bool infer_add_layer_norm(const node *n, const spec *in, spec *out)
{
    const spec *a = &in[ADD_LAYER_NORM_A], norm[] = { *a, in[ADD_LAYER_NORM_WEIGHT], in[ADD_LAYER_NORM_BIAS] };
    out[ADD_LAYER_NORM_SUM] = *a;
    return is_like(n, "b", &in[ADD_LAYER_NORM_B], a) && op_layer_norm.infer(n, norm, out);
}

static void add_layer_norm_decompose(const node *n, vt_tensor *out)
{
    vt_tensor sum = vt_add(n->in[ADD_LAYER_NORM_A], n->in[ADD_LAYER_NORM_B]);
    vt_tensor norm[] = { sum, n->in[ADD_LAYER_NORM_WEIGHT], n->in[ADD_LAYER_NORM_BIAS] };
    record_part(n, &op_layer_norm, norm, 3, 0, out);
    out[ADD_LAYER_NORM_SUM] = sum;
}

static bool infer_gradient_add(const node *n, const spec *in, spec *out)
{
    return is_like(n, "what is added", &in[GRADIENT_ADD_RESIDUAL], &in[NORM_GRADIENT_X]) &&
           op_layer_norm_gradient.infer(n, in, out);
}

static void layer_norm_gradient_add_decompose(const node *n, vt_tensor *out)
{
    const vt_tensor *in = n->in;
    vt_tensor norm[] = { in[NORM_GRADIENT_G], in[NORM_GRADIENT_X], in[NORM_GRADIENT_MEAN], in[NORM_GRADIENT_RSTD],
                         in[GRADIENT_ADD_WEIGHT] };
    record_part(n, &op_layer_norm_gradient, norm, 5, n->outputs, out);
    out[NORM_DX] = vt_add(in[GRADIENT_ADD_RESIDUAL], out[NORM_DX]);
}

const op op_add_layer_norm = { OP_HEAD(add_layer_norm, 2, 4, 4), .decompose = add_layer_norm_decompose,
                               .infer = infer_add_layer_norm };
const op op_layer_norm_gradient_add = { OP_HEAD(layer_norm_gradient_add, 5, 6, 0),
                                        .decompose = layer_norm_gradient_add_decompose, .infer = infer_gradient_add };

/* -- The pass ------------------------------------------------------------------------------------------------------ */

static void fuse_forward(program *p, instruction *norm)
{
    instruction *add = program_producer(p, norm->in[NORM_X], &op_add);
    if (!add || !are_alike(p, add->in[0], add->in[1]) || !are_alike(p, add->in[0], add->out[0])) return;
    int weight = norm->inputs > NORM_WEIGHT ? norm->in[NORM_WEIGHT] : NO_TERM;
    int bias = norm->inputs > NORM_BIAS ? norm->in[NORM_BIAS] : NO_TERM;
    program_fuse(p,
                 &(replacement){ .op = &op_add_layer_norm,
                                 AS(norm),
                                 TERMS(add->in[0], add->in[1], weight, bias),
                                 MAKES(norm->out[NORM_Y], norm->out[NORM_MEAN], norm->out[NORM_RSTD], add->out[0]) },
                 GROUP(add, norm));
}

static void fuse_gradient(program *p, instruction *add)
{
    for (int own = 0; own < 2; own++) {
        instruction *norm = program_producer(p, add->in[own], &op_layer_norm_gradient);
        if (!norm || add->in[own] != norm->out[NORM_DX] || !program_is_passing(p, norm->out[NORM_DX])) continue;
        int other = add->in[1 - own],
            weight = norm->inputs > NORM_GRADIENT_WEIGHT ? norm->in[NORM_GRADIENT_WEIGHT] : NO_TERM;
        if (!are_alike(p, other, norm->out[NORM_DX])) continue;
        replacement r = { .op = &op_layer_norm_gradient_add,
                          AS(norm),
                          TERMS(norm->in[NORM_GRADIENT_G], norm->in[NORM_GRADIENT_X], norm->in[NORM_GRADIENT_MEAN],
                                norm->in[NORM_GRADIENT_RSTD], other, weight),
                          .outputs = norm->outputs,
                          .out = norm->outputs > 1
                                     ? (int[]){ add->out[0], norm->out[NORM_DWEIGHT], norm->out[NORM_DBIAS] }
                                     : (int[]){ add->out[0] } };
        if (program_fuse(p, &r, GROUP(norm, add))) return;
    }
}

void fuse_residual_layer_norm(program *p)
{
    fuse_each(p, &op_layer_norm, fuse_forward);
    fuse_each(p, &op_add, fuse_gradient);
}
