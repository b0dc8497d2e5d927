/* planted_bugs.cpp - programs of which each does one thing wrong. */
#include "test_cuda_on_host.h"

enum { COUNT = 256 };

typedef void (*kernel)(float *out, const float *in);

/* Whether a kernel of one block makes `expected` of the numbers. */
static bool makes(kernel k, const std::vector<float> &expected)
{
    float *in = to_device(numbers(COUNT)), *out = device_array<float>(COUNT);
    LAUNCH(k, 1, COUNT, COUNT * sizeof(float), nullptr, out, in);
    CHECK(cudaGetLastError());
    bool right = to_host(out, COUNT) == expected;
    CHECK(cudaFree(in));
    CHECK(cudaFree(out));
    return right;
}

static bool copies(kernel k)
{
    return makes(k, numbers(COUNT));
}

static std::vector<float> reversed()
{
    std::vector<float> values = numbers(COUNT);
    return { values.rbegin(), values.rend() };
}

__global__ static void copy(float *out, const float *in)
{
    out[threadIdx.x] = in[threadIdx.x];
}

/* -- Threads of a block ------------------------------------------------------------------------------------------- */

__global__ static void reads_before_written(float *out, const float *in)
{
    SHARED(float, tile, [COUNT]);
    tile[threadIdx.x] = in[threadIdx.x];
    out[threadIdx.x] = tile[COUNT - 1 - threadIdx.x];
}

static bool missing_barrier()
{
    return makes(reads_before_written, reversed());
}

__global__ static void overwrites_before_read(float *out, const float *in)
{
    SHARED(float, tile, [COUNT]);
    float sum = 0;
    for (unsigned i = 0; i < 4; i++) {
        tile[threadIdx.x] = in[(threadIdx.x + i) % COUNT];
        __syncthreads();
        sum += tile[COUNT - 1 - threadIdx.x];
    }
    out[threadIdx.x] = sum;
}

static bool missing_second_barrier()
{
    std::vector<float> values = numbers(COUNT), expected(COUNT);
    for (int t = 0; t < COUNT; t++)
        for (int i = 0; i < 4; i++) expected[t] += values[(COUNT - 1 - t + i) % COUNT];
    return makes(overwrites_before_read, expected);
}

/* In every order of the threads the data is right. */
__global__ static void writes_twice(float *out, const float *in)
{
    SHARED(float, common, );
    common = in[0];
    __syncthreads();
    out[threadIdx.x] = in[threadIdx.x] + common - common;
}

static bool unordered_writes()
{
    return copies(writes_twice);
}

__global__ static void relies_on_lockstep(float *out, const float *in)
{
    SHARED(float, tile, [COUNT]);
    tile[threadIdx.x] = in[threadIdx.x ^ 1];
    out[threadIdx.x] = tile[threadIdx.x ^ 1];
}

static bool missing_barrier_in_a_warp()
{
    return copies(relies_on_lockstep);
}

/* Whoever gets a value from a lane does not yet see what that lane has written. */
__global__ static void takes_shuffle_for_barrier(float *out, const float *in)
{
    SHARED(float, tile, [COUNT]);
    tile[threadIdx.x] = in[threadIdx.x ^ 1];
    unsigned other = __shfl_xor_sync(~0u, threadIdx.x, 1);
    out[threadIdx.x] = tile[other];
}

static bool shuffle_as_barrier()
{
    return copies(takes_shuffle_for_barrier);
}

__global__ static void parts_at_barrier(float *out, const float *in)
{
    out[threadIdx.x] = in[threadIdx.x];
    if (threadIdx.x < 100)
        __syncthreads();
    else
        __syncthreads();
}

static bool divergent_barrier()
{
    return copies(parts_at_barrier);
}

__device__ static void meet()
{
    __syncthreads();
}

__global__ static void waits_in_vain(float *out, const float *in)
{
    out[threadIdx.x] = in[threadIdx.x];
    if (threadIdx.x == 3) meet();
    __syncwarp();
    if (threadIdx.x != 3) meet();
}

