/* create.c - tensors from nothing. */
#include "ops/create.h"
#include "core/context.h"
#include "ops/list.h"
#include <vitro/create.h>

static bool infer(const node *n, const spec *in, spec *out)
{
    (void)in;
    const create_attributes *a = ATTRIBUTES(create_attributes, n);
    vt_shape shape = shape_of_extents(&a->shape);
    int64_t count = 1;
    if (shape.rank < 0 || shape.rank > VT_MAX_RANK)
        return refuse(n, "a shape of rank %d; it is 0 to %d", shape.rank, VT_MAX_RANK);
    for (int i = 0; i < shape.rank; i++)
        if (shape.dim[i] < 0 || __builtin_mul_overflow(count, shape.dim[i], &count))
            return refuse(n, "extent %lld along axis %d", (long long)shape.dim[i], i);
    *out = (spec){ (vt_dtype)a->dtype, shape };
    return true;
}

static bool infer_random(const node *n, const spec *in, spec *out)
{
    if (!infer(n, in, out)) return false;
    if (vt_dtype_is_float(out->dtype)) return true;
    return refuse(n, "dtype %s; random numbers are f32 or f64", vt_dtype_name(out->dtype));
}

const op op_full = { .name = "full", .id = OP_ID_full, .outputs = 1, .infer = infer, .constant = true };
const op op_uniform = { .name = "uniform", .id = OP_ID_uniform, .outputs = 1, .infer = infer_random, .constant = true };
const op op_normal = { .name = "normal", .id = OP_ID_normal, .outputs = 1, .infer = infer_random, .constant = true };
const op op_truncated_normal = {
    .name = "truncated_normal", .id = OP_ID_truncated_normal, .outputs = 1, .infer = infer_random, .constant = true
};

static vt_tensor create(const op *op, vt_site at, vt_shape shape, create_attributes a, vt_dtype dtype, bound b)
{
    a.shape = extents_of(shape);
    a.dtype = dtype ? dtype : vt_precision();
    return record_one(&(recording){ .op = op, .at = at, .attributes = &a, .attributes_size = sizeof a, .bound = b });
}

vt_tensor vt_full_with(const vt_full_args *a)
{
    return create(&op_full, a->at_, a->shape, (create_attributes){ .value = a->value }, a->dtype, (bound){ 0 });
}

vt_tensor vt_uniform_with(const vt_uniform_args *a)
{
    bool unit = a->low == 0 && a->high == 0;
    create_attributes attributes = { .scale = unit ? 1 : a->high - a->low, .shift = unit ? 0 : a->low };
    return create(&op_uniform, a->at_, a->shape, attributes, a->dtype, bound_random());
}

static vt_tensor create_normal(const op *op, const vt_normal_args *a)
{
    create_attributes attributes = { .scale = a->std == 0 ? 1 : a->std, .shift = a->mean };
    return create(op, a->at_, a->shape, attributes, a->dtype, bound_random());
}

vt_tensor vt_normal_with(const vt_normal_args *a)
{
    return create_normal(&op_normal, a);
}

vt_tensor vt_truncated_normal_with(const vt_normal_args *a)
{
    return create_normal(&op_truncated_normal, a);
}
