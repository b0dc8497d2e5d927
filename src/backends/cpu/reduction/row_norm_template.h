/* row_norm_template.h - row_norm.c's functions for one element type: REAL, and NAMED(x), its name for x. What may be
 * stored as bf16 is void *, with a flag that is a constant in each loop. */

static void NAMED(add_rows)(const norm_rows *p, int64_t first, int64_t count)
{
    const REAL *x = (const REAL *)p->x + first, *b = (const REAL *)p->b + first;
    REAL *restrict sum = (REAL *)p->sum + first;
    if (p->b_bf16)
        for (int64_t i = 0; i < count; i++) sum[i] = x[i] + NAMED(load)((const uint16_t *)p->b + first, true, i);
    else
        for (int64_t i = 0; i < count; i++) sum[i] = x[i] + b[i];
}

/* How a row is normalised: x̂ = (x - mean) rstd + shift. The mean is one that REAL can hold; shift is what that leaves.
 */
typedef struct NAMED(normal) {
    REAL mean, rstd, shift;
} NAMED(normal);

#define NORMAL(x, by) (((x) - (by).mean) * (by).rstd + (by).shift)

ROW_INLINE void NAMED(scale_row)(const norm_rows *p, const REAL *restrict x, int64_t n, NAMED(normal) by,
                                 void *restrict y, bool y_bf16)
{
    const REAL *weight = p->weight, *bias = p->bias;
#pragma omp simd
    for (int64_t i = 0; i < n; i++) NAMED(store)(y, y_bf16, i, NORMAL(x[i], by) * weight[i] + bias[i]);
}

/* From sums of x - mean and of its square, where there is a mean; else of x². */
static inline NAMED(normal) NAMED(measured)(const row_norm *r, REAL mean, double sum, double squares)
{
    const double share = 1 / (double)r->length, rest = sum * share;
    const double rstd = 1 / sqrt(fmax(0, squares * share - rest * rest) + r->eps);
    return (NAMED(normal)){ mean, (REAL)rstd, (REAL)(-rest * rstd) };
}

static void NAMED(keep_statistics)(const row_norm *r, const norm_rows *p, int64_t first, int64_t rows,
                                   const NAMED(normal) * by, const double *sum)
{
    REAL *mean = p->mean, *rstd = (REAL *)p->rstd + first;
    for (int64_t k = 0; k < rows; k++) rstd[k] = by[k].rstd;
    for (int64_t k = 0; k < rows && r->centered; k++) {
        mean[2 * (first + k)] = by[k].mean;
        mean[2 * (first + k) + 1] = (REAL)(sum[k] / (double)r->length);
    }
}

static void NAMED(norm_block)(const row_norm *r, const norm_rows *p, int64_t first, int64_t rows)
{
    int64_t n = r->length;
    REAL mean[BLOCK] = { 0 };
    double sum[BLOCK] = { 0 }, squares[BLOCK];
    NAMED(normal) by[BLOCK];
    if (p->b) NAMED(add_rows)(p, first * n, rows * n);
    const REAL *x = (const REAL *)(p->b ? p->sum : p->x) + first * n;
    for (int64_t k = 0; k < rows && r->centered; k++) mean[k] = (REAL)(NAMED(row_sum)(x + k * n, n) / (double)n);
    if (r->centered)
        for (int64_t k = 0; k < rows; k++) NAMED(row_deviations)(x + k * n, n, mean[k], &sum[k], &squares[k]);
    else
        for (int64_t k = 0; k < rows; k++) squares[k] = NAMED(row_squares)(x + k * n, n);
    for (int64_t k = 0; k < rows; k++) by[k] = NAMED(measured)(r, mean[k], sum[k], squares[k]);
    for (int64_t k = 0; k < rows; k++) {
        void *y = at(p->y, p->y_bf16, (first + k) * n, sizeof(REAL));
        if (p->y_bf16)
            NAMED(scale_row)(p, x + k * n, n, by[k], y, true);
        else
            NAMED(scale_row)(p, x + k * n, n, by[k], y, false);
    }
    NAMED(keep_statistics)(r, p, first, rows, by, sum);
}

static void NAMED(norm)(const row_norm *r, const norm_rows *p)
{
    int64_t step = rows_in_block(r);
#pragma omp parallel for if (r->rows * r->length > SMALL_WORK)
    for (int64_t row = 0; row < r->rows; row += step)
        NAMED(norm_block)(r, p, row, r->rows - row < step ? r->rows - row : step);
}

/* As the norm has measured it. */
static inline NAMED(normal) NAMED(normal_of)(const row_norm *r, const gradient_rows *p, int64_t row)
{
    const REAL *mean = p->mean, rstd = ((const REAL *)p->rstd)[row];
    if (!r->centered) return (NAMED(normal)){ .rstd = rstd };
    return (NAMED(normal)){ mean[2 * row], rstd, -mean[2 * row + 1] * rstd };
}

