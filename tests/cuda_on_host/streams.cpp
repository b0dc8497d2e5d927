/* streams.cpp - streams are queues that only events, and the legacy stream, order against each other.
 *
 * What is queued runs on the host thread that queues it; or, deferred, on one that waits for it. Then streams advance
 * as far as the one waited for needs, or the others first, or by chance: see settings.h. */
#include "runtime.h"
#include "settings.h"
#include <algorithm>
#include <time.h>

namespace on_host
{

static cudaStream_t make_stream(bool blocking)
{
    auto *stream = new CUstream_st{ blocking, nullptr, {}, nullptr };
    stream->way = std::make_shared<progress>(progress{ stream, 0, 0 });
    return stream;
}

/* The legacy stream and the others. Never destroyed: threads may end after static objects. */
static std::vector<cudaStream_t> &streams()
{
    static auto &list = *new std::vector<cudaStream_t>{ make_stream(true) };
    return list;
}

const std::vector<cudaStream_t> &all_streams()
{
    return streams();
}

CUstream_st &stream_of(cudaStream_t stream)
{
    return stream ? *stream : *streams()[0];
}

moment end_of(cudaStream_t stream)
{
    CUstream_st &s = stream_of(stream);
    return { s.way, s.way->queued };
}

/* -- Running ------------------------------------------------------------------------------------------------------ */

static const moment *first_unpassed(const work &w)
{
    for (const moment &m : w.after)
        if (!m.passed()) return &m;
    return nullptr;
}

static bool can_go_on(const CUstream_st *s)
{
    return !s->queue.empty() && !first_unpassed(s->queue.front());
}

/* The stream that must go on before the moment can come. There always is one, since nobody waits for what was queued
 * later. */
static cudaStream_t needed_for(const moment &awaited)
{
    const moment *m = &awaited;
    while (const moment *earlier = first_unpassed(m->of->stream->queue.front())) m = earlier;
    return m->of->stream;
}

static cudaStream_t next_stream(const moment &awaited)
{
    if (asked().order == IN_ORDER) return needed_for(awaited);
    std::vector<cudaStream_t> able;
    for (cudaStream_t s : streams())
        if (can_go_on(s)) able.push_back(s);
    if (asked().order == SHUFFLED) return able[random_below(able.size())];
    bool others = able.size() > 1 && able.back() == awaited.of->stream;
    return able[able.size() - (others ? 2 : 1)];
}

static void advance(CUstream_st *s)
{
    work first = std::move(s->queue.front());
    s->queue.pop_front();
    if (first.run) (*first.run)();
    s->way->done++;
}

void run_until(const moment &m)
{
    if (m.passed()) return;
    open_device_memory();
    while (!m.passed()) advance(next_stream(m));
    close_device_memory();
}

void run_all()
{
    for (cudaStream_t s : streams()) run_until(end_of(s));
}

/* -- Queueing ----------------------------------------------------------------------------------------------------- */

/* The legacy stream and those that are not "non-blocking" wait for each other. */
static void add_legacy_order(CUstream_st *s, std::vector<moment> *after)
{
    if (s != streams()[0]) {
        if (s->blocking) after->push_back(end_of(nullptr));
        return;
    }
    for (cudaStream_t other : streams())
        if (other != s && other->blocking) after->push_back(end_of(other));
}

static void enqueue(CUstream_st *s, operation o, std::vector<moment> after)
{
    add_legacy_order(s, &after);
    s->queue.push_back({ std::move(o), std::move(after) });
    s->way->queued++;
    if (!asked().defer) run_until(end_of(s));
}

/* A blocking stream that is captured would have to wait for the legacy stream, which no graph can. */
static cudaError_t refuse_legacy()
{
    cudaError_t status = cudaSuccess;
    for (cudaStream_t s : streams()) {
        if (!s->blocking || !s->captured) continue;
        s->captured->invalid = true;
        status = cudaErrorStreamCaptureImplicit;
    }
    return status;
}

/* What was put on the stream has to be waited for. */
static void leave_open(CUstream_st *s)
{
    auto &unjoined = s->captured->unjoined;
    if (std::find(unjoined.begin(), unjoined.end(), s) == unjoined.end()) unjoined.push_back(s);
}

cudaError_t put(cudaStream_t stream, operation o)
{
    CUstream_st &s = stream_of(stream);
    if (!stream)
        if (cudaError_t refused = refuse_legacy()) return refused;
    if (!s.captured) {
        enqueue(&s, std::move(o), {});
        return cudaSuccess;
    }
    if (s.captured->invalid) return cudaErrorStreamCaptureInvalidated;
    s.captured->operations.push_back(std::move(o));
    if (&s != s.captured->origin) leave_open(&s);
    return cudaSuccess;
}

cudaError_t submit(cudaStream_t stream, std::function<void()> o)
{
    auto lock = hold_lock();
    return noted(put(stream, std::make_shared<std::function<void()>>(std::move(o))));
}

int work_left(cudaStream_t stream)
{
    auto lock = hold_lock();
    int count = 0;
    for (const work &w : stream_of(stream).queue) count += w.run != nullptr;
    return count;
}

/* -- Events ------------------------------------------------------------------------------------------------------- */

/* The clock of a device that computes on this thread: what else the machine does takes none of its time. */
static double seconds_now()
{
    timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static cudaError_t record(CUevent_st *event, CUstream_st *s)
{
    if (s->captured) {
        if (s->captured->invalid) return cudaErrorStreamCaptureInvalidated;
        event->capture_number = s->captured->number;
        event->capture_stream = s;
        return cudaSuccess;
    }
    event->capture_number = 0;
    if (event->timed) {
        auto time = event->time = std::make_shared<double>(0);
        enqueue(s, std::make_shared<std::function<void()>>([time] { *time = seconds_now(); }), {});
    }
    event->recorded = end_of(s);
    return cudaSuccess;
}

/* That the event was recorded in, if it goes on. */
static std::shared_ptr<capture> capture_of(const CUevent_st *event)
{
    for (cudaStream_t s : streams())
        if (s->captured && event->capture_number == s->captured->number) return s->captured;
    return nullptr;
}

/* The stream comes behind the other, and is waited for in its place. */
static void join(CUstream_st *s, cudaStream_t other)
{
    auto &unjoined = s->captured->unjoined;
    auto found = std::find(unjoined.begin(), unjoined.end(), other);
    if (other != s && found != unjoined.end()) unjoined.erase(found);
    if (s != s->captured->origin) leave_open(s);
}

static cudaError_t wait_for_event(CUstream_st *s, const CUevent_st *event)
{
    if (!s->captured && !event->capture_number) {
        if (!event->recorded.passed()) enqueue(s, nullptr, { event->recorded });
        return cudaSuccess;
    }
    auto of = capture_of(event);
    if (of && (!s->captured || s->captured == of)) {
        s->captured = of;
        join(s, event->capture_stream);
        return cudaSuccess;
    }
    for (auto &spoilt : { of, s->captured })
        if (spoilt) spoilt->invalid = true;
    return cudaErrorStreamCaptureIsolation;
}

} // namespace on_host

using namespace on_host;

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags)
{
    auto lock = hold_lock();
    if (!begin_thing()) return noted(cudaErrorMemoryAllocation);
    *stream = make_stream(!(flags & cudaStreamNonBlocking));
    streams().push_back(*stream);
    return cudaSuccess;
}

