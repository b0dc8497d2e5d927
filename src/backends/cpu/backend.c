/* backend.c - the CPU backend: its memory, its threads, and which kernel an op gets. */
#include "backends/cpu/backend.h"
#include "backends/cpu/kernels.h"
#include "backends/reference/backend.h"
#include "core/log.h"
#include <pthread.h>
#include <stdlib.h>
#ifdef _OPENMP
#include <omp.h>
#endif

static const kernel_row *const families[] = {
    cpu_activation_kernels, cpu_batch_norm_kernels, cpu_binary_kernels,  cpu_cast_kernels,     cpu_convolution_kernels,
    cpu_create_kernels,     cpu_dropout_kernels,    cpu_effect_kernels,  cpu_index_kernels,    cpu_linear_kernels,
    cpu_loss_kernels,       cpu_pooling_kernels,    cpu_reduce_kernels,  cpu_resample_kernels, cpu_row_norm_kernels,
    cpu_scan_kernels,       cpu_shape_kernels,      cpu_softmax_kernels, cpu_topk_kernels,     cpu_unary_kernels,
};

static const kernel *kernels[OP_COUNT];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fill_table(void)
{
    for (size_t f = 0; f < sizeof families / sizeof *families; f++)
        for (const kernel_row *row = families[f]; row->op; row++) kernels[row->op->id] = &row->kernel;
}

static const kernel *kernel_of(const op *op)
{
    pthread_once(&once, fill_table);
    return kernels[op->id];
}

/* The reference backend shares the host's memory. VT_STRICT=1 forbids it: tests set that. */
static const kernel *fallback_of(const op *op)
{
    const char *strict = getenv("VT_STRICT");
    if (strict && strict[0] == '1') return NULL;
    log_line("run", "%s has no kernel on the CPU and runs on the reference backend", op->name);
    return reference_kernel_of(op);
}

static void *allocate(size_t bytes)
{
    return aligned_alloc(64, (bytes + 63) / 64 * 64);
}

static void release(void *memory, size_t bytes)
{
    (void)bytes;
    free(memory);
}

static void set_threads(int threads)
{
#ifdef _OPENMP
    omp_set_num_threads(threads ? threads : omp_get_num_procs());
#else
    (void)threads;
#endif
}

const backend cpu_backend = { .name = "cpu",
                              .kernel_of = kernel_of,
                              .fallback_of = fallback_of,
                              .allocate = allocate,
                              .release = release,
                              .set_threads = set_threads };
