/* plots.c - the plots of a comparison. */
#include "compare/plots.h"

#ifdef VITRO_HAVE_CAIRO
#include "report/drawing.h"
#include <math.h>

enum { PANEL = 500, HEIGHT = 380, LEFT_MARGIN = 62, RIGHT_MARGIN = 24, TOP_MARGIN = 52, BOTTOM_MARGIN = 46 };
enum { MARGIN = 24, LEGEND_ROW = 20, LEGEND_COLUMN = 320, X_TICKS = 6, Y_TICKS = 6, MOST_DOTS = 30 };

/* -- What is drawn ------------------------------------------------------------------------------------------------- */

typedef enum subject { OVER_EPOCHS, OVER_COMPUTE, OVER_DATA } subject;

typedef struct panel {
    const results *results;
    subject subject;
    matching which;
    const char *title, *label;
    double x;                      /* of its left edge */
    double first, last, low, high; /* of its axes; accuracies in percent */
} panel;

/* A point of a model's line, with the lowest and the highest of its seeds. */
typedef struct point {
    double x, mean, low, high;
} point;

static int64_t point_count(const panel *p, int model)
{
    return p->subject == OVER_DATA ? p->results->plan.fraction_count : p->results->curves[p->which][model].epochs;
}

static point point_of_data(const panel *p, int model, int fraction)
{
    const sample s = results_sample(p->results, p->which, fraction, model);
    point at = { (double)plan_run(&p->results->plan, p->which, fraction, model, 0).pictures, 100 * sample_mean(s),
                 INFINITY, -INFINITY };
    for (int i = 0; i < s.count; i++) {
        at.low = fmin(at.low, 100 * s.values[i]);
        at.high = fmax(at.high, 100 * s.values[i]);
    }
    return at;
}

static point point_at(const panel *p, int model, int64_t i)
{
    if (p->subject == OVER_DATA) return point_of_data(p, model, (int)i);
    const curve *c = &p->results->curves[p->which][model];
    const double all = 1e-12 * results_compute(p->results, p->which, p->results->plan.fraction_count - 1, model);
    const double x = p->subject == OVER_EPOCHS ? (double)(i + 1) : all * (double)(i + 1) / (double)c->epochs;
    return (point){ x, 100 * c->mean[i], 100 * c->low[i], 100 * c->high[i] };
}

/* -- A panel ------------------------------------------------------------------------------------------------------- */

static void measure(panel *p)
{
    p->first = p->low = INFINITY;
    p->last = p->high = -INFINITY;
    for (int m = 0; m < p->results->plan.model_count; m++)
        for (int64_t i = 0; i < point_count(p, m); i++) {
            const point at = point_at(p, m, i);
            p->first = fmin(p->first, at.x);
            p->last = fmax(p->last, at.x);
            p->low = fmin(p->low, at.low);
            p->high = fmax(p->high, at.high);
        }
    if (p->high - p->low < 1) p->low -= 0.5, p->high += 0.5;
    if (p->last - p->first < 1e-9 * p->last) p->first *= 0.5, p->last *= 1.5;
    const double step = drawing_step(p->high - p->low, Y_TICKS);
    p->low = step * floor(p->low / step + 1e-6);
    p->high = step * ceil(p->high / step - 1e-6);
}

static double x_of(const panel *p, double x)
{
    return p->x + LEFT_MARGIN + (x - p->first) / (p->last - p->first) * (PANEL - LEFT_MARGIN - RIGHT_MARGIN);
}

static double y_of(const panel *p, double percent)
{
    return HEIGHT - BOTTOM_MARGIN - (percent - p->low) / (p->high - p->low) * (HEIGHT - TOP_MARGIN - BOTTOM_MARGIN);
}

static void draw_axes(cairo_t *cairo, const panel *p)
{
    const double left = p->x + LEFT_MARGIN, right = p->x + PANEL - RIGHT_MARGIN;
    const double step = drawing_step(p->high - p->low, Y_TICKS), stride = drawing_step(p->last - p->first, X_TICKS);
    const double apart = p->subject == OVER_COMPUTE ? stride : fmax(1, stride); /* epochs and pictures are whole */
    char text[48];
    cairo_set_line_width(cairo, 1);
    for (double i = round(p->low / step); i * step <= p->high + 1e-6 * step; i++) {
        drawing_set_colour(cairo, GRID);
        drawing_line(cairo, left, y_of(p, i * step), right, y_of(p, i * step));
        drawing_set_colour(cairo, FAINT_INK);
        snprintf(text, sizeof text, "%.6g%%", i == 0 ? 0 : i * step);
        drawing_text(cairo, left - 8, y_of(p, i * step) + 0.35 * DRAWING_FONT, RIGHT, LEFT_MARGIN, text);
    }
    for (double i = ceil(p->first / apart); i * apart <= p->last * (1 + 1e-9); i++) {
        snprintf(text, sizeof text, "%.6g", i * apart);
        drawing_text(cairo, x_of(p, i * apart), HEIGHT - BOTTOM_MARGIN + 6 + DRAWING_FONT, CENTRE, 70, text);
    }
    drawing_text(cairo, (left + right) / 2, HEIGHT - BOTTOM_MARGIN + 12 + 2 * DRAWING_FONT, CENTRE, 400, p->label);
}

