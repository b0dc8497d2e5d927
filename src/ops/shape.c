/* shape.c - views: the same memory seen in another way. */
#include "core/base/shape.h"
#include "ops/shape.h"
#include "ops/extents.h"
#include "ops/list.h"
#include <vitro/vitro.h>

typedef struct permute_attributes {
    int64_t order[VT_MAX_RANK];
} permute_attributes;

static bool resolve_extents(const node *n, vt_shape in, vt_shape *shape)
{
    int64_t known = 1;
    int open = -1;
    char a[128], b[128];
    const vt_shape asked = *shape;
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dim[i] == -1 && open < 0)
            open = i;
        else if (shape->dim[i] < 0 || __builtin_mul_overflow(known, shape->dim[i], &known))
            return refuse(n, "not a shape: %s", vt_shape_text(asked, b));
    }
    int64_t count = vt_shape_count(in);
    if (open >= 0 && known) shape->dim[open] = count / known;
    if (vt_shape_count(*shape) == count && (open < 0 || known)) return true;
    return refuse(n, "x %s has %lld elements, %s wants another number", vt_shape_text(in, a), (long long)count,
                  vt_shape_text(asked, b));
}

static bool infer_reshape(const node *n, const spec *in, spec *out)
{
    *out = (spec){ in->dtype, shape_of_extents(ATTRIBUTES(extents, n)) };
    return resolve_extents(n, in->shape, &out->shape);
}

static void reshape_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = vt_reshape(g[0], vt_shape_of(n->in[0]));
}

static bool reshape_view(const void *attributes, const array *in, int outputs, array *out)
{
    (void)attributes, (void)outputs;
    return array_reshape(*in, out->shape, out);
}

static bool reshape_unview(const void *attributes, const array *out, array *in)
{
    (void)attributes;
    return array_reshape(*out, in->shape, in);
}

static bool infer_permute(const node *n, const spec *in, spec *out)
{
    const permute_attributes *a = ATTRIBUTES(permute_attributes, n);
    *out = *in;
    for (int i = 0; i < in->shape.rank; i++) out->shape.dim[i] = in->shape.dim[a->order[i]];
    return true;
}

static void permute_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    const permute_attributes *a = ATTRIBUTES(permute_attributes, n);
    vt_axes inverse = { .count = vt_rank(g[0]) };
    for (int i = 0; i < inverse.count; i++) inverse.axis[a->order[i]] = i;
    dx[0] = vt_permute(g[0], inverse);
}

static bool permute_unview(const void *attributes, const array *out, array *in)
{
    const permute_attributes *a = attributes;
    vt_shape shape = in->shape;
    *in = *out;
    in->shape = shape;
    for (int i = 0; i < shape.rank; i++) in->stride[a->order[i]] = out->stride[i];
    return true;
}

static bool permute_view(const void *attributes, const array *in, int outputs, array *out)
{
    (void)outputs;
    int order[VT_MAX_RANK];
    for (int i = 0; i < in->shape.rank; i++) order[i] = (int)((const permute_attributes *)attributes)->order[i];
    *out = array_permute(*in, order);
    return true;
}

static bool infer_expand(const node *n, const spec *in, spec *out)
{
    vt_shape shape = shape_of_extents(ATTRIBUTES(extents, n)), whole;
    char a[128], b[128];
    int lead = shape.rank - in->shape.rank;
    for (int i = lead < 0 ? 0 : lead; i < shape.rank; i++)
        if (shape.dim[i] == -1) shape.dim[i] = in->shape.dim[i - lead];
    *out = (spec){ in->dtype, shape };
    if (shape_broadcast(in->shape, shape, &whole) && vt_shape_equal(whole, shape)) return true;
    return refuse(n, "x %s does not broadcast to %s", vt_shape_text(in->shape, a), vt_shape_text(shape, b));
}

static void expand_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    (void)n;
    dx[0] = g[0]; /* summed by the walk */
}

