/* plots.c - the plots of a comparison. */
#include "compare/plots.h"

#ifdef VITRO_HAVE_CAIRO
#include "report/panel.h"
#include <math.h>

enum { MOST_DOTS = 30 };

/* -- What is drawn ------------------------------------------------------------------------------------------------- */

typedef enum subject { LOSS_OF_TRAINING, ACCURACY_OF_TRAINING, ACCURACY_OVER_DATA, FOUND } subject;

typedef struct plot {
    panel panel;
    const results *results;
    subject subject;
    matching which; /* of losses and accuracies */
    int measure;    /* of what was found */
} plot;

/* A point of a model's line, with the lowest and the highest of its seeds. */
typedef struct point {
    double x, mean, low, high;
} point;

/* After each epoch. */
static const curve *curve_of(const plot *p, int model)
{
    return p->subject == LOSS_OF_TRAINING ? &p->results->losses[p->which][model] : &p->results->curves[p->which][model];
}

static int64_t point_count(const plot *p, int model)
{
    switch (p->subject) {
    case LOSS_OF_TRAINING:
    case ACCURACY_OF_TRAINING: return curve_of(p, model)->epochs;
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
    const curve *c = curve_of(p, model);
    const double times = p->panel.percent ? 100 : 1;
    return (point){ end_of(p, model) * (double)(i + 1) / (double)c->epochs, times * c->mean[i], times * c->low[i],
                    times * c->high[i] };
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

enum { MOST_PANELS = (int)MATCHINGS > (int)MOST_MEASURES ? (int)MATCHINGS : (int)MOST_MEASURES };

/* Plots beside each other, and the models' names below. */
typedef struct sheet {
    plot plots[MOST_PANELS];
    int count;
} sheet;

/* What a matching's runs are drawn along. */
static panel panel_along(matching which)
{
    static const char *const along[MATCHINGS] = { "epoch", "tera multiply-accumulates of training's forward passes",
                                                  "seconds of training" };
    return (panel){ .label = along[which], .whole = which == EQUAL_EPOCHS };
}

static plot plot_of_accuracy(const results *r, subject s, matching which)
{
    static const char *const titles[MATCHINGS] = { "At equal epochs", "At equal compute", "At equal time" };
    panel axes = s == ACCURACY_OVER_DATA ? (panel){ .label = "training pictures", .whole = true } : panel_along(which);
    axes.title = titles[which];
    axes.percent = true;
    return (plot){ .panel = axes, .results = r, .subject = s, .which = which };
}

static plot plot_of_measure(const results *r, int measure)
{
    const look *look = r->findings.look;
    const panel axes = { .title = look->measures[measure].title,
                         .label = look->along,
                         .whole = true,
                         .percent = look->measures[measure].percent };
    return (plot){ .panel = axes, .results = r, .subject = FOUND, .measure = measure };
}

static void draw_sheet(cairo_t *cairo, double width, double height, const void *data)
{
    const sheet *s = data;
    const plan *compared = &s->plots[0].results->plan;
    (void)width, (void)height;
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    for (int i = 0; i < s->count; i++) {
        plot p = s->plots[i];
        p.panel.x = i * PANEL_WIDTH;
        draw_plot(cairo, &p);
    }
    for (int m = 0; m < compared->model_count; m++) panel_draw_name(cairo, s->count, m, compared->models[m].name);
}

static bool write_sheet(const sheet *s, const char *folder, const char *name)
{
    return drawing_write(folder, name, s->count * PANEL_WIDTH,
                         panel_sheet_height(s->count, s->plots[0].results->plan.model_count), draw_sheet, s);
}

static bool write_accuracies(const results *r, const char *folder, const char *name, subject subject)
{
    sheet s = { .count = r->plan.matching_count };
    for (int i = 0; i < s.count; i++) s.plots[i] = plot_of_accuracy(r, subject, r->plan.matchings[i]);
    return write_sheet(&s, folder, name);
}

/* Loss and accuracy beside each other, as the first matching has them. */
static bool write_training(const results *r, const char *folder)
{
    const matching which = r->plan.matchings[0];
    sheet s = { .count = 2 };
    s.plots[0] = (plot){ .panel = panel_along(which), .results = r, .subject = LOSS_OF_TRAINING, .which = which };
    s.plots[1] = plot_of_accuracy(r, ACCURACY_OF_TRAINING, which);
    s.plots[0].panel.title = "Loss of the test";
    s.plots[1].panel.title = "Accuracy of the test";
    return write_sheet(&s, folder, "training");
}

static bool write_findings(const results *r, const char *folder)
{
    const look *look = r->findings.look;
    sheet s = { .count = look->measure_count };
    for (int i = 0; i < s.count; i++) s.plots[i] = plot_of_measure(r, i);
    return write_sheet(&s, folder, look->name);
}

bool plots_write(const results *r, const char *folder)
{
    return write_training(r, folder) && write_accuracies(r, folder, "compare", ACCURACY_OF_TRAINING) &&
           (r->plan.fraction_count == 1 || write_accuracies(r, folder, "data", ACCURACY_OVER_DATA)) &&
           (!r->findings.look || write_findings(r, folder));
}

#else

bool plots_write(const results *r, const char *folder)
{
    (void)r, (void)folder;
    return !vt_failed();
}

#endif
