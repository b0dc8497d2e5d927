/* linear.c - matrix products. */
#include "core/base/shape.h"
#include "ops/elementwise.h"
#include "ops/linear.h"
#include "ops/list.h"
#include <vitro/vitro.h>

/* Two for each element of the result and each step along the axis that is summed. */
static double product_flops(const array *y, int64_t depth)
{
    return 2 * (double)vt_shape_count(y->shape) * (double)depth;
}

static double matmul_flops(const kernel_call *call)
{
    const matmul_attributes *t = call->attributes;
    vt_shape a = call->in[PRODUCT_A].shape;
    return product_flops(&call->out[PRODUCT_Y], a.dim[a.rank - (t->transpose_a ? 2 : 1)]);
}

static double linear_flops(const kernel_call *call)
{
    return product_flops(&call->out[LINEAR_Y], call->in[LINEAR_WEIGHT].shape.dim[1]);
}

static bool infer_matmul(const node *n, const spec *in, spec *out)
{
    const matmul_attributes *t = ATTRIBUTES(matmul_attributes, n);
    vt_shape a = in[PRODUCT_A].shape, b = in[PRODUCT_B].shape, lead;
    char sa[128], sb[128];
    if (in[PRODUCT_A].dtype != in[PRODUCT_B].dtype || !vt_dtype_is_float(in[PRODUCT_A].dtype))
        return refuse(n, "a is %s, b is %s; both must be f32, or both f64", vt_dtype_name(in[PRODUCT_A].dtype),
                      vt_dtype_name(in[PRODUCT_B].dtype));
    if (a.rank < 2 || b.rank < 2)
        return refuse(n, "a %s and b %s must have an axis or more", vt_shape_text(a, sa), vt_shape_text(b, sb));
    int64_t m = a.dim[a.rank - (t->transpose_a ? 1 : 2)], ka = a.dim[a.rank - (t->transpose_a ? 2 : 1)];
    int64_t kb = b.dim[b.rank - (t->transpose_b ? 1 : 2)], columns = b.dim[b.rank - (t->transpose_b ? 2 : 1)];
    if (ka != kb)
        return refuse(n, "a %s%s and b %s%s do not chain: %lld columns, %lld rows", vt_shape_text(a, sa),
                      t->transpose_a ? " transposed" : "", vt_shape_text(b, sb), t->transpose_b ? " transposed" : "",
                      (long long)ka, (long long)kb);
    a.rank -= 2;
    b.rank -= 2;
    if (!shape_broadcast(a, b, &lead))
        return refuse(n, "the leading axes of a %s and b %s do not broadcast", vt_shape_text(in[PRODUCT_A].shape, sa),
                      vt_shape_text(in[PRODUCT_B].shape, sb));
    lead.dim[lead.rank++] = m;
    lead.dim[lead.rank++] = columns;
    *out = (spec){ in[PRODUCT_A].dtype, lead };
    return true;
}

/* x [..., N] as the matrix of its rows. */
static vt_tensor rows_of(vt_tensor x)
{
    vt_shape shape = vt_shape_of(x);
    int64_t columns = vt_dim(x, -1), rows = 1;
    for (int i = 0; i < shape.rank - 1; i++) rows *= shape.dim[i];
    return shape.rank == 2 ? x : vt_reshape(x, VT_SHAPE(rows, columns));
}

/* Aᵀ G, where B is one matrix for every leading axis: one product of all rows at once, instead of the sum of one
 * product for each. */
static vt_tensor product_of_rows(vt_tensor a, vt_tensor g, bool transposed)
{
    a = rows_of(a);
    g = rows_of(g);
    return transposed ? vt_matmul(g, a, .transpose_a = true) : vt_matmul(a, g, .transpose_a = true);
}

