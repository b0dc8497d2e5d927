/* correct_programs.cpp - what kernels and streams may rely on. */
#include "test_cuda_on_host.h"
#include <math.h>
#include <thread>

#define FULL 0xffffffffu

/* Prints what does not hold. */
static bool holds(bool condition, const char *what, int line)
{
    if (!condition) fprintf(stderr, "line %d: %s\n", line, what);
    return condition;
}
#define HOLDS(condition) holds(condition, #condition, __LINE__)

/* -- Threads ------------------------------------------------------------------------------------------------------ */

__global__ static void number_threads(int *out)
{
    unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
    unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
    unsigned index = thread + blockDim.x * blockDim.y * blockDim.z * block;
    out[index] += (int)index;
}

static bool every_thread_runs_once()
{
    const dim3 grid(3, 2, 4), block(5, 7, 3);
    const size_t count = 24 * 105;
    int *out = device_array<int>(count);
    CHECK(cudaMemsetAsync(out, 0, count * sizeof *out));
    LAUNCH(number_threads, grid, block, 0, nullptr, out);
    std::vector<int> got = to_host(out, count);
    for (size_t i = 0; i < count; i++)
        if (got[i] != (int)i) return false;
    return true;
}

enum { TILE = 16 };

__global__ static void multiply(float *c, const float *a, const float *b, int rows, int columns, int inner)
{
    SHARED(float, tile_a, [TILE][TILE]);
    SHARED(float, tile_b, [TILE][TILE + 1]);
    int x = (int)threadIdx.x, y = (int)threadIdx.y;
    int row = (int)blockIdx.y * TILE + y, column = (int)blockIdx.x * TILE + x;
    float sum = 0;
    for (int k = 0; k < inner; k += TILE) {
        tile_a[y][x] = row < rows && k + x < inner ? a[row * inner + k + x] : 0;
        tile_b[y][x] = column < columns && k + y < inner ? b[(k + y) * columns + column] : 0;
        __syncthreads();
        for (int i = 0; i < TILE; i++) sum += tile_a[y][i] * tile_b[i][x];
        __syncthreads();
    }
    if (row < rows && column < columns) c[row * columns + column] = sum;
}

static bool tiled_product()
{
    const int rows = 37, columns = 33, inner = 41;
    std::vector<float> a = numbers(rows * inner), b = numbers(inner * columns), expected(rows * columns);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            for (int k = 0; k < inner; k++) expected[i * columns + j] += a[i * inner + k] * b[k * columns + j];
    float *c = device_array<float>(expected.size());
    LAUNCH(multiply, dim3(3, 3), dim3(TILE, TILE), 0, nullptr, c, to_device(a), to_device(b), rows, columns, inner);
    return to_host(c, expected.size()) == expected;
}

/* The block that comes last adds up what all have left. */
__global__ static void sum(float *total, float *parts, unsigned *tickets, const float *x, int count)
{
    DYNAMIC_SHARED(float, of_warp);
    SHARED(bool, is_last, );
    float sum = 0;
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < (unsigned)count; i += gridDim.x * blockDim.x)
        sum += x[i];
    for (int step = 16; step > 0; step /= 2) sum += __shfl_xor_sync(FULL, sum, step);
    if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = sum;
    __syncthreads();
    if (threadIdx.x == 0) {
        float of_block = 0;
        for (unsigned w = 0; w < blockDim.x / 32; w++) of_block += of_warp[w];
        parts[blockIdx.x] = of_block;
        __threadfence();
        is_last = atomicInc(tickets, gridDim.x - 1) == gridDim.x - 1;
    }
    __syncthreads();
    if (!is_last || threadIdx.x > 0) return;
    float all = 0;
    for (unsigned b = 0; b < gridDim.x; b++) all += parts[b];
    *total = all;
}

