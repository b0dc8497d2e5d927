/* preprocess.c - pictures as a model's weights want them. Where numbers are rounded, it is done as Python rounds. */
#include "preprocess.h"
#include <math.h>

typedef struct extent {
    int64_t height, width;
} extent;

/* torchvision's Resize(size): the short side becomes `size`. */
static extent with_short_side(const vt_picture *from, int64_t size)
{
    if (from->width <= from->height)
        return (extent){ (int64_t)((double)(size * from->height) / (double)from->width), size };
    return (extent){ size, (int64_t)((double)(size * from->width) / (double)from->height) };
}

/* timm's ResizeKeepRatio(to): the picture covers it. */
static extent covering(const vt_picture *from, extent to)
{
    const double height = (double)from->height, width = (double)from->width;
    const double ratio = fmin(height / (double)to.height, width / (double)to.width);
    return (extent){ llrint(height / ratio), llrint(width / ratio) };
}

static extent resized_to(const vt_picture *from, extent scaled, bool squash)
{
    if (squash) return scaled;
    return scaled.height == scaled.width ? with_short_side(from, scaled.height) : covering(from, scaled);
}

bool preprocess_cut(const vt_picture *from, const preprocessing *how, int64_t height, int64_t width, vt_picture *seen)
{
    const extent scaled = { (int64_t)floor((double)height / how->crop), (int64_t)floor((double)width / how->crop) };
    const extent to = resized_to(from, scaled, how->squash);
    vt_picture resized;
    *seen = (vt_picture){ 0 };
    if (!vt_picture_resize(from, to.height, to.width, how->bilinear ? VT_FILTER_BILINEAR : VT_FILTER_BICUBIC, &resized))
        return false;
    const int64_t top = llrint((double)(to.height - height) / 2), left = llrint((double)(to.width - width) / 2);
    bool done = vt_picture_crop(&resized, top, left, height, width, seen);
    vt_picture_free(&resized);
    return done;
}

void preprocess_normalize(const vt_picture *seen, const preprocessing *how, float *out)
{
    const int64_t pixels = seen->height * seen->width;
    for (int c = 0; c < 3; c++) {
        const float mean = (float)how->mean[c], std = (float)how->std[c];
        for (int64_t i = 0; i < pixels; i++) *out++ = ((float)seen->pixels[3 * i + c] / 255 - mean) / std;
    }
}
