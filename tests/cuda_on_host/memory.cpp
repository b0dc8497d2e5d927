/* memory.cpp - the device's memory and pinned memory: filled with NaN, between red zones, and out of the host's
 * reach. */
#include "runtime.h"
#include "sanitizers.h"
#include <map>
#include <stdlib.h>
#include <string.h>

namespace on_host
{

enum { ALIGNMENT = 256, RED_ZONE = 1024, UNWRITTEN = 0xff };
static const size_t DEVICE_BYTES = (size_t)8 << 30;

/* Sizes by the complement of the address: the leak sanitizer is to find what only this table knows of. */
typedef std::map<uintptr_t, size_t> sizes;

struct pool {
    sizes size_of;
    size_t bytes;
};

/* Never destroyed: threads may end after static objects. */
static pool &device_memory = *new pool(), &pinned_memory = *new pool();

static char *address_of(const sizes::value_type &allocation)
{
    return (char *)~allocation.first;
}

/* Bytes from there to the end of the allocation it lies in; 0: in none. */
static size_t bytes_left(const pool &p, const void *memory)
{
    auto found = p.size_of.lower_bound(~(uintptr_t)memory);
    if (found == p.size_of.end()) return 0;
    size_t offset = (size_t)((const char *)memory - address_of(*found));
    return offset < found->second ? found->second - offset : 0;
}

whereabouts find_memory(const void *memory, size_t bytes)
{
    size_t left = bytes_left(device_memory, memory);
    if (left == 0) return ON_HOST;
    return bytes <= left ? ON_DEVICE : PAST_THE_END;
}

bool is_on_device(const void *memory, size_t bytes)
{
    auto lock = hold_lock();
    return find_memory(memory, bytes) == ON_DEVICE;
}

static bool is_pinned(const void *memory)
{
    return bytes_left(pinned_memory, memory) > 0;
}

void open_device_memory()
{
    for (const auto &allocation : device_memory.size_of) open_memory(address_of(allocation), allocation.second);
}

void close_device_memory()
{
    for (const auto &allocation : device_memory.size_of) close_memory(address_of(allocation), allocation.second);
}

/* -- Allocating --------------------------------------------------------------------------------------------------- */

/* A block with a red zone on both sides; NULL where there is none. */
static char *make_block(size_t bytes)
{
    void *block = nullptr;
    if (posix_memalign(&block, ALIGNMENT, bytes + 2 * RED_ZONE) != 0) return nullptr;
    memset(block, UNWRITTEN, bytes + 2 * RED_ZONE);
    close_memory(block, RED_ZONE);
    close_memory((char *)block + RED_ZONE + bytes, RED_ZONE);
    return (char *)block + RED_ZONE;
}

static bool is_untouched(const char *zone)
{
    for (int i = 0; i < RED_ZONE; i++)
        if ((unsigned char)zone[i] != UNWRITTEN) return false;
    return true;
}

static void end_block(char *memory, size_t bytes)
{
    char *block = memory - RED_ZONE;
    open_memory(block, bytes + 2 * RED_ZONE);
    if (!is_untouched(block) || !is_untouched(memory + bytes))
        die("something wrote outside of an allocation of %zu bytes", bytes);
    memset(block, UNWRITTEN, bytes + 2 * RED_ZONE);
    free(block);
}

static cudaError_t allocate(pool *p, void **memory, size_t bytes)
{
    *memory = nullptr;
    if (cudaError_t refused = refuse_in_capture()) return refused;
    if (bytes == 0) return cudaSuccess;
    if (bytes > DEVICE_BYTES - p->bytes || !begin_thing()) return cudaErrorMemoryAllocation;
    *memory = make_block(bytes);
    if (!*memory) {
        end_thing();
        return cudaErrorMemoryAllocation;
    }
    p->size_of[~(uintptr_t)*memory] = bytes;
    p->bytes += bytes;
    return cudaSuccess;
}

static cudaError_t release(pool *p, void *memory)
{
    if (!memory) return cudaSuccess;
    if (cudaError_t refused = refuse_in_capture()) return refused;
    auto found = p->size_of.find(~(uintptr_t)memory);
    if (found == p->size_of.end()) return cudaErrorInvalidValue;
    if (p == &device_memory) run_all();
    end_block((char *)memory, found->second);
    p->bytes -= found->second;
    p->size_of.erase(found);
    end_thing();
    return cudaSuccess;
}

/* -- Copying ------------------------------------------------------------------------------------------------------ */

static bool goes_as_said(whereabouts to, whereabouts from, cudaMemcpyKind kind)
{
    if (to == PAST_THE_END || from == PAST_THE_END) return false;
    bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
    bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
    return kind == cudaMemcpyDefault || (to_device == (to == ON_DEVICE) && from_device == (from == ON_DEVICE));
}

static bool goes_as_said(const void *to, const void *from, size_t bytes, cudaMemcpyKind kind)
{
    return goes_as_said(find_memory(to, bytes), find_memory(from, bytes), kind);
}

static operation copying(void *to, const void *from, size_t bytes)
{
    return std::make_shared<std::function<void()>>([=] { memmove(to, from, bytes); });
}

/* From pageable memory: it has left when the call returns, and arrives later. */
static operation copying_staged(void *to, const void *from, size_t bytes)
{
    std::vector<char> staged((const char *)from, (const char *)from + bytes);
    return std::make_shared<std::function<void()>>(
        [to, bytes, staged = std::move(staged)] { memcpy(to, staged.data(), bytes); });
}

/* Waits where it must: not for what was only staged, nor for a copy within the device. */
static cudaError_t copy_now(void *to, const void *from, size_t bytes, cudaMemcpyKind kind)
{
    if (cudaError_t refused = refuse_in_capture()) return refused;
    if (bytes == 0) return cudaSuccess;
    if (!goes_as_said(to, from, bytes, kind)) return cudaErrorInvalidValue;
    bool to_device = find_memory(to, bytes) == ON_DEVICE, from_device = find_memory(from, bytes) == ON_DEVICE;
    if (to_device && from_device) return put(nullptr, copying(to, from, bytes));
    if (to_device && !is_pinned(from)) {
        run_until(end_of(nullptr));
        return put(nullptr, copying_staged(to, from, bytes));
    }
    cudaError_t status = put(nullptr, copying(to, from, bytes));
    run_until(end_of(nullptr));
    return status;
}

static cudaError_t set(void *to, int value, size_t bytes, cudaStream_t stream)
{
    if (bytes == 0) return cudaSuccess;
    if (find_memory(to, bytes) != ON_DEVICE) return cudaErrorInvalidValue;
    return put(stream, std::make_shared<std::function<void()>>([=] { memset(to, value, bytes); }));
}

} // namespace on_host

