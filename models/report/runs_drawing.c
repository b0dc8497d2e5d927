/* runs_drawing.c - the curves of training runs over one another. */
#include "report/runs_drawing.h"

#ifdef VITRO_HAVE_CAIRO
#include "report/panel.h"
#include <math.h>

#define LARGEST 1e100 /* what is beyond is left out as infinity is */

/* -- A plot -------------------------------------------------------------------------------------------------------- */

typedef struct plot {
    panel panel;
    const run_list *list;
    bool of_accuracy;
} plot;

static double value_of(const plot *p, const vt_epoch *e)
{
    return p->of_accuracy ? 100 * e->test_accuracy : e->test_loss;
}

static bool is_drawn(double value)
{
    return fabs(value) < LARGEST;
}

static void measure(plot *p)
{
    panel *axes = &p->panel;
    axes->first = axes->low = INFINITY;
    axes->last = axes->high = -INFINITY;
    for (int r = 0; r < p->list->count; r++)
        for (size_t i = 0; i < p->list->runs[r].log.count; i++) {
            const vt_epoch *e = &p->list->runs[r].log.epochs[i];
            const double value = value_of(p, e);
            axes->first = fmin(axes->first, (double)e->epoch);
            axes->last = fmax(axes->last, (double)e->epoch);
            if (!is_drawn(value)) continue;
            axes->low = fmin(axes->low, value);
            axes->high = fmax(axes->high, value);
        }
    if (axes->low > axes->high) axes->low = 0, axes->high = 1;
    if (axes->high - axes->low < 1e-9 * fmax(1, fabs(axes->high))) axes->low -= 0.5, axes->high += 0.5;
    if (axes->last - axes->first < 1) axes->first -= 0.5, axes->last += 0.5;
    panel_round(axes);
}

/* Gaps stay where nothing was measured; one point by itself is a dot. */
static void draw_run(cairo_t *cairo, const plot *p, const vt_training_log *log)
{
    bool pen_down = false;
    for (size_t i = 0; i < log->count; i++) {
        const double value = value_of(p, &log->epochs[i]), x = panel_x(&p->panel, (double)log->epochs[i].epoch);
        if (is_drawn(value) && pen_down) cairo_line_to(cairo, x, panel_y(&p->panel, value));
        if (is_drawn(value) && !pen_down) {
            cairo_move_to(cairo, x, panel_y(&p->panel, value));
            cairo_line_to(cairo, x + 0.01, panel_y(&p->panel, value));
        }
        pen_down = is_drawn(value);
    }
    cairo_stroke(cairo);
}

static void draw_plot(cairo_t *cairo, plot *p)
{
    measure(p);
    panel_draw(cairo, &p->panel);
    cairo_set_line_width(cairo, 1.8);
    for (int r = 0; r < p->list->count; r++) {
        drawing_set_pen(cairo, r);
        draw_run(cairo, p, &p->list->runs[r].log);
    }
    cairo_set_dash(cairo, NULL, 0, 0);
}

/* -- The sheet ----------------------------------------------------------------------------------------------------- */

static void draw_names(cairo_t *cairo, const run_list *list)
{
    char text[512];
    for (int r = 0; r < list->count; r++) {
        const run *of = &list->runs[r];
        if (of->best < 0)
            snprintf(text, sizeof text, "%s", of->name);
        else
            snprintf(text, sizeof text, "%.2f%%  %s", 100 * of->log.epochs[of->best].test_accuracy, of->name);
        panel_draw_name(cairo, 2, r, text);
    }
}

static void draw(cairo_t *cairo, double width, double height, const void *data)
{
    plot loss = { { .title = "Test loss", .label = "epoch", .whole = true }, .list = data };
    plot accuracy = { { .title = "Test accuracy", .label = "epoch", .whole = true, .percent = true, .x = PANEL_WIDTH },
                      .list = data,
                      .of_accuracy = true };
    (void)width, (void)height;
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    cairo_set_line_cap(cairo, CAIRO_LINE_CAP_ROUND);
    draw_plot(cairo, &loss);
    draw_plot(cairo, &accuracy);
    draw_names(cairo, data);
}

bool runs_drawing_write(const char *folder, const run_list *list)
{
    return drawing_write(folder, "runs", 2 * PANEL_WIDTH, panel_sheet_height(2, list->count), draw, list);
}

#else

bool runs_drawing_write(const char *folder, const run_list *list)
{
    (void)folder, (void)list;
    return !vt_failed();
}

#endif