static bool sum_by_last_block()
{
    const int count = 10007;
    std::vector<float> x = numbers(count);
    float expected = 0, *total = device_array<float>(1), *parts = device_array<float>(9), *in = to_device(x);
    for (float value : x) expected += value;
    unsigned *tickets = device_array<unsigned>(1);
    CHECK(cudaMemset(tickets, 0, sizeof *tickets));
    for (int i = 0; i < 3; i++) {
        LAUNCH(sum, 9, 128, 4 * sizeof(float), nullptr, total, parts, tickets, in, count);
        if (!HOLDS(to_host(total, 1)[0] == expected)) return false;
    }
    return true;
}

__global__ static void end_early(int *out)
{
    if (threadIdx.x % 3 == 0) return;
    __syncthreads();
    if (threadIdx.x % 3 == 1) return;
    __syncthreads();
    atomicAdd(out, 1);
}

static bool barrier_without_those_that_ended()
{
    int *out = device_array<int>(1);
    CHECK(cudaMemset(out, 0, sizeof *out));
    LAUNCH(end_early, 2, 99, 0, nullptr, out);
    return to_host(out, 1)[0] == 66;
}

/* -- Warps -------------------------------------------------------------------------------------------------------- */

__global__ static void try_shuffles(int *wrong)
{
    int lane = (int)threadIdx.x % 32, half = lane % 16, errors = 0;
    errors += __shfl_sync(FULL, lane, 5) != 5;
    errors += __shfl_sync(FULL, lane, 5, 16) != lane - half + 5;
    errors += __shfl_sync(FULL, lane, 35) != 3;
    errors += __shfl_xor_sync(FULL, 2.5 * lane, 9) != 2.5 * (lane ^ 9);
    errors += __shfl_up_sync(FULL, lane, 3) != (lane < 3 ? lane : lane - 3);
    errors += __shfl_up_sync(FULL, lane, 3, 16) != (half < 3 ? lane : lane - 3);
    errors += __shfl_down_sync(FULL, lane, 3) != (lane > 28 ? lane : lane + 3);
    errors += __shfl_down_sync(FULL, lane, 3, 16) != (half > 12 ? lane : lane + 3);
    errors += __ballot_sync(FULL, lane < 7) != 0x7f;
    errors += __any_sync(FULL, lane == 31) != 1 || __any_sync(FULL, 0) != 0;
    errors += __all_sync(FULL, 1) != 1 || __all_sync(FULL, lane != 31) != 0;
    if (lane < 16) errors += __shfl_xor_sync(0xffffu, lane, 1) != (lane ^ 1);
    if (lane >= 16) errors += __ballot_sync(0xffff0000u, lane & 1) != 0xaaaa0000u;
    atomicAdd(wrong, errors);
}

static bool shuffles()
{
    int *wrong = device_array<int>(1);
    CHECK(cudaMemset(wrong, 0, sizeof *wrong));
    LAUNCH(try_shuffles, 2, 96, 0, nullptr, wrong);
    return to_host(wrong, 1)[0] == 0;
}

/* The last warp is not full: its lanes that are not there need not arrive. */
__global__ static void count_lanes(int *out)
{
    unsigned lanes = __ballot_sync(FULL, 1);
    out[threadIdx.x] = __popc(lanes);
}

static bool part_of_a_warp()
{
    int *out = device_array<int>(40);
    LAUNCH(count_lanes, 1, 40, 0, nullptr, out);
    std::vector<int> got = to_host(out, 40);
    return HOLDS(got[31] == 32) && HOLDS(got[32] == 8) && HOLDS(got[39] == 8);
}

/* -- Shared memory ------------------------------------------------------------------------------------------------ */

__device__ static float *scratch()
{
    SHARED(float, common, [8]);
    return common;
}

__global__ static void look_at_shared(int *wrong)
{
    DYNAMIC_SHARED(float, row);
    SHARED(double, precise, [3]);
    float *common = scratch();
    int errors = (uintptr_t)row % 128 != 0 || (uintptr_t)precise % alignof(double) != 0 || common != scratch();
    if (threadIdx.x == 0) errors += !isnan(common[7]) || !isnan(row[9]) || !isnan(precise[2]);
    __syncthreads();
    common[threadIdx.x] = row[threadIdx.x] = 1;
    if (threadIdx.x == 2) row[9] = common[7] = 1, precise[2] = 1;
    atomicAdd(wrong, errors);
}