static bool expand_view(const void *attributes, const array *in, int outputs, array *out)
{
    (void)attributes, (void)outputs;
    *out = array_broadcast(*in, out->shape);
    return true;
}

static bool infer_detach(const node *n, const spec *in, spec *out)
{
    (void)n;
    *out = *in;
    return true;
}

static bool detach_view(const void *attributes, const array *in, int outputs, array *out)
{
    (void)attributes, (void)outputs;
    *out = *in;
    return true;
}

const op op_reshape = { OP_HEAD(reshape, 1, 1, 1), .infer = infer_reshape, .view = reshape_view, .vjp = reshape_vjp,
                        .unview = reshape_unview };
const op op_permute = { OP_HEAD(permute, 1, 1, 1), .infer = infer_permute, .view = permute_view, .vjp = permute_vjp,
                        .unview = permute_unview };
const op op_expand = { OP_HEAD(expand, 1, 1, 1), .infer = infer_expand, .view = expand_view, .vjp = expand_vjp };
const op op_detach = { OP_HEAD(detach, 1, 1, 1), .infer = infer_detach, .view = detach_view, .constant = true };

static vt_tensor record_extents(const op *op, vt_site at, vt_tensor x, vt_shape shape)
{
    if (shape.rank < 0 || shape.rank > VT_MAX_RANK)
        return refuse_call(op->name, at, VT_ERROR_ARGUMENT, "a shape of rank %d; it is 0 to %d", shape.rank,
                           VT_MAX_RANK);
    extents e = extents_of(shape);
    return record(op, at, INPUTS(x), .attributes = &e, .attributes_size = sizeof e);
}

vt_tensor vt_reshape_at(vt_site at, vt_tensor x, vt_shape shape)
{
    return record_extents(&op_reshape, at, x, shape);
}

vt_tensor vt_expand_at(vt_site at, vt_tensor x, vt_shape shape)
{
    return record_extents(&op_expand, at, x, shape);
}

vt_tensor vt_detach_at(vt_site at, vt_tensor x)
{
    return record(&op_detach, at, INPUTS(x));
}

vt_tensor vt_permute_at(vt_site at, vt_tensor x, vt_axes order)
{
    spec s;
    char text[128];
    permute_attributes a = { { 0 } };
    int seen = 0;
    if (vt_failed() || !spec_of("permute", at, "x", x, &s)) return VT_INERT;
    for (int i = 0; i < order.count && i < s.shape.rank; i++) {
        int axis = axis_resolve(order.axis[i], s.shape.rank);
        a.order[i] = axis;
        seen |= axis < 0 ? 0 : 1 << axis;
    }
    if (order.count != s.shape.rank || seen != (1 << s.shape.rank) - 1)
        return refuse_call("permute", at, VT_ERROR_ARGUMENT, "the order must name each of the %d axes of x %s once",
                           s.shape.rank, vt_shape_text(s.shape, text));
    return record(&op_permute, at, INPUTS(x), .attributes = &a, .attributes_size = sizeof a);
}

/* -- Axes that come, go and change places ------------------------------------------------------------------------- */

bool axis_of(const char *name, vt_site at, vt_tensor x, int axis, spec *s, int *resolved)
{
    char text[128];
    if (vt_failed() || !spec_of(name, at, "x", x, s)) return false;
    *resolved = axis_resolve(axis, s->shape.rank);
    if (*resolved >= 0) return true;
    refuse_call(name, at, VT_ERROR_ARGUMENT, "axis %d of a tensor of shape %s is out of range", axis,
                vt_shape_text(s->shape, text));
    return false;
}

bool axes_of(const char *name, vt_site at, vt_tensor x, vt_axes axes, spec *s, int64_t *bits)
{
    char text[128];
    if (vt_failed() || !spec_of(name, at, "x", x, s)) return false;
    *bits = 0;
    if (axes.count < 0 || axes.count > VT_MAX_RANK) {
        refuse_call(name, at, VT_ERROR_ARGUMENT, "%d axes; there are 0 to %d", axes.count, VT_MAX_RANK);
        return false;
    }
    for (int i = 0; i < axes.count; i++) {
        int axis;
        if (!axis_of(name, at, x, axes.axis[i], s, &axis)) return false;
        if (*bits >> axis & 1) {
            refuse_call(name, at, VT_ERROR_ARGUMENT, "axis %d of a tensor of shape %s is named twice", axes.axis[i],
                        vt_shape_text(s->shape, text));
            return false;
        }
        *bits |= 1 << axis;
    }
    return true;
}

