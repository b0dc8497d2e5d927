/* test_drawings.c - what a network took for what, in pictures. */
#include "report/test_drawings.h"

#ifdef VITRO_HAVE_CAIRO
#include "report/drawing.h"
#include "report/test_picture.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MARGIN = 24, TITLE_BASE = 34, SUBTITLE_BASE = 54, TOP_OF_PLOT = 76 };

static void draw_titles(cairo_t *cairo, double width, const char *title, const char *subtitle)
{
    const double room = width - 2 * MARGIN;
    drawing_set_colour(cairo, INK);
    drawing_set_font(cairo, 1.25 * DRAWING_FONT, true);
    drawing_text(cairo, MARGIN, TITLE_BASE, LEFT, room, title);
    drawing_set_font(cairo, DRAWING_FONT, false);
    drawing_set_colour(cairo, FAINT_INK);
    drawing_text(cairo, MARGIN, SUBTITLE_BASE, LEFT, room, subtitle);
}

/* -- The confusion matrix ------------------------------------------------------------------------------------------ */

/* Names and numbers stand there while they can be read. */
enum { MOST_NUMBERED = 20, MOST_NAMED = 50, NAME_ROOM = 92, MATRIX_SIDE = 560 };

static double cell_side(int classes)
{
    return classes <= MOST_NUMBERED ? fmax(28, fmin(64, (double)MATRIX_SIDE / classes))
                                    : fmax(1, (double)MATRIX_SIDE / classes);
}

static double name_room(int classes)
{
    return classes <= MOST_NAMED ? NAME_ROOM : 2 * DRAWING_FONT;
}

static void draw_cell(cairo_t *cairo, double x, double y, double side, int64_t count, int64_t of, bool numbered)
{
    const double share = (double)count / (double)of;
    char text[32];
    drawing_set_shade(cairo, share);
    drawing_box(cairo, x, y, side, side);
    if (!numbered) return;
    snprintf(text, sizeof text, "%lld", (long long)count);
    drawing_set_colour(cairo, share > 0.5 ? PAPER : INK);
    drawing_text(cairo, x + side / 2, y + side / 2 + 0.35 * DRAWING_FONT, CENTRE, side, text);
}

/* Each at its row, and once more, turned, below its column. */
static void draw_names(cairo_t *cairo, const evaluation *e, double left, double bottom, double side)
{
    const int classes = e->pictures->classes;
    const double size = fmin(DRAWING_FONT, 0.95 * side);
    drawing_set_font(cairo, size, false);
    drawing_set_colour(cairo, INK);
    for (int c = 0; c < classes; c++) {
        const double middle = (c + 0.5) * side + 0.35 * size;
        drawing_text(cairo, left - 8, TOP_OF_PLOT + middle, RIGHT, NAME_ROOM - 12, e->pictures->class_names[c]);
        cairo_save(cairo);
        cairo_translate(cairo, left + middle, bottom + 8);
        cairo_rotate(cairo, -M_PI / 2);
        drawing_text(cairo, 0, 0, RIGHT, NAME_ROOM - 12, e->pictures->class_names[c]);
        cairo_restore(cairo);
    }
    drawing_set_font(cairo, DRAWING_FONT, false);
}

static void draw_matrix(cairo_t *cairo, double width, double height, const void *data)
{
    const evaluation *e = data;
    const int classes = e->pictures->classes;
    const double side = cell_side(classes), left = MARGIN + DRAWING_FONT + name_room(classes);
    const double bottom = TOP_OF_PLOT + classes * side;
    char subtitle[128];
    snprintf(subtitle, sizeof subtitle, "%.2f%% of %lld test pictures are right; shades are shares of a row",
             100 * evaluation_accuracy(e), (long long)e->seen);
    draw_titles(cairo, width, "What was taken for what", subtitle);
    for (int right = 0; right < classes; right++) {
        const int64_t *row = e->confusion + (int64_t)right * classes, count = evaluation_class_count(e, right);
        for (int said = 0; said < classes; said++)
            if (row[said] > 0)
                draw_cell(cairo, left + said * side, TOP_OF_PLOT + right * side, side, row[said], count,
                          classes <= MOST_NUMBERED);
    }
    drawing_set_colour(cairo, FAINT_INK);
    cairo_set_line_width(cairo, 1);
    cairo_rectangle(cairo, left, TOP_OF_PLOT, classes * side, classes * side);
    cairo_stroke(cairo);
    if (classes <= MOST_NAMED) draw_names(cairo, e, left, bottom, side);
    drawing_set_colour(cairo, FAINT_INK);
    drawing_text(cairo, left + classes * side / 2, height - MARGIN / 2.0, CENTRE, classes * side, "said");
    cairo_translate(cairo, MARGIN, TOP_OF_PLOT + classes * side / 2);
    cairo_rotate(cairo, -M_PI / 2);
    drawing_text(cairo, 0, 0, CENTRE, classes * side, "right");
}

