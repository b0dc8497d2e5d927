/* backend.c - the reference backend: converts to double or i64, calls the plain function, converts back. */
#include "backends/reference/reference.h"
#include "backends/reference/backend.h"
#include <stdlib.h>

typedef void reference_kernel(const reference_call *c);

static reference_kernel *const functions[OP_COUNT] = {
#define OP(name) [OP_ID_##name] = reference_##name,
#define VIEW(name)
#define GRADIENT(name)
#define FUNCTION(name)
#include "ops/ops.def"
};

int64_t broadcast_index(vt_shape from, vt_shape to, int64_t index)
{
    int64_t result = 0, stride = 1;
    for (int k = 1; k <= to.rank; k++) {
        int64_t coordinate = index % to.dim[to.rank - k];
        index /= to.dim[to.rank - k];
        if (k > from.rank) continue;
        int64_t extent = from.dim[from.rank - k];
        if (extent != 1) result += coordinate * stride;
        stride *= extent;
    }
    return result;
}

int64_t extent_product(vt_shape shape, int first, int last)
{
    int64_t product = 1;
    for (int i = first; i < last; i++) product *= shape.dim[i];
    return product;
}

void move_element(const reference_call *c, int output, int64_t to, int input, int64_t from)
{
    if (c->out[output])
        c->out[output][to] = c->in[input][from];
    else
        c->whole_out[output][to] = c->whole_in[input][from];
}

void set_element(const reference_call *c, int output, int64_t i, double value)
{
    if (c->out[output]) {
        c->out[output][i] = value;
        return;
    }
    int64_t whole;
    array from = array_contiguous(&value, VT_F64, VT_SCALAR);
    array to = array_contiguous(&whole, VT_I64, VT_SCALAR);
    array_copy(&to, &from);
    c->whole_out[output][i] = c->out_dtype[output] == VT_BOOL ? value != 0 : whole;
}

int64_t wrapped(uint64_t value, vt_dtype dtype)
{
    if (dtype == VT_U8) return (uint8_t)value;
    if (dtype == VT_I32) return (int32_t)(uint32_t)value;
    return (int64_t)value;
}

/* Each tensor's elements, and what describes it, side by side. */
typedef struct elements {
    int count;
    double **data;
    int64_t **whole;
    vt_shape *shape;
    vt_dtype *dtype;
} elements;

static void elements_free(elements *e)
{
    for (int i = 0; e->data && i < e->count; i++) free(e->data[i]);
    for (int i = 0; e->whole && i < e->count; i++) free(e->whole[i]);
    free(e->data);
    free(e->whole);
    free(e->shape);
    free(e->dtype);
}

/* Tensor i, row-major, in the dtype that kernels see it in. */
static array packed(const elements *e, int i)
{
    bool is_float = e->data[i] != NULL;
    return array_contiguous(is_float ? (void *)e->data[i] : e->whole[i], is_float ? VT_F64 : VT_I64, e->shape[i]);
}

static bool elements_from(elements *e, const array *arrays, int count, bool with_values)
{
    size_t n = (size_t)count + 1;
    *e = (elements){ count, calloc(n, sizeof *e->data), calloc(n, sizeof *e->whole), calloc(n, sizeof *e->shape),
                     calloc(n, sizeof *e->dtype) };
    if (!e->data || !e->whole || !e->shape || !e->dtype) return false;
    for (int i = 0; i < count; i++) {
        size_t room = (size_t)vt_shape_count(arrays[i].shape) + 1;
        e->shape[i] = arrays[i].shape;
        e->dtype[i] = arrays[i].dtype;
        if (!arrays[i].data) continue;
        if (vt_dtype_is_float(arrays[i].dtype))
            e->data[i] = calloc(room, sizeof(double));
        else
            e->whole[i] = calloc(room, sizeof(int64_t));
        if (!e->data[i] && !e->whole[i]) return false;
        array to = packed(e, i);
        if (with_values) array_copy(&to, &arrays[i]);
    }
    return true;
}

static void store(array *to, const elements *e, int i)
{
    if (!to->data) return;
    array from = packed(e, i);
    array_copy(to, &from);
}

static bool run_reference(const kernel_call *call)
{
    elements in, out = { 0 };
    bool ok = elements_from(&in, call->in, call->inputs, true) && elements_from(&out, call->out, call->outputs, false);
    if (ok) {
        functions[call->op->id](&(reference_call){ call->attributes, call->bound, call->inputs, call->outputs, in.data,
                                                   out.data, in.whole, out.whole, in.shape, out.shape, in.dtype,
                                                   out.dtype, call->at });
        ok = !vt_failed();
        for (int i = 0; i < call->outputs; i++) store(&call->out[i], &out, i);
        for (int i = 0; call->op->writes && i < call->inputs; i++)
            if (call->op->writes(i)) store(&call->in[i], &in, i);
    } else {
        refuse_call(call->op->name, (vt_site){ 0 }, VT_ERROR_MEMORY, "out of memory for its reference kernel");
    }
    elements_free(&in);
    elements_free(&out);
    return ok && !vt_failed();
}

static const kernel reference = { .run = run_reference, .strided = true };

const kernel *reference_kernel_of(const op *op)
{
    return functions[op->id] ? &reference : NULL;
}

static const kernel *fallback_of(const op *op)
{
    (void)op;
    return NULL;
}

enum { ALIGNMENT = 64 };

static void *allocate(size_t bytes)
{
    return aligned_alloc(ALIGNMENT, (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
}

static void release(void *memory, size_t bytes)
{
    (void)bytes;
    free(memory);
}

static void set_threads(int threads)
{
    (void)threads;
}

static int threads(void)
{
    return 1;
}

const backend reference_backend = { .name = "reference",
                                    .kernel_of = reference_kernel_of,
                                    .fallback_of = fallback_of,
                                    .alignment = ALIGNMENT,
                                    .allocate = allocate,
                                    .release = release,
                                    .copy = array_copy,
                                    .set_threads = set_threads,
                                    .threads = threads };
