/* effect.c - ops that overwrite tensors, and what belongs to an update. */
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

const op op_assign = { OP_HEAD(assign, 2, 2, 0), .infer = infer_assign, .writes = assign_writes };

void vt_assign_at(vt_site at, vt_tensor target, vt_tensor value)
{
    record(&op_assign, at, INPUTS(target, value));
}

/* -- The optimisers' updates -------------------------------------------------------------------------------------- */

static bool infer_scalars(const node *n, const spec *in, int scalars)
{
    char a[128];
    if (n->inputs < scalars) return refuse(n, "%d inputs; what comes before the parameters are %d", n->inputs, scalars);
    for (int i = 0; i < scalars; i++)
        if (in[i].dtype != VT_F64 || in[i].shape.rank != 0)
            return refuse(n, "input %d is %s %s; it must be one number in f64", i, vt_dtype_name(in[i].dtype),
                          vt_shape_text(in[i].shape, a));
    return true;
}

static bool infer_update(const node *n, const spec *in, int scalars, int arrays)
{
    char a[128], b[128];
    if (!infer_scalars(n, in, scalars)) return false;
    for (int i = scalars; i < n->inputs; i++) {
        const spec *p = &in[i - (i - scalars) % arrays];
        if (!vt_dtype_is_float(p->dtype))
            return refuse(n, "a parameter is %s; it must be f32 or f64", vt_dtype_name(p->dtype));
        if (in[i].dtype != p->dtype || !vt_shape_equal(in[i].shape, p->shape))
            return refuse(n, "input %d is %s %s, its parameter %s %s", i, vt_dtype_name(in[i].dtype),
                          vt_shape_text(in[i].shape, a), vt_dtype_name(p->dtype), vt_shape_text(p->shape, b));
    }
    return (n->inputs - scalars) % arrays == 0 ||
           refuse(n, "%d inputs behind the numbers, %d belong to a parameter", n->inputs - scalars, arrays);
}

/* p - rate step; the rate is a scalar in f64 */
static void move(vt_tensor p, vt_tensor rate, vt_tensor step)
{
    vt_assign(p, vt_sub(p, vt_mul(step, vt_cast(rate, vt_dtype_of(p)))));
}

static vt_tensor with_decay(vt_tensor g, vt_tensor p, double weight_decay)
{
    return weight_decay == 0 ? g : vt_add(g, vt_scale(p, weight_decay));
}

static void sgd_decompose(const node *n, vt_tensor *out)
{
    const sgd_attributes *a = ATTRIBUTES(sgd_attributes, n);
    (void)out;
    vt_tensor rate = vt_scale(n->in[UPDATE_LR], a->lr_ratio);
    for (const vt_tensor *in = n->in + SGD_SCALARS; in < n->in + n->inputs; in += SGD_ARRAYS)
        move(in[0], rate, with_decay(in[1], in[0], a->weight_decay));
}

static void sgd_momentum_decompose(const node *n, vt_tensor *out)
{
    const sgd_attributes *a = ATTRIBUTES(sgd_attributes, n);
    (void)out;
    vt_tensor rate = vt_scale(n->in[UPDATE_LR], a->lr_ratio);
    for (const vt_tensor *in = n->in + SGD_MOMENTUM_SCALARS; in < n->in + n->inputs; in += SGD_MOMENTUM_ARRAYS) {
        vt_tensor g = with_decay(in[1], in[0], a->weight_decay), m = vt_add(vt_scale(in[2], a->momentum), g);
        vt_assign(in[2], m);
        move(in[0], rate, a->nesterov ? vt_add(g, vt_scale(m, a->momentum)) : m);
    }
}

/* 1 - beta^t, by which a mean that began at zero is too small; in f64, where little of it cancels */
static vt_tensor bias_correction(double beta, vt_tensor t)
{
    return vt_affine(vt_exp(vt_scale(t, log(beta))), -1, 1);
}

static void move_by_adam(const node *n, int arrays)
{
    const adam_attributes *a = ATTRIBUTES(adam_attributes, n);
    vt_tensor rate = vt_scale(n->in[UPDATE_LR], a->lr_ratio), shrinking = vt_scale(rate, a->weight_decay);
    vt_tensor corrected_rate = vt_div(rate, bias_correction(a->beta1, n->in[UPDATE_NUMBER]));
    vt_tensor correction2 = vt_sqrt(bias_correction(a->beta2, n->in[UPDATE_NUMBER]));
    for (const vt_tensor *in = n->in + ADAM_SCALARS; in < n->in + n->inputs; in += arrays) {
        vt_tensor p = in[0], g = in[1];
        if (a->decoupled)
            move(p, shrinking, p);
        else
            g = with_decay(g, p, a->weight_decay);
        vt_tensor m = vt_add(vt_scale(in[2], a->beta1), vt_scale(g, 1 - a->beta1));
        vt_tensor v = vt_add(vt_scale(in[3], a->beta2), vt_scale(vt_square(g), 1 - a->beta2));
        vt_assign(in[2], m);
        vt_assign(in[3], v);
        if (arrays == AMSGRAD_ARRAYS) vt_assign(in[4], v = vt_maximum(in[4], v));
        vt_tensor root = vt_div(vt_sqrt(v), vt_cast(correction2, vt_dtype_of(p)));
        move(p, corrected_rate, vt_div(m, vt_shift(root, a->eps)));
    }
}