static bool write_matrix(const evaluation *e, const char *folder)
{
    const int classes = e->pictures->classes;
    const double side = classes * cell_side(classes), names = name_room(classes);
    const double width = fmax(420, 2 * MARGIN + DRAWING_FONT + names + side);
    return drawing_write(folder, "confusion", ceil(width), ceil(TOP_OF_PLOT + side + names + MARGIN + DRAWING_FONT),
                         draw_matrix, e);
}

/* -- A bar a class ------------------------------------------------------------------------------------------------- */

enum { MOST_BARS = 60, BAR = 22, BAR_WIDTH = 620 };

typedef struct ranked_class {
    int class;
    int64_t count;
    double accuracy;
} ranked_class;

typedef struct ranking {
    const evaluation *evaluation;
    ranked_class *classes; /* of which there are test pictures, the worst first */
    int count;
} ranking;

static int compare_classes(const void *left, const void *right)
{
    const ranked_class *a = left, *b = right;
    if (a->accuracy != b->accuracy) return a->accuracy < b->accuracy ? -1 : 1;
    return (a->class > b->class) - (a->class < b->class);
}

static bool rank_classes(const evaluation *e, ranking *r)
{
    *r = (ranking){ e, calloc((size_t)e->pictures->classes, sizeof *r->classes), 0 };
    if (!r->classes) vt_error_raise(VT_ERROR_MEMORY, VT_HERE, "no memory to sort %d classes", e->pictures->classes);
    for (int c = 0; r->classes && c < e->pictures->classes; c++) {
        const int64_t count = evaluation_class_count(e, c);
        if (count == 0) continue;
        r->classes[r->count++] = (ranked_class){ c, count, (double)evaluation_class_correct(e, c) / (double)count };
    }
    if (r->classes) qsort(r->classes, (size_t)r->count, sizeof *r->classes, compare_classes);
    return r->classes != NULL;
}

static int bars_of(const ranking *r)
{
    return r->count < MOST_BARS ? r->count : MOST_BARS;
}

static void draw_percent_axis(cairo_t *cairo, double left, double right, double top, double bottom)
{
    for (int percent = 0; percent <= 100; percent += 25) {
        const double x = left + (right - left) * percent / 100;
        char text[16];
        drawing_set_colour(cairo, GRID);
        cairo_set_line_width(cairo, 1);
        drawing_line(cairo, x, top, x, bottom);
        drawing_set_colour(cairo, FAINT_INK);
        snprintf(text, sizeof text, "%d%%", percent);
        drawing_text(cairo, x, bottom + 4 + DRAWING_FONT, CENTRE, 60, text);
    }
}

static void draw_bars(cairo_t *cairo, double width, double height, const void *data)
{
    const ranking *r = data;
    const int bars = bars_of(r);
    const double left = MARGIN + NAME_ROOM, right = width - MARGIN - 50, bottom = TOP_OF_PLOT + bars * BAR;
    char text[128];
    snprintf(text, sizeof text, bars < r->count ? "the %d of %d classes that are recognised least" : "of each class",
             bars, r->count);
    draw_titles(cairo, width, "How many test pictures are right", text);
    draw_percent_axis(cairo, left, right, TOP_OF_PLOT, bottom);
    for (int i = 0; i < bars; i++) {
        const ranked_class *c = &r->classes[i];
        const double y = TOP_OF_PLOT + i * BAR, end = left + (right - left) * c->accuracy;
        drawing_set_colour(cairo, BLUE);
        drawing_box(cairo, left, y + 3, end - left, BAR - 6);
        drawing_set_colour(cairo, INK);
        drawing_text(cairo, left - 8, y + BAR / 2.0 + 0.35 * DRAWING_FONT, RIGHT, NAME_ROOM - 8,
                     r->evaluation->pictures->class_names[c->class]);
        snprintf(text, sizeof text, "%.1f%%", 100 * c->accuracy);
        drawing_text(cairo, end + 6, y + BAR / 2.0 + 0.35 * DRAWING_FONT, LEFT, 60, text);
    }
    (void)height;
}

static bool write_bars(const evaluation *e, const char *folder)
{
    ranking r;
    bool ok =
        rank_classes(e, &r) && drawing_write(folder, "per_class", BAR_WIDTH,
                                             TOP_OF_PLOT + bars_of(&r) * BAR + MARGIN + DRAWING_FONT, draw_bars, &r);
    free(r.classes);
    return ok;
}

