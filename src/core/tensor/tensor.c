/* tensor.c - data in and out of tensors. */
#include "core/tensor/transfer.h"
#include "core/base/shape.h"
#include "core/run/run.h"
#include "core/graph/refuse.h"
#include "core/tensor/handle.h"
#include "core/base/error.h"
#include "core/base/dtype.h"
#include "core/context.h"
#include <vitro/tensor.h>
#include <math.h>
#include <stdlib.h>

static bool data_has_dtype(const char *call, vt_site at, vt_dtype dtype)
{
    if (dtype_of_tensor(dtype) != VT_DTYPE_DEFAULT) return true;
    refuse_call(
        call, at, VT_ERROR_ARGUMENT,
        "dtype is %s (%d); it must be f32, f64, i32, i64, u8 or bool, or, of data alone, bf16, f16, i8, i16, u16 "
        "or u32",
        vt_dtype_name(dtype), (int)dtype);
    return false;
}

/* Fills v with data of a dtype that tensors do not have. */
static bool fill_converted(context *c, value *v, const void *data, vt_dtype dtype)
{
    vt_shape shape = v->spec.shape;
    void *converted = malloc((size_t)vt_shape_count(shape) * vt_dtype_size(v->spec.dtype) + 1);
    if (!converted) return raise_error(VT_ERROR_MEMORY, (vt_site){ 0 }, "out of memory for a tensor's data");
    array from = array_contiguous((void *)data, dtype, shape);
    array to = array_contiguous(converted, v->spec.dtype, shape);
    bool ok = array_copy(&to, &from) && value_fill(c, v, converted);
    free(converted);
    return ok;
}

vt_tensor vt_from_data_at(vt_site at, const void *data, vt_shape shape, vt_dtype dtype)
{
    context *c = context_get();
    if (vt_failed()) return VT_INERT;
    if (!shape_is_valid(shape))
        return refuse_call("from_data", at, VT_ERROR_ARGUMENT,
                           "not a shape: rank %d (0 to %d), extents 0 or more, at most 2^48 elements", shape.rank,
                           VT_MAX_RANK);
    if (!data && vt_shape_count(shape)) return refuse_call("from_data", at, VT_ERROR_ARGUMENT, "data is NULL");
    if (!data_has_dtype("from_data", at, dtype)) return VT_INERT;
    value *v = value_new(c, (spec){ dtype_of_tensor(dtype), shape });
    if (!v || !value_allocate(c, v)) return VT_INERT;
    bool ok = v->spec.dtype == dtype ? value_fill(c, v, data) : fill_converted(c, v, data, dtype);
    return ok ? v->handle : VT_INERT;
}

static spec spec_or_nothing(const char *call, vt_tensor x)
{
    spec s = { .shape = { .rank = 0 } };
    if (!vt_failed()) spec_of(call, (vt_site){ 0 }, "x", x, &s);
    return s;
}

vt_shape vt_shape_of(vt_tensor x)
{
    return spec_or_nothing("shape_of", x).shape;
}

vt_dtype vt_dtype_of(vt_tensor x)
{
    return spec_or_nothing("dtype_of", x).dtype;
}

int vt_rank(vt_tensor x)
{
    return spec_or_nothing("rank", x).shape.rank;
}

int64_t vt_dim(vt_tensor x, int axis)
{
    spec s = spec_or_nothing("dim", x);
    if (s.dtype == VT_DTYPE_DEFAULT) return 0;
    int resolved = axis_resolve(axis, s.shape.rank);
    if (resolved >= 0) return s.shape.dim[resolved];
    char text[128];
    raise_error(VT_ERROR_ARGUMENT, (vt_site){ 0 }, "dim: axis %d of a tensor of shape %s", axis,
                vt_shape_text(s.shape, text));
    return 0;
}

int64_t vt_count(vt_tensor x)
{
    spec s = spec_or_nothing("count", x);
    return s.dtype == VT_DTYPE_DEFAULT ? 0 : vt_shape_count(s.shape);
}

