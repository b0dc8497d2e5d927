/* fused_norm.c - layer norm together with the sum of a residual connection that stands before it, or, in the gradient,
 * after it: what a planner makes of the two. */
#include "ops/list.h"
#include "ops/normalization.h"
#include <vitro/vitro.h>

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