vt_tensor vt_transpose_at(vt_site at, vt_tensor x, int a, int b)
{
    ENTER("transpose", at);
    spec s;
    int from, to;
    if (!axis_of("transpose", at, x, a, &s, &from) || !axis_of("transpose", at, x, b, &s, &to)) return VT_INERT;
    vt_axes order = { .count = s.shape.rank };
    for (int i = 0; i < order.count; i++) order.axis[i] = i == from ? to : i == to ? from : i;
    return vt_permute(x, order);
}

vt_tensor vt_flatten_at(vt_site at, vt_tensor x, int first, int last)
{
    ENTER("flatten", at);
    spec s;
    int from, to;
    char text[128];
    if (vt_failed() || !spec_of("flatten", at, "x", x, &s)) return VT_INERT;
    if (s.shape.rank == 0) return vt_reshape(x, VT_SHAPE(1));
    if (!axis_of("flatten", at, x, first, &s, &from) || !axis_of("flatten", at, x, last, &s, &to)) return VT_INERT;
    if (from > to)
        return refuse_call("flatten", at, VT_ERROR_ARGUMENT, "axis %d comes after axis %d of x %s", first, last,
                           vt_shape_text(s.shape, text));
    vt_shape flat = { .rank = from + 1 };
    for (int i = 0; i < s.shape.rank; i++) {
        if (i > from && i <= to)
            flat.dim[from] *= s.shape.dim[i];
        else
            flat.dim[i > to ? flat.rank++ : i] = s.shape.dim[i];
    }
    return vt_reshape(x, flat);
}

vt_tensor vt_squeeze_at(vt_site at, vt_tensor x, int axis)
{
    ENTER("squeeze", at);
    spec s;
    int gone;
    char text[128];
    if (!axis_of("squeeze", at, x, axis, &s, &gone)) return VT_INERT;
    if (s.shape.dim[gone] != 1)
        return refuse_call("squeeze", at, VT_ERROR_ARGUMENT, "axis %d of x %s has extent %lld; it must be 1", axis,
                           vt_shape_text(s.shape, text), (long long)s.shape.dim[gone]);
    s.shape.rank--;
    for (int i = gone; i < s.shape.rank; i++) s.shape.dim[i] = s.shape.dim[i + 1];
    return vt_reshape(x, s.shape);
}

bool new_axis_of(const char *name, vt_site at, vt_tensor x, int axis, spec *s, int *resolved)
{
    char text[128];
    if (vt_failed() || !spec_of(name, at, "x", x, s)) return false;
    *resolved = axis_resolve(axis, s->shape.rank + 1);
    if (s->shape.rank == VT_MAX_RANK)
        refuse_call(name, at, VT_ERROR_ARGUMENT, "a tensor of shape %s has %d axes already, the most there are",
                    vt_shape_text(s->shape, text), VT_MAX_RANK);
    else if (*resolved < 0)
        refuse_call(name, at, VT_ERROR_ARGUMENT, "axis %d is no place for a new axis in a tensor of shape %s", axis,
                    vt_shape_text(s->shape, text));
    return !vt_failed();
}

vt_tensor vt_unsqueeze_at(vt_site at, vt_tensor x, int axis)
{
    ENTER("unsqueeze", at);
    spec s;
    int added;
    if (!new_axis_of("unsqueeze", at, x, axis, &s, &added)) return VT_INERT;
    for (int i = s.shape.rank++; i > added; i--) s.shape.dim[i] = s.shape.dim[i - 1];
    s.shape.dim[added] = 1;
    return vt_reshape(x, s.shape);
}
