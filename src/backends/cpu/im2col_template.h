/* im2col_template.h - im2col.c's functions for one element type: REAL, and NAMED(x), its name for x. */

/* columns [rows, output area] from the channels of one group of one image */
static void NAMED(gather_columns)(const convolution *p, const REAL *x, REAL *columns)
{
    int64_t rows = window_rows(p), area = p->output[0] * p->output[1];
#pragma omp parallel for if (rows * area > 1 << 15)
    for (int64_t row = 0; row < rows; row++) {
        tap t = tap_of(p, row);
        REAL *to = columns + row * area;
        for (int64_t i = 0; i < p->output[0]; i++, to += p->output[1]) {
            int64_t line = i * p->stride[0] + t.offset[0];
            bool inside = line >= 0 && line < p->size[0];
            const REAL *from = x + (t.channel * p->size[0] + (inside ? line : 0)) * p->size[1];
            for (int64_t j = 0; j < (inside ? t.first : p->output[1]); j++) to[j] = 0;
            for (int64_t j = t.first; inside && j < t.last; j++) to[j] = from[j * p->stride[1] + t.offset[1]];
            for (int64_t j = t.last; inside && j < p->output[1]; j++) to[j] = 0;
        }
    }
}

/* The transpose: adds each column's elements to where they were gathered from. */
static void NAMED(scatter_columns)(const convolution *p, const REAL *columns, REAL *x)
{
    int64_t taps = p->kernel[0] * p->kernel[1], area = p->output[0] * p->output[1], plane = p->size[0] * p->size[1];
    int64_t channels = p->channels / p->groups;
#pragma omp parallel for if (channels * taps * area > 1 << 15)
    for (int64_t channel = 0; channel < channels; channel++) {
        REAL *to = x + channel * plane;
        for (int64_t i = 0; i < plane; i++) to[i] = 0;
        for (int64_t row = channel * taps; row < (channel + 1) * taps; row++) {
            tap t = tap_of(p, row);
            for (int64_t i = 0; i < p->output[0]; i++) {
                int64_t line = i * p->stride[0] + t.offset[0];
                if (line < 0 || line >= p->size[0]) continue;
                const REAL *from = columns + row * area + i * p->output[1];
                for (int64_t j = t.first; j < t.last; j++)
                    to[line * p->size[1] + j * p->stride[1] + t.offset[1]] += from[j];
            }
        }
    }
}

/* One group of one image; `columns` has room for its matrix. */
static bool NAMED(convolve_group)(const convolution *p, enum convolution_pass pass, REAL *x, REAL *weight,
                                  const REAL *bias, REAL *y, REAL *columns, bool accumulate)
{
    int64_t outputs = p->outputs / p->groups, rows = window_rows(p), area = p->output[0] * p->output[1];
    bool pointwise = is_pointwise(p);
    if (pass == CONVOLUTION_INPUT_GRADIENT) {
        gemm_problem back = product(rows, area, outputs, true, false);
        if (!NAMED(gemm)(&back, weight, y, pointwise ? x : columns, false)) return false;
        if (!pointwise) NAMED(scatter_columns)(p, columns, x);
        return true;
    }
    if (pointwise)
        columns = x;
    else
        NAMED(gather_columns)(p, x, columns);
    if (pass == CONVOLUTION_WEIGHT_GRADIENT) {
        gemm_problem gradient = product(outputs, rows, area, false, true);
        return NAMED(gemm)(&gradient, y, columns, weight, accumulate);
    }
    for (int64_t i = 0; bias && i < outputs; i++)
        for (int64_t j = 0; j < area; j++) y[i * area + j] = bias[i];
    gemm_problem forward = product(outputs, area, rows, false, false);
    return NAMED(gemm)(&forward, weight, columns, y, bias != NULL);
}

bool NAMED(convolve)(const convolution *p, enum convolution_pass pass, REAL *x, REAL *weight, const REAL *bias, REAL *y)
{
    int64_t outputs = p->outputs / p->groups, channels = p->channels / p->groups, rows = window_rows(p);
    int64_t area = p->output[0] * p->output[1], plane = p->size[0] * p->size[1];
    REAL *columns = is_pointwise(p) ? NULL : malloc((size_t)(rows * area) * sizeof *columns);
    bool ok = columns || is_pointwise(p);
    if (!ok) refuse_call("conv2d", (vt_site){ 0 }, VT_ERROR_MEMORY, "out of memory for the columns of an image");
    for (int64_t i = 0; pass == CONVOLUTION_WEIGHT_GRADIENT && p->batch == 0 && i < p->outputs * rows; i++)
        weight[i] = 0;
    for (int64_t i = 0; ok && i < p->batch * p->groups; i++) {
        int64_t group = i % p->groups; /* an image's groups follow one another in x and in y */
        ok = NAMED(convolve_group)(p, pass, x + i * channels * plane, weight + group * outputs * rows,
                                   bias ? bias + group * outputs : NULL, y + i * outputs * area, columns,
                                   i >= p->groups);
    }
    free(columns);
    return ok;
}
