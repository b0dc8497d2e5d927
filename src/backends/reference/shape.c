/* shape.c - reference kernels of concatenation and padding. */
#include "backends/reference/reference.h"
#include "ops/shape.h"

void reference_concat(const reference_call *c)
{
    int axis = (int)((const axis_attributes *)c->attributes)->axis;
    vt_shape out = c->out_shape[0];
    int64_t outer = extent_product(out, 0, axis), inner = extent_product(out, axis + 1, out.rank), start = 0;
    for (int k = 0; k < c->inputs; k++) {
        int64_t extent = c->in_shape[k].dim[axis];
        for (int64_t o = 0; o < outer; o++)
            for (int64_t j = 0; j < extent; j++)
                for (int64_t i = 0; i < inner; i++)
                    move_element(c, 0, (o * out.dim[axis] + start + j) * inner + i, k, (o * extent + j) * inner + i);
        start += extent;
    }
}

void reference_pad(const reference_call *c)
{
    const pad_attributes *a = c->attributes;
    vt_shape from = c->in_shape[0], to = c->out_shape[0];
    int64_t count = vt_shape_count(from), all = vt_shape_count(to);
    for (int64_t i = 0; i < all; i++) set_element(c, 0, i, a->value);
    for (int64_t i = 0; i < count; i++) {
        int64_t rest = i, place = 0, stride = 1;
        for (int axis = from.rank - 1; axis >= 0; axis--) {
            place += (a->before[axis] + rest % from.dim[axis] * (a->between[axis] + 1)) * stride;
            rest /= from.dim[axis];
            stride *= to.dim[axis];
        }
        move_element(c, 0, place, 0, i);
    }
}
