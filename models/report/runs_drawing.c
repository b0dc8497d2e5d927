/* runs_drawing.c - the curves of training runs over one another. */
#include "report/runs_drawing.h"

#ifdef VITRO_HAVE_CAIRO
#include "report/drawing.h"
#include <math.h>

enum {
    PANEL = 500,
    HEIGHT = 380,
    LEFT_MARGIN = 62,
    RIGHT_MARGIN = 20,
    TOP_MARGIN = 52,
    BOTTOM_MARGIN = 46,
    MARGIN = 24
};
enum { LEGEND_ROW = 20, LEGEND_COLUMN = 320, X_TICKS = 8, Y_TICKS = 6 };

#define LARGEST 1e100 /* what is beyond is left out as infinity is */

/* -- A panel ------------------------------------------------------------------------------------------------------- */

typedef struct panel {
    const run_list *list;
    double x; /* of its left edge */
    bool of_accuracy;
    double first, last, low, high; /* of its axes: epochs, and what was measured */
} panel;

static double value_of(const panel *p, const vt_epoch *e)
{
    return p->of_accuracy ? 100 * e->test_accuracy : e->test_loss;
}

static bool is_drawn(double value)
{
    return fabs(value) < LARGEST;
}

static void measure(panel *p)
{
    p->first = p->low = INFINITY;
    p->last = p->high = -INFINITY;
    for (int r = 0; r < p->list->count; r++)
        for (size_t i = 0; i < p->list->runs[r].log.count; i++) {
            const vt_epoch *e = &p->list->runs[r].log.epochs[i];
            const double value = value_of(p, e);
            p->first = fmin(p->first, (double)e->epoch);
            p->last = fmax(p->last, (double)e->epoch);
            if (!is_drawn(value)) continue;
            p->low = fmin(p->low, value);
            p->high = fmax(p->high, value);
        }
    if (p->low > p->high) p->low = 0, p->high = 1;
    if (p->high - p->low < 1e-9 * fmax(1, fabs(p->high))) p->low -= 0.5, p->high += 0.5;
    if (p->last - p->first < 1) p->first -= 0.5, p->last += 0.5;
    const double step = drawing_step(p->high - p->low, Y_TICKS);
    p->low = step * floor(p->low / step + 1e-6);
    p->high = step * ceil(p->high / step - 1e-6);
}

static double x_of(const panel *p, double epoch)
{
    return p->x + LEFT_MARGIN + (epoch - p->first) / (p->last - p->first) * (PANEL - LEFT_MARGIN - RIGHT_MARGIN);
}

static double y_of(const panel *p, double value)
{
    return HEIGHT - BOTTOM_MARGIN - (value - p->low) / (p->high - p->low) * (HEIGHT - TOP_MARGIN - BOTTOM_MARGIN);
}

static void draw_axes(cairo_t *cairo, const panel *p)
{
    const double left = p->x + LEFT_MARGIN, right = p->x + PANEL - RIGHT_MARGIN,
                 step = drawing_step(p->high - p->low, Y_TICKS);
    const double stride = fmax(1, drawing_step(p->last - p->first, X_TICKS));
    char text[48];
    cairo_set_line_width(cairo, 1);
    for (double i = round(p->low / step); i * step <= p->high + 1e-6 * step; i++) {
        drawing_set_colour(cairo, GRID);
        drawing_line(cairo, left, y_of(p, i * step), right, y_of(p, i * step));
        drawing_set_colour(cairo, FAINT_INK);
        snprintf(text, sizeof text, p->of_accuracy ? "%.6g%%" : "%.6g", i == 0 ? 0 : i * step);
        drawing_text(cairo, left - 8, y_of(p, i * step) + 0.35 * DRAWING_FONT, RIGHT, LEFT_MARGIN, text);
    }
    for (double i = ceil(p->first / stride); i * stride <= p->last; i++) {
        snprintf(text, sizeof text, "%.0f", i * stride);
        drawing_text(cairo, x_of(p, i * stride), HEIGHT - BOTTOM_MARGIN + 6 + DRAWING_FONT, CENTRE, 60, text);
    }
    drawing_text(cairo, (left + right) / 2, HEIGHT - BOTTOM_MARGIN + 12 + 2 * DRAWING_FONT, CENTRE, 200, "epoch");
}

