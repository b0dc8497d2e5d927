/* buffer.h - memory of devices, shared by the values that view it. */
#ifndef VITRO_CORE_TENSOR_BUFFER_H
#define VITRO_CORE_TENSOR_BUFFER_H

#include "core/backend.h"

typedef struct context context;

typedef struct buffer {
    const backend *backend;
    void *data;
    size_t bytes;   /* as allocated: the size class */
    size_t settled; /* see backend.h */
    int references;
    uint64_t used;       /* a mark behind all that has been queued with it: see buffers_mark */
    uint64_t filled;     /* how many uploads there had been, with the last one into it */
    struct buffer *next; /* in the pool */
} buffer;

enum { POOL_CLASSES = 256 };

/* Work that is queued may use a buffer long after the host has given it back, and an upload into its memory goes beside
 * the queue. So whoever queues work asks for a mark behind it, and sets `used` of every buffer that the work reads or
 * writes, before it may be given back; an upload waits for `used`. 0: the device has no queue. */
uint64_t buffers_mark(const context *c);

buffer *buffer_new(context *c, size_t bytes); /* on the context's device, one reference */
buffer *buffer_new_on(context *c, const backend *device, size_t bytes);
buffer *buffer_allocate(context *c, size_t bytes); /* of its own, never in the pool */
void buffer_destroy(context *c, buffer *b);        /* NULL is ignored */
void buffer_count(context *c, int64_t bytes);      /* adds to what is in use */
buffer *buffer_share(buffer *b);
void buffer_release(context *c, buffer *b); /* NULL is ignored */
void buffer_pool_clear(context *c);

#endif
