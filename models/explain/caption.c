/* caption.c - words in a picture. */
#include "explain/caption.h"

#ifdef VITRO_HAVE_CAIRO
#include <cairo.h>

/* How much ink each pixel of the box gets. */
static cairo_surface_t *ink_of(const char *words, int height, int width)
{
    cairo_surface_t *ink = cairo_image_surface_create(CAIRO_FORMAT_A8, width, height);
    cairo_t *cairo = cairo_create(ink);
    cairo_text_extents_t extents;
    cairo_select_font_face(cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cairo, 0.6 * height);
    cairo_text_extents(cairo, words, &extents);
    if (extents.x_advance > width) cairo_set_font_size(cairo, 0.6 * height * width / extents.x_advance);
    cairo_text_extents(cairo, words, &extents);
    cairo_move_to(cairo, (width - extents.x_advance) / 2, 0.7 * height);
    cairo_show_text(cairo, words);
    cairo_destroy(cairo);
    cairo_surface_flush(ink);
    return ink;
}

void caption_draw(vt_picture *picture, int64_t top, int64_t left, int height, int width, const char *words)
{
    cairo_surface_t *ink = ink_of(words, height, width);
    const unsigned char *covers = cairo_image_surface_get_data(ink);
    const int stride = cairo_image_surface_get_stride(ink);
    for (int y = 0; covers && y < height; y++)
        for (int x = 0; x < width; x++) {
            uint8_t *pixel = picture->pixels + 3 * ((top + y) * picture->width + left + x);
            for (int c = 0; c < 3; c++) pixel[c] = (uint8_t)(pixel[c] * (255 - 0.85 * covers[y * stride + x]) / 255);
        }
    cairo_surface_destroy(ink);
}

#else

void caption_draw(vt_picture *picture, int64_t top, int64_t left, int height, int width, const char *words)
{
    (void)picture, (void)top, (void)left, (void)height, (void)width, (void)words;
}

#endif
