/* runtime.h - what the files behind cuda_runtime_api.h share. Whoever calls any of it holds the lock. */
#ifndef CUDA_ON_HOST_RUNTIME_H
#define CUDA_ON_HOST_RUNTIME_H

#include "cuda_runtime_api.h"
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

namespace on_host
{

/* Held in every function of cuda_runtime_api.h, and while operations run. */
std::lock_guard<std::mutex> hold_lock();

/* Notes an error for cudaGetLastError. */
cudaError_t noted(cudaError_t status);

/* How the function that asks is to fail, as a test wants it. */
cudaError_t asked_failure(const char *function);

/* Counts what is made, and what ends. False where no more is to be had. */
bool begin_thing();
void end_thing();

/* -- Memory ------------------------------------------------------------------------------------------------------- */

enum whereabouts { ON_HOST, ON_DEVICE, PAST_THE_END };

/* Of a range of bytes; PAST_THE_END: it begins in an allocation on the device, and ends outside. */
whereabouts find_memory(const void *memory, size_t bytes);

/* The host has no access to the device's memory but while operations run. */
void open_device_memory();
void close_device_memory();

/* -- Streams ------------------------------------------------------------------------------------------------------ */

typedef std::shared_ptr<const std::function<void()>> operation;

/* How far a stream is. */
struct progress {
    cudaStream_t stream;
    uint64_t queued, done;
};

/* A point on a stream's way. */
struct moment {
    std::shared_ptr<const progress> of;
    uint64_t number = 0;

    bool passed() const
    {
        return !of || of->done >= number;
    }
};

struct work {
    operation run; /* NULL: only to wait */
    std::vector<moment> after;
};

/* What is put on streams while they are captured: on the one that it began with, and on those that waited for an event
 * of it, until that one waits for them again. */
struct capture {
    uint64_t number; /* from 1 on */
    cudaStreamCaptureMode mode;
    std::thread::id thread;
    bool invalid;
    cudaStream_t origin;
    std::vector<operation> operations;  /* in an order in which they may run */
    std::vector<cudaStream_t> unjoined; /* what was put on them comes before no end yet */
};

/* The stream itself; the legacy stream for NULL. */
CUstream_st &stream_of(cudaStream_t stream);
const std::vector<cudaStream_t> &all_streams();

/* Puts an operation at the end of the stream, or into the graph that it is captured into. */
cudaError_t put(cudaStream_t stream, operation o);

moment end_of(cudaStream_t stream);
void run_until(const moment &m);
void run_all();

/* -- Captures ----------------------------------------------------------------------------------------------------- */

/* The error, if any, of a call that waits or allocates: such a call in a thread that captures spoils the capture. */
cudaError_t refuse_in_capture();

/* The same for a call that waits for this stream, or for what it has been told to record. */
cudaError_t refuse_captured(cudaStream_t stream);

} // namespace on_host

struct CUstream_st {
    bool blocking; /* takes turns with the legacy stream */
    std::shared_ptr<on_host::progress> way;
    std::deque<on_host::work> queue;
    std::shared_ptr<on_host::capture> captured; /* NULL: it is not */
};

struct CUevent_st {
    bool timed;
    on_host::moment recorded;
    uint64_t capture_number;      /* 0: not recorded in a capture ... */
    cudaStream_t capture_stream;  /* ... but there */
    std::shared_ptr<double> time; /* in seconds, once it has passed */
};

#endif
