/* pooling.c - the largest element of each window, and its way back. */
#include "ops/pooling.h"
#include "ops/list.h"
#include "ops/pooling_windows.h"
#include "ops/one_dimensional.h"
#include <vitro/vitro.h>

/* -- The ops ------------------------------------------------------------------------------------------------------- */

static bool infer_max_pool2d(const node *n, const spec *in, spec *out)
{
    const max_pool2d_attributes *a = ATTRIBUTES(max_pool2d_attributes, n);
    if (!vt_dtype_is_float(in->dtype)) return refuse(n, "x is %s; it must be f32 or f64", vt_dtype_name(in->dtype));
    out[MAX_POOL2D_Y] = *in;
    for (int i = 0; i < 2; i++) out[MAX_POOL2D_Y].shape.dim[2 + i] = window_count(a, i, in->shape.dim[2 + i]);
    out[MAX_POOL2D_INDEX] = (spec){ VT_I64, out[MAX_POOL2D_Y].shape };
    return true;
}

static void max_pool2d_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    const max_pool2d_attributes *a = ATTRIBUTES(max_pool2d_attributes, n);
    max_pool2d_gradient_attributes back;
    for (int i = 0; i < 2; i++) {
        back.size[i] = vt_dim(n->in[0], 2 + i);
        back.kernel[i] = a->dilation[i] * (a->kernel[i] - 1) + 1;
        back.stride[i] = a->stride[i];
        back.padding[i] = a->padding[i];
    }
    dx[0] = record(&op_max_pool2d_gradient, n->at, INPUTS(g[MAX_POOL2D_Y], n->out[MAX_POOL2D_INDEX]),
                   .attributes = &back, .attributes_size = sizeof back);
}

static bool check_index(const node *n, const char *what, const spec *in, bool equal)
{
    vt_shape x = in[0].shape, index = in[1].shape;
    char a[128], b[128];
    if (!vt_dtype_is_float(in[0].dtype) || in[1].dtype != VT_I64)
        return refuse(n, "%s is %s, index %s; they must be f32 or f64, and i64", what, vt_dtype_name(in[0].dtype),
                      vt_dtype_name(in[1].dtype));
    if (x.rank == 4 && index.rank == 4 && x.dim[0] == index.dim[0] && x.dim[1] == index.dim[1] &&
        (!equal || vt_shape_equal(x, index)))
        return true;
    return refuse(n, "%s %s and index %s do not fit", what, vt_shape_text(x, a), vt_shape_text(index, b));
}

static bool infer_max_pool2d_gradient(const node *n, const spec *in, spec *out)
{
    const max_pool2d_gradient_attributes *a = ATTRIBUTES(max_pool2d_gradient_attributes, n);
    if (!check_index(n, "the gradient", in, true)) return false;
    *out = (spec){ in[0].dtype, VT_SHAPE(in[0].shape.dim[0], in[0].shape.dim[1], a->size[0], a->size[1]) };
    return true;
}

static void max_pool2d_gradient_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    dx[0] = record(&op_max_pool2d_choose, n->at, INPUTS(g[0], n->in[1]));
}

static bool infer_max_pool2d_choose(const node *n, const spec *in, spec *out)
{
    *out = (spec){ in[0].dtype, in[1].shape };
    return check_index(n, "x", in, false);
}

static void max_pool2d_choose_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    vt_shape x = vt_shape_of(n->in[0]);
    dx[0] = record(&op_max_pool2d_gradient, n->at, INPUTS(g[0], n->in[1]),
                   ATTRIBUTE(max_pool2d_gradient_attributes, .size = { x.dim[2], x.dim[3] }));
}

const op op_max_pool2d = { OP_HEAD(max_pool2d, 1, 1, 2), .infer = infer_max_pool2d, .vjp = max_pool2d_vjp };
const op op_max_pool2d_gradient = { OP_HEAD(max_pool2d_gradient, 2, 2, 1), .infer = infer_max_pool2d_gradient,
                                    .vjp = max_pool2d_gradient_vjp };
const op op_max_pool2d_choose = { OP_HEAD(max_pool2d_choose, 2, 2, 1), .infer = infer_max_pool2d_choose,
                                  .vjp = max_pool2d_choose_vjp };

/* -- The public functions ------------------------------------------------------------------------------------------ */

