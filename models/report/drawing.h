/* drawing.h - the paper, ink and words that the pictures of a run are drawn with, by cairo. */
#ifndef MODELS_REPORT_DRAWING_H
#define MODELS_REPORT_DRAWING_H

#ifdef VITRO_HAVE_CAIRO
#include <cairo.h>
#include <stdbool.h>

/* Train and test are the blue and vermilion of Okabe and Ito's palette, as in the curves. */
typedef enum drawing_colour { INK, FAINT_INK, GRID, PAPER, BLUE, VERMILION } drawing_colour;
typedef enum drawing_anchor { LEFT, CENTRE, RIGHT } drawing_anchor;

#define DRAWING_FONT 12.0

void drawing_set_colour(cairo_t *cairo, drawing_colour which);
/* From paper (0) to blue (1). */
void drawing_set_shade(cairo_t *cairo, double share);
void drawing_set_font(cairo_t *cairo, double size, bool bold);
/* Text of at most `room` points, which ends in an ellipsis where it is cut; any bytes may be in it. */
void drawing_text(cairo_t *cairo, double x, double y, drawing_anchor anchor, double room, const char *text);
/* The pen of the curve of a number: Okabe and Ito's palette, but for the yellow, which is faint on white; curves behind
 * the first seven are dashed. */
void drawing_set_pen(cairo_t *cairo, int number);
/* The least of 1, 2 or 5 times a power of ten that divides an axis of a length into at most so many. */
double drawing_step(double length, int most);
double drawing_text_width(cairo_t *cairo, const char *text);
void drawing_line(cairo_t *cairo, double x0, double y0, double x1, double y1);
void drawing_box(cairo_t *cairo, double x, double y, double width, double height);

/* Draws the same to `folder`/`name`.svg and .png, of a size in points; the PNG file has two pixels to a point. False
 * with an error, and while one stands. */
bool drawing_write(const char *folder, const char *name, double width, double height,
                   void (*draw)(cairo_t *cairo, double width, double height, const void *data), const void *data);

#endif
#endif
