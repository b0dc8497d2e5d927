/* batch_norm_template.h - batch_norm.c's functions for one type of sums: REAL, and NAMED(x), its name for x. */

/* A strip of numbers as REAL: in memory where they are that, or else in a buffer. */
typedef struct NAMED(tile) {
    REAL *at;
    int64_t pitch; /* from line to line */
} NAMED(tile);

typedef REAL NAMED(buffer)[STRIP * COLUMNS];

/* Where a strip is to be written. */
static NAMED(tile) NAMED(room)(const batch *b, const array *a, window s, REAL *buffer)
{
    if (a->dtype == VT_BF16) return (NAMED(tile)){ buffer, COLUMNS };
    return (NAMED(tile)){ a->data ? (REAL *)a->data + s.line * b->columns + s.column : NULL, b->columns };
}

static NAMED(tile) NAMED(see)(const batch *b, const array *a, window s, REAL *buffer)
{
    for (int64_t i = 0; a->dtype == VT_BF16 && i < s.lines; i++) {
        const uint16_t *stored = (const uint16_t *)a->data + (s.line + i) * b->columns + s.column;
        EACH_COLUMN(j, s.columns) buffer[i * COLUMNS + j] = (REAL)bf16_to_f32(stored[j]);
    }
    return NAMED(room)(b, a, s, buffer);
}

/* What was written to `room`, to memory. */
static void NAMED(store)(const batch *b, const array *a, window s, const REAL *buffer)
{
    for (int64_t i = 0; a->dtype == VT_BF16 && i < s.lines; i++) {
        uint16_t *stored = (uint16_t *)a->data + (s.line + i) * b->columns + s.column;
        EACH_COLUMN(j, s.columns) stored[j] = bf16_of_f32((float)buffer[i * COLUMNS + j]);
    }
}

static inline REAL *NAMED(row)(const batch *b, enum coefficient which)
{
    return (REAL *)b->coefficients + (int64_t)which * b->columns;
}

static inline double NAMED(number)(const array *scales, int64_t channel, double otherwise)
{
    return scales->data ? (double)((const REAL *)scales->data)[channel] : otherwise;
}

/* Spreads numbers of channels over the columns that hold them. */
static void NAMED(repeat)(const batch *b, enum coefficient which)
{
    REAL *row = NAMED(row)(b, which);
    for (int64_t j = b->channels; j < b->columns; j++) row[j] = row[j - b->channels];
}

/* -- Forward ------------------------------------------------------------------------------------------------------ */

/* Takes moments of n numbers in, after those of `before` others: means and sums of squared deviations, a column each
 * (Chan, Golub and LeVeque 1979). */
static void NAMED(merge)(double *restrict mean, double *restrict square, int64_t columns, double before, double n,
                         const double *restrict other_mean, const double *restrict other_square)
{
    const double share = n / (before + n);
    for (int64_t j = 0; j < columns; j++) {
        double rise = other_mean[j] - mean[j];
        square[j] += other_square[j] + rise * rise * before * share;
        mean[j] += rise * share;
    }
}

STRIP_LOOP NAMED(add_deviations)(int lines, int64_t columns, NAMED(tile) x, const REAL *center, REAL *sum, REAL *square)
{
    EACH_COLUMN(j, columns)
    {
        REAL d_sum = 0, d_square = 0;
        EACH_LINE(i, lines)
        {
            REAL d = x.at[i * x.pitch + j] - center[j];
            d_sum += d;
            d_square += d * d;
        }
        sum[j] += d_sum;
        square[j] += d_square;
    }
}

/* Deviations are taken from the mean so far, which is as good as any number among those seen: where it is far off, so
 * far do they vary. */
