/* graphs.cpp - what streams do, captured, to be launched again and again. */
#include "runtime.h"

struct CUgraph_st {
    std::vector<on_host::operation> operations;
};

struct CUgraphExec_st {
    std::vector<on_host::operation> operations;
};

namespace on_host
{

/* Whether a call in this thread that waits or allocates would be missing in the graph. */
static bool spoils(const capture &c)
{
    bool here = c.thread == std::this_thread::get_id();
    return c.mode == cudaStreamCaptureModeGlobal || (c.mode == cudaStreamCaptureModeThreadLocal && here);
}

cudaError_t refuse_in_capture()
{
    cudaError_t status = cudaSuccess;
    for (cudaStream_t s : all_streams()) {
        if (!s->captured || !spoils(*s->captured)) continue;
        s->captured->invalid = true;
        status = cudaErrorStreamCaptureUnsupported;
    }
    return status;
}

cudaError_t refuse_captured(cudaStream_t stream)
{
    CUstream_st &s = stream_of(stream);
    if (!s.captured) return cudaSuccess;
    s.captured->invalid = true;
    return cudaErrorStreamCaptureUnsupported;
}

static cudaError_t begin_capture(cudaStream_t stream, cudaStreamCaptureMode mode)
{
    static uint64_t captures;
    if (!stream) return cudaErrorStreamCaptureUnsupported;
    if (stream->captured) return cudaErrorIllegalState;
    stream->captured.reset(new capture{ ++captures, mode, std::this_thread::get_id(), false, stream, {}, {} });
    return cudaSuccess;
}

static cudaError_t end_capture(cudaStream_t stream, cudaGraph_t *graph)
{
    *graph = nullptr;
    if (!stream || !stream->captured) return cudaErrorIllegalState;
    bool here = stream->captured->thread == std::this_thread::get_id();
    if (!here && stream->captured->mode != cudaStreamCaptureModeRelaxed) return cudaErrorStreamCaptureWrongThread;
    if (stream->captured->origin != stream) return cudaErrorStreamCaptureUnmatched;
    auto ended = stream->captured;
    for (cudaStream_t s : all_streams())
        if (s->captured == ended) s->captured = nullptr;
    if (ended->invalid) return cudaErrorStreamCaptureInvalidated;
    if (!ended->unjoined.empty()) return cudaErrorStreamCaptureUnjoined;
    *graph = new CUgraph_st{ std::move(ended->operations) };
    return cudaSuccess;
}

static cudaError_t put_all(cudaStream_t stream, const std::vector<operation> &operations)
{
    for (const operation &o : operations)
        if (cudaError_t refused = put(stream, o)) return refused;
    return cudaSuccess;
}

} // namespace on_host

using namespace on_host;

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode)
{
    auto lock = hold_lock();
    return noted(begin_capture(stream, mode));
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph)
{
    auto lock = hold_lock();
    cudaError_t status = end_capture(stream, graph), asked = asked_failure(__func__);
    if (status || !asked) return noted(status);
    delete *graph;
    *graph = nullptr;
    return noted(asked);
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *launchable, cudaGraph_t graph, unsigned long long)
{
    auto lock = hold_lock();
    if (cudaError_t asked = asked_failure(__func__)) return noted(asked);
    *launchable = new CUgraphExec_st{ graph->operations };
    return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t launchable, cudaStream_t stream)
{
    auto lock = hold_lock();
    return noted(put_all(stream, launchable->operations));
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
    delete graph;
    return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t launchable)
{
    auto lock = hold_lock();
    delete launchable;
    return cudaSuccess;
}
