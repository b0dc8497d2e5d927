/* pinned.c - uploads that the device makes by itself. */
#include "core/tensor/pinned.h"
#include "core/context.h"
#include "core/tensor/transfer.h"

bool pinned_allocate(const context *c, size_t bytes, pinned *p)
{
    const device_queue *queue = c->device->queue;
    *p = (pinned){ .device = c->device };
    return queue && queue->pin(bytes, &p->memory);
}

void pinned_free(pinned *p)
{
    if (!p->memory.data) return;
    pinned_await(p);
    p->device->queue->unpin(&p->memory);
}

/* The device may be another by now. */
static bool fill(context *c, value *v, pinned *p, size_t bytes)
{
    buffer *b = v->buffer;
    if (b->backend != p->device) return value_fill(c, v, p->memory.data);
    b->filled = ++c->uploads;
    return p->device->queue->upload_pinned(v->array.data, &p->memory, bytes, b->used);
}

vt_tensor pinned_tensor(context *c, pinned *p, spec s)
{
    value *v = value_new(c, s);
    size_t bytes = (size_t)vt_shape_count(s.shape) * vt_dtype_size(s.dtype);
    return v && value_allocate(c, v) && fill(c, v, p, bytes) ? v->handle : VT_INERT;
}

bool pinned_await(pinned *p)
{
    return !p->memory.data || p->device->queue->await_upload(&p->memory);
}
