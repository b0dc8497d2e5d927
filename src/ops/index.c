/* index.c - ops that pick and place elements by index. Picking and adding are each other's gradients. */
#include "core/settings.h"
#include "ops/index.h"
#include "ops/infer.h"
#include "ops/list.h"
#include <vitro/vitro.h>

bool refuse_index(const char *op, vt_site at, int64_t index, int64_t extent, vt_shape shape, int64_t number)
{
    vt_shape place = { .rank = shape.rank };
    char text[128];
    for (int i = shape.rank - 1; i >= 0; i--) {
        place.dim[i] = number % shape.dim[i];
        number /= shape.dim[i];
    }
    refuse_call(op, at, VT_ERROR_ARGUMENT, "index %lld at %s is out of range: the extent is %lld", (long long)index,
                vt_shape_text(place, text), (long long)extent);
    return false;
}

/* -- Checks -------------------------------------------------------------------------------------------------------- */

static bool is_index(const node *n, const char *what, const spec *s)
{
    if (s->dtype == VT_I32 || s->dtype == VT_I64) return true;
    return refuse(n, "%s is %s; it must be i32 or i64", what, vt_dtype_name(s->dtype));
}

/* Whether a has the shape of x with `extent` along the axis. */
static bool equal_but_along(int64_t axis, vt_shape x, vt_shape a, int64_t extent)
{
    if (x.rank != a.rank) return false;
    x.dim[axis] = extent;
    return vt_shape_equal(x, a);
}

static bool has_dtype_of(const node *n, const spec *x, const spec *source)
{
    if (x->dtype == source->dtype) return true;
    return refuse(n, "x is %s, source is %s; vt_cast makes them equal", vt_dtype_name(x->dtype),
                  vt_dtype_name(source->dtype));
}

static bool can_compute(const node *n, const spec *x, const spec *source, const char *done)
{
    if (!has_dtype_of(n, x, source)) return false;
    if (x->dtype != VT_BOOL && x->dtype != VT_U8) return true;
    return refuse(n, "x is %s; f32, f64, i32 and i64 are %s", vt_dtype_name(x->dtype), done);
}

static bool infer_gather(const node *n, const spec *in, spec *out)
{
    int64_t axis = ATTRIBUTES(axis_attributes, n)->axis;
    vt_shape x = in[GATHER_X].shape, index = in[GATHER_INDEX].shape;
    char a[128], b[128];
    *out = (spec){ in[GATHER_X].dtype, index };
    if (!is_index(n, "index", &in[GATHER_INDEX])) return false;
    if (equal_but_along(axis, x, index, index.dim[axis])) return true;
    return refuse(n, "index %s must have the shape of x %s, except along axis %d", vt_shape_text(index, a),
                  vt_shape_text(x, b), (int)axis);
}

static bool scatters(const node *n, const spec *in, spec *out)
{
    char a[128], b[128];
    spec picked;
    if (!infer_gather(n, in, &picked)) return false;
    *out = in[SCATTER_X];
    if (vt_shape_equal(picked.shape, in[SCATTER_SOURCE].shape)) return true;
    return refuse(n, "source %s must have the shape of index %s", vt_shape_text(in[SCATTER_SOURCE].shape, a),
                  vt_shape_text(picked.shape, b));
}

static bool infer_scatter_add(const node *n, const spec *in, spec *out)
{
    return scatters(n, in, out) && can_compute(n, &in[SCATTER_X], &in[SCATTER_SOURCE], "added");
}

static bool infer_scatter(const node *n, const spec *in, spec *out)
{
    if (!scatters(n, in, out)) return false;
    if (ATTRIBUTES(scatter_attributes, n)->kind != VT_SCATTER_MUL)
        return has_dtype_of(n, &in[SCATTER_X], &in[SCATTER_SOURCE]);
    return can_compute(n, &in[SCATTER_X], &in[SCATTER_SOURCE], "multiplied");
}

static bool infer_index_select(const node *n, const spec *in, spec *out)
{
    char text[128];
    *out = in[GATHER_X];
    if (!is_index(n, "index", &in[GATHER_INDEX])) return false;
    if (in[GATHER_INDEX].shape.rank != 1)
        return refuse(n, "index %s must have one axis", vt_shape_text(in[GATHER_INDEX].shape, text));
    out->shape.dim[ATTRIBUTES(axis_attributes, n)->axis] = in[GATHER_INDEX].shape.dim[0];
    return true;
}

