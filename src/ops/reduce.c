/* reduce.c - ops that reduce axes, and running sums, products and extremes. */
#include "core/base/shape.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/infer.h"
#include <vitro/vitro.h>
#include <math.h>

/* -- Shapes ------------------------------------------------------------------------------------------------------ */

static vt_shape reduced_shape(vt_shape shape, int64_t axes, bool keep)
{
    vt_shape out = { .rank = 0 };
    for (int i = 0; i < shape.rank; i++) {
        bool reduced = axes >> i & 1;
        if (!reduced || keep) out.dim[out.rank++] = reduced ? 1 : shape.dim[i];
    }
    return out;
}

/* Elements that go into each output. */
static int64_t reduced_count(vt_shape shape, int64_t axes)
{
    int64_t count = 1;
    for (int i = 0; i < shape.rank; i++)
        if (axes >> i & 1) count *= shape.dim[i];
    return count;
}

static vt_shape shape_after(const node *n, const spec *in)
{
    const reduce_attributes *a = ATTRIBUTES(reduce_attributes, n);
    return reduced_shape(in->shape, a->axes, a->keep);
}

static bool infer_total(const node *n, const spec *in, spec *out)
{
    *out = (spec){ vt_dtype_is_float(in->dtype) ? in->dtype : VT_I64, shape_after(n, in) };
    return true;
}

static bool infer_float_reduction(const node *n, const spec *in, spec *out)
{
    *out = (spec){ in->dtype, shape_after(n, in) };
    return vt_dtype_is_float(in->dtype) || refuse(n, "x is %s; it must be f32 or f64", vt_dtype_name(in->dtype));
}

static bool infer_bool(const node *n, const spec *in, spec *out)
{
    *out = (spec){ VT_BOOL, shape_after(n, in) };
    return in->dtype == VT_BOOL || refuse(n, "x is %s; it must be bool", vt_dtype_name(in->dtype));
}

static bool infer_extremum(const node *n, const spec *in, spec *out)
{
    char text[128];
    *out = (spec){ in->dtype, shape_after(n, in) };
    if (reduced_count(in->shape, ATTRIBUTES(reduce_attributes, n)->axes)) return true;
    return refuse(n, "x %s holds no element along the reduced axes", vt_shape_text(in->shape, text));
}

/* -- Gradients. The input, and what is known of each output spread over the elements that went into it. ---------- */

static vt_tensor spread(const node *n, vt_tensor g)
{
    vt_shape shape = vt_shape_of(n->in[0]);
    return vt_expand(vt_reshape(g, reduced_shape(shape, ATTRIBUTES(reduce_attributes, n)->axes, true)), shape);
}

/* Another reduction over the same axes, which stay with extent 1. */
static vt_tensor reduce_alike(const node *n, const op *op, vt_tensor x)
{
    return record(op, n->at, INPUTS(x),
                  ATTRIBUTE(reduce_attributes, .axes = ATTRIBUTES(reduce_attributes, n)->axes, .keep = true));
}

/* A result whose axes were kept, as the node's own. */
static vt_tensor as_output(const node *n, vt_tensor y)
{
    const reduce_attributes *a = ATTRIBUTES(reduce_attributes, n);
    return a->keep ? y : vt_reshape(y, reduced_shape(vt_shape_of(n->in[0]), a->axes, false));
}

static double count_of(const node *n)
{
    return (double)reduced_count(vt_shape_of(n->in[0]), ATTRIBUTES(reduce_attributes, n)->axes);
}

/* x where it is not the value; there, another. */
static vt_tensor replaced(vt_tensor x, double value, double by)
{
    return vt_where(vt_equal(x, constant_like(x, value)), constant_like(x, by), x);
}

static void sum_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = spread(n, g[0]);
}

static void mean_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = spread(n, vt_scale(g[0], 1 / count_of(n)));
}

static void mean_decompose(const node *n, vt_tensor *out)
{
    out[0] = as_output(n, vt_scale(reduce_alike(n, &op_sum, n->in[0]), 1 / count_of(n)));
}

