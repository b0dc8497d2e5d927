/* image_geometry.c - pictures sheared, moved and turned, with the nearest pixel: Image.transform and Image.rotate. */
#include "data/image.h"

#include <math.h>
#include <string.h>

/* Pixel (x, y) of the new picture is pixel (m[0] x + m[1] y + m[2], m[3] x + m[4] y + m[5]) of the old, with pixels
 * counted at their middles. */
typedef struct map {
    double m[6];
} map;

/* Pillow reckons with 16 bits of fraction. */
static int64_t to_fixed(double x)
{
    return (int64_t)floor(x * 65536 + 0.5);
}

static bool is_within(int64_t x, int64_t extent)
{
    return x >= 0 && x < extent;
}

static void transform_plane(const image *x, const map *by, const uint8_t *from, uint8_t *to)
{
    const double *m = by->m;
    const int64_t dx = to_fixed(m[0]), dy = to_fixed(m[3]);
    int64_t row_x = to_fixed(m[2] + m[0] * 0.5 + m[1] * 0.5), row_y = to_fixed(m[5] + m[3] * 0.5 + m[4] * 0.5);
    for (int i = 0; i < x->height; i++, row_x += to_fixed(m[1]), row_y += to_fixed(m[4])) {
        int64_t at_x = row_x, at_y = row_y;
        for (int j = 0; j < x->width; j++, at_x += dx, at_y += dy) {
            const int64_t column = at_x >> 16, row = at_y >> 16;
            const bool inside = is_within(column, x->width) && is_within(row, x->height);
            *to++ = inside ? from[row * x->width + column] : 0;
        }
    }
}

static void transform(image *x, map by)
{
    const ptrdiff_t plane = image_plane(x);
    for (int c = 0; c < x->channels; c++) transform_plane(x, &by, x->pixels + c * plane, x->spare + c * plane);
    image_swap(x);
}

/* Of so small a part of the line that no picture reaches its ends. */
static double bounded(double x, double most)
{
    return fmin(fmax(x, -most), most);
}

void image_shear_x(image *x, double slope)
{
    transform(x, (map){ { 1, bounded(slope, 1 << 20), 0, 0, 1, 0 } });
}

void image_shear_y(image *x, double slope)
{
    transform(x, (map){ { 1, 0, 0, bounded(slope, 1 << 20), 1, 0 } });
}

void image_translate_x(image *x, double pixels)
{
    transform(x, (map){ { 1, 0, -trunc(bounded(pixels, x->width)), 0, 1, 0 } });
}

void image_translate_y(image *x, double pixels)
{
    transform(x, (map){ { 1, 0, 0, 0, 1, -trunc(bounded(pixels, x->height)) } });
}

/* Pillow rounds to 15 digits, so that the cosine of a right angle is 0. */
static double to_digits(double x)
{
    return rint(x * 1e15) / 1e15;
}

void image_rotate(image *x, double degrees)
{
    double turned = fmod(degrees, 360);
    if (turned < 0) turned += 360;
    if (turned == 0) return;
    const double angle = -turned * (M_PI / 180), c = to_digits(cos(angle)), s = to_digits(sin(angle));
    const double middle_x = x->width / 2.0, middle_y = x->height / 2.0;
    map by = { { c, s, 0, -s, c, 0 } };
    by.m[2] = c * -middle_x + s * -middle_y + middle_x;
    by.m[5] = -s * -middle_x + c * -middle_y + middle_y;
    transform(x, by);
}
