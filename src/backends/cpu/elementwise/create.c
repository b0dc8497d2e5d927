/* create.c - tensors from nothing: what an element is, is the same formula as the reference's. */
#include "backends/cpu/kernels.h"
#include "backends/cpu/elementwise/random.h"
#include "ops/create.h"
#include <string.h>

/* Elements that are worth more than one thread. */
enum { PARALLEL_COUNT = 32768 };

#define FILL(type, name)                                                                                               \
    static void fill_##name(void *data, const void *value, int64_t count)                                              \
    {                                                                                                                  \
        type *out = data, x = *(const type *)value;                                                                    \
        _Pragma("omp parallel for simd if (count >= PARALLEL_COUNT)") for (int64_t i = 0; i < count; i++) out[i] = x;  \
    }
FILL(uint8_t, 1)
FILL(uint32_t, 4)
FILL(uint64_t, 8)

static bool full(const kernel_call *call)
{
    array *out = &call->out[0];
    uint64_t memory; /* of any dtype */
    array one = { .data = &memory, .dtype = out->dtype };
    const create_attributes *a = call->attributes;
    array_set(&one, 0, a->value);
    if (out->dtype == VT_I64) memory = (uint64_t)a->whole;
    int64_t count = vt_shape_count(out->shape);
    size_t size = vt_dtype_size(out->dtype);
    (size == 1 ? fill_1 : size == 4 ? fill_4 : fill_8)(out->data, &memory, count);
    return true;
}

#define SEQUENCE(name)                                                                                                 \
    static bool name(const kernel_call *call)                                                                          \
    {                                                                                                                  \
        const create_attributes *a = call->attributes;                                                                 \
        array *out = &call->out[0];                                                                                    \
        int64_t count = vt_shape_count(out->shape);                                                                    \
        for (int64_t i = 0; i < count; i++) array_set(out, i, name##_element(a, i));                                   \
        return true;                                                                                                   \
    }
SEQUENCE(arange)
SEQUENCE(linspace)

static bool eye(const kernel_call *call)
{
    array *out = &call->out[0];
    int64_t rows = out->shape.dim[0], columns = out->shape.dim[1];
    memset(out->data, 0, (size_t)(rows * columns) * vt_dtype_size(out->dtype));
    for (int64_t i = 0; i < rows && i < columns; i++) array_set(out, i * columns + i, 1);
    return true;
}

typedef double element_function(const create_attributes *a, uint32_t word);

static bool draw(const kernel_call *call, element_function *element)
{
    array *out = &call->out[0];
    int64_t count = vt_shape_count(out->shape);
#pragma omp parallel for if (count >= PARALLEL_COUNT)
    for (int64_t first = 0; first < count; first += RANDOM_WORDS) {
        uint32_t words[RANDOM_WORDS];
        random_words(call->bound->seed, call->bound->stream, first, words);
        for (int64_t i = first; i < count && i < first + RANDOM_WORDS; i++)
            array_set(out, i, element(call->attributes, words[i - first]));
    }
    return true;
}

#define DRAW(name)                                                                                                     \
    static bool name(const kernel_call *call)                                                                          \
    {                                                                                                                  \
        return draw(call, name##_element);                                                                             \
    }
DRAW(uniform)
DRAW(bernoulli)
DRAW(normal)
DRAW(truncated_normal)

#define KERNEL(name)                                                                                                   \
    {                                                                                                                  \
        &op_##name,                                                                                                    \
        {                                                                                                              \
            .run = name                                                                                                \
        }                                                                                                              \
    }
const kernel_row cpu_create_kernels[] = {
    KERNEL(full),      KERNEL(arange), KERNEL(linspace),         KERNEL(eye), KERNEL(uniform),
    KERNEL(bernoulli), KERNEL(normal), KERNEL(truncated_normal), { 0 },
};