/* Y = A B: dA = G Bᵀ, dB = Aᵀ G, and the transposes of these where A or B came transposed. */
static void matmul_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    const matmul_attributes *t = ATTRIBUTES(matmul_attributes, n);
    vt_tensor a = n->in[PRODUCT_A], b = n->in[PRODUCT_B];
    dx[PRODUCT_A] = t->transpose_a ? vt_matmul(b, g[PRODUCT_Y], .transpose_a = t->transpose_b, .transpose_b = true)
                                   : vt_matmul(g[PRODUCT_Y], b, .transpose_b = !t->transpose_b);
    if (vt_rank(b) == 2 && vt_rank(a) > 2 && !t->transpose_a)
        dx[PRODUCT_B] = product_of_rows(a, g[PRODUCT_Y], t->transpose_b);
    else
        dx[PRODUCT_B] = t->transpose_b ? vt_matmul(g[PRODUCT_Y], a, .transpose_a = true, .transpose_b = t->transpose_a)
                                       : vt_matmul(a, g[PRODUCT_Y], .transpose_a = !t->transpose_a);
}

const op op_matmul = { OP_HEAD(matmul, 2, 2, 1), .infer = infer_matmul, .vjp = matmul_vjp, .flops = matmul_flops,
                       .rounded = PRODUCT_FACTORS };

/* A vector on the left is a row, one on the right a column; the result has no axis for it. */
static vt_tensor with_vectors(const vt_matmul_args *a, vt_shape left, vt_shape right)
{
    ENTER("matmul", a->at_);
    char text[128];
    bool is_row = left.rank == 1, is_column = right.rank == 1;
    if ((is_row && a->transpose_a) || (is_column && a->transpose_b))
        return refuse_call("matmul", a->at_, VT_ERROR_ARGUMENT, "%s %s is a vector, which has no transpose",
                           is_row && a->transpose_a ? "a" : "b",
                           vt_shape_text(is_row && a->transpose_a ? left : right, text));
    vt_tensor row = is_row ? vt_reshape(a->a, VT_SHAPE(1, left.dim[0])) : a->a;
    vt_tensor column = is_column ? vt_reshape(a->b, VT_SHAPE(right.dim[0], 1)) : a->b;
    vt_tensor y = record(&op_matmul, a->at_, INPUTS(row, column),
                         ATTRIBUTE(matmul_attributes, .transpose_a = a->transpose_a, .transpose_b = a->transpose_b));
    if (!y.id) return y;
    vt_shape full = vt_shape_of(y), shape = { .rank = 0 };
    for (int i = 0; i < full.rank; i++)
        if (!(is_row && i == full.rank - 2) && !(is_column && i == full.rank - 1))
            shape.dim[shape.rank++] = full.dim[i];
    return vt_reshape(y, shape);
}

vt_tensor vt_matmul_with(const vt_matmul_args *a)
{
    NEED_ARGUMENTS("matmul", a, VT_INERT);
    spec left, right;
    if (vt_failed() || !spec_of("matmul", a->at_, "a", a->a, &left) || !spec_of("matmul", a->at_, "b", a->b, &right))
        return VT_INERT;
    if (left.shape.rank == 1 || right.shape.rank == 1) return with_vectors(a, left.shape, right.shape);
    return record(&op_matmul, a->at_, INPUTS(a->a, a->b),
                  ATTRIBUTE(matmul_attributes, .transpose_a = a->transpose_a, .transpose_b = a->transpose_b));
}

static bool infer_linear(const node *n, const spec *in, spec *out)
{
    vt_dtype dtype = in[LINEAR_X].dtype;
    vt_shape x = in[LINEAR_X].shape, weight = in[LINEAR_WEIGHT].shape;
    char a[128], b[128];
    bool biased = n->inputs > LINEAR_BIAS && n->in[LINEAR_BIAS].id;
    if (!vt_dtype_is_float(dtype) || in[LINEAR_WEIGHT].dtype != dtype || (biased && in[LINEAR_BIAS].dtype != dtype))
        return refuse(n, "x is %s, weight %s%s%s; all must be f32, or all f64", vt_dtype_name(dtype),
                      vt_dtype_name(in[LINEAR_WEIGHT].dtype), biased ? ", bias " : "",
                      biased ? vt_dtype_name(in[LINEAR_BIAS].dtype) : "");
    if (weight.rank != 2) return refuse(n, "weight %s must be [out, in]", vt_shape_text(weight, a));
    if (x.rank < 1 || x.dim[x.rank - 1] != weight.dim[1])
        return refuse(n, "x %s must end in the %lld features that weight %s takes", vt_shape_text(x, a),
                      (long long)weight.dim[1], vt_shape_text(weight, b));
    if (biased && (in[LINEAR_BIAS].shape.rank != 1 || in[LINEAR_BIAS].shape.dim[0] != weight.dim[0]))
        return refuse(n, "bias %s must be [%lld], the features that weight %s gives",
                      vt_shape_text(in[LINEAR_BIAS].shape, a), (long long)weight.dim[0], vt_shape_text(weight, b));
    *out = in[LINEAR_X];
    out->shape.dim[x.rank - 1] = weight.dim[0];
    return true;
}

