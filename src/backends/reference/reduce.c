/* reduce.c - reference kernels of reductions. */
#include "backends/reference/reference.h"
#include "ops/reduce.h"

/* The number of the output element that input element `index` goes to. */
static int64_t reduced_index(const reference_call *c, int64_t index)
{
    const reduce_attributes *a = c->attributes;
    vt_shape shape = c->in_shape[0];
    int64_t result = 0, stride = 1;
    for (int axis = shape.rank - 1; axis >= 0; axis--) {
        int64_t coordinate = index % shape.dim[axis];
        index /= shape.dim[axis];
        if (a->axes >> axis & 1) continue;
        result += coordinate * stride;
        stride *= shape.dim[axis];
    }
    return result;
}

void reference_sum(const reference_call *c)
{
    int64_t count = vt_shape_count(c->in_shape[0]);
    for (int64_t i = 0; i < count; i++) c->out[0][reduced_index(c, i)] += c->in[0][i];
}
