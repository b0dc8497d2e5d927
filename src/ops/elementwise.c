/* elementwise.c - ops on each element. */
#include "ops/list.h"
#include <vitro/vitro.h>

static bool infer_binary(const node *n, const spec *in, spec *out)
{
    char a[128], b[128];
    if (in[0].dtype != in[1].dtype)
        return refuse(n, "a is %s, b is %s; vt_cast makes them equal", vt_dtype_name(in[0].dtype),
                      vt_dtype_name(in[1].dtype));
    out->dtype = in[0].dtype;
    if (shape_broadcast(in[0].shape, in[1].shape, &out->shape)) return true;
    return refuse(n, "a %s and b %s do not broadcast: extents must be equal or 1", vt_shape_text(in[0].shape, a),
                  vt_shape_text(in[1].shape, b));
}

static bool infer_float_unary(const node *n, const spec *in, spec *out)
{
    *out = in[0];
    if (vt_dtype_is_float(in[0].dtype)) return true;
    return refuse(n, "x is %s; it must be f32 or f64", vt_dtype_name(in[0].dtype));
}

static void add_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    (void)n;
    dx[0] = dx[1] = g[0];
}

static void mul_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_mul(g[0], n->in[1]);
    dx[1] = vt_mul(g[0], n->in[0]);
}

static void exp_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_mul(g[0], n->out[0]);
}

#define BINARY(name_) .name = #name_, .id = OP_ID_##name_, .min_inputs = 2, .max_inputs = 2, .outputs = 1
#define UNARY(name_)  .name = #name_, .id = OP_ID_##name_, .min_inputs = 1, .max_inputs = 1, .outputs = 1
const op op_add = { BINARY(add), .infer = infer_binary, .vjp = add_vjp };
const op op_mul = { BINARY(mul), .infer = infer_binary, .vjp = mul_vjp };
const op op_exp = { UNARY(exp), .infer = infer_float_unary, .vjp = exp_vjp };

vt_tensor vt_add_at(vt_site at, vt_tensor a, vt_tensor b)
{
    return record(&op_add, at, INPUTS(a, b));
}

vt_tensor vt_mul_at(vt_site at, vt_tensor a, vt_tensor b)
{
    return record(&op_mul, at, INPUTS(a, b));
}

vt_tensor vt_exp_at(vt_site at, vt_tensor x)
{
    return record(&op_exp, at, INPUTS(x));
}
