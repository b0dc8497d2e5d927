/* create.c - tensors from nothing. */
#include "core/settings.h"
#include "core/base/dtype.h"
#include "ops/create.h"
#include "core/context.h"
#include "ops/list.h"
#include <vitro/create.h>
#include <math.h>

static bool infer(const node *n, const spec *in, spec *out)
{
    (void)in;
    const create_attributes *a = ATTRIBUTES(create_attributes, n);
    vt_shape shape = shape_of_extents(&a->shape);
    if (shape.rank < 0 || shape.rank > VT_MAX_RANK)
        return refuse(n, "a shape of rank %d; it is 0 to %d", shape.rank, VT_MAX_RANK);
    for (int i = 0; i < shape.rank; i++)
        if (shape.dim[i] < 0) return refuse(n, "extent %lld along axis %d", (long long)shape.dim[i], i);
    if (!dtype_is_of_tensors(a->dtype))
        return refuse(n, "dtype is %s (%d); " DTYPES_OF_TENSORS, vt_dtype_name((vt_dtype)a->dtype), (int)a->dtype,
                      dtype_advice(a->dtype));
    *out = (spec){ (vt_dtype)a->dtype, shape };
    return true;
}

static bool infer_arange(const node *n, const spec *in, spec *out)
{
    if (!infer(n, in, out)) return false;
    return out->dtype != VT_BOOL || refuse(n, "dtype bool; it must be a number");
}

static bool infer_float_numbers(const node *n, const spec *in, spec *out)
{
    if (!infer(n, in, out)) return false;
    if (vt_dtype_is_float(out->dtype)) return true;
    return refuse(n, "dtype %s; it must be f32 or f64", vt_dtype_name(out->dtype));
}

const op op_full = { OP_HEAD(full, 0, 0, 1), .infer = infer, .constant = true, .varies = true };
const op op_arange = { OP_HEAD(arange, 0, 0, 1), .infer = infer_arange, .constant = true };
const op op_linspace = { OP_HEAD(linspace, 0, 0, 1), .infer = infer_float_numbers, .constant = true, .varies = true };
const op op_eye = { OP_HEAD(eye, 0, 0, 1), .infer = infer, .constant = true, .varies = true };
const op op_bernoulli = { OP_HEAD(bernoulli, 0, 0, 1), .infer = infer, .constant = true, .varies = true };
const op op_uniform = { OP_HEAD(uniform, 0, 0, 1), .infer = infer_float_numbers, .constant = true, .varies = true };
const op op_normal = { OP_HEAD(normal, 0, 0, 1), .infer = infer_float_numbers, .constant = true, .varies = true };
const op op_truncated_normal = { OP_HEAD(truncated_normal, 0, 0, 1), .infer = infer_float_numbers, .constant = true,
                                 .varies = true };

static vt_tensor create(const op *op, vt_site at, vt_shape shape, create_attributes a, vt_dtype dtype, bound b)
{
    a.shape = extents_of(shape);
    a.dtype = dtype ? dtype : dtype_default();
    return record_one(&(recording){ .op = op, .at = at, .attributes = &a, .attributes_size = sizeof a, .bound = b });
}

static vt_tensor full(vt_site at, vt_shape shape, double value, vt_dtype dtype)
{
    create_attributes a = { .value = value };
    array_set(&(array){ .data = &a.whole, .dtype = VT_I64 }, 0, value);
    return create(&op_full, at, shape, a, dtype, (bound){ 0 });
}

vt_tensor vt_full_with(const vt_full_args *a)
{
    NEED_ARGUMENTS("full", a, VT_INERT);
    return full(a->at_, a->shape, a->value, a->dtype);
}

static vt_tensor fill(const vt_fill_args *a, double value)
{
    return full(a->at_, a->shape, value, a->dtype);
}

vt_tensor vt_scalar_with(const vt_scalar_args *a)
{
    NEED_ARGUMENTS("scalar", a, VT_INERT);
    ENTER("scalar", a->at_);
    return fill(&(vt_fill_args){ .at_ = a->at_, .shape = VT_SCALAR, .dtype = a->dtype }, a->value);
}

vt_tensor vt_zeros_with(const vt_fill_args *a)
{
    NEED_ARGUMENTS("zeros", a, VT_INERT);
    ENTER("zeros", a->at_);
    return fill(a, 0);
}

vt_tensor vt_ones_with(const vt_fill_args *a)
{
    NEED_ARGUMENTS("ones", a, VT_INERT);
    ENTER("ones", a->at_);
    return fill(a, 1);
}

static bool integer_fits(int64_t value, vt_dtype dtype)
{
    switch (dtype) {
    case VT_I64: return true;
    case VT_I32: return value >= INT32_MIN && value <= INT32_MAX;
    case VT_U8: return value >= 0 && value <= UINT8_MAX;
    default: return false;
    }
}

vt_tensor vt_integer_with(const vt_integer_args *a)
{
    NEED_ARGUMENTS("integer", a, VT_INERT);
    ENTER("integer", a->at_);
    vt_dtype dtype = a->dtype == VT_DTYPE_DEFAULT ? VT_I64 : a->dtype;
    if (dtype != VT_I32 && dtype != VT_I64 && dtype != VT_U8)
        return refuse_call("integer", a->at_, VT_ERROR_ARGUMENT, "dtype is %s (%d); it must be i32, i64 or u8",
                           vt_dtype_name(dtype), (int)dtype);
    if (!integer_fits(a->value, dtype))
        return refuse_call("integer", a->at_, VT_ERROR_ARGUMENT, "%lld does not fit %s", (long long)a->value,
                           vt_dtype_name(dtype));
    create_attributes attributes = { .value = (double)a->value, .whole = a->value };
    return create(&op_full, a->at_, VT_SCALAR, attributes, dtype, (bound){ 0 });
}