/* Shared evenly by the elements that are equal to the result: that of x as it is here. With bf16, x that is computed
 * once more may be of another rounding than when the result was, which none of its elements equals then. */
static void extremum_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    vt_tensor x = n->in[0];
    vt_tensor y = record(n->op, n->at, INPUTS(x), .attributes = n->attributes, .attributes_size = n->attributes_size);
    vt_tensor is_it = vt_cast(vt_equal(x, spread(n, y)), vt_dtype_of(x));
    vt_tensor share =
        vt_div(vt_reshape(g[0], reduced_shape(vt_shape_of(x), ATTRIBUTES(reduce_attributes, n)->axes, true)),
               reduce_alike(n, &op_sum, is_it));
    dx[0] = vt_mul(is_it, share);
}

/* dx = g e^(x - y). Where y is -inf every e^x is 0, whatever is subtracted. */
static void logsumexp_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    vt_tensor y = replaced(n->out[0], -INFINITY, 0);
    dx[0] = vt_mul(spread(n, g[0]), vt_exp(vt_sub(n->in[0], spread(n, y))));
}

/* log Σ e^x = m + log Σ e^(x - m); an infinite m is the result as it stands. */
static void logsumexp_decompose(const node *n, vt_tensor *out)
{
    vt_tensor x = n->in[0];
    if (count_of(n) == 0) {
        out[0] = vt_full_like(n->out[0], -INFINITY);
        return;
    }
    vt_tensor m = vt_detach(reduce_alike(n, &op_max, x));
    m = replaced(replaced(m, -INFINITY, 0), INFINITY, 0);
    vt_tensor y = vt_add(m, vt_log(reduce_alike(n, &op_sum, vt_exp(vt_sub(x, m)))));
    out[0] = as_output(n, y);
}

static vt_tensor deviation(const node *n)
{
    return vt_sub(n->in[0], reduce_alike(n, &op_mean, n->in[0]));
}

static double variance_divisor(const node *n)
{
    return fmax(0, count_of(n) - (double)ATTRIBUTES(reduce_attributes, n)->unbiased);
}

static void var_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_mul(spread(n, vt_scale(g[0], 2 / variance_divisor(n))), deviation(n));
}

static void var_decompose(const node *n, vt_tensor *out)
{
    vt_tensor d = deviation(n);
    out[0] = as_output(n, vt_scale(reduce_alike(n, &op_sum, vt_mul(d, d)), 1 / variance_divisor(n)));
}

/* g / y; 0 where y is. */
static vt_tensor divided_by_output(const node *n, vt_tensor g)
{
    vt_tensor y = n->out[0], zero = constant_like(y, 0);
    return vt_where(vt_equal(y, zero), zero, vt_div(g, replaced(y, 0, 1)));
}

static void std_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    vt_tensor scale = vt_scale(divided_by_output(n, g[0]), 1 / variance_divisor(n));
    dx[0] = vt_mul(spread(n, scale), deviation(n));
}

static void std_decompose(const node *n, vt_tensor *out)
{
    vt_tensor d = deviation(n);
    vt_tensor var = vt_scale(reduce_alike(n, &op_sum, vt_mul(d, d)), 1 / variance_divisor(n));
    out[0] = as_output(n, vt_sqrt(var));
}

static void norm_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    vt_tensor x = n->in[0];
    if (ATTRIBUTES(reduce_attributes, n)->order == 1)
        dx[0] = vt_mul(spread(n, g[0]), vt_sign(x));
    else
        dx[0] = vt_mul(spread(n, divided_by_output(n, g[0])), x);
}

static void norm_decompose(const node *n, vt_tensor *out)
{
    vt_tensor x = n->in[0];
    if (ATTRIBUTES(reduce_attributes, n)->order == 1)
        out[0] = as_output(n, reduce_alike(n, &op_sum, vt_abs(x)));
    else
        out[0] = as_output(n, vt_sqrt(reduce_alike(n, &op_sum, vt_mul(x, x))));
}

