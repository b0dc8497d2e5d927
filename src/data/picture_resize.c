/* picture_resize.c - pictures of another size, with the bits of Pillow's Resample.c. */
#include "data/picture.h"
#include "core/base/error.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Weights are fixed-point numbers. Of 32 bits a sum keeps 8 for the pixel, and 2 for weights below 0 and above 1. */
enum { CHANNELS = 3, FRACTION_BITS = 32 - 8 - 2 };

/* ---- weights along an axis ---- */

typedef struct filter {
    double support; /* 0 from here on */
    double (*weight)(double distance);
} filter;

static double bilinear(double distance)
{
    double x = fabs(distance);
    return x < 1 ? 1 - x : 0;
}

static double bicubic(double distance)
{
    const double a = -0.5;
    double x = fabs(distance);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
    return 0;
}

static const filter filters[] = { [VT_FILTER_BILINEAR] = { 1, bilinear }, [VT_FILTER_BICUBIC] = { 2, bicubic } };

/* What a new pixel is made of. */
typedef struct window {
    int64_t first, count; /* the old pixels */
} window;

/* Of all new pixels along an axis. */
typedef struct weights {
    int64_t most;    /* that a window has */
    window *windows; /* [extent] */
    int32_t *fixed;  /* [extent, most] */
    double *exact;   /* [most]: those of one window */
} weights;

static void weights_free(weights *w)
{
    free(w->windows);
    free(w->fixed);
    free(w->exact);
}

static int32_t to_fixed(double weight)
{
    return (int32_t)((weight < 0 ? -0.5 : 0.5) + weight * (1 << FRACTION_BITS));
}

/* The window of the new pixel at `place`, of `before` old ones: the order of operations is Pillow's, so that the bits
 * are. */
static window weigh(const filter *f, int64_t before, double scale, int64_t place, double *exact, int32_t *fixed)
{
    const double stretch = scale < 1 ? 1 : scale, support = f->support * stretch, nearness = 1 / stretch;
    const double centre = ((double)place + 0.5) * scale;
    int64_t first = (int64_t)(centre - support + 0.5), last = (int64_t)(centre + support + 0.5);
    if (first < 0) first = 0;
    if (last > before) last = before;
    const int64_t count = last - first;
    double sum = 0;
    for (int64_t i = 0; i < count; i++) {
        exact[i] = f->weight(((double)(i + first) - centre + 0.5) * nearness);
        sum += exact[i];
    }
    for (int64_t i = 0; i < count; i++) fixed[i] = to_fixed(sum != 0 ? exact[i] / sum : exact[i]);
    return (window){ first, count };
}

/* The windows of `after` new pixels. */
static bool weights_new(vt_site at, const filter *f, int64_t before, int64_t after, weights *w)
{
    const double scale = (double)before / (double)after;
    w->most = (int64_t)ceil(f->support * (scale < 1 ? 1 : scale)) * 2 + 1;
    w->windows = calloc((size_t)after, sizeof *w->windows);
    w->fixed = calloc((size_t)(after * w->most), sizeof *w->fixed);
    w->exact = calloc((size_t)w->most, sizeof *w->exact);
    if (!w->windows || !w->fixed || !w->exact) {
        weights_free(w);
        return raise_error(VT_ERROR_MEMORY, at, "picture_resize: no memory for the weights of its filter");
    }
    for (int64_t i = 0; i < after; i++) w->windows[i] = weigh(f, before, scale, i, w->exact, w->fixed + i * w->most);
    return true;
}

/* ---- pixels ---- */

static uint8_t to_byte(int32_t sum)
{
    int32_t value = sum >> FRACTION_BITS;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* One new pixel of old ones that are `step` bytes apart. */
static void mix(const uint8_t *from, int64_t step, const int32_t *weight, int64_t count, uint8_t *to)
{
    const int32_t half = 1 << (FRACTION_BITS - 1);
    int32_t red = half, green = half, blue = half;
    for (int64_t i = 0; i < count; i++, from += step) {
        red += from[0] * weight[i];
        green += from[1] * weight[i];
        blue += from[2] * weight[i];
    }
    to[0] = to_byte(red);
    to[1] = to_byte(green);
    to[2] = to_byte(blue);
}

static void resize_rows(const vt_picture *from, const weights *w, vt_picture *to)
{
    for (int64_t y = 0; y < to->height; y++)
        for (int64_t x = 0; x < to->width; x++)
            mix(from->pixels + (y * from->width + w->windows[x].first) * CHANNELS, CHANNELS, w->fixed + x * w->most,
                w->windows[x].count, to->pixels + (y * to->width + x) * CHANNELS);
}

static void resize_columns(const vt_picture *from, const weights *w, vt_picture *to)
{
    const int64_t stride = from->width * CHANNELS;
    for (int64_t y = 0; y < to->height; y++)
        for (int64_t x = 0; x < to->width; x++)
            mix(from->pixels + w->windows[y].first * stride + x * CHANNELS, stride, w->fixed + y * w->most,
                w->windows[y].count, to->pixels + (y * to->width + x) * CHANNELS);
}

/* Along one axis: that of the rows, whose pixels become `extent`, or that of the columns. */
static bool resize_axis(vt_site at, const filter *f, const vt_picture *from, bool rows, int64_t extent, vt_picture *to)
{
    weights w;
    const int64_t height = rows ? from->height : extent, width = rows ? extent : from->width;
    if (!picture_derive(at, "picture_resize", from, height, width, to)) return false;
    if (!weights_new(at, f, rows ? from->width : from->height, extent, &w)) {
        vt_picture_free(to);
        return false;
    }
    (rows ? resize_rows : resize_columns)(from, &w, to);
    weights_free(&w);
    return true;
}

/* Pillow begins with the columns where they lose more than twice as many pixels as the rows do. It has done so since
 * version 13; before, it always began with the rows. */
static bool begins_with_columns(const vt_picture *from, int64_t height, int64_t width)
{
    const int64_t lost = from->height - height;
    return lost > 0 && lost > 2 * (from->width - width);
}

bool vt_picture_resize_at(vt_site at, const vt_picture *from, int64_t height, int64_t width, vt_filter filter,
                          vt_picture *to)
{
    vt_picture half = { 0 };
    if (to) *to = (vt_picture){ 0 };
    if ((unsigned)filter >= sizeof filters / sizeof *filters)
        raise_error(VT_ERROR_ARGUMENT, at, "picture_resize: there is no filter %d", (int)filter);
    if (vt_failed() || !picture_is_whole(at, "picture_resize", from) ||
        !picture_can_have(at, "picture_resize", height, width))
        return false;
    const bool rows_first = !begins_with_columns(from, height, width);
    bool done = resize_axis(at, &filters[filter], from, rows_first, rows_first ? width : height, &half) &&
                resize_axis(at, &filters[filter], &half, !rows_first, rows_first ? height : width, to);
    vt_picture_free(&half);
    return done;
}
