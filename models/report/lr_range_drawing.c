/* lr_range_drawing.c - the plot of a learning-rate range test. */
#include "report/lr_range.h"
#include <vitro/vitro.h>

#ifdef VITRO_HAVE_CAIRO
#include "report/panel.h"
#include <math.h>
#include <stdio.h>

enum { NAMES = 2 };

/* From the least loss to somewhat above where it began: a loss that explodes leaves at the top. */
static panel axes_of(const lr_range *r)
{
    panel axes = { .title = "Learning-rate range test", .label = "learning rate", .powers = true };
    axes.first = log10(r->points[0].rate);
    axes.last = fmax(log10(r->points[r->count - 1].rate), axes.first + 0.1);
    axes.low = INFINITY;
    double first = 0;
    for (int64_t i = 0; i < r->count; i++) {
        axes.low = fmin(axes.low, r->points[i].loss);
        if (i < 5) first = fmax(first, r->points[i].loss);
    }
    axes.high = first + 0.35 * fmax(first - axes.low, 0.1 * fabs(first));
    panel_round(&axes);
    return axes;
}

static void draw_curve(cairo_t *cairo, const lr_range *r, const panel *axes, bool smooth)
{
    cairo_new_path(cairo);
    for (int64_t i = 0; i < r->count; i++) {
        const double loss = smooth ? r->points[i].smooth : r->points[i].loss;
        cairo_line_to(cairo, panel_x(axes, log10(r->points[i].rate)), panel_y(axes, fmin(loss, axes->high)));
    }
    cairo_stroke(cairo);
}

static void draw_suggestion(cairo_t *cairo, const lr_range *r, const panel *axes)
{
    const double x = panel_x(axes, log10(r->suggestion)), middle = (axes->first + axes->last) / 2;
    const bool left = log10(r->suggestion) < middle;
    char text[48];
    snprintf(text, sizeof text, "--lr %.2g", r->suggestion);
    drawing_set_colour(cairo, INK);
    cairo_set_line_width(cairo, 1);
    cairo_set_dash(cairo, (const double[]){ 5, 4 }, 2, 0);
    drawing_line(cairo, x, panel_y(axes, axes->low), x, panel_y(axes, axes->high));
    cairo_set_dash(cairo, NULL, 0, 0);
    drawing_text(cairo, x + (left ? 6 : -6), panel_y(axes, axes->low) - 8, left ? LEFT : RIGHT, 120, text);
}

static void draw(cairo_t *cairo, double width, double height, const void *data)
{
    static const char *const names[NAMES] = { "smoothed", "loss of each step" };
    const lr_range *r = data;
    const panel axes = axes_of(r);
    (void)width, (void)height;
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    panel_draw(cairo, &axes);
    for (int number = NAMES - 1; number >= 0; number--) {
        cairo_set_line_width(cairo, number == 0 ? 2.2 : 0.8);
        drawing_set_pen(cairo, number);
        draw_curve(cairo, r, &axes, number == 0);
    }
    if (!isnan(r->suggestion)) draw_suggestion(cairo, r, &axes);
    for (int number = 0; number < NAMES; number++) panel_draw_name(cairo, 1, number, names[number]);
}

bool lr_range_draw(const lr_range *r, const char *folder)
{
    if (r->count == 0) return !vt_failed();
    return drawing_write(folder, "lr_range", PANEL_WIDTH, panel_sheet_height(1, NAMES), draw, r);
}

#else

bool lr_range_draw(const lr_range *r, const char *folder)
{
    (void)r, (void)folder;
    return !vt_failed();
}

#endif
