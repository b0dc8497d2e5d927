/* row_norm_template.h - row_norm.c's functions for one element type: REAL, and NAMED(x), its name for x. */

static void NAMED(scale_row)(const REAL *restrict x, int64_t n, REAL mean, REAL rstd, const REAL *restrict weight,
                             const REAL *restrict bias, REAL *restrict y)
{
    if (weight && bias)
        for (int64_t i = 0; i < n; i++) y[i] = (x[i] - mean) * rstd * weight[i] + bias[i];
    else if (weight)
        for (int64_t i = 0; i < n; i++) y[i] = (x[i] - mean) * rstd * weight[i];
    else if (bias)
        for (int64_t i = 0; i < n; i++) y[i] = (x[i] - mean) * rstd + bias[i];
    else
        for (int64_t i = 0; i < n; i++) y[i] = (x[i] - mean) * rstd;
}

static void NAMED(norm_rows)(const row_norm *r, const REAL *x, const REAL *weight, const REAL *bias, REAL *y,
                             REAL *means, REAL *rstds)
{
    int64_t n = r->length;
#pragma omp parallel for if (r->rows * n > SMALL_WORK)
    for (int64_t row = 0; row < r->rows; row++) {
        const REAL *from = x + row * n;
        double mean = means ? NAMED(row_sum)(from, n) / (double)n : 0;
        double rstd = 1 / sqrt(NAMED(row_deviation)(from, n, mean) / (double)n + r->eps);
        NAMED(scale_row)(from, n, (REAL)mean, (REAL)rstd, weight, bias, y + row * n);
        if (means) means[row] = (REAL)mean;
        rstds[row] = (REAL)rstd;
    }
}

/* dx = (h - mean(h) - x̂ mean(h x̂)) rstd with h = g weight; dx holds h on the way. */
static void NAMED(norm_gradient_row)(const REAL *restrict g, const REAL *restrict x, int64_t n, const REAL *mean,
                                     REAL rstd, const REAL *restrict weight, REAL *restrict dx)
{
    const REAL center = mean ? *mean : 0;
    double lane[LANES] = { 0 };
    for (int64_t i = 0; i < n; i++) dx[i] = weight ? g[i] * weight[i] : g[i];
    ADD_TO_LANES(lane, n, (double)dx[i] * (double)(x[i] - center));
    REAL h_mean = mean ? (REAL)(NAMED(row_sum)(dx, n) / (double)n) : 0;
    REAL slope = (REAL)(sum_of_lanes(lane) / (double)n) * rstd * rstd;
    for (int64_t i = 0; i < n; i++) dx[i] = (dx[i] - h_mean - (x[i] - center) * slope) * rstd;
}

/* Adds g x̂ to dweight, g to dbias. */
static void NAMED(add_scale_gradient)(const REAL *restrict g, const REAL *restrict x, int64_t n, REAL center, REAL rstd,
                                      double *restrict dweight, double *restrict dbias)
{
    for (int64_t i = 0; i < n; i++) {
        dweight[i] += (double)(g[i] * ((x[i] - center) * rstd));
        dbias[i] += (double)g[i];
    }
}

static void NAMED(norm_rows_gradient)(const row_norm *r, const REAL *g, const REAL *x, const REAL *means,
                                      const REAL *rstds, const REAL *weight, REAL *dx)
{
    int64_t n = r->length;
#pragma omp parallel for if (r->rows * n > SMALL_WORK)
    for (int64_t part = 0; part < r->parts; part++) {
        double *dweight = r->partial ? r->partial + part * 2 * n : NULL;
        for (int64_t i = 0; dweight && i < 2 * n; i++) dweight[i] = 0;
        for (int64_t row = part * r->rows / r->parts; row < (part + 1) * r->rows / r->parts; row++) {
            const REAL *gr = g + row * n, *xr = x + row * n, *mean = means ? &means[row] : NULL;
            NAMED(norm_gradient_row)(gr, xr, n, mean, rstds[row], weight, dx + row * n);
            if (dweight) NAMED(add_scale_gradient)(gr, xr, n, mean ? *mean : 0, rstds[row], dweight, dweight + n);
        }
    }
}

/* The sum of the parts, in order. */
static void NAMED(add_parts)(const row_norm *r, int64_t offset, REAL *out)
{
    for (int64_t i = 0; i < r->length; i++) {
        double sum = 0;
        for (int64_t part = 0; part < r->parts; part++) sum += r->partial[part * 2 * r->length + offset + i];
        out[i] = (REAL)sum;
    }
}
