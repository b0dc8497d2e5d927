/* device_call.h - a device's kernel called as a plan calls it, on arrays that lie where the host sees them. */
#ifndef VITRO_TESTS_DEVICE_CALL_H
#define VITRO_TESTS_DEVICE_CALL_H

#include "ops/list.h"
#include "tested_device.h"
#include "numbers.h"
#include <vitro/vitro.h>
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* A call. `shift`: how many elements behind an aligned address arrays begin on the device. */
typedef struct device_call {
    const op *op;
    const void *attributes;
    bound bound;
    int inputs, outputs;
    array *arrays; /* the inputs, and behind them the outputs; without data what is absent */
    int shift;
} device_call;

static inline const backend *started_device(const char *name)
{
    const backend *found = backend_find(name);
    cr_assert(found && (!found->queue || found->queue->start()), "%s", vt_error_message());
    return found;
}

static inline void copy_to_device(const backend *device, void *to, const void *from, size_t bytes)
{
    if (device->queue)
        cr_assert(device->queue->push(to, from, bytes), "%s", vt_error_message());
    else
        memcpy(to, from, bytes);
}

static inline void copy_from_device(const backend *device, void *to, const void *from, size_t bytes)
{
    if (device->queue)
        cr_assert(device->queue->download(to, from, bytes), "%s", vt_error_message());
    else
        memcpy(to, from, bytes);
}

static inline size_t bytes_of_array(const array *a)
{
    return (size_t)vt_shape_count(a->shape) * vt_dtype_size(a->dtype);
}

/* Memory of the device with a copy of what is on the host; without that, NaN. */
static inline void *to_device(const backend *device, const void *from, size_t bytes)
{
    void *there = device->allocate(bytes + 64), *nan = malloc(bytes + 1);
    cr_assert(there && nan);
    memset(nan, 0xff, bytes);
    copy_to_device(device, there, from ? from : nan, bytes);
    free(nan);
    return there;
}

/* Runs it on a device; what it writes is then in its arrays. */
static inline void run_on(const char *name, const device_call *c)
{
    const backend *device = started_device(name);
    const kernel *k = device->kernel_of(c->op);
    int count = c->inputs + c->outputs;
    array *there = calloc((size_t)count + 1, sizeof *there);
    cr_assert(k && there);
    for (int i = 0; i < count; i++) {
        size_t shift = (size_t)c->shift * vt_dtype_size(c->arrays[i].dtype);
        there[i] = c->arrays[i];
        if (!there[i].data) continue;
        char *data = to_device(device, NULL, bytes_of_array(&there[i]) + shift);
        there[i].data = data + shift;
        copy_to_device(device, there[i].data, c->arrays[i].data, bytes_of_array(&there[i]));
    }
    kernel_call call = { .op = c->op, .attributes = c->attributes, .bound = &c->bound, .inputs = c->inputs };
    call.outputs = c->outputs;
    call.in = there;
    call.out = there + c->inputs;
    preparation made = { 0 };
    cr_assert(!k->prepare || k->prepare(&call, &made));
    const device_bound bound = { .random = c->bound };
    device_bound *values = to_device(device, &bound, sizeof *values);
    call.state = made.state;
    call.scratch = to_device(device, NULL, made.scratch); /* what was there before must not matter */
    call.device_bound = values;
    cr_assert(k->run(&call), "%s: %s", c->op->name, vt_error_message());
    for (int i = 0; i < count; i++) {
        size_t shift = (size_t)c->shift * vt_dtype_size(c->arrays[i].dtype);
        if (!there[i].data) continue;
        copy_from_device(device, c->arrays[i].data, there[i].data, bytes_of_array(&there[i]));
        device->release((char *)there[i].data - shift, bytes_of_array(&there[i]) + shift + 64);
    }
    device->release(call.scratch, made.scratch + 64);
    device->release(values, sizeof *values + 64);
    if (made.discard) made.discard(made.state);
    free(there);
}

/* -- Numbers ------------------------------------------------------------------------------------------------------- */

/* Between `low` and `high`, the same for a seed, and such as bf16 holds. */
static inline void fill_array(array *a, double low, double high, uint64_t seed)
{
    uint64_t state = seed * 2862933555777941757u + 3037000493u;
    for (int64_t i = 0; i < vt_shape_count(a->shape); i++) {
        float x = (float)(low + (high - low) * next_f32(&state));
        uint32_t bits;
        memcpy(&bits, &x, sizeof bits);
        bits &= 0xffff0000;
        memcpy(&x, &bits, sizeof bits);
        array_set(a, i, (double)x);
    }
}

static inline double largest_of(const array *a)
{
    double largest = 0;
    for (int64_t i = 0; i < vt_shape_count(a->shape); i++) {
        double x = array_get(a, i);
        if (x > largest || -x > largest) largest = x < 0 ? -x : x;
    }
    return largest;
}

#endif
