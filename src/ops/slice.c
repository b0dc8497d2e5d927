/* slice.c - parts of a tensor, as views; their gradients are paddings. */
#include "ops/list.h"
#include "ops/shape.h"
#include <vitro/vitro.h>
#include <stdlib.h>

/* -- slice: the constructors resolve the bounds -------------------------------------------------------------------- */

static bool infer_slice(const node *n, const spec *in, spec *out)
{
    const slice_attributes *a = ATTRIBUTES(slice_attributes, n);
    *out = *in;
    for (int i = 0; i < in->shape.rank; i++) out->shape.dim[i] = a->count[i];
    return true;
}

/* Every element back in its place, among zeros. */
static void slice_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    const slice_attributes *a = ATTRIBUTES(slice_attributes, n);
    vt_shape shape = vt_shape_of(n->in[0]);
    pad_attributes back = { .value = 0 };
    for (int i = 0; i < shape.rank; i++) {
        int64_t span = a->count[i] ? (a->count[i] - 1) * a->step[i] + 1 : 0;
        back.before[i] = a->start[i];
        back.after[i] = shape.dim[i] - a->start[i] - span;
        back.between[i] = a->step[i] - 1;
    }
    dx[0] = record(&op_pad, n->at, INPUTS(g[0]), .attributes = &back, .attributes_size = sizeof back);
}

static bool slice_view(const void *attributes, const array *in, int outputs, array *out)
{
    (void)outputs;
    const slice_attributes *a = attributes;
    int64_t offset = 0;
    vt_shape shape = out->shape;
    *out = *in;
    out->shape = shape;
    for (int i = 0; i < shape.rank; i++) {
        offset += a->start[i] * in->stride[i];
        out->stride[i] *= a->step[i];
    }
    if (vt_shape_count(shape)) out->data = (char *)in->data + offset * (int64_t)vt_dtype_size(in->dtype);
    return true;
}

static bool infer_flip(const node *n, const spec *in, spec *out)
{
    (void)n;
    *out = *in;
    return true;
}

static void flip_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    const flip_attributes *a = ATTRIBUTES(flip_attributes, n);
    dx[0] = record(&op_flip, n->at, INPUTS(g[0]), ATTRIBUTE(flip_attributes, .axes = a->axes));
}

static bool flip_view(const void *attributes, const array *in, int outputs, array *out)
{
    (void)outputs;
    const flip_attributes *a = attributes;
    int64_t offset = 0;
    *out = *in;
    for (int i = 0; i < in->shape.rank; i++) {
        if (!(a->axes >> i & 1)) continue;
        offset += (in->shape.dim[i] - 1) * in->stride[i];
        out->stride[i] = -in->stride[i];
    }
    if (vt_shape_count(in->shape)) out->data = (char *)in->data + offset * (int64_t)vt_dtype_size(in->dtype);
    return true;
}

/* -- chunk: one node for all the parts, so that their gradients come together in one concatenation ----------------- */

static bool infer_chunk(const node *n, const spec *in, spec *out)
{
    int64_t axis = ATTRIBUTES(axis_attributes, n)->axis;
    for (int i = 0; i < n->outputs; i++) {
        out[i] = *in;
        out[i].shape.dim[axis] /= n->outputs;
    }
    return true;
}

static void chunk_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    int64_t axis = ATTRIBUTES(axis_attributes, n)->axis;
    vt_tensor *parts = calloc((size_t)n->outputs, sizeof *parts);
    if (!parts) {
        refuse_call("chunk", n->at, VT_ERROR_MEMORY, "out of memory for the gradient of %d parts", n->outputs);
        return;
    }
    for (int i = 0; i < n->outputs; i++) parts[i] = g[i].id ? g[i] : vt_zeros_like(n->out[i]);
    dx[0] = vt_concat(parts, n->outputs, (int)axis);
    free(parts);
}

static bool chunk_view(const void *attributes, const array *in, int outputs, array *out)
{
    int64_t axis = ((const axis_attributes *)attributes)->axis;
    array part = *in;
    part.shape.dim[axis] /= outputs;
    int64_t step = vt_shape_count(part.shape) ? part.shape.dim[axis] * in->stride[axis] : 0;
    for (int i = 0; i < outputs; i++) {
        out[i] = part;
        if (step) out[i].data = (char *)in->data + i * step * (int64_t)vt_dtype_size(in->dtype);
    }
    return true;
}

const op op_slice = { OP_HEAD(slice, 1, 1, 1), .infer = infer_slice, .vjp = slice_vjp, .view = slice_view };
const op op_flip = { OP_HEAD(flip, 1, 1, 1), .infer = infer_flip, .vjp = flip_vjp, .view = flip_view };
const op op_chunk = { OP_HEAD(chunk, 1, 1, 0), .infer = infer_chunk, .vjp = chunk_vjp, .view = chunk_view };

/* -- The public functions ------------------------------------------------------------------------------------------ */

static slice_attributes whole(vt_shape shape)
{
    slice_attributes a = { .start = { 0 } };
    for (int i = 0; i < shape.rank; i++) {
        a.step[i] = 1;
        a.count[i] = shape.dim[i];
    }
    return a;
}

/* A bound as Python takes it: from the end where it is negative, and no further than the ends. */
static int64_t bound_of(int64_t index, int64_t extent)
{
    if (index < 0) index = index < -extent ? 0 : index + extent;
    return index > extent ? extent : index;
}

