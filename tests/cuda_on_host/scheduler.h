/* scheduler.h - runs a kernel: its blocks one after another, the threads of each as fibers. */
#ifndef CUDA_ON_HOST_SCHEDULER_H
#define CUDA_ON_HOST_SCHEDULER_H

#include "vector_types.h"
#include <stddef.h>

namespace on_host
{

/* What a GPU has for each block, what it gives without being asked for more, and for all with cudaFuncSetAttribute. */
enum { SHARED_BYTES = 227 * 1024, UNASKED_SHARED_BYTES = 48 * 1024 };

struct grid {
    const char *kernel;
    dim3 blocks, threads;
    size_t dynamic_bytes, shared_limit; /* of shared memory */
    void (*thread)(const void *);       /* what each thread does */
    const void *argument;
};

void run_grid(const grid &g);

} // namespace on_host

#endif
