/* pooling.c - images reduced window by window. */
#include "ops/pooling.h"
#include "ops/list.h"
#include "ops/pair.h"
#include "ops/resample.h"
#include <vitro/vitro.h>

/* -- Windows --------------------------------------------------------------------------------------------------------
 */

/* How many windows there are along an axis; below 1 where none fits. */
static int64_t window_count(const max_pool2d_attributes *w, int axis, int64_t size)
{
    int64_t span = size + 2 * w->padding[axis] - w->kernel[axis], stride = w->stride[axis];
    if (span < 0) return 0;
    int64_t count = (span + (w->ceil ? stride - 1 : 0)) / stride + 1;
    return (count - 1) * stride >= size + w->padding[axis] ? count - 1 : count;
}

/* The options of a call; false, with an error, where they make no sense. */
static bool settle_windows(const char *call, const vt_max_pool2d_args *a, max_pool2d_attributes *w)
{
    const vt_max_pool2d_args left_out = { VT_MAX_POOL2D_DEFAULTS };
    pair_option kernel = { "kernel", a->kernel, 0, a->kernels, 1 };
    pair_option stride = { "stride", a->stride, left_out.stride, a->strides, 1 };
    pair_option padding = { "padding", a->padding, left_out.padding, a->paddings, 0 };
    bool stride_is_kernel = a->stride == VT_AUTO && a->strides[0] == VT_AUTO && a->strides[1] == VT_AUTO;
    *w = (max_pool2d_attributes){ .ceil = a->ceil };
    if (!pair_settle(call, a->at_, &kernel, w->kernel)) return false;
    for (int i = 0; i < 2; i++) w->stride[i] = w->kernel[i];
    if (!(stride_is_kernel || pair_settle(call, a->at_, &stride, w->stride)) ||
        !pair_settle(call, a->at_, &padding, w->padding))
        return false;
    for (int i = 0; i < 2; i++) {
        if (2 * w->padding[i] <= w->kernel[i]) continue;
        refuse_call(call, a->at_, VT_ERROR_ARGUMENT, "padding %lld is more than half of kernel %lld",
                    (long long)w->padding[i], (long long)w->kernel[i]);
        return false;
    }
    return true;
}

/* The numbers of windows over x; false, with an error, where x is no image or none fits. */
static bool count_windows(const char *call, vt_site at, vt_tensor x, const max_pool2d_attributes *w, vt_shape *shape,
                          int64_t to[2])
{
    spec s;
    char text[128];
    if (!spec_of(call, at, "x", x, &s)) return false;
    *shape = s.shape;
    for (int i = 0; i < 2; i++) to[i] = s.shape.rank == 4 ? window_count(w, i, s.shape.dim[2 + i]) : 0;
    if (s.shape.rank != 4 || s.shape.dim[2] < 1 || s.shape.dim[3] < 1)
        refuse_call(call, at, VT_ERROR_ARGUMENT, "x %s must be [batch, channels, height, width], with a pixel or more",
                    vt_shape_text(s.shape, text));
    else if (to[0] < 1 || to[1] < 1)
        refuse_call(call, at, VT_ERROR_ARGUMENT, "kernel %lld, %lld is larger than x %s with padding %lld, %lld",
                    (long long)w->kernel[0], (long long)w->kernel[1], vt_shape_text(s.shape, text),
                    (long long)w->padding[0], (long long)w->padding[1]);
    else
        return true;
    return false;
}

/* -- Maximum --------------------------------------------------------------------------------------------------------
 */

static bool infer_max_pool2d(const node *n, const spec *in, spec *out)
{
    const max_pool2d_attributes *a = ATTRIBUTES(max_pool2d_attributes, n);
    if (!vt_dtype_is_float(in->dtype)) return refuse(n, "x is %s; it must be f32 or f64", vt_dtype_name(in->dtype));
    out[0] = *in;
    for (int i = 0; i < 2; i++) out[0].shape.dim[2 + i] = window_count(a, i, in->shape.dim[2 + i]);
    out[1] = (spec){ VT_I64, out[0].shape };
    return true;
}