/* dweight = gᵀ x; dbias is the sum of g's rows, in a precision of bf16 of g as the product takes it, rounded. */
static bool infer_linear_gradient(const node *n, const spec *in, spec *out)
{
    vt_shape g = in[LINEAR_GRADIENT_G].shape, x = in[LINEAR_GRADIENT_X].shape;
    char a[128], b[128];
    if (g.rank != 2 || x.rank != 2 || g.dim[0] != x.dim[0] || x.dim[1] == 0)
        return refuse(n, "g %s must be [rows, n] and x %s [rows, features], of one feature or more",
                      vt_shape_text(g, a), vt_shape_text(x, b));
    out[LINEAR_GRADIENT_DWEIGHT] = (spec){ in[LINEAR_GRADIENT_G].dtype, VT_SHAPE(g.dim[1], x.dim[1]) };
    out[LINEAR_GRADIENT_DBIAS] = (spec){ in[LINEAR_GRADIENT_G].dtype, VT_SHAPE(g.dim[1]) };
    return true;
}

static void linear_gradient_decompose(const node *n, vt_tensor *out)
{
    out[LINEAR_GRADIENT_DWEIGHT] = vt_matmul(n->in[LINEAR_GRADIENT_G], n->in[LINEAR_GRADIENT_X], .transpose_a = true);
    out[LINEAR_GRADIENT_DBIAS] = vt_sum(n->in[LINEAR_GRADIENT_G], .axes = VT_AXES(0));
}

static double linear_gradient_flops(const kernel_call *call)
{
    return product_flops(&call->out[LINEAR_GRADIENT_DWEIGHT], call->in[LINEAR_GRADIENT_G].shape.dim[0]);
}

const op op_linear_gradient = { OP_HEAD(linear_gradient, 2, 2, 2), .infer = infer_linear_gradient,
                                .decompose = linear_gradient_decompose, .flops = linear_gradient_flops,
                                .rounded = PRODUCT_FACTORS };

static void linear_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    vt_tensor rows = rows_of(g[LINEAR_Y]);
    bool biased = n->inputs > LINEAR_BIAS && n->in[LINEAR_BIAS].id;
    dx[LINEAR_X] = vt_reshape(vt_matmul(rows, n->in[LINEAR_WEIGHT]), vt_shape_of(n->in[LINEAR_X]));
    if (biased && vt_dim(n->in[LINEAR_WEIGHT], 1) > 0)
        record_into(&(recording){ .op = &op_linear_gradient, .at = n->at, INPUTS(rows, rows_of(n->in[LINEAR_X])) },
                    &dx[LINEAR_WEIGHT]);
    else
        dx[LINEAR_WEIGHT] = vt_matmul(rows, rows_of(n->in[LINEAR_X]), .transpose_a = true);
    if (biased && !dx[LINEAR_BIAS].id) dx[LINEAR_BIAS] = vt_sum(rows, .axes = VT_AXES(0));
}

static void linear_decompose(const node *n, vt_tensor *out)
{
    vt_tensor y = vt_matmul(rows_of(n->in[LINEAR_X]), n->in[LINEAR_WEIGHT], .transpose_b = true);
    if (n->inputs > LINEAR_BIAS && n->in[LINEAR_BIAS].id) y = vt_add(y, n->in[LINEAR_BIAS]);
    out[LINEAR_Y] = vt_reshape(y, vt_shape_of(n->out[LINEAR_Y]));
}

const op op_linear = { OP_HEAD(linear, 2, 3, 1),      .infer = infer_linear, .vjp = linear_vjp,
                       .decompose = linear_decompose, .flops = linear_flops, .rounded = PRODUCT_FACTORS };

vt_tensor vt_linear_with(const vt_linear_args *a)
{
    NEED_ARGUMENTS("linear", a, VT_INERT);
    return record(&op_linear, a->at_, INPUTS(a->x, a->weight, a->bias));
}
