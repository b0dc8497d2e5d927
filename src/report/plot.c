#include <vitro/training_log.h>

#include <vitro/error.h>

#ifdef VITRO_HAVE_CAIRO

#include "report/axis.h"
#include "io/file.h"

#include <cairo-svg.h>
#include <math.h>
#include <string.h>

/* Sizes are in points of the SVG file; the PNG file has two pixels to a point. */
enum { PIXELS_PER_POINT = 2, PANEL_WIDTH = 520, PANEL_HEIGHT = 380, TITLE_HEIGHT = 34 };
enum { MARGIN_LEFT = 66, MARGIN_RIGHT = 24, MARGIN_TOP = 68, MARGIN_BOTTOM = 54 };
enum { X_TICKS = 8, Y_TICKS = 6, MARKED_EPOCHS = 30 };

#define FONT_SIZE         12.0
#define LOGARITHMIC_RANGE 50.0  /* the ratio of a loss's extremes from which its axis is logarithmic */
#define LARGEST_VALUE     1e100 /* what is beyond is left out as infinity is */

typedef enum colour { INK, FAINT_INK, GRID, PAPER, TRAIN, TEST } colour;

/* Train and test are the blue and vermilion of Okabe and Ito's palette, which colour-blind readers can tell apart. */
static void set_colour(cairo_t *cairo, colour which)
{
    static const double palette[][3] = {
        [INK] = { 0.15, 0.15, 0.15 },   [FAINT_INK] = { 0.42, 0.42, 0.42 }, [GRID] = { 0.90, 0.90, 0.90 },
        [PAPER] = { 1.00, 1.00, 1.00 }, [TRAIN] = { 0.00, 0.45, 0.70 },     [TEST] = { 0.84, 0.37, 0.00 },
    };
    cairo_set_source_rgb(cairo, palette[which][0], palette[which][1], palette[which][2]);
}

/* ---- the figures ---- */

typedef struct plot_curve {
    const char *name;
    colour colour;
    size_t member; /* its offset in vt_epoch */
} plot_curve;

enum { CURVES = 2, TEST_CURVE = 1 };

typedef struct plot_panel {
    const char *title;
    plot_curve curves[CURVES];
    bool is_accuracy;
    double x, y; /* of its upper left corner */
    const vt_training_log *log;
    plot_axis epochs, values;
    bool is_empty;
} plot_panel;

static double value_at(const plot_panel *panel, int curve, size_t row)
{
    const char *epoch = (const char *)&panel->log->epochs[row];
    double value = *(const double *)(const void *)(epoch + panel->curves[curve].member);
    return panel->is_accuracy ? 100 * value : value;
}

static bool is_drawn(double value)
{
    return fabs(value) < LARGEST_VALUE;
}

static plot_axis choose_value_axis(const plot_panel *panel, double low, double high)
{
    if (low > high) return axis_linear(0, panel->is_accuracy ? 100 : 1, Y_TICKS);
    if (panel->is_accuracy && high - low < 1) {
        low = fmax(fmin(0, low), low - 0.5);
        high = fmin(fmax(100, high), high + 0.5);
    }
    if (!panel->is_accuracy && low > 0 && high / low >= LOGARITHMIC_RANGE) return axis_logarithmic(low, high, Y_TICKS);
    return axis_linear_rounded(low, high, Y_TICKS);
}

static void choose_axes(plot_panel *panel)
{
    const vt_training_log *log = panel->log;
    double low = INFINITY, high = -INFINITY;
    for (int curve = 0; curve < CURVES; curve++)
        for (size_t row = 0; row < log->count; row++) {
            double value = value_at(panel, curve, row);
            if (!is_drawn(value)) continue;
            low = fmin(low, value);
            high = fmax(high, value);
        }
    panel->is_empty = low > high;
    panel->values = choose_value_axis(panel, low, high);
    double first = log->count ? (double)log->epochs[0].epoch : 1;
    double last = log->count ? (double)log->epochs[log->count - 1].epoch : 1;
    panel->epochs = axis_whole(first, last, X_TICKS);
}

static double x_of(const plot_panel *panel, double epoch)
{
    return panel->x + MARGIN_LEFT + axis_place(&panel->epochs, epoch) * (PANEL_WIDTH - MARGIN_LEFT - MARGIN_RIGHT);
}