static bool deadlock()
{
    return copies(waits_in_vain);
}

/* -- Warps -------------------------------------------------------------------------------------------------------- */

__global__ static void reads_ended_lane(float *out, const float *in)
{
    if (threadIdx.x % 32 >= 20) return;
    out[threadIdx.x] = __shfl_xor_sync(~0u, in[threadIdx.x], 16);
}

static bool shuffle_from_ended_lane()
{
    return copies(reads_ended_lane);
}

__global__ static void shuffles_at_two_places(float *out, const float *in)
{
    float value = in[threadIdx.x];
    if (threadIdx.x % 2)
        value = __shfl_sync(~0u, value, 0);
    else
        value = __shfl_sync(~0u, value, 1);
    out[threadIdx.x] = value;
}

static bool divergent_shuffle()
{
    return copies(shuffles_at_two_places);
}

__global__ static void leaves_itself_out(float *out, const float *in)
{
    out[threadIdx.x] = __shfl_sync(0xffffu, in[threadIdx.x], 0);
}

static bool shuffle_without_itself()
{
    return copies(leaves_itself_out);
}

/* -- Shared memory ------------------------------------------------------------------------------------------------ */

__global__ static void reads_unwritten(float *out, const float *in)
{
    SHARED(float, tile, [COUNT]);
    if (threadIdx.x > 0) tile[threadIdx.x] = in[threadIdx.x];
    __syncthreads();
    out[threadIdx.x] = tile[threadIdx.x];
}

static bool uninitialised_shared()
{
    return copies(reads_unwritten);
}

__global__ static void writes_past_array(float *out, const float *in)
{
    SHARED(float, tile, [COUNT]);
    float *next = &tile[threadIdx.x] + 1;
    *next = in[threadIdx.x];
    out[threadIdx.x] = in[threadIdx.x];
}

static bool shared_out_of_bounds()
{
    return copies(writes_past_array);
}

__global__ static void writes_past_dynamic(float *out, const float *in)
{
    DYNAMIC_SHARED(float, row);
    row[threadIdx.x + 1] = in[threadIdx.x];
    out[threadIdx.x] = in[threadIdx.x];
}

static bool dynamic_shared_out_of_bounds()
{
    return copies(writes_past_dynamic);
}

__global__ static void takes_too_much(float *out, const float *in)
{
    SHARED(float, tile, [12 * 1024]);
    tile[threadIdx.x] = in[threadIdx.x];
    out[threadIdx.x] = tile[threadIdx.x];
}

static bool too_much_shared()
{
    return copies(takes_too_much);
}

static bool lowered_limit()
{
    CHECK(cudaFuncSetAttribute(takes_too_much, cudaFuncAttributeMaxDynamicSharedMemorySize, 100 << 10));
    CHECK(cudaFuncSetAttribute(takes_too_much, cudaFuncAttributeMaxDynamicSharedMemorySize, 60 << 10));
    return true;
}

/* -- Global memory ------------------------------------------------------------------------------------------------ */

__global__ static void reads_past_end(float *out, const float *in)
{
    float next = in[threadIdx.x + 1];
    out[threadIdx.x] = threadIdx.x == COUNT - 1 ? next : in[threadIdx.x];
}

static bool read_out_of_bounds()
{
    std::vector<float> expected = numbers(COUNT);
    expected.back() = 0;
    return makes(reads_past_end, expected);
}

__global__ static void writes_past_end(float *out, const float *in)
{
    out[threadIdx.x] = in[threadIdx.x];
    if (threadIdx.x == 0) out[COUNT] = 0;
}

static bool write_out_of_bounds()
{
    return copies(writes_past_end);
}

static bool write_through_freed()
{
    float *memory = device_array<float>(COUNT), *in = to_device(numbers(COUNT));
    CHECK(cudaFree(memory));
    LAUNCH(copy, 1, COUNT, 0, nullptr, memory, in);
    CHECK(cudaDeviceSynchronize());
    return true;
}