/* Gaps stay where nothing was measured; one point by itself is a dot. */
static void draw_run(cairo_t *cairo, const panel *p, const vt_training_log *log)
{
    bool pen_down = false;
    for (size_t i = 0; i < log->count; i++) {
        const double value = value_of(p, &log->epochs[i]), x = x_of(p, (double)log->epochs[i].epoch);
        if (is_drawn(value) && pen_down) cairo_line_to(cairo, x, y_of(p, value));
        if (is_drawn(value) && !pen_down) {
            cairo_move_to(cairo, x, y_of(p, value));
            cairo_line_to(cairo, x + 0.01, y_of(p, value));
        }
        pen_down = is_drawn(value);
    }
    cairo_stroke(cairo);
}

static void draw_panel(cairo_t *cairo, panel *p)
{
    measure(p);
    drawing_set_colour(cairo, INK);
    drawing_set_font(cairo, 1.25 * DRAWING_FONT, true);
    drawing_text(cairo, p->x + LEFT_MARGIN, 30, LEFT, PANEL, p->of_accuracy ? "Test accuracy" : "Test loss");
    drawing_set_font(cairo, DRAWING_FONT, false);
    draw_axes(cairo, p);
    cairo_set_line_width(cairo, 1.8);
    for (int r = 0; r < p->list->count; r++) {
        drawing_set_pen(cairo, r);
        draw_run(cairo, p, &p->list->runs[r].log);
    }
    cairo_set_dash(cairo, NULL, 0, 0);
}

/* -- The sheet ----------------------------------------------------------------------------------------------------- */

static int legend_columns(void)
{
    return (2 * PANEL - MARGIN) / LEGEND_COLUMN;
}

static void draw_legend(cairo_t *cairo, const run_list *list)
{
    char text[512];
    cairo_set_line_width(cairo, 2.5);
    for (int r = 0; r < list->count; r++) {
        const run *of = &list->runs[r];
        const double x = MARGIN + r % legend_columns() * LEGEND_COLUMN;
        const double y = HEIGHT + DRAWING_FONT + r / legend_columns() * LEGEND_ROW;
        drawing_set_pen(cairo, r);
        drawing_line(cairo, x, y - 0.35 * DRAWING_FONT, x + 26, y - 0.35 * DRAWING_FONT);
        cairo_set_dash(cairo, NULL, 0, 0);
        drawing_set_colour(cairo, INK);
        if (of->best < 0)
            snprintf(text, sizeof text, "%s", of->name);
        else
            snprintf(text, sizeof text, "%.2f%%  %s", 100 * of->log.epochs[of->best].test_accuracy, of->name);
        drawing_text(cairo, x + 34, y, LEFT, LEGEND_COLUMN - 46, text);
    }
}

static void draw(cairo_t *cairo, double width, double height, const void *data)
{
    panel loss = { .list = data }, accuracy = { .list = data, .x = PANEL, .of_accuracy = true };
    (void)width, (void)height;
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    cairo_set_line_cap(cairo, CAIRO_LINE_CAP_ROUND);
    draw_panel(cairo, &loss);
    draw_panel(cairo, &accuracy);
    draw_legend(cairo, data);
}

bool runs_drawing_write(const char *folder, const run_list *list)
{
    const int rows = (list->count + legend_columns() - 1) / legend_columns();
    return drawing_write(folder, "runs", 2 * PANEL, HEIGHT + rows * LEGEND_ROW + MARGIN, draw, list);
}

#else

bool runs_drawing_write(const char *folder, const run_list *list)
{
    (void)folder, (void)list;
    return !vt_failed();
}

#endif
