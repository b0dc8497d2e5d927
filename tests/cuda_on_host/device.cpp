/* device.cpp - the one device there is: what it says of itself, its errors, and launches. */
#include "device_functions.h"
#include "runtime.h"
#include "scheduler.h"
#include "settings.h"
#include <map>
#include <string>
#include <string.h>

namespace on_host
{

static std::mutex lock;
static thread_local cudaError_t last_error;
static auto &asked_shared_bytes = *new std::map<const void *, size_t>(); /* of kernels; never destroyed, as memory */

std::lock_guard<std::mutex> hold_lock()
{
    return std::lock_guard<std::mutex>(lock);
}

cudaError_t noted(cudaError_t status)
{
    if (status != cudaSuccess) last_error = status;
    return status;
}

/* -- What is to fail ---------------------------------------------------------------------------------------------- */

static const char *failing_function;
static cudaError_t failing_status;

void let_fail(const char *function, cudaError_t status)
{
    auto held = hold_lock();
    failing_function = function;
    failing_status = status;
}

cudaError_t asked_failure(const char *function)
{
    return failing_function && strcmp(failing_function, function) == 0 ? failing_status : cudaSuccess;
}

/* -- What is alive ------------------------------------------------------------------------------------------------ */

static int things, things_left = -1;

bool begin_thing()
{
    if (things_left == 0) return false;
    if (things_left > 0) things_left--;
    things++;
    return true;
}

void end_thing()
{
    things--;
}

void refuse_after(int count)
{
    auto held = hold_lock();
    things_left = count;
}

int things_alive()
{
    auto held = hold_lock();
    return things;
}

/* -- Launches ----------------------------------------------------------------------------------------------------- */

static bool takes_blocks(dim3 grid)
{
    return grid.x >= 1 && grid.x <= 0x7fffffff && grid.y >= 1 && grid.y <= 65535 && grid.z >= 1 && grid.z <= 65535;
}

static bool takes_threads(dim3 block)
{
    bool extents = block.x >= 1 && block.x <= 1024 && block.y >= 1 && block.y <= 1024 && block.z >= 1 && block.z <= 64;
    return extents && block.x * block.y * block.z <= MAX_THREADS;
}

static void run_launch(const kernel_launch &l, size_t shared_limit)
{
    for (const void *pointer : l.pointers)
        if (pointer && find_memory(pointer, 1) != ON_DEVICE)
            die("an argument of %s, %p, is not in the memory of the device", l.name, pointer);
    run_grid({ l.name, l.grid, l.block, l.shared_bytes, shared_limit,
               [](const void *thread) { (*(const std::function<void()> *)thread)(); }, &l.thread });
}

static auto &launches = *new std::map<std::string, int>();

int launches_of(const char *words)
{
    auto held = hold_lock();
    int count = 0;
    for (const auto &[name, times] : launches) count += name.find(words) != std::string::npos ? times : 0;
    return count;
}

void launch(cudaStream_t stream, kernel_launch l)
{
    auto held = hold_lock();
    launches[l.name]++;
    auto found = asked_shared_bytes.find(l.kernel);
    size_t most = found == asked_shared_bytes.end() ? (size_t)UNASKED_SHARED_BYTES : found->second;
    size_t limit = most > UNASKED_SHARED_BYTES ? asked().shared_bytes : (size_t)UNASKED_SHARED_BYTES;
    if (!takes_blocks(l.grid) || !takes_threads(l.block)) {
        noted(cudaErrorInvalidConfiguration);
    } else if (l.shared_bytes > most) {
        noted(cudaErrorInvalidValue);
    } else {
        auto run = [l = std::move(l), limit] { run_launch(l, limit); };
        noted(put(stream, std::make_shared<std::function<void()>>(std::move(run))));
    }
}

cudaError_t set_shared_limit(const void *kernel, cudaFuncAttribute attribute, int bytes)
{
    auto held = hold_lock();
    if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize || bytes < 0 || (size_t)bytes > asked().shared_bytes)
        return noted(cudaErrorInvalidValue);
    size_t &most = asked_shared_bytes[kernel];
    const size_t now = (size_t)(bytes < UNASKED_SHARED_BYTES ? (int)UNASKED_SHARED_BYTES : bytes);
    if (now < most)
        die("a kernel might use %zu bytes of shared memory, and now %zu: other threads and graphs may need more", most,
            now);
    most = now;
    return cudaSuccess;
}

} // namespace on_host

using namespace on_host;

cudaError_t cudaGetLastError()
{
    cudaError_t error = last_error;
    last_error = cudaSuccess;
    return error;
}

cudaError_t cudaPeekAtLastError()
{
    return last_error;
}

struct error_text {
    cudaError_t error;
    const char *name, *text;
};

static const error_text texts[] = {
    { cudaSuccess, "cudaSuccess", "no error" },
    { cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument" },
    { cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory" },
    { cudaErrorInvalidConfiguration, "cudaErrorInvalidConfiguration", "invalid configuration argument" },
    { cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle", "invalid resource handle" },
    { cudaErrorIllegalState, "cudaErrorIllegalState", "the operation cannot be performed in the present state" },
    { cudaErrorNotReady, "cudaErrorNotReady", "device not ready" },
    { cudaErrorNotSupported, "cudaErrorNotSupported", "operation not supported" },
    { cudaErrorStreamCaptureUnsupported, "cudaErrorStreamCaptureUnsupported",
      "operation not permitted when stream is capturing" },
    { cudaErrorStreamCaptureInvalidated, "cudaErrorStreamCaptureInvalidated",
      "operation failed due to a previous error during capture" },
    { cudaErrorStreamCaptureIsolation, "cudaErrorStreamCaptureIsolation",
      "dependency created on uncaptured work in another stream" },
    { cudaErrorStreamCaptureImplicit, "cudaErrorStreamCaptureImplicit",
      "operation would make the legacy stream depend on a capturing blocking stream" },
    { cudaErrorCapturedEvent, "cudaErrorCapturedEvent",
      "operation not permitted on an event last recorded in a capturing stream" },
    { cudaErrorStreamCaptureWrongThread, "cudaErrorStreamCaptureWrongThread",
      "attempt to terminate a thread-local capture sequence from another thread" },
};

static const error_text &text_of(cudaError_t error)
{
    static const error_text unknown = { error, "unknown", "unknown error" };
    for (const error_text &t : texts)
        if (t.error == error) return t;
    return unknown;
}

const char *cudaGetErrorName(cudaError_t error)
{
    return text_of(error).name;
}

const char *cudaGetErrorString(cudaError_t error)
{
    return text_of(error).text;
}

cudaError_t cudaGetDeviceCount(int *count)
{
    *count = asked().devices;
    return cudaSuccess;
}

static thread_local int current_device;

cudaError_t cudaGetDevice(int *device)
{
    *device = current_device;
    return cudaSuccess;
}

cudaError_t cudaSetDevice(int device)
{
    if (device < 0 || device >= asked().devices) return noted(cudaErrorInvalidValue);
    current_device = device;
    return cudaSuccess;
}

/* A Hopper GPU, but for what settings.h says. */
cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int)
{
    switch (attribute) {
    case cudaDevAttrMultiProcessorCount: *value = asked().multiprocessors; return cudaSuccess;
    case cudaDevAttrComputeCapabilityMajor: *value = 9; return cudaSuccess;
    case cudaDevAttrComputeCapabilityMinor: *value = 0; return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor: *value = (int)asked().shared_bytes + 1024; return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = (int)asked().shared_bytes; return cudaSuccess;
    }
    return noted(cudaErrorInvalidValue);
}
