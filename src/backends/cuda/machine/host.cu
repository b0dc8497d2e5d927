/* host.cu - a call that no kernel serves, on the reference backend: its arrays are copied to the host and back. */
#include "backends/cuda/machine/device_internal.h"
#include "backends/cuda/kernels.h"

extern "C" {
#include "backends/reference/backend.h"
}
#include <stdlib.h>

static size_t bytes_of(const array *a)
{
    return (size_t)vt_shape_count(a->shape) * vt_dtype_size(a->dtype);
}

/* The array's elements, which are contiguous, in the host's memory. */
static bool fetch(const array *from, array *to)
{
    *to = array_contiguous(NULL, from->dtype, from->shape);
    if (!from->data) return true;
    to->data = malloc(bytes_of(from) + 1);
    return to->data ? cuda_queue.download(to->data, from->data, bytes_of(from))
                    : raise_error(VT_ERROR_MEMORY, vt_site{}, "out of memory to compute on the host");
}

static bool run_fetched(const kernel_call *call, array *arrays)
{
    const op *op = call->op;
    kernel_call on_host = *call;
    on_host.in = arrays;
    on_host.out = arrays + call->inputs;
    for (int i = 0; i < call->inputs + call->outputs; i++)
        if (!fetch(&call->in[i], &arrays[i])) return false;
    if (!reference_kernel_of(op)->run(&on_host)) return false;
    for (int i = 0; i < call->inputs + call->outputs; i++) {
        bool written = i >= call->inputs || (op->writes && op->writes(i));
        if (written && arrays[i].data && !cuda_queue.push(call->in[i].data, arrays[i].data, bytes_of(&arrays[i])))
            return false;
    }
    return true;
}

/* Inputs and outputs lie one behind another in a call. */
static bool run(const kernel_call *call)
{
    array *arrays = (array *)calloc((size_t)(call->inputs + call->outputs) + 1, sizeof *arrays);
    if (!arrays) return raise_error(VT_ERROR_MEMORY, vt_site{}, "out of memory to compute on the host");
    bool ok = run_fetched(call, arrays);
    for (int i = 0; i < call->inputs + call->outputs; i++) free(arrays[i].data);
    free(arrays);
    return ok;
}

const kernel cuda_host_kernel = { .run = run, .waits = true };
