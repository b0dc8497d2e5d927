/* average_pooling.c - the mean of each window. */
#include "ops/list.h"
#include "ops/pooling_windows.h"
#include "ops/one_dimensional.h"
#include "ops/resample.h"
#include <vitro/vitro.h>

static vt_tensor avg_pool(const pooling_call *c, vt_tensor x, const max_pool2d_attributes *w, bool exclude_padding)
{
    resample_attributes r = { .method = RESAMPLE_WINDOW_MEAN, .exclude_padding = exclude_padding };
    if (!is_pooled(c, x, r.from) || !count_windows(c, x, r.from, w, r.to)) return VT_INERT;
    for (int i = 0; i < 2; i++) {
        r.kernel[i] = w->kernel[i];
        r.stride[i] = w->stride[i];
        r.padding[i] = w->padding[i];
        r.padding_behind[i] = w->padding_behind[i];
    }
    return from_image(c->axes, resample(c->at, as_image(c->axes, x), &r));
}

vt_tensor vt_avg_pool2d_with(const vt_avg_pool2d_args *a)
{
    NEED_ARGUMENTS("avg_pool2d", a, VT_INERT);
    window_options o = { .kernel = a->kernel,
                         .stride = a->stride,
                         .padding = a->padding,
                         .kernel_hw = a->kernel_hw,
                         .stride_hw = a->stride_hw,
                         .padding_hw = a->padding_hw,
                         .padding_sides = a->padding_sides,
                         .ceil = a->ceil };
    pooling_call c = { "avg_pool2d", a->at_, 2 };
    max_pool2d_attributes w;
    ENTER("avg_pool2d", a->at_);
    if (vt_failed() || !settle_windows(&c, &o, &w)) return VT_INERT;
    return avg_pool(&c, a->x, &w, a->exclude_padding);
}

vt_tensor vt_avg_pool1d_with(const vt_avg_pool1d_args *a)
{
    NEED_ARGUMENTS("avg_pool1d", a, VT_INERT);
    signal_windows o = { a->kernel, a->stride, a->padding, 1, a->padding_sides, a->ceil };
    pooling_call c = { "avg_pool1d", a->at_, 1 };
    max_pool2d_attributes w;
    ENTER("avg_pool1d", a->at_);
    if (vt_failed() || !settle_signal_windows(&c, &o, &w)) return VT_INERT;
    return avg_pool(&c, a->x, &w, a->exclude_padding);
}

/* -- Windows that divide x ----------------------------------------------------------------------------------------- */

static vt_tensor adaptive(const pooling_call *c, vt_tensor x, int height, int width)
{
    resample_attributes r = { .method = RESAMPLE_ADAPTIVE_MEAN, .to = { height, width } };
    if (!is_pooled(c, x, r.from)) return VT_INERT;
    return from_image(c->axes, resample(c->at, as_image(c->axes, x), &r));
}

vt_tensor vt_adaptive_avg_pool2d_at(vt_site at, vt_tensor x, int height, int width)
{
    pooling_call c = { "adaptive_avg_pool2d", at, 2 };
    ENTER("adaptive_avg_pool2d", at);
    if (vt_failed() || !adaptive_size_fits(&c, height, width)) return VT_INERT;
    return adaptive(&c, x, height, width);
}

vt_tensor vt_adaptive_avg_pool1d_at(vt_site at, vt_tensor x, int length)
{
    pooling_call c = { "adaptive_avg_pool1d", at, 1 };
    ENTER("adaptive_avg_pool1d", at);
    if (vt_failed() || !adaptive_size_fits(&c, 1, length)) return VT_INERT;
    return adaptive(&c, x, 1, length);
}
