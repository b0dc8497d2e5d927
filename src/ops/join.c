/* join.c - larger tensors from smaller ones: concatenation, padding, repetition. */
#include "core/base/shape.h"
#include "ops/list.h"
#include "ops/shape.h"
#include <vitro/vitro.h>
#include <stdlib.h>

/* -- concat -------------------------------------------------------------------------------------------------------- */

static bool fits_first(const spec *first, const spec *other, int64_t axis)
{
    if (other->dtype != first->dtype || other->shape.rank != first->shape.rank) return false;
    for (int i = 0; i < first->shape.rank; i++)
        if (i != axis && other->shape.dim[i] != first->shape.dim[i]) return false;
    return true;
}

static bool infer_concat(const node *n, const spec *in, spec *out)
{
    int64_t axis = ATTRIBUTES(axis_attributes, n)->axis;
    char a[128], b[128];
    *out = in[0];
    for (int i = 1; i < n->inputs; i++) {
        if (!fits_first(&in[0], &in[i], axis))
            return refuse(n, "tensor %d is %s %s, tensor 0 %s %s; they may differ along axis %d alone", i,
                          vt_dtype_name(in[i].dtype), vt_shape_text(in[i].shape, a), vt_dtype_name(in[0].dtype),
                          vt_shape_text(in[0].shape, b), (int)axis);
        out->shape.dim[axis] += in[i].shape.dim[axis];
        if (!shape_is_valid(out->shape)) return refuse(n, "the result is larger than any memory");
    }
    return true;
}

static void concat_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    int axis = (int)ATTRIBUTES(axis_attributes, n)->axis;
    int64_t start = 0;
    for (int i = 0; i < n->inputs; i++) {
        int64_t end = start + vt_dim(n->in[i], axis);
        dx[i] = vt_slice(g[0], axis, start, end);
        start = end;
    }
}

static void concat_parts(const void *attributes, const array *out, int inputs, array *in)
{
    int axis = (int)((const axis_attributes *)attributes)->axis;
    int64_t start = 0;
    for (int i = 0; i < inputs; i++) {
        vt_shape shape = in[i].shape;
        in[i] = *out;
        in[i].shape = shape;
        in[i].data = (char *)out->data + start * out->stride[axis] * (int64_t)vt_dtype_size(out->dtype);
        start += shape.dim[axis];
    }
}

const op op_concat = { OP_HEAD(concat, 1, 0, 1), .infer = infer_concat, .vjp = concat_vjp, .parts = concat_parts };

static bool has_tensors(const char *name, vt_site at, const vt_tensor *tensors, int count)
{
    if (vt_failed()) return false;
    if (count > 0 && tensors) return true;
    if (count > 0)
        refuse_call(name, at, VT_ERROR_ARGUMENT, "the list of %d tensors is NULL", count);
    else
        refuse_call(name, at, VT_ERROR_ARGUMENT, "%d tensors; it takes 1 or more", count);
    return false;
}

vt_tensor vt_concat_at(vt_site at, const vt_tensor *tensors, int count, int axis)
{
    spec s;
    axis_attributes a;
    int resolved;
    if (!has_tensors("concat", at, tensors, count) || !axis_of("concat", at, tensors[0], axis, &s, &resolved))
        return VT_INERT;
    a.axis = resolved;
    return record(&op_concat, at, .inputs = count, .in = tensors, .attributes = &a, .attributes_size = sizeof a);
}

vt_tensor vt_stack_at(vt_site at, const vt_tensor *tensors, int count, int axis)
{
    ENTER("stack", at);
    spec first, s;
    int resolved;
    char a[128], b[128];
    if (!has_tensors("stack", at, tensors, count) || !new_axis_of("stack", at, tensors[0], axis, &first, &resolved))
        return VT_INERT;
    vt_tensor *layers = calloc((size_t)count, sizeof *layers);
    if (!layers) return refuse_call("stack", at, VT_ERROR_MEMORY, "out of memory for %d tensors", count);
    for (int i = 0; i < count && spec_of("stack", at, "a tensor", tensors[i], &s); i++) {
        if (!vt_shape_equal(s.shape, first.shape))
            refuse_call("stack", at, VT_ERROR_ARGUMENT, "tensor %d is %s, tensor 0 %s; they must be equal", i,
                        vt_shape_text(s.shape, a), vt_shape_text(first.shape, b));
        layers[i] = vt_unsqueeze(tensors[i], resolved);
    }
    vt_tensor out = vt_concat(layers, count, resolved);
    free(layers);
    return out;
}

