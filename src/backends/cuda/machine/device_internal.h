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

/* Points in a stream, numbered from 1 on; an event serves one after another. */
typedef struct mark_ring {
    cudaEvent_t events[MARKS];
    uint64_t last;
} mark_ring;

typedef struct device_state {
    bool has_claim, started, capturing;
    int multiprocessors;
    cudaStream_t compute, copy;
    mark_ring marks; /* of `compute` */
    cudaEvent_t copied;
    stage_ring for_copy, for_compute; /* what goes through each stream waits for none of the other */
    fault *faults;                    /* in device memory */
} device_state;

extern thread_local device_state device;

bool device_select(int number); /* these as the queue's */
bool device_start();
void device_stop();
bool names_ranges();
void range_begin(const char *op, vt_site at);
void range_end();

extern const device_queue cuda_queue;

#endif