/* -- The product's gradient: g times the product of the others, which is right where elements are zero. ---------- */

static void prod_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = record(&op_prod_gradient, n->at, INPUTS(g[0], n->in[0]), .attributes = n->attributes,
                   .attributes_size = n->attributes_size);
}

static bool infer_prod_gradient(const node *n, const spec *in, spec *out)
{
    (void)n;
    *out = in[1];
    return true;
}

/* The reduced axes of x come last, as one, once more with each element replaced by 1 in its own product: [..., K, K].
 */
static void prod_gradient_decompose(const node *n, vt_tensor *out)
{
    vt_tensor g = n->in[0], x = n->in[1];
    int64_t axes = ATTRIBUTES(reduce_attributes, n)->axes, k = reduced_count(vt_shape_of(x), axes);
    vt_shape shape = vt_shape_of(x), kept = reduced_shape(shape, axes, false), moved = { .rank = shape.rank };
    vt_axes order = { .count = shape.rank }, back = { .count = shape.rank };
    int at = 0;
    for (int reduced = 0; reduced < 2; reduced++)
        for (int i = 0; i < shape.rank; i++)
            if ((axes >> i & 1) == reduced) order.axis[at++] = i;
    for (int i = 0; i < shape.rank; i++) {
        back.axis[order.axis[i]] = i;
        moved.dim[i] = shape.dim[order.axis[i]];
    }
    int64_t rows = vt_shape_count(kept);
    vt_tensor number = vt_cumsum(vt_full(VT_SHAPE(k), 1, .dtype = VT_I64), 0);
    vt_tensor own = vt_equal(vt_reshape(number, VT_SHAPE(k, 1)), number);
    vt_tensor each = vt_reshape(vt_permute(x, order), VT_SHAPE(rows, 1, k));
    vt_tensor others = vt_prod(vt_where(own, constant_like(x, 1), each), .axes = VT_AXES(2));
    vt_tensor dx = vt_mul(vt_reshape(g, VT_SHAPE(rows, 1)), others);
    out[0] = vt_permute(vt_reshape(dx, moved), back);
}

/* -- One axis ---------------------------------------------------------------------------------------------------- */

static bool infer_arg(const node *n, const spec *in, spec *out)
{
    const arg_attributes *a = ATTRIBUTES(arg_attributes, n);
    char text[128];
    *out = (spec){ VT_I64, reduced_shape(in->shape, (int64_t)1 << a->axis, a->keep) };
    if (in->shape.dim[a->axis] > 0) return true;
    return refuse(n, "x %s holds no element along axis %d", vt_shape_text(in->shape, text), (int)a->axis);
}

static bool infer_cumsum(const node *n, const spec *in, spec *out)
{
    (void)n;
    *out = (spec){ vt_dtype_is_float(in->dtype) ? in->dtype : VT_I64, in->shape };
    return true;
}

/* What went into the sums from here on comes back from there. */
static void cumsum_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    const scan_attributes *a = ATTRIBUTES(scan_attributes, n);
    dx[0] = vt_cumsum(g[0], (int)a->axis, .reverse = !a->reverse);
}

static void cumprod_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = record(&op_cumprod_gradient, n->at, INPUTS(g[0], n->in[0]), .attributes = n->attributes,
                   .attributes_size = n->attributes_size);
}

/* x as [outer, inner, length] along the axis. */
static vt_tensor axis_last(vt_tensor x, int64_t axis)
{
    vt_shape shape = vt_shape_of(x);
    int64_t outer = 1, inner = 1;
    for (int i = 0; i < shape.rank; i++)
        if (i != axis) *(i < axis ? &outer : &inner) *= shape.dim[i];
    return vt_permute(vt_reshape(x, VT_SHAPE(outer, shape.dim[axis], inner)), VT_AXES(0, 2, 1));
}

