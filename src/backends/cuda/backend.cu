/* backend.cu - the CUDA backend: its memory, and which kernel an op gets. */
#include "backends/cuda/machine/choose.h"
#include "backends/cuda/machine/device_internal.h"
#include "backends/cuda/kernels.h"

extern "C" {
#include "backends/cuda/backend.h"
#include "backends/strict.h"
#include "core/base/log.h"
}
#include <pthread.h>
#include <stdlib.h>

static const kernel_row *const families[] = {
#define FAMILY(name) cuda_##name##_kernels,
#include "backends/families.def"
};

static const kernel *kernels[OP_COUNT];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fill_table()
{
    for (const kernel_row *family : families)
        for (const kernel_row *row = family; row->op; row++) kernels[row->op->id] = &row->kernel;
}

static const kernel *kernel_of(const op *op)
{
    pthread_once(&once, fill_table);
    return kernels[op->id];
}

static const kernel *fallback_of(const op *op)
{
    if (is_strict()) return NULL;
    log_line("run", "%s has no kernel on the GPU and runs on the reference backend", op->name);
    return &cuda_host_kernel;
}

static void *allocate(size_t bytes)
{
    void *memory = NULL;
    if (cudaMalloc(&memory, bytes) == cudaSuccess) return memory;
    cudaGetLastError(); /* it is reported by who asked */
    return NULL;
}

static void release(void *memory, size_t bytes)
{
    (void)bytes;
    cudaFree(memory);
}

static void set_threads(int threads)
{
    (void)threads;
}

static int threads()
{
    return 1;
}

static bool has_bf16()
{
    return true;
}

extern "C" const backend cuda_backend = {
    .name = "cuda",
    .kernel_of = kernel_of,
    .fallback_of = fallback_of,
    .alignment = MEMORY_ALIGNMENT,
    .allocate = allocate,
    .release = release,
    .copy = cuda_copy,
    .queue = &cuda_queue,
    .set_threads = set_threads,
    .threads = threads,
    .has_bf16 = has_bf16,
    .measure_peak = cuda_measure_peak,
    .choices = cuda_choices,
    .restore_choices = cuda_restore_choices,
};
