/* device.cu - the device as this thread sees it: streams, and the first contact. */
#include "backends/cuda/machine/device_internal.h"
#include <pthread.h>

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

bool is_for_library(const void *scratch, const char *library)
{
    if ((uintptr_t)scratch % MEMORY_ALIGNMENT == 0) return true;
    return raise_error(VT_ERROR_UNSUPPORTED, vt_site{},
                       "device cuda: working memory for %s begins at %p, which is no multiple of %d bytes: a fault of "
                       "vitro's",
                       library, scratch, (int)MEMORY_ALIGNMENT);
}

bool launched(const kernel_call *call)
{
    return cuda_ok(cudaGetLastError(), call->op->name);
}

static bool count_devices(int *count)
{
    *count = 0;
    cudaError_t status = cudaGetDeviceCount(count);
    if (status == cudaSuccess && *count > 0) return true;
    cudaGetLastError();
    return raise_error(VT_ERROR_UNSUPPORTED, vt_site{}, "device cuda: no GPU is to be had here: %s",
                       status == cudaSuccess ? "none was found" : cudaGetErrorString(status));
}

/* Of the process: what its threads share, such as the libraries' handles, belongs to one GPU. It is settled by the
 * threads that compute on it, or ever did, or are about to. */
static pthread_mutex_t choosing = PTHREAD_MUTEX_INITIALIZER;
static int chosen, claims;

/* Of the mutex's holder. */
static void claim()
{
    claims += !device.has_claim;
    device.has_claim = true;
}

/* Of a thread that could not start. */
static void drop_claim()
{
    pthread_mutex_lock(&choosing);
    claims -= device.has_claim;
    device.has_claim = false;
    pthread_mutex_unlock(&choosing);
}

bool device_select(int number)
{
    int count;
    if (!count_devices(&count)) return false;
    if (number >= count)
        return raise_error(VT_ERROR_UNSUPPORTED, vt_site{}, "device cuda:%d: the GPUs of this machine are 0 to %d",
                           number, count - 1);
    pthread_mutex_lock(&choosing);
    if (claims == 0) chosen = number;
    const int current = chosen;
    if (current == number) claim(); /* so that another thread's choice does not come before this one's start */
    pthread_mutex_unlock(&choosing);
    return current == number ||
           raise_error(VT_ERROR_UNSUPPORTED, vt_site{},
                       "device cuda:%d: this process computes on cuda:%d, and on no other", number, current);
}

static bool find_device()
{
    int count;
    if (!count_devices(&count)) return false;
    pthread_mutex_lock(&choosing);
    claim();
    pthread_mutex_unlock(&choosing);
    return cuda_ok(cudaSetDevice(chosen), "cudaSetDevice");
}

static bool make_event(cudaEvent_t *event)
{
    return cuda_ok(cudaEventCreateWithFlags(event, cudaEventDisableTiming), "cudaEventCreate");
}

static bool make_streams()
{
    bool ok = cuda_ok(cudaStreamCreateWithFlags(&device.compute, cudaStreamNonBlocking), "cudaStreamCreate") &&
              cuda_ok(cudaStreamCreateWithFlags(&device.copy, cudaStreamNonBlocking), "cudaStreamCreate") &&
              make_event(&device.copied);
    for (cudaEvent_t &mark : device.marks.events) ok = ok && make_event(&mark);
    for (stage_ring *ring : { &device.for_copy, &device.for_compute })
        for (stage &s : ring->stages) ok = ok && make_event(&s.done);
    return ok;
}

static bool ask_device()
{
    int number = 0;
    return cuda_ok(cudaGetDevice(&number), "cudaGetDevice") &&
           cuda_ok(cudaDeviceGetAttribute(&device.multiprocessors, cudaDevAttrMultiProcessorCount, number),
                   "cudaDeviceGetAttribute");
}

static bool make_faults()
{
    return cuda_ok(cudaMalloc((void **)&device.faults, sizeof *device.faults), "cudaMalloc") &&
           cuda_ok(cudaMemsetAsync(device.faults, 0, sizeof *device.faults, device.compute), "cudaMemsetAsync");
}

static void end_event(cudaEvent_t event)
{
    if (event) cudaEventDestroy(event);
}

static void end_stream(cudaStream_t stream)
{
    if (!stream) return;
    cudaStreamSynchronize(stream);
    cudaStreamDestroy(stream);
}

/* A part of it too. */
static void give_back()
{
    end_stream(device.compute);
    end_stream(device.copy);
    for (stage_ring *ring : { &device.for_copy, &device.for_compute }) {
        for (stage &s : ring->stages) {
            cudaFreeHost(s.memory);
            end_event(s.done);
        }
    }
    for (cudaEvent_t mark : device.marks.events) end_event(mark);
    end_event(device.copied);
    cudaFree(device.faults);
    device = {};
}

bool device_start()
{
    if (device.started) return true;
    device.started = find_device() && ask_device() && make_streams() && make_faults();
    if (device.started) return true;
    drop_claim();
    give_back();
    return false;
}

void device_stop()
{
    if (device.started) give_back();
}