static bool shared_memory()
{
    int *wrong = device_array<int>(1);
    CHECK(cudaMemset(wrong, 0, sizeof *wrong));
    LAUNCH(look_at_shared, 5, 3, 10 * sizeof(float), nullptr, wrong);
    return to_host(wrong, 1)[0] == 0;
}

__global__ static void use_nothing(int *)
{
}

__global__ static void fill_shared(char *out, int bytes)
{
    DYNAMIC_SHARED(char, memory);
    for (int i = (int)threadIdx.x; i < bytes; i += (int)blockDim.x) memory[i] = (char)i;
    __syncthreads();
    if (threadIdx.x == 0) *out = memory[bytes - 1];
}

static cudaError_t launch_empty(dim3 grid, dim3 block, size_t shared_bytes)
{
    LAUNCH(use_nothing, grid, block, shared_bytes, nullptr, (int *)nullptr);
    return cudaGetLastError();
}

static bool launch_limits()
{
    const int all = 227 * 1024;
    bool right = HOLDS(launch_empty(1, 1024, 48 * 1024) == cudaSuccess);
    right = HOLDS(launch_empty(1, dim3(2, 2, 64), 0) == cudaSuccess) && right;
    right = HOLDS(launch_empty(dim3(1, 65535), 1, 0) == cudaSuccess) && right;
    right = HOLDS(launch_empty(1, 1025, 0) == cudaErrorInvalidConfiguration) && right;
    right = HOLDS(launch_empty(1, dim3(1, 1, 65), 0) == cudaErrorInvalidConfiguration) && right;
    right = HOLDS(launch_empty(1, dim3(32, 33), 0) == cudaErrorInvalidConfiguration) && right;
    right = HOLDS(launch_empty(0, 1, 0) == cudaErrorInvalidConfiguration) && right;
    right = HOLDS(launch_empty(1, 0, 0) == cudaErrorInvalidConfiguration) && right;
    right = HOLDS(launch_empty(dim3(1, 65536), 1, 0) == cudaErrorInvalidConfiguration) && right;
    right = HOLDS(launch_empty(dim3(1, 1, 65536), 1, 0) == cudaErrorInvalidConfiguration) && right;
    right = HOLDS(launch_empty(1, 1, 48 * 1024 + 1) == cudaErrorInvalidValue) && right;
    char *out = device_array<char>(1);
    right = HOLDS(cudaFuncSetAttribute(fill_shared, cudaFuncAttributeMaxDynamicSharedMemorySize, all + 1) ==
                  cudaErrorInvalidValue) &&
            right;
    CHECK(cudaFuncSetAttribute(fill_shared, cudaFuncAttributeMaxDynamicSharedMemorySize, all));
    cudaGetLastError();
    LAUNCH(fill_shared, 1, 64, (size_t)all, nullptr, out, all);
    right = HOLDS(cudaGetLastError() == cudaSuccess) && right;
    return HOLDS(to_host(out, 1)[0] == (char)(all - 1)) && right;
}

/* -- Numbers ------------------------------------------------------------------------------------------------------ */

static bool rounding_to_bf16()
{
    auto bits = [](float x) { return __bfloat16_as_ushort(__float2bfloat16(x)); };
    bool right = HOLDS(bits(1.0f) == 0x3f80) && HOLDS(bits(-2.0f) == 0xc000);
    right = HOLDS(bits(__uint_as_float(0x3f808000)) == 0x3f80) && right; /* ties to even */
    right = HOLDS(bits(__uint_as_float(0x3f818000)) == 0x3f82) && right;
    right = HOLDS(bits(__uint_as_float(0x3f808001)) == 0x3f81) && right;
    right = HOLDS(bits(__uint_as_float(0x7f7fffff)) == 0x7f80) && right; /* to infinity */
    right = HOLDS(isnan((float)__float2bfloat16(NAN))) && right;
    return HOLDS((float)__ushort_as_bfloat16(0x4049) == 3.140625f) && right;
}