/* dx[i] = Σ over k from i on of g[k] times the product of x[0] to x[k] without x[i]: products of x with each element
 * replaced by 1 in turn, [..., i, k]. */
static void cumprod_gradient_decompose(const node *n, vt_tensor *out)
{
    const scan_attributes *a = ATTRIBUTES(scan_attributes, n);
    vt_tensor g = axis_last(n->in[0], a->axis), x = axis_last(n->in[1], a->axis);
    int64_t length = vt_dim(x, -1);
    vt_tensor number = vt_arange(0, (double)length, .dtype = VT_I64);
    vt_tensor own = vt_equal(vt_reshape(number, VT_SHAPE(length, 1)), number);
    vt_tensor without = vt_where(own, constant_like(x, 1), vt_unsqueeze(x, 2));
    vt_tensor terms = vt_mul(vt_cumprod(without, 3, .reverse = a->reverse), vt_unsqueeze(g, 2));
    vt_tensor dx = vt_sum(a->reverse ? vt_tril(terms) : vt_triu(terms), .axes = VT_AXES(3));
    out[0] = vt_reshape(vt_permute(dx, VT_AXES(0, 2, 1)), vt_shape_of(n->in[1]));
}

static bool infer_cumulative(const node *n, const spec *in, spec *out)
{
    (void)n;
    out[CUMMAX_VALUES] = *in;
    out[CUMMAX_INDICES] = (spec){ VT_I64, in->shape };
    return true;
}

static void cumulative_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    vt_tensor x = n->in[0], zeros = vt_zeros_like(x);
    dx[0] = vt_scatter_add(zeros, (int)ATTRIBUTES(scan_attributes, n)->axis, n->out[CUMMAX_INDICES], g[CUMMAX_VALUES]);
}

/* -- The ops ----------------------------------------------------------------------------------------------------- */

const op op_sum = { OP_HEAD(sum, 1, 1, 1), .infer = infer_total, .vjp = sum_vjp };
const op op_mean = { OP_HEAD(mean, 1, 1, 1), .infer = infer_float_reduction, .vjp = mean_vjp,
                     .decompose = mean_decompose };
const op op_prod = { OP_HEAD(prod, 1, 1, 1), .infer = infer_total, .vjp = prod_vjp };
const op op_max = { OP_HEAD(max, 1, 1, 1), .infer = infer_extremum, .vjp = extremum_vjp };
const op op_min = { OP_HEAD(min, 1, 1, 1), .infer = infer_extremum, .vjp = extremum_vjp };
const op op_any = { OP_HEAD(any, 1, 1, 1), .infer = infer_bool, .constant = true };
const op op_all = { OP_HEAD(all, 1, 1, 1), .infer = infer_bool, .constant = true };
const op op_logsumexp = { OP_HEAD(logsumexp, 1, 1, 1), .infer = infer_float_reduction, .vjp = logsumexp_vjp,
                          .decompose = logsumexp_decompose };
const op op_var = { OP_HEAD(var, 1, 1, 1), .infer = infer_float_reduction, .vjp = var_vjp, .decompose = var_decompose };
const op op_std = { OP_HEAD(std, 1, 1, 1), .infer = infer_float_reduction, .vjp = std_vjp, .decompose = std_decompose };
const op op_norm = { OP_HEAD(norm, 1, 1, 1), .infer = infer_float_reduction, .vjp = norm_vjp,
                     .decompose = norm_decompose };
const op op_argmax = { OP_HEAD(argmax, 1, 1, 1), .infer = infer_arg, .constant = true };
const op op_argmin = { OP_HEAD(argmin, 1, 1, 1), .infer = infer_arg, .constant = true };
const op op_cumsum = { OP_HEAD(cumsum, 1, 1, 1), .infer = infer_cumsum, .vjp = cumsum_vjp };
const op op_cumprod = { OP_HEAD(cumprod, 1, 1, 1), .infer = infer_cumsum, .vjp = cumprod_vjp };
const op op_cumprod_gradient = { OP_HEAD(cumprod_gradient, 2, 2, 1), .infer = infer_prod_gradient,
                                 .decompose = cumprod_gradient_decompose };
