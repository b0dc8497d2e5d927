/* plots.c - the plots of a comparison. */
#include "compare/plots.h"

#ifdef VITRO_HAVE_CAIRO
#include "report/panel.h"
#include <math.h>

enum { MOST_DOTS = 30 };

/* -- What is drawn ------------------------------------------------------------------------------------------------- */

typedef enum subject { OVER_EPOCHS, OVER_COMPUTE, OVER_DATA } subject;

typedef struct plot {
    panel panel;
    const results *results;
    subject subject;
    matching which;
} plot;

/* A point of a model's line, with the lowest and the highest of its seeds. */
typedef struct point {
    double x, mean, low, high;
} point;

static int64_t point_count(const plot *p, int model)
{
    return p->subject == OVER_DATA ? p->results->plan.fraction_count : p->results->curves[p->which][model].epochs;
}

static point point_of_data(const plot *p, int model, int fraction)
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

static point point_at(const plot *p, int model, int64_t i)
{
    if (p->subject == OVER_DATA) return point_of_data(p, model, (int)i);
    const curve *c = &p->results->curves[p->which][model];
    const double all = 1e-12 * results_compute(p->results, p->which, p->results->plan.fraction_count - 1, model);
    const double x = p->subject == OVER_EPOCHS ? (double)(i + 1) : all * (double)(i + 1) / (double)c->epochs;
    return (point){ x, 100 * c->mean[i], 100 * c->low[i], 100 * c->high[i] };
}

/* -- A plot -------------------------------------------------------------------------------------------------------- */

static void measure(plot *p)
{
    panel *axes = &p->panel;
    axes->first = axes->low = INFINITY;
    axes->last = axes->high = -INFINITY;
    for (int m = 0; m < p->results->plan.model_count; m++)
        for (int64_t i = 0; i < point_count(p, m); i++) {
            const point at = point_at(p, m, i);
            axes->first = fmin(axes->first, at.x);
            axes->last = fmax(axes->last, at.x);
            axes->low = fmin(axes->low, at.low);
            axes->high = fmax(axes->high, at.high);
        }
    if (axes->high - axes->low < 1) axes->low -= 0.5, axes->high += 0.5;
    if (axes->last - axes->first < 1e-9 * axes->last) axes->first *= 0.5, axes->last *= 1.5;
    panel_round(axes);
}

/* The mean of the seeds; behind it, from the lowest to the highest. */
static void draw_line(cairo_t *cairo, const plot *p, int model)
{
    const int64_t count = point_count(p, model);
    /* Lines from low to high stand side by side. */
    const double aside = 3 * (model - (p->results->plan.model_count - 1) / 2.0);
    cairo_new_path(cairo); /* text leaves a point */
    for (int64_t i = 0; i < count; i++)
        cairo_line_to(cairo, panel_x(&p->panel, point_at(p, model, i).x),
                      panel_y(&p->panel, point_at(p, model, i).mean));
    cairo_stroke(cairo);
    cairo_set_dash(cairo, NULL, 0, 0);
    for (int64_t i = 0; i < count && count <= MOST_DOTS; i++) {
        const point at = point_at(p, model, i);
        drawing_line(cairo, panel_x(&p->panel, at.x) + aside, panel_y(&p->panel, at.low),
                     panel_x(&p->panel, at.x) + aside, panel_y(&p->panel, at.high));
        cairo_arc(cairo, panel_x(&p->panel, at.x), panel_y(&p->panel, at.mean), 2.6, 0, 2 * acos(-1));
        cairo_fill(cairo);
    }
}

static void draw_plot(cairo_t *cairo, plot *p)
{
    measure(p);
    panel_draw(cairo, &p->panel);
    for (int m = 0; m < p->results->plan.model_count; m++) {
        cairo_set_line_width(cairo, 1.8);
        drawing_set_pen(cairo, m);
        draw_line(cairo, p, m);
    }
}

/* -- The sheets ---------------------------------------------------------------------------------------------------- */

static void draw_over(cairo_t *cairo, const results *r, subject s, matching which)
{
    static const char *const titles[MATCHINGS] = { "At equal epochs", "At equal compute" };
    static const char *const labels[] = { [OVER_EPOCHS] = "epoch",
                                          [OVER_COMPUTE] = "tera multiply-accumulates of training's forward passes",
                                          [OVER_DATA] = "training pictures" };
    plot p = { .results = r, .subject = s, .which = which };
    p.panel = (panel){ .title = titles[which],
                       .label = labels[s],
                       .x = which * PANEL_WIDTH,
                       .whole = s != OVER_COMPUTE,
                       .percent = true };
    draw_plot(cairo, &p);
}

static void draw_pair(cairo_t *cairo, const results *r, subject left, subject right)
{
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    draw_over(cairo, r, left, EQUAL_EPOCHS);
    draw_over(cairo, r, right, EQUAL_COMPUTE);
    for (int m = 0; m < r->plan.model_count; m++) panel_draw_name(cairo, m, r->plan.models[m].name);
}

static void draw_curves(cairo_t *cairo, double width, double height, const void *data)
{
    (void)width, (void)height;
    draw_pair(cairo, data, OVER_EPOCHS, OVER_COMPUTE);
}

static void draw_data(cairo_t *cairo, double width, double height, const void *data)
{
    (void)width, (void)height;
    draw_pair(cairo, data, OVER_DATA, OVER_DATA);
}

bool plots_write(const results *r, const char *folder)
{
    const double width = 2 * PANEL_WIDTH, height = panel_sheet_height(r->plan.model_count);
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