__global__ static void count_up(unsigned *counter, unsigned long long *large, int *largest)
{
    atomicAdd(counter, 1);
    atomicAdd(large, 1ull << 32);
    atomicMax(largest, (int)threadIdx.x);
}

static bool atomics()
{
    unsigned *counter = to_device(std::vector<unsigned>{ 0 });
    auto *large = to_device(std::vector<unsigned long long>{ 0 });
    int *largest = to_device(std::vector<int>{ -1 });
    LAUNCH(count_up, 7, 65, 0, nullptr, counter, large, largest);
    return HOLDS(to_host(counter, 1)[0] == 455) && HOLDS(to_host(large, 1)[0] == 455ull << 32) &&
           HOLDS(to_host(largest, 1)[0] == 64);
}

/* -- Memory ------------------------------------------------------------------------------------------------------- */

static bool memory_is_unwritten()
{
    std::vector<float> got = to_host(device_array<float>(100), 100);
    for (float value : got)
        if (!isnan(value)) return false;
    void *nothing = &got, *too_much = &got;
    bool right = HOLDS(cudaMalloc(&nothing, 0) == cudaSuccess) && HOLDS(nothing == nullptr);
    right = HOLDS(cudaMalloc(&too_much, (size_t)1 << 60) == cudaErrorMemoryAllocation) && right;
    right = HOLDS(cudaGetLastError() == cudaErrorMemoryAllocation) && HOLDS(cudaGetLastError() == cudaSuccess) && right;
    return HOLDS(cudaFree(nullptr) == cudaSuccess) && HOLDS(cudaFree(&got) == cudaErrorInvalidValue) && right;
}

static bool directions_of_copies()
{
    char host[16] = {}, *device = device_array<char>(16);
    auto copy = [](void *to, void *from, size_t bytes, cudaMemcpyKind kind) {
        cudaError_t now = cudaMemcpy(to, from, bytes, kind), queued = cudaMemcpyAsync(to, from, bytes, kind);
        CHECK(cudaDeviceSynchronize());
        return now == queued ? now : cudaErrorNotSupported;
    };
    bool right = HOLDS(copy(device, host, 16, cudaMemcpyHostToDevice) == cudaSuccess);
    right = HOLDS(copy(device + 8, host, 8, cudaMemcpyDefault) == cudaSuccess) && right;
    right = HOLDS(copy(device + 8, host, 9, cudaMemcpyDefault) == cudaErrorInvalidValue) && right;
    right = HOLDS(copy(device, host, 16, cudaMemcpyDeviceToHost) == cudaErrorInvalidValue) && right;
    right = HOLDS(copy(host, device, 16, cudaMemcpyHostToDevice) == cudaErrorInvalidValue) && right;
    right = HOLDS(copy(host, device, 16, cudaMemcpyDeviceToDevice) == cudaErrorInvalidValue) && right;
    right = HOLDS(copy(host, device, 17, cudaMemcpyDeviceToHost) == cudaErrorInvalidValue) && right;
    right = HOLDS(cudaMemset(host, 0, 16) == cudaErrorInvalidValue) && right;
    return HOLDS(cudaMemset(device, 0, 17) == cudaErrorInvalidValue) && right;
}

/* -- Streams ------------------------------------------------------------------------------------------------------ */

__global__ static void add(float *to, const float *from, int count)
{
    int i = (int)(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < count) to[i] += from[i];
}

