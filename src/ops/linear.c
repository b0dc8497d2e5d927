/* linear.c - matrix products. */
#include "ops/linear.h"
#include "ops/list.h"
#include <vitro/vitro.h>

static bool infer_matmul(const node *n, const spec *in, spec *out)
{
    const matmul_attributes *t = ATTRIBUTES(matmul_attributes, n);
    vt_shape a = in[0].shape, b = in[1].shape, lead;
    char sa[128], sb[128];
    if (in[0].dtype != in[1].dtype || !vt_dtype_is_float(in[0].dtype))
        return refuse(n, "a is %s, b is %s; both must be f32, or both f64", vt_dtype_name(in[0].dtype),
                      vt_dtype_name(in[1].dtype));
    if (a.rank < 2 || b.rank < 2)
        return refuse(n, "a %s and b %s must have two axes or more", vt_shape_text(a, sa), vt_shape_text(b, sb));
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

/* Y = A B: dA = G Bᵀ, dB = Aᵀ G, and the transposes of these where A or B came transposed. */
static void matmul_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    const matmul_attributes *t = ATTRIBUTES(matmul_attributes, n);
    vt_tensor a = n->in[0], b = n->in[1];
    dx[0] = t->transpose_a ? vt_matmul(b, g[0], .transpose_a = t->transpose_b, .transpose_b = true)
                           : vt_matmul(g[0], b, .transpose_b = !t->transpose_b);
    dx[1] = t->transpose_b ? vt_matmul(g[0], a, .transpose_a = true, .transpose_b = t->transpose_a)
                           : vt_matmul(a, g[0], .transpose_a = !t->transpose_a);
}

const op op_matmul = { .name = "matmul",
                       .id = OP_ID_matmul,
                       .min_inputs = 2,
                       .max_inputs = 2,
                       .outputs = 1,
                       .infer = infer_matmul,
                       .vjp = matmul_vjp };

vt_tensor vt_matmul_with(const vt_matmul_args *a)
{
    return record(&op_matmul, a->at_, INPUTS(a->a, a->b),
                  ATTRIBUTE(matmul_attributes, .transpose_a = a->transpose_a, .transpose_b = a->transpose_b));
}
