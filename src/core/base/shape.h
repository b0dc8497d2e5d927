/* shape.h - shapes and axes. */
#ifndef VITRO_CORE_BASE_SHAPE_H
#define VITRO_CORE_BASE_SHAPE_H

#include <vitro/base.h>

/* Resolves a negative axis; -1 where it is out of range. */
int axis_resolve(int64_t axis, int rank);

/* Whether rank and extents are in range, and their product is a number of elements that memory could hold. */
bool shape_is_valid(vt_shape shape);

/* The shape of a op b, aligned at the last axis; false where they do not fit. */
bool shape_broadcast(vt_shape a, vt_shape b, vt_shape *out);

#endif
