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
    const mark_ring &ring = device.marks;
    uint64_t oldest = ring.last > MARKS ? ring.last - MARKS + 1 : 1;
    return ring.events[(mark > oldest ? mark : oldest) % MARKS];
}

/* What is copied from now on goes behind the mark. */
static bool copy_behind(uint64_t mark)
{
    return !mark || cuda_ok(cudaStreamWaitEvent(device.copy, event_of(mark), 0), "cudaStreamWaitEvent");
}

/* What is computed from now on goes behind what has been copied. */
static bool compute_behind_copies()
{
    return cuda_ok(cudaEventRecord(device.copied, device.copy), "cudaEventRecord") &&
           cuda_ok(cudaStreamWaitEvent(device.compute, device.copied, 0), "cudaStreamWaitEvent");
}

static bool upload(void *to, const void *from, size_t bytes, uint64_t after)
{
    return copy_behind(after) && copy_through_stages(to, from, bytes, &device.for_copy, device.copy) &&
           compute_behind_copies();
}

/* The event belongs to the memory, which may be uploaded from by one thread and awaited by another. */
static bool upload_pinned(void *to, const pinned_memory *from, size_t bytes, uint64_t after)
{
    bool ok = copy_behind(after) &&
              cuda_ok(cudaMemcpyAsync(to, from->data, bytes, cudaMemcpyHostToDevice, device.copy), "cudaMemcpyAsync") &&
              cuda_ok(cudaEventRecord((cudaEvent_t)from->read, device.copy), "cudaEventRecord") &&
              compute_behind_copies();
    if (!ok) cudaStreamSynchronize(device.copy); /* what was queued all the same reads no more */
    return ok;
}

static bool await_upload(const pinned_memory *from)
{
    return cuda_ok(cudaEventSynchronize((cudaEvent_t)from->read), "cudaEventSynchronize");
}

static void unpin(pinned_memory *memory)
{
    cudaFreeHost(memory->data);
    if (memory->read) cudaEventDestroy((cudaEvent_t)memory->read);
    *memory = pinned_memory{};
}

static bool pin(size_t bytes, pinned_memory *memory)
{
    *memory = pinned_memory{};
    if (cudaMallocHost(&memory->data, bytes) == cudaSuccess &&
        cudaEventCreateWithFlags((cudaEvent_t *)&memory->read, cudaEventDisableTiming) == cudaSuccess)
        return true;
    unpin(memory);
    cudaGetLastError(); /* who asked takes other memory */
    return false;
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
    uint64_t number = ++device.marks.last;
    cudaEvent_t event = device.marks.events[number % MARKS];
    return cuda_ok(cudaEventRecord(event, device.compute), "cudaEventRecord") ? number : 0;
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
    if (!cuda_ok(cudaStreamEndCapture(device.compute, &graph), "cudaStreamEndCapture")) return NULL;
    if (!cuda_ok(cudaGraphInstantiate(&launchable, graph, 0), "cudaGraphInstantiate")) launchable = NULL;
    cudaGraphDestroy(graph);
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
    .select = device_select,
    .start = device_start,
    .stop = device_stop,
    .upload = upload,
    .upload_pinned = upload_pinned,
    .await_upload = await_upload,
    .pin = pin,
    .unpin = unpin,
    .push = push,
    .move = move,
    .download = download,
    .finish = finish,
    .mark = mark,
    .capture = capture,
    .captured = captured,
    .launch = launch,
    .discard = discard,
    .names_ranges = names_ranges,
    .range_begin = range_begin,
    .range_end = range_end,
};