vt_tensor vt_slice_with(const vt_slice_args *a)
{
    NEED_ARGUMENTS("slice", a, VT_INERT);
    spec s;
    int axis;
    if (!axis_of("slice", a->at_, a->x, a->axis, &s, &axis)) return VT_INERT;
    if (a->step < 1)
        return refuse_call("slice", a->at_, VT_ERROR_ARGUMENT, "step %lld; it is 1 or more, and vt_flip reverses",
                           (long long)a->step);
    slice_attributes part = whole(s.shape);
    int64_t extent = s.shape.dim[axis], start = bound_of(a->start, extent), end = bound_of(a->end, extent);
    part.start[axis] = start;
    part.count[axis] = end > start ? (end - start - 1) / a->step + 1 : 0;
    part.step[axis] = part.count[axis] > 1 ? a->step : 1;
    return record(&op_slice, a->at_, INPUTS(a->x), .attributes = &part, .attributes_size = sizeof part);
}

vt_tensor vt_select_at(vt_site at, vt_tensor x, int axis, int64_t index)
{
    ENTER("select", at);
    spec s;
    int resolved;
    char text[128];
    if (!axis_of("select", at, x, axis, &s, &resolved)) return VT_INERT;
    int64_t extent = s.shape.dim[resolved];
    if (index < -extent || index >= extent)
        return refuse_call("select", at, VT_ERROR_ARGUMENT, "index %lld; axis %d of x %s has %lld elements",
                           (long long)index, axis, vt_shape_text(s.shape, text), (long long)extent);
    if (index < 0) index += extent;
    return vt_squeeze(vt_slice(x, resolved, index, index + 1), resolved);
}

vt_tensor vt_flip_at(vt_site at, vt_tensor x, vt_axes axes)
{
    spec s;
    int64_t bits;
    if (!axes_of("flip", at, x, axes, &s, &bits)) return VT_INERT;
    return record(&op_flip, at, INPUTS(x), ATTRIBUTE(flip_attributes, .axes = bits));
}

/* No part stays from an earlier call where this one fails. */
static bool clear(const char *name, vt_site at, int count, vt_tensor *parts)
{
    for (int i = 0; parts && i < count; i++) parts[i] = VT_INERT;
    if (count > 0 && parts) return true;
    if (count > 0)
        refuse_call(name, at, VT_ERROR_ARGUMENT, "parts is NULL; it has room for %d tensors", count);
    else
        refuse_call(name, at, VT_ERROR_ARGUMENT, "%d parts; there must be 1 or more", count);
    return false;
}

bool vt_chunk_at(vt_site at, vt_tensor x, int axis, int count, vt_tensor *parts)
{
    spec s;
    int resolved;
    char text[128];
    if (!clear("chunk", at, count, parts) || !axis_of("chunk", at, x, axis, &s, &resolved)) return false;
    if (s.shape.dim[resolved] % count) {
        refuse_call("chunk", at, VT_ERROR_ARGUMENT, "axis %d of x %s does not divide into %d equal parts", axis,
                    vt_shape_text(s.shape, text), count);
        return false;
    }
    axis_attributes a = { .axis = resolved };
    recording r = { &op_chunk, at, INPUTS(x), .attributes = &a, .attributes_size = sizeof a, .outputs = count };
    return record_into(&r, parts);
}

bool vt_split_at(vt_site at, vt_tensor x, int axis, const int64_t *sizes, int count, vt_tensor *parts)
{
    ENTER("split", at);
    spec s;
    int resolved;
    int64_t total = 0;
    char text[128];
    if (!clear("split", at, count, parts) || !axis_of("split", at, x, axis, &s, &resolved)) return false;
    if (!sizes) {
        refuse_call("split", at, VT_ERROR_ARGUMENT, "sizes is NULL; it gives those of %d parts", count);
        return false;
    }
    for (int i = 0; i < count; i++) {
        if (sizes[i] < 0 || __builtin_add_overflow(total, sizes[i], &total)) {
            refuse_call("split", at, VT_ERROR_ARGUMENT, "size %d is %lld", i, (long long)sizes[i]);
            return false;
        }
    }
    if (total != s.shape.dim[resolved]) {
        refuse_call("split", at, VT_ERROR_ARGUMENT, "sizes that add up to %lld; axis %d of x %s has %lld elements",
                    (long long)total, axis, vt_shape_text(s.shape, text), (long long)s.shape.dim[resolved]);
        return false;
    }
    int64_t start = 0;
    for (int i = 0; i < count; start += sizes[i++]) parts[i] = vt_slice(x, resolved, start, start + sizes[i]);
    return !vt_failed();
}

bool vt_unstack_at(vt_site at, vt_tensor x, int axis, int count, vt_tensor *parts)
{
    ENTER("unstack", at);
    spec s;
    int resolved;
    char text[128];
    if (!clear("unstack", at, count, parts) || !axis_of("unstack", at, x, axis, &s, &resolved)) return false;
    if (s.shape.dim[resolved] != count) {
        refuse_call("unstack", at, VT_ERROR_ARGUMENT, "%d parts; axis %d of x %s has %lld elements", count, axis,
                    vt_shape_text(s.shape, text), (long long)s.shape.dim[resolved]);
        return false;
    }
    if (!vt_chunk(x, resolved, count, parts)) return false;
    for (int i = 0; i < count; i++) parts[i] = vt_squeeze(parts[i], resolved);
    return !vt_failed();
}
