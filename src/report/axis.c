#include "report/axis.h"

#include <math.h>

/* The least of 1, 2, 5 times a power of ten that is no less than step. */
static double nice_step(double step)
{
    double power = pow(10, floor(log10(step)));
    double lead = step / power;
    /* A hair of tolerance: 0.3 / 3 is a little more than 0.1. */
    return power * (lead <= 1 + 1e-9 ? 1 : lead <= 2 + 1e-9 ? 2 : lead <= 5 + 1e-9 ? 5 : 10);
}

/* Numbers the axis can tell apart. */
static void widen_if_empty(double *low, double *high)
{
    double least = fmax(1e-9 * fmax(fabs(*low), fabs(*high)), 1e-12);
    if (*high - *low >= least) return;
    double middle = *low, half = middle == 0 ? 0.5 : 0.1 * fabs(middle);
    *low = middle - half;
    *high = middle + half;
}

/* Every multiple of step from low to high. */
static void place_ticks(plot_axis *axis, double step)
{
    double first = ceil(axis->low / step - 1e-6), last = floor(axis->high / step + 1e-6);
    for (double i = first; i <= last && axis->tick_count < AXIS_MAX_TICKS; i++)
        axis->tick[axis->tick_count++] = i == 0 ? 0 : i * step;
    axis->decimals = (int)fmax(0, -floor(log10(step) + 1e-6));
}

plot_axis axis_linear(double low, double high, int ticks)
{
    widen_if_empty(&low, &high);
    plot_axis out = { .low = low, .high = high };
    place_ticks(&out, nice_step((high - low) / ticks));
    return out;
}

plot_axis axis_linear_rounded(double low, double high, int ticks)
{
    widen_if_empty(&low, &high);
    double step = nice_step((high - low) / ticks);
    plot_axis out = { .low = step * floor(low / step + 1e-6), .high = step * ceil(high / step - 1e-6) };
    place_ticks(&out, step);
    return out;
}

plot_axis axis_whole(double low, double high, int ticks)
{
    if (high - low < 1) {
        double half = fmax(0.5, 1e-9 * fabs(low));
        low -= half;
        high += half;
    }
    plot_axis out = { .low = low, .high = high };
    place_ticks(&out, fmax(1, nice_step((high - low) / ticks)));
    return out;
}

/* 1, 2, 5 of each decade where few decades are shown, else every decade or every few. */
static void place_logarithmic_ticks(plot_axis *axis, int ticks)
{
    static const double leads[] = { 1, 2, 5 };
    double first = floor(log10(axis->low)), last = floor(log10(axis->high));
    double decades = log10(axis->high / axis->low), stride = fmax(1, ceil(decades / ticks));
    int leads_shown = 3 * decades <= ticks ? 3 : 1;
    for (double power = stride * floor(first / stride); power <= last; power += stride)
        for (int i = 0; i < leads_shown; i++) {
            double value = leads[i] * pow(10, power);
            if (value < axis->low * (1 - 1e-9) || value > axis->high * (1 + 1e-9)) continue;
            if (axis->tick_count < AXIS_MAX_TICKS) axis->tick[axis->tick_count++] = value;
        }
}

plot_axis axis_logarithmic(double low, double high, int ticks)
{
    double margin = pow(high / low, 0.04);
    plot_axis out = { .low = low / margin, .high = high * margin, .logarithmic = true };
    place_logarithmic_ticks(&out, ticks);
    return out;
}

double axis_place(const plot_axis *axis, double value)
{
    if (axis->logarithmic) return log(value / axis->low) / log(axis->high / axis->low);
    return (value - axis->low) / (axis->high - axis->low);
}
