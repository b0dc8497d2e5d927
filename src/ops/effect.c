/* effect.c - ops that overwrite tensors, and what belongs to an update. */
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
    if (in[0].dtype != in[1].dtype)
        return refuse(n, "the target is %s, the value %s; vt_cast makes them equal", vt_dtype_name(in[0].dtype),
                      vt_dtype_name(in[1].dtype));
    if (vt_shape_equal(in[0].shape, in[1].shape)) return true;
    return refuse(n, "the target is %s, the value %s; vt_expand makes them equal", vt_shape_text(in[0].shape, a),
                  vt_shape_text(in[1].shape, b));
}

static bool assign_writes(int i)
{
    return i == 0;
}

const op op_assign = { .name = "assign",
                       .id = OP_ID_assign,
                       .min_inputs = 2,
                       .max_inputs = 2,
                       .infer = infer_assign,
                       .writes = assign_writes };

void vt_assign_at(vt_site at, vt_tensor target, vt_tensor value)
{
    record(&op_assign, at, INPUTS(target, value));
}

/* -- The optimisers' updates -------------------------------------------------------------------------------------- */

static bool infer_update(const node *n, const spec *in, int inputs_each)
{
    char a[128], b[128];
    for (int i = 0; i < n->inputs; i++) {
        const spec *p = &in[i - i % inputs_each];
        if (!vt_dtype_is_float(p->dtype))
            return refuse(n, "a parameter is %s; it must be f32 or f64", vt_dtype_name(p->dtype));
        if (in[i].dtype != p->dtype || !vt_shape_equal(in[i].shape, p->shape))
            return refuse(n, "input %d is %s %s, its parameter %s %s", i, vt_dtype_name(in[i].dtype),
                          vt_shape_text(in[i].shape, a), vt_dtype_name(p->dtype), vt_shape_text(p->shape, b));
    }
    return n->inputs % inputs_each == 0 || refuse(n, "%d inputs, %d belong to a parameter", n->inputs, inputs_each);
}

/* Everything but the gradients. */
#define UPDATE(name_, inputs_each)                                                                                     \
    static bool name_##_writes(int i)                                                                                  \
    {                                                                                                                  \
        return i % (inputs_each) != 1;                                                                                 \
    }                                                                                                                  \
    static bool infer_##name_(const node *n, const spec *in, spec *out)                                                \
    {                                                                                                                  \
        (void)out;                                                                                                     \
        return infer_update(n, in, inputs_each);                                                                       \
    }                                                                                                                  \
    const op op_##name_ = { .name = #name_, .id = OP_ID_##name_, .infer = infer_##name_, .writes = name_##_writes };
UPDATE(sgd, SGD_INPUTS)
UPDATE(sgd_momentum, SGD_MOMENTUM_INPUTS)
UPDATE(adam, ADAM_INPUTS)

void record_sgd(vt_site at, const vt_tensor *inputs, int count, const sgd_attributes *a, double lr)
{
    const op *op = a->momentum > 0 ? &op_sgd_momentum : &op_sgd;
    record(op, at, .inputs = count, .in = inputs, .attributes = a, .attributes_size = sizeof *a,
           .bound = { .scalar = { lr } });
}

void record_adam(vt_site at, const vt_tensor *inputs, int count, const adam_attributes *a, double lr, int64_t update)
{
    double correction1 = 1 - pow(a->beta1, (double)update), correction2 = 1 - pow(a->beta2, (double)update);
    record(&op_adam, at, .inputs = count, .in = inputs, .attributes = a, .attributes_size = sizeof *a,
           .bound = { .scalar = { lr, correction1, correction2 } });
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
    memcpy(out, in + 1, (size_t)n->outputs * sizeof *out);
    if (!(max_norm > 0)) return refuse(n, "max_norm is %g; it must be positive", max_norm);
    return all_are_float(n, in);
}

/* The update is no part of what is differentiated: as in torch.nn.utils.clip_grad_norm_, gradients do not pass. */
const op op_global_norm = {
    .name = "global_norm", .id = OP_ID_global_norm, .outputs = 1, .infer = infer_global_norm, .constant = true
};
const op op_clip = { .name = "clip", .id = OP_ID_clip, .infer = infer_clip, .constant = true };

vt_tensor record_global_norm(vt_site at, const vt_tensor *x, int count)
{
    return record(&op_global_norm, at, .inputs = count, .in = x);
}

bool record_clip(vt_site at, vt_tensor norm, const vt_tensor *x, int count, double max_norm, vt_tensor *out)
{
    vt_tensor *in = malloc((size_t)(count + 1) * sizeof *in);
    memset(out, 0, (size_t)count * sizeof *out);
    if (!in) return raise_error(VT_ERROR_MEMORY, at, "out of memory to clip");
    in[0] = norm;
    memcpy(in + 1, x, (size_t)count * sizeof *in);
    recording r = { .op = &op_clip, .at = at, .inputs = count + 1, .in = in, .outputs = count };
    r.attributes = &(clip_attributes){ max_norm };
    r.attributes_size = sizeof(clip_attributes);
    bool ok = record_into(&r, out);
    free(in);
    return ok;
}
