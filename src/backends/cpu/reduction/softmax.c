/* softmax.c - softmax, its logarithm, and their gradients: along the last axis row by row, along another one for
 * columns side by side. */
#include "backends/cpu/kernels.h"
#include "backends/cpu/vector/lanes.h"
#include "ops/normalization.h"

/* Rows that are handled together, while they are in the nearest cache. */
static int64_t rows_together(int64_t length)
{
    enum { ELEMENTS = 2048 };
    return length > 0 && length < ELEMENTS ? ELEMENTS / length : 1;
}

#define TEMPLATE "backends/cpu/reduction/softmax_template.h"
#include "backends/cpu/vector/each_float.h"

static bool forward(const kernel_call *call, bool logarithm)
{
    const array *x = &call->in[0];
    along_axis a = along_axis_of(x->shape, ((const softmax_attributes *)call->attributes)->axis);
    if (element_count(a) == 0) return true; /* however many empty rows there are */
    (x->dtype == VT_F32 ? softmax_f32 : softmax_f64)(x->data, a, logarithm, call->out[0].data);
    return true;
}

static bool backward(const kernel_call *call, bool logarithm)
{
    const array *g = &call->in[0], *y = &call->in[1];
    along_axis a = along_axis_of(y->shape, ((const softmax_attributes *)call->attributes)->axis);
    if (element_count(a) == 0) return true;
    (y->dtype == VT_F32 ? softmax_gradient_f32 : softmax_gradient_f64)(g->data, y->data, a, logarithm,
                                                                       call->out[0].data);
    return true;
}

static bool run_softmax(const kernel_call *call)
{
    return forward(call, false);
}

static bool run_log_softmax(const kernel_call *call)
{
    return forward(call, true);
}

static bool run_softmax_gradient(const kernel_call *call)
{
    return backward(call, false);
}

static bool run_log_softmax_gradient(const kernel_call *call)
{
    return backward(call, true);
}

const kernel_row cpu_softmax_kernels[] = {
    { &op_softmax, { .run = run_softmax } },
    { &op_log_softmax, { .run = run_log_softmax } },
    { &op_softmax_gradient, { .run = run_softmax_gradient } },
    { &op_log_softmax_gradient, { .run = run_log_softmax_gradient } },
    { 0 },
};
