/* sheet.c - pictures of one size beside each other, with captions. */
#include "explain/sheet.h"
#include "explain/caption.h"
#include "explain/palette.h"
#include <stdlib.h>
#include <string.h>

enum { GAP = 8, CAPTION = 22 };

bool sheet_new(sheet *s, const vt_picture *view, int rows, int columns)
{
    const int64_t height = GAP + rows * (CAPTION + view->height + GAP), width = GAP + columns * (view->width + GAP);
    *s = (sheet){ view, rows, columns, { height, width, malloc((size_t)(3 * height * width)) } };
    if (s->paper.pixels)
        memset(s->paper.pixels, 255, (size_t)(3 * height * width));
    else
        vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory for a picture of %lld by %lld pixels", (long long)width,
                       (long long)height);
    return s->paper.pixels != NULL;
}

void sheet_free(sheet *s)
{
    free(s->paper.pixels);
    *s = (sheet){ 0 };
}

/* The pixel (y, x) of the picture at a place of the sheet. */
static uint8_t *pixel_at(const sheet *s, int row, int column, int64_t y, int64_t x)
{
    const int64_t top = GAP + row * (CAPTION + s->view->height + GAP) + CAPTION;
    const int64_t left = GAP + column * (s->view->width + GAP);
    return s->paper.pixels + 3 * ((top + y) * s->paper.width + left + x);
}

static void add_caption(sheet *s, int row, int column, const char *caption)
{
    const int64_t top = GAP + row * (CAPTION + s->view->height + GAP), left = GAP + column * (s->view->width + GAP);
    caption_draw(&s->paper, top, left, CAPTION, (int)s->view->width, caption);
}

void sheet_add_view(sheet *s, int row, int column, const char *caption)
{
    add_caption(s, row, column, caption);
    for (int64_t y = 0; y < s->view->height; y++)
        memcpy(pixel_at(s, row, column, y, 0), s->view->pixels + 3 * y * s->view->width, (size_t)(3 * s->view->width));
}

bool sheet_add_map(sheet *s, int row, int column, const heat_map *map, const char *caption)
{
    const int64_t height = s->view->height, width = s->view->width;
    float *shares = malloc((size_t)(height * width) * sizeof *shares);
    if (!shares) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory to draw \"%s\"", caption);
    bool ok = shares && heat_map_enlarge(map, height, width, shares);
    for (int64_t i = 0; ok && i < height * width; i++)
        palette_cover(s->view->pixels + 3 * i, shares[i], pixel_at(s, row, column, i / width, i % width));
    add_caption(s, row, column, caption);
    free(shares);
    return ok;
}

bool sheet_add_mask(sheet *s, int row, int column, const heat_map *map, double keep, const char *caption)
{
    const int64_t height = s->view->height, width = s->view->width;
    bool *mask = malloc((size_t)(map->rows * map->columns) * sizeof *mask);
    if (!mask) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory to draw \"%s\"", caption);
    bool ok = mask && heat_map_mask(map, keep, mask);
    for (int64_t i = 0; ok && i < height * width; i++) {
        const int64_t y = i / width, x = i % width;
        const uint8_t *from = s->view->pixels + 3 * i;
        uint8_t *to = pixel_at(s, row, column, y, x);
        if (mask[y * map->rows / height * map->columns + x * map->columns / width])
            memcpy(to, from, 3);
        else
            memset(to, (int)(0.25F * palette_grey(from)), 3);
    }
    add_caption(s, row, column, caption);
    free(mask);
    return ok;
}
