/* fault.h - what kernels find wrong in their data, for the host to report when it next waits for the device. */
#ifndef VITRO_BACKENDS_CUDA_MACHINE_FAULT_H
#define VITRO_BACKENDS_CUDA_MACHINE_FAULT_H

#include "backends/cuda/machine/device.h"

enum fault_kind { NO_FAULT, INDEX_OUT_OF_RANGE, LABEL_OUT_OF_RANGE };

/* The first one since the host last looked. */
typedef struct fault {
    int kind, locked;
    int64_t number, value, limit;
    const char *op; /* the host's */
    vt_site at;
    vt_shape shape;
} fault;

/* What a kernel needs to report one: an argument of it. */
typedef struct fault_reporter {
    fault *to;
    const char *op;
    const device_bound *call; /* which is another in each run */
    vt_shape shape;
} fault_reporter;

/* For what is wrong in an input of the call. */
fault_reporter reporter_for(const kernel_call *call, int input);

/* Whether there is one that another at this place would not take the place of. */
static __device__ inline bool is_reported(const volatile fault *f, int64_t number)
{
    if (f->kind == NO_FAULT) return false;
    __threadfence();
    return f->number <= number;
}

/* Element `number` of the input has a value that is not one of 0 to limit - 1. Whichever thread comes first: of the
 * wrong elements of one call, the first is what is reported. */
static __device__ inline void report_fault(const fault_reporter &reporter, fault_kind kind, int64_t number,
                                           int64_t value, int64_t limit)
{
    fault *f = reporter.to;
    for (bool done = is_reported(f, number); !done;) {
        if (atomicCAS(&f->locked, 0, 1) != 0) continue;
        __threadfence();
        const vt_site at = reporter.call->at;
        bool same_call = f->op == reporter.op && f->at.file == at.file && f->at.line == at.line;
        if (f->kind == NO_FAULT || (same_call && number < f->number)) {
            f->number = number;
            f->value = value;
            f->limit = limit;
            f->op = reporter.op;
            f->at = at;
            f->shape = reporter.shape;
            __threadfence();
            f->kind = kind;
        }
        __threadfence();
        atomicExch(&f->locked, 0);
        done = true;
    }
}

/* Raises the fault there is, and forgets it. The queue is empty. */
bool no_faults();

#endif
