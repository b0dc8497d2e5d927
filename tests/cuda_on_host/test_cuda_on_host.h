/* test_cuda_on_host.h - programs that run in a process of their own each, in every schedule. */
#ifndef TEST_CUDA_ON_HOST_H
#define TEST_CUDA_ON_HOST_H

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <stddef.h>
#include <vector>

/* Which sanitizer it takes to find what is wrong. */
enum finder { ANY_BUILD, ADDRESS_SANITIZER, THREAD_SANITIZER, UNDEFINED_SANITIZER };

struct test_program {
    const char *name;
    bool (*run)();     /* whether the data is right */
    const char *words; /* part of what the program dies with; NULL: wrong data, or any end of it, is enough */
    finder found_by;
};

/* Right in every schedule; `words` and `found_by` are not used. */
extern const test_program correct_programs[];
/* Wrong: in some schedule at least that shows. */
extern const test_program planted_bugs[];

/* -- For programs ------------------------------------------------------------------------------------------------- */

/* Ends the process where a call fails. */
void check(cudaError_t status, const char *call);
#define CHECK(call) check(call, #call)

template <class T> T *device_array(size_t count)
{
    T *memory;
    CHECK(cudaMalloc(&memory, count * sizeof(T)));
    return memory;
}

template <class T> T *to_device(const std::vector<T> &host)
{
    T *memory = device_array<T>(host.size());
    CHECK(cudaMemcpy(memory, host.data(), host.size() * sizeof(T), cudaMemcpyHostToDevice));
    CHECK(cudaDeviceSynchronize());
    return memory;
}

/* What is there when all that is queued has run. */
template <class T> std::vector<T> to_host(const T *memory, size_t count)
{
    std::vector<T> host(count);
    CHECK(cudaDeviceSynchronize());
    CHECK(cudaMemcpy(host.data(), memory, count * sizeof(T), cudaMemcpyDeviceToHost));
    return host;
}

inline cudaStream_t new_stream()
{
    cudaStream_t stream;
    CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    return stream;
}

/* Small integers, so that sums are exact. */
std::vector<float> numbers(size_t count);

#endif