/* Batches pass through two buffers: copied on one stream while another computes. */
static bool pipeline()
{
    enum { COUNT = 100, BUFFERS = 2, BATCHES = 7 };
    cudaStream_t copying = new_stream(), computing = new_stream();
    cudaEvent_t filled[BUFFERS], used[BUFFERS];
    float *pinned[BUFFERS], *batch[BUFFERS], *sum = to_device(std::vector<float>(COUNT, 0));
    for (int i = 0; i < BUFFERS; i++) {
        CHECK(cudaEventCreateWithFlags(&filled[i], cudaEventDisableTiming));
        CHECK(cudaEventCreateWithFlags(&used[i], cudaEventDisableTiming));
        CHECK(cudaMallocHost(&pinned[i], COUNT * sizeof(float)));
        batch[i] = device_array<float>(COUNT);
    }
    std::vector<float> values = numbers(COUNT), expected(COUNT);
    for (int n = 0; n < BATCHES; n++) {
        int i = n % BUFFERS;
        CHECK(cudaEventSynchronize(filled[i]));
        for (int k = 0; k < COUNT; k++) {
            pinned[i][k] = (float)(n + 1) * values[k];
            expected[k] += pinned[i][k];
        }
        CHECK(cudaStreamWaitEvent(copying, used[i]));
        CHECK(cudaMemcpyAsync(batch[i], pinned[i], COUNT * sizeof(float), cudaMemcpyHostToDevice, copying));
        CHECK(cudaEventRecord(filled[i], copying));
        CHECK(cudaStreamWaitEvent(computing, filled[i]));
        LAUNCH(add, 4, 32, 0, computing, sum, batch[i], COUNT);
        CHECK(cudaEventRecord(used[i], computing));
    }
    std::vector<float> got(COUNT);
    CHECK(cudaMemcpyAsync(got.data(), sum, COUNT * sizeof(float), cudaMemcpyDeviceToHost, computing));
    CHECK(cudaStreamSynchronize(computing));
    return got == expected;
}

static bool legacy_stream()
{
    cudaStream_t blocking;
    CHECK(cudaStreamCreate(&blocking));
    float *x = device_array<float>(1), *one = to_device(std::vector<float>{ 1 }), got;
    CHECK(cudaMemset(x, 0, sizeof *x));
    LAUNCH(add, 1, 1, 0, blocking, x, one, 1);
    CHECK(cudaMemcpy(&got, x, sizeof got, cudaMemcpyDeviceToHost));
    return HOLDS(got == 1) && HOLDS(cudaStreamDestroy(blocking) == cudaSuccess);
}

static bool time_between_events()
{
    cudaEvent_t start, end, untimed;
    float milliseconds = -1;
    CHECK(cudaEventCreate(&start));
    CHECK(cudaEventCreate(&end));
    CHECK(cudaEventCreateWithFlags(&untimed, cudaEventDisableTiming));
    CHECK(cudaEventRecord(start));
    LAUNCH(use_nothing, 10, 100, 0, nullptr, (int *)nullptr);
    CHECK(cudaEventRecord(end));
    CHECK(cudaEventRecord(untimed));
    CHECK(cudaEventSynchronize(end));
    CHECK(cudaEventElapsedTime(&milliseconds, start, end));
    return HOLDS(milliseconds > 0) &&
           HOLDS(cudaEventElapsedTime(&milliseconds, start, untimed) == cudaErrorInvalidResourceHandle);
}

/* Several host threads, each with its streams. */
static bool host_threads()
{
    bool right[4] = {};
    std::vector<std::thread> threads;
    for (bool &r : right) threads.emplace_back([&r] { r = pipeline() && tiled_product() && sum_by_last_block(); });
    for (std::thread &t : threads) t.join();
    return right[0] && right[1] && right[2] && right[3];
}

/* -- Graphs ------------------------------------------------------------------------------------------------------- */

static bool graph()
{
    cudaStream_t stream = new_stream();
    cudaGraph_t graph;
    cudaGraphExec_t launchable;
    float *pinned, *x = device_array<float>(1), *sum = to_device(std::vector<float>{ 0 });
    CHECK(cudaMallocHost(&pinned, sizeof *pinned));
    CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    CHECK(cudaMemcpyAsync(x, pinned, sizeof *x, cudaMemcpyHostToDevice, stream));
    LAUNCH(add, 1, 1, 0, stream, sum, x, 1);
    CHECK(cudaStreamEndCapture(stream, &graph));
    CHECK(cudaGraphInstantiate(&launchable, graph));
    CHECK(cudaGraphDestroy(graph));
    bool right = HOLDS(to_host(sum, 1)[0] == 0); /* captured is not run */
    for (int i = 1; i <= 4; i++) {
        *pinned = (float)i;
        CHECK(cudaGraphLaunch(launchable, stream));
        CHECK(cudaStreamSynchronize(stream));
    }
    CHECK(cudaGraphExecDestroy(launchable));
    return HOLDS(to_host(sum, 1)[0] == 10) && right;
}

