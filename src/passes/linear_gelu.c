/* linear_gelu.c - GELU where the product that it follows writes its result, and its gradient where the product that it
 * follows does. */
#include "ops/elementwise.h"
#include "ops/linear.h"
#include "ops/list.h"
#include "passes/fuse.h"
#include <vitro/vitro.h>

/* -- The fused ops ------------------------------------------------------------------------------------------------ */

static bool infer_linear_gelu(const node *n, const spec *in, spec *out)
{
    bool ok = op_linear.infer(n, in, out);
    out[LINEAR_GELU_Z] = out[LINEAR_GELU_Y];
    return ok;
}

static void linear_gelu_decompose(const node *n, vt_tensor *out)
{
    vt_tensor bias = n->inputs > LINEAR_BIAS ? n->in[LINEAR_BIAS] : VT_INERT;
    out[LINEAR_GELU_Z] = vt_linear(n->in[LINEAR_X], n->in[LINEAR_WEIGHT], .bias = bias);
    out[LINEAR_GELU_Y] = vt_gelu(out[LINEAR_GELU_Z]);
}

static double linear_gelu_flops(const kernel_call *call)
{
    return op_linear.flops(call);
}

const op op_linear_gelu = { OP_HEAD(linear_gelu, 2, 3, 2), .infer = infer_linear_gelu,
                            .decompose = linear_gelu_decompose, .flops = linear_gelu_flops,
                            .rounded = PRODUCT_FACTORS };

/* dz = (g weight) gelu'(z) */
static bool infer_matmul_gelu_gradient(const node *n, const spec *in, spec *out)
{
    vt_shape g = in[MATMUL_GELU_GRADIENT_G].shape, weight = in[MATMUL_GELU_GRADIENT_WEIGHT].shape;
    vt_shape z = in[MATMUL_GELU_GRADIENT_Z].shape;
    char a[128], b[128], c[128];
    bool fits = g.rank == 2 && weight.rank == 2 && z.rank > 0 && g.dim[1] == weight.dim[0] &&
                z.dim[z.rank - 1] == weight.dim[1] && vt_shape_count(z) == g.dim[0] * weight.dim[1];
    if (!fits)
        return refuse(n, "the product of g %s and weight %s is no gradient of z %s", vt_shape_text(g, a),
                      vt_shape_text(weight, b), vt_shape_text(z, c));
    *out = in[MATMUL_GELU_GRADIENT_Z];
    return true;
}

static void matmul_gelu_gradient_decompose(const node *n, vt_tensor *out)
{
    vt_tensor product = vt_matmul(n->in[MATMUL_GELU_GRADIENT_G], n->in[MATMUL_GELU_GRADIENT_WEIGHT]);
    vt_tensor z = n->in[MATMUL_GELU_GRADIENT_Z], dy = vt_reshape(product, vt_shape_of(z));
    out[MATMUL_GELU_GRADIENT_DZ] =
        record(&op_gelu_gradient, n->at, INPUTS(dy, z), ATTRIBUTE(gelu_attributes, .tanh = 0));
}

static double matmul_gelu_gradient_flops(const kernel_call *call)
{
    const array *weight = &call->in[MATMUL_GELU_GRADIENT_WEIGHT], *dz = &call->out[MATMUL_GELU_GRADIENT_DZ];
    return 2 * (double)vt_shape_count(dz->shape) * (double)weight->shape.dim[0];
}

const op op_matmul_gelu_gradient = { OP_HEAD(matmul_gelu_gradient, 3, 3, 1), .infer = infer_matmul_gelu_gradient,
                                     .decompose = matmul_gelu_gradient_decompose, .flops = matmul_gelu_gradient_flops,
                                     .rounded = PRODUCT_FACTORS };

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
    int bias = linear->inputs > LINEAR_BIAS ? linear->in[LINEAR_BIAS] : NO_TERM;
    program_fuse(p,
                 &(replacement){ .op = &op_linear_gelu,
                                 TERMS(linear->in[LINEAR_X], linear->in[LINEAR_WEIGHT], bias),
                                 MAKES(gelu->out[0], linear->out[LINEAR_Y]) },
                 GROUP(linear, gelu));
}

/* g W, as rows, then seen with the shape of z. */
static void fuse_gradient(program *p, instruction *gelu)
{
    instruction *reshape = program_producer(p, gelu->in[0], &op_reshape);
    instruction *product = program_producer(p, reshape ? reshape->in[0] : gelu->in[0], &op_matmul);
    if (!product || !is_exact(gelu) || !are_alike(p, gelu->in[0], gelu->in[1])) return;
    if (!program_is_passing(p, gelu->in[0]) || !program_is_passing(p, product->out[PRODUCT_Y])) return;
    const matmul_attributes *t = ATTRIBUTES(matmul_attributes, product);
    const spec *g = &p->terms[product->in[PRODUCT_A]].spec, *weight = &p->terms[product->in[PRODUCT_B]].spec;
    if (t->transpose_a || t->transpose_b || g->shape.rank != 2 || weight->shape.rank != 2) return;
    replacement r = { .op = &op_matmul_gelu_gradient,
                      TERMS(product->in[PRODUCT_A], product->in[PRODUCT_B], gelu->in[1]),
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
