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
    vt_shape a = call->in[0].shape;
    return product_flops(&call->out[0], a.dim[a.rank - (t->transpose_a ? 2 : 1)]);
}

static double linear_flops(const kernel_call *call)
{
    return product_flops(&call->out[0], call->in[1].shape.dim[1]);
}

static bool infer_matmul(const node *n, const spec *in, spec *out)
{
    const matmul_attributes *t = ATTRIBUTES(matmul_attributes, n);
    vt_shape a = in[0].shape, b = in[1].shape, lead;
    char sa[128], sb[128];
    if (in[0].dtype != in[1].dtype || !vt_dtype_is_float(in[0].dtype))
        return refuse(n, "a is %s, b is %s; both must be f32, or both f64", vt_dtype_name(in[0].dtype),
                      vt_dtype_name(in[1].dtype));
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
        return refuse(n, "the leading axes of a %s and b %s do not broadcast", vt_shape_text(in[0].shape, sa),
                      vt_shape_text(in[1].shape, sb));
    lead.dim[lead.rank++] = m;
    lead.dim[lead.rank++] = columns;
    *out = (spec){ in[0].dtype, lead };
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
    vt_tensor a = n->in[0], b = n->in[1];
    dx[0] = t->transpose_a ? vt_matmul(b, g[0], .transpose_a = t->transpose_b, .transpose_b = true)
                           : vt_matmul(g[0], b, .transpose_b = !t->transpose_b);
    if (vt_rank(b) == 2 && vt_rank(a) > 2 && !t->transpose_a)
        dx[1] = product_of_rows(a, g[0], t->transpose_b);
    else
        dx[1] = t->transpose_b ? vt_matmul(g[0], a, .transpose_a = true, .transpose_b = t->transpose_a)
                               : vt_matmul(a, g[0], .transpose_a = !t->transpose_a);
}

const op op_matmul = { OP_HEAD(matmul, 2, 2, 1), .infer = infer_matmul, .vjp = matmul_vjp, .flops = matmul_flops,
                       .rounded = 3 };

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
    vt_shape x = in[0].shape, weight = in[1].shape;
    char a[128], b[128];
    bool biased = n->inputs > 2 && n->in[2].id;
    if (!vt_dtype_is_float(in[0].dtype) || in[1].dtype != in[0].dtype || (biased && in[2].dtype != in[0].dtype))
        return refuse(n, "x is %s, weight %s%s%s; all must be f32, or all f64", vt_dtype_name(in[0].dtype),
                      vt_dtype_name(in[1].dtype), biased ? ", bias " : "", biased ? vt_dtype_name(in[2].dtype) : "");
    if (weight.rank != 2) return refuse(n, "weight %s must be [out, in]", vt_shape_text(weight, a));
    if (x.rank < 1 || x.dim[x.rank - 1] != weight.dim[1])
        return refuse(n, "x %s must end in the %lld features that weight %s takes", vt_shape_text(x, a),
                      (long long)weight.dim[1], vt_shape_text(weight, b));
    if (biased && (in[2].shape.rank != 1 || in[2].shape.dim[0] != weight.dim[0]))
        return refuse(n, "bias %s must be [%lld], the features that weight %s gives", vt_shape_text(in[2].shape, a),
                      (long long)weight.dim[0], vt_shape_text(weight, b));
    *out = in[0];
    out->shape.dim[x.rank - 1] = weight.dim[0];
    return true;
}

/* Inputs: g [rows, n], x [rows, features]. Outputs: the gradients of weight, gᵀ x [n, features], and of bias, the sum
 * of g's rows [n]; in a precision of bf16 that of g as the product takes it, rounded. */
static bool infer_linear_gradient(const node *n, const spec *in, spec *out)
{
    vt_shape g = in[0].shape, x = in[1].shape;
    char a[128], b[128];
    if (g.rank != 2 || x.rank != 2 || g.dim[0] != x.dim[0] || x.dim[1] == 0)
        return refuse(n, "g %s must be [rows, n] and x %s [rows, features], of one feature or more",
                      vt_shape_text(g, a), vt_shape_text(x, b));
    out[0] = (spec){ in[0].dtype, VT_SHAPE(g.dim[1], x.dim[1]) };
    out[1] = (spec){ in[0].dtype, VT_SHAPE(g.dim[1]) };
    return true;
}

static void linear_gradient_decompose(const node *n, vt_tensor *out)
{
    out[0] = vt_matmul(n->in[0], n->in[1], .transpose_a = true);
    out[1] = vt_sum(n->in[0], .axes = VT_AXES(0));
}

static double linear_gradient_flops(const kernel_call *call)
{
    return product_flops(&call->out[0], call->in[0].shape.dim[0]);
}

const op op_linear_gradient = { OP_HEAD(linear_gradient, 2, 2, 2), .infer = infer_linear_gradient,
                                .decompose = linear_gradient_decompose, .flops = linear_gradient_flops, .rounded = 3 };

static void linear_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    vt_tensor rows = rows_of(g[0]);
    bool biased = n->inputs > 2 && n->in[2].id;
    dx[0] = vt_reshape(vt_matmul(rows, n->in[1]), vt_shape_of(n->in[0]));
    if (biased && vt_dim(n->in[1], 1) > 0)
        record_into(&(recording){ .op = &op_linear_gradient, .at = n->at, INPUTS(rows, rows_of(n->in[0])) }, &dx[1]);
    else
        dx[1] = vt_matmul(rows, rows_of(n->in[0]), .transpose_a = true);
    if (biased && !dx[2].id) dx[2] = vt_sum(rows, .axes = VT_AXES(0));
}

static void linear_decompose(const node *n, vt_tensor *out)
{
    vt_tensor y = vt_matmul(rows_of(n->in[0]), n->in[1], .transpose_b = true);
    if (n->inputs > 2 && n->in[2].id) y = vt_add(y, n->in[2]);
    out[0] = vt_reshape(y, vt_shape_of(n->out[0]));
}

const op op_linear = { OP_HEAD(linear, 2, 3, 1),      .infer = infer_linear, .vjp = linear_vjp,
                       .decompose = linear_decompose, .flops = linear_flops, .rounded = 3 };

vt_tensor vt_linear_with(const vt_linear_args *a)
{
    NEED_ARGUMENTS("linear", a, VT_INERT);
    return record(&op_linear, a->at_, INPUTS(a->x, a->weight, a->bias));
}
