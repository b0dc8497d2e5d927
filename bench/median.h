/* median.h - what is in the middle of measured times. */
#ifndef BENCH_MEDIAN_H
#define BENCH_MEDIAN_H

#include <stdint.h>

/* Sorts the values, of which there is one at least. */
double median(double *values, int64_t count);

#endif
