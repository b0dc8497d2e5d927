/* index.c - picking and placing by index. Indices are checked in a pass of their own, so that no kernel has to fear
 * them. What is added up is added in the order of the indices, whatever the number of threads. */
#include "ops/index.h"
#include "backends/cpu/kernels.h"
#include "backends/cpu/machine/threads.h"
#include <vitro/index.h>
#include <stdlib.h>
#include <string.h>

enum { WORTH_THREADS = 1 << 15 }; /* elements */

/* A tensor as [outer, extent, inner] about an axis. */
typedef struct about {
    int64_t outer, extent, inner;
} about;

static about about_axis(vt_shape shape, int64_t axis)
{
    about a = { 1, shape.dim[axis], 1 };
    for (int i = 0; i < shape.rank; i++)
        if (i != axis) *(i < axis ? &a.outer : &a.inner) *= shape.dim[i];
    return a;
}

static about about_input(const kernel_call *call, int input)
{
    return about_axis(call->in[input].shape, ATTRIBUTES(axis_attributes, call)->axis);
}

static inline int64_t index_at(const array *indices, int64_t i)
{
    return indices->dtype == VT_I32 ? ((const int32_t *)indices->data)[i] : ((const int64_t *)indices->data)[i];
}

static bool indices_fit(const kernel_call *call, int input, int64_t extent)
{
    const array *indices = &call->in[input];
    int64_t count = vt_shape_count(indices->shape);
    for (int64_t i = 0; i < count; i++) {
        int64_t index = index_at(indices, i);
        if ((uint64_t)index >= (uint64_t)extent)
            return refuse_index(call->op->name, call->at, index, extent, indices->shape, i);
    }
    return true;
}

/* -- Picking ------------------------------------------------------------------------------------------------------- */

/* Element (o, j, i) of the output is element (o, index(o, j, i), i) of x. */
#define GATHER(type)                                                                                                   \
    static void gather_##type(const kernel_call *call, about x, about y)                                               \
    {                                                                                                                  \
        const type *from = call->in[GATHER_X].data;                                                                    \
        type *to = call->out[0].data;                                                                                  \
        int64_t rows = y.outer * y.extent;                                                                             \
        _Pragma("omp parallel for if (rows * y.inner > WORTH_THREADS)") for (int64_t row = 0; row < rows; row++)       \
        {                                                                                                              \
            int64_t first = row / y.extent * x.extent;                                                                 \
            for (int64_t i = 0; i < y.inner; i++)                                                                      \
                to[row * y.inner + i] =                                                                                \
                    from[(first + index_at(&call->in[GATHER_INDEX], row * y.inner + i)) * x.inner + i];                \
        }                                                                                                              \
    }
GATHER(uint8_t)
GATHER(uint32_t)
GATHER(uint64_t)

static bool gather(const kernel_call *call)
{
    about x = about_input(call, GATHER_X), y = about_input(call, GATHER_INDEX);
    if (!indices_fit(call, GATHER_INDEX, x.extent)) return false;
    switch (vt_dtype_size(call->out[0].dtype)) {
    case 1: gather_uint8_t(call, x, y); break;
    case 4: gather_uint32_t(call, x, y); break;
    default: gather_uint64_t(call, x, y); break;
    }
    return true;
}

static bool index_select(const kernel_call *call)
{
    about x = about_input(call, GATHER_X);
    int64_t picked = call->in[GATHER_INDEX].shape.dim[0], rows = x.outer * picked;
    size_t bytes = (size_t)x.inner * vt_dtype_size(call->out[0].dtype);
    const char *from = call->in[GATHER_X].data;
    char *to = call->out[0].data;
    if (!indices_fit(call, GATHER_INDEX, x.extent)) return false;
#pragma omp parallel for if (rows * x.inner > WORTH_THREADS)
    for (int64_t row = 0; row < rows; row++) {
        int64_t source = row / picked * x.extent + index_at(&call->in[GATHER_INDEX], row % picked);
        memcpy(to + (size_t)row * bytes, from + (size_t)source * bytes, bytes);
    }
    return true;
}

/* -- Adding -------------------------------------------------------------------------------------------------------- */

/* Which slices of the source go to slice t: list[first[t]] to list[first[t + 1] - 1], in their own order. */
typedef struct sources {
    int64_t *first, *list;
} sources;

