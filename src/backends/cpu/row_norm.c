/* row_norm.c - layer norm and RMS norm, row by row, and their gradients. The gradients of weight and bias are summed
 * over parts of the rows first, as many as follow from the shape alone, and then over the parts. */
#include "backends/cpu/kernels.h"
#include "backends/cpu/lanes.h"
#include "ops/normalization.h"
#include <stdlib.h>

typedef struct row_norm {
    int64_t rows, length;
    double eps;
    int64_t parts;
    double *partial; /* of each part: dweight, dbias */
} row_norm;

#define REAL     float
#define NAMED(x) x##_f32
#include "backends/cpu/row_norm_template.h"
#undef REAL
#undef NAMED
#define REAL     double
#define NAMED(x) x##_f64
#include "backends/cpu/row_norm_template.h"

static row_norm row_norm_of(const kernel_call *call, const array *x)
{
    const row_norm_attributes *a = call->attributes;
    row_norm r = { .length = 1, .eps = a->eps };
    for (int i = x->shape.rank - (int)a->rank; i < x->shape.rank; i++) r.length *= x->shape.dim[i];
    r.rows = vt_shape_count(x->shape) / r.length;
    r.parts = r.rows / 16; /* so that partial sums take no more memory than x does */
    if (r.parts > 64) r.parts = 64;
    if (r.parts > r.rows * r.length / (SMALL_WORK / 4)) r.parts = r.rows * r.length / (SMALL_WORK / 4);
    if (r.parts < 1) r.parts = 1;
    return r;
}

static bool forward(const kernel_call *call, const void *bias, void *mean, void *rstd)
{
    row_norm r = row_norm_of(call, &call->in[0]);
    const void *x = call->in[0].data, *weight = call->in[1].data;
    if (call->in[0].dtype == VT_F32)
        norm_rows_f32(&r, x, weight, bias, call->out[0].data, mean, rstd);
    else
        norm_rows_f64(&r, x, weight, bias, call->out[0].data, mean, rstd);
    return true;
}

static bool backward(const kernel_call *call, const void *mean, const void *rstd, const void *weight)
{
    const array *g = &call->in[0], *x = &call->in[1];
    row_norm r = row_norm_of(call, x);
    if (call->outputs > 1 && !(r.partial = malloc((size_t)(r.parts * 2 * r.length) * sizeof *r.partial))) {
        refuse_call(call->op->name, (vt_site){ 0 }, VT_ERROR_MEMORY, "out of memory for partial sums");
        return false;
    }
    if (x->dtype == VT_F32)
        norm_rows_gradient_f32(&r, g->data, x->data, mean, rstd, weight, call->out[0].data);
    else
        norm_rows_gradient_f64(&r, g->data, x->data, mean, rstd, weight, call->out[0].data);
    for (int i = 1; i < call->outputs; i++) {
        int64_t offset = (i - 1) * r.length;
        if (x->dtype == VT_F32)
            add_parts_f32(&r, offset, call->out[i].data);
        else
            add_parts_f64(&r, offset, call->out[i].data);
    }
    free(r.partial);
    return true;
}

static bool run_layer_norm(const kernel_call *call)
{
    return forward(call, call->in[2].data, call->out[1].data, call->out[2].data);
}

static bool run_rms_norm(const kernel_call *call)
{
    return forward(call, NULL, NULL, call->out[1].data);
}

static bool run_layer_norm_gradient(const kernel_call *call)
{
    return backward(call, call->in[2].data, call->in[3].data, call->in[4].data);
}

static bool run_rms_norm_gradient(const kernel_call *call)
{
    return backward(call, NULL, call->in[2].data, call->in[3].data);
}

const kernel_row cpu_row_norm_kernels[] = {
    { &op_layer_norm, { .run = run_layer_norm } },
    { &op_rms_norm, { .run = run_rms_norm } },
    { &op_layer_norm_gradient, { .run = run_layer_norm_gradient } },
    { &op_rms_norm_gradient, { .run = run_rms_norm_gradient } },
    { 0 },
};
