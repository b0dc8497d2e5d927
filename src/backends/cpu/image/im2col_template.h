/* im2col_template.h - im2col.c's functions for one element type: REAL, and NAMED(x), its name for x. */

#define LOAD            NAMED(load)
#define STORE           NAMED(store)
#define GATHER          NAMED(gather)
#define SCATTER_LINE    NAMED(scatter_line)
#define SCATTER         NAMED(scatter)
#define MOVE_OUTPUTS    NAMED(move_outputs)
#define ARRANGE         NAMED(arrange)
#define RESTORE         NAMED(restore)
#define CONVOLVE_IMAGES NAMED(convolve_images)
#define CONVOLVE        NAMED(im2col)
#define SCRATCH         NAMED(im2col_scratch)
#define GEMM_PLAN       NAMED(gemm_plan)
#define GEMM_RUN        NAMED(gemm_run)

/* Elements of an image, which may be bf16, from element `at` on. */
static inline void LOAD(const void *from, bool bf16, int64_t at, int64_t count, REAL *to)
{
    if (bf16)
        for (int64_t i = 0; i < count; i++) to[i] = (REAL)bf16_to_f32(((const uint16_t *)from)[at + i]);
    else
        for (int64_t i = 0; i < count; i++) to[i] = ((const REAL *)from)[at + i];
}

static inline void STORE(void *to, bool bf16, int64_t at, int64_t count, const REAL *from)
{
    if (bf16)
        for (int64_t i = 0; i < count; i++) ((uint16_t *)to)[at + i] = bf16_of_f32((float)from[i]);
    else
        for (int64_t i = 0; i < count; i++) ((REAL *)to)[at + i] = from[i];
}

/* The matrix of windows of some images, the first of which is number `first` of x. */
static void GATHER(const convolution *p, const windows *w, const void *x, int64_t first, int64_t images, void *to)
{
    int64_t rows = images * w->area, size = w->are_bf16 ? 2 : (int)sizeof(REAL);
#pragma omp parallel for if (rows * p->groups * w->columns > 1 << 15)
    for (int64_t row = 0; row < rows; row++) {
        int64_t image = first + row / w->area, i = row % w->area / p->output[1], j = row % p->output[1];
        for (int64_t tap = 0; tap < w->taps; tap += w->run) {
            int64_t line = i * p->stride[0] + tap / p->kernel[1] * p->dilation[0] - p->padding[0];
            int64_t column = j * p->stride[1] + tap % p->kernel[1] * p->dilation[1] - p->padding[1];
            int64_t run = line >= 0 && line < p->size[0] ? w->run : 0;
            int64_t before = limit(-column, 0, run), inside = limit(p->size[1] - column, before, run) - before;
            int64_t at = ((image * p->size[0] + line) * p->size[1] + column + before) * p->channels;
            for (int64_t g = 0; g < p->groups; g++) {
                char *part = (char *)to + ((g * rows + row) * w->columns + tap * w->channels) * size;
                void *seen = part + before * w->channels * size;
                int64_t begin = at + g * w->channels, count = inside * w->channels;
                if (inside < w->run) memset(part, 0, (size_t)(w->run * w->channels * size));
                if (w->are_bf16 && count > 0)
                    memcpy(seen, (const uint16_t *)x + begin, (size_t)count * 2);
                else
                    LOAD(x, p->x_bf16, begin, count, seen);
            }
        }
    }
}

/* The transpose of gathering, for one line of pixels of some images: the sum of what windows hold of each. */
static void SCATTER_LINE(const convolution *p, const windows *w, const REAL *from, int64_t rows, int64_t number,
                         REAL *x)
{
    int64_t image = number / p->size[0], line = number % p->size[0];
    memset(x, 0, (size_t)(p->size[1] * p->channels) * sizeof *x);
    for (int64_t tap = 0; tap < w->taps; tap += w->run) {
        int64_t i = line + p->padding[0] - tap / p->kernel[1] * p->dilation[0];
        if (i < 0 || i % p->stride[0] || i / p->stride[0] >= p->output[0]) continue;
        for (int64_t j = 0; j < p->output[1]; j++) {
            int64_t row = image * w->area + i / p->stride[0] * p->output[1] + j;
            int64_t column = j * p->stride[1] + tap % p->kernel[1] * p->dilation[1] - p->padding[1];
            int64_t before = limit(-column, 0, w->run);
            int64_t inside = limit(p->size[1] - column, before, w->run) - before;
            for (int64_t g = 0; g < p->groups; g++) {
                const REAL *part = from + (g * rows + row) * w->columns + (tap + before) * w->channels;
                int64_t to = (column + before) * p->channels + g * w->channels;
                for (int64_t c = 0; c < inside * w->channels; c++) x[to + c] += part[c];
            }
        }
    }
}