/* The mean of the seeds; behind it, from the lowest to the highest. */
static void draw_line(cairo_t *cairo, const panel *p, int model)
{
    const int64_t count = point_count(p, model);
    const double aside =
        3 * (model - (p->results->plan.model_count - 1) / 2.0); /* lines from low to high side by side */
    cairo_new_path(cairo);                                      /* text leaves a point */
    for (int64_t i = 0; i < count; i++)
        cairo_line_to(cairo, x_of(p, point_at(p, model, i).x), y_of(p, point_at(p, model, i).mean));
    cairo_stroke(cairo);
    cairo_set_dash(cairo, NULL, 0, 0);
    for (int64_t i = 0; i < count && count <= MOST_DOTS; i++) {
        const point at = point_at(p, model, i);
        drawing_line(cairo, x_of(p, at.x) + aside, y_of(p, at.low), x_of(p, at.x) + aside, y_of(p, at.high));
        cairo_arc(cairo, x_of(p, at.x), y_of(p, at.mean), 2.6, 0, 2 * acos(-1));
        cairo_fill(cairo);
    }
}

static void draw_panel(cairo_t *cairo, panel *p)
{
    measure(p);
    drawing_set_colour(cairo, INK);
    drawing_set_font(cairo, 1.25 * DRAWING_FONT, true);
    drawing_text(cairo, p->x + LEFT_MARGIN, 30, LEFT, PANEL - LEFT_MARGIN, p->title);
    drawing_set_font(cairo, DRAWING_FONT, false);
    draw_axes(cairo, p);
    for (int m = 0; m < p->results->plan.model_count; m++) {
        cairo_set_line_width(cairo, 1.8);
        drawing_set_pen(cairo, m);
        draw_line(cairo, p, m);
    }
}

/* -- The sheets ---------------------------------------------------------------------------------------------------- */

static int legend_columns(void)
{
    return (2 * PANEL - MARGIN) / LEGEND_COLUMN;
}

static void draw_legend(cairo_t *cairo, const plan *p)
{
    cairo_set_line_width(cairo, 2.5);
    for (int m = 0; m < p->model_count; m++) {
        const double x = MARGIN + m % legend_columns() * LEGEND_COLUMN;
        const double y = HEIGHT + DRAWING_FONT + m / legend_columns() * LEGEND_ROW;
        drawing_set_pen(cairo, m);
        drawing_line(cairo, x, y - 0.35 * DRAWING_FONT, x + 26, y - 0.35 * DRAWING_FONT);
        cairo_set_dash(cairo, NULL, 0, 0);
        drawing_set_colour(cairo, INK);
        drawing_text(cairo, x + 34, y, LEFT, LEGEND_COLUMN - 46, p->models[m].name);
    }
}

static void draw_pair(cairo_t *cairo, panel left, panel right)
{
    right.x = PANEL;
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    draw_panel(cairo, &left);
    draw_panel(cairo, &right);
    draw_legend(cairo, &left.results->plan);
}

static void draw_curves(cairo_t *cairo, double width, double height, const void *data)
{
    (void)width, (void)height;
    draw_pair(cairo,
              (panel){ .results = data,
                       .subject = OVER_EPOCHS,
                       .which = EQUAL_EPOCHS,
                       .title = "At equal epochs",
                       .label = "epoch" },
              (panel){ .results = data,
                       .subject = OVER_COMPUTE,
                       .which = EQUAL_COMPUTE,
                       .title = "At equal compute",
                       .label = "tera multiply-accumulates of training's forward passes" });
}

static void draw_data(cairo_t *cairo, double width, double height, const void *data)
{
    (void)width, (void)height;
    draw_pair(cairo,
              (panel){ .results = data,
                       .subject = OVER_DATA,
                       .which = EQUAL_EPOCHS,
                       .title = "At equal epochs",
                       .label = "training pictures" },
              (panel){ .results = data,
                       .subject = OVER_DATA,
                       .which = EQUAL_COMPUTE,
                       .title = "At equal compute",
                       .label = "training pictures" });
}

bool plots_write(const results *r, const char *folder)
{
    const int rows = (r->plan.model_count + legend_columns() - 1) / legend_columns();
    const double width = 2 * PANEL, height = HEIGHT + rows * LEGEND_ROW + MARGIN;
    return drawing_write(folder, "compare", width, height, draw_curves, r) &&
           (r->plan.fraction_count == 1 || drawing_write(folder, "data", width, height, draw_data, r));
}

#else

bool plots_write(const results *r, const char *folder)
{
    (void)r, (void)folder;
    return !vt_failed();
}

#endif
