/* image.h - a picture in the making, and what may be done to it. Pixels are those of Pillow 13 and torchvision 0.29,
 * whose names are in the comments. */
#ifndef VITRO_DATA_IMAGE_H
#define VITRO_DATA_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct image {
    int channels, height, width; /* 1 channel or 3 */
    uint8_t *pixels;             /* [channels, height, width] */
    uint8_t *spare;              /* likewise: what is made of it, before it takes its place */
} image;

static inline ptrdiff_t image_plane(const image *x)
{
    return (ptrdiff_t)x->height * x->width;
}

/* Makes the spare pixels those of the picture. */
static inline void image_swap(image *x)
{
    uint8_t *pixels = x->pixels;
    x->pixels = x->spare;
    x->spare = pixels;
}

/* ---- image_geometry.c: what comes from outside of the picture is black ---- */

void image_shear_x(image *x, double slope); /* row i moves by slope i to the left */
void image_shear_y(image *x, double slope);
void image_translate_x(image *x, double pixels); /* to the right, by the whole part */
void image_translate_y(image *x, double pixels);
void image_rotate(image *x, double degrees); /* against the clock, around the middle */

/* ---- image_colour.c: ImageEnhance; a factor of 1 changes nothing ---- */

void image_brightness(image *x, double factor);
void image_contrast(image *x, double factor);
void image_saturation(image *x, double factor);
void image_sharpness(image *x, double factor);
void image_hue(image *x, double turn); /* adjust_hue: in whole turns, -0.5 to 0.5 */

/* ---- image_tone.c: ImageOps; each value of a channel becomes another ---- */

void image_posterize(image *x, double bits); /* 0 to 8 of them are kept */
void image_solarize(image *x, double threshold);
void image_autocontrast(image *x, double ignored);
void image_equalize(image *x, double ignored);
void image_invert(image *x, double ignored);

#endif
