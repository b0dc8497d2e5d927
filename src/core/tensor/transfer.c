/* transfer.c - tensors' data between the host's memory and that of devices. */
#include "core/tensor/transfer.h"
#include "core/base/error.h"
#include "core/context.h"
#include <stdlib.h>
#include <string.h>

static size_t bytes_of(const array *a)
{
    return (size_t)vt_shape_count(a->shape) * vt_dtype_size(a->dtype);
}

static const device_queue *queue_of(const value *v)
{
    return v->buffer->backend->queue;
}

static bool upload(context *c, value *v, const void *data, size_t bytes)
{
    v->buffer->filled = ++c->uploads;
    return queue_of(v)->upload(v->array.data, data, bytes, v->buffer->used);
}

/* Kernels rely on 0 and 1, and so may whoever reads the tensor. */
static bool fill_bools(context *c, value *v, const uint8_t *data, size_t count)
{
    const device_queue *queue = queue_of(v);
    uint8_t *bools = queue ? malloc(count) : v->array.data;
    if (!bools) return raise_error(VT_ERROR_MEMORY, (vt_site){ 0 }, "out of memory for a tensor's data");
    for (size_t i = 0; i < count; i++) bools[i] = data[i] != 0;
    if (!queue) return true;
    bool ok = upload(c, v, bools, count);
    free(bools);
    return ok;
}

bool value_fill(context *c, value *v, const void *data)
{
    size_t bytes = bytes_of(&v->array);
    if (bytes == 0) return true;
    if (v->array.dtype == VT_BOOL) return fill_bools(c, v, data, bytes);
    if (queue_of(v)) return upload(c, v, data, bytes);
    memcpy(v->array.data, data, bytes);
    return true;
}

/* The elements of v one after another, in the host's memory. */
static bool download(context *c, const value *v, void *to)
{
    const backend *device = v->buffer->backend;
    size_t bytes = bytes_of(&v->array);
    if (bytes == 0 || array_is_contiguous(&v->array)) return device->queue->download(to, v->array.data, bytes);
    buffer *packed = buffer_new_on(c, device, bytes);
    if (!packed) return false;
    array a = array_contiguous(packed->data, v->array.dtype, v->array.shape);
    bool ok = device->copy(&a, &v->array) && device->queue->download(to, a.data, bytes);
    buffer_release(c, packed);
    return ok;
}

bool value_on_host(context *c, const value *v, array *seen, void **memory)
{
    *seen = v->array;
    *memory = NULL;
    if (!queue_of(v)) return true;
    *memory = malloc(bytes_of(&v->array) + 1);
    if (!*memory)
        return raise_error(VT_ERROR_MEMORY, (vt_site){ 0 }, "out of memory for what device %s holds",
                           v->buffer->backend->name);
    *seen = array_contiguous(*memory, v->array.dtype, v->array.shape);
    if (download(c, v, *memory)) return true;
    free(*memory);
    *memory = NULL;
    return false;
}

bool value_read(context *c, const value *v, array *to)
{
    if (queue_of(v) && to->dtype == v->array.dtype) return download(c, v, to->data);
    array from;
    void *memory;
    if (!value_on_host(c, v, &from, &memory)) return false;
    array_copy(to, &from);
    free(memory);
    return true;
}

bool value_to_device(context *c, value *v)
{
    if (v->buffer->backend->queue == c->device->queue) return true;
    array from;
    void *memory;
    buffer *before = v->buffer;
    array packed_before = v->array;
    if (!value_on_host(c, v, &from, &memory)) return false;
    void *packed = NULL;
    if (!array_is_contiguous(&from)) {
        packed = malloc(bytes_of(&from) + 1);
        array to = array_contiguous(packed, from.dtype, from.shape);
        if (packed) array_copy(&to, &from);
        from = to;
    }
    bool ok = from.data && value_allocate(c, v) && value_fill(c, v, from.data);
    if (ok) {
        buffer_release(c, before);
    } else {
        if (v->buffer && v->buffer != before) buffer_release(c, v->buffer);
        v->buffer = before;
        v->array = packed_before;
    }
    free(packed);
    free(memory);
    return ok;
}