/* -- pad ----------------------------------------------------------------------------------------------------------- */

static bool infer_pad(const node *n, const spec *in, spec *out)
{
    const pad_attributes *a = ATTRIBUTES(pad_attributes, n);
    char text[128];
    *out = *in;
    for (int i = 0; i < in->shape.rank; i++) {
        int64_t inside = in->shape.dim[i] ? (in->shape.dim[i] - 1) * a->between[i] : 0;
        if (a->before[i] < 0 || a->after[i] < 0)
            return refuse(n, "%lld before and %lld after along axis %d; vt_slice takes away", (long long)a->before[i],
                          (long long)a->after[i], i);
        if (__builtin_add_overflow(in->shape.dim[i] + inside, a->before[i], &out->shape.dim[i]) ||
            __builtin_add_overflow(out->shape.dim[i], a->after[i], &out->shape.dim[i]) || !shape_is_valid(out->shape))
            return refuse(n, "x %s would become larger than any memory", vt_shape_text(in->shape, text));
    }
    return true;
}

static void pad_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    const pad_attributes *a = ATTRIBUTES(pad_attributes, n);
    vt_shape shape = vt_shape_of(n->in[0]);
    slice_attributes inside = { .start = { 0 } };
    for (int i = 0; i < shape.rank; i++) {
        inside.start[i] = a->before[i];
        inside.step[i] = a->between[i] + 1;
        inside.count[i] = shape.dim[i];
    }
    dx[0] = record(&op_slice, n->at, INPUTS(g[0]), .attributes = &inside, .attributes_size = sizeof inside);
}

const op op_pad = { OP_HEAD(pad, 1, 1, 1), .infer = infer_pad, .vjp = pad_vjp,
                    .unbounded = 1u << offsetof(pad_attributes, value) / sizeof(double) };

static bool widths_fit(const char *what, vt_site at, vt_shape widths, vt_shape shape)
{
    char text[128];
    if (widths.rank >= 0 && widths.rank <= shape.rank) return true;
    refuse_call("pad", at, VT_ERROR_ARGUMENT, "%d widths %s; x %s has %d axes", widths.rank, what,
                vt_shape_text(shape, text), shape.rank);
    return false;
}

static vt_tensor pad_constant(const vt_pad_args *p, vt_shape before, vt_shape after)
{
    pad_attributes a = { .value = p->value };
    for (int i = 0; i < before.rank; i++) {
        a.before[i] = before.dim[i];
        a.after[i] = after.dim[i];
    }
    return record(&op_pad, p->at_, INPUTS(p->x), .attributes = &a, .attributes_size = sizeof a);
}

/* What stands beside x along an axis: `width` elements that continue it at one end. */
static vt_tensor margin(const vt_pad_args *p, vt_tensor x, int axis, int64_t width, bool after)
{
    vt_shape shape = vt_shape_of(x);
    int64_t extent = shape.dim[axis];
    switch (p->mode) {
    case VT_PAD_REPLICATE:
        shape.dim[axis] = width;
        return vt_expand(after ? vt_slice(x, axis, -1, VT_END) : vt_slice(x, axis, 0, 1), shape);
    case VT_PAD_CIRCULAR: return after ? vt_slice(x, axis, 0, width) : vt_slice(x, axis, extent - width, extent);
    default:
        x = after ? vt_slice(x, axis, extent - 1 - width, extent - 1) : vt_slice(x, axis, 1, 1 + width);
        return vt_flip(x, VT_AXES(axis));
    }
}

/* The widest margin that an axis of this extent can give in a mode. */
static int64_t widest_margin(vt_pad_mode mode, int64_t extent)
{
    if (extent == 0) return 0;
    return mode == VT_PAD_REFLECT ? extent - 1 : mode == VT_PAD_CIRCULAR ? extent : INT64_MAX;
}