static void max_pool2d_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    const max_pool2d_attributes *a = ATTRIBUTES(max_pool2d_attributes, n);
    vt_shape x = vt_shape_of(n->in[0]);
    dx[0] = record(&op_max_pool2d_gradient, n->at, INPUTS(g[0], n->out[1]),
                   ATTRIBUTE(max_pool2d_gradient_attributes, .size = { x.dim[2], x.dim[3] },
                             .kernel = { a->kernel[0], a->kernel[1] }, .stride = { a->stride[0], a->stride[1] },
                             .padding = { a->padding[0], a->padding[1] }));
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

vt_tensor vt_max_pool2d_with(const vt_max_pool2d_args *a)
{
    NEED_ARGUMENTS("max_pool2d", a, (vt_tensor){ 0 });
    max_pool2d_attributes w;
    vt_shape shape;
    int64_t to[2];
    vt_tensor out[2] = { 0 };
    if (vt_failed() || !settle_windows("max_pool2d", a, &w) ||
        !count_windows("max_pool2d", a->at_, a->x, &w, &shape, to))
        return out[0];
    record_into(
        &(recording){ .op = &op_max_pool2d, .at = a->at_, INPUTS(a->x), .attributes = &w, .attributes_size = sizeof w },
        out);
    return out[0];
}

/* -- Mean -----------------------------------------------------------------------------------------------------------
 */

vt_tensor vt_avg_pool2d_with(const vt_avg_pool2d_args *a)
{
    NEED_ARGUMENTS("avg_pool2d", a, (vt_tensor){ 0 });
    vt_max_pool2d_args shared = { .at_ = a->at_,
                                  .x = a->x,
                                  .kernel = a->kernel,
                                  .stride = a->stride,
                                  .padding = a->padding,
                                  .kernels = { a->kernels[0], a->kernels[1] },
                                  .strides = { a->strides[0], a->strides[1] },
                                  .paddings = { a->paddings[0], a->paddings[1] },
                                  .ceil = a->ceil };
    max_pool2d_attributes w;
    vt_shape x;
    resample_attributes r = { .method = RESAMPLE_WINDOW_MEAN, .exclude_padding = a->exclude_padding };
    ENTER("avg_pool2d", a->at_);
    if (vt_failed() || !settle_windows("avg_pool2d", &shared, &w) ||
        !count_windows("avg_pool2d", a->at_, a->x, &w, &x, r.to))
        return (vt_tensor){ 0 };
    for (int i = 0; i < 2; i++) {
        r.from[i] = x.dim[2 + i];
        r.kernel[i] = w.kernel[i];
        r.stride[i] = w.stride[i];
        r.padding[i] = w.padding[i];
    }
    return resample(a->at_, a->x, &r);
}

vt_tensor vt_adaptive_avg_pool2d_at(vt_site at, vt_tensor x, int height, int width)
{
    spec s;
    char text[128];
    ENTER("adaptive_avg_pool2d", at);
    if (vt_failed() || !spec_of("adaptive_avg_pool2d", at, "x", x, &s)) return (vt_tensor){ 0 };
    if (height < 1 || width < 1)
        return refuse_call("adaptive_avg_pool2d", at, VT_ERROR_ARGUMENT, "height %d, width %d; they are 1 or more",
                           height, width);
    if (s.shape.rank != 4 || s.shape.dim[2] < 1 || s.shape.dim[3] < 1)
        return refuse_call("adaptive_avg_pool2d", at, VT_ERROR_ARGUMENT,
                           "x %s must be [batch, channels, height, width], with a pixel or more",
                           vt_shape_text(s.shape, text));
    resample_attributes r = { .method = RESAMPLE_ADAPTIVE_MEAN,
                              .from = { s.shape.dim[2], s.shape.dim[3] },
                              .to = { height, width } };
    return resample(at, x, &r);
}
