/* convolution_gradients.c - the gradients of a depth-wise convolution together: they read the same images, and do so
 * little with them that this is what takes the time. */
#include "core/graph/refuse.h"
#include "ops/convolution.h"
#include "ops/list.h"
#include "ops/reduce.h"
#include "passes/fuse.h"
#include <string.h>
#include <vitro/vitro.h>

/* -- The fused op -------------------------------------------------------------------------------------------------- */

static bool infer_conv2d_gradients(const node *n, const spec *in, spec *out)
{
    const spec *x = &in[CONV2D_GRADIENTS_X], *weight = &in[CONV2D_GRADIENTS_WEIGHT];
    const spec *dx = &out[CONV2D_GRADIENTS_DX];
    char a[128], b[128];
    node to_x = *n;
    to_x.inputs = INPUT_GRADIENT_WEIGHT + 1;
    if (!op_conv2d_input_gradient.infer(&to_x, in, out)) return false;
    if (x->dtype != dx->dtype || !vt_shape_equal(x->shape, dx->shape))
        return refuse(n, "x is %s %s, it must be %s %s", vt_dtype_name(x->dtype), vt_shape_text(x->shape, a),
                      vt_dtype_name(dx->dtype), vt_shape_text(dx->shape, b));
    out[CONV2D_GRADIENTS_DWEIGHT] = *weight;
    if (n->outputs > CONV2D_GRADIENTS_DBIAS)
        out[CONV2D_GRADIENTS_DBIAS] = (spec){ weight->dtype, VT_SHAPE(weight->shape.dim[0]) };
    return true;
}

static void conv2d_gradients_decompose(const node *n, vt_tensor *out)
{
    vt_tensor g = n->in[CONV2D_GRADIENTS_G], weight = n->in[CONV2D_GRADIENTS_WEIGHT], x = n->in[CONV2D_GRADIENTS_X];
    conv2d_attributes to_x = *ATTRIBUTES(conv2d_attributes, n), to_weight = to_x;
    for (int i = 0; i < 2; i++) to_weight.size[i] = vt_dim(weight, 2 + i);
    out[CONV2D_GRADIENTS_DX] = record(&op_conv2d_input_gradient, n->at, INPUTS(g, weight), .attributes = &to_x,
                                      .attributes_size = sizeof to_x);
    out[CONV2D_GRADIENTS_DWEIGHT] = record(&op_conv2d_weight_gradient, n->at, INPUTS(g, x), .attributes = &to_weight,
                                           .attributes_size = sizeof to_weight);
    if (n->outputs > CONV2D_GRADIENTS_DBIAS) out[CONV2D_GRADIENTS_DBIAS] = vt_sum(g, .axes = VT_AXES(0, 2, 3));
}

/* As many for dweight as for dx. */
static double conv2d_gradients_flops(const kernel_call *call)
{
    return 2 * op_conv2d_input_gradient.flops(call);
}

const op op_conv2d_gradients = { OP_HEAD(conv2d_gradients, 3, 3, 0), .infer = infer_conv2d_gradients,
                                 .decompose = conv2d_gradients_decompose, .flops = conv2d_gradients_flops };

/* -- The pass ------------------------------------------------------------------------------------------------------ */

static bool is_depth_wise(const program *p, const instruction *to_weight)
{
    vt_shape g = p->terms[to_weight->in[WEIGHT_GRADIENT_G]].spec.shape;
    vt_shape x = p->terms[to_weight->in[WEIGHT_GRADIENT_X]].spec.shape;
    int64_t groups = ATTRIBUTES(conv2d_attributes, to_weight)->groups;
    return g.dim[1] == groups && x.dim[1] == groups;
}

/* The same convolution's, as far as shapes and options tell. */
static bool is_its_input_gradient(const program *p, const instruction *i, const instruction *to_weight)
{
    if (i->op != &op_conv2d_input_gradient || i->in[INPUT_GRADIENT_G] != to_weight->in[WEIGHT_GRADIENT_G]) return false;
    conv2d_attributes a = *ATTRIBUTES(conv2d_attributes, i), b = *ATTRIBUTES(conv2d_attributes, to_weight);
    memset(a.size, 0, sizeof a.size);
    memset(b.size, 0, sizeof b.size);
    return memcmp(&a, &b, sizeof a) == 0 && are_alike(p, i->out[0], to_weight->in[WEIGHT_GRADIENT_X]) &&
           are_alike(p, i->in[INPUT_GRADIENT_WEIGHT], to_weight->out[0]);
}

static bool is_its_bias_gradient(const instruction *i, const instruction *to_weight)
{
    if (i->op != &op_sum || i->in[0] != to_weight->in[WEIGHT_GRADIENT_G]) return false;
    const reduce_attributes *a = ATTRIBUTES(reduce_attributes, i);
    return a->axes == (1 << 0 | 1 << 2 | 1 << 3) && !a->keep;
}

static void fuse_gradients(program *p, instruction *to_weight)
{
    instruction *to_x = NULL, *to_bias = NULL, *group[3];
    int count = 0;
    if (!is_depth_wise(p, to_weight)) return;
    for (instruction *i = p->instructions; i < p->instructions + p->count; i++) {
        if (!to_x && is_its_input_gradient(p, i, to_weight))
            to_x = group[count++] = i;
        else if (!to_bias && is_its_bias_gradient(i, to_weight))
            to_bias = group[count++] = i;
        else if (i == to_weight)
            group[count++] = i;
    }
    if (!to_x) return;
    replacement r = { .op = &op_conv2d_gradients,
                      AS(to_x),
                      TERMS(to_x->in[INPUT_GRADIENT_G], to_x->in[INPUT_GRADIENT_WEIGHT],
                            to_weight->in[WEIGHT_GRADIENT_X]),
                      MAKES(to_x->out[0], to_weight->out[0], to_bias ? to_bias->out[0] : NO_TERM) };
    r.outputs = count;
    program_fuse(p, &r, group, count);
}

/* In bf16 the factors of products are rounded, and their sums are not; kernels of one of the two do that. */
void fuse_convolution_gradients(program *p)
{
    if (vt_precision() != VT_BF16) fuse_each(p, &op_conv2d_weight_gradient, fuse_gradients);
}