static bool infer_index_add(const node *n, const spec *in, spec *out)
{
    char a[128], b[128];
    spec picked;
    if (!infer_index_select(n, in, &picked) || !can_compute(n, &in[SCATTER_X], &in[SCATTER_SOURCE], "added"))
        return false;
    *out = in[SCATTER_X];
    if (vt_shape_equal(picked.shape, in[SCATTER_SOURCE].shape)) return true;
    return refuse(n, "source %s must be %s, x with one slice an index", vt_shape_text(in[SCATTER_SOURCE].shape, a),
                  vt_shape_text(picked.shape, b));
}

static bool infer_one_hot(const node *n, const spec *in, spec *out)
{
    const one_hot_attributes *a = ATTRIBUTES(one_hot_attributes, n);
    char text[128];
    *out = (spec){ (vt_dtype)a->dtype, in->shape };
    if (!is_index(n, "ids", in)) return false;
    if (a->classes < 0) return refuse(n, "%lld classes", (long long)a->classes);
    if (in->shape.rank == VT_MAX_RANK)
        return refuse(n, "ids %s have %d axes already, the most there are", vt_shape_text(in->shape, text),
                      VT_MAX_RANK);
    out->shape.dim[out->shape.rank++] = a->classes;
    return true;
}

static bool infer_topk(const node *n, const spec *in, spec *out)
{
    const topk_attributes *a = ATTRIBUTES(topk_attributes, n);
    char text[128];
    if (a->k < 0 || a->k > in->shape.dim[a->axis])
        return refuse(n, "k is %lld; axis %d of x %s has %lld elements", (long long)a->k, (int)a->axis,
                      vt_shape_text(in->shape, text), (long long)in->shape.dim[a->axis]);
    out[TOPK_VALUES] = *in;
    out[TOPK_VALUES].shape.dim[a->axis] = a->k;
    out[TOPK_INDICES] = (spec){ VT_I64, out[TOPK_VALUES].shape };
    return true;
}

/* -- Gradients ----------------------------------------------------------------------------------------------------- */

static int axis_of_node(const node *n)
{
    return (int)ATTRIBUTES(axis_attributes, n)->axis;
}

static void gather_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[GATHER_X] = vt_scatter_add(vt_zeros_like(n->in[GATHER_X]), axis_of_node(n), n->in[GATHER_INDEX], g[0]);
}

static void scatter_add_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[SCATTER_X] = g[0];
    dx[SCATTER_SOURCE] = vt_gather(g[0], axis_of_node(n), n->in[SCATTER_INDEX]);
}

static vt_tensor scatter_alike(const node *n, vt_tensor x, vt_tensor source)
{
    return record(&op_scatter, n->at, INPUTS(x, n->in[SCATTER_INDEX], source), .attributes = n->attributes,
                  .attributes_size = n->attributes_size);
}

/* What stays of x, and of sources the last that goes to a place: it finds its own number there. */
static void replacement_vjp(const node *n, vt_tensor g, vt_tensor *dx)
{
    int axis = axis_of_node(n);
    vt_shape shape = vt_shape_of(n->in[SCATTER_INDEX]), along = { .rank = shape.rank };
    for (int i = 0; i < shape.rank; i++) along.dim[i] = i == axis ? shape.dim[i] : 1;
    vt_tensor number = vt_arange(0, (double)shape.dim[axis], .dtype = VT_I64);
    number = vt_expand(vt_reshape(number, along), shape);
    vt_tensor none = vt_full_like(n->in[SCATTER_X], -1, .dtype = VT_I64);
    vt_tensor last = vt_gather(scatter_alike(n, none, number), axis, n->in[SCATTER_INDEX]);
    dx[SCATTER_X] = scatter_alike(n, g, vt_zeros_like(n->in[SCATTER_SOURCE]));
    dx[SCATTER_SOURCE] =
        vt_where(vt_equal(last, number), vt_gather(g, axis, n->in[SCATTER_INDEX]), constant_like(g, 0));
}

/* As the gradient of vt_max: shared evenly by what is equal to the result of the inputs as they are here. */
static void extreme_vjp(const node *n, vt_tensor g, vt_tensor *dx)
{
    int axis = axis_of_node(n);
    vt_tensor x = n->in[SCATTER_X], index = n->in[SCATTER_INDEX], source = n->in[SCATTER_SOURCE];
    vt_tensor y = record(n->op, n->at, INPUTS(x, index, source), .attributes = n->attributes,
                         .attributes_size = n->attributes_size);
    vt_tensor is_x = vt_cast(vt_equal(x, y), vt_dtype_of(x));
    vt_tensor is_source = vt_cast(vt_equal(source, vt_gather(y, axis, index)), vt_dtype_of(x));
    vt_tensor share = vt_div(g, vt_scatter_add(is_x, axis, index, is_source));
    dx[SCATTER_X] = vt_mul(is_x, share);
    dx[SCATTER_SOURCE] = vt_mul(is_source, vt_gather(share, axis, index));
}