static vt_tensor max_pool(const pooling_call *c, vt_tensor x, const max_pool2d_attributes *w, vt_tensor *indices)
{
    int64_t from[2], to[2];
    vt_tensor out[2] = { { 0 }, { 0 } };
    if (is_pooled(c, x, from) && count_windows(c, x, from, w, to))
        record_into(&(recording){ .op = &op_max_pool2d,
                                  .at = c->at,
                                  INPUTS(as_image(c->axes, x)),
                                  .attributes = w,
                                  .attributes_size = sizeof *w },
                    out);
    if (indices) *indices = from_image(c->axes, out[MAX_POOL2D_INDEX]);
    return from_image(c->axes, out[MAX_POOL2D_Y]);
}

static vt_tensor without_pool(vt_tensor *indices)
{
    if (indices) *indices = VT_INERT;
    return VT_INERT;
}

vt_tensor vt_max_pool2d_with(const vt_max_pool2d_args *a)
{
    NEED_ARGUMENTS("max_pool2d", a, VT_INERT);
    window_options o = { .kernel = a->kernel,
                         .stride = a->stride,
                         .padding = a->padding,
                         .dilation = a->dilation,
                         .kernel_hw = a->kernel_hw,
                         .stride_hw = a->stride_hw,
                         .padding_hw = a->padding_hw,
                         .padding_sides = a->padding_sides,
                         .dilation_hw = a->dilation_hw,
                         .ceil = a->ceil };
    pooling_call c = { "max_pool2d", a->at_, 2 };
    max_pool2d_attributes w;
    if (vt_failed() || !settle_windows(&c, &o, &w)) return without_pool(a->indices);
    return max_pool(&c, a->x, &w, a->indices);
}

vt_tensor vt_max_pool1d_with(const vt_max_pool1d_args *a)
{
    NEED_ARGUMENTS("max_pool1d", a, VT_INERT);
    signal_windows o = { a->kernel, a->stride, a->padding, a->dilation, a->padding_sides, a->ceil };
    pooling_call c = { "max_pool1d", a->at_, 1 };
    max_pool2d_attributes w;
    ENTER("max_pool1d", a->at_);
    if (vt_failed() || !settle_signal_windows(&c, &o, &w)) return without_pool(a->indices);
    return max_pool(&c, a->x, &w, a->indices);
}

/* -- Back to where elements were taken from: a plane is a row of elements ------------------------------------------ */

static vt_tensor unpool(const pooling_call *c, vt_tensor x, vt_tensor indices, const int64_t size[2])
{
    int64_t from[2];
    spec index;
    char a[128], b[128];
    if (!is_pooled(c, x, from) || !spec_of(c->name, c->at, "indices", indices, &index)) return VT_INERT;
    vt_shape shape = vt_shape_of(x);
    if (!vt_shape_equal(shape, index.shape))
        return refuse_call(c->name, c->at, VT_ERROR_ARGUMENT, "indices %s must have the shape of x %s",
                           vt_shape_text(index.shape, a), vt_shape_text(shape, b));
    vt_tensor zeros = vt_full(VT_SHAPE(shape.dim[0], shape.dim[1], size[0] * size[1]), 0, .dtype = vt_dtype_of(x));
    vt_tensor y = vt_scatter_add(zeros, 2, vt_flatten(indices, 2, -1), vt_flatten(x, 2, -1));
    shape.dim[2] = size[0];
    shape.dim[1 + c->axes] = size[1];
    return vt_reshape(y, shape);
}

vt_tensor vt_max_unpool2d_at(vt_site at, vt_tensor x, vt_tensor indices, int height, int width)
{
    pooling_call c = { "max_unpool2d", at, 2 };
    ENTER("max_unpool2d", at);
    if (vt_failed() || !number_fits(height > 0, c.name, at, "height", height, "1 or more") ||
        !number_fits(width > 0, c.name, at, "width", width, "1 or more"))
        return VT_INERT;
    return unpool(&c, x, indices, (int64_t[]){ height, width });
}

vt_tensor vt_max_unpool1d_at(vt_site at, vt_tensor x, vt_tensor indices, int length)
{
    pooling_call c = { "max_unpool1d", at, 1 };
    ENTER("max_unpool1d", at);
    if (vt_failed() || !number_fits(length > 0, c.name, at, "length", length, "1 or more")) return VT_INERT;
    return unpool(&c, x, indices, (int64_t[]){ 1, length });
}
