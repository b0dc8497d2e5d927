/* reduce.c - ops that reduce axes. */
#include "ops/reduce.h"
#include "ops/list.h"
#include <vitro/vitro.h>

static vt_shape reduced_shape(vt_shape shape, const reduce_attributes *a)
{
    vt_shape out = { .rank = 0 };
    for (int i = 0; i < shape.rank; i++) {
        bool reduced = a->axes >> i & 1;
        if (!reduced || a->keep) out.dim[out.rank++] = reduced ? 1 : shape.dim[i];
    }
    return out;
}

static bool infer_sum(const node *n, const spec *in, spec *out)
{
    out->dtype = vt_dtype_is_float(in->dtype) ? in->dtype : VT_I64;
    out->shape = reduced_shape(in->shape, ATTRIBUTES(reduce_attributes, n));
    return true;
}

/* g, whose reduced axes are gone or 1, seen with the shape of the input. */
static vt_tensor spread(const node *n, vt_tensor g)
{
    const reduce_attributes *a = ATTRIBUTES(reduce_attributes, n);
    vt_shape shape = vt_shape_of(n->in[0]);
    vt_shape kept = reduced_shape(shape, &(reduce_attributes){ a->axes, true });
    return vt_expand(vt_reshape(g, kept), shape);
}

static void sum_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = spread(n, g[0]);
}

const op op_sum = {
    .name = "sum", .id = OP_ID_sum, .min_inputs = 1, .max_inputs = 1, .outputs = 1, .infer = infer_sum, .vjp = sum_vjp
};

/* The axes as bits; false, with an error, where one is out of range or named twice. */
static bool axis_bits(const char *name, vt_site at, vt_tensor x, vt_axes axes, int64_t *bits)
{
    spec s;
    char text[128];
    if (vt_failed() || !spec_of(name, at, "x", x, &s)) return false;
    *bits = axes.count ? 0 : (1 << s.shape.rank) - 1;
    for (int i = 0; i < axes.count; i++) {
        int axis = axis_resolve(axes.axis[i], s.shape.rank);
        if (axis < 0 || *bits >> axis & 1) {
            refuse_call(name, at, VT_ERROR_ARGUMENT, "axis %d of a tensor of shape %s is %s", axes.axis[i],
                        vt_shape_text(s.shape, text), axis < 0 ? "out of range" : "named twice");
            return false;
        }
        *bits |= 1 << axis;
    }
    return true;
}

static vt_tensor reduce(const op *op, const vt_reduce_args *a)
{
    int64_t bits;
    if (!axis_bits(op->name, a->at_, a->x, a->axes, &bits)) return (vt_tensor){ 0 };
    return record(op, a->at_, INPUTS(a->x), ATTRIBUTE(reduce_attributes, .axes = bits, .keep = a->keep));
}

vt_tensor vt_sum_with(const vt_reduce_args *a)
{
    return reduce(&op_sum, a);
}

vt_tensor vt_sum_to_at(vt_site at, vt_tensor x, vt_shape shape)
{
    ENTER("sum_to", at);
    spec s;
    vt_shape whole;
    char a[128], b[128];
    if (vt_failed() || !spec_of("sum_to", at, "x", x, &s)) return (vt_tensor){ 0 };
    if (!shape_broadcast(s.shape, shape, &whole) || !vt_shape_equal(whole, s.shape))
        return refuse_call("sum_to", at, VT_ERROR_ARGUMENT, "x %s is no broadcast of %s", vt_shape_text(s.shape, a),
                           vt_shape_text(shape, b));
    vt_axes axes = { .count = 0 };
    int lead = s.shape.rank - shape.rank;
    for (int i = 0; i < s.shape.rank; i++)
        if (i < lead || (shape.dim[i - lead] == 1 && s.shape.dim[i] != 1)) axes.axis[axes.count++] = i;
    return vt_reshape(axes.count ? vt_sum(x, .axes = axes) : x, shape);
}