/* Whether `call` fails with this error in a capture, and spoils it. */
template <class Call> static bool spoils(cudaStreamCaptureMode mode, cudaError_t error, Call call)
{
    cudaStream_t stream = new_stream();
    cudaGraph_t graph;
    CHECK(cudaStreamBeginCapture(stream, mode));
    bool refused = call(stream) == error && cudaGetLastError() == error;
    cudaError_t ended = cudaStreamEndCapture(stream, &graph);
    cudaGetLastError();
    if (error != cudaSuccess) return refused && ended == cudaErrorStreamCaptureInvalidated && !graph;
    CHECK(ended);
    CHECK(cudaGraphDestroy(graph));
    return refused;
}

static bool what_cannot_be_captured()
{
    const auto local = cudaStreamCaptureModeThreadLocal;
    const auto unsupported = cudaErrorStreamCaptureUnsupported;
    void *memory = device_array<char>(1);
    char host = 0;
    cudaStream_t other = new_stream();
    cudaEvent_t event;
    CHECK(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
    CHECK(cudaEventRecord(event, other));
    auto allocate = [](cudaStream_t) {
        void *made;
        return cudaMalloc(&made, 1);
    };
    auto allocate_elsewhere = [&](cudaStream_t s) {
        cudaError_t status;
        std::thread([&] { status = allocate(s); }).join();
        return status;
    };
    bool right = HOLDS(spoils(local, unsupported, allocate));
    right = HOLDS(spoils(local, unsupported, [&](cudaStream_t) { return cudaFree(memory); })) && right;
    right = HOLDS(spoils(local, unsupported, [&](cudaStream_t s) { return cudaStreamSynchronize(s); })) && right;
    right = HOLDS(spoils(local, unsupported, [&](cudaStream_t) { return cudaStreamSynchronize(other); })) && right;
    right = HOLDS(spoils(local, unsupported, [&](cudaStream_t) { return cudaDeviceSynchronize(); })) && right;
    right = HOLDS(spoils(local, unsupported, [&](cudaStream_t) { return cudaEventSynchronize(event); })) && right;
    right = HOLDS(spoils(local, unsupported,
                         [&](cudaStream_t) { return cudaMemcpy(&host, memory, 1, cudaMemcpyDeviceToHost); })) &&
            right;
    right = HOLDS(spoils(local, cudaErrorStreamCaptureIsolation,
                         [&](cudaStream_t s) { return cudaStreamWaitEvent(s, event); })) &&
            right;
    right = HOLDS(spoils(cudaStreamCaptureModeRelaxed, cudaSuccess, allocate)) && right;
    right = HOLDS(spoils(local, cudaSuccess, allocate_elsewhere)) && right;
    CHECK(cudaEventDestroy(event));
    CHECK(cudaStreamDestroy(other));
    return right;
}

static bool who_ends_a_capture()
{
    cudaStream_t stream = new_stream();
    cudaGraph_t graph;
    cudaError_t elsewhere;
    bool right = HOLDS(cudaStreamEndCapture(stream, &graph) == cudaErrorIllegalState);
    CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    std::thread([&] { elsewhere = cudaStreamEndCapture(stream, &graph); }).join();
    right = HOLDS(elsewhere == cudaErrorStreamCaptureWrongThread) && right;
    CHECK(cudaStreamEndCapture(stream, &graph));
    CHECK(cudaGraphDestroy(graph));
    return HOLDS(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeThreadLocal) != cudaSuccess) && right;
}