/* A counting sort. The memory is the caller's to free, through first. */
static bool sort_sources(const kernel_call *call, int64_t extent, sources *s)
{
    int64_t count = call->in[SCATTER_INDEX].shape.dim[0];
    s->first = calloc((size_t)(extent + 2 + count), sizeof *s->first);
    if (!s->first) {
        refuse_call(call->op->name, call->at, VT_ERROR_MEMORY, "out of memory to sort %lld indices", (long long)count);
        return false;
    }
    s->list = s->first + extent + 2;
    for (int64_t i = 0; i < count; i++) s->first[index_at(&call->in[SCATTER_INDEX], i) + 2]++;
    for (int64_t t = 2; t < extent + 2; t++) s->first[t] += s->first[t - 1];
    for (int64_t i = 0; i < count; i++) s->list[s->first[index_at(&call->in[SCATTER_INDEX], i) + 1]++] = i;
    return true;
}

enum { PART = 256 };

/* Every slice of the result is x's and its sources', part by part in a sum that holds more than the dtype does; whole
 * numbers wrap. */
#define INDEX_ADD(type, sum_type)                                                                                      \
    static void index_add_##type(const kernel_call *call, about x, about source, const sources *s)                     \
    {                                                                                                                  \
        _Pragma("omp parallel for schedule(dynamic, 16) if (x.outer * x.extent * x.inner > WORTH_THREADS)") for (      \
            int64_t row = 0; row < x.outer * x.extent; row++)                                                          \
        {                                                                                                              \
            int64_t t = row % x.extent, base = row / x.extent * source.extent;                                         \
            for (int64_t start = 0; start < x.inner; start += PART) {                                                  \
                int64_t n = x.inner - start < PART ? x.inner - start : PART;                                           \
                const type *from = (const type *)call->in[SCATTER_X].data + row * x.inner + start;                     \
                type *to = (type *)call->out[0].data + row * x.inner + start;                                          \
                sum_type sum[PART];                                                                                    \
                for (int64_t i = 0; i < n; i++) sum[i] = (sum_type)from[i];                                            \
                for (int64_t k = s->first[t]; k < s->first[t + 1]; k++) {                                              \
                    const type *more =                                                                                 \
                        (const type *)call->in[SCATTER_SOURCE].data + (base + s->list[k]) * x.inner + start;           \
                    for (int64_t i = 0; i < n; i++) sum[i] += (sum_type)more[i];                                       \
                }                                                                                                      \
                for (int64_t i = 0; i < n; i++) to[i] = (type)sum[i];                                                  \
            }                                                                                                          \
        }                                                                                                              \
    }
INDEX_ADD(float, double)
INDEX_ADD(double, double)
INDEX_ADD(int32_t, uint64_t)
INDEX_ADD(int64_t, uint64_t)

static bool index_add(const kernel_call *call)
{
    about x = about_input(call, SCATTER_X), source = about_input(call, SCATTER_SOURCE);
    sources s;
    if (!indices_fit(call, SCATTER_INDEX, x.extent) || !sort_sources(call, x.extent, &s)) return false;
    switch (call->out[0].dtype) {
    case VT_F32: index_add_float(call, x, source, &s); break;
    case VT_F64: index_add_double(call, x, source, &s); break;
    case VT_I32: index_add_int32_t(call, x, source, &s); break;
    default: index_add_int64_t(call, x, source, &s); break;
    }
    free(s.first);
    return true;
}

/* -- Scattering ---------------------------------------------------------------------------------------------------- */

/* A lane, the elements of x along the axis, lies in memory of its own, in a type that may hold more than the dtype
 * does. There `step` makes a source b and what it meets, a, one. */
#define SCATTER(name, type, wide, step)                                                                                \
    static void name##_##type(const kernel_call *call, about x, about source, void *scratch)                           \
    {                                                                                                                  \
        int64_t lanes = x.outer * x.inner;                                                                             \
        _Pragma("omp parallel for if (lanes * (x.extent + source.extent) > WORTH_THREADS)") for (int64_t lane = 0;     \
                                                                                                 lane < lanes; lane++) \
        {                                                                                                              \
            int64_t o = lane / x.inner, i = lane % x.inner;                                                            \
            const type *from = (const type *)call->in[SCATTER_X].data + o * x.extent * x.inner + i;                    \
            type *to = (type *)call->out[0].data + o * x.extent * x.inner + i;                                         \
            wide *own = (wide *)scratch + thread_number() * x.extent;                                                  \
            for (int64_t j = 0; j < x.extent; j++) own[j] = (wide)from[j * x.inner];                                   \
            for (int64_t j = 0; j < source.extent; j++) {                                                              \
                int64_t at = (o * source.extent + j) * x.inner + i, place = index_at(&call->in[SCATTER_INDEX], at);    \
                wide a = own[place], b = (wide)((const type *)call->in[SCATTER_SOURCE].data)[at];                      \
                (void)a;                                                                                               \
                own[place] = step;                                                                                     \
            }                                                                                                          \
            for (int64_t j = 0; j < x.extent; j++) to[j * x.inner] = (type)own[j];                                     \
        }                                                                                                              \
    }
