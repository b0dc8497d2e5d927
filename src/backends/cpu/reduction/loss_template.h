/* loss_template.h - loss.c's functions for one element type: REAL, and NAMED(x), its name for x. */

/* (1 - s) (log Σ e^x - x[label]) + s (log Σ e^x - mean x), of differences from the largest logit. */
static void NAMED(label_row)(const REAL *x, int64_t classes, int64_t label, double s, REAL *loss, REAL *log_sum)
{
    REAL max = NAMED(row_max)(x, classes), center = isinf(max) ? 0 : max;
    double sum = log(NAMED(row_exp_sum)(x, classes, center));
    *log_sum = (REAL)((double)center + sum);
    if (label == VT_IGNORE) {
        *loss = 0;
        return;
    }
    double hard = sum + (double)center - (double)x[label], soft = 0;
    if (s > 0) soft = sum + (double)center - NAMED(row_sum)(x, classes) / (double)classes;
    *loss = (REAL)((s < 1 ? (1 - s) * hard : 0) + (s > 0 ? s * soft : 0));
}

static void NAMED(label_columns)(const REAL *x, along_axis a, int64_t n, const int64_t *label, double s, REAL *loss,
                                 REAL *log_sum)
{
    REAL max[COLUMN_BLOCK];
    double sum[COLUMN_BLOCK], total[COLUMN_BLOCK] = { 0 };
    NAMED(column_max)(x, a.length, a.inner, n, max);
    for (int64_t j = 0; j < n; j++) max[j] = isinf(max[j]) ? 0 : max[j];
    NAMED(column_exp_sum)(x, a.length, a.inner, n, max, sum);
    for (int64_t i = 0; s > 0 && i < a.length; i++)
        for (int64_t j = 0; j < n; j++) total[j] += (double)x[i * a.inner + j];
    for (int64_t j = 0; j < n; j++) {
        double whole = log(sum[j]) + (double)max[j];
        log_sum[j] = (REAL)whole;
        loss[j] = 0;
        if (label[j] == VT_IGNORE) continue;
        double hard = s < 1 ? (1 - s) * (whole - (double)x[label[j] * a.inner + j]) : 0;
        loss[j] = (REAL)(hard + (s > 0 ? s * (whole - total[j] / (double)a.length) : 0));
    }
}

/* x [outer, length, inner], label [outer, inner] -> loss and log_sum [outer, inner] */
static void NAMED(cross_entropy)(const REAL *x, along_axis a, const int64_t *label, double s, REAL *loss, REAL *log_sum)
{
#pragma omp parallel for if (element_count(a) > SMALL_WORK / 4)
    for (int64_t b = 0; b < column_blocks(a); b++) {
        column_block block = column_block_of(a, b);
        int64_t row = row_of_block(a, block);
        if (a.inner == 1)
            NAMED(label_row)(x + block.offset, a.length, label[row], s, &loss[row], &log_sum[row]);
        else
            NAMED(label_columns)(x + block.offset, a, block.n, label + row, s, loss + row, log_sum + row);
    }
}

/* dx = g (e^(x - log Σ e^x) - p), p = (1 - s) [label] + s / classes */
static void NAMED(gradient_row)(const REAL *restrict x, int64_t classes, int64_t label, double s, REAL g, REAL log_sum,
                                REAL *restrict dx)
{
    REAL everywhere = (REAL)(s / (double)classes);
    for (int64_t i = 0; i < classes; i++) dx[i] = g * (NAMED(exp)(x[i] - log_sum) - everywhere);
    dx[label] -= g * (REAL)(1 - s);
}

static void NAMED(gradient_columns)(const REAL *restrict x, along_axis a, int64_t n, const int64_t *label, double s,
                                    const REAL *g, const REAL *log_sum, REAL *restrict dx)
{
    REAL everywhere = (REAL)(s / (double)a.length), at_label = (REAL)(1 - s);
    for (int64_t i = 0; i < a.length; i++, x += a.inner, dx += a.inner)
        for (int64_t j = 0; j < n; j++) {
            REAL p = (label[j] == i ? at_label : 0) + everywhere;
            REAL excess = g[j] * (NAMED(exp)(x[j] - log_sum[j]) - p);
            dx[j] = label[j] == VT_IGNORE ? 0 : excess;
        }
}

/* g, label and log_sum [outer, inner], x [outer, length, inner] -> dx as x */
static void NAMED(cross_entropy_gradient)(const REAL *g, const REAL *x, along_axis a, const int64_t *label, double s,
                                          const REAL *log_sum, REAL *dx)
{
#pragma omp parallel for if (element_count(a) > SMALL_WORK / 4)
    for (int64_t b = 0; b < column_blocks(a); b++) {
        column_block block = column_block_of(a, b);
        int64_t row = row_of_block(a, block);
        const REAL *from = x + block.offset;
        REAL *to = dx + block.offset;
        if (a.inner > 1)
            NAMED(gradient_columns)(from, a, block.n, label + row, s, g + row, log_sum + row, to);
        else if (label[row] == VT_IGNORE)
            memset(to, 0, (size_t)a.length * sizeof *to);
        else
            NAMED(gradient_row)(from, a.length, label[row], s, g[row], log_sum[row], to);
    }
}