const op op_cummax = { OP_HEAD(cummax, 1, 1, 2), .infer = infer_cumulative, .vjp = cumulative_vjp };
const op op_cummin = { OP_HEAD(cummin, 1, 1, 2), .infer = infer_cumulative, .vjp = cumulative_vjp };
const op op_prod_gradient = { OP_HEAD(prod_gradient, 2, 2, 1), .infer = infer_prod_gradient,
                              .decompose = prod_gradient_decompose };

/* -- The public functions ---------------------------------------------------------------------------------------- */

/* The axes as bits. */
static bool axis_bits(const char *name, vt_site at, vt_tensor x, vt_axes axes, int64_t *bits)
{
    spec s;
    if (axes.count != VT_AUTO) return axes_of(name, at, x, axes, &s, bits);
    if (vt_failed() || !spec_of(name, at, "x", x, &s)) return false;
    *bits = (1 << s.shape.rank) - 1;
    return true;
}

static vt_tensor reduce_with(const op *op, vt_site at, vt_tensor x, vt_axes axes, reduce_attributes a)
{
    if (!axis_bits(op->name, at, x, axes, &a.axes)) return VT_INERT;
    return record(op, at, INPUTS(x), .attributes = &a, .attributes_size = sizeof a);
}

static vt_tensor reduce(const op *op, const vt_reduce_args *a)
{
    return reduce_with(op, a->at_, a->x, a->axes, (reduce_attributes){ .keep = a->keep });
}

vt_tensor vt_sum_with(const vt_reduce_args *a)
{
    NEED_ARGUMENTS("sum", a, VT_INERT);
    return reduce(&op_sum, a);
}

vt_tensor vt_mean_with(const vt_reduce_args *a)
{
    NEED_ARGUMENTS("mean", a, VT_INERT);
    return reduce(&op_mean, a);
}

vt_tensor vt_prod_with(const vt_reduce_args *a)
{
    NEED_ARGUMENTS("prod", a, VT_INERT);
    return reduce(&op_prod, a);
}

vt_tensor vt_max_with(const vt_reduce_args *a)
{
    NEED_ARGUMENTS("max", a, VT_INERT);
    return reduce(&op_max, a);
}

vt_tensor vt_min_with(const vt_reduce_args *a)
{
    NEED_ARGUMENTS("min", a, VT_INERT);
    return reduce(&op_min, a);
}

vt_tensor vt_any_with(const vt_reduce_args *a)
{
    NEED_ARGUMENTS("any", a, VT_INERT);
    return reduce(&op_any, a);
}

vt_tensor vt_all_with(const vt_reduce_args *a)
{
    NEED_ARGUMENTS("all", a, VT_INERT);
    return reduce(&op_all, a);
}

vt_tensor vt_logsumexp_with(const vt_reduce_args *a)
{
    NEED_ARGUMENTS("logsumexp", a, VT_INERT);
    return reduce(&op_logsumexp, a);
}

vt_tensor vt_var_with(const vt_var_args *a)
{
    NEED_ARGUMENTS("var", a, VT_INERT);
    return reduce_with(&op_var, a->at_, a->x, a->axes, (reduce_attributes){ .keep = a->keep, .unbiased = a->unbiased });
}

vt_tensor vt_std_with(const vt_var_args *a)
{
    NEED_ARGUMENTS("std", a, VT_INERT);
    return reduce_with(&op_std, a->at_, a->x, a->axes, (reduce_attributes){ .keep = a->keep, .unbiased = a->unbiased });
}

vt_tensor vt_norm_with(const vt_norm_args *a)
{
    NEED_ARGUMENTS("norm", a, VT_INERT);
    if (!number_fits(a->order == 1 || a->order == 2, "norm", a->at_, "order", a->order, "1 or 2")) return VT_INERT;
    return reduce_with(&op_norm, a->at_, a->x, a->axes, (reduce_attributes){ .keep = a->keep, .order = a->order });
}

