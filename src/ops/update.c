/* update.c - the ops by which optimisers update parameters. */
#include "ops/update.h"
#include "ops/list.h"
#include <vitro/vitro.h>
#include <stddef.h>

int update_arrays_of(const op *op)
{
    static const int arrays[OP_COUNT] = {
#define RULE(name, type, scalars, states) [OP_ID_##name] = UPDATE_ARRAYS_##name,
#include "ops/update.def"
    };
    return arrays[op->id];
}

static bool infer_scalars(const node *n, const spec *in, int scalars)
{
    char a[128];
    if (n->inputs < scalars) return refuse(n, "%d inputs; what comes before the parameters are %d", n->inputs, scalars);
    for (int i = 0; i < scalars; i++)
        if (in[i].dtype != VT_F64 || in[i].shape.rank != 0)
            return refuse(n, "input %d is %s %s; it must be one number in f64", i, vt_dtype_name(in[i].dtype),
                          vt_shape_text(in[i].shape, a));
    return true;
}

static bool infer_update(const node *n, const spec *in, int scalars, int arrays)
{
    char a[128], b[128];
    if (!infer_scalars(n, in, scalars)) return false;
    for (int i = scalars; i < n->inputs; i++) {
        const spec *p = &in[i - (i - scalars) % arrays];
        if (!vt_dtype_is_float(p->dtype))
            return refuse(n, "a parameter is %s; it must be f32 or f64", vt_dtype_name(p->dtype));
        if (n->op == &op_muon && p->shape.rank < 2)
            return refuse(n, "a parameter is %s; it must have two axes or more", vt_shape_text(p->shape, a));
        if (in[i].dtype != p->dtype || !vt_shape_equal(in[i].shape, p->shape))
            return refuse(n, "input %d is %s %s, its parameter %s %s", i, vt_dtype_name(in[i].dtype),
                          vt_shape_text(in[i].shape, a), vt_dtype_name(p->dtype), vt_shape_text(p->shape, b));
    }
    return (n->inputs - scalars) % arrays == 0 ||
           refuse(n, "%d inputs behind the numbers, %d belong to a parameter", n->inputs - scalars, arrays);
}

/* -- The ops ------------------------------------------------------------------------------------------------------- */

#define STATE(name) { name, false },
#define COPY(name)  { name, true },
#define RULE(name_, type, scalars_, states_)                                                                           \
    _Static_assert(offsetof(type##_attributes, lr_ratio) == offsetof(update_attributes, lr_ratio) &&                   \
                       offsetof(type##_attributes, weight_decay) == offsetof(update_attributes, weight_decay),         \
                   #type "_attributes begin with update_attributes");                                                  \
    _Static_assert((scalars_) <= MOST_UPDATE_SCALARS && UPDATE_ARRAYS_##name_ - UPDATE_STATES <= MOST_UPDATE_STATES,   \
                   #name_ " has too many scalars or states");                                                          \
    static bool infer_##name_(const node *n, const spec *in, spec *out)                                                \
    {                                                                                                                  \
        (void)out;                                                                                                     \
        return infer_update(n, in, scalars_, UPDATE_ARRAYS_##name_);                                                   \
    }                                                                                                                  \
    /* Everything but the scalars and the gradients. */                                                                \
    static bool name_##_writes(int i)                                                                                  \
    {                                                                                                                  \
        return i >= (scalars_) && (i - (scalars_)) % UPDATE_ARRAYS_##name_ != UPDATE_G;                                \
    }                                                                                                                  \
    const op op_##name_ = { OP_HEAD(name_, 0, 0, 0), .infer = infer_##name_, .decompose = type##_decompose,            \
                            .writes = name_##_writes };                                                                \
    const update_rule rule_##name_ = { .op = &op_##name_,                                                              \
                                       .scalars = (scalars_),                                                          \
                                       .states = UPDATE_ARRAYS_##name_ - UPDATE_STATES,                                \
                                       .state = { states_{ NULL, false } },                                            \
                                       .attributes_size = sizeof(type##_attributes) };
#include "ops/update.def"

void record_update(vt_site at, const update_rule *rule, const vt_tensor *inputs, int count, const void *attributes)
{
    record(rule->op, at, .inputs = count, .in = inputs, .attributes = attributes,
           .attributes_size = rule->attributes_size);
}