/* For each source the product of the others that go to its place: [outer, source, other, inner]. */
static vt_tensor product_of_others(const node *n)
{
    vt_shape shape = vt_shape_of(n->in[SCATTER_SOURCE]);
    int axis = axis_of_node(n);
    int64_t count = shape.dim[axis], outer = 1, inner = 1;
    for (int i = 0; i < shape.rank; i++)
        if (i != axis) *(i < axis ? &outer : &inner) *= shape.dim[i];
    vt_shape own = VT_SHAPE(outer, count, 1, inner), other = VT_SHAPE(outer, 1, count, inner);
    vt_tensor number = vt_arange(0, (double)count, .dtype = VT_I64);
    vt_tensor differs = vt_not_equal(vt_reshape(number, VT_SHAPE(count, 1, 1)), vt_reshape(number, VT_SHAPE(count, 1)));
    vt_tensor meets = vt_equal(vt_reshape(n->in[SCATTER_INDEX], own), vt_reshape(n->in[SCATTER_INDEX], other));
    vt_tensor factors = vt_where(vt_logical_and(meets, differs), vt_reshape(n->in[SCATTER_SOURCE], other),
                                 constant_like(n->in[SCATTER_SOURCE], 1));
    return vt_reshape(vt_prod(factors, .axes = VT_AXES(2)), shape);
}

static void product_vjp(const node *n, vt_tensor g, vt_tensor *dx)
{
    vt_tensor x = n->in[SCATTER_X], ones = vt_ones_like(x);
    dx[SCATTER_X] = vt_mul(g, scatter_alike(n, ones, n->in[SCATTER_SOURCE]));
    dx[SCATTER_SOURCE] = vt_mul(vt_gather(vt_mul(g, x), axis_of_node(n), n->in[SCATTER_INDEX]), product_of_others(n));
}

static void scatter_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    switch (ATTRIBUTES(scatter_attributes, n)->kind) {
    case VT_SCATTER_SET: replacement_vjp(n, g[0], dx); break;
    case VT_SCATTER_MUL: product_vjp(n, g[0], dx); break;
    default: extreme_vjp(n, g[0], dx); break;
    }
}

static void index_select_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[GATHER_X] = vt_index_add(vt_zeros_like(n->in[GATHER_X]), axis_of_node(n), n->in[GATHER_INDEX], g[0]);
}

static void index_add_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[SCATTER_X] = g[0];
    dx[SCATTER_SOURCE] = vt_index_select(g[0], axis_of_node(n), n->in[SCATTER_INDEX]);
}

static void topk_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    int axis = (int)ATTRIBUTES(topk_attributes, n)->axis;
    dx[0] = vt_scatter_add(vt_zeros_like(n->in[0]), axis, n->out[TOPK_INDICES], g[TOPK_VALUES]);
}

const op op_gather = { OP_HEAD(gather, 2, 2, 1), .infer = infer_gather, .vjp = gather_vjp };
const op op_scatter = { OP_HEAD(scatter, 3, 3, 1), .infer = infer_scatter, .vjp = scatter_vjp };
const op op_scatter_add = { OP_HEAD(scatter_add, 3, 3, 1), .infer = infer_scatter_add, .vjp = scatter_add_vjp };
const op op_index_select = { OP_HEAD(index_select, 2, 2, 1), .infer = infer_index_select, .vjp = index_select_vjp };
const op op_index_add = { OP_HEAD(index_add, 3, 3, 1), .infer = infer_index_add, .vjp = index_add_vjp };
const op op_one_hot = { OP_HEAD(one_hot, 1, 1, 1), .infer = infer_one_hot, .constant = true };
const op op_topk = { OP_HEAD(topk, 1, 1, 2), .infer = infer_topk, .vjp = topk_vjp };

/* -- The public functions ------------------------------------------------------------------------------------------ */

static vt_tensor record_along(const op *op, vt_site at, int axis, const vt_tensor *in, int inputs)
{
    spec s;
    int resolved;
    if (!axis_of(op->name, at, in[0], axis, &s, &resolved)) return VT_INERT;
    return record(op, at, .inputs = inputs, .in = in, ATTRIBUTE(axis_attributes, .axis = resolved));
}

vt_tensor vt_gather_at(vt_site at, vt_tensor x, int axis, vt_tensor index)
{
    return record_along(&op_gather, at, axis, (vt_tensor[]){ x, index }, 2);
}

