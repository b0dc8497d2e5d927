/* device_arrays.h - for tests that call the CUDA backend itself: memory of the device, and numbers to put there. */
#ifndef VITRO_TESTS_DEVICE_ARRAYS_H
#define VITRO_TESTS_DEVICE_ARRAYS_H

#include "core/base/array.h"
#include "core/backend.h"
#include "../numbers.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static inline const backend *device(void)
{
    return backend_find("cuda");
}

static inline void start_device(void)
{
    cr_assert(device()->queue->start());
}

static inline void stop_device(void)
{
    device()->queue->stop();
}

static inline void *on_device(const void *data, size_t bytes)
{
    void *memory = device()->allocate(bytes + 1);
    cr_assert(memory && device()->queue->push(memory, data, bytes));
    return memory;
}

static inline void off_device(void *memory, size_t bytes)
{
    device()->release(memory, bytes + 1);
}

/* Numbers that every dtype of numbers holds as they are, but for signs, and for bool. */
static inline void fill_with_numbers(vt_dtype dtype, void *data, size_t bytes)
{
    int64_t count = (int64_t)(bytes / vt_dtype_size(dtype));
    array a = array_contiguous(data, dtype, VT_SHAPE(count));
    uint64_t state = 7;
    for (int64_t i = 0; i < count; i++)
        array_set(&a, i, (double)((int64_t)(next_bits(&state) >> 56) - 120) + (vt_dtype_is_float(dtype) ? 0.375 : 0));
}

#endif