static vt_tensor pad_axis(const vt_pad_args *p, vt_tensor x, int axis, int64_t before, int64_t after)
{
    const char *const modes[] = { [VT_PAD_REFLECT] = "VT_PAD_REFLECT",
                                  [VT_PAD_REPLICATE] = "VT_PAD_REPLICATE",
                                  [VT_PAD_CIRCULAR] = "VT_PAD_CIRCULAR" };
    if (before == 0 && after == 0) return x;
    char text[128];
    int64_t most = widest_margin(p->mode, vt_dim(x, axis));
    if (before < 0 || after < 0 || before > most || after > most)
        return refuse_call("pad", p->at_, VT_ERROR_ARGUMENT,
                           "%lld before and %lld after along axis %d of x %s; with %s at most %lld", (long long)before,
                           (long long)after, axis, vt_shape_text(vt_shape_of(x), text), modes[p->mode],
                           (long long)most);
    return vt_concat(((vt_tensor[]){ margin(p, x, axis, before, false), x, margin(p, x, axis, after, true) }), 3, axis);
}

/* The widths are aligned at the last axis. */
static vt_shape aligned(vt_shape widths, int rank)
{
    vt_shape all = { .rank = rank };
    for (int i = 0; i < widths.rank; i++) all.dim[rank - widths.rank + i] = widths.dim[i];
    return all;
}

vt_tensor vt_pad_with(const vt_pad_args *p)
{
    NEED_ARGUMENTS("pad", p, VT_INERT);
    ENTER("pad", p->at_);
    spec s;
    if (vt_failed() || !spec_of("pad", p->at_, "x", p->x, &s)) return VT_INERT;
    if (!widths_fit("before", p->at_, p->before, s.shape) || !widths_fit("after", p->at_, p->after, s.shape))
        return VT_INERT;
    vt_shape before = aligned(p->before, s.shape.rank), after = aligned(p->after, s.shape.rank);
    if (p->mode > VT_PAD_CIRCULAR)
        return refuse_call("pad", p->at_, VT_ERROR_ARGUMENT, "mode %d is no vt_pad_mode", (int)p->mode);
    if (p->mode == VT_PAD_CONSTANT) return pad_constant(p, before, after);
    vt_tensor x = p->x;
    for (int i = 0; i < s.shape.rank && !vt_failed(); i++) x = pad_axis(p, x, i, before.dim[i], after.dim[i]);
    return x;
}

/* -- roll, tile ---------------------------------------------------------------------------------------------------- */

vt_tensor vt_roll_at(vt_site at, vt_tensor x, int64_t shift, int axis)
{
    ENTER("roll", at);
    spec s;
    int resolved;
    if (!axis_of("roll", at, x, axis, &s, &resolved)) return VT_INERT;
    int64_t extent = s.shape.dim[resolved];
    shift = extent ? (shift % extent + extent) % extent : 0;
    if (shift == 0) return x;
    vt_tensor last = vt_slice(x, resolved, extent - shift, extent), first = vt_slice(x, resolved, 0, extent - shift);
    return vt_concat(((vt_tensor[]){ last, first }), 2, resolved);
}

/* x, whole along an axis, `times` times: as [outer, 1, inner] expanded to [outer, times, inner]. */
static vt_tensor tile_axis(vt_tensor x, int axis, int64_t times)
{
    vt_shape shape = vt_shape_of(x);
    int64_t outer = 1, inner = 1;
    for (int i = 0; i < shape.rank; i++) *(i < axis ? &outer : &inner) *= shape.dim[i];
    vt_tensor tiled = vt_expand(vt_reshape(x, VT_SHAPE(outer, 1, inner)), VT_SHAPE(outer, times, inner));
    shape.dim[axis] *= times;
    return vt_reshape(tiled, shape);
}

vt_tensor vt_tile_at(vt_site at, vt_tensor x, vt_shape times)
{
    ENTER("tile", at);
    spec s;
    char a[128], b[128];
    if (vt_failed() || !spec_of("tile", at, "x", x, &s)) return VT_INERT;
    if (times.rank != s.shape.rank || !shape_is_valid(times))
        return refuse_call("tile", at, VT_ERROR_ARGUMENT, "times %s; x %s wants %d numbers of 0 or more",
                           vt_shape_text(times, a), vt_shape_text(s.shape, b), s.shape.rank);
    for (int i = 0; i < s.shape.rank; i++) {
        if (__builtin_mul_overflow(s.shape.dim[i], times.dim[i], &s.shape.dim[i]) || !shape_is_valid(s.shape))
            return refuse_call("tile", at, VT_ERROR_ARGUMENT, "times %s; x would become larger than any memory",
                               vt_shape_text(times, a));
    }
    for (int i = 0; i < s.shape.rank; i++)
        if (times.dim[i] != 1) x = tile_axis(x, i, times.dim[i]);
    return x;
}
