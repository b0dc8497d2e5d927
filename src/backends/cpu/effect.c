/* effect.c - ops that overwrite tensors. */
#include "backends/cpu/kernels.h"
#include <string.h>

static bool assign(const kernel_call *call)
{
    array *target = &call->in[0];
    const array *value = &call->in[1];
    if (array_is_contiguous(value))
        memmove(target->data, value->data, (size_t)vt_shape_count(value->shape) * vt_dtype_size(value->dtype));
    else
        array_copy(target, value);
    return true;
}

const kernel_row cpu_effect_kernels[] = {
    { &op_assign, { .run = assign, .strided = true } },
    { 0 },
};
