/* statistics.h - whether two samples differ by more than chance. */
#ifndef MODELS_COMPARE_STATISTICS_H
#define MODELS_COMPARE_STATISTICS_H

#include <stdint.h>

typedef struct sample {
    const double *values;
    int count;
} sample;

double sample_mean(sample s);
/* The standard deviation of what the sample was drawn from: the sum of squares is divided by count - 1. NaN of one
 * value. */
double sample_deviation(sample s);

typedef struct t_test {
    double difference; /* of the means, the first less the second */
    double t, freedom; /* the statistic and its degrees of freedom */
    double p;          /* how likely is a difference of that size, either way, where there is none in truth */
} t_test;

/* Welch's test (Biometrika 34, 1947), which takes the variances as different. NaN, but for the difference, where a
 * sample has one value, or neither varies; p is 1 then where the means are equal. */
t_test welch_test(sample a, sample b);

/* McNemar's exact test (Psychometrika 12, 1947): how likely two, of whom one alone was right so often and the other
 * alone so often, would differ by at least that much, where both are as often right in truth. */
double mcnemar_test(int64_t first_alone, int64_t second_alone);

/* How likely Student's t of so many degrees of freedom is at least this far from 0. */
double t_probability(double t, double freedom);

#endif
