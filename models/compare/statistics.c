/* statistics.c - whether two samples differ by more than chance. */
#include "compare/statistics.h"
#include <math.h>

double sample_mean(sample s)
{
    double sum = 0;
    for (int i = 0; i < s.count; i++) sum += s.values[i];
    return sum / s.count;
}

static double variance(sample s)
{
    const double mean = sample_mean(s);
    double sum = 0;
    for (int i = 0; i < s.count; i++) sum += (s.values[i] - mean) * (s.values[i] - mean);
    return s.count > 1 ? sum / (s.count - 1) : NAN;
}

double sample_deviation(sample s)
{
    return sqrt(variance(s));
}

/* The continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8) by Lentz's method. */
static double beta_fraction(double x, double a, double b)
{
    enum { MOST_TERMS = 10000 };
    const double tiny = 1e-300;
    double c = 1, d = 0, value = 1;
    for (int i = 0; i < MOST_TERMS; i++) {
        const int m = i / 2;
        const double term = i == 0       ? 1
                            : i % 2 == 0 ? m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
                                         : -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 + term * d;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = 1 + term / (fabs(c) < tiny ? tiny : c);
        value *= c * d;
        if (i > 0 && fabs(c * d - 1) < 1e-15) break;
    }
    return value - 1;
}

/* The regularised incomplete beta function. */
static double incomplete_beta(double x, double a, double b)
{
    if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
    if (x > (a + 1) / (a + b + 2)) return 1 - incomplete_beta(1 - x, b, a);
    const double factor = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a;
    return factor * beta_fraction(x, a, b);
}

double t_probability(double t, double freedom)
{
    return incomplete_beta(freedom / (freedom + t * t), freedom / 2, 0.5);
}

t_test welch_test(sample a, sample b)
{
    const double of_a = variance(a) / a.count, of_b = variance(b) / b.count, both = of_a + of_b;
    t_test test = { .difference = sample_mean(a) - sample_mean(b), .t = NAN, .freedom = NAN, .p = NAN };
    const double rounding = 1e-14 * (fabs(sample_mean(a)) + fabs(sample_mean(b)));
    if (both <= rounding * rounding && fabs(test.difference) <= rounding) test.p = 1;
    if (isnan(both) || both <= rounding * rounding) return test;
    test.t = test.difference / sqrt(both);
    test.freedom = both * both / (of_a * of_a / (a.count - 1) + of_b * of_b / (b.count - 1));
    test.p = t_probability(test.t, test.freedom);
    return test;
}

/* Of n tosses of a coin, k or fewer are heads, or as few tails. */
double mcnemar_test(int64_t first_alone, int64_t second_alone)
{
    const double n = (double)(first_alone + second_alone);
    const int64_t least = first_alone < second_alone ? first_alone : second_alone;
    double p = 0;
    for (int64_t k = 0; k <= least; k++)
        p += exp(lgamma(n + 1) - lgamma((double)k + 1) - lgamma(n - (double)k + 1) - n * log(2));
    return fmin(1, 2 * p);
}