static void NAMED(add_moments)(const batch *b, int64_t part, window w)
{
    NAMED(buffer) buffer;
    REAL center[COLUMNS], sum[COLUMNS] = { 0 }, square[COLUMNS] = { 0 };
    double *mean = b->sums + 2 * part * b->columns + w.column, *squares = mean + b->columns;
    double before = (double)(w.line - b->lines * part / b->parts), n = (double)w.lines;
    const REAL *first = NAMED(see)(b, &b->x, (window){ w.line, 1, w.column, w.columns }, buffer).at;
    for (int64_t j = 0; j < w.columns; j++) {
        if (before == 0) mean[j] = squares[j] = 0;
        center[j] = before == 0 ? first[j] : (REAL)mean[j];
    }
    for
        EACH_STRIP(s, w)
        {
            NAMED(tile) x = NAMED(see)(b, &b->x, s, buffer);
            WITH_LINES(s, NAMED(add_deviations), w.columns, x, center, sum, square);
        }
    double own_mean[COLUMNS], own_square[COLUMNS], one = 1 / n;
    for (int64_t j = 0; j < w.columns; j++) {
        double rise = (double)sum[j] * one;
        own_mean[j] = (double)center[j] + rise;
        own_square[j] = (double)square[j] - (double)sum[j] * rise;
    }
    NAMED(merge)(mean, squares, w.columns, before, n, own_mean, own_square);
}

/* From the moments of the parts to those of each channel. */
static void NAMED(finish_moments)(const batch *b)
{
    double *mean = b->sums, *squares = mean + b->columns, n;
    for (int64_t part = 1; part < b->parts; part++) {
        int64_t before = b->lines * part / b->parts;
        n = (double)(b->lines * (part + 1) / b->parts - before);
        const double *other = mean + 2 * part * b->columns;
        NAMED(merge)(mean, squares, b->columns, (double)before, n, other, other + b->columns);
    }
    n = (double)b->lines;
    for (int64_t j = b->channels; j < b->columns; j += b->channels)
        NAMED(merge)(mean, squares, b->channels, n * (double)(j / b->channels), n, mean + j, squares + j);
    for (int64_t c = 0; c < b->channels; c++) {
        REAL nearest = (REAL)mean[c];
        ((REAL *)b->mean.data)[c] = nearest;
        ((REAL *)b->mean.data)[b->channels + c] = (REAL)(mean[c] - (double)nearest);
        ((REAL *)b->var.data)[c] = (REAL)(squares[c] / b->count);
    }
}

/* The coefficients that follow from mean and variance. */
static void NAMED(set_coefficients)(const batch *b)
{
    for (int64_t c = 0; c < b->channels; c++) {
        double rest = NAMED(number)(&b->mean, b->channels + c, 0);
        double scale = NAMED(number)(&b->weight, c, 1) / sqrt(NAMED(number)(&b->var, c, 0) + b->eps);
        NAMED(row)(b, MEAN)[c] = (REAL)NAMED(number)(&b->mean, c, 0);
        NAMED(row)(b, SCALE)[c] = (REAL)scale;
        NAMED(row)(b, SHIFT)[c] = (REAL)(NAMED(number)(&b->bias, c, 0) - rest * scale);
    }
    for (int which = MEAN; which <= SHIFT; which++) NAMED(repeat)(b, (enum coefficient)which);
}

/* From a window's first column on. */
typedef struct NAMED(coefficients) {
    const REAL *mean, *scale, *shift, *g_mean, *slope;
} NAMED(coefficients);

static NAMED(coefficients) NAMED(coefficients_of)(const batch *b, window w)
{
    return (NAMED(coefficients)){ NAMED(row)(b, MEAN) + w.column, NAMED(row)(b, SCALE) + w.column,
                                  NAMED(row)(b, SHIFT) + w.column, NAMED(row)(b, G_MEAN) + w.column,
                                  NAMED(row)(b, SLOPE) + w.column };
}

static inline REAL NAMED(relu)(REAL x)
{
    return x <= 0 ? 0 : x; /* NaN stays */
}

#define AT(tile) (tile).at[i * (tile).pitch + j]

STRIP_LOOP NAMED(normalize_strip)(int lines, int64_t columns, const batch *b, NAMED(coefficients) k, NAMED(tile) x,
                                  NAMED(tile) shortcut, NAMED(tile) y)
{
#define NORMAL ((AT(x) - k.mean[j]) * k.scale[j] + k.shift[j])
    if (shortcut.at)
        EACH_COLUMN(j, columns) EACH_LINE(i, lines) AT(y) = NAMED(relu)(NORMAL + AT(shortcut));
    else if (b->relu)
        EACH_COLUMN(j, columns) EACH_LINE(i, lines) AT(y) = NAMED(relu)(NORMAL);
    else
        EACH_COLUMN(j, columns) EACH_LINE(i, lines) AT(y) = NORMAL;
#undef NORMAL
}

