/* buffer.c - reference-counted device memory, and the pool that hands freed buffers out again. A step asks for the same
 * sizes as the step before, so that after the first one nothing is allocated, and no page is touched for the first
 * time. */
#include "core/base/error.h"
#include "core/context.h"
#include <stdlib.h>

/* Four classes an octave: at most a quarter is wasted. */
static int class_of(size_t bytes, size_t *rounded)
{
    size_t size = bytes < 256 ? 256 : bytes;
    int octave = 63 - __builtin_clzll(size);
    size_t step = (size_t)1 << (octave - 2);
    size_t quarter = (size - ((size_t)1 << octave) + step - 1) / step;
    *rounded = ((size_t)1 << octave) + quarter * step;
    return octave * 4 + (int)quarter;
}

uint64_t buffers_mark(const context *c)
{
    return c->device->queue ? c->device->queue->mark() : 0;
}

/* What was given back last is likely to be in the caches. In a queue, it is likely to be in use, and an upload would
 * wait: there it is what has been done with for the longest time. */
static bool is_better(const buffer *b, const buffer *found)
{
    return !found || (b->backend->queue && b->used <= found->used);
}

static buffer *take_from_pool(context *c, const backend *device, int class)
{
    buffer **found = NULL;
    for (buffer **link = &c->pool[class]; *link; link = &(*link)->next)
        if ((*link)->backend == device && is_better(*link, found ? *found : NULL)) found = link;
    if (!found) return NULL;
    buffer *b = *found;
    *found = b->next;
    return b;
}

static buffer *allocate_on(context *c, const backend *device, size_t bytes)
{
    buffer *b = malloc(sizeof *b);
    void *data = b ? device->allocate(bytes) : NULL;
    if (!data && b) {
        buffer_pool_clear(c);
        data = device->allocate(bytes);
    }
    if (!data) {
        free(b);
        raise_error(VT_ERROR_MEMORY, (vt_site){ 0 },
                    "out of memory on %s: %zu bytes wanted, %lld bytes in use; a smaller batch or model needs less",
                    device->name, bytes, (long long)c->statistics.live_bytes);
        return NULL;
    }
    *b = (buffer){ .backend = device, .data = data, .bytes = bytes, .references = 1 };
    c->statistics.reserved_bytes += (int64_t)bytes;
    return b;
}

buffer *buffer_allocate(context *c, size_t bytes)
{
    return allocate_on(c, c->device, bytes);
}

buffer *buffer_new_on(context *c, const backend *device, size_t bytes)
{
    size_t rounded;
    int class = class_of(bytes, &rounded);
    buffer *b = take_from_pool(c, device, class);
    if (!b) b = allocate_on(c, device, rounded);
    if (!b) return NULL;
    b->references = 1;
    b->next = NULL;
    buffer_count(c, (int64_t)b->bytes);
    return b;
}

buffer *buffer_new(context *c, size_t bytes)
{
    return buffer_new_on(c, c->device, bytes);
}

void buffer_count(context *c, int64_t bytes)
{
    vt_statistics *s = &c->statistics;
    s->live_bytes += bytes;
    if (s->live_bytes > s->peak_bytes) s->peak_bytes = s->live_bytes;
}

void buffer_destroy(context *c, buffer *b)
{
    if (!b) return;
    c->statistics.reserved_bytes -= (int64_t)b->bytes;
    b->backend->release(b->data, b->bytes);
    free(b);
}

buffer *buffer_share(buffer *b)
{
    b->references++;
    return b;
}

void buffer_release(context *c, buffer *b)
{
    if (!b || --b->references > 0) return;
    size_t rounded;
    int class = class_of(b->bytes, &rounded);
    b->next = c->pool[class];
    c->pool[class] = b;
    buffer_count(c, -(int64_t)b->bytes);
}

void buffer_pool_clear(context *c)
{
    for (int class = 0; class < POOL_CLASSES; class ++) {
        while (c->pool[class]) {
            buffer *b = c->pool[class];
            c->pool[class] = b->next;
            buffer_destroy(c, b);
        }
    }
}
