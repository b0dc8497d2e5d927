/* panel.c - the panels of a sheet of curves: axes beside each other, and a legend below. */
#include "report/panel.h"

#ifdef VITRO_HAVE_CAIRO
#include <math.h>
#include <stdio.h>

enum { HEIGHT = 380, LEFT_MARGIN = 62, RIGHT_MARGIN = 24, TOP_MARGIN = 52, BOTTOM_MARGIN = 46 };
enum { MARGIN = 24, LEGEND_ROW = 20, LEGEND_COLUMN = 320, X_TICKS = 6, Y_TICKS = 6 };

/* -- Axes ---------------------------------------------------------------------------------------------------------- */

void panel_round(panel *p)
{
    const double step = drawing_step(p->high - p->low, Y_TICKS);
    p->low = step * floor(p->low / step + 1e-6);
    p->high = step * ceil(p->high / step - 1e-6);
}

double panel_x(const panel *p, double along)
{
    return p->x + LEFT_MARGIN + (along - p->first) / (p->last - p->first) * (PANEL_WIDTH - LEFT_MARGIN - RIGHT_MARGIN);
}

double panel_y(const panel *p, double up)
{
    return HEIGHT - BOTTOM_MARGIN - (up - p->low) / (p->high - p->low) * (HEIGHT - TOP_MARGIN - BOTTOM_MARGIN);
}

static void draw_lines(cairo_t *cairo, const panel *p)
{
    const double left = p->x + LEFT_MARGIN, right = p->x + PANEL_WIDTH - RIGHT_MARGIN;
    const double step = drawing_step(p->high - p->low, Y_TICKS);
    char text[48];
    cairo_set_line_width(cairo, 1);
    for (double i = round(p->low / step); i * step <= p->high + 1e-6 * step; i++) {
        drawing_set_colour(cairo, GRID);
        drawing_line(cairo, left, panel_y(p, i * step), right, panel_y(p, i * step));
        drawing_set_colour(cairo, FAINT_INK);
        snprintf(text, sizeof text, p->percent ? "%.6g%%" : "%.6g", i == 0 ? 0 : i * step);
        drawing_text(cairo, left - 8, panel_y(p, i * step) + 0.35 * DRAWING_FONT, RIGHT, LEFT_MARGIN, text);
    }
}

static void draw_ticks(cairo_t *cairo, const panel *p)
{
    const double step = drawing_step(p->last - p->first, X_TICKS), apart = p->whole || p->powers ? fmax(1, step) : step;
    const double middle = p->x + (LEFT_MARGIN + PANEL_WIDTH - RIGHT_MARGIN) / 2.0;
    char text[48];
    for (double i = ceil(p->first / apart - 1e-6); i * apart <= p->last + 1e-6 * apart; i++) {
        snprintf(text, sizeof text, "%.6g", p->powers ? pow(10, i * apart) : i * apart);
        drawing_text(cairo, panel_x(p, i * apart), HEIGHT - BOTTOM_MARGIN + 6 + DRAWING_FONT, CENTRE, 70, text);
    }
    drawing_text(cairo, middle, HEIGHT - BOTTOM_MARGIN + 12 + 2 * DRAWING_FONT, CENTRE, 400, p->label);
}

void panel_draw(cairo_t *cairo, const panel *p)
{
    drawing_set_colour(cairo, INK);
    drawing_set_font(cairo, 1.25 * DRAWING_FONT, true);
    drawing_text(cairo, p->x + LEFT_MARGIN, 30, LEFT, PANEL_WIDTH - LEFT_MARGIN, p->title);
    drawing_set_font(cairo, DRAWING_FONT, false);
    draw_lines(cairo, p);
    draw_ticks(cairo, p);
}

/* -- The legend ---------------------------------------------------------------------------------------------------- */

static int legend_columns(int panels)
{
    return (panels * PANEL_WIDTH - MARGIN) / LEGEND_COLUMN;
}

double panel_sheet_height(int panels, int names)
{
    const int columns = legend_columns(panels), rows = (names + columns - 1) / columns;
    return HEIGHT + rows * LEGEND_ROW + MARGIN;
}

void panel_draw_name(cairo_t *cairo, int panels, int number, const char *name)
{
    const double x = MARGIN + number % legend_columns(panels) * LEGEND_COLUMN;
    const double y = HEIGHT + DRAWING_FONT + number / legend_columns(panels) * LEGEND_ROW;
    cairo_set_line_width(cairo, 2.5);
    drawing_set_pen(cairo, number);
    drawing_line(cairo, x, y - 0.35 * DRAWING_FONT, x + 26, y - 0.35 * DRAWING_FONT);
    cairo_set_dash(cairo, NULL, 0, 0);
    drawing_set_colour(cairo, INK);
    drawing_text(cairo, x + 34, y, LEFT, LEGEND_COLUMN - 46, name);
}

#endif
