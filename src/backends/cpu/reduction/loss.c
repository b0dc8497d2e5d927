/* loss.c - cross-entropy of labels, and its gradient. */
#include "ops/loss.h"
#include "backends/cpu/kernels.h"
#include "backends/cpu/vector/lanes.h"
#include <vitro/loss.h>

/* The label that the first column of a block belongs to. */
static int64_t row_of_block(along_axis a, column_block block)
{
    return block.offset / (a.length * a.inner) * a.inner + block.offset % (a.length * a.inner);
}

#define TEMPLATE "backends/cpu/reduction/loss_template.h"
#include "backends/cpu/vector/each_float.h"

/* Before threads begin: an error is raised where the context is. */
static bool labels_are_in_range(const kernel_call *call, const array *labels, int64_t classes)
{
    const int64_t *label = labels->data;
    int64_t count = vt_shape_count(labels->shape);
    for (int64_t i = 0; i < count; i++) {
        if (label[i] == VT_IGNORE || (label[i] >= 0 && label[i] < classes)) continue;
        refuse_call(call->op->name, (vt_site){ 0 }, VT_ERROR_ARGUMENT,
                    "label %lld is out of range: there are %lld classes", (long long)label[i], (long long)classes);
        return false;
    }
    return true;
}

static double smoothing(const kernel_call *call)
{
    return ((const cross_entropy_attributes *)call->attributes)->label_smoothing;
}

static bool run_cross_entropy(const kernel_call *call)
{
    const array *x = &call->in[CROSS_ENTROPY_LOGITS], *label = &call->in[CROSS_ENTROPY_TARGET];
    void *loss = call->out[CROSS_ENTROPY_LOSS].data, *log_sum = call->out[CROSS_ENTROPY_LOGSUMEXP].data;
    along_axis a = along_axis_of(x->shape, 1);
    if (!labels_are_in_range(call, label, a.length)) return false;
    if (x->dtype == VT_F32)
        cross_entropy_f32(x->data, a, label->data, smoothing(call), loss, log_sum);
    else
        cross_entropy_f64(x->data, a, label->data, smoothing(call), loss, log_sum);
    return true;
}

static bool run_cross_entropy_gradient(const kernel_call *call)
{
    const array *g = &call->in[CROSS_ENTROPY_GRADIENT_G], *x = &call->in[CROSS_ENTROPY_GRADIENT_LOGITS];
    const array *label = &call->in[CROSS_ENTROPY_GRADIENT_TARGET];
    const array *log_sum = &call->in[CROSS_ENTROPY_GRADIENT_LOGSUMEXP];
    along_axis a = along_axis_of(x->shape, 1);
    if (!labels_are_in_range(call, label, a.length)) return false;
    if (x->dtype == VT_F32)
        cross_entropy_gradient_f32(g->data, x->data, a, label->data, smoothing(call), log_sum->data, call->out[0].data);
    else
        cross_entropy_gradient_f64(g->data, x->data, a, label->data, smoothing(call), log_sum->data, call->out[0].data);
    return true;
}

const kernel_row cpu_loss_kernels[] = {
    { &op_cross_entropy, { .run = run_cross_entropy } },
    { &op_cross_entropy_gradient, { .run = run_cross_entropy_gradient } },
    { 0 },
};
