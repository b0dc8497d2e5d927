/* resample.c - the reference kernel of resampling: whole matrices, element by element from their definitions. */
#include "backends/reference/reference.h"
#include "ops/resample.h"
#include <math.h>
#include <stdlib.h>

static double cubic(double t, double a)
{
    t = fabs(t);
    if (t <= 1) return (a + 2) * t * t * t - (a + 3) * t * t + 1;
    if (t < 2) return a * t * t * t - 5 * a * t * t + 8 * a * t - 4 * a;
    return 0;
}

static double weigh(int64_t method, double t, double a)
{
    return method == RESAMPLE_BICUBIC ? cubic(t, a) : fabs(t) < 1 ? 1 - fabs(t) : 0;
}

/* What output element i takes of input element j where neighbours are interpolated: the image goes on beyond its edges
 * with their values. */
static double interpolated(int64_t method, double position, int64_t from, int64_t j)
{
    double sum = 0;
    for (int64_t k = -2; k < from + 3; k++) {
        int64_t inside = k < 0 ? 0 : k >= from ? from - 1 : k;
        if (inside == j) sum += weigh(method, position - (double)k, -0.75);
    }
    return sum;
}

/* Not normalised. Pixel j covers [j, j + 1]; as in Pillow, those whose centre is within the support count. */
static double antialiased(int64_t method, double centre, double scale, int64_t j)
{
    double width = scale > 1 ? scale : 1, support = (method == RESAMPLE_BICUBIC ? 2 : 1) * width;
    double low = trunc(centre - support + 0.5), high = trunc(centre + support + 0.5);
    if ((double)j < low || (double)j >= high) return 0;
    return weigh(method, ((double)j + 0.5 - centre) / width, -0.5);
}

static double window(const resample_attributes *a, int axis, int64_t i, int64_t j)
{
    int64_t begin = i * a->stride[axis] - a->padding[axis], counted = 0;
    for (int64_t k = begin; k < begin + a->kernel[axis]; k++)
        counted += a->exclude_padding ? k >= 0 && k < a->from[axis] : k < a->from[axis] + a->padding_behind[axis];
    return j >= begin && j < begin + a->kernel[axis] ? 1 / (double)counted : 0;
}

static double adaptive(int64_t from, int64_t to, int64_t i, int64_t j)
{
    double begin = floor((double)i * (double)from / (double)to),
           end = ceil((double)(i + 1) * (double)from / (double)to);
    return (double)j >= begin && (double)j < end ? 1 / (end - begin) : 0;
}

static double element(const resample_attributes *a, int axis, int64_t i, int64_t j)
{
    int64_t from = a->from[axis], to = a->to[axis];
    double scale = (double)from / (double)to;
    if (a->scale[axis] > 0) scale = a->scale[axis];
    if (a->method == RESAMPLE_NEAREST || a->method == RESAMPLE_NEAREST_EXACT) {
        double shift = a->method == RESAMPLE_NEAREST_EXACT ? 0.5 : 0;
        double place =
            a->scale[axis] > 0 ? ((double)i + shift) * scale : ((double)i + shift) * (double)from / (double)to;
        return (double)j == fmin(floor(place), (double)(from - 1));
    }
    if (a->method == RESAMPLE_WINDOW_MEAN) return window(a, axis, i, j);
    if (a->method == RESAMPLE_ADAPTIVE_MEAN) return adaptive(from, to, i, j);
    if (a->align_corners) scale = to > 1 ? (double)(from - 1) / (double)(to - 1) : 0;
    if (a->antialias) return antialiased(a->method, scale * ((double)i + 0.5), scale, j);
    double position = a->align_corners ? (double)i * scale : scale * ((double)i + 0.5) - 0.5;
    return interpolated(a->method, position, from, j);
}

/* The matrix [to, from] of an axis; NULL where memory is short. */
static double *matrix(const resample_attributes *a, int axis)
{
    int64_t from = a->from[axis], to = a->to[axis];
    double *m = calloc((size_t)(from * to), sizeof *m);
    for (int64_t i = 0; m && i < to; i++) {
        double total = 0;
        for (int64_t j = 0; j < from; j++) total += m[i * from + j] = element(a, axis, i, j);
        for (int64_t j = 0; a->antialias && j < from; j++) m[i * from + j] /= total;
    }
    return m;
}

void reference_resample(const reference_call *c)
{
    const resample_attributes *a = c->attributes;
    double *vertical = matrix(a, 0), *horizontal = matrix(a, 1);
    int64_t planes = extent_product(c->out_shape[0], 0, 2), from = a->from[0] * a->from[1], to = a->to[0] * a->to[1];
    for (int64_t k = 0; vertical && horizontal && k < planes * from * to; k++) {
        int64_t plane = k / (from * to), input = k % from, output = k / from % to;
        double weight = vertical[output / a->to[1] * a->from[0] + input / a->from[1]] *
                        horizontal[output % a->to[1] * a->from[1] + input % a->from[1]];
        if (weight == 0) continue;
        if (a->transposed)
            c->out[0][plane * from + input] += weight * c->in[0][plane * to + output];
        else
            c->out[0][plane * to + output] += weight * c->in[0][plane * from + input];
    }
    free(vertical);
    free(horizontal);
}