__global__ static void reads_misaligned(float *out, const float *in)
{
    int t = (int)threadIdx.x;
    if (t < COUNT / 4 - 1) out[4 * t] = reinterpret_cast<const float4 *>(in + 1)[t].x;
}

static bool misaligned_vector()
{
    float *in = to_device(numbers(COUNT)), *out = device_array<float>(COUNT);
    LAUNCH(reads_misaligned, 1, COUNT, 0, nullptr, out, in);
    CHECK(cudaDeviceSynchronize());
    return true;
}

static bool host_pointer()
{
    std::vector<float> in = numbers(COUNT);
    float *out = device_array<float>(COUNT);
    LAUNCH(copy, 1, COUNT, 0, nullptr, out, in.data());
    CHECK(cudaDeviceSynchronize());
    return true;
}

static bool host_reads_device()
{
    float *memory = to_device(numbers(COUNT));
    return *(volatile float *)memory == numbers(COUNT)[0];
}

__attribute__((noinline)) static void forget_device_memory()
{
    float *volatile memory = to_device(numbers(COUNT));
    memory = nullptr;
    (void)memory;
}

static bool leak()
{
    for (int i = 0; i < 10; i++) forget_device_memory();
    return true;
}

/* -- Streams ------------------------------------------------------------------------------------------------------ */

static bool use_before_waiting()
{
    cudaStream_t stream = new_stream();
    float *in = to_device(numbers(COUNT)), *out = device_array<float>(COUNT), value = 0;
    LAUNCH(copy, 1, COUNT, 0, stream, out, in);
    CHECK(cudaMemcpyAsync(&value, out, sizeof value, cudaMemcpyDeviceToHost, stream));
    bool right = value == numbers(COUNT)[0];
    CHECK(cudaStreamSynchronize(stream));
    return right;
}

static bool source_overwritten()
{
    cudaStream_t stream = new_stream();
    float *out = device_array<float>(COUNT), *source;
    CHECK(cudaMallocHost(&source, sizeof *source));
    *source = 1;
    CHECK(cudaMemcpyAsync(out, source, sizeof *source, cudaMemcpyHostToDevice, stream));
    *source = 2;
    return to_host(out, 1)[0] == 1;
}

static bool missing_wait_for_copy()
{
    cudaStream_t copying = new_stream(), computing = new_stream();
    float *in = device_array<float>(COUNT), *out = device_array<float>(COUNT);
    std::vector<float> values = numbers(COUNT);
    CHECK(cudaMemcpyAsync(in, values.data(), COUNT * sizeof *in, cudaMemcpyHostToDevice, copying));
    LAUNCH(copy, 1, COUNT, 0, computing, out, in);
    return to_host(out, COUNT) == values;
}

static bool missing_wait_before_copy()
{
    cudaStream_t copying = new_stream(), computing = new_stream();
    std::vector<float> first = numbers(COUNT), second = reversed();
    float *in = to_device(first), *out = device_array<float>(COUNT);
    LAUNCH(copy, 1, COUNT, 0, computing, out, in);
    CHECK(cudaMemcpyAsync(in, second.data(), COUNT * sizeof *in, cudaMemcpyHostToDevice, copying));
    CHECK(cudaStreamSynchronize(copying));
    return to_host(out, COUNT) == first;
}

static bool event_of_earlier_record()
{
    cudaStream_t copying = new_stream(), computing = new_stream();
    cudaEvent_t copied;
    CHECK(cudaEventCreateWithFlags(&copied, cudaEventDisableTiming));
    std::vector<float> values = numbers(COUNT);
    float *in = device_array<float>(COUNT), *out = device_array<float>(COUNT);
    CHECK(cudaEventRecord(copied, copying));
    CHECK(cudaMemcpyAsync(in, values.data(), COUNT * sizeof *in, cudaMemcpyHostToDevice, copying));
    CHECK(cudaStreamWaitEvent(computing, copied));
    LAUNCH(copy, 1, COUNT, 0, computing, out, in);
    return to_host(out, COUNT) == values;
}

