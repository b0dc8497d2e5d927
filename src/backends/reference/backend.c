/* backend.c - the reference backend: converts to double, calls the plain function, converts back. */
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

/* Each tensor as doubles, and what describes it, side by side. */
typedef struct doubles {
    int count;
    double **data;
    vt_shape *shape;
    vt_dtype *dtype;
} doubles;

static void doubles_free(doubles *d)
{
    for (int i = 0; d->data && i < d->count; i++) free(d->data[i]);
    free(d->data);
    free(d->shape);
    free(d->dtype);
}

static bool doubles_from(doubles *d, const array *arrays, int count, bool with_values)
{
    size_t n = (size_t)count + 1;
    *d = (doubles){ count, calloc(n, sizeof *d->data), calloc(n, sizeof *d->shape), calloc(n, sizeof *d->dtype) };
    if (!d->data || !d->shape || !d->dtype) return false;
    for (int i = 0; i < count; i++) {
        d->shape[i] = arrays[i].shape;
        d->dtype[i] = arrays[i].dtype;
        if (!arrays[i].data) continue;
        d->data[i] = calloc((size_t)vt_shape_count(arrays[i].shape) + 1, sizeof(double));
        if (!d->data[i]) return false;
        array packed = array_contiguous(d->data[i], VT_F64, arrays[i].shape);
        if (with_values) array_copy(&packed, &arrays[i]);
    }
    return true;
}

static void store(array *to, double *from)
{
    if (!to->data) return;
    array packed = array_contiguous(from, VT_F64, to->shape);
    array_copy(to, &packed);
}

static bool run_reference(const kernel_call *call)
{
    doubles in, out = { 0 };
    bool ok = doubles_from(&in, call->in, call->inputs, true) && doubles_from(&out, call->out, call->outputs, false);
    if (ok) {
        functions[call->op->id](&(reference_call){ call->attributes, call->bound, call->inputs, call->outputs, in.data,
                                                   out.data, in.shape, out.shape, in.dtype, out.dtype, call->at });
        ok = !vt_failed();
        for (int i = 0; i < call->outputs; i++) store(&call->out[i], out.data[i]);
        for (int i = 0; call->op->writes && i < call->inputs; i++)
            if (call->op->writes(i)) store(&call->in[i], in.data[i]);
    } else {
        refuse_call(call->op->name, (vt_site){ 0 }, VT_ERROR_MEMORY, "out of memory for its reference kernel");
    }
    doubles_free(&in);
    doubles_free(&out);
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

static void *allocate(size_t bytes)
{
    return aligned_alloc(64, (bytes + 63) / 64 * 64);
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
                                    .allocate = allocate,
                                    .release = release,
                                    .copy = array_copy,
                                    .set_threads = set_threads,
                                    .threads = threads };
