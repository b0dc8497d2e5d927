/* image.c - crop, flip and normalise pictures in host memory. */
#include <vitro/data.h>
#include <vitro/error.h>
#include <string.h>

static int64_t clamp(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

/* False, with an error, for pictures that cannot be. */
static bool pictures_are_there(const char *call, const void *from, const void *to, int channels, int height, int width)
{
    if (!from || !to)
        vt_error_raise(VT_ERROR_ARGUMENT, (vt_site){ 0 }, "%s: %s is NULL", call, from ? "out" : "image");
    else if (channels < 0 || height < 0 || width < 0)
        vt_error_raise(VT_ERROR_ARGUMENT, (vt_site){ 0 }, "%s: a picture of [%d, %d, %d]; extents are 0 or more", call,
                       channels, height, width);
    else
        return true;
    return false;
}

void vt_image_crop(const uint8_t *image, int channels, int height, int width, int top, int left, uint8_t *out,
                   int out_height, int out_width)
{
    if (!pictures_are_there("image_crop", image, out, channels, height, width) ||
        !pictures_are_there("image_crop", image, out, channels, out_height, out_width))
        return;
    /* the columns of out that lie inside of the picture */
    const int64_t first = clamp(-(int64_t)left, 0, out_width), last = clamp((int64_t)width - left, first, out_width);
    for (int c = 0; c < channels; c++) {
        for (int y = 0; y < out_height; y++, out += out_width) {
            const int64_t row = (int64_t)top + y;
            memset(out, 0, (size_t)out_width);
            if (row < 0 || row >= height || first == last) continue;
            const uint8_t *from = image + (c * (int64_t)height + row) * width;
            memcpy(out + first, from + left + first, (size_t)(last - first));
        }
    }
}

void vt_image_flip(uint8_t *image, int channels, int height, int width)
{
    if (!pictures_are_there("image_flip", image, image, channels, height, width)) return;
    for (ptrdiff_t row = 0; row < (ptrdiff_t)channels * height; row++) {
        uint8_t *pixels = image + row * width;
        for (int x = 0; x < width / 2; x++) {
            const uint8_t swapped = pixels[x];
            pixels[x] = pixels[width - 1 - x];
            pixels[width - 1 - x] = swapped;
        }
    }
}

void vt_image_normalize(const uint8_t *image, int channels, int height, int width, const float *mean, const float *std,
                        float *out)
{
    if (!pictures_are_there("image_normalize", image, out, channels, height, width)) return;
    if (!mean || !std) {
        vt_error_raise(VT_ERROR_ARGUMENT, (vt_site){ 0 }, "image_normalize: %s is NULL", mean ? "std" : "mean");
        return;
    }
    const ptrdiff_t plane = (ptrdiff_t)height * width;
    for (int c = 0; c < channels; c++, image += plane, out += plane) {
        const float scale = 1 / (255 * std[c]), shift = -mean[c] / std[c];
        for (ptrdiff_t i = 0; i < plane; i++) out[i] = (float)image[i] * scale + shift;
    }
}