static bool memset_on_another_stream()
{
    cudaStream_t stream = new_stream();
    float *in = device_array<float>(COUNT), *out = device_array<float>(COUNT);
    CHECK(cudaMemset(in, 0, COUNT * sizeof *in));
    LAUNCH(copy, 1, COUNT, 0, stream, out, in);
    return to_host(out, COUNT) == std::vector<float>(COUNT, 0);
}

const test_program planted_bugs[] = {
    { "missing barrier", missing_barrier, nullptr, ANY_BUILD },
    { "missing barrier, seen", missing_barrier, "data race", THREAD_SANITIZER },
    { "missing second barrier in a loop", missing_second_barrier, nullptr, ANY_BUILD },
    { "missing second barrier in a loop, seen", missing_second_barrier, "data race", THREAD_SANITIZER },
    { "unordered writes", unordered_writes, "data race", THREAD_SANITIZER },
    { "missing barrier in a warp", missing_barrier_in_a_warp, nullptr, ANY_BUILD },
    { "missing barrier in a warp, seen", missing_barrier_in_a_warp, "data race", THREAD_SANITIZER },
    { "shuffle taken for a barrier", shuffle_as_barrier, "data race", THREAD_SANITIZER },
    { "divergent barrier", divergent_barrier, "wait at different barriers", ANY_BUILD },
    { "deadlock", deadlock, "deadlock", ANY_BUILD },
    { "shuffle from a lane that has ended", shuffle_from_ended_lane, "takes no part", ANY_BUILD },
    { "divergent shuffle", divergent_shuffle, "different operations", ANY_BUILD },
    { "shuffle whose mask lacks the lane", shuffle_without_itself, "leaves out the calling lane", ANY_BUILD },
    { "uninitialised shared memory", uninitialised_shared, nullptr, ANY_BUILD },
    { "write past a shared array", shared_out_of_bounds, "AddressSanitizer", ADDRESS_SANITIZER },
    { "write past dynamic shared memory", dynamic_shared_out_of_bounds, "AddressSanitizer", ADDRESS_SANITIZER },
    { "more shared memory than there is", too_much_shared, "bytes of shared memory", ANY_BUILD },
    { "a lower limit of shared memory than before", lowered_limit, "may need more", ANY_BUILD },
    { "read past an allocation", read_out_of_bounds, nullptr, ANY_BUILD },
    { "read past an allocation, at once", read_out_of_bounds, "AddressSanitizer", ADDRESS_SANITIZER },
    { "write past an allocation", write_out_of_bounds, nullptr, ANY_BUILD },
    { "write past an allocation, at once", write_out_of_bounds, "AddressSanitizer", ADDRESS_SANITIZER },
    { "argument that has been freed", write_through_freed, "not in the memory of the device", ANY_BUILD },
    { "misaligned vector", misaligned_vector, "misaligned", UNDEFINED_SANITIZER },
    { "argument in the host's memory", host_pointer, "not in the memory of the device", ANY_BUILD },
    { "host reads device memory", host_reads_device, "AddressSanitizer", ADDRESS_SANITIZER },
    { "leak of device memory", leak, "LeakSanitizer", ADDRESS_SANITIZER },
    { "use before waiting", use_before_waiting, nullptr, ANY_BUILD },
    { "source of a copy overwritten", source_overwritten, nullptr, ANY_BUILD },
    { "computing does not wait for a copy", missing_wait_for_copy, nullptr, ANY_BUILD },
    { "a copy does not wait for computing", missing_wait_before_copy, nullptr, ANY_BUILD },
    { "wait for an event recorded too early", event_of_earlier_record, nullptr, ANY_BUILD },
    { "memset on the legacy stream", memset_on_another_stream, nullptr, ANY_BUILD },
    {},
};
