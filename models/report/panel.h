/* panel.h - the panels of a sheet of curves: axes beside each other, and a legend below. */
#ifndef MODELS_REPORT_PANEL_H
#define MODELS_REPORT_PANEL_H

#ifdef VITRO_HAVE_CAIRO
#include "report/drawing.h"

enum { PANEL_WIDTH = 500 };

typedef struct panel {
    const char *title, *label; /* the label is that of the axis along */
    bool whole, percent;       /* what is along is counted in whole numbers; what is up is in percent */
    bool powers;               /* what is along is given as its logarithm to the base 10 */
    double x;                  /* of its left edge */
    double first, last;        /* of the axis along */
    double low, high;          /* of the axis up */
} panel;

/* Moves the ends of the axis up out to the next ticks. */
void panel_round(panel *p);
/* Title and axes. */
void panel_draw(cairo_t *cairo, const panel *p);
/* Where a value is in it. */
double panel_x(const panel *p, double along);
double panel_y(const panel *p, double up);

/* The height of a sheet with so many names in its legend, below so many panels. */
double panel_sheet_height(int panels, int names);
/* The name of the curve of a number, and its pen. */
void panel_draw_name(cairo_t *cairo, int panels, int number, const char *name);

#endif
#endif
