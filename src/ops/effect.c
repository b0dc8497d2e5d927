/* effect.c - assignment, and the clipping of gradients. */
#include "core/base/error.h"
#include "ops/effect.h"
#include "core/context.h"
#include "ops/list.h"
#include <vitro/vitro.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* -- assign ------------------------------------------------------------------------------------------------------- */

static bool infer_assign(const node *n, const spec *in, spec *out)
{
    char a[128], b[128];
    (void)out;
    const spec *target = &in[ASSIGN_TARGET], *value = &in[ASSIGN_VALUE];
    if (target->dtype != value->dtype)
        return refuse(n, "the target is %s, the value %s; vt_cast makes them equal", vt_dtype_name(target->dtype),
                      vt_dtype_name(value->dtype));
    if (vt_shape_equal(target->shape, value->shape)) return true;
    return refuse(n, "the target is %s, the value %s; vt_expand makes them equal", vt_shape_text(target->shape, a),
                  vt_shape_text(value->shape, b));
}

static bool assign_writes(int i)
{
    return i == ASSIGN_TARGET;
}

const op op_assign = { OP_HEAD(assign, 2, 2, 0), .infer = infer_assign, .writes = assign_writes };

void vt_assign_at(vt_site at, vt_tensor target, vt_tensor value)
{
    record(&op_assign, at, INPUTS(target, value));
}

/* -- Clipping ----------------------------------------------------------------------------------------------------- */

static bool all_are_float(const node *n, const spec *in)
{
    for (int i = 0; i < n->inputs; i++)
        if (!vt_dtype_is_float(in[i].dtype))
            return refuse(n, "input %d is %s; it must be f32 or f64", i, vt_dtype_name(in[i].dtype));
    return true;
}

static bool infer_global_norm(const node *n, const spec *in, spec *out)
{
    if (n->inputs == 0) return refuse(n, "there is nothing to measure");
    *out = (spec){ in[0].dtype, { .rank = 0 } };
    return all_are_float(n, in);
}

static bool infer_clip(const node *n, const spec *in, spec *out)
{
    double max_norm = ATTRIBUTES(clip_attributes, n)->max_norm;
    memcpy(out, in + CLIP_TENSORS, (size_t)n->outputs * sizeof *out);
    if (!(max_norm > 0)) return refuse(n, "max_norm is %g; it must be positive", max_norm);
    return all_are_float(n, in);
}

/* In f64, where squares of f32 do not overflow. */
static void global_norm_decompose(const node *n, vt_tensor *out)
{
    vt_tensor sum = vt_full(VT_SCALAR, 0, .dtype = VT_F64);
    for (int i = 0; i < n->inputs; i++) sum = vt_add(sum, vt_sum(vt_square(vt_cast(n->in[i], VT_F64))));
    out[0] = vt_cast(vt_sqrt(sum), vt_dtype_of(n->in[0]));
}

static void clip_decompose(const node *n, vt_tensor *out)
{
    double max_norm = ATTRIBUTES(clip_attributes, n)->max_norm;
    vt_tensor norm = vt_shift(vt_cast(n->in[CLIP_NORM], VT_F64), 1e-6);
    vt_tensor scale = vt_minimum(vt_scale(vt_reciprocal(norm), max_norm), vt_full(VT_SCALAR, 1, .dtype = VT_F64));
    for (int i = 0; i < n->outputs; i++)
        out[i] = vt_mul(n->in[CLIP_TENSORS + i], vt_cast(scale, vt_dtype_of(n->in[CLIP_TENSORS + i])));
}

/* The update is no part of what is differentiated: as in torch.nn.utils.clip_grad_norm_, gradients do not pass. */
const op op_global_norm = { OP_HEAD(global_norm, 0, 0, 1), .infer = infer_global_norm,
                            .decompose = global_norm_decompose, .constant = true };
const op op_clip = { OP_HEAD(clip, 0, 0, 0), .infer = infer_clip, .decompose = clip_decompose, .constant = true };

vt_tensor record_global_norm(vt_site at, const vt_tensor *x, int count)
{
    return record(&op_global_norm, at, .inputs = count, .in = x);
}

bool record_clip(vt_site at, vt_tensor norm, const vt_tensor *x, int count, double max_norm, vt_tensor *out)
{
    vt_tensor *in = malloc((size_t)(count + CLIP_TENSORS) * sizeof *in);
    memset(out, 0, (size_t)count * sizeof *out);
    if (!in) return raise_error(VT_ERROR_MEMORY, at, "out of memory to clip");
    in[CLIP_NORM] = norm;
    memcpy(in + CLIP_TENSORS, x, (size_t)count * sizeof *in);
    recording r = { .op = &op_clip, .at = at, .inputs = count + CLIP_TENSORS, .in = in, .outputs = count };
    r.attributes = &(clip_attributes){ max_norm };
    r.attributes_size = sizeof(clip_attributes);
    bool ok = record_into(&r, out);
    free(in);
    return ok;
}
