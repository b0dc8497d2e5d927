/* resample.c - linear resampling of images: first down each column of a plane, then along each row, summed in f64. */
#include "backends/cpu/kernels.h"
#include "backends/cpu/machine/threads.h"
#include "ops/resample.h"
#include <stdlib.h>

/* The planes of a call, x [planes, from[0], from[1]] -> y [planes, to[0], to[1]], the matrices for them, and a row in
 * between for each thread. */
typedef struct resampling {
    int64_t planes, from[2], to[2];
    band *vertical, *horizontal;
    double *rows;
} resampling;

/* Output row `line` of one plane. */
#define DEFINE_LINE(type)                                                                                              \
    static void line_##type(const resampling *r, int64_t line, const type *x, type *y, double *row)                    \
    {                                                                                                                  \
        band v = r->vertical[line];                                                                                    \
        for (int64_t j = 0; j < r->from[1]; j++) row[j] = 0;                                                           \
        for (int64_t k = 0; k < v.count; k++) {                                                                        \
            const type *from = x + (v.first + k) * r->from[1];                                                         \
            for (int64_t j = 0; j < r->from[1]; j++) row[j] += v.weight[k] * (double)from[j];                          \
        }                                                                                                              \
        for (int64_t j = 0; j < r->to[1]; j++) {                                                                       \
            band h = r->horizontal[j];                                                                                 \
            double sum = 0;                                                                                            \
            for (int64_t k = 0; k < h.count; k++) sum += h.weight[k] * row[h.first + k];                               \
            y[line * r->to[1] + j] = (type)sum;                                                                        \
        }                                                                                                              \
    }
DEFINE_LINE(float)
DEFINE_LINE(double)

static void resample_planes(const resampling *r, const array *x, const array *y)
{
    int64_t lines = r->planes * r->to[0], from = r->from[0] * r->from[1], to = r->to[0] * r->to[1];
#pragma omp parallel for if (r->planes * (from + to) > 1 << 14)
    for (int64_t i = 0; i < lines; i++) {
        int64_t plane = i / r->to[0], line = i % r->to[0];
        double *row = r->rows + thread_number() * r->from[1];
        if (x->dtype == VT_F64)
            line_double(r, line, (const double *)x->data + plane * from, (double *)y->data + plane * to, row);
        else
            line_float(r, line, (const float *)x->data + plane * from, (float *)y->data + plane * to, row);
    }
}

static bool run_resample(const kernel_call *call)
{
    const array *x = &call->in[0], *y = &call->out[0];
    if (vt_shape_count(y->shape) == 0) return true;
    resampling r = { .planes = y->shape.dim[0] * y->shape.dim[1] };
    for (int i = 0; i < 2; i++) {
        r.from[i] = x->shape.dim[2 + i];
        r.to[i] = y->shape.dim[2 + i];
    }
    r.vertical = resample_bands(call->attributes, 0);
    r.horizontal = resample_bands(call->attributes, 1);
    r.rows = malloc((size_t)thread_count() * (size_t)r.from[1] * sizeof *r.rows);
    bool ok = r.vertical && r.horizontal && r.rows;
    if (ok)
        resample_planes(&r, x, y);
    else
        refuse_call("resample", (vt_site){ 0 }, VT_ERROR_MEMORY, "out of memory for its matrices");
    free(r.vertical);
    free(r.horizontal);
    free(r.rows);
    return ok;
}

const kernel_row cpu_resample_kernels[] = { { &op_resample, { .run = run_resample } }, { 0 } };