/* The axis from the front; -1, with an error, where x has no such axis. */
static int one_axis(const char *name, vt_site at, vt_tensor x, int axis)
{
    spec s;
    int resolved;
    return axis_of(name, at, x, axis, &s, &resolved) ? resolved : -1;
}

static vt_tensor arg(const op *op, const vt_arg_args *a)
{
    int axis = one_axis(op->name, a->at_, a->x, a->axis);
    if (axis < 0) return VT_INERT;
    return record(op, a->at_, INPUTS(a->x), ATTRIBUTE(arg_attributes, .axis = axis, .keep = a->keep));
}

vt_tensor vt_argmax_with(const vt_arg_args *a)
{
    NEED_ARGUMENTS("argmax", a, VT_INERT);
    return arg(&op_argmax, a);
}

vt_tensor vt_argmin_with(const vt_arg_args *a)
{
    NEED_ARGUMENTS("argmin", a, VT_INERT);
    return arg(&op_argmin, a);
}

static vt_tensor scan(const op *op, const vt_cumsum_args *a)
{
    int axis = one_axis(op->name, a->at_, a->x, a->axis);
    if (axis < 0) return VT_INERT;
    return record(op, a->at_, INPUTS(a->x), ATTRIBUTE(scan_attributes, .axis = axis, .reverse = a->reverse));
}

vt_tensor vt_cumsum_with(const vt_cumsum_args *a)
{
    NEED_ARGUMENTS("cumsum", a, VT_INERT);
    return scan(&op_cumsum, a);
}

vt_tensor vt_cumprod_with(const vt_cumsum_args *a)
{
    NEED_ARGUMENTS("cumprod", a, VT_INERT);
    return scan(&op_cumprod, a);
}

static vt_tensor cumulative(const op *op, const vt_cumulative_args *a)
{
    vt_tensor out[2] = { { 0 }, { 0 } };
    int axis = one_axis(op->name, a->at_, a->x, a->axis);
    if (axis >= 0) record_into(&(recording){ op, a->at_, INPUTS(a->x), ATTRIBUTE(scan_attributes, .axis = axis) }, out);
    if (a->indices) *a->indices = out[CUMMAX_INDICES];
    return out[CUMMAX_VALUES];
}

vt_tensor vt_cummax_with(const vt_cumulative_args *a)
{
    NEED_ARGUMENTS("cummax", a, VT_INERT);
    return cumulative(&op_cummax, a);
}

vt_tensor vt_cummin_with(const vt_cumulative_args *a)
{
    NEED_ARGUMENTS("cummin", a, VT_INERT);
    return cumulative(&op_cummin, a);
}

vt_tensor vt_sum_to_at(vt_site at, vt_tensor x, vt_shape shape)
{
    ENTER("sum_to", at);
    spec s;
    vt_shape whole;
    char a[128], b[128];
    if (vt_failed() || !spec_of("sum_to", at, "x", x, &s)) return VT_INERT;
    if (shape.rank < 0 || shape.rank > VT_MAX_RANK)
        return refuse_call("sum_to", at, VT_ERROR_ARGUMENT, "shape has rank %d; ranks are 0 to %d", shape.rank,
                           VT_MAX_RANK);
    if (!shape_broadcast(s.shape, shape, &whole) || !vt_shape_equal(whole, s.shape))
        return refuse_call("sum_to", at, VT_ERROR_ARGUMENT, "x %s is no broadcast of %s", vt_shape_text(s.shape, a),
                           vt_shape_text(shape, b));
    vt_axes axes = { .count = 0 };
    int lead = s.shape.rank - shape.rank;
    for (int i = 0; i < s.shape.rank; i++)
        if (i < lead || (shape.dim[i - lead] == 1 && s.shape.dim[i] != 1)) axes.axis[axes.count++] = i;
    return vt_reshape(axes.count ? vt_sum(x, .axes = axes) : x, shape);
}
