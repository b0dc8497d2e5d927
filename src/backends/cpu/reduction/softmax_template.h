/* softmax_template.h - softmax.c's functions for one element type: REAL, and NAMED(x), its name for x. */

/* Rows that follow each other. The exponential, which is most of the work, goes over all of them at once: short rows
 * would leave much of a vector empty. */
static void NAMED(softmax_rows)(const REAL *restrict x, int64_t n, int64_t rows, bool logarithm, REAL *restrict y)
{
    for (int64_t k = 0; k < rows; k++) {
        const REAL max = NAMED(row_max)(x + k * n, n);
        for (int64_t i = k * n; i < (k + 1) * n; i++) y[i] = x[i] - max;
    }
#pragma omp simd
    for (int64_t i = 0; i < (logarithm ? 0 : rows * n); i++) y[i] = NAMED(exp_below_zero)(y[i]);
    for (int64_t k = 0; k < rows; k++, y += n) {
        if (logarithm) {
            const REAL log_sum = (REAL)log(NAMED(row_exp_sum)(y, n, 0));
            for (int64_t i = 0; i < n; i++) y[i] -= log_sum;
        } else {
            const REAL scale = (REAL)(1 / NAMED(row_sum)(y, n));
            for (int64_t i = 0; i < n; i++) y[i] *= scale;
        }
    }
}

static void NAMED(softmax_columns)(const REAL *restrict x, along_axis a, int64_t n, bool logarithm, REAL *restrict y)
{
    REAL max[COLUMN_BLOCK], factor[COLUMN_BLOCK];
    double sum[COLUMN_BLOCK];
    NAMED(column_max)(x, a.length, a.inner, n, max);
    NAMED(column_exp_sum)(x, a.length, a.inner, n, max, sum);
    for (int64_t j = 0; j < n; j++) factor[j] = (REAL)(logarithm ? log(sum[j]) : 1 / sum[j]);
    for (int64_t i = 0; i < a.length; i++, x += a.inner, y += a.inner)
        for (int64_t j = 0; j < n; j++)
            y[j] = logarithm ? x[j] - max[j] - factor[j] : NAMED(exp)(x[j] - max[j]) * factor[j];
}

/* x [outer, length, inner] -> y as x */
static void NAMED(softmax)(const void *x, along_axis a, bool logarithm, void *y)
{
    if (a.inner == 1) {
        int64_t step = rows_together(a.length);
#pragma omp parallel for if (element_count(a) > SMALL_WORK / 4)
        for (int64_t o = 0; o < a.outer; o += step) NAMED(softmax_rows)
        ((const REAL *)x + o * a.length, a.length, a.outer - o < step ? a.outer - o : step, logarithm,
         (REAL *)y + o * a.length);
        return;
    }
#pragma omp parallel for if (element_count(a) > SMALL_WORK / 4)
    for (int64_t b = 0; b < column_blocks(a); b++) {
        column_block block = column_block_of(a, b);
        NAMED(softmax_columns)((const REAL *)x + block.offset, a, block.n, logarithm, (REAL *)y + block.offset);
    }
}

/* dx = y (g - Σ g y), or g - e^y Σ g of the logarithm */
static void NAMED(softmax_gradient_row)(const REAL *restrict g, const REAL *restrict y, int64_t n, bool logarithm,
                                        REAL *restrict dx)
{
    REAL sum = (REAL)(logarithm ? NAMED(row_sum)(g, n) : NAMED(row_dot)(g, y, n));
    if (logarithm)
        for (int64_t i = 0; i < n; i++) dx[i] = g[i] - NAMED(exp)(y[i]) * sum;
    else
        for (int64_t i = 0; i < n; i++) dx[i] = y[i] * (g[i] - sum);
}

static void NAMED(softmax_gradient_columns)(const REAL *restrict g, const REAL *restrict y, along_axis a, int64_t n,
                                            bool logarithm, REAL *restrict dx)
{
    double sum[COLUMN_BLOCK] = { 0 };
    for (int64_t i = 0; i < a.length; i++)
        for (int64_t j = 0; j < n; j++)
            sum[j] += (double)g[i * a.inner + j] * (logarithm ? 1 : (double)y[i * a.inner + j]);
    for (int64_t i = 0; i < a.length; i++, g += a.inner, y += a.inner, dx += a.inner)
        for (int64_t j = 0; j < n; j++)
            dx[j] = logarithm ? g[j] - NAMED(exp)(y[j]) * (REAL)sum[j] : y[j] * (g[j] - (REAL)sum[j]);
}

/* g and y [outer, length, inner] -> dx as these */
static void NAMED(softmax_gradient)(const void *g, const void *y, along_axis a, bool logarithm, void *dx)
{
    if (a.inner == 1) {
#pragma omp parallel for if (element_count(a) > SMALL_WORK / 4)
        for (int64_t o = 0; o < a.outer; o++) NAMED(softmax_gradient_row)
        ((const REAL *)g + o * a.length, (const REAL *)y + o * a.length, a.length, logarithm,
         (REAL *)dx + o * a.length);
        return;
    }
#pragma omp parallel for if (element_count(a) > SMALL_WORK / 4)
    for (int64_t b = 0; b < column_blocks(a); b++) {
        column_block block = column_block_of(a, b);
        NAMED(softmax_gradient_columns)
        ((const REAL *)g + block.offset, (const REAL *)y + block.offset, a, block.n, logarithm,
         (REAL *)dx + block.offset);
    }
}