/* A second stream is part of a capture from where it waits for the first, until that waits for it. */
static cudaError_t capture_two(cudaStream_t stream, cudaStream_t other, bool joins, float *x, float *y,
                               cudaGraph_t *graph)
{
    cudaEvent_t begun, done;
    CHECK(cudaEventCreateWithFlags(&begun, cudaEventDisableTiming));
    CHECK(cudaEventCreateWithFlags(&done, cudaEventDisableTiming));
    CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    LAUNCH(add, 1, 1, 0, stream, x, x, 1);
    CHECK(cudaEventRecord(begun, stream));
    CHECK(cudaStreamWaitEvent(other, begun));
    LAUNCH(add, 1, 1, 0, other, y, x, 1);
    CHECK(cudaEventRecord(done, other));
    bool right = HOLDS(cudaStreamEndCapture(other, graph) == cudaErrorStreamCaptureUnmatched);
    cudaGetLastError();
    if (joins) CHECK(cudaStreamWaitEvent(stream, done));
    LAUNCH(add, 1, 1, 0, stream, y, y, 1);
    cudaError_t ended = cudaStreamEndCapture(stream, graph);
    cudaGetLastError();
    CHECK(cudaEventDestroy(begun));
    CHECK(cudaEventDestroy(done));
    return right ? ended : cudaErrorInvalidValue;
}

static bool graph_of_two_streams()
{
    cudaStream_t stream = new_stream(), other = new_stream();
    cudaGraph_t graph;
    cudaGraphExec_t launchable;
    float *x = to_device(std::vector<float>{ 1 }), *y = to_device(std::vector<float>{ 0 });
    bool right = HOLDS(capture_two(stream, other, false, x, y, &graph) == cudaErrorStreamCaptureUnjoined && !graph);
    right = HOLDS(capture_two(stream, other, true, x, y, &graph) == cudaSuccess) && right;
    CHECK(cudaGraphInstantiate(&launchable, graph));
    CHECK(cudaGraphDestroy(graph));
    for (int i = 0; i < 2; i++) CHECK(cudaGraphLaunch(launchable, stream));
    CHECK(cudaStreamSynchronize(stream));
    LAUNCH(add, 1, 1, 0, other, x, x, 1); /* which is its own again */
    CHECK(cudaStreamSynchronize(other));
    CHECK(cudaGraphExecDestroy(launchable));
    CHECK(cudaStreamDestroy(other));
    return HOLDS(to_host(x, 1)[0] == 8) && HOLDS(to_host(y, 1)[0] == 16) && right;
}

const test_program correct_programs[] = {
    { "every thread runs once", every_thread_runs_once, nullptr, ANY_BUILD },
    { "tiled product", tiled_product, nullptr, ANY_BUILD },
    { "sum by the last block", sum_by_last_block, nullptr, ANY_BUILD },
    { "barrier without those that ended", barrier_without_those_that_ended, nullptr, ANY_BUILD },
    { "shuffles", shuffles, nullptr, ANY_BUILD },
    { "part of a warp", part_of_a_warp, nullptr, ANY_BUILD },
    { "shared memory", shared_memory, nullptr, ANY_BUILD },
    { "launch limits", launch_limits, nullptr, ANY_BUILD },
    { "rounding to bf16", rounding_to_bf16, nullptr, ANY_BUILD },
    { "atomics", atomics, nullptr, ANY_BUILD },
    { "memory is unwritten", memory_is_unwritten, nullptr, ANY_BUILD },
    { "directions of copies", directions_of_copies, nullptr, ANY_BUILD },
    { "pipeline of two streams", pipeline, nullptr, ANY_BUILD },
    { "legacy stream", legacy_stream, nullptr, ANY_BUILD },
    { "time between events", time_between_events, nullptr, ANY_BUILD },
    { "several host threads", host_threads, nullptr, ANY_BUILD },
    { "graph", graph, nullptr, ANY_BUILD },
    { "graph of two streams", graph_of_two_streams, nullptr, ANY_BUILD },
    { "what cannot be captured", what_cannot_be_captured, nullptr, ANY_BUILD },
    { "who ends a capture", who_ends_a_capture, nullptr, ANY_BUILD },
    {},
};
