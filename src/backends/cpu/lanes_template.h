/* lanes_template.h - lanes.h for one element type: REAL, and NAMED(x), its name for x. */

/* The largest element, NaNs aside; -inf of none. */
static inline REAL NAMED(row_max)(const REAL *x, int64_t n)
{
    REAL lane[LANES], max = -INFINITY;
    for (int l = 0; l < LANES; l++) lane[l] = -INFINITY;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++) lane[l] = x[i + l] > lane[l] ? x[i + l] : lane[l];
    for (; i < n; i++) max = x[i] > max ? x[i] : max;
    for (int l = 0; l < LANES; l++) max = lane[l] > max ? lane[l] : max;
    return max;
}

static inline double NAMED(row_sum)(const REAL *x, int64_t n)
{
    double lane[LANES] = { 0 };
    ADD_TO_LANES(lane, n, (double)x[i]);
    return sum_of_lanes(lane);
}

/* Σ (x - center)² */
static inline double NAMED(row_deviation)(const REAL *x, int64_t n, double center)
{
    double lane[LANES] = { 0 };
    ADD_TO_LANES(lane, n, ((double)x[i] - center) * ((double)x[i] - center));
    return sum_of_lanes(lane);
}

static inline double NAMED(row_dot)(const REAL *a, const REAL *b, int64_t n)
{
    double lane[LANES] = { 0 };
    ADD_TO_LANES(lane, n, (double)a[i] * (double)b[i]);
    return sum_of_lanes(lane);
}

/* Σ e^(x - center) */
static inline double NAMED(row_exp_sum)(const REAL *x, int64_t n, REAL center)
{
    double lane[LANES] = { 0 };
    ADD_TO_LANES(lane, n, (double)NAMED(exp)(x[i] - center));
    return sum_of_lanes(lane);
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
