/* device_internal.h - what this thread holds of the device; for device.cu, queue.cu and fault.cu. */
#ifndef VITRO_BACKENDS_CUDA_MACHINE_DEVICE_INTERNAL_H
#define VITRO_BACKENDS_CUDA_MACHINE_DEVICE_INTERNAL_H

#include "backends/cuda/machine/device.h"
#include "backends/cuda/machine/fault.h"

enum { MARKS = 8, STAGES = 8 };

/* Pinned host memory that data passes through on its way to the device. */
typedef struct stage {
    void *memory;
    size_t bytes;
    cudaEvent_t done; /* what was last put there has left */
} stage;

/* They serve one after another. */
typedef struct stage_ring {
    stage stages[STAGES];
    int next;
} stage_ring;

typedef struct device_state {
    bool started, capturing;
    int multiprocessors;
    cudaStream_t compute, copy;
    cudaEvent_t marks[MARKS], copied;
    uint64_t last_mark;
    stage_ring for_copy, for_compute; /* what goes through each stream waits for none of the other */
    fault *faults;                    /* in device memory */
} device_state;

extern thread_local device_state device;

bool device_start(); /* as the queue's */
void device_stop();

extern const device_queue cuda_queue;

#endif