static void NAMED(normalize)(const batch *b, int64_t part, window w)
{
    (void)part;
    NAMED(buffer) x_buffer, shortcut_buffer, y_buffer;
    NAMED(coefficients) k = NAMED(coefficients_of)(b, w);
    for
        EACH_STRIP(s, w)
        {
            NAMED(tile) x = NAMED(see)(b, &b->x, s, x_buffer), y = NAMED(room)(b, &b->y, s, y_buffer);
            NAMED(tile) shortcut = NAMED(see)(b, &b->shortcut, s, shortcut_buffer);
            WITH_LINES(s, NAMED(normalize_strip), w.columns, b, k, x, shortcut, y);
            NAMED(store)(b, &b->y, s, y_buffer);
        }
}

static void NAMED(forward)(const batch *b)
{
    over_lines(b, NAMED(add_moments), false);
    NAMED(finish_moments)(b);
    NAMED(set_coefficients)(b);
    over_lines(b, NAMED(normalize), true);
}

/* -- Gradient ----------------------------------------------------------------------------------------------------- */

STRIP_LOOP NAMED(mask_strip)(int lines, int64_t columns, NAMED(tile) g, NAMED(tile) more, NAMED(tile) y,
                             NAMED(tile) masked)
{
    if (more.at)
        EACH_COLUMN(j, columns) EACH_LINE(i, lines) AT(masked) = AT(y) <= 0 ? 0 : AT(g) + AT(more);
    else
        EACH_COLUMN(j, columns) EACH_LINE(i, lines) AT(masked) = AT(y) <= 0 ? 0 : AT(g);
}

/* What goes back through the shortcut, and through the norm: the gradient of y where y is positive. */
static void NAMED(mask)(const batch *b, window s)
{
    NAMED(buffer) g_buffer, more_buffer, y_buffer, masked_buffer;
    NAMED(tile) g = NAMED(see)(b, &b->g, s, g_buffer), more = NAMED(see)(b, &b->more_g, s, more_buffer);
    NAMED(tile) y = NAMED(see)(b, &b->y, s, y_buffer), masked = NAMED(room)(b, &b->shortcut, s, masked_buffer);
    WITH_LINES(s, NAMED(mask_strip), s.columns, g, more, y, masked);
    NAMED(store)(b, &b->shortcut, s, masked_buffer);
}

/* The gradient of what the norm gave. A ReLU alone is not in it yet: whether that let an element pass is found again
 * from x, which is read anyway, as it was found in the first place. */
static const array *NAMED(own_gradient)(const batch *b)
{
    return b->shortcut.data ? &b->shortcut : &b->g;
}

#define PASSED(d) ((d)*k.scale[j] + k.shift[j] <= 0 ? 0 : AT(g))

STRIP_LOOP NAMED(add_product_strip)(int lines, int64_t columns, const batch *b, NAMED(coefficients) k, NAMED(tile) g,
                                    NAMED(tile) x, REAL *g_sum, REAL *gx_sum)
{
#define ADD_PRODUCTS(gradient)                                                                                         \
    EACH_COLUMN(j, columns)                                                                                            \
    {                                                                                                                  \
        REAL sum = 0, product = 0;                                                                                     \
        EACH_LINE(i, lines)                                                                                            \
        {                                                                                                              \
            REAL d = AT(x) - k.mean[j], passed = gradient;                                                             \
            sum += passed;                                                                                             \
            product += passed * d;                                                                                     \
        }                                                                                                              \
        g_sum[j] += sum;                                                                                               \
        gx_sum[j] += product;                                                                                          \
    }
    if (b->relu)
        ADD_PRODUCTS(PASSED(d))
    else
        ADD_PRODUCTS(AT(g))
#undef ADD_PRODUCTS
}

