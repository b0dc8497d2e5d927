/* effect.c - ops that overwrite tensors. */
#include "ops/list.h"
#include <vitro/effect.h>

static bool infer_assign(const node *n, const spec *in, spec *out)
{
    char a[128], b[128];
    (void)out;
    if (in[0].dtype != in[1].dtype)
        return refuse(n, "the target is %s, the value %s; vt_cast makes them equal", vt_dtype_name(in[0].dtype),
                      vt_dtype_name(in[1].dtype));
    if (vt_shape_equal(in[0].shape, in[1].shape)) return true;
    return refuse(n, "the target is %s, the value %s; vt_expand makes them equal", vt_shape_text(in[0].shape, a),
                  vt_shape_text(in[1].shape, b));
}

static bool writes_first(int i)
{
    return i == 0;
}

const op op_assign = { .name = "assign",
                       .id = OP_ID_assign,
                       .min_inputs = 2,
                       .max_inputs = 2,
                       .infer = infer_assign,
                       .writes = writes_first };

void vt_assign_at(vt_site at, vt_tensor target, vt_tensor value)
{
    record(&op_assign, at, INPUTS(target, value));
}