static double y_of(const plot_panel *panel, double value)
{
    return panel->y + PANEL_HEIGHT - MARGIN_BOTTOM -
           axis_place(&panel->values, value) * (PANEL_HEIGHT - MARGIN_TOP - MARGIN_BOTTOM);
}

/* ---- text ---- */

typedef enum text_anchor { LEFT, CENTRE, RIGHT } text_anchor;

static double text_width(cairo_t *cairo, const char *text)
{
    cairo_text_extents_t extents;
    cairo_text_extents(cairo, text, &extents);
    return extents.x_advance;
}

static void draw_text(cairo_t *cairo, double x, double y, text_anchor anchor, const char *text)
{
    double width = text_width(cairo, text);
    cairo_move_to(cairo, anchor == LEFT ? x : anchor == CENTRE ? x - width / 2 : x - width, y);
    cairo_show_text(cairo, text);
}

static void set_font(cairo_t *cairo, double size, bool bold)
{
    cairo_select_font_face(cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cairo, size);
}

static void format_tick(const plot_axis *axis, double value, char text[48])
{
    double size = fmax(fabs(axis->low), fabs(axis->high));
    if (axis->logarithmic || size >= 1e6 || axis->decimals > 6)
        snprintf(text, 48, "%.6g", value);
    else
        snprintf(text, 48, "%.*f", axis->decimals, value);
}

/* ---- the parts of a panel ---- */

static void draw_line(cairo_t *cairo, double x0, double y0, double x1, double y1)
{
    cairo_move_to(cairo, x0, y0);
    cairo_line_to(cairo, x1, y1);
    cairo_stroke(cairo);
}

static void draw_value_axis(cairo_t *cairo, const plot_panel *panel)
{
    double left = panel->x + MARGIN_LEFT, right = panel->x + PANEL_WIDTH - MARGIN_RIGHT;
    for (int i = 0; i < panel->values.tick_count; i++) {
        char label[48];
        double y = y_of(panel, panel->values.tick[i]);
        set_colour(cairo, GRID);
        draw_line(cairo, left, y, right, y);
        set_colour(cairo, FAINT_INK);
        format_tick(&panel->values, panel->values.tick[i], label);
        if (panel->is_accuracy) strcat(label, "%");
        draw_text(cairo, left - 8, y + 0.35 * FONT_SIZE, RIGHT, label);
    }
}

static void draw_epoch_axis(cairo_t *cairo, const plot_panel *panel)
{
    double left = panel->x + MARGIN_LEFT, right = panel->x + PANEL_WIDTH - MARGIN_RIGHT;
    double bottom = panel->y + PANEL_HEIGHT - MARGIN_BOTTOM;
    set_colour(cairo, FAINT_INK);
    draw_line(cairo, left, bottom, right, bottom);
    for (int i = 0; i < panel->epochs.tick_count; i++) {
        char label[48];
        double x = x_of(panel, panel->epochs.tick[i]);
        draw_line(cairo, x, bottom, x, bottom + 4);
        format_tick(&panel->epochs, panel->epochs.tick[i], label);
        draw_text(cairo, x, bottom + 8 + FONT_SIZE, CENTRE, label);
    }
    draw_text(cairo, (left + right) / 2, bottom + 16 + 2 * FONT_SIZE, CENTRE, "epoch");
}

static void draw_dot(cairo_t *cairo, double x, double y, double radius)
{
    cairo_new_sub_path(cairo);
    cairo_arc(cairo, x, y, radius, 0, 2 * M_PI);
    cairo_fill(cairo);
}

static void draw_curve(cairo_t *cairo, const plot_panel *panel, int curve)
{
    size_t count = panel->log->count;
    bool pen_down = false;
    for (size_t row = 0; row < count; row++) {
        double value = value_at(panel, curve, row);
        if (is_drawn(value)) {
            double x = x_of(panel, (double)panel->log->epochs[row].epoch), y = y_of(panel, value);
            if (pen_down)
                cairo_line_to(cairo, x, y);
            else
                cairo_move_to(cairo, x, y);
        }
        pen_down = is_drawn(value);
    }
    cairo_stroke(cairo);
}

