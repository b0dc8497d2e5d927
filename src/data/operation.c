/* operation.c - the operations that policies of augmentation choose from, a row each. */
#include "data/operation.h"
#include "core/base/error.h"

#include <vitro/augment.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Policies give what is added to a factor of 1. */

static void brighten(image *x, double magnitude)
{
    image_brightness(x, 1 + magnitude);
}

static void colour(image *x, double magnitude)
{
    image_saturation(x, 1 + magnitude);
}

static void contrast(image *x, double magnitude)
{
    image_contrast(x, 1 + magnitude);
}

static void sharpen(image *x, double magnitude)
{
    image_sharpness(x, 1 + magnitude);
}

static void leave(image *x, double magnitude)
{
    (void)x, (void)magnitude;
}

const operation operations[] = {
    { "identity", leave, .chosen = true },
    { "shear-x", image_shear_x, 0, 0.3, 0.99, .both_ways = true, .chosen = true },
    { "shear-y", image_shear_y, 0, 0.3, 0.99, .both_ways = true, .chosen = true },
    { "translate-x", image_translate_x, 0, 150.0 / 331, 32, IN_WIDTHS, .both_ways = true, .chosen = true },
    { "translate-y", image_translate_y, 0, 150.0 / 331, 32, IN_HEIGHTS, .both_ways = true, .chosen = true },
    { "rotate", image_rotate, 0, 30, 135, .both_ways = true, .chosen = true },
    { "brightness", brighten, 0, 0.9, 0.99, .both_ways = true, .chosen = true },
    { "color", colour, 0, 0.9, 0.99, .both_ways = true, .chosen = true },
    { "contrast", contrast, 0, 0.9, 0.99, .both_ways = true, .chosen = true },
    { "sharpness", sharpen, 0, 0.9, 0.99, .both_ways = true, .chosen = true },
    { "posterize", image_posterize, 8, 4, 2, .whole = true, .chosen = true },
    { "solarize", image_solarize, 255, 0, 0, .chosen = true },
    { "autocontrast", image_autocontrast, .chosen = true },
    { "equalize", image_equalize, .chosen = true },
    { .name = "invert", .apply = image_invert },
    { .name = "hue", .apply = image_hue },
    { .name = NULL },
};

const operation *operation_called(const char *name)
{
    for (const operation *o = operations; o->name; o++)
        if (strcmp(name, o->name) == 0) return o;
    return NULL;
}

double operation_magnitude(const operation *o, const image *x, double strength, bool wide)
{
    const double unit = wide ? 1 : o->unit == IN_WIDTHS ? x->width : o->unit == IN_HEIGHTS ? x->height : 1;
    const double magnitude = o->none + strength * ((wide ? o->wide : o->strong) * unit - o->none);
    return o->whole ? rint(magnitude) : magnitude;
}

const char *vt_image_operation(int number)
{
    const int count = (int)(sizeof operations / sizeof *operations) - 1;
    return number >= 0 && number < count ? operations[number].name : NULL;
}

static bool picture_fits(vt_site at, const uint8_t *pixels, int channels, int height, int width)
{
    int64_t bytes;
    if (!pixels) return raise_error(VT_ERROR_ARGUMENT, at, "image_operate: image is NULL");
    if ((channels != 1 && channels != 3) || height < 1 || width < 1 ||
        __builtin_mul_overflow((int64_t)height * width, channels, &bytes))
        return raise_error(VT_ERROR_ARGUMENT, at,
                           "image_operate: a picture of [%d, %d, %d]; it has 1 channel or 3, and pixels", channels,
                           height, width);
    return true;
}

bool vt_image_operate_at(vt_site at, const char *name, double magnitude, uint8_t *pixels, int channels, int height,
                         int width)
{
    const operation *o = name ? operation_called(name) : NULL;
    if (vt_failed() || !picture_fits(at, pixels, channels, height, width)) return false;
    if (!o || !isfinite(magnitude))
        return raise_error(VT_ERROR_ARGUMENT, at, "image_operate: there is no operation \"%s\" of magnitude %g",
                           name ? name : "NULL", magnitude);
    const size_t bytes = (size_t)channels * (size_t)height * (size_t)width;
    uint8_t *spare = malloc(bytes);
    if (!spare) return raise_error(VT_ERROR_MEMORY, at, "image_operate: no memory for a picture");
    image x = { channels, height, width, pixels, spare };
    o->apply(&x, magnitude);
    if (x.pixels != pixels) memcpy(pixels, x.pixels, bytes);
    free(spare);
    return true;
}