vt_tensor vt_scatter_add_at(vt_site at, vt_tensor x, int axis, vt_tensor index, vt_tensor source)
{
    return record_along(&op_scatter_add, at, axis, (vt_tensor[]){ x, index, source }, 3);
}

vt_tensor vt_scatter_with(const vt_scatter_args *a)
{
    NEED_ARGUMENTS("scatter", a, VT_INERT);
    spec s;
    int axis;
    if ((unsigned)a->kind > VT_SCATTER_MIN)
        return refuse_call("scatter", a->at_, VT_ERROR_ARGUMENT, "kind %d is no vt_scatter_kind", (int)a->kind);
    if (a->kind == VT_SCATTER_ADD) return vt_scatter_add_at(a->at_, a->x, a->axis, a->index, a->source);
    if (!axis_of("scatter", a->at_, a->x, a->axis, &s, &axis)) return VT_INERT;
    return record(&op_scatter, a->at_, INPUTS(a->x, a->index, a->source),
                  ATTRIBUTE(scatter_attributes, .axis = axis, .kind = a->kind));
}

vt_tensor vt_index_select_at(vt_site at, vt_tensor x, int axis, vt_tensor index)
{
    return record_along(&op_index_select, at, axis, (vt_tensor[]){ x, index }, 2);
}

vt_tensor vt_index_add_at(vt_site at, vt_tensor x, int axis, vt_tensor index, vt_tensor source)
{
    return record_along(&op_index_add, at, axis, (vt_tensor[]){ x, index, source }, 3);
}

vt_tensor vt_embedding_at(vt_site at, vt_tensor weight, vt_tensor ids)
{
    ENTER("embedding", at);
    spec table, s;
    char text[128];
    if (vt_failed() || !spec_of("embedding", at, "weight", weight, &table) || !spec_of("embedding", at, "ids", ids, &s))
        return VT_INERT;
    if (table.shape.rank != 2)
        return refuse_call("embedding", at, VT_ERROR_ARGUMENT, "weight %s must have two axes",
                           vt_shape_text(table.shape, text));
    if (s.shape.rank == VT_MAX_RANK)
        return refuse_call("embedding", at, VT_ERROR_ARGUMENT, "ids %s have %d axes already, the most there are",
                           vt_shape_text(s.shape, text), VT_MAX_RANK);
    vt_tensor rows = vt_index_select(weight, 0, vt_reshape(ids, VT_SHAPE(vt_shape_count(s.shape))));
    s.shape.dim[s.shape.rank++] = table.shape.dim[1];
    return vt_reshape(rows, s.shape);
}

vt_tensor vt_one_hot_with(const vt_one_hot_args *a)
{
    NEED_ARGUMENTS("one_hot", a, VT_INERT);
    vt_dtype dtype = a->dtype ? a->dtype : dtype_default();
    return record(&op_one_hot, a->at_, INPUTS(a->ids),
                  ATTRIBUTE(one_hot_attributes, .classes = a->classes, .dtype = dtype));
}

vt_tensor vt_topk_with(const vt_topk_args *a)
{
    NEED_ARGUMENTS("topk", a, VT_INERT);
    spec s;
    int axis;
    vt_tensor out[2] = { { 0 }, { 0 } };
    if (axis_of("topk", a->at_, a->x, a->axis, &s, &axis)) {
        topk_attributes attributes = { .axis = axis, .k = a->k, .smallest = a->smallest };
        recording r = { &op_topk, a->at_, INPUTS(a->x), .attributes = &attributes,
                        .attributes_size = sizeof attributes };
        record_into(&r, out);
    }
    if (a->indices) *a->indices = out[TOPK_INDICES];
    return out[TOPK_VALUES];
}

/* All of the elements, the first of them first. */
static vt_tensor sort(const char *name, vt_site at, vt_tensor x, int axis, bool descending, vt_tensor *indices)
{
    ENTER(name, at);
    spec s;
    int resolved;
    if (indices) *indices = VT_INERT;
    if (!axis_of(name, at, x, axis, &s, &resolved)) return VT_INERT;
    return vt_topk(x, s.shape.dim[resolved], resolved, .smallest = !descending, .indices = indices);
}

vt_tensor vt_sort_with(const vt_sort_args *a)
{
    NEED_ARGUMENTS("sort", a, VT_INERT);
    return sort("sort", a->at_, a->x, a->axis, a->descending, a->indices);
}

vt_tensor vt_argsort_with(const vt_argsort_args *a)
{
    NEED_ARGUMENTS("argsort", a, VT_INERT);
    vt_tensor indices;
    sort("argsort", a->at_, a->x, a->axis, a->descending, &indices);
    return indices;
}
