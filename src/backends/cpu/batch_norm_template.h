/* batch_norm_template.h - batch_norm.c's functions for one element type: REAL, NAMED(x), its name for x, and BATCH, its
 * struct. */

typedef struct BATCH {
    int64_t samples, channels, size;
    double eps;
    const REAL *x, *weight, *bias, *g; /* g: of the gradient alone */
    REAL *mean, *var;                  /* written by the forward kernel, read by the gradient */
    REAL *y, *dweight, *dbias;         /* y: of the gradient, dx */
} BATCH;

/* What is done to each element, once a channel's numbers are known. */
static void NAMED(apply)(const REAL *restrict x, int64_t n, REAL mean, REAL scale, REAL shift, REAL *restrict y)
{
    for (int64_t i = 0; i < n; i++) y[i] = (x[i] - mean) * scale + shift;
}

static void NAMED(apply_gradient)(const REAL *restrict g, const REAL *restrict x, int64_t n, const slopes *k,
                                  REAL *restrict dx)
{
    const REAL mean = (REAL)k->mean, scale = (REAL)k->scale, g_mean = (REAL)k->g_mean, slope = (REAL)k->slope;
    for (int64_t i = 0; i < n; i++) dx[i] = (g[i] - g_mean - (x[i] - mean) * slope) * scale;
}

static REAL NAMED(scale_of)(const BATCH *b, int64_t channel, double var)
{
    return (REAL)((b->weight ? (double)b->weight[channel] : 1) / sqrt(var + b->eps));
}

/* What the gradient of a channel's elements is made of, from its sums; those of weight and bias on the way. */
static slopes NAMED(slopes_of)(const BATCH *b, int64_t channel, double g_sum, double gx_sum)
{
    double count = (double)(b->samples * b->size), var = (double)b->var[channel], rstd = 1 / sqrt(var + b->eps);
    if (b->dweight) b->dweight[channel] = (REAL)(gx_sum * rstd);
    if (b->dbias) b->dbias[channel] = (REAL)g_sum;
    return (slopes){ .mean = (double)b->mean[channel],
                     .scale = (double)NAMED(scale_of)(b, channel, var),
                     .g_mean = g_sum / count,
                     .slope = gx_sum / count * rstd * rstd };
}

/* -- Channels of some size: one after another, over the samples' parts of them ----------------------------------- */

static void NAMED(channel)(const BATCH *b, int64_t channel)
{
    int64_t step = b->channels * b->size, first = channel * b->size;
    double lane[LANES] = { 0 }, square[LANES] = { 0 }, count = (double)(b->samples * b->size);
    for (int64_t s = 0; s < b->samples; s++) {
        const REAL *x = b->x + s * step + first;
        ADD_TO_LANES(lane, b->size, (double)x[i]);
    }
    const double mean = sum_of_lanes(lane) / count;
    for (int64_t s = 0; s < b->samples; s++) {
        const REAL *x = b->x + s * step + first;
        ADD_TO_LANES(square, b->size, ((double)x[i] - mean) * ((double)x[i] - mean));
    }
    double var = sum_of_lanes(square) / count;
    REAL scale = NAMED(scale_of)(b, channel, var), shift = b->bias ? b->bias[channel] : 0;
    for (int64_t s = 0; s < b->samples; s++)
        NAMED(apply)(b->x + s * step + first, b->size, (REAL)mean, scale, shift, b->y + s * step + first);
    b->mean[channel] = (REAL)mean;
    b->var[channel] = (REAL)var;
}

static void NAMED(channel_gradient)(const BATCH *b, int64_t channel)
{
    int64_t step = b->channels * b->size, first = channel * b->size;
    double g_lane[LANES] = { 0 }, gx_lane[LANES] = { 0 };
    const REAL mean = b->mean[channel];
    for (int64_t s = 0; s < b->samples; s++) {
        const REAL *x = b->x + s * step + first, *g = b->g + s * step + first;
        ADD_TO_LANES(g_lane, b->size, (double)g[i]);
        ADD_TO_LANES(gx_lane, b->size, (double)g[i] * (double)(x[i] - mean));
    }
    slopes k = NAMED(slopes_of)(b, channel, sum_of_lanes(g_lane), sum_of_lanes(gx_lane));
    for (int64_t s = 0; s < b->samples; s++) {
        int64_t at = s * step + first;
        NAMED(apply_gradient)(b->g + at, b->x + at, b->size, &k, b->y + at);
    }
}

/* -- Small channels: several side by side, `n` columns of each sample from column `first` on --------------------- */

static double NAMED(channel_sum)(const double *columns, int64_t size)
{
    double sum = 0;
    for (int64_t i = 0; i < size; i++) sum += columns[i];
    return sum;
}

