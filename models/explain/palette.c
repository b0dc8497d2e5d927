/* palette.c - the colours of numbers from 0 to 1. */
#include "explain/palette.h"

const uint8_t palette_stops[PALETTE_STOPS][3] = {
    { 0, 0, 4 },     { 27, 12, 66 },   { 75, 12, 107 }, { 120, 28, 109 }, { 165, 44, 96 },
    { 207, 68, 70 }, { 237, 105, 37 }, { 251, 155, 6 }, { 247, 208, 60 }, { 252, 255, 164 },
};

void palette_colour(float share, uint8_t rgb[3])
{
    float place = share * (PALETTE_STOPS - 1);
    int below = place >= PALETTE_STOPS - 1 ? PALETTE_STOPS - 2 : (int)place;
    float rest = place - (float)below;
    for (int c = 0; c < 3; c++)
        rgb[c] = (uint8_t)((1 - rest) * palette_stops[below][c] + rest * palette_stops[below + 1][c] + 0.5F);
}

float palette_grey(const uint8_t rgb[3])
{
    return 0.299F * rgb[0] + 0.587F * rgb[1] + 0.114F * rgb[2];
}

void palette_cover(const uint8_t pixel[3], float share, uint8_t rgb[3])
{
    const float grey = palette_grey(pixel);
    palette_colour(share, rgb);
    for (int c = 0; c < 3; c++) rgb[c] = (uint8_t)(PALETTE_COVER * rgb[c] + (1 - PALETTE_COVER) * grey + 0.5F);
}
