/* unfold.c - windows of images as columns, and back: elements of the padded image picked, and added up, by index. */
#include "core/run/apply.h"
#include "ops/pair.h"
#include <vitro/vitro.h>

/* Along each axis; `padded` is the image's size with the padding, and `count` how many windows it has. */
typedef struct windows {
    int64_t kernel[2], stride[2], padding[2], dilation[2], padded[2], count[2];
} windows;

static bool settle(const char *name, const vt_unfold_args *a, windows *w)
{
    const vt_unfold_args left_out = { VT_UNFOLD_DEFAULTS };
    pair_option kernel = { "kernel", a->kernel, 0, a->kernel_hw, 1 };
    pair_option stride = { "stride", a->stride, left_out.stride, a->stride_hw, 1 };
    pair_option padding = { "padding", a->padding, left_out.padding, a->padding_hw, 0 };
    pair_option dilation = { "dilation", a->dilation, left_out.dilation, a->dilation_hw, 1 };
    return pair_settle(name, a->at_, &kernel, w->kernel) && pair_settle(name, a->at_, &stride, w->stride) &&
           pair_settle(name, a->at_, &padding, w->padding) && pair_settle(name, a->at_, &dilation, w->dilation);
}

static bool count_windows(const char *name, vt_site at, int64_t height, int64_t width, windows *w)
{
    for (int i = 0; i < 2; i++) {
        w->padded[i] = (i ? width : height) + 2 * w->padding[i];
        int64_t span = w->padded[i] - w->dilation[i] * (w->kernel[i] - 1) - 1;
        w->count[i] = span < 0 ? 0 : span / w->stride[i] + 1;
    }
    if (w->count[0] > 0 && w->count[1] > 0) return true;
    refuse_call(
        name, at, VT_ERROR_ARGUMENT,
        "kernel %lld, %lld with dilation %lld, %lld is larger than an image of %lld by %lld with padding %lld, %lld",
        (long long)w->kernel[0], (long long)w->kernel[1], (long long)w->dilation[0], (long long)w->dilation[1],
        (long long)height, (long long)width, (long long)w->padding[0], (long long)w->padding[1]);
    return false;
}

static vt_tensor multiples(int64_t count, int64_t of)
{
    return vt_arange(0, (double)(count * of), .step = (double)of, .dtype = VT_I64);
}

/* Of each element of each window, in the order of columns, its number in the padded image. */
static vt_tensor places(const windows *w)
{
    int64_t row = w->padded[1];
    vt_tensor down = vt_reshape(multiples(w->kernel[0], w->dilation[0] * row), VT_SHAPE(w->kernel[0], 1, 1, 1));
    vt_tensor across = vt_reshape(multiples(w->kernel[1], w->dilation[1]), VT_SHAPE(w->kernel[1], 1, 1));
    vt_tensor first_row = vt_reshape(multiples(w->count[0], w->stride[0] * row), VT_SHAPE(w->count[0], 1));
    vt_tensor first = vt_add(first_row, multiples(w->count[1], w->stride[1]));
    return vt_reshape(vt_add(vt_add(down, across), first), VT_SHAPE(-1));
}

static int64_t window_size(const windows *w)
{
    return w->kernel[0] * w->kernel[1];
}

static int64_t window_count(const windows *w)
{
    return w->count[0] * w->count[1];
}

vt_tensor vt_unfold_with(const vt_unfold_args *a)
{
    NEED_ARGUMENTS("unfold", a, VT_INERT);
    ENTER("unfold", a->at_);
    spec s;
    windows w;
    char text[128];
    if (vt_failed() || !spec_of("unfold", a->at_, "x", a->x, &s)) return VT_INERT;
    if (s.shape.rank != 4)
        return refuse_call("unfold", a->at_, VT_ERROR_ARGUMENT, "x %s must be [batch, channels, height, width]",
                           vt_shape_text(s.shape, text));
    if (!settle("unfold", a, &w) || !count_windows("unfold", a->at_, s.shape.dim[2], s.shape.dim[3], &w))
        return VT_INERT;
    vt_shape margin = VT_SHAPE(w.padding[0], w.padding[1]);
    int64_t images = s.shape.dim[0], channels = s.shape.dim[1];
    vt_tensor x = w.padding[0] || w.padding[1] ? vt_pad(a->x, margin, margin) : a->x;
    vt_tensor picked =
        vt_index_select(vt_reshape(x, VT_SHAPE(images, channels, w.padded[0] * w.padded[1])), 2, places(&w));
    return vt_reshape(picked, VT_SHAPE(images, channels * window_size(&w), window_count(&w)));
}

vt_tensor vt_fold_with(const vt_fold_args *a)
{
    NEED_ARGUMENTS("fold", a, VT_INERT);
    ENTER("fold", a->at_);
    spec s;
    windows w;
    char text[128];
    const vt_unfold_args options = { .at_ = a->at_,
                                     .kernel = a->kernel,
                                     .stride = a->stride,
                                     .padding = a->padding,
                                     .dilation = a->dilation,
                                     .kernel_hw = { a->kernel_hw[0], a->kernel_hw[1] },
                                     .stride_hw = { a->stride_hw[0], a->stride_hw[1] },
                                     .padding_hw = { a->padding_hw[0], a->padding_hw[1] },
                                     .dilation_hw = { a->dilation_hw[0], a->dilation_hw[1] } };
    if (vt_failed() || !spec_of("fold", a->at_, "columns", a->columns, &s)) return VT_INERT;
    if (a->height < 1 || a->width < 1 || a->height > INT32_MAX || a->width > INT32_MAX)
        return refuse_call("fold", a->at_, VT_ERROR_ARGUMENT, "images of %lld by %lld; it must be 1 to 2^31 - 1",
                           (long long)a->height, (long long)a->width);
    if (!settle("fold", &options, &w) || !count_windows("fold", a->at_, a->height, a->width, &w)) return VT_INERT;
    if (s.shape.rank != 3 || s.shape.dim[1] % window_size(&w) || s.shape.dim[2] != window_count(&w))
        return refuse_call("fold", a->at_, VT_ERROR_ARGUMENT,
                           "columns %s must be [batch, channels times %lld elements of a window, %lld windows]",
                           vt_shape_text(s.shape, text), (long long)window_size(&w), (long long)window_count(&w));
    int64_t images = s.shape.dim[0], channels = s.shape.dim[1] / window_size(&w), size = w.padded[0] * w.padded[1];
    vt_tensor zeros = vt_zeros(VT_SHAPE(images, channels, size), .dtype = s.dtype);
    vt_tensor columns = vt_reshape(a->columns, VT_SHAPE(images, channels, window_size(&w) * window_count(&w)));
    vt_tensor sum =
        vt_reshape(vt_index_add(zeros, 2, places(&w), columns), VT_SHAPE(images, channels, w.padded[0], w.padded[1]));
    if (w.padding[0]) sum = vt_slice(sum, 2, w.padding[0], w.padding[0] + a->height);
    if (w.padding[1]) sum = vt_slice(sum, 3, w.padding[1], w.padding[1] + a->width);
    return sum;
}
