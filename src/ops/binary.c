/* binary.c - ops on the elements of two tensors: arithmetic, comparisons, logic, choice. */
#include "core/base/shape.h"
#include "ops/elementwise.h"
#include "ops/infer.h"
#include "ops/pointwise.h"
#include <vitro/vitro.h>

void add_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    (void)n;
    dx[0] = dx[1] = g[0];
}

void sub_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    (void)n;
    dx[0] = g[0];
    dx[1] = vt_neg(g[0]);
}

void mul_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_mul(g[0], n->in[1]);
    dx[1] = vt_mul(g[0], n->in[0]);
}

void div_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_div(g[0], n->in[1]);
    dx[1] = vt_neg(vt_mul(dx[0], n->out[0]));
}

/* a - b floor(a / b), and with the quotient towards 0 */
void remainder_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = g[0];
    dx[1] = vt_neg(vt_mul(g[0], vt_floor_divide(n->in[0], n->in[1])));
}

void fmod_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = g[0];
    dx[1] = vt_neg(vt_mul(g[0], vt_trunc_divide(n->in[0], n->in[1])));
}

/* da = g b a^(b-1) and db = g a^b log a, but 0 where 0 meets an infinity at a = 0. What is replaced is the argument,
 * not the result: 0 times infinity behind a vt_where would come back as NaN in the second derivative. */
void pow_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    vt_tensor a = n->in[0], b = n->in[1], zero = constant_like(a, 0), one = constant_like(a, 1);
    vt_tensor a_is_0 = vt_equal(a, zero);
    vt_tensor both_are_0 = vt_logical_and(a_is_0, vt_equal(b, zero));
    vt_tensor less = vt_sub(vt_where(both_are_0, one, b), one);
    dx[0] = vt_mul(g[0], vt_mul(b, vt_pow(a, less)));
    vt_tensor log_is_0 = vt_logical_and(a_is_0, vt_greater_equal(b, zero));
    dx[1] = vt_mul(g[0], vt_mul(n->out[0], vt_log(vt_where(log_is_0, one, a))));
}

/* b / (a^2 + b^2) and -a / (a^2 + b^2). The angle does not depend on the scale m by which a and b are divided lest
 * their squares overflow, so that m is a constant to the second derivative too. */
void atan2_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    vt_tensor m = vt_detach(vt_maximum(vt_abs(n->in[0]), vt_abs(n->in[1])));
    vt_tensor a = vt_div(n->in[0], m), b = vt_div(n->in[1], m);
    vt_tensor per_square = vt_div(g[0], vt_mul(m, vt_add(vt_square(a), vt_square(b))));
    dx[0] = vt_mul(per_square, b);
    dx[1] = vt_neg(vt_mul(per_square, a));
}

/* g where `loses` is false, half of it where a and b are equal. */
static vt_tensor share(const node *n, vt_tensor g, vt_tensor loses)
{
    vt_tensor shared = vt_where(vt_equal(n->in[0], n->in[1]), vt_scale(g, 0.5), g);
    return vt_where(loses, constant_like(g, 0), shared);
}

void minimum_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = share(n, g[0], vt_greater(n->in[0], n->in[1]));
    dx[1] = share(n, g[0], vt_less(n->in[0], n->in[1]));
}

void maximum_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = share(n, g[0], vt_less(n->in[0], n->in[1]));
    dx[1] = share(n, g[0], vt_greater(n->in[0], n->in[1]));
}

const op op_equal = { OP_HEAD(equal, 2, 2, 1), .infer = infer_comparison, .constant = true };
const op op_not_equal = { OP_HEAD(not_equal, 2, 2, 1), .infer = infer_comparison, .constant = true };
const op op_less = { OP_HEAD(less, 2, 2, 1), .infer = infer_comparison, .constant = true };
const op op_less_equal = { OP_HEAD(less_equal, 2, 2, 1), .infer = infer_comparison, .constant = true };
const op op_greater = { OP_HEAD(greater, 2, 2, 1), .infer = infer_comparison, .constant = true };
const op op_greater_equal = { OP_HEAD(greater_equal, 2, 2, 1), .infer = infer_comparison, .constant = true };
const op op_logical_and = { OP_HEAD(logical_and, 2, 2, 1), .infer = infer_logical_pair, .constant = true };
const op op_logical_or = { OP_HEAD(logical_or, 2, 2, 1), .infer = infer_logical_pair, .constant = true };

BINARY_FUNCTION(equal)
BINARY_FUNCTION(not_equal)
BINARY_FUNCTION(less)
BINARY_FUNCTION(less_equal)
BINARY_FUNCTION(greater)
BINARY_FUNCTION(greater_equal)
BINARY_FUNCTION(logical_and)
BINARY_FUNCTION(logical_or)

vt_tensor vt_is_nan_at(vt_site at, vt_tensor x)
{
    ENTER("is_nan", at);
    return vt_not_equal(x, x);
}

static bool infer_where(const node *n, const spec *in, spec *out)
{
    char a[128], b[128];
    if (in[WHERE_CONDITION].dtype != VT_BOOL)
        return refuse(n, "the condition is %s; it must be bool: a comparison makes one",
                      vt_dtype_name(in[WHERE_CONDITION].dtype));
    if (!infer_pair(n, in, WHERE_A, out)) return false;
    vt_shape chosen = out->shape;
    if (shape_broadcast(in[WHERE_CONDITION].shape, chosen, &out->shape)) return true;
    return refuse(n, "the condition %s and the values %s do not broadcast: extents must be equal or 1",
                  vt_shape_text(in[WHERE_CONDITION].shape, a), vt_shape_text(chosen, b));
}

static void where_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    vt_tensor zero = constant_like(g[0], 0);
    dx[WHERE_A] = vt_where(n->in[WHERE_CONDITION], g[0], zero);
    dx[WHERE_B] = vt_where(n->in[WHERE_CONDITION], zero, g[0]);
}

const op op_where = { OP_HEAD(where, 3, 3, 1), .infer = infer_where, .vjp = where_vjp };

vt_tensor vt_where_at(vt_site at, vt_tensor condition, vt_tensor a, vt_tensor b)
{
    return record(&op_where, at, INPUTS(condition, a, b));
}
