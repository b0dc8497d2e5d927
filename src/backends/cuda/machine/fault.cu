/* fault.cu - kernels' faults become errors that name the op and its call. */
#include "backends/cuda/machine/device_internal.h"

extern "C" {
#include "ops/index.h"
}

fault_reporter reporter_for(const kernel_call *call, int input)
{
    return { device.faults, call->op->name, call->device_bound, call->in[input].shape };
}

static bool raise_fault(const fault &f)
{
    if (f.kind == INDEX_OUT_OF_RANGE) return refuse_index(f.op, f.at, f.value, f.limit, f.shape, f.number);
    refuse_call(f.op, f.at, VT_ERROR_ARGUMENT, "label %lld is out of range: there are %lld classes", (long long)f.value,
                (long long)f.limit);
    return false;
}

bool no_faults()
{
    fault found;
    if (!cuda_ok(cudaMemcpy(&found, device.faults, sizeof found, cudaMemcpyDeviceToHost), "cudaMemcpy")) return false;
    if (found.kind == NO_FAULT) return true;
    cuda_ok(cudaMemsetAsync(device.faults, 0, sizeof found, device.compute), "cudaMemsetAsync");
    return raise_fault(found);
}