cudaError_t cudaStreamCreate(cudaStream_t *stream)
{
    return cudaStreamCreateWithFlags(stream, cudaStreamDefault);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
    auto lock = hold_lock();
    if (!stream) return noted(cudaErrorInvalidResourceHandle);
    run_until(end_of(stream));
    auto &list = streams();
    list.erase(std::find(list.begin(), list.end(), stream));
    delete stream;
    end_thing();
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    auto lock = hold_lock();
    cudaError_t refused = refuse_captured(stream);
    if (!refused) refused = refuse_in_capture();
    if (refused) return noted(refused);
    run_until(end_of(stream));
    return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize()
{
    auto lock = hold_lock();
    for (cudaStream_t s : streams())
        if (cudaError_t refused = refuse_captured(s)) return noted(refused);
    run_all();
    return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned)
{
    auto lock = hold_lock();
    if (cudaError_t asked = asked_failure(__func__)) return noted(asked);
    return noted(wait_for_event(&stream_of(stream), event));
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags)
{
    auto lock = hold_lock();
    if (!begin_thing()) return noted(cudaErrorMemoryAllocation);
    *event = new CUevent_st{ !(flags & cudaEventDisableTiming), {}, 0, nullptr, nullptr };
    return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t *event)
{
    return cudaEventCreateWithFlags(event, cudaEventDefault);
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    auto lock = hold_lock();
    if (!event) return noted(cudaErrorInvalidResourceHandle);
    delete event;
    end_thing();
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
    auto lock = hold_lock();
    return noted(record(event, &stream_of(stream)));
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    auto lock = hold_lock();
    if (event->capture_number) return noted(cudaErrorCapturedEvent);
    if (cudaError_t refused = refuse_in_capture()) return noted(refused);
    run_until(event->recorded);
    return cudaSuccess;
}

cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t start, cudaEvent_t end)
{
    auto lock = hold_lock();
    if (!start->time || !end->time) return noted(cudaErrorInvalidResourceHandle);
    if (!start->recorded.passed() || !end->recorded.passed()) return noted(cudaErrorNotReady);
    *milliseconds = (float)(1e3 * (*end->time - *start->time));
    return cudaSuccess;
}
