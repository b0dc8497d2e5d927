/* extents.h - a shape as an attribute. Attributes are made of int64_t and double alone, so that equal attributes are
 * equal bytes. */
#ifndef VITRO_OPS_EXTENTS_H
#define VITRO_OPS_EXTENTS_H

#include <vitro/base.h>

typedef struct extents {
    int64_t rank, dim[VT_MAX_RANK];
} extents;

/* A rank out of range is kept, for infer to refuse, and its extents are not. */
static inline extents extents_of(vt_shape shape)
{
    extents e = { .rank = shape.rank };
    for (int i = 0; i < shape.rank && i < VT_MAX_RANK; i++) e.dim[i] = shape.dim[i];
    return e;
}

static inline vt_shape shape_of_extents(const extents *e)
{
    vt_shape shape = { .rank = (int)e->rank };
    for (int i = 0; i < shape.rank && i < VT_MAX_RANK; i++) shape.dim[i] = e->dim[i];
    return shape;
}

#endif
