/* resample.c - the op, and the rows of its matrices. */
#include "ops/resample.h"
#include "ops/list.h"
#include <vitro/vitro.h>
#include <math.h>
#include <stdlib.h>

/* -- The rows of one axis ------------------------------------------------------------------------------------------ */

/* One axis of the attributes. */
typedef struct axis {
    const resample_attributes *all;
    int number; /* 0 or 1 */
    int64_t from, to, kernel, stride, padding, behind;
    double scale; /* input elements an output element */
} axis;

static axis axis_of(const resample_attributes *a, int i)
{
    axis x = { a, i, a->from[i], a->to[i], a->kernel[i], a->stride[i], a->padding[i], a->padding_behind[i], 0 };
    if (!a->align_corners)
        x.scale = a->scale[i] > 0 ? a->scale[i] : (double)x.from / (double)x.to;
    else if (x.to > 1)
        x.scale = (double)(x.from - 1) / (double)(x.to - 1);
    return x;
}

static int64_t clamp(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

/* Keys's cubic convolution kernel */
static double cubic(double x, double a)
{
    x = fabs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? ((x - 5) * x + 8) * x * a - 4 * a : 0;
}

static double triangle(double x)
{
    return fmax(1 - fabs(x), 0);
}

/* The weights of elements first to last - 1, all equal. */
static band even(int64_t first, int64_t last, double weight, double *weights)
{
    for (int64_t i = first; i < last; i++) weights[i - first] = weight;
    return (band){ first, last > first ? last - first : 0, weights };
}

static band window_row(const axis *x, int64_t i, double *weights)
{
    int64_t first = i * x->stride - x->padding, last = first + x->kernel;
    if (last > x->from + x->behind) last = x->from + x->behind;
    int64_t inside = clamp(first, 0, x->from), end = clamp(last, 0, x->from);
    return even(inside, end, 1 / (double)(x->all->exclude_padding ? end - inside : last - first), weights);
}

static band adaptive_row(const axis *x, int64_t i, double *weights)
{
    int64_t first = i * x->from / x->to, last = ((i + 1) * x->from + x->to - 1) / x->to;
    return even(first, last, 1 / (double)(last - first), weights);
}

/* The kernel at `taps` elements around a position; what falls outside the image goes to its edge. */
static band interpolated_row(const axis *x, int64_t i, double *weights)
{
    bool is_cubic = x->all->method == RESAMPLE_BICUBIC;
    double position = x->all->align_corners ? (double)i * x->scale : ((double)i + 0.5) * x->scale - 0.5;
    int64_t whole = (int64_t)floor(position), taps = is_cubic ? 4 : 2, start = whole - (is_cubic ? 1 : 0);
    int64_t first = clamp(start, 0, x->from - 1), last = clamp(start + taps - 1, 0, x->from - 1);
    for (int64_t k = first; k <= last; k++) weights[k - first] = 0;
    for (int64_t k = start; k < start + taps; k++) {
        double distance = position - (double)k;
        weights[clamp(k, first, last) - first] += is_cubic ? cubic(distance, -0.75) : triangle(distance);
    }
    return (band){ first, last - first + 1, weights };
}

/* The kernel, widened to what an output element covers, and normalised over what lies inside the image. */
static band antialiased_row(const axis *x, int64_t i, double *weights)
{
    bool is_cubic = x->all->method == RESAMPLE_BICUBIC;
    double width = fmax(x->scale, 1), support = (is_cubic ? 2 : 1) * width, centre = x->scale * ((double)i + 0.5);
    int64_t first = clamp((int64_t)(centre - support + 0.5), 0, x->from - 1);
    int64_t last = clamp((int64_t)(centre + support + 0.5), first + 1, x->from);
    double total = 0;
    for (int64_t k = first; k < last; k++) {
        double distance = ((double)k - centre + 0.5) / width;
        weights[k - first] = is_cubic ? cubic(distance, -0.5) : triangle(distance);
        total += weights[k - first];
    }
    for (int64_t k = first; total != 0 && k < last; k++) weights[k - first] /= total;
    return (band){ first, last - first, weights };
}

/* The pixel that falls `shift`, 0 or a half, behind the beginning of output element i; without a scale in whole
 * numbers, which are exact. */
static band nearest_row(const axis *x, int64_t i, double shift, double *weights)
{
    int64_t twice = 2 * i + (shift > 0), pixel = twice * x->from / (2 * x->to);
    if (x->all->scale[x->number] > 0) pixel = clamp((int64_t)floor(((double)i + shift) * x->scale), 0, x->from - 1);
    return even(pixel, pixel + 1, 1, weights);
}

static band row_of(const axis *x, int64_t i, double *weights)
{
    switch ((enum resample_method)x->all->method) {
    case RESAMPLE_WINDOW_MEAN: return window_row(x, i, weights);
    case RESAMPLE_ADAPTIVE_MEAN: return adaptive_row(x, i, weights);
    case RESAMPLE_NEAREST: return nearest_row(x, i, 0, weights);
    case RESAMPLE_NEAREST_EXACT: return nearest_row(x, i, 0.5, weights);
    default: return x->all->antialias ? antialiased_row(x, i, weights) : interpolated_row(x, i, weights);
    }
}

/* The most weights that a row has. */
static int64_t widest(const axis *x)
{
    int64_t taps = x->from;
    if (x->all->method == RESAMPLE_WINDOW_MEAN) taps = x->kernel;
    if (x->all->method == RESAMPLE_ADAPTIVE_MEAN) taps = x->from / x->to + 2;
    if (x->all->method == RESAMPLE_NEAREST || x->all->method == RESAMPLE_NEAREST_EXACT) taps = 1;
    if (x->all->method == RESAMPLE_BILINEAR || x->all->method == RESAMPLE_BICUBIC)
        taps = x->all->antialias ? (int64_t)(4 * fmax(x->scale, 1)) + 3 : 4;
    return taps < x->from ? taps : x->from;
}

/* -- Whole matrices ------------------------------------------------------------------------------------------------ */

/* Rows and the room for their weights in one piece of memory. */
static band *allocate(int64_t rows, int64_t weights, double **room)
{
    band *bands = malloc((size_t)rows * sizeof *bands + (size_t)weights * sizeof **room);
    if (bands) *room = (double *)(bands + rows);
    return bands;
}

static band *forward_bands(const axis *x)
{
    double *weights;
    int64_t width = widest(x);
    band *bands = allocate(x->to, x->to * width, &weights);
    for (int64_t i = 0; bands && i < x->to; i++) bands[i] = row_of(x, i, weights + i * width);
    return bands;
}

/* Rows begin and end further along the input from one to the next, so that a column, too, is one run of rows. */
static band *transposed_bands(const axis *x, const band *rows)
{
    double *weights;
    int64_t count = 0;
    for (int64_t i = 0; i < x->to; i++) count += rows[i].count;
    band *columns = allocate(x->from, count, &weights);
    for (int64_t j = 0, begin = 0, end = 0; columns && j < x->from; j++) {
        while (begin < x->to && rows[begin].first + rows[begin].count <= j) begin++;
        while (end < x->to && rows[end].first <= j) end++;
        columns[j] = (band){ begin, end > begin ? end - begin : 0, weights };
        for (int64_t i = begin; i < end; i++) *weights++ = rows[i].weight[j - rows[i].first];
    }
    return columns;
}

band *resample_bands(const resample_attributes *a, int i)
{
    axis x = axis_of(a, i);
    band *rows = forward_bands(&x);
    if (!rows || !a->transposed) return rows;
    band *columns = transposed_bands(&x, rows);
    free(rows);
    return columns;
}

/* -- The op -------------------------------------------------------------------------------------------------------- */

static bool infer_resample(const node *n, const spec *in, spec *out)
{
    const resample_attributes *a = ATTRIBUTES(resample_attributes, n);
    const int64_t *from = a->transposed ? a->to : a->from, *to = a->transposed ? a->from : a->to;
    char text[128];
    if (!vt_dtype_is_float(in->dtype)) return refuse(n, "x is %s; it must be f32 or f64", vt_dtype_name(in->dtype));
    if (in->shape.rank != 4 || in->shape.dim[2] != from[0] || in->shape.dim[3] != from[1])
        return refuse(n, "x %s must be [batch, channels, %lld, %lld]", vt_shape_text(in->shape, text),
                      (long long)from[0], (long long)from[1]);
    *out = (spec){ in->dtype, VT_SHAPE(in->shape.dim[0], in->shape.dim[1], to[0], to[1]) };
    return true;
}

static void resample_vjp(const node *n, const vt_tensor *g, vt_tensor *dx)
{
    resample_attributes a = *ATTRIBUTES(resample_attributes, n);
    a.transposed = !a.transposed;
    dx[0] = resample(n->at, g[0], &a);
}

const op op_resample = { OP_HEAD(resample, 1, 1, 1), .infer = infer_resample, .vjp = resample_vjp };

vt_tensor resample(vt_site at, vt_tensor x, const resample_attributes *a)
{
    return record(&op_resample, at, INPUTS(x), .attributes = a, .attributes_size = sizeof *a);
}