/* `copy` has room for the images where x is bf16. */
static void SCATTER(const convolution *p, const windows *w, const REAL *from, int64_t images, void *x, int64_t first,
                    REAL *copy)
{
    int64_t rows = images * w->area, line = p->size[1] * p->channels, offset = first * p->size[0] * line;
#pragma omp parallel for if (rows * p->groups * w->columns > 1 << 15)
    for (int64_t i = 0; i < images * p->size[0]; i++) {
        REAL *to = p->x_bf16 ? copy + i * line : (REAL *)x + offset + i * line;
        SCATTER_LINE(p, w, from, rows, i, to);
        if (p->x_bf16) STORE(x, true, offset + i * line, line, to);
    }
}

/* Between y and its copy; towards y, a bias is added. */
static void MOVE_OUTPUTS(const convolution *p, const windows *w, void *y, int64_t first, int64_t rows, REAL *copy,
                         bool to_y, const REAL *bias)
{
#pragma omp parallel for if (rows * p->outputs > 1 << 15)
    for (int64_t row = 0; row < rows; row++) {
        for (int64_t g = 0; g < p->groups; g++) {
            REAL *part = copy + (g * rows + row) * w->outputs;
            int64_t at = (first * w->area + row) * p->outputs + g * w->outputs;
            for (int64_t k = 0; bias && k < w->outputs; k++) part[k] += bias[g * w->outputs + k];
            if (to_y)
                STORE(y, p->y_bf16, at, w->outputs, part);
            else
                LOAD(y, p->y_bf16, at, w->outputs, part);
        }
    }
}

/* Weight [outputs, channels, taps] to [outputs, taps, channels]. */
static void ARRANGE(const convolution *p, const windows *w, const REAL *weight, void *arranged)
{
#pragma omp parallel for if (p->outputs * w->columns > 1 << 15)
    for (int64_t k = 0; k < p->outputs; k++) {
        const REAL *from = weight + k * w->columns;
        REAL *to = (REAL *)arranged + k * w->columns;
        uint16_t *rounded = (uint16_t *)arranged + k * w->columns;
        for (int64_t tap = 0; tap < w->taps; tap++, to += w->channels, rounded += w->channels) {
            if (w->weight_is_bf16)
                for (int64_t c = 0; c < w->channels; c++) rounded[c] = bf16_of_f32((float)from[c * w->taps + tap]);
            else
                for (int64_t c = 0; c < w->channels; c++) to[c] = from[c * w->taps + tap];
        }
    }
}

/* And back. */
static void RESTORE(const convolution *p, const windows *w, const REAL *arranged, REAL *weight)
{
#pragma omp parallel for if (p->outputs * w->columns > 1 << 15)
    for (int64_t k = 0; k < p->outputs; k++) {
        const REAL *from = arranged + k * w->columns;
        REAL *to = weight + k * w->columns;
        for (int64_t c = 0; c < w->channels; c++)
            for (int64_t tap = 0; tap < w->taps; tap++) to[c * w->taps + tap] = from[tap * w->channels + c];
    }
}

/* The parts of the working memory. */
typedef struct NAMED(memory) {
    REAL *weight, *matrix, *x, *y;
    void *product;
} NAMED(memory);

static NAMED(memory) NAMED(memory_of)(const sizes *s, REAL *scratch)
{
    NAMED(memory) m = { .weight = scratch, .matrix = scratch + s->weight };
    m.x = m.matrix + s->windows;
    m.y = m.x + s->x;
    m.product = m.y + s->y;
    return m;
}