using namespace on_host;

cudaError_t cudaMalloc(void **memory, size_t bytes)
{
    auto lock = hold_lock();
    cudaError_t status = allocate(&device_memory, memory, bytes);
    if (*memory) close_memory(*memory, bytes);
    return noted(status);
}

/* Waits for all that is queued. */
cudaError_t cudaFree(void *memory)
{
    auto lock = hold_lock();
    return noted(release(&device_memory, memory));
}

cudaError_t cudaMallocHost(void **memory, size_t bytes)
{
    auto lock = hold_lock();
    return noted(allocate(&pinned_memory, memory, bytes));
}

cudaError_t cudaFreeHost(void *memory)
{
    auto lock = hold_lock();
    return noted(release(&pinned_memory, memory));
}

cudaError_t cudaMemGetInfo(size_t *free, size_t *total)
{
    auto lock = hold_lock();
    *free = DEVICE_BYTES - device_memory.bytes;
    *total = DEVICE_BYTES;
    return cudaSuccess;
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind)
{
    auto lock = hold_lock();
    return noted(copy_now(to, from, bytes, kind));
}

/* Reads late and writes late, whatever the memory: for none is a GPU bound to be earlier. */
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream)
{
    auto lock = hold_lock();
    if (bytes == 0) return cudaSuccess;
    if (!goes_as_said(to, from, bytes, kind)) return noted(cudaErrorInvalidValue);
    return noted(put(stream, copying(to, from, bytes)));
}

/* Does not wait, unlike its name. */
cudaError_t cudaMemset(void *to, int value, size_t bytes)
{
    auto lock = hold_lock();
    cudaError_t refused = refuse_in_capture();
    return noted(refused ? refused : set(to, value, bytes, nullptr));
}

cudaError_t cudaMemsetAsync(void *to, int value, size_t bytes, cudaStream_t stream)
{
    auto lock = hold_lock();
    return noted(set(to, value, bytes, stream));
}