static void adam_decompose(const node *n, vt_tensor *out)
{
    (void)out;
    move_by_adam(n, ADAM_ARRAYS);
}

static void amsgrad_decompose(const node *n, vt_tensor *out)
{
    (void)out;
    move_by_adam(n, AMSGRAD_ARRAYS);
}

/* An average of x, one step on. */
static vt_tensor averaged(vt_tensor average, vt_tensor x, double alpha)
{
    vt_tensor next = vt_add(vt_scale(average, alpha), vt_scale(x, 1 - alpha));
    vt_assign(average, next);
    return next;
}

static void rmsprop_decompose(const node *n, vt_tensor *out)
{
    const rmsprop_attributes *a = ATTRIBUTES(rmsprop_attributes, n);
    (void)out;
    vt_tensor rate = vt_scale(n->in[UPDATE_LR], a->lr_ratio);
    int arrays = RMSPROP_ARRAYS + (a->centered != 0) + (a->momentum > 0);
    for (const vt_tensor *in = n->in + RMSPROP_SCALARS; in < n->in + n->inputs; in += arrays) {
        vt_tensor g = with_decay(in[1], in[0], a->weight_decay), v = averaged(in[2], vt_square(g), a->alpha);
        if (a->centered) v = vt_clamp(vt_sub(v, vt_square(averaged(in[3], g, a->alpha))), 0, INFINITY);
        vt_tensor step = vt_div(g, vt_shift(vt_sqrt(v), a->eps));
        if (a->momentum > 0) {
            vt_tensor m = in[arrays - 1];
            step = vt_add(vt_scale(m, a->momentum), step);
            vt_assign(m, step);
        }
        move(in[0], rate, step);
    }
}

/* Everything but the scalars and the gradients. */
#define UPDATE(name_, scalars, arrays, decompose_)                                                                     \
    static bool name_##_writes(int i)                                                                                  \
    {                                                                                                                  \
        return i >= (scalars) && (i - (scalars)) % (arrays) != 1;                                                      \
    }                                                                                                                  \
    static bool infer_##name_(const node *n, const spec *in, spec *out)                                                \
    {                                                                                                                  \
        (void)out;                                                                                                     \
        return infer_update(n, in, scalars, arrays);                                                                   \
    }                                                                                                                  \
    const op op_##name_ = { OP_HEAD(name_, 0, 0, 0), .infer = infer_##name_, .decompose = decompose_,                  \
                            .writes = name_##_writes };
UPDATE(sgd, SGD_SCALARS, SGD_ARRAYS, sgd_decompose)
UPDATE(sgd_momentum, SGD_MOMENTUM_SCALARS, SGD_MOMENTUM_ARRAYS, sgd_momentum_decompose)
UPDATE(adam, ADAM_SCALARS, ADAM_ARRAYS, adam_decompose)
UPDATE(amsgrad, ADAM_SCALARS, AMSGRAD_ARRAYS, amsgrad_decompose)
UPDATE(rmsprop, RMSPROP_SCALARS, RMSPROP_ARRAYS, rmsprop_decompose)
UPDATE(rmsprop_momentum, RMSPROP_SCALARS, RMSPROP_ARRAYS + 1, rmsprop_decompose)
UPDATE(rmsprop_centered, RMSPROP_SCALARS, RMSPROP_ARRAYS + 1, rmsprop_decompose)
UPDATE(rmsprop_centered_momentum, RMSPROP_SCALARS, RMSPROP_ARRAYS + 2, rmsprop_decompose)

void record_sgd(vt_site at, const vt_tensor *inputs, int count, const sgd_attributes *a)
{
    const op *op = a->momentum > 0 ? &op_sgd_momentum : &op_sgd;
    record(op, at, .inputs = count, .in = inputs, .attributes = a, .attributes_size = sizeof *a);
}

void record_adam(vt_site at, const vt_tensor *inputs, int count, const adam_attributes *a, bool amsgrad)
{
    record(amsgrad ? &op_amsgrad : &op_adam, at, .inputs = count, .in = inputs, .attributes = a,
           .attributes_size = sizeof *a);
}

void record_rmsprop(vt_site at, const vt_tensor *inputs, int count, const rmsprop_attributes *a)
{
    const op *op = a->centered       ? a->momentum > 0 ? &op_rmsprop_centered_momentum : &op_rmsprop_centered
                   : a->momentum > 0 ? &op_rmsprop_momentum
                                     : &op_rmsprop;
    record(op, at, .inputs = count, .in = inputs, .attributes = a, .attributes_size = sizeof *a);
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
    vt_tensor norm = vt_shift(vt_cast(n->in[0], VT_F64), 1e-6);
    vt_tensor scale = vt_minimum(vt_scale(vt_reciprocal(norm), max_norm), vt_full(VT_SCALAR, 1, .dtype = VT_F64));
    for (int i = 0; i < n->outputs; i++) out[i] = vt_mul(n->in[i + 1], vt_cast(scale, vt_dtype_of(n->in[i + 1])));
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
