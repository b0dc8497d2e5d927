/* pinned.h - host memory that a device with a queue reads by itself, while the host goes on. */
#ifndef VITRO_CORE_TENSOR_PINNED_H
#define VITRO_CORE_TENSOR_PINNED_H

#include "core/tensor/value.h"

typedef struct pinned {
    const backend *device;
    pinned_memory memory;
} pinned;

/* For uploads to the context's device. False, without an error, where it has no queue, or memory is short. */
bool pinned_allocate(const context *c, size_t bytes, pinned *p);
void pinned_free(pinned *p); /* one that was never allocated too */

/* A tensor with the elements that lie at p->memory.data, which stay as they are until `pinned_await` has returned. */
vt_tensor pinned_tensor(context *c, pinned *p, spec s);
bool pinned_await(pinned *p);

#endif
