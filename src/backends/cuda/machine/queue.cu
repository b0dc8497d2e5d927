/* queue.cu - data to the device and back, marks, and graphs of what is queued. */
#include "backends/cuda/machine/device_internal.h"
#include <string.h>

/* -- To the device ------------------------------------------------------------------------------------------------ */

static const size_t LARGEST_STAGE = 1 << 24;

/* Pinned memory of at least so many bytes, that nothing is on its way from any more; NULL with an error. */
static stage *free_stage(stage_ring *ring, size_t bytes)
{
    stage *s = &ring->stages[ring->next];
    ring->next = (ring->next + 1) % STAGES;
    if (!cuda_ok(cudaEventSynchronize(s->done), "cudaEventSynchronize")) return NULL;
    if (s->bytes >= bytes) return s;
    cudaFreeHost(s->memory);
    s->memory = NULL;
    s->bytes = 0;
    if (!cuda_ok(cudaMallocHost(&s->memory, bytes), "cudaMallocHost")) return NULL;
    s->bytes = bytes;
    return s;
}

static bool copy_through_stages(void *to, const void *from, size_t bytes, stage_ring *ring, cudaStream_t stream)
{
    for (size_t done = 0; done < bytes;) {
        size_t part = bytes - done < (size_t)LARGEST_STAGE ? bytes - done : (size_t)LARGEST_STAGE;
        stage *s = free_stage(ring, part);
        if (!s) return false;
        memcpy(s->memory, (const char *)from + done, part);
        if (!cuda_ok(cudaMemcpyAsync((char *)to + done, s->memory, part, cudaMemcpyHostToDevice, stream),
                     "cudaMemcpyAsync") ||
            !cuda_ok(cudaEventRecord(s->done, stream), "cudaEventRecord"))
            return false;
        done += part;
    }
    return true;
}

/* The event of an old mark serves a later one by now: the oldest mark that has its own comes behind both. */
static cudaEvent_t event_of(uint64_t mark)
{
    uint64_t oldest = device.last_mark > MARKS ? device.last_mark - MARKS + 1 : 1;
    return device.marks[(mark > oldest ? mark : oldest) % MARKS];
}

static bool upload(void *to, const void *from, size_t bytes, uint64_t after)
{
    if (after && !cuda_ok(cudaStreamWaitEvent(device.copy, event_of(after), 0), "cudaStreamWaitEvent")) return false;
    return copy_through_stages(to, from, bytes, &device.for_copy, device.copy) &&
           cuda_ok(cudaEventRecord(device.copied, device.copy), "cudaEventRecord") &&
           cuda_ok(cudaStreamWaitEvent(device.compute, device.copied, 0), "cudaStreamWaitEvent");
}

static bool push(void *to, const void *from, size_t bytes)
{
    return copy_through_stages(to, from, bytes, &device.for_compute, device.compute);
}

static bool move(void *to, const void *from, size_t bytes)
{
    return cuda_ok(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, device.compute), "cudaMemcpyAsync");
}

/* -- And back ----------------------------------------------------------------------------------------------------- */

static bool finish()
{
    return cuda_ok(cudaStreamSynchronize(device.compute), "cudaStreamSynchronize") && no_faults();
}

static bool download(void *to, const void *from, size_t bytes)
{
    bool copied = bytes == 0 ||
                  cuda_ok(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, device.compute), "cudaMemcpyAsync");
    return copied && finish();
}

static uint64_t mark()
{
    uint64_t number = ++device.last_mark;
    cuda_ok(cudaEventRecord(device.marks[number % MARKS], device.compute), "cudaEventRecord");
    return number;
}

/* -- Graphs ------------------------------------------------------------------------------------------------------- */

static bool capture()
{
    device.capturing =
        cuda_ok(cudaStreamBeginCapture(device.compute, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
    return device.capturing;
}

static void *captured()
{
    cudaGraph_t graph = NULL;
    cudaGraphExec_t launchable = NULL;
    device.capturing = false;
    if (cudaStreamEndCapture(device.compute, &graph) == cudaSuccess && graph) {
        if (cudaGraphInstantiate(&launchable, graph, 0) != cudaSuccess) launchable = NULL;
        cudaGraphDestroy(graph);
    }
    cudaGetLastError(); /* what cannot be captured is no error */
    return launchable;
}

static bool launch(void *graph)
{
    return cuda_ok(cudaGraphLaunch((cudaGraphExec_t)graph, device.compute), "cudaGraphLaunch");
}

static void discard(void *graph)
{
    cudaStreamSynchronize(device.compute);
    cudaGraphExecDestroy((cudaGraphExec_t)graph);
}

const device_queue cuda_queue = {
    .start = device_start,
    .stop = device_stop,
    .upload = upload,
    .push = push,
    .move = move,
    .download = download,
    .finish = finish,
    .mark = mark,
    .capture = capture,
    .captured = captured,
    .launch = launch,
    .discard = discard,
};
