/* plots.c - the plots of a comparison. */
#include "compare/plots.h"

#ifdef VITRO_HAVE_CAIRO
#include "report/panel.h"
#include <math.h>

enum { MOST_DOTS = 30 };

/* -- What is drawn ------------------------------------------------------------------------------------------------- */

typedef enum subject { ACCURACY_OF_TRAINING, ACCURACY_OVER_DATA, FOUND } subject;

typedef struct plot {
    panel panel;
    const results *results;
    subject subject;
    matching which; /* of accuracies */
    int measure;    /* of what was found */
} plot;

/* A point of a model's line, with the lowest and the highest of its seeds. */
typedef struct point {
    double x, mean, low, high;
} point;

static int64_t point_count(const plot *p, int model)
{
    switch (p->subject) {
    case ACCURACY_OF_TRAINING: return p->results->curves[p->which][model].epochs;
    case ACCURACY_OVER_DATA: return p->results->plan.fraction_count;
    default: return findings_of(&p->results->findings, model, 0)->places;
    }
}

static point point_of_sample(double x, sample s, double times)
{
    point at = { x, times * sample_mean(s), INFINITY, -INFINITY };
    for (int i = 0; i < s.count; i++) {
        at.low = fmin(at.low, times * s.values[i]);
        at.high = fmax(at.high, times * s.values[i]);
    }
    return at;
}

static point point_of_data(const plot *p, int model, int fraction)
{
    const planned_run run = plan_run(&p->results->plan, p->which, fraction, model, 0);
    return point_of_sample((double)run.pictures, results_sample(p->results, p->which, fraction, model), 100);
}

static point point_found(const plot *p, int model, int place)
{
    const findings *f = &p->results->findings;
    double values[MOST_SEEDS];
    return point_of_sample(findings_of(f, model, 0)->along[place], findings_sample(f, model, p->measure, place, values),
                           p->panel.percent ? 100 : 1);
}

/* Where the axis along ends for a model that has been trained. */
static double end_of(const plot *p, int model)
{
    const int all = p->results->plan.fraction_count - 1;
    switch (p->which) {
    case EQUAL_COMPUTE: return 1e-12 * results_compute(p->results, p->which, all, model);
    case EQUAL_TIME: return p->results->outcomes[p->which][all][model].seconds;
    default: return (double)p->results->curves[p->which][model].epochs;
    }
}

static point point_at(const plot *p, int model, int64_t i)
{
    if (p->subject == ACCURACY_OVER_DATA) return point_of_data(p, model, (int)i);
    if (p->subject == FOUND) return point_found(p, model, (int)i);
    const curve *c = &p->results->curves[p->which][model];
    return (point){ end_of(p, model) * (double)(i + 1) / (double)c->epochs, 100 * c->mean[i], 100 * c->low[i],
                    100 * c->high[i] };
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
    if (axes->percent && axes->high - axes->low < 1) axes->low -= 0.5, axes->high += 0.5;
    if (axes->high - axes->low < 1e-9 * fmax(1, fabs(axes->high))) axes->low -= 0.5, axes->high += 0.5;
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

/* Panels of one subject beside each other, and the models' names below. */
typedef struct sheet {
    const results *results;
    subject subject;
    int panels;
} sheet;

static panel panel_of_accuracy(subject s, matching which)
{
    static const char *const titles[MATCHINGS] = { "At equal epochs", "At equal compute", "At equal time" };
    static const char *const along[MATCHINGS] = { "epoch", "tera multiply-accumulates of training's forward passes",
                                                  "seconds of training" };
    const bool over_data = s == ACCURACY_OVER_DATA;
    return (panel){ .title = titles[which],
                    .label = over_data ? "training pictures" : along[which],
                    .whole = over_data || which == EQUAL_EPOCHS,
                    .percent = true };
}

static panel panel_of_measure(const look *look, int measure)
{
    return (panel){ .title = look->measures[measure].title,
                    .label = look->along,
                    .whole = true,
                    .percent = look->measures[measure].percent };
}

static void draw_sheet(cairo_t *cairo, double width, double height, const void *data)
{
    const sheet *s = data;
    const results *r = s->results;
    (void)width, (void)height;
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    for (int i = 0; i < s->panels; i++) {
        plot p = { .results = r, .subject = s->subject };
        if (s->subject == FOUND)
            p.panel = panel_of_measure(r->findings.look, p.measure = i);
        else
            p.panel = panel_of_accuracy(s->subject, p.which = r->plan.matchings[i]);
        p.panel.x = i * PANEL_WIDTH;
        draw_plot(cairo, &p);
    }
    for (int m = 0; m < r->plan.model_count; m++) panel_draw_name(cairo, s->panels, m, r->plan.models[m].name);
}

static bool write_sheet(const results *r, const char *folder, const char *name, subject subject, int panels)
{
    const sheet s = { r, subject, panels };
    return drawing_write(folder, name, panels * PANEL_WIDTH, panel_sheet_height(panels, r->plan.model_count),
                         draw_sheet, &s);
}

bool plots_write(const results *r, const char *folder)
{
    const int matchings = r->plan.matching_count;
    const look *look = r->findings.look;
    return write_sheet(r, folder, "compare", ACCURACY_OF_TRAINING, matchings) &&
           (r->plan.fraction_count == 1 || write_sheet(r, folder, "data", ACCURACY_OVER_DATA, matchings)) &&
           (!look || write_sheet(r, folder, look->name, FOUND, look->measure_count));
}

#else

bool plots_write(const results *r, const char *folder)
{
    (void)r, (void)folder;
    return !vt_failed();
}

#endif
