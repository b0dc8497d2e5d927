/* backend.c - the CPU backend: its memory, its threads, and which kernel an op gets. */
#include "backends/cpu/backend.h"
#include "backends/cpu/machine/choose.h"
#include "backends/cpu/kernels.h"
#include "backends/cpu/machine/level.h"
#include "backends/cpu/machine/peak.h"
#include "backends/reference/backend.h"
#include "backends/strict.h"
#include "backends/cpu/machine/threads.h"
#include "core/base/log.h"
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* the C library may be older than the system */
#endif

static const kernel *kernels[OP_COUNT];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fill_table(void)
{
    for (const kernel_row *const *family = level_kernels()->families; *family; family++)
        for (const kernel_row *row = *family; row->op; row++) kernels[row->op->id] = &row->kernel;
}

static const kernel *kernel_of(const op *op)
{
    pthread_once(&once, fill_table);
    return kernels[op->id];
}

/* The reference backend shares the host's memory. */
static const kernel *fallback_of(const op *op)
{
    if (is_strict()) return NULL;
    log_line("run", "%s has no kernel on the CPU and runs on the reference backend", op->name);
    return reference_kernel_of(op);
}

enum { ALIGNMENT = 64 };

static void *allocate(size_t bytes)
{
    return aligned_alloc(ALIGNMENT, (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
}

static void release(void *memory, size_t bytes)
{
    (void)bytes;
    free(memory);
}

/* Large pages spare look-ups of addresses, 3 to 5 % of a training step; but to ask for them when memory is allocated
 * takes as long as a step or two, all at once. MADV_COLLAPSE (Linux 6.1) turns pages in use into large ones: so many
 * bytes a run that it is hardly felt. A system that cannot says so the first time. */
static void settle(void *memory, size_t bytes, size_t *settled)
{
    enum { LARGE_PAGE = 1 << 21, AT_ONCE = 8 * LARGE_PAGE };
    uintptr_t start = ((uintptr_t)memory + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE, end = (uintptr_t)memory + bytes;
    uintptr_t from = start + *settled, to = from + AT_ONCE < end ? from + AT_ONCE : end / LARGE_PAGE * LARGE_PAGE;
    if (from >= to) return;
    *settled += AT_ONCE;
    if (madvise((void *)from, to - from, MADV_COLLAPSE) != 0) *settled = bytes;
}

static void set_threads(int threads)
{
#ifdef _OPENMP
    omp_set_num_threads(threads ? threads : omp_get_num_procs());
#else
    (void)threads;
#endif
}

/* The instructions say that products of bf16 pay; kernels may still find that f32's on rounded values are faster. */
static bool has_bf16(void)
{
    return level_has_pairs();
}

static int threads(void)
{
    return thread_count();
}

const backend cpu_backend = { .name = "cpu",
                              .check_settings = level_check,
                              .level = level_name,
                              .kernel_of = kernel_of,
                              .fallback_of = fallback_of,
                              .alignment = ALIGNMENT,
                              .allocate = allocate,
                              .release = release,
                              .copy = array_copy,
                              .settle = settle,
                              .set_threads = set_threads,
                              .threads = threads,
                              .has_bf16 = has_bf16,
                              .measure_peak = measure_peak,
                              .choices = choices_text,
                              .restore_choices = choices_restore };
