/* drawing.c - the paper, ink and words that the pictures of a run are drawn with. */
#include "report/drawing.h"

#ifdef VITRO_HAVE_CAIRO
#include "program/json_text.h"
#include "program/whole_file.h"
#include <cairo-svg.h>
#include <math.h>
#include <string.h>
#include <vitro/vitro.h>

enum { PIXELS_PER_POINT = 2, MOST_TEXT = 256 };

static const double palette[][3] = {
    [INK] = { 0.15, 0.15, 0.15 },   [FAINT_INK] = { 0.42, 0.42, 0.42 }, [GRID] = { 0.90, 0.90, 0.90 },
    [PAPER] = { 1.00, 1.00, 1.00 }, [BLUE] = { 0.00, 0.45, 0.70 },      [VERMILION] = { 0.84, 0.37, 0.00 },
};

static const double pens[][3] = {
    { 0.00, 0.45, 0.70 }, { 0.84, 0.37, 0.00 }, { 0.00, 0.62, 0.45 }, { 0.80, 0.47, 0.65 },
    { 0.90, 0.62, 0.00 }, { 0.34, 0.71, 0.91 }, { 0.35, 0.35, 0.35 },
};

void drawing_set_colour(cairo_t *cairo, drawing_colour which)
{
    cairo_set_source_rgb(cairo, palette[which][0], palette[which][1], palette[which][2]);
}

void drawing_set_shade(cairo_t *cairo, double share)
{
    double mixed[3];
    for (int c = 0; c < 3; c++) mixed[c] = (1 - share) * palette[PAPER][c] + share * palette[BLUE][c];
    cairo_set_source_rgb(cairo, mixed[0], mixed[1], mixed[2]);
}

void drawing_set_font(cairo_t *cairo, double size, bool bold)
{
    cairo_select_font_face(cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cairo, size);
}

void drawing_set_pen(cairo_t *cairo, int number)
{
    static const double dashes[][2] = { { 0, 0 }, { 7, 4 }, { 2, 4 }, { 12, 4 } };
    enum { PENS = sizeof pens / sizeof *pens, DASHES = sizeof dashes / sizeof *dashes };
    const double *c = pens[number % PENS], *dash = dashes[number / PENS % DASHES];
    cairo_set_source_rgb(cairo, c[0], c[1], c[2]);
    cairo_set_dash(cairo, dash, dash[0] > 0 ? 2 : 0, 0);
}

double drawing_step(double length, int most)
{
    const double step = length / most, power = pow(10, floor(log10(step))), lead = step / power;
    return power * (lead <= 1 + 1e-9 ? 1 : lead <= 2 + 1e-9 ? 2 : lead <= 5 + 1e-9 ? 5 : 10);
}

/* -- Words --------------------------------------------------------------------------------------------------------- */

/* cairo takes UTF-8 alone. */
static void make_valid(const char *text, char valid[MOST_TEXT])
{
    json_t *json = json_of_text(text);
    snprintf(valid, MOST_TEXT, "%s", json ? json_string_value(json) : "");
    json_decref(json);
    /* Where that was cut, the last character may be: its first byte, and what follows, go. */
    if (strlen(valid) < MOST_TEXT - 1) return;
    size_t end = MOST_TEXT - 1;
    while (end > 0 && ((unsigned char)valid[end - 1] & 0xc0) == 0x80) end--;
    valid[end > 0 ? end - 1 : 0] = 0;
}

static double width_of(cairo_t *cairo, const char *text)
{
    cairo_text_extents_t extents;
    cairo_text_extents(cairo, text, &extents);
    return extents.x_advance;
}

double drawing_text_width(cairo_t *cairo, const char *text)
{
    char valid[MOST_TEXT];
    make_valid(text, valid);
    return width_of(cairo, valid);
}

/* Takes characters from the end until the rest fits with an ellipsis. */
static void shorten(cairo_t *cairo, char text[MOST_TEXT], double room)
{
    static const char ellipsis[] = "\xe2\x80\xa6";
    char shorter[MOST_TEXT + sizeof ellipsis];
    size_t length = strlen(text);
    if (width_of(cairo, text) <= room) return;
    do {
        while (length > 0 && ((unsigned char)text[--length] & 0xc0) == 0x80) continue;
        snprintf(shorter, sizeof shorter, "%.*s%s", (int)length, text, ellipsis);
    } while (length > 0 && width_of(cairo, shorter) > room);
    snprintf(text, MOST_TEXT, "%.*s", MOST_TEXT - 1, shorter);
}