static void NAMED(columns)(const BATCH *b, int64_t first, int64_t n)
{
    double sum[COLUMNS] = { 0 }, square[COLUMNS] = { 0 }, center[COLUMNS], count = (double)(b->samples * b->size);
    REAL mean[COLUMNS], scale[COLUMNS], shift[COLUMNS];
    int64_t step = b->channels * b->size;
    for (int64_t s = 0; s < b->samples; s++) {
        const REAL *x = b->x + s * step + first;
        for (int64_t j = 0; j < n; j++) sum[j] += (double)x[j];
    }
    for (int64_t j = 0; j < n; j++) {
        center[j] = NAMED(channel_sum)(sum + j / b->size * b->size, b->size) / count;
        mean[j] = (REAL)center[j];
    }
    for (int64_t s = 0; s < b->samples; s++) {
        const REAL *x = b->x + s * step + first;
        for (int64_t j = 0; j < n; j++) square[j] += ((double)x[j] - center[j]) * ((double)x[j] - center[j]);
    }
    for (int64_t j = 0; j < n; j++) {
        int64_t channel = (first + j) / b->size;
        double var = NAMED(channel_sum)(square + j / b->size * b->size, b->size) / count;
        scale[j] = NAMED(scale_of)(b, channel, var);
        shift[j] = b->bias ? b->bias[channel] : 0;
        b->mean[channel] = mean[j];
        b->var[channel] = (REAL)var;
    }
    for (int64_t s = 0; s < b->samples; s++) {
        const REAL *restrict x = b->x + s * step + first;
        REAL *restrict y = b->y + s * step + first;
        for (int64_t j = 0; j < n; j++) y[j] = (x[j] - mean[j]) * scale[j] + shift[j];
    }
}

static void NAMED(columns_gradient)(const BATCH *b, int64_t first, int64_t n)
{
    double g_sum[COLUMNS] = { 0 }, gx_sum[COLUMNS] = { 0 };
    REAL mean[COLUMNS], scale[COLUMNS], g_mean[COLUMNS], slope[COLUMNS];
    int64_t step = b->channels * b->size;
    for (int64_t j = 0; j < n; j++) mean[j] = b->mean[(first + j) / b->size];
    for (int64_t s = 0; s < b->samples; s++) {
        const REAL *x = b->x + s * step + first, *g = b->g + s * step + first;
        for (int64_t j = 0; j < n; j++) {
            g_sum[j] += (double)g[j];
            gx_sum[j] += (double)g[j] * (double)(x[j] - mean[j]);
        }
    }
    for (int64_t j = 0; j < n; j++) {
        int64_t begin = j / b->size * b->size;
        slopes k = NAMED(slopes_of)(b, (first + j) / b->size, NAMED(channel_sum)(g_sum + begin, b->size),
                                    NAMED(channel_sum)(gx_sum + begin, b->size));
        scale[j] = (REAL)k.scale;
        g_mean[j] = (REAL)k.g_mean;
        slope[j] = (REAL)k.slope;
    }
    for (int64_t s = 0; s < b->samples; s++) {
        const REAL *restrict x = b->x + s * step + first, *restrict g = b->g + s * step + first;
        REAL *restrict dx = b->y + s * step + first;
        for (int64_t j = 0; j < n; j++) dx[j] = (g[j] - g_mean[j] - (x[j] - mean[j]) * slope[j]) * scale[j];
    }
}

static void NAMED(normalize)(const BATCH *b)
{
    if (b->size > SMALL_CHANNEL) {
#pragma omp parallel for if (b->samples * b->channels * b->size > SMALL_WORK)
        for (int64_t c = 0; c < b->channels; c++) (b->g ? NAMED(channel_gradient) : NAMED(channel))(b, c);
        return;
    }
    int64_t block = COLUMNS / b->size * b->size, columns = b->channels * b->size;
#pragma omp parallel for if (b->samples * b->channels * b->size > SMALL_WORK)
    for (int64_t first = 0; first < columns; first += block) {
        int64_t n = columns - first < block ? columns - first : block;
        (b->g ? NAMED(columns_gradient) : NAMED(columns))(b, first, n);
    }
}

static void NAMED(forward)(const kernel_call *call, BATCH b)
{
    b.x = call->in[0].data;
    b.weight = call->in[1].data;
    b.bias = call->in[2].data;
    b.y = call->out[0].data;
    b.mean = call->out[1].data;
    b.var = call->out[2].data;
    NAMED(normalize)(&b);
}

static void NAMED(backward)(const kernel_call *call, BATCH b)
{
    b.g = call->in[0].data;
    b.x = call->in[1].data;
    b.mean = call->in[2].data;
    b.var = call->in[3].data;
    b.weight = call->in[4].data;
    b.y = call->out[0].data;
    if (call->outputs > 1) {
        b.dweight = call->out[1].data;
        b.dbias = call->out[2].data;
    }
    NAMED(normalize)(&b);
}