/* One pass over some images. */
static void CONVOLVE_IMAGES(const convolution *p, const windows *w, enum convolution_pass pass, int64_t first,
                            int64_t images, void *x, const REAL *bias, void *y, const NAMED(memory) * m)
{
    int64_t rows = images * w->area, row = first * w->area;
    gemm_problem product = product_of(p, w, pass, rows, first > 0);
    void *outputs = w->copies_y ? (char *)m->y : (char *)y + row * p->outputs * (p->y_bf16 ? 2 : (int)sizeof(REAL));
    void *matrix = w->are_x ? (char *)x + row * p->channels * (p->x_bf16 ? 2 : (int)sizeof(REAL)) : (char *)m->matrix;
    gemm_operands o;
    if (w->copies_y && pass != CONVOLUTION_FORWARD) MOVE_OUTPUTS(p, w, y, first, rows, m->y, false, NULL);
    if (!w->are_x && pass != CONVOLUTION_INPUT_GRADIENT) GATHER(p, w, x, first, images, m->matrix);
    if (pass == CONVOLUTION_FORWARD)
        o = (gemm_operands){ .a = matrix, .b = m->weight, .bias = w->copies_y ? NULL : bias, .y = outputs };
    else if (pass == CONVOLUTION_INPUT_GRADIENT)
        o = (gemm_operands){ .a = outputs, .b = m->weight, .y = matrix };
    else
        o = (gemm_operands){ .a = outputs, .b = matrix, .y = m->weight, .other = m->weight };
    gemm_plan plan = GEMM_PLAN(&product);
    GEMM_RUN(&plan, &o, m->product);
    if (w->copies_y && pass == CONVOLUTION_FORWARD) MOVE_OUTPUTS(p, w, y, first, rows, m->y, true, bias);
    if (!w->are_x && pass == CONVOLUTION_INPUT_GRADIENT) SCATTER(p, w, m->matrix, images, x, first, m->x);
}

size_t SCRATCH(const convolution *p, enum convolution_pass pass)
{
    if (p->batch == 0) return 0;
    windows w = windows_of(p, pass);
    sizes s = sizes_of(p, &w, pass);
    size_t product = 0;
    for (int i = 0; i < 4; i++) { /* all images of a block, or those of the last; the first block, or another */
        int64_t images = i % 2 ? p->batch % w.images : w.images;
        gemm_problem problem = product_of(p, &w, pass, images * w.area, i / 2);
        gemm_plan plan = GEMM_PLAN(&problem);
        if (plan.scratch > product) product = plan.scratch;
    }
    return (size_t)(s.windows + s.weight + s.x + s.y) * sizeof(REAL) + product;
}

void CONVOLVE(const convolution *p, enum convolution_pass pass, void *x, REAL *weight, const REAL *bias, void *y,
              void *scratch)
{
    bool to_weight = pass == CONVOLUTION_WEIGHT_GRADIENT;
    if (p->batch == 0) {
        int64_t count = p->outputs * p->channels / p->groups * p->kernel[0] * p->kernel[1];
        if (to_weight) memset(weight, 0, (size_t)count * sizeof *weight);
        return;
    }
    windows w = windows_of(p, pass);
    sizes s = sizes_of(p, &w, pass);
    NAMED(memory) m = NAMED(memory_of)(&s, scratch);
    if (!to_weight) ARRANGE(p, &w, weight, m.weight);
    for (int64_t i = 0; i < p->batch; i += w.images)
        CONVOLVE_IMAGES(p, &w, pass, i, w.images < p->batch - i ? w.images : p->batch - i, x, bias, y, &m);
    if (to_weight) RESTORE(p, &w, m.weight, weight);
}

#undef LOAD
#undef STORE
#undef GATHER
#undef SCATTER_LINE
#undef SCATTER
#undef MOVE_OUTPUTS
#undef ARRANGE
#undef RESTORE
#undef CONVOLVE_IMAGES
#undef CONVOLVE
#undef SCRATCH
#undef GEMM_PLAN
#undef GEMM_RUN