void drawing_text(cairo_t *cairo, double x, double y, drawing_anchor anchor, double room, const char *text)
{
    char valid[MOST_TEXT];
    make_valid(text, valid);
    shorten(cairo, valid, room);
    const double width = width_of(cairo, valid);
    cairo_move_to(cairo, anchor == LEFT ? x : anchor == CENTRE ? x - width / 2 : x - width, y);
    cairo_show_text(cairo, valid);
}

/* -- Shapes -------------------------------------------------------------------------------------------------------- */

void drawing_line(cairo_t *cairo, double x0, double y0, double x1, double y1)
{
    cairo_move_to(cairo, x0, y0);
    cairo_line_to(cairo, x1, y1);
    cairo_stroke(cairo);
}

void drawing_box(cairo_t *cairo, double x, double y, double width, double height)
{
    cairo_rectangle(cairo, x, y, width, height);
    cairo_fill(cairo);
}

/* -- Files --------------------------------------------------------------------------------------------------------- */

typedef struct sheet {
    double width, height;
    void (*draw)(cairo_t *cairo, double width, double height, const void *data);
    const void *data;
} sheet;

static cairo_status_t write_bytes(void *stream, const unsigned char *bytes, unsigned count)
{
    return fwrite(bytes, 1, count, stream) == count ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static cairo_status_t draw_on(cairo_surface_t *surface, const sheet *s)
{
    cairo_t *cairo = cairo_create(surface);
    drawing_set_colour(cairo, PAPER);
    cairo_paint(cairo);
    drawing_set_font(cairo, DRAWING_FONT, false);
    s->draw(cairo, s->width, s->height, s->data);
    cairo_status_t status = cairo_status(cairo);
    cairo_destroy(cairo);
    return status;
}

static cairo_status_t draw_svg(FILE *stream, const sheet *s)
{
    cairo_surface_t *surface = cairo_svg_surface_create_for_stream(write_bytes, stream, s->width, s->height);
    cairo_status_t status = draw_on(surface, s);
    cairo_surface_finish(surface);
    if (status == CAIRO_STATUS_SUCCESS) status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    return status;
}

static cairo_status_t draw_png(FILE *stream, const sheet *s)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(PIXELS_PER_POINT * s->width),
                                                          (int)(PIXELS_PER_POINT * s->height));
    cairo_surface_set_device_scale(surface, PIXELS_PER_POINT, PIXELS_PER_POINT);
    cairo_status_t status = draw_on(surface, s);
    if (status == CAIRO_STATUS_SUCCESS) status = cairo_surface_write_to_png_stream(surface, write_bytes, stream);
    cairo_surface_destroy(surface);
    return status;
}

static bool write_file(const char *folder, const char *name, const char *ending, const sheet *s,
                       cairo_status_t (*draw)(FILE *stream, const sheet *s))
{
    char file[64];
    whole_file f;
    snprintf(file, sizeof file, "%s.%s", name, ending);
    FILE *stream = whole_file_open(&f, folder, file);
    if (!stream) return false;
    cairo_status_t status = draw(stream, s);
    if (status != CAIRO_STATUS_SUCCESS && status != CAIRO_STATUS_WRITE_ERROR) /* of the latter the file knows more */
        vt_error_raise(status == CAIRO_STATUS_NO_MEMORY ? VT_ERROR_MEMORY : VT_ERROR_FILE, VT_HERE,
                       "cannot draw %s/%s: %s", folder, file, cairo_status_to_string(status));
    return whole_file_close(&f);
}

bool drawing_write(const char *folder, const char *name, double width, double height,
                   void (*draw)(cairo_t *cairo, double width, double height, const void *data), const void *data)
{
    const sheet s = { width, height, draw, data };
    return write_file(folder, name, "svg", &s, draw_svg) && write_file(folder, name, "png", &s, draw_png);
}

#endif
