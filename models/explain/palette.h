/* palette.h - the colours of numbers from 0 to 1. */
#ifndef MODELS_EXPLAIN_PALETTE_H
#define MODELS_EXPLAIN_PALETTE_H

#include <stdint.h>

/* "inferno" of matplotlib, by Smith and van der Walt: brightness grows evenly, so it can be read in grey and by
 * colour-blind readers. Colours between these are mixed. */
enum { PALETTE_STOPS = 10 };
extern const uint8_t palette_stops[PALETTE_STOPS][3]; /* red, green, blue */

/* How much of the colour there is where it lies over a picture; the rest is the picture in grey. */
#define PALETTE_COVER 0.65F

void palette_colour(float share, uint8_t rgb[3]);
/* The grey of a colour, 0 to 255, as ITU-R BT.601 and Pillow have it. */
float palette_grey(const uint8_t rgb[3]);
/* The colour of a share over a pixel of a picture, which `rgb` may be. */
void palette_cover(const uint8_t pixel[3], float share, uint8_t rgb[3]);

#endif