/* With h = g weight: the mean of h, where the mean was subtracted, and that of h x̂. */
ROW_INLINE void NAMED(gradient_means)(const row_norm *r, const gradient_rows *p, int64_t row, bool g_bf16, REAL *shift,
                                      REAL *slope)
{
    int64_t n = r->length;
    const void *g = at(p->g, g_bf16, row * n, sizeof(REAL));
    const REAL *x = (const REAL *)p->x + row * n, *weight = p->weight;
    const NAMED(normal) by = NAMED(normal_of)(r, p, row);
    double sum = 0, dot = 0;
    for (int64_t first = 0; first < n; first += SUM_RUN) {
        REAL run = 0, dot_run = 0;
#pragma omp simd reduction(+ : run, dot_run)
        for (int64_t i = first; i < first + sum_run(n - first); i++) {
            REAL h = NAMED(load)(g, g_bf16, i) * weight[i];
            run += h;
            dot_run += h * NORMAL(x[i], by);
        }
        sum += (double)run;
        dot += (double)dot_run;
    }
    *shift = r->centered ? (REAL)(sum / (double)n) : 0;
    *slope = (REAL)(dot / (double)n);
}

/* dx = (h - mean(h) - x̂ mean(h x̂)) rstd + residual. Adds g x̂ to dweight, g to dbias. */
ROW_INLINE void NAMED(gradient_row)(const row_norm *r, const gradient_rows *p, int64_t row, REAL shift, REAL slope,
                                    REAL *restrict dweight, bool g_bf16, bool dx_bf16)
{
    int64_t n = r->length;
    const void *g = at(p->g, g_bf16, row * n, sizeof(REAL));
    const REAL *x = (const REAL *)p->x + row * n, *weight = p->weight;
    const REAL *residual = (const REAL *)p->residual + row * p->residual_stride;
    const NAMED(normal) by = NAMED(normal_of)(r, p, row);
    void *dx = at(p->dx, dx_bf16, row * n, sizeof(REAL));
#pragma omp simd
    for (int64_t i = 0; i < n; i++) {
        REAL normal = NORMAL(x[i], by), h = NAMED(load)(g, g_bf16, i) * weight[i];
        NAMED(store)(dx, dx_bf16, i, (h - shift - normal * slope) * by.rstd + residual[i]);
    }
    REAL *restrict dbias = dweight + n;
#pragma omp simd
    for (int64_t i = 0; i < (dweight ? n : 0); i++) {
        REAL each = NAMED(load)(g, g_bf16, i);
        dweight[i] += each * NORMAL(x[i], by);
        dbias[i] += each;
    }
}

static void NAMED(gradient_block)(const row_norm *r, const gradient_rows *p, int64_t first, int64_t rows, REAL *sums)
{
    REAL shift[BLOCK], slope[BLOCK];
    for (int64_t k = 0; k < rows; k++) {
        if (p->g_bf16)
            NAMED(gradient_means)(r, p, first + k, true, &shift[k], &slope[k]);
        else
            NAMED(gradient_means)(r, p, first + k, false, &shift[k], &slope[k]);
    }
    for (int64_t k = 0; k < rows; k++) {
        if (p->g_bf16 && p->dx_bf16)
            NAMED(gradient_row)(r, p, first + k, shift[k], slope[k], sums, true, true);
        else if (p->g_bf16)
            NAMED(gradient_row)(r, p, first + k, shift[k], slope[k], sums, true, false);
        else if (p->dx_bf16)
            NAMED(gradient_row)(r, p, first + k, shift[k], slope[k], sums, false, true);
        else
            NAMED(gradient_row)(r, p, first + k, shift[k], slope[k], sums, false, false);
    }
}

static void NAMED(gradient_part)(const row_norm *r, const gradient_rows *p, int64_t part)
{
    REAL *sums = p->partial ? (REAL *)p->partial + part * 2 * r->length : NULL;
    int64_t end = (part + 1) * r->rows / r->parts, step = rows_in_block(r);
    for (int64_t i = 0; sums && i < 2 * r->length; i++) sums[i] = 0;
    for (int64_t row = part * r->rows / r->parts; row < end; row += step)
        NAMED(gradient_block)(r, p, row, end - row < step ? end - row : step, sums);
}

/* The sums of the parts, in order: of the columns [first, first + n). */
static void NAMED(add_parts)(const row_norm *r, const gradient_rows *p, int64_t first, int64_t n, REAL *out)
{
    double sum[COLUMN_BLOCK] = { 0 };
    for (int64_t part = 0; part < r->parts; part++) {
        const REAL *from = (const REAL *)p->partial + part * 2 * r->length + first;
        for (int64_t i = 0; i < n; i++) sum[i] += (double)from[i];
    }
    for (int64_t i = 0; i < n; i++) out[i] = (REAL)sum[i];
}

static void NAMED(norm_gradient)(const row_norm *r, const gradient_rows *p)
{
#pragma omp parallel for if (r->rows * r->length > SMALL_WORK)
    for (int64_t part = 0; part < r->parts; part++) NAMED(gradient_part)(r, p, part);
    for (int64_t first = 0; p->partial && first < r->length; first += COLUMN_BLOCK) {
        int64_t n = r->length - first < COLUMN_BLOCK ? r->length - first : COLUMN_BLOCK;
        NAMED(add_parts)(r, p, first, n, (REAL *)p->dweight + first);
        if (p->dbias) NAMED(add_parts)(r, p, r->length + first, n, (REAL *)p->dbias + first);
    }
}

#undef NORMAL