bool vt_is_live(vt_tensor x)
{
    return value_held(context_get(), x) != NULL;
}

/* Whether data of the dtype has the value, but for rounding. */
static bool fits(double value, vt_dtype dtype)
{
    double memory;
    array one = { .data = &memory, .dtype = dtype };
    array_set(&one, 0, value);
    double kept = array_get(&one, 0);
    return vt_dtype_is_float(dtype) ? isinf(value) || !isinf(kept) : kept == trunc(value);
}

/* As data of a dtype that tensors do not have, into which not everything fits. */
static bool read_converted(context *c, vt_site at, const value *v, array *to)
{
    array from;
    void *memory;
    if (!value_on_host(c, v, &from, &memory)) return false;
    int64_t count = vt_shape_count(from.shape), bad = 0;
    while (bad < count && fits(array_get(&from, array_offset(&from, bad)), to->dtype)) bad++;
    if (bad == count)
        array_copy(to, &from);
    else
        refuse_call("read", at, VT_ERROR_ARGUMENT, "element %lld is %.9g, which does not fit %s", (long long)bad,
                    array_get(&from, array_offset(&from, bad)), vt_dtype_name(to->dtype));
    free(memory);
    return bad == count;
}

bool vt_read_at(vt_site at, vt_tensor x, void *data, int64_t capacity, vt_dtype dtype)
{
    const value *v = compute(at, "read", x);
    if (!v) return false;
    int64_t count = vt_shape_count(v->spec.shape);
    if (!data && count) {
        refuse_call("read", at, VT_ERROR_ARGUMENT, "data is NULL");
        return false;
    }
    if (dtype == VT_DTYPE_DEFAULT) dtype = v->spec.dtype;
    if (!data_has_dtype("read", at, dtype)) return false;
    if (count > capacity) {
        char text[128];
        refuse_call("read", at, VT_ERROR_ARGUMENT, "x of shape %s has %lld elements, data has room for %lld",
                    vt_shape_text(v->spec.shape, text), (long long)count, (long long)capacity);
        return false;
    }
    array out = array_contiguous(data, dtype, v->spec.shape);
    return dtype_is_of_tensors(dtype) ? value_read(context_get(), v, &out) : read_converted(context_get(), at, v, &out);
}

double vt_item_at(vt_site at, vt_tensor x)
{
    const value *v = compute(at, "item", x);
    if (!v) return NAN;
    double item = NAN;
    array out = array_contiguous(&item, VT_F64, v->spec.shape);
    if (vt_shape_count(v->spec.shape) == 1) return value_read(context_get(), v, &out) ? item : NAN;
    char text[128];
    refuse_call("item", at, VT_ERROR_ARGUMENT, "x has shape %s, it must have one element",
                vt_shape_text(v->spec.shape, text));
    return NAN;
}

/* Memory that nothing else looks at. */
static bool own_memory(context *c, value *v)
{
    if (v->buffer && v->buffer->references == 1 && array_is_contiguous(&v->array)) return true;
    buffer *before = v->buffer;
    if (!value_allocate(c, v)) {
        v->buffer = before;
        return false;
    }
    if (before) buffer_release(c, before);
    value_drop_origin(v);
    return true;
}

bool vt_write_at(vt_site at, vt_tensor x, const void *data)
{
    context *c = context_get();
    spec s;
    if (vt_failed() || !spec_of("write", at, "x", x, &s)) return false;
    value *v = value_of(c, x);
    if (!data && vt_shape_count(s.shape)) {
        refuse_call("write", at, VT_ERROR_ARGUMENT, "data is NULL");
        return false;
    }
    if (v->producer) {
        refuse_call("write", at, VT_ERROR_ARGUMENT,
                    "x is the result of an op; only parameters, buffers and tensors made from data are written");
        return false;
    }
    /* What was recorded before sees what x held before. */
    if (!run(c, NULL, 0, RUN_EVERYTHING) || !own_memory(c, v)) return false;
    if (!value_fill(c, v, data)) return false;
    v->recorded_version++;
    v->executed_version++;
    return true;
}
