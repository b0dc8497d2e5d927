/* batch_norm.c - batch norm of x [samples, channels, size] by the statistics of the batch, and its gradient. Each
 * channel is one thread's, so that the bits do not depend on how many there are. */
#include "backends/cpu/kernels.h"
#include "backends/cpu/lanes.h"
#include "ops/normalization.h"

/* Up to this size channels are taken several at once, as columns; more would leave too few blocks for the threads. */
enum { SMALL_CHANNEL = 32, COLUMNS = 128 };

/* Of one channel: dx = (g - g_mean - (x - mean) slope) scale. */
typedef struct slopes {
    double mean, scale, g_mean, slope;
} slopes;

#define REAL     float
#define NAMED(x) x##_f32
#define BATCH    batch_f32
#include "backends/cpu/batch_norm_template.h"
#undef REAL
#undef NAMED
#undef BATCH
#define REAL     double
#define NAMED(x) x##_f64
#define BATCH    batch_f64
#include "backends/cpu/batch_norm_template.h"

#define EXTENTS(call, x)                                                                                               \
    .samples = (x)->shape.dim[0], .channels = (x)->shape.dim[1], .size = along_axis_of((x)->shape, 1).inner,           \
    .eps = ((const batch_norm_attributes *)(call)->attributes)->eps

static bool run_batch_norm(const kernel_call *call)
{
    const array *x = &call->in[0];
    if (x->dtype == VT_F32)
        forward_f32(call, (batch_f32){ EXTENTS(call, x) });
    else
        forward_f64(call, (batch_f64){ EXTENTS(call, x) });
    return true;
}

static bool run_batch_norm_gradient(const kernel_call *call)
{
    const array *x = &call->in[1];
    if (x->dtype == VT_F32)
        backward_f32(call, (batch_f32){ EXTENTS(call, x) });
    else
        backward_f64(call, (batch_f64){ EXTENTS(call, x) });
    return true;
}

const kernel_row cpu_batch_norm_kernels[] = {
    { &op_batch_norm, { .run = run_batch_norm } },
    { &op_batch_norm_gradient, { .run = run_batch_norm_gradient } },
    { 0 },
};