/* -- The calibration diagram --------------------------------------------------------------------------------------- */

enum { DIAGRAM = 400, LEFT_OF_DIAGRAM = 72, DIAGRAM_GAP = 56, COUNTS = 80 };

static void draw_grid(cairo_t *cairo, double left, double bottom)
{
    for (int percent = 0; percent <= 100; percent += 20) {
        const double place = DIAGRAM * percent / 100.0;
        char text[16];
        snprintf(text, sizeof text, "%d%%", percent);
        drawing_set_colour(cairo, GRID);
        drawing_line(cairo, left, bottom - place, left + DIAGRAM, bottom - place);
        drawing_set_colour(cairo, FAINT_INK);
        drawing_text(cairo, left - 8, bottom - place + 0.35 * DRAWING_FONT, RIGHT, 60, text);
        drawing_text(cairo, left + place, bottom + 6 + DRAWING_FONT, CENTRE, 60, text);
    }
}

/* How often a bin is right, and how far that is from its confidence. */
static void draw_bins(cairo_t *cairo, const evaluation *e, double left, double bottom)
{
    const double step = (double)DIAGRAM / CALIBRATION_BINS;
    for (int i = 0; i < CALIBRATION_BINS; i++) {
        const calibration_bin *b = &e->bins[i];
        if (b->count == 0) continue;
        const double accuracy = (double)b->correct / (double)b->count, confidence = b->confidence / (double)b->count;
        drawing_set_colour(cairo, BLUE);
        drawing_box(cairo, left + i * step + 1, bottom - DIAGRAM * accuracy, step - 2, DIAGRAM * accuracy);
        cairo_set_source_rgba(cairo, 0.84, 0.37, 0, 0.35);
        drawing_box(cairo, left + i * step + 1, bottom - DIAGRAM * fmax(accuracy, confidence), step - 2,
                    DIAGRAM * fabs(accuracy - confidence));
    }
}

static void draw_counts(cairo_t *cairo, const evaluation *e, double left, double bottom)
{
    const double step = (double)DIAGRAM / CALIBRATION_BINS;
    int64_t most = 1;
    char text[48];
    for (int i = 0; i < CALIBRATION_BINS; i++) most = e->bins[i].count > most ? e->bins[i].count : most;
    drawing_set_colour(cairo, FAINT_INK);
    for (int i = 0; i < CALIBRATION_BINS; i++) {
        const double high = COUNTS * (double)e->bins[i].count / (double)most;
        drawing_box(cairo, left + i * step + 1, bottom - high, step - 2, high);
    }
    drawing_line(cairo, left, bottom, left + DIAGRAM, bottom);
    snprintf(text, sizeof text, "%lld", (long long)most);
    drawing_text(cairo, left - 8, bottom - COUNTS + DRAWING_FONT, RIGHT, 60, text);
    drawing_text(cairo, left - 8, bottom, RIGHT, 60, "0");
    drawing_text(cairo, left + DIAGRAM / 2.0, bottom + 6 + DRAWING_FONT, CENTRE, DIAGRAM,
                 "pictures of each confidence");
}

static void draw_calibration(cairo_t *cairo, double width, double height, const void *data)
{
    const evaluation *e = data;
    const double left = LEFT_OF_DIAGRAM, bottom = TOP_OF_PLOT + DIAGRAM;
    char subtitle[128];
    snprintf(subtitle, sizeof subtitle, "expected calibration error %.2f%%, in %d bins",
             100 * evaluation_calibration_error(e), CALIBRATION_BINS);
    draw_titles(cairo, width, "How often it is right, by how sure it is", subtitle);
    cairo_set_line_width(cairo, 1);
    draw_grid(cairo, left, bottom);
    draw_bins(cairo, e, left, bottom);
    drawing_set_colour(cairo, INK);
    cairo_set_dash(cairo, (const double[]){ 5, 4 }, 2, 0);
    drawing_line(cairo, left, bottom, left + DIAGRAM, bottom - DIAGRAM);
    cairo_set_dash(cairo, NULL, 0, 0);
    drawing_set_colour(cairo, FAINT_INK);
    drawing_text(cairo, left + DIAGRAM / 2.0, bottom + 8 + 2.4 * DRAWING_FONT, CENTRE, DIAGRAM,
                 "confidence; the dashed line is perfect calibration");
    draw_counts(cairo, e, left, bottom + DIAGRAM_GAP + COUNTS);
    (void)height;
}

