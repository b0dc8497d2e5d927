/* image_colour.c - pictures brighter, more colourful, sharper: ImageEnhance, which blends with a picture that lacks
 * what is enhanced. */
#include "data/image.h"

#include <math.h>
#include <string.h>

/* ---- blending ---- */

/* Image.blend: `from` where the factor is 0, `to` where it is 1, and beyond. */
static uint8_t blend(uint8_t from, uint8_t to, float factor)
{
    const float mixed = (float)from + factor * (float)(to - from);
    return (uint8_t)(mixed <= 0 ? 0 : mixed >= 255 ? 255 : mixed);
}

/* The spare pixels are what lacks it. */
static void enhance(image *x, double factor)
{
    const ptrdiff_t bytes = x->channels * image_plane(x);
    for (ptrdiff_t i = 0; i < bytes; i++) x->spare[i] = blend(x->spare[i], x->pixels[i], (float)factor);
    image_swap(x);
}

/* ---- what lacks it ---- */

/* Of ITU-R 601-2, as Image.convert("L") reckons it. */
static uint8_t grey_at(const image *x, ptrdiff_t i)
{
    const ptrdiff_t plane = image_plane(x);
    if (x->channels == 1) return x->pixels[i];
    return (uint8_t)((x->pixels[i] * 19595 + x->pixels[plane + i] * 38470 + x->pixels[2 * plane + i] * 7471 + 0x8000) >>
                     16);
}

void image_brightness(image *x, double factor)
{
    memset(x->spare, 0, (size_t)(x->channels * image_plane(x)));
    enhance(x, factor);
}

void image_contrast(image *x, double factor)
{
    const ptrdiff_t plane = image_plane(x);
    int64_t sum = 0;
    for (ptrdiff_t i = 0; i < plane; i++) sum += grey_at(x, i);
    memset(x->spare, (int)((double)sum / (double)plane + 0.5), (size_t)(x->channels * plane));
    enhance(x, factor);
}

void image_saturation(image *x, double factor)
{
    const ptrdiff_t plane = image_plane(x);
    if (x->channels == 1) return;
    for (ptrdiff_t i = 0; i < plane; i++) x->spare[i] = x->spare[plane + i] = x->spare[2 * plane + i] = grey_at(x, i);
    enhance(x, factor);
}

/* ImageFilter.SMOOTH: the middle weighs 5 of 13, and each of its neighbours 1; the rim stays. */
static void smooth_plane(const image *x, const uint8_t *from, uint8_t *to)
{
    const int width = x->width;
    memcpy(to, from, (size_t)image_plane(x));
    for (int i = 1; i < x->height - 1; i++)
        for (int j = 1; j < width - 1; j++) {
            const uint8_t *p = from + (ptrdiff_t)i * width + j;
            const int sum = p[-width - 1] + p[-width] + p[-width + 1] + p[-1] + 5 * p[0] + p[1] + p[width - 1] +
                            p[width] + p[width + 1];
            to[(ptrdiff_t)i * width + j] = (uint8_t)((2 * sum + 13) / 26);
        }
}

void image_sharpness(image *x, double factor)
{
    const ptrdiff_t plane = image_plane(x);
    for (int c = 0; c < x->channels; c++) smooth_plane(x, x->pixels + c * plane, x->spare + c * plane);
    enhance(x, factor);
}

/* ---- hue ---- */

typedef struct hsv {
    uint8_t hue, saturation, value;
} hsv;

/* The hue in sixths of a turn, as Python's colorsys reckons it. */
static float hue_of(const uint8_t rgb[3], uint8_t most, float range)
{
    const float red = (float)(most - rgb[0]) / range, green = (float)(most - rgb[1]) / range,
                blue = (float)(most - rgb[2]) / range;
    if (rgb[0] == most) return blue - green;
    return rgb[1] == most ? (float)(2.0 + (double)red - (double)blue) : (float)(4.0 + (double)green - (double)red);
}

static hsv to_hsv(const uint8_t rgb[3])
{
    const uint8_t most = (uint8_t)fmax(rgb[0], fmax(rgb[1], rgb[2]));
    const uint8_t least = (uint8_t)fmin(rgb[0], fmin(rgb[1], rgb[2]));
    if (most == least) return (hsv){ 0, 0, most };
    const float range = (float)(most - least), saturation = range / (float)most;
    const float hue = (float)fmod((double)hue_of(rgb, most, range) / 6.0 + 1.0, 1.0);
    return (hsv){ (uint8_t)((double)hue * 255.0), (uint8_t)((double)saturation * 255.0), most };
}

static void to_rgb(hsv x, uint8_t rgb[3])
{
    const int sixth = (int)floor((float)x.hue * 6.0 / 255.0);
    const float f = (float)((double)(float)x.hue * 6.0 / 255.0 - (double)(float)sixth),
                s = (float)(x.saturation / 255.0);
    const uint8_t v = x.value, p = (uint8_t)round(v * (1.0 - (double)s)),
                  q = (uint8_t)round(v * (1.0 - (double)(s * f))),
                  t = (uint8_t)round(v * (1.0 - (double)s * (1.0 - (double)f)));
    const uint8_t colours[6][3] = { { v, t, p }, { q, v, p }, { p, v, t }, { p, q, v }, { t, p, v }, { v, p, q } };
    memcpy(rgb, colours[sixth % 6], 3);
}

void image_hue(image *x, double turn)
{
    const ptrdiff_t plane = image_plane(x);
    const int shift = (int)(fmin(fmax(turn, -0.5), 0.5) * 255);
    if (x->channels == 1) return;
    for (ptrdiff_t i = 0; i < plane; i++) {
        uint8_t rgb[3] = { x->pixels[i], x->pixels[plane + i], x->pixels[2 * plane + i] };
        hsv colour = to_hsv(rgb);
        colour.hue = (uint8_t)(colour.hue + shift);
        if (colour.saturation == 0)
            memset(rgb, colour.value, 3);
        else
            to_rgb(colour, rgb);
        for (int c = 0; c < 3; c++) x->pixels[c * plane + i] = rgb[c];
    }
}
