/* image_tone.c - pictures whose values become others, each channel by a table: ImageOps. */
#include "data/image.h"

enum { VALUES = 256 };

typedef struct table {
    uint8_t value[VALUES];
} table;

static void apply_to_plane(const image *x, int channel, const table *t)
{
    const ptrdiff_t plane = image_plane(x);
    uint8_t *pixels = x->pixels + channel * plane;
    for (ptrdiff_t i = 0; i < plane; i++) pixels[i] = t->value[pixels[i]];
}

static void apply(const image *x, const table *t)
{
    for (int c = 0; c < x->channels; c++) apply_to_plane(x, c, t);
}

static uint8_t to_byte(int64_t x)
{
    return (uint8_t)(x < 0 ? 0 : x > 255 ? 255 : x);
}

void image_posterize(image *x, double bits)
{
    table t;
    const int kept = bits < 0 ? 0 : bits > 8 ? 8 : (int)bits;
    for (int i = 0; i < VALUES; i++) t.value[i] = (uint8_t)(i >> (8 - kept) << (8 - kept));
    apply(x, &t);
}

void image_solarize(image *x, double threshold)
{
    table t;
    for (int i = 0; i < VALUES; i++) t.value[i] = (uint8_t)(i < threshold ? i : 255 - i);
    apply(x, &t);
}

void image_invert(image *x, double ignored)
{
    (void)ignored;
    image_solarize(x, 0);
}

static void count_values(const image *x, int channel, int64_t count[VALUES])
{
    const ptrdiff_t plane = image_plane(x);
    for (int i = 0; i < VALUES; i++) count[i] = 0;
    for (ptrdiff_t i = 0; i < plane; i++) count[x->pixels[channel * plane + i]]++;
}

void image_autocontrast(image *x, double ignored)
{
    (void)ignored;
    for (int c = 0; c < x->channels; c++) {
        int64_t count[VALUES];
        table t;
        int low = 0, high = VALUES - 1;
        count_values(x, c, count);
        while (low < VALUES - 1 && !count[low]) low++;
        while (high > 0 && !count[high]) high--;
        if (high <= low) continue;
        const double scale = 255.0 / (high - low), offset = -low * scale;
        for (int i = 0; i < VALUES; i++) t.value[i] = to_byte((int64_t)(i * scale + offset));
        apply_to_plane(x, c, &t);
    }
}

void image_equalize(image *x, double ignored)
{
    (void)ignored;
    for (int c = 0; c < x->channels; c++) {
        int64_t count[VALUES];
        table t;
        int high = VALUES - 1;
        count_values(x, c, count);
        while (high > 0 && !count[high]) high--;
        const int64_t step = (image_plane(x) - count[high]) / 255;
        if (step == 0) continue; /* of one value alone, too */
        int64_t below = step / 2;
        for (int i = 0; i < VALUES; below += count[i++]) t.value[i] = to_byte(below / step);
        apply_to_plane(x, c, &t);
    }
}
