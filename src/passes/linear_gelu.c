/* linear_gelu.c - GELU where the product that it follows writes its result, and its gradient where the product that it
 * follows does. */
#include "ops/elementwise.h"
#include "ops/linear.h"
#include "ops/list.h"
#include "passes/fuse.h"
#include <vitro/vitro.h>

/* -- The fused ops ------------------------------------------------------------------------------------------------ */

/* Inputs: x, weight, bias. Outputs: gelu(z), z = linear(x, weight, bias). */
static bool infer_linear_gelu(const node *n, const spec *in, spec *out)
{
    bool ok = op_linear.infer(n, in, out);
    out[1] = out[0];
    return ok;
}

static void linear_gelu_decompose(const node *n, vt_tensor *out)
{
    vt_tensor bias = n->inputs > 2 ? n->in[2] : VT_INERT;
    out[1] = vt_linear(n->in[0], n->in[1], .bias = bias);
    out[0] = vt_gelu(out[1]);
}

static double linear_gelu_flops(const kernel_call *call)
{
    return op_linear.flops(call);
}

const op op_linear_gelu = { OP_HEAD(linear_gelu, 2, 3, 2), .infer = infer_linear_gelu,
                            .decompose = linear_gelu_decompose, .flops = linear_gelu_flops, .rounded = 3 };

/* Inputs: g [rows, n], weight [n, features], z [..., features] of as many rows. Output: (g weight) gelu'(z). */
static bool infer_matmul_gelu_gradient(const node *n, const spec *in, spec *out)
{
    vt_shape g = in[0].shape, weight = in[1].shape, z = in[2].shape;
    char a[128], b[128], c[128];
    bool fits = g.rank == 2 && weight.rank == 2 && z.rank > 0 && g.dim[1] == weight.dim[0] &&
                z.dim[z.rank - 1] == weight.dim[1] && vt_shape_count(z) == g.dim[0] * weight.dim[1];
    if (!fits)
        return refuse(n, "the product of g %s and weight %s is no gradient of z %s", vt_shape_text(g, a),
                      vt_shape_text(weight, b), vt_shape_text(z, c));
    *out = in[2];
    return true;
}

static void matmul_gelu_gradient_decompose(const node *n, vt_tensor *out)
{
    vt_tensor g = vt_reshape(vt_matmul(n->in[0], n->in[1]), vt_shape_of(n->in[2]));
    out[0] = record(&op_gelu_gradient, n->at, INPUTS(g, n->in[2]), ATTRIBUTE(gelu_attributes, .tanh = 0));
}

static double matmul_gelu_gradient_flops(const kernel_call *call)
{
    return 2 * (double)vt_shape_count(call->out[0].shape) * (double)call->in[1].shape.dim[0];
}

const op op_matmul_gelu_gradient = { OP_HEAD(matmul_gelu_gradient, 3, 3, 1), .infer = infer_matmul_gelu_gradient,
                                     .decompose = matmul_gelu_gradient_decompose, .flops = matmul_gelu_gradient_flops,
                                     .rounded = 3 };

/* -- The passes ---------------------------------------------------------------------------------------------------- */

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