/* Each point where they are few, and always one that has no neighbour to be joined with. */
static void draw_dots(cairo_t *cairo, const plot_panel *panel, int curve)
{
    size_t count = panel->log->count;
    for (size_t row = 0; row < count; row++) {
        double value = value_at(panel, curve, row);
        bool joined = (row > 0 && is_drawn(value_at(panel, curve, row - 1))) ||
                      (row + 1 < count && is_drawn(value_at(panel, curve, row + 1)));
        if (is_drawn(value) && (count <= MARKED_EPOCHS || !joined))
            draw_dot(cairo, x_of(panel, (double)panel->log->epochs[row].epoch), y_of(panel, value), 2.6);
    }
}

static void draw_legend(cairo_t *cairo, const plot_panel *panel, double y)
{
    double x = panel->x + PANEL_WIDTH - MARGIN_RIGHT;
    for (int curve = CURVES - 1; curve >= 0; curve--) {
        x -= text_width(cairo, panel->curves[curve].name);
        set_colour(cairo, INK);
        draw_text(cairo, x, y, LEFT, panel->curves[curve].name);
        set_colour(cairo, panel->curves[curve].colour);
        cairo_set_line_width(cairo, 2.5);
        draw_line(cairo, x - 26, y - 0.35 * FONT_SIZE, x - 6, y - 0.35 * FONT_SIZE);
        x -= 26 + 16;
    }
}

/* The row of the lowest test loss or the highest test accuracy; log->count where none was measured. */
static size_t find_best(const plot_panel *panel)
{
    size_t best = panel->log->count;
    for (size_t row = 0; row < panel->log->count; row++) {
        double value = value_at(panel, TEST_CURVE, row);
        if (!is_drawn(value)) continue;
        double previous = best < panel->log->count ? value_at(panel, TEST_CURVE, best) : NAN;
        if (isnan(previous) || (panel->is_accuracy ? value > previous : value < previous)) best = row;
    }
    return best;
}

static void draw_best(cairo_t *cairo, const plot_panel *panel, double y)
{
    size_t best = find_best(panel);
    if (best == panel->log->count) return;
    char text[128];
    double epoch = (double)panel->log->epochs[best].epoch, value = value_at(panel, TEST_CURVE, best);
    snprintf(text, sizeof text,
             panel->is_accuracy ? "best on the test set: %.2f%% at epoch %.0f"
                                : "best on the test set: %.4g at epoch %.0f",
             value, epoch);
    set_colour(cairo, FAINT_INK);
    draw_text(cairo, panel->x + MARGIN_LEFT, y, LEFT, text);
    set_colour(cairo, TEST);
    draw_dot(cairo, x_of(panel, epoch), y_of(panel, value), 4.5);
    set_colour(cairo, PAPER);
    draw_dot(cairo, x_of(panel, epoch), y_of(panel, value), 2.2);
}

static void draw_panel(cairo_t *cairo, plot_panel *panel)
{
    choose_axes(panel);
    set_font(cairo, FONT_SIZE, false);
    cairo_set_line_width(cairo, 1);
    draw_value_axis(cairo, panel);
    draw_epoch_axis(cairo, panel);
    cairo_set_line_width(cairo, 1.8);
    for (int curve = 0; curve < CURVES; curve++) {
        set_colour(cairo, panel->curves[curve].colour);
        draw_curve(cairo, panel, curve);
        draw_dots(cairo, panel, curve);
    }
    draw_legend(cairo, panel, panel->y + 30);
    draw_best(cairo, panel, panel->y + 48);
    set_colour(cairo, FAINT_INK);
    if (panel->is_empty)
        draw_text(cairo, panel->x + (MARGIN_LEFT + PANEL_WIDTH - MARGIN_RIGHT) / 2.0, panel->y + PANEL_HEIGHT / 2.0,
                  CENTRE, "nothing measured");
    set_colour(cairo, INK);
    set_font(cairo, 1.25 * FONT_SIZE, true);
    draw_text(cairo, panel->x + MARGIN_LEFT, panel->y + 30, LEFT, panel->title);
}

