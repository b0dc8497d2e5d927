/* device.cu - the device as this thread sees it: streams, and the first contact. */
#include "backends/cuda/machine/device_internal.h"

thread_local device_state device;

cudaStream_t compute_stream()
{
    return device.compute;
}

int multiprocessors()
{
    return device.multiprocessors;
}

bool is_capturing()
{
    return device.capturing;
}

bool cuda_ok(cudaError_t status, const char *call)
{
    if (status == cudaSuccess) return true;
    cudaGetLastError(); /* it is reported here */
    vt_status kind = status == cudaErrorMemoryAllocation ? VT_ERROR_MEMORY : VT_ERROR_UNSUPPORTED;
    return raise_error(kind, vt_site{}, "device cuda: %s: %s", call, cudaGetErrorString(status));
}

bool launched(const kernel_call *call)
{
    return cuda_ok(cudaGetLastError(), call->op->name);
}

static bool find_device()
{
    int count = 0;
    cudaError_t status = cudaGetDeviceCount(&count);
    if (status == cudaSuccess && count > 0) return true;
    cudaGetLastError();
    return raise_error(VT_ERROR_UNSUPPORTED, vt_site{}, "device cuda: no GPU is to be had here: %s",
                       status == cudaSuccess ? "none was found" : cudaGetErrorString(status));
}

static bool make_streams()
{
    bool ok = cuda_ok(cudaStreamCreateWithFlags(&device.compute, cudaStreamNonBlocking), "cudaStreamCreate") &&
              cuda_ok(cudaStreamCreateWithFlags(&device.copy, cudaStreamNonBlocking), "cudaStreamCreate") &&
              cuda_ok(cudaEventCreateWithFlags(&device.copied, cudaEventDisableTiming), "cudaEventCreate");
    for (int i = 0; ok && i < MARKS; i++)
        ok = cuda_ok(cudaEventCreateWithFlags(&device.marks[i], cudaEventDisableTiming), "cudaEventCreate");
    for (int i = 0; ok && i < STAGES; i++)
        ok = cuda_ok(cudaEventCreateWithFlags(&device.stages[i].done, cudaEventDisableTiming), "cudaEventCreate");
    return ok;
}

bool device_start()
{
    if (device.started) return true;
    if (!find_device() || !make_streams()) return false;
    int number = 0;
    bool ok = cuda_ok(cudaGetDevice(&number), "cudaGetDevice") &&
              cuda_ok(cudaDeviceGetAttribute(&device.multiprocessors, cudaDevAttrMultiProcessorCount, number),
                      "cudaDeviceGetAttribute") &&
              cuda_ok(cudaMalloc((void **)&device.faults, sizeof *device.faults), "cudaMalloc") &&
              cuda_ok(cudaMemsetAsync(device.faults, 0, sizeof *device.faults, device.compute), "cudaMemsetAsync");
    device.started = ok;
    return ok;
}

void device_stop()
{
    if (!device.started) return;
    cudaStreamSynchronize(device.compute);
    cudaStreamSynchronize(device.copy);
    for (stage &s : device.stages) {
        cudaFreeHost(s.memory);
        cudaEventDestroy(s.done);
    }
    for (cudaEvent_t mark : device.marks) cudaEventDestroy(mark);
    cudaEventDestroy(device.copied);
    cudaStreamDestroy(device.copy);
    cudaStreamDestroy(device.compute);
    cudaFree(device.faults);
    device = {};
}
