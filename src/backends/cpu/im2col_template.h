/* im2col_template.h - im2col.c's functions for one element type: REAL, and NAMED(x), its name for x. */

#define GATHER_ROW      NAMED(gather_row)
#define GATHER          NAMED(gather)
#define SCATTER_CHANNEL NAMED(scatter_channel)
#define SCATTER         NAMED(scatter)
#define FILL_WITH_BIAS  NAMED(fill_with_bias)
#define CONVOLVE_IMAGES NAMED(convolve_images)
#define CONVOLVE        NAMED(convolve)
#define GEMM            NAMED(gemm)

/* One row of the columns of one group of one image. */
static void GATHER_ROW(const convolution *p, const REAL *x, int64_t row, REAL *to)
{
    tap t = tap_of(p, row);
    for (int64_t i = 0; i < p->output[0]; i++, to += p->output[1]) {
        int64_t line = i * p->stride[0] + t.offset[0];
        bool inside = line >= 0 && line < p->size[0];
        const REAL *from = x + (t.channel * p->size[0] + (inside ? line : 0)) * p->size[1];
        for (int64_t j = 0; j < (inside ? t.first : p->output[1]); j++) to[j] = 0;
        for (int64_t j = t.first; inside && j < t.last; j++) to[j] = from[j * p->stride[1] + t.offset[1]];
        for (int64_t j = t.last; inside && j < p->output[1]; j++) to[j] = 0;
    }
}

static void GATHER(const convolution *p, const REAL *x, int64_t images, REAL *columns)
{
    int64_t rows = window_rows(p), area = p->output[0] * p->output[1], count = images * p->groups * rows;
    int64_t group = p->channels / p->groups * p->size[0] * p->size[1];
#pragma omp parallel for if (count * area > 1 << 15)
    for (int64_t i = 0; i < count; i++) GATHER_ROW(p, x + i / rows * group, i % rows, columns + i * area);
}

/* The transpose of gathering, for one channel: adds the elements of each row to where they came from. */
static void SCATTER_CHANNEL(const convolution *p, const REAL *columns, int64_t channel, REAL *x)
{
    int64_t taps = p->kernel[0] * p->kernel[1], area = p->output[0] * p->output[1];
    for (int64_t i = 0; i < p->size[0] * p->size[1]; i++) x[i] = 0;
    for (int64_t row = channel * taps; row < (channel + 1) * taps; row++) {
        tap t = tap_of(p, row);
        for (int64_t i = 0; i < p->output[0]; i++) {
            int64_t line = i * p->stride[0] + t.offset[0];
            if (line < 0 || line >= p->size[0]) continue;
            const REAL *from = columns + row * area + i * p->output[1];
            for (int64_t j = t.first; j < t.last; j++) x[line * p->size[1] + j * p->stride[1] + t.offset[1]] += from[j];
        }
    }
}

static void SCATTER(const convolution *p, const REAL *columns, int64_t images, REAL *x)
{
    int64_t channels = p->channels / p->groups, count = images * p->channels, plane = p->size[0] * p->size[1];
    int64_t group = window_rows(p) * p->output[0] * p->output[1];
#pragma omp parallel for if (images * p->groups * group > 1 << 15)
    for (int64_t i = 0; i < count; i++) SCATTER_CHANNEL(p, columns + i / channels * group, i % channels, x + i * plane);
}

static void FILL_WITH_BIAS(const convolution *p, const REAL *bias, int64_t images, REAL *y)
{
    int64_t area = p->output[0] * p->output[1];
    for (int64_t i = 0; i < images * p->outputs; i++)
        for (int64_t j = 0; j < area; j++) y[i * area + j] = bias[i % p->outputs];
}

/* One pass over some images; `columns` has room for theirs. */
static bool CONVOLVE_IMAGES(const convolution *p, enum convolution_pass pass, int64_t images, REAL *x, REAL *weight,
                            const REAL *bias, REAL *y, REAL *columns, bool accumulate)
{
    gemm_problem product = product_of(p, pass, images);
    bool pointwise = is_pointwise(p); /* then x is its own columns */
    if (pass == CONVOLUTION_INPUT_GRADIENT) {
        if (!GEMM(&product, weight, y, pointwise ? x : columns, false)) return false;
        if (!pointwise) SCATTER(p, columns, images, x);
        return true;
    }
    if (pointwise)
        columns = x;
    else
        GATHER(p, x, images, columns);
    if (pass == CONVOLUTION_WEIGHT_GRADIENT) return GEMM(&product, y, columns, weight, accumulate);
    if (bias) FILL_WITH_BIAS(p, bias, images, y);
    return GEMM(&product, weight, columns, y, bias != NULL);
}

bool CONVOLVE(const convolution *p, enum convolution_pass pass, REAL *x, REAL *weight, const REAL *bias, REAL *y)
{
    int64_t area = p->output[0] * p->output[1], rows = window_rows(p), many = images_at_once(p);
    int64_t x_image = p->channels * p->size[0] * p->size[1], y_image = p->outputs * area;
    for (int64_t i = 0; pass == CONVOLUTION_WEIGHT_GRADIENT && p->batch == 0 && i < p->outputs * rows; i++)
        weight[i] = 0;
    if (p->batch == 0) return true;
    REAL *columns = malloc((size_t)(is_pointwise(p) ? 1 : many * p->groups * rows * area) * sizeof *columns);
    bool ok = columns != NULL;
    if (!ok) refuse_call("conv2d", (vt_site){ 0 }, VT_ERROR_MEMORY, "out of memory for the columns of its images");
    for (int64_t i = 0; ok && i < p->batch; i += many)
        ok = CONVOLVE_IMAGES(p, pass, many < p->batch - i ? many : p->batch - i, x + i * x_image, weight, bias,
                             y + i * y_image, columns, i > 0);
    free(columns);
    return ok;
}

#undef GATHER_ROW
#undef GATHER
#undef SCATTER_CHANNEL
#undef SCATTER
#undef FILL_WITH_BIAS
#undef CONVOLVE_IMAGES
#undef CONVOLVE
#undef GEMM
