/* normalization.c - reference kernels of softmax and of normalisations. */
#include "backends/reference/reference.h"
#include "ops/normalization.h"
#include <math.h>
#include <string.h>

/* Writes e^(x - max) / Σ e^(x - max), or its logarithm, for each row of `length` elements, `inner` apart. */
static void softmax(const reference_call *c, bool logarithm)
{
    vt_shape shape = c->in_shape[0];
    int axis = (int)((const softmax_attributes *)c->attributes)->axis;
    int64_t length = shape.dim[axis], inner = extent_product(shape, axis + 1, shape.rank);
    int64_t rows = extent_product(shape, 0, axis) * inner;
    for (int64_t row = 0; row < rows; row++) {
        int64_t first = row / inner * length * inner + row % inner;
        const double *x = c->in[0] + first;
        double *y = c->out[0] + first, max = -INFINITY, sum = 0;
        for (int64_t i = 0; i < length; i++) max = fmax(max, x[i * inner]);
        for (int64_t i = 0; i < length; i++) sum += exp(x[i * inner] - max);
        for (int64_t i = 0; i < length; i++) {
            double d = x[i * inner] - max;
            y[i * inner] = logarithm ? d - log(sum) : exp(d) / sum;
        }
    }
}

void reference_softmax(const reference_call *c)
{
    softmax(c, false);
}

void reference_log_softmax(const reference_call *c)
{
    softmax(c, true);
}

static double mean_of(const double *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i];
    return sum / (double)n;
}

static double mean_square(const double *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i] * x[i];
    return sum / (double)n;
}

/* Subtracts the mean from the row. What rounding leaves of it in what is left is returned, and subtracted too. */
static double center(double *x, int64_t n, double mean)
{
    for (int64_t i = 0; i < n; i++) x[i] -= mean;
    double rest = mean_of(x, n);
    for (int64_t i = 0; i < n; i++) x[i] -= rest;
    return rest;
}

/* mean + rest, as the number of the output's dtype that is nearest, and what that leaves. */
static void set_mean(const reference_call *c, int64_t nearest, int64_t left, double mean, double rest)
{
    double *out = c->out[NORM_MEAN];
    out[nearest] = c->out_dtype[NORM_MEAN] == VT_F32 ? (double)(float)mean : mean;
    out[left] = mean - out[nearest] + rest;
}

/* y = (x - mean) rstd weight + bias */
void reference_layer_norm(const reference_call *c)
{
    const row_norm_attributes *a = c->attributes;
    const double *x = c->in[NORM_X], *weight = c->in[NORM_WEIGHT], *bias = c->in[NORM_BIAS];
    vt_shape shape = c->in_shape[NORM_X];
    int64_t n = extent_product(shape, shape.rank - (int)a->rank, shape.rank), rows = vt_shape_count(shape) / n;
    for (int64_t row = 0; row < rows; row++) {
        double *y = memcpy(c->out[NORM_Y] + row * n, x + row * n, (size_t)n * sizeof *y);
        double mean = mean_of(y, n), rest = center(y, n, mean), rstd = 1 / sqrt(mean_square(y, n) + a->eps);
        for (int64_t i = 0; i < n; i++) y[i] = y[i] * rstd * (weight ? weight[i] : 1) + (bias ? bias[i] : 0);
        set_mean(c, 2 * row, 2 * row + 1, mean, rest);
        c->out[NORM_RSTD][row] = rstd;
    }
}

/* y = x rstd weight */
void reference_rms_norm(const reference_call *c)
{
    const row_norm_attributes *a = c->attributes;
    const double *weight = c->in[RMS_NORM_WEIGHT];
    vt_shape shape = c->in_shape[RMS_NORM_X];
    int64_t n = extent_product(shape, shape.rank - (int)a->rank, shape.rank), rows = vt_shape_count(shape) / n;
    for (int64_t row = 0; row < rows; row++) {
        const double *x = c->in[RMS_NORM_X] + row * n;
        double *y = c->out[RMS_NORM_Y] + row * n, rstd = 1 / sqrt(mean_square(x, n) + a->eps);
        for (int64_t i = 0; i < n; i++) y[i] = x[i] * rstd * (weight ? weight[i] : 1);
        c->out[RMS_NORM_RSTD][row] = rstd;
    }
}

/* Each channel by its own mean and variance. */
void reference_batch_norm(const reference_call *c)
{
    const batch_norm_attributes *a = c->attributes;
    const double *x = c->in[NORM_X], *weight = c->in[NORM_WEIGHT], *bias = c->in[NORM_BIAS];
    vt_shape shape = c->in_shape[NORM_X];
    int64_t samples = shape.dim[0], channels = shape.dim[1], size = extent_product(shape, 2, shape.rank);
    for (int64_t channel = 0; channel < channels; channel++) {
        double mean = 0, rest = 0, var = 0, count = (double)(samples * size);
#define EACH_ELEMENT                                                                                                   \
    for (int64_t s = 0; s < samples; s++)                                                                              \
        for (int64_t i = (s * channels + channel) * size, end = i + size; i < end; i++)
        EACH_ELEMENT mean += x[i] / count;
        EACH_ELEMENT rest += (x[i] - mean) / count;
        EACH_ELEMENT var += (x[i] - mean - rest) * (x[i] - mean - rest) / count;
        double scale = (weight ? weight[channel] : 1) / sqrt(var + a->eps);
        EACH_ELEMENT c->out[NORM_Y][i] = (x[i] - mean - rest) * scale + (bias ? bias[channel] : 0);
        set_mean(c, channel, channels + channel, mean, rest);
        c->out[NORM_VAR][channel] = var;
    }
}

void reference_running_statistics(const reference_call *c)
{
    const running_statistics_attributes *a = c->attributes;
    double *mean = c->in[RUNNING_MEAN], *var = c->in[RUNNING_VAR];
    for (int64_t channel = 0; channel < vt_shape_count(c->in_shape[RUNNING_MEAN]); channel++) {
        mean[channel] += a->momentum * (c->in[RUNNING_BATCH_MEAN][channel] - mean[channel]);
        var[channel] += a->momentum * (a->correction * c->in[RUNNING_BATCH_VAR][channel] - var[channel]);
    }
    if (c->whole_in[RUNNING_BATCHES]) c->whole_in[RUNNING_BATCHES][0]++;
}