static void draw(cairo_t *cairo, const vt_training_log *log, const char *title)
{
    double top = title ? TITLE_HEIGHT : 0;
    plot_panel loss = { .title = "Loss",
                        .curves = { { "train", TRAIN, offsetof(vt_epoch, train_loss) },
                                    { "test", TEST, offsetof(vt_epoch, test_loss) } },
                        .y = top,
                        .log = log };
    plot_panel accuracy = { .title = "Accuracy",
                            .curves = { { "train", TRAIN, offsetof(vt_epoch, train_accuracy) },
                                        { "test", TEST, offsetof(vt_epoch, test_accuracy) } },
                            .is_accuracy = true,
                            .x = PANEL_WIDTH,
                            .y = top,
                            .log = log };
    set_colour(cairo, PAPER);
    cairo_paint(cairo);
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    cairo_set_line_cap(cairo, CAIRO_LINE_CAP_ROUND);
    draw_panel(cairo, &loss);
    draw_panel(cairo, &accuracy);
    if (!title) return;
    set_font(cairo, 1.4 * FONT_SIZE, true);
    draw_text(cairo, PANEL_WIDTH, 30, CENTRE, title);
}

/* ---- the file ---- */

static cairo_status_t write_bytes(void *file, const unsigned char *data, unsigned size)
{
    return atomic_file_write(file, data, size) ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static cairo_status_t draw_on(cairo_surface_t *surface, const vt_training_log *log, const char *title)
{
    cairo_t *cairo = cairo_create(surface);
    draw(cairo, log, title);
    cairo_status_t status = cairo_status(cairo);
    cairo_destroy(cairo);
    return status;
}

static cairo_status_t draw_svg(atomic_file *file, int width, int height, const vt_training_log *log, const char *title)
{
    cairo_surface_t *surface = cairo_svg_surface_create_for_stream(write_bytes, file, width, height);
    cairo_status_t status = draw_on(surface, log, title);
    cairo_surface_finish(surface);
    if (status == CAIRO_STATUS_SUCCESS) status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    return status;
}

static cairo_status_t draw_png(atomic_file *file, int width, int height, const vt_training_log *log, const char *title)
{
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, PIXELS_PER_POINT * width, PIXELS_PER_POINT * height);
    cairo_surface_set_device_scale(surface, PIXELS_PER_POINT, PIXELS_PER_POINT);
    cairo_status_t status = draw_on(surface, log, title);
    if (status == CAIRO_STATUS_SUCCESS) status = cairo_surface_write_to_png_stream(surface, write_bytes, file);
    cairo_surface_destroy(surface);
    return status;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

bool vt_training_log_plot_at(vt_site at, const vt_training_log *log, const char *title, const char *path)
{
    if (!path || !log || (log->count && !log->epochs))
        vt_error_raise(VT_ERROR_ARGUMENT, at, "training log: %s is NULL", !path ? "the path" : "the log to draw");
    if (vt_failed()) return false;
    bool svg = ends_with(path, ".svg");
    if (!svg && !ends_with(path, ".png")) {
        vt_error_raise(VT_ERROR_ARGUMENT, at, "training log: cannot draw %s: the name should end in .svg or .png",
                       path);
        return false;
    }
    atomic_file file;
    if (!atomic_file_open(at, path, &file)) return false;
    int width = 2 * PANEL_WIDTH, height = PANEL_HEIGHT + (title ? TITLE_HEIGHT : 0);
    cairo_status_t status = (svg ? draw_svg : draw_png)(&file, width, height, log, title);
    if (status == CAIRO_STATUS_SUCCESS) return atomic_file_commit(&file);
    vt_error_raise(status == CAIRO_STATUS_NO_MEMORY ? VT_ERROR_MEMORY : VT_ERROR_FILE, at, "cannot draw %s: %s", path,
                   cairo_status_to_string(status));
    atomic_file_discard(&file);
    return false;
}

#else

bool vt_training_log_plot_at(vt_site at, const vt_training_log *log, const char *title, const char *path)
{
    (void)log, (void)title;
    vt_error_raise(VT_ERROR_UNSUPPORTED, at,
                   "cannot draw %s: this build has no cairo; configure it with -Dcairo=enabled", path ? path : "a log");
    return false;
}

#endif