#define SCATTER_WIDE(name, step)                                                                                       \
    SCATTER(name, float, double, step)                                                                                 \
    SCATTER(name, double, double, step)                                                                                \
    SCATTER(name, int32_t, uint64_t, step)                                                                             \
    SCATTER(name, int64_t, uint64_t, step)
#define SCATTER_EXTREME(name, sign)                                                                                    \
    SCATTER(name, float, float, b sign a || b != b ? b : a)                                                            \
    SCATTER(name, double, double, b sign a || b != b ? b : a)                                                          \
    SCATTER(name, int32_t, int32_t, b sign a ? b : a)                                                                  \
    SCATTER(name, int64_t, int64_t, b sign a ? b : a)                                                                  \
    SCATTER(name, uint8_t, uint8_t, b sign a ? b : a)
SCATTER_WIDE(scatter_add, a + b)
SCATTER_WIDE(scatter_mul, a *b)
SCATTER_EXTREME(scatter_max, >)
SCATTER_EXTREME(scatter_min, <)
SCATTER(scatter_set, uint8_t, uint8_t, b)
SCATTER(scatter_set, uint32_t, uint32_t, b)
SCATTER(scatter_set, uint64_t, uint64_t, b)

typedef void scatter_function(const kernel_call *call, about x, about source, void *scratch);

static scatter_function *replacing(size_t size)
{
    return size == 1 ? scatter_set_uint8_t : size == 4 ? scatter_set_uint32_t : scatter_set_uint64_t;
}

static scatter_function *function_of(const kernel_call *call)
{
    enum { FLOAT, DOUBLE, INT32, INT64, BYTE, TYPES };
    static scatter_function *const functions[][TYPES] = {
#define OF_TYPES(name) { name##_float, name##_double, name##_int32_t, name##_int64_t }
#define OF_ALL_TYPES(name)                                                                                             \
    {                                                                                                                  \
        name##_float, name##_double, name##_int32_t, name##_int64_t, name##_uint8_t                                    \
    }
        [VT_SCATTER_ADD] = OF_TYPES(scatter_add),
        [VT_SCATTER_MUL] = OF_TYPES(scatter_mul),
        [VT_SCATTER_MAX] = OF_ALL_TYPES(scatter_max),
        [VT_SCATTER_MIN] = OF_ALL_TYPES(scatter_min),
    };
    vt_dtype dtype = call->out[0].dtype;
    int64_t kind = call->op == &op_scatter_add ? VT_SCATTER_ADD : ATTRIBUTES(scatter_attributes, call)->kind;
    if (kind == VT_SCATTER_SET) return replacing(vt_dtype_size(dtype));
    switch (dtype) {
    case VT_F32: return functions[kind][FLOAT];
    case VT_F64: return functions[kind][DOUBLE];
    case VT_I32: return functions[kind][INT32];
    case VT_I64: return functions[kind][INT64];
    default: return functions[kind][BYTE];
    }
}

static bool scatter(const kernel_call *call)
{
    about x = about_input(call, SCATTER_X), source = about_input(call, SCATTER_SOURCE);
    if (!indices_fit(call, SCATTER_INDEX, x.extent)) return false;
    void *scratch = calloc((size_t)x.extent * (size_t)thread_count() + 1, sizeof(double));
    if (!scratch) {
        refuse_call(call->op->name, call->at, VT_ERROR_MEMORY, "out of memory for lanes of %lld elements",
                    (long long)x.extent);
        return false;
    }
    function_of(call)(call, x, source, scratch);
    free(scratch);
    return true;
}

static bool one_hot(const kernel_call *call)
{
    int64_t classes = ATTRIBUTES(one_hot_attributes, call)->classes, count = vt_shape_count(call->in[0].shape);
    if (!indices_fit(call, 0, classes)) return false;
    array *out = &call->out[0];
    memset(out->data, 0, (size_t)vt_shape_count(out->shape) * vt_dtype_size(out->dtype));
    for (int64_t i = 0; i < count; i++) array_set(out, i * classes + index_at(&call->in[0], i), 1);
    return true;
}

const kernel_row cpu_index_kernels[] = {
    { &op_gather, { .run = gather } },
    { &op_scatter, { .run = scatter } },
    { &op_scatter_add, { .run = scatter } },
    { &op_index_select, { .run = index_select } },
    { &op_index_add, { .run = index_add } },
    { &op_one_hot, { .run = one_hot } },
    { 0 },
};
