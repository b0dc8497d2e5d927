/* dropout.c - random masks. A mask is a function of the node's random stream and is never stored: the gradient is the
 * same op with the same stream. */
#include "ops/elementwise.h"
#include "ops/infer.h"
#include <vitro/vitro.h>

static void dropout_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = record(n->op, n->at, INPUTS(g[0]), .attributes = n->attributes, .attributes_size = n->attributes_size,
                   .bound = n->bound);
}

static bool infer_drop_path(const node *n, const spec *in, spec *out)
{
    if (in[0].shape.rank == 0) return refuse(n, "x has rank 0; samples lie along axis 0, so it must be 1 or more");
    return infer_float(n, in, out);
}

const op op_dropout = { OP_HEAD(dropout, 1, 1, 1), .infer = infer_float, .vjp = dropout_vjp, .varies = true };
const op op_drop_path = { OP_HEAD(drop_path, 1, 1, 1), .infer = infer_drop_path, .vjp = dropout_vjp, .varies = true };

static vt_tensor drop(const op *op, vt_site at, vt_tensor x, double p)
{
    spec s;
    if (vt_failed() || !spec_of(op->name, at, "x", x, &s)) return VT_INERT;
    if (!(p >= 0 && p < 1))
        return refuse_call(op->name, at, VT_ERROR_ARGUMENT, "p is %g; it must be at least 0 and less than 1", p);
    if (!vt_training() || p == 0) return x;
    return record(op, at, INPUTS(x), ATTRIBUTE(dropout_attributes, .p = p), .bound = bound_random());
}

vt_tensor vt_dropout_at(vt_site at, vt_tensor x, double p)
{
    return drop(&op_dropout, at, x, p);
}

vt_tensor vt_drop_path_at(vt_site at, vt_tensor x, double p)
{
    return drop(&op_drop_path, at, x, p);
}