/* Σ g and Σ g (x - mean). */
static void NAMED(add_products)(const batch *b, int64_t part, window w)
{
    NAMED(buffer) g_buffer, x_buffer;
    REAL g_sum[COLUMNS] = { 0 }, gx_sum[COLUMNS] = { 0 };
    NAMED(coefficients) k = NAMED(coefficients_of)(b, w);
    for
        EACH_STRIP(s, w)
        {
            if (b->shortcut.data) NAMED(mask)(b, s);
            NAMED(tile) g = NAMED(see)(b, NAMED(own_gradient)(b), s, g_buffer), x = NAMED(see)(b, &b->x, s, x_buffer);
            WITH_LINES(s, NAMED(add_product_strip), w.columns, b, k, g, x, g_sum, gx_sum);
        }
    double *sums = b->sums + 2 * part * b->columns + w.column, *products = sums + b->columns;
    bool first = w.line == b->lines * part / b->parts;
    for (int64_t j = 0; j < w.columns; j++) {
        sums[j] = (first ? 0 : sums[j]) + (double)g_sum[j];
        products[j] = (first ? 0 : products[j]) + (double)gx_sum[j];
    }
}

/* From the sums of the parts to those of each channel: dx = weight rstd (g - mean(g) - (x - mean) rstd² mean(g (x -
 * mean))). */
static void NAMED(finish_products)(const batch *b)
{
    double *sums = b->sums, *products = sums + b->columns;
    for (int64_t part = 1; part < b->parts; part++)
        for (int64_t j = 0; j < 2 * b->columns; j++) sums[j] += sums[2 * part * b->columns + j];
    for (int64_t j = b->channels; j < b->columns; j++) {
        sums[j % b->channels] += sums[j];
        products[j % b->channels] += products[j];
    }
    for (int64_t c = 0; c < b->channels; c++) {
        double rstd = 1 / sqrt(NAMED(number)(&b->var, c, 0) + b->eps),
               rest = NAMED(number)(&b->mean, b->channels + c, 0);
        double product = products[c] - rest * sums[c], slope = product / b->count * rstd * rstd;
        NAMED(row)(b, G_MEAN)[c] = (REAL)(sums[c] / b->count - rest * slope);
        NAMED(row)(b, SLOPE)[c] = (REAL)slope;
        if (b->dweight.data) ((REAL *)b->dweight.data)[c] = (REAL)(product * rstd);
        if (b->dbias.data) ((REAL *)b->dbias.data)[c] = (REAL)sums[c];
    }
    NAMED(repeat)(b, G_MEAN);
    NAMED(repeat)(b, SLOPE);
}

STRIP_LOOP NAMED(gradient_strip)(int lines, int64_t columns, const batch *b, NAMED(coefficients) k, NAMED(tile) g,
                                 NAMED(tile) x, NAMED(tile) dx)
{
#define SET_GRADIENT(gradient)                                                                                         \
    EACH_COLUMN(j, columns) EACH_LINE(i, lines)                                                                        \
    {                                                                                                                  \
        REAL d = AT(x) - k.mean[j], passed = gradient;                                                                 \
        AT(dx) = (passed - k.g_mean[j] - d * k.slope[j]) * k.scale[j];                                                 \
    }
    if (b->relu)
        SET_GRADIENT(PASSED(d))
    else
        SET_GRADIENT(AT(g))
#undef SET_GRADIENT
}
#undef PASSED
#undef AT

static void NAMED(set_gradient)(const batch *b, int64_t part, window w)
{
    (void)part;
    NAMED(buffer) g_buffer, x_buffer, dx_buffer;
    NAMED(coefficients) k = NAMED(coefficients_of)(b, w);
    for
        EACH_STRIP(s, w)
        {
            NAMED(tile) g = NAMED(see)(b, NAMED(own_gradient)(b), s, g_buffer), x = NAMED(see)(b, &b->x, s, x_buffer);
            NAMED(tile) dx = NAMED(room)(b, &b->dx, s, dx_buffer);
            WITH_LINES(s, NAMED(gradient_strip), w.columns, b, k, g, x, dx);
            NAMED(store)(b, &b->dx, s, dx_buffer);
        }
}

static void NAMED(gradient)(const batch *b)
{
    NAMED(set_coefficients)(b);
    over_lines(b, NAMED(add_products), false);
    NAMED(finish_products)(b);
    over_lines(b, NAMED(set_gradient), true);
}
