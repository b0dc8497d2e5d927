/* axis.h - from numbers to places along an axis, and where its ticks go. */
#ifndef VITRO_REPORT_AXIS_H
#define VITRO_REPORT_AXIS_H

#include <stdbool.h>

enum { AXIS_MAX_TICKS = 16 };

typedef struct plot_axis {
    double low, high; /* low < high; both positive on a logarithmic axis */
    bool logarithmic;
    int tick_count;
    double tick[AXIS_MAX_TICKS];
    int decimals; /* that tell the ticks of a linear axis apart */
} plot_axis;

/* An axis from low to high, whose ticks are 1, 2 or 5 times a power of ten apart: at most `ticks` intervals of them. */
plot_axis axis_linear(double low, double high, int ticks);
/* The same, widened so that it begins and ends with a tick. */
plot_axis axis_linear_rounded(double low, double high, int ticks);
/* For whole numbers: ticks at least 1 apart. */
plot_axis axis_whole(double low, double high, int ticks);
/* From a little below low to a little above high, both positive. */
plot_axis axis_logarithmic(double low, double high, int ticks);

/* 0 at the axis's low end, 1 at its high end. */
double axis_place(const plot_axis *axis, double value);

#endif