static vt_tensor fill_like(const char *name, const vt_like_args *a, double value)
{
    ENTER(name, a->at_);
    spec s;
    if (vt_failed() || !spec_of(name, a->at_, "x", a->x, &s)) return VT_INERT;
    return full(a->at_, s.shape, value, a->dtype == VT_DTYPE_DEFAULT ? s.dtype : a->dtype);
}

vt_tensor vt_zeros_like_with(const vt_like_args *a)
{
    NEED_ARGUMENTS("zeros_like", a, VT_INERT);
    return fill_like("zeros_like", a, 0);
}

vt_tensor vt_ones_like_with(const vt_like_args *a)
{
    NEED_ARGUMENTS("ones_like", a, VT_INERT);
    return fill_like("ones_like", a, 1);
}

vt_tensor vt_full_like_with(const vt_full_like_args *a)
{
    NEED_ARGUMENTS("full_like", a, VT_INERT);
    return fill_like("full_like", &(vt_like_args){ .at_ = a->at_, .x = a->x, .dtype = a->dtype }, a->value);
}

vt_tensor vt_arange_with(const vt_arange_args *a)
{
    NEED_ARGUMENTS("arange", a, VT_INERT);
    double step = a->step, count = ceil((a->end - a->start) / step);
    if (!number_fits(step != 0, "arange", a->at_, "step", step, "another number than 0")) return VT_INERT;
    if (!isfinite(a->start) || !isfinite(a->end) || !isfinite(step))
        return refuse_call("arange", a->at_, VT_ERROR_ARGUMENT, "from %g to %g by %g; all three must be finite",
                           a->start, a->end, step);
    if (count < 0 || isnan(count))
        return refuse_call("arange", a->at_, VT_ERROR_ARGUMENT, "from %g to %g by %g leads away from the end", a->start,
                           a->end, step);
    if (count > 0x1p53) /* beyond, the number of an element is not exact, nor would it fit in memory */
        return refuse_call("arange", a->at_, VT_ERROR_ARGUMENT, "from %g to %g by %g has %g elements", a->start, a->end,
                           step, count);
    create_attributes attributes = { .scale = step, .shift = a->start };
    return create(&op_arange, a->at_, VT_SHAPE((int64_t)count), attributes, a->dtype, (bound){ 0 });
}

vt_tensor vt_linspace_with(const vt_linspace_args *a)
{
    NEED_ARGUMENTS("linspace", a, VT_INERT);
    if (!isfinite(a->start) || !isfinite(a->end) || !isfinite(a->end - a->start))
        return refuse_call("linspace", a->at_, VT_ERROR_ARGUMENT,
                           "from %g to %g; both and their distance must be finite", a->start, a->end);
    create_attributes attributes = { .value = a->end, .shift = a->start };
    return create(&op_linspace, a->at_, VT_SHAPE(a->count), attributes, a->dtype, (bound){ 0 });
}

vt_tensor vt_eye_with(const vt_eye_args *a)
{
    NEED_ARGUMENTS("eye", a, VT_INERT);
    vt_shape shape = VT_SHAPE(a->rows, a->columns == VT_AUTO ? a->rows : a->columns);
    return create(&op_eye, a->at_, shape, (create_attributes){ 0 }, a->dtype, (bound){ 0 });
}

vt_tensor vt_bernoulli_with(const vt_bernoulli_args *a)
{
    NEED_ARGUMENTS("bernoulli", a, VT_INERT);
    if (!(a->p >= 0 && a->p <= 1))
        return refuse_call("bernoulli", a->at_, VT_ERROR_ARGUMENT, "p is %g; it must be from 0 to 1", a->p);
    return create(&op_bernoulli, a->at_, a->shape, (create_attributes){ .value = a->p }, a->dtype, bound_random());
}

vt_tensor vt_uniform_with(const vt_uniform_args *a)
{
    NEED_ARGUMENTS("uniform", a, VT_INERT);
    create_attributes attributes = { .scale = a->high - a->low, .shift = a->low };
    if (!isfinite(attributes.scale) || attributes.scale < 0)
        return refuse_call("uniform", a->at_, VT_ERROR_ARGUMENT,
                           "from %g to %g; both and their distance must be finite, and low not above high", a->low,
                           a->high);
    return create(&op_uniform, a->at_, a->shape, attributes, a->dtype, bound_random());
}

static vt_tensor create_normal(const op *op, const vt_normal_args *a)
{
    create_attributes attributes = { .scale = a->std, .shift = a->mean };
    if (!number_fits(isfinite(a->mean), op->name, a->at_, "mean", a->mean, "finite") ||
        !number_fits(isfinite(a->std) && a->std >= 0, op->name, a->at_, "std", a->std, "finite, 0 or more"))
        return VT_INERT;
    return create(op, a->at_, a->shape, attributes, a->dtype, bound_random());
}

vt_tensor vt_normal_with(const vt_normal_args *a)
{
    NEED_ARGUMENTS("normal", a, VT_INERT);
    return create_normal(&op_normal, a);
}

vt_tensor vt_truncated_normal_with(const vt_normal_args *a)
{
    NEED_ARGUMENTS("truncated_normal", a, VT_INERT);
    return create_normal(&op_truncated_normal, a);
}