static bool write_calibration(const evaluation *e, const char *folder)
{
    return drawing_write(folder, "calibration", LEFT_OF_DIAGRAM + DIAGRAM + MARGIN,
                         TOP_OF_PLOT + DIAGRAM + DIAGRAM_GAP + COUNTS + MARGIN + DRAWING_FONT, draw_calibration, e);
}

/* -- The worst mistakes -------------------------------------------------------------------------------------------- */

enum { TILE = 112, TILE_GAP = 14, WORDS = 40, TILES_ACROSS = 6 };

/* In the middle of a tile, with its pixels to be seen where it is smaller. */
static void draw_picture(cairo_t *cairo, double x, double y, const vt_picture *p)
{
    const double scale = (double)TILE / (double)(p->height > p->width ? p->height : p->width);
    cairo_surface_t *image = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)p->width, (int)p->height);
    unsigned char *bytes = cairo_image_surface_get_data(image);
    const int stride = cairo_image_surface_get_stride(image);
    for (int64_t i = 0; bytes && i < p->height * p->width; i++) {
        const uint8_t *rgb = p->pixels + 3 * i;
        uint32_t *pixel = (uint32_t *)(void *)(bytes + i / p->width * stride) + i % p->width;
        *pixel = (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | rgb[2];
    }
    cairo_surface_mark_dirty(image);
    cairo_save(cairo);
    cairo_translate(cairo, x + (TILE - scale * (double)p->width) / 2, y + (TILE - scale * (double)p->height) / 2);
    cairo_scale(cairo, scale, scale);
    cairo_set_source_surface(cairo, image, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(cairo), CAIRO_FILTER_NEAREST);
    cairo_paint(cairo);
    cairo_restore(cairo);
    cairo_surface_destroy(image);
}

/* How many tiles a mistake takes: where it looked is beside it. */
static int tiles_of(const evaluation *e)
{
    return e->looked_by ? 2 : 1;
}

static void draw_mistake(cairo_t *cairo, double x, double y, const evaluation *e, int which)
{
    const mistake *m = &e->mistakes[which];
    const double room = tiles_of(e) * TILE;
    char text[256];
    vt_picture p;
    if (test_picture_copy(e->pictures, m->picture, TILE, &p)) {
        draw_picture(cairo, x, y, &p);
        vt_picture_free(&p);
    }
    if (e->looked[which].pixels) draw_picture(cairo, x + TILE, y, &e->looked[which]);
    drawing_set_colour(cairo, INK);
    snprintf(text, sizeof text, "%.1f%% %s", 100 * m->confidence, e->pictures->class_names[m->said]);
    drawing_text(cairo, x, y + TILE + 4 + DRAWING_FONT, LEFT, room, text);
    drawing_set_colour(cairo, FAINT_INK);
    snprintf(text, sizeof text, "is %s", e->pictures->class_names[m->right]);
    drawing_text(cairo, x, y + TILE + 4 + 2.2 * DRAWING_FONT, LEFT, room, text);
}

static void draw_mistakes(cairo_t *cairo, double width, double height, const void *data)
{
    const evaluation *e = data;
    (void)height;
    const int across = TILES_ACROSS / tiles_of(e);
    char subtitle[160];
    snprintf(subtitle, sizeof subtitle, "test pictures that it was wrong about, and most sure%s%s",
             e->looked_by ? "; beside each, " : "", e->looked_by ? e->looked_by : "");
    draw_titles(cairo, width, "The worst mistakes", subtitle);
    for (int i = 0; i < e->mistake_count; i++)
        draw_mistake(cairo, MARGIN + i % across * tiles_of(e) * (TILE + TILE_GAP),
                     TOP_OF_PLOT + i / across * (TILE + WORDS + TILE_GAP), e, i);
}

static bool write_mistakes(const evaluation *e, const char *folder)
{
    const int across = TILES_ACROSS / tiles_of(e), rows = (e->mistake_count + across - 1) / across;
    return drawing_write(folder, "mistakes", 2 * MARGIN + TILES_ACROSS * (TILE + TILE_GAP) - TILE_GAP,
                         TOP_OF_PLOT + rows * (TILE + WORDS + TILE_GAP) + MARGIN, draw_mistakes, e);
}

bool test_drawings_write(const evaluation *e, const char *folder)
{
    return write_matrix(e, folder) && write_bars(e, folder) && write_calibration(e, folder) &&
           write_mistakes(e, folder);
}

#else

bool test_drawings_write(const evaluation *e, const char *folder)
{
    (void)e, (void)folder;
    return !vt_failed();
}

#endif
