/* statistics.h - whether two samples differ by more than chance. */
#ifndef MODELS_COMPARE_STATISTICS_H
#define MODELS_COMPARE_STATISTICS_H

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

/* How likely Student's t of so many degrees of freedom is at least this far from 0. */
double t_probability(double t, double freedom);

#endif
