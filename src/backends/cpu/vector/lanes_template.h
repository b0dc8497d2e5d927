/* lanes_template.h - lanes.h for one element type: REAL, and NAMED(x), its name for x. */

/* The largest element, NaNs aside; -inf of none. */
static inline REAL NAMED(row_max)(const REAL *x, int64_t n)
{
    REAL max = -INFINITY;
#pragma omp simd reduction(max : max)
    for (int64_t i = 0; i < n; i++) max = x[i] > max ? x[i] : max;
    return max;
}

static inline double NAMED(row_sum)(const REAL *x, int64_t n)
{
    double sum = 0;
    ADD_ROW(sum, n, x[i]);
    return sum;
}

static inline double NAMED(row_squares)(const REAL *x, int64_t n)
{
    double sum = 0;
    ADD_ROW(sum, n, x[i] * x[i]);
    return sum;
}

/* Σ (x - center) and Σ (x - center)² */
static inline void NAMED(row_deviations)(const REAL *x, int64_t n, REAL center, double *sum, double *squares)
{
    *sum = *squares = 0;
    for (int64_t first = 0; first < n; first += SUM_RUN) {
        const int64_t end = first + sum_run(n - first);
        REAL run = 0, run_of_squares = 0;
#pragma omp simd reduction(+ : run, run_of_squares)
        for (int64_t i = first; i < end; i++) {
            REAL d = x[i] - center;
            run += d;
            run_of_squares += d * d;
        }
        *sum += (double)run;
        *squares += (double)run_of_squares;
    }
}

static inline double NAMED(row_dot)(const REAL *a, const REAL *b, int64_t n)
{
    double sum = 0;
    ADD_ROW(sum, n, a[i] * b[i]);
    return sum;
}

/* Σ e^(x - center) */
static inline double NAMED(row_exp_sum)(const REAL *x, int64_t n, REAL center)
{
    double sum = 0;
    ADD_ROW(sum, n, NAMED(exp)(x[i] - center));
    return sum;
}

/* The same along another axis: for each column j of a block, over rows that are `stride` apart. */
static inline void NAMED(column_max)(const REAL *x, int64_t length, int64_t stride, int64_t n, REAL *max)
{
    for (int64_t j = 0; j < n; j++) max[j] = -INFINITY;
    for (int64_t i = 0; i < length; i++)
        for (int64_t j = 0; j < n; j++) max[j] = x[i * stride + j] > max[j] ? x[i * stride + j] : max[j];
}

static inline void NAMED(column_exp_sum)(const REAL *x, int64_t length, int64_t stride, int64_t n, const REAL *center,
                                         double *sum)
{
    for (int64_t j = 0; j < n; j++) sum[j] = 0;
    for (int64_t i = 0; i < length; i++)
        for (int64_t j = 0; j < n; j++) sum[j] += (double)NAMED(exp)(x[i * stride + j] - center[j]);
}
